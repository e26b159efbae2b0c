"""Errors of predicted ratings: MSE (equation 10), MAE (equation 11), and where they arise."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.split import Split

PERSON, MOVIE, YEAR, GENRE = "ratings of the person", "ratings of the movie", "year of the movie", "genre"
"""What test ratings are grouped by. How many ratings there are is counted in the part that models are fitted on."""

COUNTS = (0, 1, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Where a new group of counts begins."""


@dataclass(frozen=True)
class Errors:
    """Sums of errors, divided once."""

    squared: float
    absolute: float
    count: int

    @classmethod
    def of(cls, predicted: np.ndarray, actual: np.ndarray) -> "Errors":
        """Errors of predictions (N,) against ratings (N,), summed in float64."""
        difference = predicted.astype(np.float64) - actual.astype(np.float64)
        return cls(float(np.square(difference).sum()), float(np.abs(difference).sum()), len(difference))

    @property
    def mse(self) -> float:
        """Mean squared error (equation 10)."""
        return self.squared / self.count

    @property
    def rmse(self) -> float:
        """Root of the mean squared error, of the whole and not of batches."""
        return self.mse**0.5

    @property
    def mae(self) -> float:
        """Mean absolute error (equation 11)."""
        return self.absolute / self.count


def errors_by_group(data: Dataset, split: Split, predicted: np.ndarray) -> pd.DataFrame:
    """Errors of the test part in groups.

    Args:
        data: The data set.
        split: Whose test part was predicted.
        predicted: (N,), in the order of `split.test`.

    Returns:
        A row per group that has ratings: by, group, ratings (how many), mse, mae. A movie counts in each of its genres.
    """
    asked = data.ratings.iloc[split.test]
    difference = predicted.astype(np.float64) - asked[Col.RATING].to_numpy(np.float64)
    rows = []
    for by, group, inside in _groups(data, split, asked):
        errors = difference[inside]
        if len(errors):
            mse, mae = np.square(errors).mean(), np.abs(errors).mean()
            rows.append((by, group, len(errors), round(float(mse), 5), round(float(mae), 5)))
    return pd.DataFrame(rows, columns=["by", "group", "ratings", "mse", "mae"])


def _groups(data: Dataset, split: Split, asked: pd.DataFrame) -> Iterator[tuple[str, str, np.ndarray]]:
    fitted = data.ratings.iloc[split.fitting]
    for by, column in ((PERSON, Col.USER), (MOVIE, Col.MOVIE)):
        counts = asked[column].map(fitted[column].value_counts()).fillna(0).to_numpy()
        place = np.searchsorted(COUNTS, counts, side="right") - 1
        for position, start in enumerate(COUNTS):
            end = COUNTS[position + 1] - 1 if position + 1 < len(COUNTS) else None
            name = f"{start:,}" if start == end else f"{start:,} and more" if end is None else f"{start:,}-{end:,}"
            yield by, name, place == position
    movies = data.movies.set_index(str(Col.MOVIE)).loc[asked[Col.MOVIE]]
    decades = movies[Col.YEAR].astype("Float64").to_numpy(np.float64, na_value=np.nan) // 10 * 10
    for decade in np.unique(decades[np.isfinite(decades)]):
        yield YEAR, f"{decade:.0f}s", decades == decade
    genres = movies[Col.GENRES].str.get_dummies("|")
    for genre in genres.columns:
        yield GENRE, genre, genres[genre].to_numpy() == 1
