"""A person's ratings beside everybody's: the small tables that the Profile page draws."""

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset, split_genres
from lcrec_core.data.profile import Profile
from lcrec_core.data.summary import DatasetStatistics
from lcrec_core.data.titles import sort_key, spoken

FEWEST_PER_GENRE = 3
"""A genre, or a decade, with fewer ratings says nothing of a person's taste."""


def history(data: Dataset, profile: Profile, means: pd.Series) -> pd.DataFrame:
    """Everything a person rated, the latest first.

    `movie_id`, `time`, `title` as people say it, `sort_key` that it is sorted by, `genres`, `rating`, `mean_rating`.

    Args:
        data: Knows the titles.
        profile: The person.
        means: Everybody's average by movie id.
    """
    rows = data.movie_rows(profile.movie_ids)
    movies = data.movies.iloc[rows]
    table = pd.DataFrame(
        {
            "movie_id": profile.movie_ids,
            "time": pd.to_datetime(profile.timestamps, unit="s"),
            "title": [spoken(title) for title in movies[Col.TITLE]],
            "sort_key": [sort_key(title) for title in movies[Col.TITLE]],
            "genres": movies[Col.GENRES].to_numpy(),
            "rating": profile.ratings,
            "mean_rating": means.reindex(profile.movie_ids).to_numpy(),
        }
    )
    return table.iloc[::-1].reset_index(drop=True)


def rating_shares(profile: Profile, everybody: DatasetStatistics) -> pd.DataFrame:
    """How often each value was given: `rating`, `theirs` and `everybodys` (shares that add up to 1), `count`."""
    values = everybody.rating_counts["rating"].to_numpy(np.float64)
    counts = np.array([np.isclose(profile.ratings, value).sum() for value in values])
    return pd.DataFrame(
        {
            "rating": values,
            "count": counts,
            "theirs": counts / max(counts.sum(), 1),
            "everybodys": everybody.rating_counts["share"].to_numpy(),
        }
    )


def genres(data: Dataset, profile: Profile, everybody: DatasetStatistics) -> pd.DataFrame:
    """Mean rating per genre: `genre`, `ratings`, `theirs`, `everybodys`, the best liked first.

    Only genres with at least `FEWEST_PER_GENRE` ratings of this person.
    """
    rows = data.movie_rows(profile.movie_ids)
    lists = [split_genres(joined) for joined in data.movies[Col.GENRES].to_numpy()[rows]]
    given = pd.DataFrame(
        {
            "genre": [genre for found in lists for genre in found],
            "rating": np.repeat(profile.ratings, [len(found) for found in lists]).astype(np.float64),
        }
    )
    table = given.groupby("genre")["rating"].agg(["size", "mean"]).rename(columns={"size": "ratings", "mean": "theirs"})
    table["everybodys"] = everybody.genres.set_index("genre")["mean_rating"].reindex(table.index)
    table = table[table["ratings"] >= FEWEST_PER_GENRE]
    return table.sort_values(["theirs", "ratings"], ascending=False).rename_axis("genre").reset_index()


def decades(data: Dataset, profile: Profile, everybody: DatasetStatistics) -> pd.DataFrame:
    """Mean rating per decade of release: `decade` (such as `1990s`), `ratings`, `theirs`, `everybodys`, oldest first.

    Only decades with at least `FEWEST_PER_GENRE` ratings of this person; movies without a year are in none.
    """
    years = data.movies[Col.YEAR].to_numpy(np.float64, na_value=np.nan)[data.movie_rows(profile.movie_ids)]
    given = pd.DataFrame({"first": years // 10 * 10, "rating": profile.ratings.astype(np.float64)}).dropna()
    table = given.groupby("first")["rating"].agg(["size", "mean"]).set_axis(["ratings", "theirs"], axis=1)
    rated = everybody.years.dropna()
    sums = (rated["ratings"] * rated["mean_rating"]).groupby(rated["year"] // 10 * 10).sum()
    table["everybodys"] = sums / rated["ratings"].groupby(rated["year"] // 10 * 10).sum()
    table = table[table["ratings"] >= FEWEST_PER_GENRE]
    table.insert(0, "decade", [f"{first:.0f}s" for first in table.index])
    return table.reset_index(drop=True)
