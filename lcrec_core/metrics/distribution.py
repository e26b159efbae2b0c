"""Where a model errs, and whether it knows how sure it is: errors by group, and the calibration of its distribution."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset, RatingScale
from lcrec_core.data.split import Split
from lcrec_core.evaluation.results import ResultError
from lcrec_core.files import write_whole

PERSON, MOVIE, YEAR, GENRE = "ratings of the person", "ratings of the movie", "year of the movie", "genre"
"""What test ratings are grouped by. How many ratings there are is counted in the part that models are fitted on."""

COUNTS = (0, 1, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Where a new group of counts begins."""
BINS = 15
"""Of confidence, for the calibration error."""


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


def log_loss(probabilities: np.ndarray, place: np.ndarray) -> float:
    """Mean of -log of the probability that ratings were given, probabilities (N, V), their places on the scale (N,)."""
    given = probabilities[np.arange(len(place)), place].astype(np.float64)
    return float(-np.log(np.maximum(given, 1e-12)).mean())


def likeliest(probabilities: np.ndarray, place: np.ndarray) -> pd.DataFrame:
    """`reliability` of the most likely value: probabilities (N, V), the ratings' places on the scale (N,)."""
    return reliability(probabilities.max(axis=1), probabilities.argmax(axis=1) == place)


def liking(probabilities: np.ndarray, place: np.ndarray, scale: RatingScale) -> pd.DataFrame:
    """`reliability` of the chance of a good rating, which the app shows; arguments as for `likeliest`."""
    return reliability(scale.chance_of_good(probabilities), scale.values[place] >= scale.good)


def reliability(confidence: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """How often something was so, by how likely it was said to be, in bins of equal width.

    Args:
        confidence: (N,), the chance that was given to it.
        right: bool (N,), whether it was so.

    Returns:
        A row per bin that has ratings: ratings (how many), confidence (mean), right (share).
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    table = pd.DataFrame({"bin": bins, "confidence": confidence, "right": right}).groupby("bin")
    means = table.mean().round(5)
    return means.assign(ratings=table.size()).reset_index(drop=True)[["ratings", "confidence", "right"]]


def calibration_error(table: pd.DataFrame) -> float:
    """Expected calibration error (Guo et al., 2017) of a table of `reliability`: the mean gap, weighted by ratings."""
    gaps = (table["confidence"] - table["right"]).abs() * table["ratings"]
    return float(gaps.sum() / table["ratings"].sum())


def write(table: pd.DataFrame, path: Path) -> None:
    """As CSV, beside and then into place."""
    write_whole(path, table.to_csv(index=False))


def read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """A table that `write` wrote, of finite numbers but for the names of groups.

    Raises:
        ResultError: The file is not what `write` writes.
    """
    try:
        table = pd.read_csv(path)[list(columns)]
        numbers = table.drop(columns=[name for name in ("by", "group") if name in table])
        if not np.isfinite(numbers.astype(np.float64).to_numpy()).all():
            raise ValueError("a value is no number")
    except (OSError, ValueError, KeyError, TypeError) as error:
        said = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())[:200]
        advice = "remove it, with the .json file beside it, and compare again"
        raise ResultError(f"it is no saved table ({said})", where=path, advice=advice) from error
    return table.astype({name: str for name in ("by", "group") if name in table})
