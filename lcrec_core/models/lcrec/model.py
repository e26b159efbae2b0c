"""LCRec: a backbone and a network over its residuals, and what they answer together.

People are folded into the backbone from the ratings that may be read; the network reads those ratings in time order,
each with what the backbone leaves of it. This holds for rows of a test part and for somebody new alike, so one way of
asking serves the measurements and the app.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.files import as_kind
from lcrec_core.models.bundle import LoadedBundle
from lcrec_core.models.lcrec.backbone import (
    Backbone,
    Evidence,
    LogCount,
    fields_of,
    fold_in,
    person_features,
    predict,
    predict_catalogue,
    traits_of,
)
from lcrec_core.models.lcrec.config import BackboneConfig, LCRecConfig, LCRecTrainConfig
from lcrec_core.models.lcrec.network import LCRecNetwork
from lcrec_core.models.lcrec.sequences import Rated, Sequences, all_steps, make_sequences, offsets_of, step
from lcrec_core.models.paper.batches import movie_tensors

FIELDS = ("genders", "ages", "occupations")
"""Vocabularies of the fields that the backbone knows people by, in the order of encoded people."""


@dataclass(frozen=True, eq=False)
class LCRec:
    """The trained model with the ratings that it was fitted on."""

    backbone: Backbone
    network: LCRecNetwork
    evidence: Evidence
    encoded: Encoded
    config: LCRecTrainConfig


def evidence_of(data: Dataset, encoded: Encoded) -> Evidence:
    """The training ratings, and what is known of people and movies."""
    histories, sizes = encoded.histories, encoded.vocabularies.sizes()
    return Evidence(
        people=np.repeat(np.arange(len(encoded.people)), np.diff(histories.offsets)),
        movies=histories.movies,
        ratings=histories.ratings,
        fields=fields_of(encoded.people, [sizes[name] for name in FIELDS]),
        traits=traits_of(
            encoded.movies.genres, sizes["genres"], data.movies[Col.YEAR].to_numpy(np.float64, na_value=np.nan)
        ),
    )


def to_weights(model: LCRec) -> dict[str, np.ndarray]:
    """Everything learnt as named arrays, for a bundle."""
    network = {f"network.{name}": value.numpy() for name, value in model.network.state_dict().items()}
    return network | {f"backbone.{name}": value for name, value in backbone_arrays(model.backbone).items()}


def network_of(settings: dict[str, Any], data: Dataset, encoded: Encoded) -> LCRecNetwork:
    """The network that settings, as a bundle has them, describe; untrained.

    Raises:
        ValueError: The settings are impossible.
    """
    sizes = as_kind(settings, LCRecConfig)
    return LCRecNetwork(sizes, encoded.vocabularies.sizes(), tuple(data.scale.values.tolist()))


def from_bundle(bundle: LoadedBundle, data: Dataset, encoded: Encoded) -> LCRec:
    """The model that a bundle holds; `predictors.lcrec_model` looks at the bundle first.

    Raises:
        ValueError: Its settings are impossible, or its arrays are not a backbone's.
    """
    network = network_of(bundle.config["model"], data, encoded)
    arrays: dict[str, dict[str, np.ndarray]] = {"network": {}, "backbone": {}}
    for name, value in bundle.weights.items():
        part, _, own_name = name.partition(".")
        arrays.setdefault(part, {})[own_name] = value
    network.load_state_dict({name: torch.from_numpy(value) for name, value in arrays["network"].items()})
    network.eval().requires_grad_(False)
    settings = {name: value for name, value in bundle.config["train"].items() if name != "protocol"}
    config = as_kind(settings, LCRecTrainConfig)
    evidence = evidence_of(data, encoded)
    people_features = evidence.traits.shape[0] + 2 + evidence.fields.shape[1]
    check_arrays(arrays["backbone"], len(evidence.traits), people_features, 1 + config.backbone.factors)
    return LCRec(from_arrays(arrays["backbone"]), network, evidence, encoded, config)


def check_arrays(arrays: dict[str, np.ndarray], movies: int, features: int, width: int) -> None:
    """Refuse what is no backbone of so many movies, features of a person and coefficients.

    Raises:
        ValueError: The message names the array.
    """
    samples = len(arrays["precision"]) if np.ndim(arrays.get("precision", 0)) else 0
    wanted: dict[str, tuple[tuple[int, ...], type]] = {
        "numbers": ((6,), np.float64),
        "precision": ((samples, width, width), np.float32),
        "usual_set": ((movies,), np.float32),
        "movies": ((samples, movies, width), np.int8),
        "movies_scale": ((samples, 1, width), np.float32),
        "weights": ((samples, features, width), np.int8),
        "weights_scale": ((samples, 1, width), np.float32),
    }
    if differing := sorted(wanted.keys() ^ arrays.keys()):
        raise ValueError(f"the backbone lacks {differing[0]}, or has it and should not")
    for name, (shape, dtype) in wanted.items():
        if (arrays[name].shape, arrays[name].dtype) != (shape, dtype):
            raise ValueError(f"the backbone's {name} is {arrays[name].shape} {arrays[name].dtype}, not {shape}")
    _, noise, noise_ratings, _, deviation, _ = arrays["numbers"].tolist()
    if not samples or min(noise, noise_ratings, deviation) <= 0:
        raise ValueError("the backbone has no samples, or a spread that is not positive")
    torch.linalg.cholesky(torch.from_numpy(arrays["precision"]))  # which takes a positive definite matrix alone


def backbone_arrays(backbone: Backbone) -> dict[str, np.ndarray]:
    """As named arrays, for a file: the large ones in bytes, which are far finer than what the samples disagree by."""
    numbers = [backbone.mean, backbone.noise, backbone.noise_ratings, *backbone.log_count]
    arrays = {name: getattr(backbone, name).numpy() for name in ("precision", "usual_set")}
    for name in _IN_BYTES:
        values = getattr(backbone, name)
        scale = values.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
        arrays |= {name: (values / scale).round().to(torch.int8).numpy(), f"{name}_scale": scale.numpy()}
    return {**arrays, "numbers": np.array(numbers, dtype=np.float64)}


def from_arrays(arrays: dict[str, np.ndarray]) -> Backbone:
    """The backbone that `backbone_arrays` took apart."""
    mean, noise, noise_ratings, *log_count = arrays["numbers"].tolist()
    movies, weights = (torch.from_numpy(arrays[name] * arrays[f"{name}_scale"]) for name in _IN_BYTES)
    precision, usual_set = (torch.from_numpy(arrays[name]) for name in ("precision", "usual_set"))
    return Backbone(mean, noise, noise_ratings, movies, weights, precision, LogCount(*log_count), usual_set)


_IN_BYTES = ("movies", "weights")


@dataclass(frozen=True, eq=False)
class Answer:
    """Predictions of N ratings."""

    rating: np.ndarray
    """float32 (N,), the distribution's mean."""
    probabilities: np.ndarray
    """float32 (N, V), of the scale's values."""
    backbone: np.ndarray
    """float32 (N,), the backbone's rating alone, not clipped to the scale."""


@torch.inference_mode()
def catalogue_features(model: LCRec) -> Tensor:
    """M_f of every movie (M, D), to be kept."""
    return features_of(model.network, model.encoded)


@torch.inference_mode()
def features_of(network: LCRecNetwork, encoded: Encoded) -> Tensor:
    """M_f of every movie (M, D) by a network on its own."""
    return network.movie_features(*movie_tensors(encoded.movies, torch.device("cpu")))


def answer_rows(data: Dataset, model: LCRec, rows: np.ndarray, *, later: bool = True) -> Answer:
    """Predict rows of `data.ratings` that the model was not fitted on, in their order.

    Args:
        data: The data set.
        model: Which was fitted on other rows of it.
        rows: int64 (N,).
        later: Whether a person's training ratings after a row's time may be read.
    """
    asked = ask_rows(data, model.backbone, model.evidence, model.encoded, rows, model.config.backbone)
    return asked.answer(model.network, catalogue_features(model), later=later)


@dataclass(frozen=True, eq=False)
class Asked:
    """Rows of a data set with all that the backbone says of them; the network's part can be asked again and again."""

    sequences: Sequences
    order: np.ndarray
    """int64 (N,): where each target of the sequences stands among the rows."""

    def answer(self, network: LCRecNetwork, features: Tensor, *, later: bool = True) -> Answer:
        """Predictions in the order of the rows."""
        answer = _answer(network, self.sequences, features, later=later)
        back = np.argsort(self.order)
        return Answer(answer.rating[back], answer.probabilities[back], answer.backbone[back])


def ask_rows(
    data: Dataset, backbone: Backbone, evidence: Evidence, encoded: Encoded, rows: np.ndarray, config: BackboneConfig
) -> Asked:
    """Put rows of `data.ratings` among what their people rated in training."""
    asked = data.ratings.iloc[rows]
    people = np.searchsorted(data.users[Col.USER].to_numpy(), asked[Col.USER].to_numpy())
    times = asked[Col.TIME].to_numpy()
    order = np.lexsort((times, people))
    movies = np.searchsorted(data.movies[Col.MOVIE].to_numpy(), asked[Col.MOVIE].to_numpy())
    targets = Rated(offsets_of(people, len(data.users)), movies[order], times[order])
    return Asked(questions(backbone, evidence, encoded.histories.times, targets, data.scale.middle, config), order)


@torch.inference_mode()
def answer_person(
    model: LCRec, features: Tensor, fields: np.ndarray, history: Rated, ratings: np.ndarray, now: int
) -> Answer:
    """Predict every movie for one person, known or new, from their ratings alone.

    Args:
        model: Any.
        features: From `catalogue_features`.
        fields: float32 (f,), indicators of the person's fields, see `backbone.fields_of`.
        history: Their R ratings in time order, `offsets` being (0, R).
        ratings: float32 (R,).
        now: When they are asked, seconds since 1970.
    """
    people, movies = np.zeros(len(ratings), dtype=np.int64), torch.from_numpy(history.movies)
    seen = Evidence(people, history.movies, ratings, fields[None], model.evidence.traits)
    features_of_person = person_features(seen, model.backbone.log_count, model.config.backbone)
    folded = fold_in(model.backbone, people, movies, torch.from_numpy(ratings), features_of_person)
    rating, spread = predict_catalogue(model.backbone, folded.tastes)
    # The network is asked once about the time, and with that about every movie.
    nothing, middle = np.zeros(1, dtype=np.int64), model.network.middle
    once = Rated(np.array([0, 1]), nothing, np.array([now]))
    sequences = make_sequences(history, folded.left_out.numpy(), ratings, middle, once, nothing, nothing)
    events, time, _ = step(sequences, nothing, without_later=1.0)
    targets = replace(time, movies=torch.arange(len(rating)), backbone=rating, spread=spread)
    probabilities = model.network(events, targets, features).exp()
    return Answer((probabilities @ model.network.values).numpy(), probabilities.numpy(), rating.numpy())


def questions(
    backbone: Backbone,
    seen: Evidence,
    times: np.ndarray,
    targets: Rated,
    middle: float,
    config: BackboneConfig,
) -> Sequences:
    """Targets among the events that people are folded in from.

    Args:
        backbone: Which has seen none of the targets.
        seen: The events, person by person in time order.
        times: int64 (R,), of the events.
        targets: What is asked, person by person.
        middle: Of the rating scale.
        config: Of the backbone.
    """
    people = len(seen.fields)
    features = person_features(seen, backbone.log_count, config)
    ratings = torch.from_numpy(seen.ratings)
    folded = fold_in(backbone, seen.people, torch.from_numpy(seen.movies), ratings, features)
    asked = np.repeat(np.arange(people), np.diff(targets.offsets))
    rating, spread = predict(backbone, folded.tastes, torch.from_numpy(asked), torch.from_numpy(targets.movies))
    return make_sequences(
        Rated(offsets_of(seen.people, people), seen.movies, times),
        folded.left_out.numpy(),
        seen.ratings,
        middle,
        targets,
        rating.numpy(),
        spread.numpy(),
    )


@torch.inference_mode()
def _answer(network: LCRecNetwork, sequences: Sequences, features: Tensor, *, later: bool) -> Answer:
    values = network.values.numpy()
    probabilities = np.empty((len(sequences), len(values)), dtype=np.float32)
    for events, targets, which in all_steps(sequences, later=later):
        probabilities[which] = network(events, targets, features).exp().numpy()
    return Answer(probabilities @ values, probabilities, sequences.backbone)
