"""What a library's model is to us: trained rows in, predicted rows out; and the families made of that."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.data.profile import Profile
from lcrec_core.errors import TrainingError
from lcrec_core.machine import require
from lcrec_core.models.contract import Family, Prediction, Watch

REQUIREMENTS = "requirements-compare.txt"

NOBODY = -1
"""User id of somebody who was not there in training."""


def library(name: str) -> Any:
    """Import a library of `requirements-compare.txt`, or a module of one.

    Raises:
        TrainingError: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise TrainingError(
            f"{name.partition('.')[0]} is not installed, which this model comes from",
            advice=f"run `pip install -r {REQUIREMENTS}`",
        ) from error


@dataclass(frozen=True)
class LibraryConfig:
    """All that is chosen of a library's model: everything else is in its family's words."""

    seed: int = 0
    """Of the split and of the library's random choices."""
    epochs: int = 1
    """One fit."""


@dataclass(frozen=True)
class Fitted:
    """A library's trained model."""

    predict: Callable[[pd.DataFrame], np.ndarray]
    """Predicted ratings (N,) for the rows of a table with user, movie and time; not clipped to the scale."""
    parameters: int
    distribution: Callable[[pd.DataFrame], np.ndarray] | None = None
    """Probabilities (N, V) of the scale's values, where the model has them; `predict` is then their mean."""


class LibraryModel:
    """A library's trained model behind our contract; see `contract.Model`."""

    item_features = None
    device = "cpu"

    def __init__(self, fitted: Fitted, data: Dataset) -> None:
        self._fitted, self._data = fitted, data
        self.parameters = fitted.parameters

    def rows(self, rows: np.ndarray, *, context: np.ndarray | None = None, use_future: bool = True) -> Prediction:
        """See `Model`; libraries fold nobody in, and read no time but the day."""
        if context is not None:
            raise ValueError("a library's model has to be trained again for new people")
        return self._predict(self._data.ratings.iloc[rows])

    def catalogue(self, profile: Profile) -> Prediction:
        """See `Model`; somebody new has no rating that counts."""
        latest = int(profile.timestamps.max(initial=0))
        user = NOBODY if profile.user_id is None else profile.user_id
        table = self._data.movies[[Col.MOVIE]].assign(**{str(Col.USER): user, str(Col.TIME): latest})
        return self._predict(table)

    def tensors(self) -> dict[str, np.ndarray]:
        """See `Model`; a library's model is not kept."""
        raise ValueError("a library's model is not kept in a bundle")

    def _predict(self, table: pd.DataFrame) -> Prediction:
        if self._fitted.distribution is None:
            return Prediction.of_ratings(np.asarray(self._fitted.predict(table), dtype=np.float32))
        probabilities = self._fitted.distribution(table)
        ratings = (probabilities @ self._data.scale.values).astype(np.float32)
        return Prediction.of_ratings(ratings, probabilities)


@dataclass(frozen=True, kw_only=True)
class LibraryFamily(Family):
    """See `contract.Family`."""

    config: type = LibraryConfig
    in_words: str
    """Settings as the table states them."""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Settings for data sets that have their own, by name."""
    train: Callable[[Dataset, np.ndarray, int], Fitted]
    """(data, rows to fit on, seed) -> the trained model."""
    compares: str = ""
    """Whose every pair it keeps a similarity of: `users` or `movies`."""

    def check_memory(self, data: Dataset) -> None:
        """See `Family`. Of every pair, five numbers and a similarity are kept."""
        alike = len(getattr(data, self.compares)) if self.compares else 0
        need = 48 * alike**2 + 300 * len(data.ratings)
        require(need, f"{self.name} on {data.name}", "leave this model out")

    def settings(self, data_name: str) -> str:
        """See `Family`."""
        return self.elsewhere.get(data_name, self.in_words)

    def fit(
        self, data: Dataset, encoded: Encoded, config: LibraryConfig, scratch: Path | None, watch: Watch
    ) -> LibraryModel:
        """See `Family`."""
        return LibraryModel(self.train(data, encoded.rows, config.seed), data)

    def load(
        self,
        tensors: Mapping[str, np.ndarray],
        item_features: np.ndarray | None,
        config: LibraryConfig,
        data: Dataset,
        encoded: Encoded,
    ) -> LibraryModel:
        """See `Family`."""
        raise ValueError("a library's model is not kept in a bundle")
