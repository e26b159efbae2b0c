"""The paper's LSTM & CNN, and its two halves alone (Table VII), as families."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.models.contract import Family, Watch
from lcrec_core.models.paper.config import PaperConfig

if TYPE_CHECKING:
    from lcrec_core.models.paper.model import PaperModel


@dataclass(frozen=True, kw_only=True)
class PaperFamily(Family):
    """See `contract.Family`."""

    config: type = PaperConfig
    trainable: bool = True
    by_ranks: bool = True
    lacks: str = ""
    """What of the whole network is missing, in words."""

    def settings(self, data_name: str) -> str:
        """See `Family`."""
        return "; ".join(filter(None, ["Table VI", self.lacks]))

    def fit(
        self, data: Dataset, encoded: Encoded, config: PaperConfig, scratch: Path | None, watch: Watch
    ) -> PaperModel:
        """See `Family`."""
        from lcrec_core.models.paper.fit import fit

        return fit(data, encoded, config, scratch, watch)

    def load(
        self,
        tensors: Mapping[str, np.ndarray],
        item_features: np.ndarray | None,
        config: PaperConfig,
        data: Dataset,
        encoded: Encoded,
    ) -> PaperModel:
        """See `Family`."""
        from lcrec_core.models.paper.model import opened

        return opened(tensors, item_features, config.network, data, encoded)


PAPER = PaperFamily(name="paper", label="LSTM & CNN", makes_lists=True, folds_in_new_users=True, landmark=True)
LSTM = PaperFamily(
    name="lstm", label="LSTM", lacks="no title CNN", fixed={"reads_titles": False}, folds_in_new_users=True
)
CNN = PaperFamily(name="cnn", label="CNN", lacks="no history LSTM", fixed={"reads_history": False})
