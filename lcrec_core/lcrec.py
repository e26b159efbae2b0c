"""Train LCRec: the backbone first, then the network on what the backbone leaves, fold by fold.

The network must learn from residuals and predictions of the kind it will meet: of ratings that the backbone has not
seen. So the training ratings are cut into folds. For each, a backbone is sampled without it; people are folded in from
the rest; the fold's ratings are the targets, and the rest are the events. A target is in nothing that predicts it:
not in the backbone, not in the person's tastes, not in the sequence. At serving the backbone of all training ratings
takes their place, and everything else is the same.
"""

import copy
import hashlib
import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from lcrec_core import networks
from lcrec_core.artifacts import LoadedBundle
from lcrec_core.backbone import (
    Backbone,
    BackboneConfig,
    Evidence,
    fields_of,
    fold_in,
    group,
    person_features,
    predict,
    sample_backbone,
    traits_of,
)
from lcrec_core.batches import movie_tensors
from lcrec_core.dataset import Col, Dataset
from lcrec_core.encode import Encoded
from lcrec_core.networks.lcrec import LCRecConfig, LCRecNetwork
from lcrec_core.sequences import Rated, Sequences, all_steps, make_sequences, step, steps

FIELDS = ("genders", "ages", "occupations")
"""Vocabularies of the fields that the backbone knows people by, in the order of encoded people."""


@dataclass(frozen=True)
class LCRecTrainConfig:
    """Settings of a training run."""

    folds: int = 5
    """Into which the training ratings are cut."""
    epochs: int = 3
    """Passes over all folds' targets."""
    learning_rate: float = 0.002
    """Of AdamW at the start; it falls linearly to nought."""
    weight_decay: float = 0.0001
    """Of weight matrices and embeddings."""
    targets_per_step: int = 4096
    """Ratings predicted per step, about."""
    without_later: float = 0.2
    """Share of targets whose later events are hidden in training, as they are in a live prediction."""
    spread_loss: float = 0.1
    """Weight of the distribution's log loss beside the squared error of its mean."""
    evaluations_per_epoch: int = 2
    """Points per pass at which the errors are drawn."""
    averaging: float = 0.98
    """Decay per step of the running average of the weights, which is what is kept."""
    seed: int = 0
    backbone: BackboneConfig = field(default_factory=BackboneConfig)

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise ValueError(f"folds must be at least 2, got {self.folds}")
        for name in ("epochs", "targets_per_step", "evaluations_per_epoch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("without_later", "averaging"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must lie in [0, 1), got {getattr(self, name)}")


@dataclass(frozen=True, eq=False)
class LCRec:
    """The trained model with the ratings that it was fitted on."""

    backbone: Backbone
    network: LCRecNetwork
    evidence: Evidence
    encoded: Encoded
    config: LCRecTrainConfig


Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Step:
    """How far the network's training is, told after every step."""

    done: int
    total: int
    ratings: int
    """Predicted and learnt from so far."""
    evaluate: bool
    """Whether the errors are to be drawn here."""
    averaged: LCRecNetwork
    """The network as it would be kept now."""


Watch = Callable[[Step], None]


def fit(
    data: Dataset,
    encoded: Encoded,
    network: LCRecConfig,
    config: LCRecTrainConfig,
    scratch: Path | None = None,
    say: Say = lambda line: None,
    watch: Callable[[Step, "Folds"], None] = lambda step, folds: None,
) -> LCRec:
    """Sample the backbones, all folds' in parallel, and train the network.

    Args:
        data: The data set, for its years, times and scale.
        encoded: Fitted on the training part, whose histories are all that is learnt from.
        network: Sizes.
        config: Settings.
        scratch: Folder where finished backbones are kept until the run ends, so that a stop loses little.
        say: Told what the run does.
        watch: Told after every step of the network's training, with what it learns from and the backbone of everything.
    """
    evidence = evidence_of(data, encoded)
    fold_of = np.random.default_rng([config.seed, 0]).integers(0, config.folds, len(evidence.ratings))
    say(f"0 of {config.folds + 1} backbones sampled")
    jobs = [joblib.delayed(_sample)(evidence, fold_of, fold, config, scratch) for fold in [-1, *range(config.folds)]]
    # Each in a process of its own.
    drawn = []
    for arrays in joblib.Parallel(n_jobs=min(len(jobs), joblib.cpu_count()), return_as="generator")(jobs):
        drawn.append(arrays)
        say(f"{len(drawn)} of {len(jobs)} backbones sampled")
    whole, *parts = drawn
    folds = Folds(
        _backbone(whole),
        [_fold(data, encoded, evidence, fold_of, fold, part, config) for fold, part in enumerate(parts)],
        [evidence.ratings[fold_of == fold] for fold in range(config.folds)],
    )
    trained = train_network(data, encoded, folds, network, config, lambda step: watch(step, folds))
    return LCRec(folds.backbone, trained, evidence, encoded, config)


@dataclass(frozen=True, eq=False)
class Folds:
    """What the network learns from."""

    backbone: Backbone
    """Of all training ratings; used only afterwards."""
    sequences: list[Sequences]
    """Each fold's targets among all other ratings."""
    ratings: list[np.ndarray]
    """float32, of each fold's targets."""


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
    """Everything learnt as named arrays, for a bundle; the backbone's in half precision."""
    network = {f"network.{name}": value.numpy() for name, value in model.network.state_dict().items()}
    return network | {f"backbone.{name}": value for name, value in backbone_arrays(model.backbone).items()}


def from_bundle(bundle: LoadedBundle, data: Dataset, encoded: Encoded) -> LCRec:
    """The model that a bundle holds."""
    arrays: dict[str, dict[str, np.ndarray]] = {"network": {}, "backbone": {}}
    for name, value in bundle.weights.items():
        part, _, own_name = name.partition(".")
        arrays[part][own_name] = value
    values = tuple(data.scale.values.tolist())
    sizes = LCRecConfig(**networks.plain_settings(bundle.config["model"]))
    network = LCRecNetwork(sizes, encoded.vocabularies.sizes(), values)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in arrays["network"].items()})
    network.eval().requires_grad_(False)
    settings = {name: bundle.config["train"][name] for name in LCRecTrainConfig.__dataclass_fields__}
    config = LCRecTrainConfig(**{**settings, "backbone": BackboneConfig(**settings["backbone"])})
    return LCRec(_backbone(arrays["backbone"]), network, evidence_of(data, encoded), encoded, config)


def _sample(
    evidence: Evidence, fold_of: np.ndarray, fold: int, config: LCRecTrainConfig, scratch: Path | None
) -> dict[str, np.ndarray]:
    """A backbone without one fold (-1: of everything), as arrays; in a process of its own."""
    seen = fold_of != fold
    path = scratch and scratch / f"backbone-{_identity(evidence, seen, fold, config)}.safetensors"
    if path and path.exists():
        try:
            return load_file(path)
        except (OSError, SafetensorError):
            path.unlink()
    torch.set_num_threads(1)
    backbone = sample_backbone(_seen(evidence, seen), config.backbone, 1000 * config.seed + fold + 1)
    arrays = backbone_arrays(backbone)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        save_file(arrays, beside)
        beside.replace(path)
    return arrays


def backbone_arrays(backbone: Backbone) -> dict[str, np.ndarray]:
    """As named arrays, for a file: half precision is far finer than what the samples disagree by."""
    numbers = [backbone.mean, backbone.noise, backbone.noise_ratings, *backbone.log_count]
    tensors = {name: getattr(backbone, name).half().numpy() for name in ("movies", "weights")}
    tensors["precision"] = backbone.precision.numpy()
    return {**tensors, "numbers": np.array(numbers, dtype=np.float64)}


def _backbone(arrays: dict[str, np.ndarray]) -> Backbone:
    mean, noise, noise_ratings, *log_count = arrays["numbers"].tolist()
    movies, weights, precision = (torch.from_numpy(arrays[name]).float() for name in ("movies", "weights", "precision"))
    return Backbone(mean, noise, noise_ratings, movies, weights, precision, (log_count[0], log_count[1]))


def _identity(evidence: Evidence, seen: np.ndarray, fold: int, config: LCRecTrainConfig) -> str:
    digest = hashlib.sha256(json.dumps([fold, config.seed, asdict(config.backbone)]).encode())
    for part in (evidence.people, evidence.movies, evidence.ratings, seen):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:16]


def _seen(evidence: Evidence, seen: np.ndarray) -> Evidence:
    return Evidence(
        evidence.people[seen], evidence.movies[seen], evidence.ratings[seen], evidence.fields, evidence.traits
    )


def _fold(
    data: Dataset,
    encoded: Encoded,
    evidence: Evidence,
    fold_of: np.ndarray,
    fold: int,
    arrays: dict[str, np.ndarray],
    config: LCRecTrainConfig,
) -> Sequences:
    """A fold's ratings as targets among all others, by the backbone that has not seen them."""
    histories = encoded.histories
    hidden = fold_of == fold
    seen = _seen(evidence, ~hidden)
    targets = Rated(
        _offsets(evidence.people[hidden], len(encoded.people)), histories.movies[hidden], histories.times[hidden]
    )
    return questions(_backbone(arrays), seen, histories.times[~hidden], targets, data.scale.middle, config.backbone)


def questions(
    backbone: Backbone, seen: Evidence, times: np.ndarray, targets: Rated, middle: float, config: BackboneConfig
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
    folded = fold_in(backbone, group(seen.people, people), torch.from_numpy(seen.movies), ratings, features)
    asked = np.repeat(np.arange(people), np.diff(targets.offsets))
    rating, spread = predict(backbone, folded.tastes, torch.from_numpy(asked), torch.from_numpy(targets.movies))
    return make_sequences(
        Rated(_offsets(seen.people, people), seen.movies, times),
        folded.left_out.numpy(),
        seen.ratings,
        middle,
        targets,
        rating.numpy(),
        spread.numpy(),
    )


def _offsets(people: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.bincount(people, minlength=count))])


def train_network(
    data: Dataset,
    encoded: Encoded,
    folds: Folds,
    sizes: LCRecConfig,
    config: LCRecTrainConfig,
    watch: Watch = lambda step: None,
) -> LCRecNetwork:
    """Fit the network to the folds' targets; the returned weights are a running average of the path."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = LCRecNetwork(sizes, encoded.vocabularies.sizes(), tuple(data.scale.values.tolist()))
        averaged = copy.deepcopy(network).eval()
        rng = np.random.default_rng([config.seed, 1])
        movies = movie_tensors(encoded.movies, torch.device("cpu"))
        optimizer = torch.optim.AdamW(_with_decay(network, config.weight_decay), lr=config.learning_rate)
        passes = [_pass(folds, config.targets_per_step, rng) for _ in range(config.epochs)]
        total, done, seen, per_epoch = sum(map(len, passes)), 0, 0, config.evaluations_per_epoch
        for each in passes:
            points = {math.ceil(len(each) * (i + 1) / per_epoch) for i in range(per_epoch)}
            for position, (fold, people) in enumerate(each, start=1):
                # Up within fifty steps, then linearly down to nought.
                rate = config.learning_rate * max(0.02, 1 - done / total) * min(1, (done + 1) / 50)
                for parameters in optimizer.param_groups:
                    parameters["lr"] = rate
                events, targets, asked = step(folds.sequences[fold], people, rng, config.without_later)
                actual = torch.from_numpy(folds.ratings[fold][asked])
                log_probabilities = network(events, targets, network.movie_features(*movies))
                error = F.mse_loss(network.mean(log_probabilities), actual)
                surprise = F.nll_loss(log_probabilities, (actual.unsqueeze(1) - network.values).abs().argmin(dim=1))
                optimizer.zero_grad()
                (error + config.spread_loss * surprise).backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                done, seen = done + 1, seen + len(asked)
                _move_average(averaged, network, min(config.averaging, done / (done + 10)))
                watch(Step(done, total, seen, position in points, averaged))
    return averaged


def _pass(folds: Folds, targets_each: int, rng: np.random.Generator) -> list[tuple[int, np.ndarray]]:
    """Steps of one pass over all folds, mixed: which fold, and whose targets."""
    found = [(fold, people) for fold, part in enumerate(folds.sequences) for people in steps(part, targets_each, rng)]
    return [found[i] for i in rng.permutation(len(found))]


@torch.no_grad()
def _move_average(average: LCRecNetwork, network: LCRecNetwork, decay: float) -> None:
    for kept, now in zip(average.parameters(), network.parameters(), strict=True):
        kept.lerp_(now, 1 - decay)


def _with_decay(network: torch.nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weight decay for matrices and embeddings, none for biases."""
    matrices = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


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
    targets = Rated(_offsets(people, len(data.users)), movies[order], times[order])
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
    people = np.zeros(len(ratings), dtype=np.int64)
    seen = Evidence(people, history.movies, ratings, fields[None], model.evidence.traits)
    count = len(model.evidence.traits)
    targets = Rated(np.array([0, count]), np.arange(count), np.full(count, now, dtype=np.int64))
    sequences = questions(model.backbone, seen, history.times, targets, model.network.middle, model.config.backbone)
    return _answer(model.network, sequences, features, later=False)


@torch.inference_mode()
def _answer(network: LCRecNetwork, sequences: Sequences, features: Tensor, *, later: bool) -> Answer:
    values = network.values.numpy()
    probabilities = np.empty((len(sequences), len(values)), dtype=np.float32)
    for events, targets, which in all_steps(sequences, later=later):
        probabilities[which] = network(events, targets, features).exp().numpy()
    return Answer(probabilities @ values, probabilities, sequences.backbone)
