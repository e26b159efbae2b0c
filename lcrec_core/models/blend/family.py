"""The blend as a family: which families tell what, is said where they are registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.models.blend.config import BlendConfig
from lcrec_core.models.contract import Family, Model, Silent, SoFar, Watch
from lcrec_core.models.settings import configured

if TYPE_CHECKING:
    from lcrec_core.models.blend.model import BlendModel

HABITS = "habits"
HABITS_ALONE = {"fade": 0.0}
"""Of its EASE: what everybody likes is left to the pick model."""
HABITS_WITH_HOLES = {
    **HABITS_ALONE,
    **{"liked_only": False, "ridge": 500.0, "ridge_rate": 0.3, "sitting_weight": 3.0, "sitting_length": 20.0},
}


@dataclass(frozen=True, kw_only=True)
class BlendFamily(Family):
    """See `contract.Family`."""

    config: type = BlendConfig
    predicts_ratings: bool = False
    makes_lists: bool = True
    folds_in_new_users: bool = True

    def settings(self, data_name: str) -> str:
        """See `Family`."""
        config = self.default_config()
        pick, like = self.parts["pick"], self.parts["like"]
        return f"log({config.picks:g} x {pick.name} + {self.parts[HABITS].name}) + log P(liked) of {like.name}"

    def check_memory(self, data: Dataset) -> None:
        """See `Family`."""
        for part in self.parts.values():
            part.check_memory(data)

    def config_of_part(self, part: str, config: BlendConfig) -> Any:
        """See `Family`."""
        of_part = super().config_of_part(part, config)
        if part != HABITS:
            return of_part
        return configured(of_part, **(HABITS_WITH_HOLES if config.has_holes else HABITS_ALONE))

    def combine(self, models: Mapping[str, Model], data: Dataset, config: BlendConfig) -> BlendModel:
        """See `Family`."""
        from lcrec_core.models.blend.model import of_parts

        return of_parts(models, data.scale, config)

    def fit(
        self, data: Dataset, encoded: Encoded, config: BlendConfig, scratch: Path | None, watch: Watch
    ) -> BlendModel:
        """See `Family`."""
        models = {
            name: part.fit(data, encoded, self.config_of_part(name, config), scratch and scratch / name, _Notes(watch))
            for name, part in self.parts.items()
        }
        return self.combine(models, data, config)

    def load(
        self,
        tensors: Mapping[str, np.ndarray],
        item_features: np.ndarray | None,
        config: BlendConfig,
        data: Dataset,
        encoded: Encoded,
    ) -> BlendModel:
        """See `Family`."""
        raise ValueError("a blend is kept as its parts")


class _Notes(Silent):
    """Hands on what a part says of itself and what it did not have to do again, and none of its steps."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def note(self, text: str, share: float | None = None) -> None:
        """See `Watch`."""
        self._watch.note(text)

    def skip(self, seconds: float) -> None:
        """See `Watch`."""
        self._watch.skip(seconds)

    def so_far(self) -> SoFar:
        """See `Watch`."""
        return self._watch.so_far()
