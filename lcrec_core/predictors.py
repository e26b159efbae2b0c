"""What a bundle's network says of one person and every movie: the one place where models differ at serving."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from lcrec_core import lcrec, networks
from lcrec_core.artifacts import LoadedBundle
from lcrec_core.backbone import fields_of
from lcrec_core.dataset import Dataset
from lcrec_core.encode import Encoded, encode_profile
from lcrec_core.profile import Profile
from lcrec_core.sequences import Rated


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of one person and the whole catalogue."""

    ratings: np.ndarray
    """float32 (M,), not yet clipped to the scale."""
    chances: np.ndarray | None
    """float32 (M, V), how likely each of the scale's values is; None where the model gives ratings alone."""


class Predictor(Protocol):
    """A trained model, ready to answer; no method changes it."""

    def predict(self, profile: Profile, known: np.ndarray, movies: np.ndarray) -> Prediction:
        """Predict every movie for one person.

        Args:
            profile: The person.
            known: bool (H,), which of their ratings are of movies of the catalogue.
            movies: int64, catalogue positions of those.
        """
        ...


class PaperPredictor:
    """The paper's network, or half of it."""

    def __init__(self, bundle: LoadedBundle, encoded: Encoded) -> None:
        self._vocabularies = encoded.vocabularies
        self._network = networks.build(bundle.model, bundle.config["model"], encoded.vocabularies.sizes())
        self._network.load_state_dict({name: torch.from_numpy(value) for name, value in bundle.weights.items()})
        self._network.eval().requires_grad_(False)
        self._features = torch.from_numpy(bundle.movie_features)  # (M, D)
        with torch.inference_mode():
            self._movie_half: Tensor = self._network.movie_half(self._features)  # (M, D + factors)

    @torch.inference_mode()
    def predict(self, profile: Profile, known: np.ndarray, movies: np.ndarray) -> Prediction:
        """See `Predictor`."""
        config = self._network.config
        liked = movies[profile.ratings[known] >= config.liked_from][-config.max_history :]
        fields = torch.from_numpy(encode_profile(profile, self._vocabularies)).unsqueeze(0)  # (1, 4)
        history = self._features[torch.from_numpy(liked)].unsqueeze(0)  # (1, T, D)
        user = self._network.user_features(fields, history)  # (1, D)
        return Prediction(self._network.rating_from_halves(user, self._movie_half).numpy(), None)


class LCRecPredictor:
    """LCRec: everybody, known or new, is folded in from their own ratings."""

    def __init__(self, bundle: LoadedBundle, data: Dataset, encoded: Encoded) -> None:
        self._model = lcrec.from_bundle(bundle, data, encoded)
        self._features = torch.from_numpy(bundle.movie_features)  # (M, D)
        sizes = encoded.vocabularies.sizes()
        self._field_sizes = [sizes[name] for name in lcrec.FIELDS]
        self._vocabularies = encoded.vocabularies

    def predict(self, profile: Profile, known: np.ndarray, movies: np.ndarray) -> Prediction:
        """See `Predictor`. The person is asked right after their last rating."""
        times = profile.timestamps[known]
        fields = fields_of(encode_profile(profile, self._vocabularies)[None], self._field_sizes)[0]
        history = Rated(np.array([0, len(movies)]), movies, times)
        now = int(times.max(initial=0))
        answer = lcrec.answer_person(self._model, self._features, fields, history, profile.ratings[known], now)
        return Prediction(answer.rating, answer.probabilities)


def predictor(bundle: LoadedBundle, data: Dataset, encoded: Encoded) -> Predictor:
    """The predictor of a bundle's model."""
    return LCRecPredictor(bundle, data, encoded) if bundle.model == networks.LCREC else PaperPredictor(bundle, encoded)
