"""What everybody gave one movie: how often each value, who, and when. Small tables for a movie's page.

A movie's tables are made from its own ratings, which the data set finds at once whatever its size.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import AGE_LABELS, Col, Dataset
from lcrec_core.errors import ProfileError

Period = Literal["month", "quarter", "year"]
MOST_PERIODS = 48
"""More points than this in time are no picture any more: four years of months, twelve of quarters."""
_MONTHS_OF: dict[Period, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, eq=False)
class MovieRatings:
    """Everybody's ratings of one movie, as counts and means."""

    number: int
    mean: float
    """NaN where nobody rated it."""
    values: pd.DataFrame
    """`rating` (every value of the scale), `count`, `share` (0 to 1; zeros where nobody rated it)."""
    groups: pd.DataFrame
    """`age` (label, "" unknown), `gender` (F, M, "" unknown), `ratings`, `mean_rating`, by age, then gender.

    Groups without a rating are left out; empty when the data set knows neither age nor gender of anybody.
    """
    periods: pd.DataFrame
    """`start` (first day), `ratings`, `mean_rating` (NaN without any): every period from first to last."""
    period: Period
    """How long each is: the shortest of which there are at most `MOST_PERIODS`."""


def ratings_of(data: Dataset, movie_id: int) -> MovieRatings:
    """The tables of one movie.

    Raises:
        ProfileError: The data set has no movie of that id.
    """
    known, found = data.known_movies(np.array([movie_id], dtype=np.int64))
    if not known.all():
        raise ProfileError(f"{data.name} has no movie {movie_id}")
    row = int(found[0])
    theirs = data.ratings.iloc[data.by_movie[data.movie_offsets[row] : data.movie_offsets[row + 1]]]
    given = theirs[Col.RATING].to_numpy(np.float64)
    period, periods = _in_time(theirs[Col.TIME].to_numpy(), given)
    return MovieRatings(
        number=len(given),
        mean=float(given.mean()) if len(given) else float("nan"),
        values=_values(data, given),
        groups=_groups(data, theirs[Col.USER].to_numpy(), given),
        periods=periods,
        period=period,
    )


def _values(data: Dataset, given: np.ndarray) -> pd.DataFrame:
    values = data.scale.values
    counts = np.bincount(data.scale.class_index(given), minlength=len(values))
    return pd.DataFrame({"rating": values, "count": counts, "share": counts / max(len(given), 1)})


def _groups(data: Dataset, user_ids: np.ndarray, given: np.ndarray) -> pd.DataFrame:
    users = data.users
    if users[Col.AGE].isna().all() and users[Col.GENDER].isna().all():
        return pd.DataFrame(columns=["age", "gender", "ratings", "mean_rating"])
    people = users.iloc[data.user_rows(user_ids)]
    table = pd.DataFrame(
        {
            "band": people[Col.AGE].fillna(0).to_numpy(np.int64),
            "gender": people[Col.GENDER].fillna("").to_numpy(object),
            "rating": given,
        }
    )
    means = table.groupby(["band", "gender"])["rating"].agg(["size", "mean"]).reset_index()
    return pd.DataFrame(
        {
            "age": [AGE_LABELS.get(band, "") for band in means["band"]],
            "gender": means["gender"],
            "ratings": means["size"].astype(np.int64),
            "mean_rating": means["mean"],
        }
    )


def _in_time(times: np.ndarray, given: np.ndarray) -> tuple[Period, pd.DataFrame]:
    if not len(times):
        return "month", pd.DataFrame({"start": np.array([], dtype="datetime64[s]"), "ratings": [], "mean_rating": []})
    months = times.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)  # since January 1970
    period: Period = "year"
    for shorter in ("month", "quarter"):
        if months.max() // _MONTHS_OF[shorter] - months.min() // _MONTHS_OF[shorter] < MOST_PERIODS:
            period = shorter
            break
    which = months // _MONTHS_OF[period]
    first = which.min()
    counts = np.bincount(which - first)
    sums = np.bincount(which - first, weights=given)
    starts = ((first + np.arange(len(counts))) * _MONTHS_OF[period]).astype("datetime64[M]").astype("datetime64[s]")
    means = sums / np.where(counts > 0, counts, np.nan)
    return period, pd.DataFrame({"start": starts, "ratings": counts, "mean_rating": means})
