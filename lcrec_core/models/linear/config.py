"""Settings of the linear lists."""

from dataclasses import dataclass

from lcrec_core.models.settings import check_numbers

RIDGE, RIDGE_SHARE = 1000.0, 0.2
"""See `EaseConfig.ridge`."""


@dataclass(frozen=True)
class EaseConfig:
    """Settings of EASE."""

    seed: int = 0
    """Of the split; nothing is drawn."""
    epochs: int = 1
    """One fit."""
    ridge: float | None = None
    """Added to the diagonal of the Gram matrix: a weight's penalty, counted in people. None: `RIDGE`, or
    `RIDGE_SHARE` of the people where that is less."""
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
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} must be positive, got {value}")
        for name in ("ridge_rate", "fade", "sitting_weight"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be zero or more, got {getattr(self, name)}")

    def ridge_of(self, people: int) -> float:
        """What is added where so many people have a say."""
        return min(RIDGE, RIDGE_SHARE * max(1, people)) if self.ridge is None else self.ridge


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
