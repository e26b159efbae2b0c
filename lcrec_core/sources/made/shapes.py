"""What the large releases are like in numbers, without a row of them."""

from dataclasses import dataclass

from lcrec_core.sources.published import EDITIONS

FEWEST_RATINGS = 20
"""Everybody in a release has rated so many films."""


@dataclass(frozen=True)
class Shape:
    """A release in numbers, and how it is written."""

    people: int
    movies: int
    ratings: int
    """A few less than the release has, so that its counts never tell a made set as the release."""
    largest_movie_id: int
    first_year: float
    """When the first person joins, in years."""
    last_year: float
    """When the last rating is given, in years."""
    dat: bool = False
    """Written as `.dat` files, without links."""

    def share_of(self, share: float) -> "Shape":
        """As many people and ratings as this share has; the films are those that somebody then rates.

        Raises:
            ValueError: It leaves fewer ratings than people need, or nobody.
        """
        people, ratings = round(self.people * share), round(self.ratings * share)
        if people < 1:
            raise ValueError(f"a share of {share} of {self.people:,} people is nobody")
        return Shape(people, self.movies, ratings, self.largest_movie_id, self.first_year, self.last_year, self.dat)


def _like(name: str, largest_movie_id: int, first_year: float, last_year: float, dat: bool = False) -> Shape:
    counts = EDITIONS[name][0]
    ratings = counts.ratings // 1_000_000 * 1_000_000
    return Shape(counts.people, counts.movies, ratings, largest_movie_id, first_year, last_year, dat)


SHAPES = {
    "ml-10m": _like("ml-10m", 65_133, 1996.0, 2009.0, dat=True),
    "ml-25m": _like("ml-25m", 209_171, 1996.0, 2019.9),
    "ml-32m": _like("ml-32m", 292_757, 1996.0, 2023.8),
}
