"""LCRec as a family, and what an ablation takes away from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.models.contract import Family, Variant, Watch
from lcrec_core.models.lcrec.config import LCRecConfig

if TYPE_CHECKING:
    from lcrec_core.models.lcrec.model import LCRecModel

_NO_TITLES, _NO_HISTORY = {"reads_titles": False}, {"reads_history": False}
_NO_BACKBONE, _NO_NETWORK = {"has_backbone": False}, {"has_network": False}

VARIANTS = (
    Variant("whole", "LCRec, whole", without_future=True),
    Variant("no-titles", "without the title CNN", _NO_TITLES),
    Variant("no-history", "without the LSTM", _NO_HISTORY),
    Variant("no-both", "without the CNN and the LSTM", _NO_TITLES | _NO_HISTORY),
    Variant("no-short", "without people asked by a few ratings in training", {"short_context_rate": 0.0}),
    Variant("no-averaging", "without averaged weights", {"averaging": 0.0}),
    Variant("no-backbone", "without the backbone: LSTM and CNN alone", _NO_BACKBONE),
    Variant("only-lstm", "LSTM alone", _NO_TITLES | _NO_BACKBONE),
    Variant("only-cnn", "CNN alone", _NO_HISTORY | _NO_BACKBONE),
    Variant("only-backbone", "backbone alone", _NO_NETWORK),
    Variant("backbone-no-sets", "backbone alone, without the sets", _NO_NETWORK | {"set_scale": 0.0}),
    Variant("backbone-one-noise", "backbone alone, one noise for all", _NO_NETWORK | {"noise_ratings": 1e9}),
    *(
        Variant(f"share-{percent}", f"LCRec, {percent} % of the training ratings", share=percent / 100)
        for percent in (10, 25, 50)
    ),
)


class LCRecFamily(Family):
    """See `contract.Family`."""

    def check_memory(self, data: Dataset) -> None:
        """See `Family`."""
        from lcrec_core.models.lcrec.fit import check_memory

        check_memory(data)

    def settings(self, data_name: str) -> str:
        """See `Family`."""
        ours = LCRecConfig()
        backbone = ours.backbone
        chains = f"{ours.folds} chains of {backbone.iterations} rounds, {backbone.served_samples} samples each"
        return f"{backbone.factors} factors, {chains}; LSTM over residuals"

    def fit(
        self, data: Dataset, encoded: Encoded, config: LCRecConfig, scratch: Path | None, watch: Watch
    ) -> LCRecModel:
        """See `Family`."""
        from lcrec_core.models.lcrec.fit import fit

        return fit(data, encoded, config, scratch, watch)

    def load(
        self,
        tensors: Mapping[str, np.ndarray],
        item_features: np.ndarray | None,
        config: LCRecConfig,
        data: Dataset,
        encoded: Encoded,
    ) -> LCRecModel:
        """See `Family`."""
        from lcrec_core.models.lcrec.model import opened

        return opened(tensors, item_features, config, data, encoded)


LCREC = LCRecFamily(
    name="lcrec",
    label="LCRec, ours",
    config=LCRecConfig,
    aliases={"batch_size": "targets_per_step"},
    variants=VARIANTS,
    makes_lists=True,
    folds_in_new_users=True,
    trainable=True,
    landmark=True,
)
