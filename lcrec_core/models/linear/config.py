"""Settings of the linear lists."""

from dataclasses import dataclass

from lcrec_core.models.settings import check_numbers


@dataclass(frozen=True)
class EaseConfig:
    """Settings of EASE."""

    seed: int = 0
    """Of the split; nothing is drawn."""
    epochs: int = 1
    """One fit."""
    ridge: float = 1000.0
    """Added to the diagonal of the Gram matrix: a weight's penalty, counted in people."""
    ridge_rate: float = 0.0
    """The same in shares of each movie's own count: as if so much of what people rated had been hidden at random."""
    fade: float = 10.0
    """Likes after which popularity, all that is known of somebody new, counts 1/e of what it counts at first; zero
    leaves it out."""
    liked_only: bool = True
    """Whether only likes speak for other movies; otherwise whatever somebody rated."""
    sitting_weight: float = 0.0
    """How much more two ratings count that one person gave one after the other; see `sitting_length`."""
    sitting_length: float = 20.0
    """Ratings apart at which that is 1/e of it."""
    most_movies: int = 10_000
    """Movies up to which every weight is kept; of a larger catalogue only those of so many movies with the most likes,
    and of each movie's the `kept_weights` largest."""
    kept_weights: int = 1_000

    def __post_init__(self) -> None:
        check_numbers(self)
        for name in ("ridge", "sitting_length", "most_movies", "kept_weights"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("ridge_rate", "fade", "sitting_weight"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be zero or more, got {getattr(self, name)}")


@dataclass(frozen=True)
class KnnConfig:
    """Settings of the nearest neighbours of movies."""

    seed: int = 0
    """Of the split; nothing is drawn."""
    epochs: int = 1
    """One fit."""
    neighbours: int = 200
    """Of each movie, those that are most alike; the rest of its similarities count nothing."""
    shrinkage: float = 20.0
    """People added to a cosine's denominator, so that two movies which few people liked are not alike by chance."""
    fade: float = 10.0
    """See `EaseConfig`."""

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.neighbours < 1:
            raise ValueError(f"neighbours must be at least 1, got {self.neighbours}")
        if self.shrinkage < 0:
            raise ValueError(f"shrinkage must be zero or more, got {self.shrinkage}")
        if self.fade <= 0:
            raise ValueError(f"fade must be positive, got {self.fade}")
