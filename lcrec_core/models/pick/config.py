"""Settings of the pick family: of its network and of its training. No torch, so that a page can offer them."""

from dataclasses import dataclass, field

from lcrec_core.models.settings import check_numbers


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network."""

    embedding_size: int = 128
    """Width E of a movie's embeddings, and of the taste that they are compared with."""
    state_size: int = 192
    """Width H of the LSTM's state."""
    longest: int = 256
    """Ratings that the LSTM reads at most; the mean over all ratings reads them all."""
    input_scale: float = 1.0
    """What a movie's embedding is multiplied by where the LSTM reads it; see `PickNetwork`."""

    def __post_init__(self) -> None:
        check_numbers(self)
        for name in ("embedding_size", "state_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.input_scale <= 0:
            raise ValueError(f"input_scale must be positive, got {self.input_scale}")
        if self.longest < 2:
            raise ValueError(f"longest must be at least 2, got {self.longest}")


@dataclass(frozen=True)
class PickConfig:
    """Settings of the pick family."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    seed: int = 0
    epochs: int = 3
    """Passes, of one window of each person's ratings."""
    learning_rate: float = 0.002
    """Of AdamW at the start; it falls linearly to zero."""
    weight_decay: float = 0.1
    """Of weight matrices and embeddings."""
    events_per_step: int = 2048
    """Ratings that a step reads, about."""
    horizon: int = 50
    """A target is drawn from so many ratings after the moment that is asked about."""
    liked_only: bool = True
    """Whether only movies with `RatingScale.like_threshold` or more are targets."""
    shuffled_rate: float = 0.5
    """Share of the windows whose ratings come in an order drawn anew, so that what was rated counts beside the order
    in which a site showed it; their targets are all the ratings after the moment."""
    moments: int = 24
    """Moments asked about in each window, a third of them among the first twenty ratings; zero asks about all."""
    hidden_fields_rate: float = 0.2
    """Share of the known fields of people that are hidden, so that somebody may leave them open."""
    softmax_movies: int = 10_000
    """Movies that the softmax of a step is over: all of a catalogue that has no more, and otherwise about so many that
    are drawn for it, see `fit.draw_movies`."""
    most_steps: int = 2_500
    """Of a pass: where there would be more, a step reads more than `events_per_step`."""
    dropout: float = 0.0
    """Share of the LSTM's inputs and of its states dropped in training."""

    def __post_init__(self) -> None:
        check_numbers(self)
        for name in ("epochs", "events_per_step", "horizon", "softmax_movies", "most_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.learning_rate <= 0:
            raise ValueError(f"learning_rate must be positive, got {self.learning_rate}")
        if self.moments < 0:
            raise ValueError(f"moments must be zero or more, got {self.moments}")
        for name in ("shuffled_rate", "hidden_fields_rate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {getattr(self, name)}")
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay must be zero or more, got {self.weight_decay}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must lie in [0, 1), got {self.dropout}")
