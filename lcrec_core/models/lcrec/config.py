"""Settings of LCRec: of its network, of its backbone, of its training. No torch, so that a page can offer them."""

from dataclasses import dataclass, field

from lcrec_core.models.settings import SAVED_AS, check_numbers


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes and settings of the network."""

    embedding_size: int = 16
    """Width E of the embeddings of ids, genres and words."""
    filter_widths: tuple[int, ...] = (2, 3, 4)
    """Words each group of title filters looks at."""
    filters: int = 8
    """Filters per width."""
    keep_probability: float = 0.5
    """Share of title features that dropout keeps."""
    feature_size: int = 32
    """Width D of M_f."""
    state_size: int = 48
    """Width H of the LSTM's state, each way."""
    hidden_size: int = 64
    """Width of the first dense layer over everything."""
    dropout: float = 0.1
    """Share of M_f and of the last hidden layer dropped in training."""
    reads_titles: bool = True
    reads_history: bool = True
    """For ablation: without, the network loses the CNN, or the LSTM."""

    def __post_init__(self) -> None:
        check_numbers(self)
        for name in ("embedding_size", "filters", "feature_size", "state_size", "hidden_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.keep_probability <= 1:
            raise ValueError(f"keep_probability must lie in (0, 1], got {self.keep_probability}")
        if not self.filter_widths or min(self.filter_widths) < 1:
            raise ValueError(f"filter_widths must be positive, got {self.filter_widths}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must lie in [0, 1), got {self.dropout}")


@dataclass(frozen=True)
class BackboneConfig:
    """Sizes and settings of the backbone."""

    factors: int = 36
    """k, width of the inner product."""
    iterations: int = 100
    """Rounds of the sampler."""
    burn_in: int = 20
    """First rounds, whose samples do not count."""
    samples: int = 20
    """How many of the later rounds are kept, evenly spaced, for the network to learn from."""
    served_samples: int = 10
    """How many of those, at most, predict afterwards, beside as many of each other fold's backbone."""
    shrinkage: float = 3.0
    """Weight of the prior on W, W': a ridge's lambda."""
    set_scale: float = 1.0
    """Length of the vectors of what somebody rated and of who rated a movie; zero leaves them out."""
    field_scale: float = 0.5
    """Size of a known field's indicator beside the sets' vectors of length one."""
    noise_ratings: float = 5.0
    """How many ratings' worth the common noise counts against a person's own."""

    def __post_init__(self) -> None:
        check_numbers(self)
        for name in ("factors", "iterations", "samples", "served_samples"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.burn_in <= self.iterations - self.samples:
            raise ValueError(f"burn_in must leave {self.samples} of {self.iterations} iterations, got {self.burn_in}")
        if self.set_scale < 0:
            raise ValueError(f"set_scale must be zero or more, got {self.set_scale}")
        for name in ("shrinkage", "field_scale", "noise_ratings"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")


@dataclass(frozen=True)
class LCRecConfig:
    """Settings of LCRec."""

    folds: int = 5
    """Into which the training ratings are cut."""
    epochs: int = 3
    """Passes over all folds' targets."""
    learning_rate: float = 0.002
    """Of AdamW at the start; it falls linearly to zero."""
    weight_decay: float = 0.0001
    """Of weight matrices and embeddings."""
    targets_per_step: int = 4096
    """Ratings predicted per step, about."""
    short_context_rate: float = field(default=0.2, metadata={SAVED_AS: "short_histories"})
    """Share of people who, in each pass, are asked about once more, by some first ratings alone, as somebody new is."""
    mask_future_rate: float = field(default=0.2, metadata={SAVED_AS: "without_later"})
    """Share of targets whose later events are hidden in training, as they are in a live prediction."""
    nll_weight: float = field(default=0.4, metadata={SAVED_AS: "spread_loss"})
    """Weight of the distribution's log loss beside the squared error of its mean."""
    evaluations_per_epoch: int = 2
    """Points per pass at which the errors are drawn."""
    averaging: float = 0.98
    """Decay per step of the running average of the weights, which is what is kept."""
    has_backbone: bool = True
    """For ablation: without, the network learns from ratings less their mean."""
    has_network: bool = True
    """For ablation: without, the backbone predicts alone."""
    seed: int = 0
    """Of the split, the folds and every random choice."""
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.folds < 2:
            raise ValueError(f"folds must be at least 2, got {self.folds}")
        for name in ("epochs", "targets_per_step", "evaluations_per_epoch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate must lie in (0, 1), got {self.learning_rate}")
        for name in ("weight_decay", "nll_weight"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        for name in ("short_context_rate", "mask_future_rate", "averaging"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must lie in [0, 1), got {getattr(self, name)}")
