"""Pick, and its sister that only cares for the very next movie, as families."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.models.contract import Family, Watch
from lcrec_core.models.pick.config import PickConfig

if TYPE_CHECKING:
    from lcrec_core.models.pick.model import PickModel


@dataclass(frozen=True, kw_only=True)
class PickFamily(Family):
    """See `contract.Family`."""

    config: type = PickConfig
    predicts_ratings: bool = False
    makes_lists: bool = True
    folds_in_new_users: bool = True
    by_ranks: bool = True

    def settings(self, data_name: str) -> str:
        """See `Family`."""
        config = self.default_config()
        of = "a liked movie" if config.liked_only else "a movie"
        next_ones = "the next rating" if config.horizon == 1 else f"the next {config.horizon} ratings"
        shuffled = f"; {config.shuffled_rate:.0%} of the histories shuffled" if config.shuffled_rate else ""
        return f"LSTM, softmax over all movies; target: {of} of {next_ones}{shuffled}; {config.epochs} passes"

    def fit(self, data: Dataset, encoded: Encoded, config: PickConfig, scratch: Path | None, watch: Watch) -> PickModel:
        """See `Family`."""
        from lcrec_core.models.pick.fit import fit

        return fit(data, encoded, config, scratch, watch)

    def load(
        self,
        tensors: Mapping[str, np.ndarray],
        item_features: np.ndarray | None,
        config: PickConfig,
        data: Dataset,
        encoded: Encoded,
    ) -> PickModel:
        """See `Family`."""
        from lcrec_core.models.pick.model import opened

        return opened(tensors, config.network, data, encoded)


PICK = PickFamily(name="pick", label="Pick alone", trainable=True)
NEXT = PickFamily(
    name="next",
    label="Next, ours",
    landmark=True,
    fixed={
        **{"horizon": 1, "liked_only": False, "shuffled_rate": 0.0, "moments": 0},
        **{"epochs": 8, "learning_rate": 0.003, "events_per_step": 4096, "dropout": 0.1, "input_scale": 128**0.5},
    },
)
"""For the last rating of everybody alone, which rewards the order in which a site showed its movies."""
