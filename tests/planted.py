"""A family of lists for tests: everybody is shown the most rated movies."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.models.contract import Family, Prediction


@dataclass(frozen=True)
class PlantedConfig:
    """Nothing is chosen."""

    seed: int = 0
    epochs: int = 1


class PlantedModel:
    """Sorts by training ratings."""

    item_features = None
    device = "cpu"

    def __init__(self, counts: np.ndarray, data: Dataset) -> None:
        self.counts, self._data = counts.astype(np.float32), data
        self.parameters = len(counts)
        self.asked: list[Profile] = []

    def rows(self, rows: np.ndarray, *, context: np.ndarray | None = None, use_future: bool = True) -> Prediction:
        return Prediction(self.counts[self._data.movie_rows(self._data.ratings[Col.MOVIE].iloc[rows])])

    def catalogue(self, profile: Profile) -> Prediction:
        self.asked.append(profile)
        return Prediction(self.counts)

    def tensors(self) -> dict[str, np.ndarray]:
        return {"counts": self.counts}


class PlantedPopularity(Family):
    """Remembers the models that were fitted, on `fitted`."""

    fitted: list[PlantedModel]

    def settings(self, data_name: str) -> str:
        return "training ratings"

    def fit(self, data: Dataset, encoded: Any, config: Any, scratch: Path | None, watch: Any) -> PlantedModel:
        model = PlantedModel(np.bincount(encoded.histories.movies, minlength=len(data.movies)), data)
        self.fitted.append(model)
        return model

    def load(self, tensors: Any, item_features: Any, config: Any, data: Dataset, encoded: Any) -> PlantedModel:
        return PlantedModel(tensors["counts"], data)


def planted_popularity(**changed: Any) -> PlantedPopularity:
    """A family that is nowhere registered."""
    family = PlantedPopularity(
        **{
            **{"name": "popularity", "label": "Popularity", "config": PlantedConfig, "predicts_ratings": False},
            **{"makes_lists": True, "folds_in_new_users": True, "landmark": True},
            **changed,
        }
    )
    object.__setattr__(family, "fitted", [])
    return family
