"""The simple lists as families."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.models.contract import Family, Model, Watch
from lcrec_core.models.simple.config import RecentConfig, SimpleConfig
from lcrec_core.models.simple.model import RandomModel, popularity, recent_popularity


@dataclass(frozen=True, kw_only=True)
class SimpleFamily(Family):
    """See `contract.Family`."""

    config: type = SimpleConfig
    predicts_ratings: bool = False
    makes_lists: bool = True
    folds_in_new_users: bool = True
    in_words: str
    """Settings as the table states them."""
    count: Callable[[Dataset, Encoded, Any], Model]
    """(data, what it is fitted on, config) -> the model."""

    def settings(self, data_name: str) -> str:
        """See `Family`."""
        return self.in_words

    def fit(self, data: Dataset, encoded: Encoded, config: Any, scratch: Path | None, watch: Watch) -> Model:
        """See `Family`."""
        return self.count(data, encoded, config)

    def load(
        self,
        tensors: Mapping[str, np.ndarray],
        item_features: np.ndarray | None,
        config: Any,
        data: Dataset,
        encoded: Encoded,
    ) -> Model:
        """See `Family`."""
        raise ValueError("a list of counts or of chance is not kept in a bundle")


RANDOM = SimpleFamily(
    name="random",
    label="Random",
    in_words="drawn for each person, the same whenever it is asked for",
    count=lambda data, encoded, config: RandomModel(data, encoded, config.seed),
)
POPULARITY = SimpleFamily(
    name="popularity",
    label="Popularity",
    landmark=True,
    in_words="number of ratings",
    personal=False,
    count=lambda data, encoded, config: popularity(data, encoded),
)
RECENT = SimpleFamily(
    name="popularity-recent",
    label="Popularity of the last month",
    in_words=f"number of ratings in the last {RecentConfig.days} days",
    config=RecentConfig,
    personal=False,
    count=lambda data, encoded, config: recent_popularity(data, encoded, config.days),
)
