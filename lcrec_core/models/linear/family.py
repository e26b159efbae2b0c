"""The linear lists as families."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.models.contract import Family, Model, Watch
from lcrec_core.models.linear.config import RIDGE, RIDGE_SHARE, EaseConfig, KnnConfig

if TYPE_CHECKING:
    from lcrec_core.models.linear.model import LinearModel


@dataclass(frozen=True, kw_only=True)
class LinearFamily(Family):
    """See `contract.Family`."""

    predicts_ratings: bool = False
    makes_lists: bool = True
    folds_in_new_users: bool = True

    def load(
        self,
        tensors: Mapping[str, np.ndarray],
        item_features: np.ndarray | None,
        config: Any,
        data: Dataset,
        encoded: Encoded,
    ) -> Model:
        """See `Family`."""
        raise ValueError("a matrix of movies by movies is fitted again in seconds, not kept in a bundle")


class EaseFamily(LinearFamily):
    """See `contract.Family`."""

    def check_memory(self, data: Dataset) -> None:
        """See `Family`."""
        from lcrec_core.models.linear.model import check_memory

        check_memory(min(len(data.movies), EaseConfig().most_movies))

    def settings(self, data_name: str) -> str:
        """See `Family`."""
        config = EaseConfig()
        ridge = f"ridge {RIDGE:g}, or {RIDGE_SHARE:g} of the people where that is less"
        return f"closed form on likes, {ridge}; popularity fades over {config.fade:g} likes"

    def fit(
        self, data: Dataset, encoded: Encoded, config: EaseConfig, scratch: Path | None, watch: Watch
    ) -> LinearModel:
        """See `Family`."""
        from lcrec_core.models.linear.model import ease

        return ease(data, encoded, config)


class KnnFamily(LinearFamily):
    """See `contract.Family`."""

    def check_memory(self, data: Dataset) -> None:
        """See `Family`."""
        from lcrec_core.models.linear.model import check_memory

        check_memory(len(data.movies))

    def settings(self, data_name: str) -> str:
        """See `Family`."""
        config = KnnConfig()
        return f"cosines of likes, {config.neighbours} neighbours, shrinkage {config.shrinkage:g}"

    def fit(
        self, data: Dataset, encoded: Encoded, config: KnnConfig, scratch: Path | None, watch: Watch
    ) -> LinearModel:
        """See `Family`."""
        from lcrec_core.models.linear.model import nearest

        return nearest(data, encoded, config)


EASE = EaseFamily(name="ease", label="EASE", config=EaseConfig, landmark=True)
KNN = KnnFamily(name="item-knn-lists", label="Item kNN, cosine of likes", config=KnnConfig)
