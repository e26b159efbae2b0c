"""Measure a model on held-out rows: its errors, and whether it knows how sure it is."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.split import make_split
from lcrec_core.errors import BundleError
from lcrec_core.metrics import distribution
from lcrec_core.metrics.rating import Errors
from lcrec_core.models import registry
from lcrec_core.models.bundle import LoadedBundle
from lcrec_core.models.contract import Prediction


@dataclass(frozen=True, eq=False)
class Measured:
    """A prediction of N held-out ratings beside what was given."""

    predicted: np.ndarray
    """float32 (N,), clipped to the scale."""
    errors: Errors
    log_loss: float | None = None
    """Of the predicted distribution, where there is one; likewise the rest."""
    calibration: pd.DataFrame | None = None
    p_like: pd.DataFrame | None = None
    """Reliability of the likeliest value, and of the chance of a good one; see `metrics.distribution.reliability`."""

    @property
    def calibration_error(self) -> float | None:
        """Expected calibration error of the likeliest value."""
        return None if self.calibration is None else distribution.calibration_error(self.calibration)


def measured(data: Dataset, prediction: Prediction, rows: np.ndarray) -> Measured:
    """Compare a prediction of some rows with their ratings.

    Raises:
        ValueError: The model predicts no ratings, or something that is no number.
    """
    if prediction.ratings is None:
        raise ValueError("a model of lists has no error of ratings")
    if not np.isfinite(prediction.ratings).all():
        raise ValueError("something was predicted that is no number")
    actual = data.ratings[Col.RATING].to_numpy()[rows]
    predicted = data.scale.clip(prediction.ratings).astype(np.float32)
    errors = Errors.of(predicted, actual)
    if prediction.probabilities is None:
        return Measured(predicted, errors)
    place, probabilities = data.scale.class_index(actual), prediction.probabilities
    return Measured(
        predicted,
        errors,
        distribution.log_loss(probabilities, place),
        distribution.likeliest(probabilities, place),
        distribution.p_like(probabilities, place, data.scale),
    )


def measure_again(bundle: LoadedBundle, data: Dataset) -> Errors:
    """Errors on the bundle's test part, as it is served.

    Raises:
        BundleError: The data, or this version's encoding of it, is not what the bundle was trained on.
    """
    settings = bundle.config["train"]
    test = make_split(data, settings["protocol"], settings["seed"]).test
    try:
        return measured(data, registry.load(bundle, data).rows(test), test).errors
    except ValueError as error:
        raise BundleError(f"bundle {bundle.name} cannot be measured: {error}") from error
