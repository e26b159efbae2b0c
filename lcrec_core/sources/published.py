"""How large the published data sets are, so that nothing else goes by one of their names.

A figure stands under a data set's name, and somebody else's file must not lend it another meaning: what claims a
release's name has that release's counts of people, films and ratings, or is refused.
"""

from dataclasses import dataclass
from pathlib import Path

from lcrec_core.data.dataset import Dataset
from lcrec_core.errors import DataError


@dataclass(frozen=True)
class Counts:
    """People with a rating, films, ratings."""

    people: int
    movies: int
    ratings: int

    @classmethod
    def of(cls, data: Dataset) -> "Counts":
        """Counts of a data set."""
        return cls(len(data.users), len(data.movies), len(data.ratings))

    def __str__(self) -> str:
        counted = (
            (self.people, "person", "people"),
            (self.movies, "film", "films"),
            (self.ratings, "rating", "ratings"),
        )
        people, movies, ratings = (f"{n:,} {one if n == 1 else many}" for n, one, many in counted)
        return f"{people}, {movies} and {ratings}"


TITLES = {
    "ml-1m": "MovieLens 1M",
    "ml-100k": "MovieLens 100K",
    "ml-latest-small": "MovieLens latest-small",
    "ml-10m": "MovieLens 10M",
    "ml-20m": "MovieLens 20M",
    "ml-25m": "MovieLens 25M",
    "ml-32m": "MovieLens 32M",
    "ml-latest": "MovieLens latest",
}
"""What the releases are called, in the order in which they are shown."""

DATA_LABELS = {"demo": "Demo (simulated people)", **TITLES}
"""Every data set that has a name of its own, for people."""

EDITIONS: dict[str, tuple[Counts, ...]] = {
    "ml-1m": (Counts(6_040, 3_883, 1_000_209),),
    "ml-100k": (Counts(943, 1_682, 100_000),),
    "ml-latest-small": (
        Counts(610, 9_742, 100_836),
        Counts(671, 9_125, 100_004),
        Counts(668, 10_329, 105_339),
        Counts(718, 8_927, 100_234),
    ),
    "ml-10m": (Counts(69_878, 10_681, 10_000_054),),
    "ml-20m": (Counts(138_493, 27_278, 20_000_263),),
    "ml-25m": (Counts(162_541, 62_423, 25_000_095),),
    "ml-32m": (Counts(200_948, 87_585, 32_000_204),),
}
"""Counts of each release, the newest edition first where GroupLens has published several under one name."""

AT_LEAST = {"ml-latest": Counts(200_000, 25_000, 20_000_000)}
"""What every edition has had of a release that grows from one to the next."""


def check(data: Dataset, where: Path | None = None) -> None:
    """Refuse a data set that has the name of a release and is not that release; other names pass.

    Args:
        data: What was read under that name.
        where: The file, for the message.

    Raises:
        DataError: Says what was found, and what the release has.
    """
    if data.name not in TITLES:
        return
    found = Counts.of(data)
    editions, least = EDITIONS.get(data.name, ()), AT_LEAST.get(data.name)
    other = named_by(found)
    if least is not None:
        expected = f"has at least {least}"
        passes = found.people >= least.people and found.movies >= least.movies and found.ratings >= least.ratings
    else:
        expected = f"has {editions[0]}" if editions else ""
        passes = not editions or found in editions
    if data.simulated:
        raise DataError(
            f"this is not {TITLES[data.name]}: its people are made up; it goes in under a name of its own", where=where
        )
    if passes and other in (None, data.name):
        return
    if other is not None:
        expected = f"{expected} (these are the counts of {TITLES[other]})"
    raise DataError(
        f"this is not {TITLES[data.name]}: it has {found}, and {TITLES[data.name]} {expected}; "
        f"data of your own in this form go in under a name of their own",
        where=where,
        advice="for instance `python -m lcrec_core install ZIP --name my-films`",
    )


def named_by(counts: Counts) -> str | None:
    """The release that has exactly these counts, or None."""
    return next((name for name, editions in EDITIONS.items() if counts in editions), None)
