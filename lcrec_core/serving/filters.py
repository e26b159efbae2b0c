"""Which movies may enter a list, and what is asked of one unless somebody says otherwise."""

from dataclasses import dataclass

import numpy as np

from lcrec_core.data.dataset import Dataset

ANY, KNOWN, LESSER_KNOWN = "Any", "Well known", "Lesser known"
"""How well known a movie is to be."""
_FEWEST, _MOST = 10, 50


@dataclass(frozen=True)
class Filters:
    """Which movies may enter a list."""

    genres_in: frozenset[str] = frozenset()
    """At least one of these; empty means any."""
    genres_out: frozenset[str] = frozenset()
    """None of these."""
    year_from: int | None = None
    year_to: int | None = None
    """Inclusive."""
    unknown_year: bool = True
    """Whether a movie without a year passes, with bounds or without."""
    min_ratings: int = 0
    max_ratings: int | None = None
    """Bounds on how many people rated the movie; the upper one finds lesser-known films."""
    without: frozenset[int] = frozenset()
    """Ids of movies that are left out, under whichever id their film has: seen, or of no interest."""
    include_rated: bool = False
    """Films that the person has rated, under whichever id, are left out otherwise."""

    def __post_init__(self) -> None:
        if self.year_from is not None and self.year_to is not None and self.year_from > self.year_to:
            raise ValueError(f"the years run backwards: {self.year_from} to {self.year_to}")
        if self.min_ratings < 0:
            raise ValueError(f"min_ratings must not be negative, got {self.min_ratings}")
        if self.max_ratings is not None and self.max_ratings < self.min_ratings:
            raise ValueError(f"max_ratings {self.max_ratings} is below min_ratings {self.min_ratings}")


EVERYTHING = Filters()
"""No filter but that what is rated already is left out."""


def default_min_ratings(data: Dataset) -> int:
    """How many ratings a movie needs to be recommended unless somebody asks otherwise.

    A predicted rating built on a handful of ratings is mostly luck, and sorting by it would put such movies
    first. One rating per forty people, within 10 to 50, keeps the better known half to two thirds of
    each data set: nearly all of its ratings.
    """
    return int(np.clip(len(data.users) // 40, _FEWEST, _MOST))


def popularity_bounds(counts: np.ndarray, popularity: str, min_ratings: int) -> tuple[int, int | None]:
    """Fewest and most ratings for a choice of popularity: (10, None), the upper quarter, or the lower half.

    Args:
        counts: int (M,), ratings of each movie.
        popularity: ANY, KNOWN or LESSER_KNOWN.
        min_ratings: Fewest ratings in any case.
    """
    enough = counts[counts >= min_ratings]
    if popularity == KNOWN and len(enough):
        return max(min_ratings, int(np.quantile(enough, 0.75))), None
    if popularity == LESSER_KNOWN and len(enough):
        return min_ratings, int(np.median(enough))
    return min_ratings, None
