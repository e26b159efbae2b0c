"""What a bundle's network says of one person and every movie: the one place where models differ at serving.

It is also where a bundle is found not to hold what it says: settings, names, shapes and types of tensors are compared
with those of the network that the settings describe, before that takes any memory, and a first answer must be finite.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import Encoded, encode_profile
from lcrec_core.data.profile import Profile
from lcrec_core.errors import BundleError, LCRecError
from lcrec_core.files import as_kind
from lcrec_core.models import registry as networks
from lcrec_core.models.bundle import LoadedBundle, train_again
from lcrec_core.models.lcrec import model as lcrec
from lcrec_core.models.lcrec.backbone import fields_of
from lcrec_core.models.lcrec.config import LCRecTrainConfig
from lcrec_core.models.lcrec.sequences import Rated
from lcrec_core.models.paper.network import PaperNetwork


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


@contextmanager
def _vouched_for(bundle: LoadedBundle) -> Iterator[None]:
    """Whatever goes wrong in here is the bundle's fault, for nothing but its contents is new to the code."""
    try:
        yield
    except LCRecError:
        raise
    except Exception as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise BundleError(f"bundle {bundle.name} is not one of ours: {why}", advice=train_again(bundle)) from error


def paper_network(bundle: LoadedBundle, encoded: Encoded) -> PaperNetwork:
    """The paper's network, or half of it, with a bundle's weights.

    Raises:
        BundleError: The settings are impossible, or the weights are not of such a network.
    """
    with _vouched_for(bundle):
        sizes = encoded.vocabularies.sizes()
        _check_training(bundle)
        with torch.device("meta"):
            planned = networks.build(bundle.model, bundle.config["model"], sizes)
        _check_tensors(bundle, planned.state_dict(), bundle.weights, len(encoded.movies.ids))
        network = networks.build(bundle.model, bundle.config["model"], sizes)
        network.load_state_dict({name: torch.from_numpy(value) for name, value in bundle.weights.items()})
    return network


def lcrec_model(bundle: LoadedBundle, data: Dataset, encoded: Encoded) -> lcrec.LCRec:
    """LCRec with a bundle's weights.

    Raises:
        BundleError: The settings are impossible, or the weights are not of such a model.
    """
    with _vouched_for(bundle):
        _check_training(bundle)
        with torch.device("meta"):
            planned = lcrec.network_of(bundle.config["model"], data, encoded)
        kept = {name: value for name, value in bundle.weights.items() if not name.startswith("backbone.")}
        wanted = {f"network.{name}": tensor for name, tensor in planned.state_dict().items()}
        _check_tensors(bundle, wanted, kept, len(encoded.movies.ids))
        return lcrec.from_bundle(bundle, data, encoded)


def _check_training(bundle: LoadedBundle) -> None:
    """Refuse settings of the training that no run can have had: what is served is said to be trained by them."""
    given = bundle.config["train"]
    if bundle.model == networks.LCREC:
        as_kind({name: value for name, value in given.items() if name != "protocol"}, LCRecTrainConfig)
    else:
        from lcrec_core.training.run import TrainConfig  # which is built on what this module is built on

        as_kind(given, TrainConfig)


def _check_tensors(bundle: LoadedBundle, wanted: dict[str, Any], given: dict[str, np.ndarray], movies: int) -> None:
    """Compare names, shapes and types with those of a network that takes no memory yet."""
    if differing := sorted(wanted.keys() ^ given.keys()):
        raise ValueError(f"weights.safetensors lacks {differing[0]}, or has it and should not")
    for name, tensor in wanted.items():
        one, other = _form(tensor.shape, tensor.dtype), _form(given[name].shape, given[name].dtype)
        if one != other:
            raise ValueError(f"weights.safetensors has {name} as {other} where the settings say {one}")
    width = bundle.config["model"].get("feature_size", networks.checked_config(bundle.model, {}).feature_size)
    if bundle.movie_features.shape != (movies, width):
        form = _form(bundle.movie_features.shape, bundle.movie_features.dtype)
        raise ValueError(f"movie_features.safetensors has {form} where the data and the settings say {(movies, width)}")


def _form(shape: tuple[int, ...], dtype: object) -> str:
    return f"{tuple(shape)} {str(dtype).removeprefix('torch.')}"


class PaperPredictor:
    """The paper's network, or half of it."""

    def __init__(self, bundle: LoadedBundle, encoded: Encoded) -> None:
        self._vocabularies = encoded.vocabularies
        self._network = paper_network(bundle, encoded)
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
        self._model = lcrec_model(bundle, data, encoded)
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
    """The predictor of a bundle's model, which has given a first answer.

    Raises:
        BundleError: The bundle is not of this version's making, or answers with what is no number.
    """
    made: Predictor
    with _vouched_for(bundle):
        made = (
            LCRecPredictor(bundle, data, encoded) if bundle.model == networks.LCREC else PaperPredictor(bundle, encoded)
        )
        for count in (0, min(3, len(data.movies))):
            ids = data.movies[Col.MOVIE].to_numpy(np.int64)[:count]
            asked = Profile.of([(movie, data.scale.good, order) for order, movie in enumerate(ids.tolist())])
            said = made.predict(asked, np.ones(count, dtype=bool), np.arange(count))
            if not (np.isfinite(said.ratings).all() and (said.chances is None or np.isfinite(said.chances).all())):
                raise ValueError("its network predicts what is no number")
    return made
