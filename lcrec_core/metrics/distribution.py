"""Whether a model knows how sure it is: log loss and calibration of its distribution."""

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import RatingScale

BINS = 15
"""Of confidence, for the calibration error."""


def log_loss(probabilities: np.ndarray, place: np.ndarray) -> float:
    """Mean of -log of the probability that ratings were given, probabilities (N, V), their places on the scale (N,)."""
    given = probabilities[np.arange(len(place)), place].astype(np.float64)
    return float(-np.log(np.maximum(given, 1e-12)).mean())


def likeliest(probabilities: np.ndarray, place: np.ndarray) -> pd.DataFrame:
    """`reliability` of the most likely value: probabilities (N, V), the ratings' places on the scale (N,)."""
    return reliability(probabilities.max(axis=1), probabilities.argmax(axis=1) == place)


def p_like(probabilities: np.ndarray, place: np.ndarray, scale: RatingScale) -> pd.DataFrame:
    """`reliability` of the chance of a good rating, which the app shows; arguments as for `likeliest`."""
    return reliability(scale.p_at_least(probabilities), scale.values[place] >= scale.like_threshold)


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
