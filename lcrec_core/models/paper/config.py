"""Settings of the paper's model: of its network, its batches, its training. No torch: a page can offer them."""

from dataclasses import dataclass, field

from lcrec_core.models.settings import check_numbers

MOST_LAYERS = 16
"""Of the LSTM."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes and settings of the network."""

    embedding_size: int = 32
    """Width E of every embedding and of the dense layer behind it."""
    filter_widths: tuple[int, ...] = (2, 3, 4, 5)
    """Words each group of title filters looks at."""
    filters: int = 8
    """Filters per width."""
    feature_size: int = 128
    """Width D of U_ef, M_f and U_f."""
    state_size: int = 64
    """Width H of the LSTM's cell state, U_pf."""
    lstm_layers: int = 2
    """Layers of the LSTM (the paper's two)."""
    factors: int = 0
    """Width of an inner product of U_f and M_f that joins the rating; the paper has none. It learns tastes in far
    fewer steps than a dense layer does, which the small demo needs."""
    keep_probability: float = 0.5
    """Share of title features that dropout keeps (Table VI)."""
    embedding_std: float = 0.01
    """Standard deviation of an embedding's first values; small, so that ids mean nothing until they are learnt."""
    genre_std: float = 0.5
    """The same for genres; large, so that a history tells of its genres from the first step on."""
    forget_bias: float = 1.0
    """First value of the forget gates' bias: how long the LSTM remembers before it has learnt what to keep."""
    liked_from: float = 3.0
    """Ratings from here on enter the history."""
    max_history: int = 200
    """Longest history; older liked movies are forgotten."""
    reads_titles: bool = True
    """Without it the network is the paper's LSTM alone (Table VII)."""
    reads_history: bool = True
    """Without it the network is the paper's CNN alone (Table VII)."""

    def __post_init__(self) -> None:
        check_numbers(self)
        sizes = ("embedding_size", "filters", "feature_size", "state_size", "lstm_layers", "max_history")
        for name in sizes:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.lstm_layers > MOST_LAYERS:
            raise ValueError(f"lstm_layers must be at most {MOST_LAYERS}, got {self.lstm_layers}")
        if self.factors < 0:
            raise ValueError(f"factors must not be negative, got {self.factors}")
        if not 0 < self.keep_probability <= 1:
            raise ValueError(f"keep_probability must lie in (0, 1], got {self.keep_probability}")
        if not self.filter_widths or min(self.filter_widths) < 1:
            raise ValueError(f"filter_widths must be positive, got {self.filter_widths}")


@dataclass(frozen=True)
class BatchConfig:
    """How passes are cut into steps, and what is dropped from them at random."""

    batch_size: int = 256
    """Predicted ratings per step, about: a step holds whole portions (Table VI)."""
    hidden_least: float = 0.1
    """Smallest share of a person's ratings hidden at once."""
    hidden_most: float = 0.5
    """Largest share."""
    unknown_rate: float = 0.1
    """Share of user fields, movie ids and title words replaced by "unknown", which so learns its meaning."""
    new_person_rate: float = 0.0
    """Further share of people shown without their id, as somebody new is: their history alone must speak for them."""
    short_history_rate: float = 0.1
    """Share of histories cut to at most `short_history` liked movies, as a new person's is."""
    short_history: int = 10
    """Longest of the short ones."""

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if self.short_history < 0:
            raise ValueError(f"short_history must not be negative, got {self.short_history}")
        if not 0 < self.hidden_least <= self.hidden_most <= 0.5:
            raise ValueError(f"hidden shares must rise within (0, 0.5], got {self.hidden_least}, {self.hidden_most}")
        for name in ("unknown_rate", "new_person_rate", "short_history_rate"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must lie in [0, 1), got {getattr(self, name)}")


@dataclass(frozen=True)
class PaperConfig:
    """Settings of the paper's model; the defaults are its Table VI, and ours where it is silent."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    batches: BatchConfig = field(default_factory=BatchConfig)
    epochs: int = 5
    """Passes over the training ratings (Table VI)."""
    learning_rate: float = 0.0001
    """Of Adam (Table VI)."""
    cooldown: float = 0.0
    """Share of the run, at its end, over which the learning rate falls linearly to zero; the paper's is constant."""
    seed: int = 0
    """Of the split, the weights and every random choice."""
    evaluations_per_epoch: int = 4
    """Points per pass at which the errors are drawn (Figures 5 and 6) and a checkpoint is written."""

    def rate_at(self, passes: float) -> float:
        """Learning rate after so many passes."""
        falling = self.cooldown * self.epochs
        left = self.epochs - passes
        return self.learning_rate * (left / falling if left < falling else 1.0)

    def __post_init__(self) -> None:
        check_numbers(self)
        for name in ("epochs", "evaluations_per_epoch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate must lie in (0, 1), got {self.learning_rate}")
        if not 0 <= self.cooldown <= 1:
            raise ValueError(f"cooldown must lie in [0, 1], got {self.cooldown}")
