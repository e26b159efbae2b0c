"""How sure a predicted rating is, in words that follow from one rule."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from lcrec_core.data.dataset import RatingScale


class Sureness(StrEnum):
    """How much a prediction is worth, as people say it."""

    QUITE = "Quite sure"
    FAIRLY = "Fairly sure"
    GUESS = "A guess"


QUITE_FROM, FAIRLY_FROM = 0.8, 0.6
"""Chance of a rating within a star of the prediction."""


@dataclass(frozen=True)
class Confidence:
    """How sure a prediction is, and what that follows from."""

    sureness: Sureness | None
    """None where the model says no chances and enough people rated the movie: nothing speaks for or against."""
    p_near: float | None
    """Chance that the rating lies within a star of the prediction; None where the model says none."""
    few: bool
    """Whether fewer people rated the movie than one needs to be recommended."""


def confidence(
    scale: RatingScale, predicted: float, probabilities: np.ndarray | None, num_ratings: int, enough_ratings: int
) -> Confidence:
    """How sure a prediction is.

    The rule: a movie with fewer than `enough_ratings` ratings gets *a guess* whatever the model says. Otherwise it is
    the chance p that the rating lies within one star of the prediction, both ends included, by the model's own
    distribution: *quite sure* from .8 on, *fairly sure* from .6 on, and *a guess* below. How far such chances can be
    trusted is measured as calibration on the Compare page.

    Args:
        scale: The values that can be given.
        predicted: Rating, on the scale.
        probabilities: float (V,), how likely each value is; None where the model says none.
        num_ratings: How many people rated the movie.
        enough_ratings: See `filters.default_min_ratings`.
    """
    few = num_ratings < enough_ratings
    if probabilities is None:
        return Confidence(Sureness.GUESS if few else None, None, few)
    near = np.abs(scale.values - predicted) <= 1 + 1e-9
    p_near = float(np.asarray(probabilities)[near].sum())
    if few or p_near < FAIRLY_FROM:
        sureness = Sureness.GUESS
    else:
        sureness = Sureness.QUITE if p_near >= QUITE_FROM else Sureness.FAIRLY
    return Confidence(sureness, p_near, few)
