"""What the Data page draws of a data set: small tables of counts, computed once per data set.

Nothing here is per rating: whatever its size, a data set comes down to a few hundred rows that can
travel to a browser.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import AGE_LABELS, Col, Dataset, split_genres

BINS_PER_DECADE = 5
"""Bins between 10 and 100 ratings (and 100 and 1000, ...) in the logarithmic histograms."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many ratings each person gave (or each movie got)."""

    histogram: pd.DataFrame
    """`low`, `high` (int, both inclusive) and `count`: how many people or movies have that many ratings."""
    smallest: int
    median: float
    largest: int
    without: int
    """People or movies of the data set with no rating at all; not in the histogram."""


@dataclass(frozen=True, eq=False)
class DatasetStatistics:
    """The aggregates of one data set."""

    people: int
    movies: int
    ratings: int
    mean_rating: float
    first_time: int
    """Time of the earliest rating, seconds since 1970, UTC."""
    last_time: int
    rating_counts: pd.DataFrame
    """`rating` (every value of the scale), `count`, `share` (0 to 1); the paper's Figure 4."""
    per_person: Histogram
    per_movie: Histogram
    genres: pd.DataFrame
    """`genre`, `movies`, `ratings`, `mean_rating` (NaN without ratings), most rated first."""
    years: pd.DataFrame
    """`year` of release, `movies`, `ratings`, `mean_rating`, every year from the first to the last."""
    months: pd.DataFrame
    """`month` (its first day), `ratings`, `people` who rated in it; every month from the first to the last."""
    ages: pd.DataFrame
    """`age` (label), `F`, `M`, `unknown`: people; empty when the data set knows no ages."""

    @property
    def density(self) -> float:
        """Share of all (person, movie) pairs that have a rating."""
        return self.ratings / (self.people * self.movies)


def summarise(data: Dataset) -> DatasetStatistics:
    """Everything the page draws, from what the data set counts once; what is left grows with its movies alone."""
    counts, sums = data.num_ratings, data.value_counts @ data.scale.values
    first_time, last_time = data.time_span.tolist()
    return DatasetStatistics(
        people=len(data.users),
        movies=len(data.movies),
        ratings=len(data.ratings),
        mean_rating=float(sums.sum() / len(data.ratings)),
        first_time=first_time,
        last_time=last_time,
        rating_counts=_rating_counts(data),
        per_person=_histogram(np.diff(data.offsets)),
        per_movie=_histogram(counts),
        genres=_genres(data, counts, sums),
        years=_years(data, counts, sums),
        months=_months(data),
        ages=_ages(data),
    )


def log_bins(largest: int) -> np.ndarray:
    """Lower ends of histogram bins that widen by a constant factor, int64, from 1 to past `largest`.

    Ends are whole numbers, so the narrow bins at the start (1, 2, 3, ...) hold one count each.
    """
    steps = int(np.ceil(np.log10(max(largest, 1)) * BINS_PER_DECADE)) + 1
    ends = np.unique(np.round(10 ** (np.arange(steps + 1) / BINS_PER_DECADE)).astype(np.int64))
    return ends[: np.searchsorted(ends, largest, side="right") + 1]


def _histogram(counts: np.ndarray) -> Histogram:
    present = counts[counts > 0]
    ends = log_bins(int(present.max()))
    which = np.searchsorted(ends, present, side="right") - 1
    histogram = pd.DataFrame(
        {"low": ends[:-1], "high": ends[1:] - 1, "count": np.bincount(which, minlength=len(ends) - 1)}
    )
    return Histogram(
        histogram=histogram,
        smallest=int(present.min()),
        median=float(np.median(present)),
        largest=int(present.max()),
        without=int((counts == 0).sum()),
    )


def _rating_counts(data: Dataset) -> pd.DataFrame:
    values, counts = data.scale.values, data.value_counts.sum(axis=0)
    return pd.DataFrame({"rating": values, "count": counts, "share": counts / counts.sum()})


def _means(table: pd.DataFrame) -> pd.DataFrame:
    """Replace the column `sum` by `mean_rating`; NaN where nothing was rated."""
    rated = table["ratings"].where(table["ratings"] > 0)
    return table.assign(mean_rating=table["sum"] / rated).drop(columns="sum")


def _genres(data: Dataset, counts: np.ndarray, sums: np.ndarray) -> pd.DataFrame:
    lists = [split_genres(joined) for joined in data.movies[Col.GENRES]]
    rows = np.repeat(np.arange(len(lists)), [len(genres) for genres in lists])
    table = pd.DataFrame(
        {
            "genre": [genre for genres in lists for genre in genres],
            "movies": np.ones(len(rows), dtype=np.int64),
            "ratings": counts[rows],
            "sum": sums[rows],
        }
    )
    table = table.groupby("genre", as_index=False).sum()
    return _means(table).sort_values(["ratings", "genre"], ascending=[False, True], ignore_index=True)


def _years(data: Dataset, counts: np.ndarray, sums: np.ndarray) -> pd.DataFrame:
    known = data.movies[Col.YEAR].notna().to_numpy()
    table = pd.DataFrame(
        {
            "year": data.movies[Col.YEAR][known].astype(np.int64).to_numpy(),
            "movies": np.ones(int(known.sum()), dtype=np.int64),
            "ratings": counts[known],
            "sum": sums[known],
        }
    )
    table = table.groupby("year").sum()
    if len(table):
        every_year = pd.RangeIndex(table.index.min(), table.index.max() + 1, name="year")
        table = table.reindex(every_year, fill_value=0)
    return _means(table.reset_index())


def _months(data: Dataset) -> pd.DataFrame:
    month, ratings, people = data.months.T
    days = month.astype("datetime64[M]").astype("datetime64[s]")
    return pd.DataFrame({"month": days, "ratings": ratings, "people": people})


def _ages(data: Dataset) -> pd.DataFrame:
    ages = data.users[Col.AGE]
    if ages.isna().all():
        return pd.DataFrame(columns=["age", "F", "M", "unknown"])
    genders = data.users[Col.GENDER].fillna("unknown")
    table = pd.crosstab(ages, genders).reindex(columns=["F", "M", "unknown"], fill_value=0)
    table = table.reindex(list(AGE_LABELS), fill_value=0).astype(np.int64)
    table.insert(0, "age", list(AGE_LABELS.values()))
    return table.reset_index(drop=True).rename_axis(columns=None)
