"""Fit LCRec: the backbone first, then the network on what the backbone leaves, fold by fold.

The network must learn from residuals and predictions of the kind it will meet: of ratings that the backbone has not
seen. So the training ratings are cut into folds. For each, a backbone is sampled without it; people are folded in from
the rest; the fold's ratings are the targets, and the rest are the events. A target is in nothing that predicts it:
not in the backbone, not in the person's tastes, not in the sequence. At serving the folds' backbones take their place
together, each rating being known to all of them but one, and everything else is the same.

Somebody new has few ratings. So in each pass some of the people are asked about once more, from a few of their first
ratings alone.
"""

import copy
import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from torch.nn import functional as F

from lcrec_core import machine as memory
from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.files import convenient, seal, unseal, write_whole
from lcrec_core.models.lcrec.backbone import Backbone, Evidence, sample_backbone, together
from lcrec_core.models.lcrec.config import LCRecConfig, LCRecTrainConfig
from lcrec_core.models.lcrec.model import LCRec, backbone_arrays, check_arrays, evidence_of, from_arrays, questions
from lcrec_core.models.lcrec.network import LCRecNetwork
from lcrec_core.models.lcrec.sequences import Rated, Sequences, offsets_of, step, steps
from lcrec_core.models.paper.batches import movie_tensors

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
        watch: Told after every step of the network's training, with what it learns from and the backbone that predicts.
    """
    evidence = evidence_of(data, encoded)
    fold_of = draw_folds(len(evidence.ratings), config)
    backbones, earlier = sample_backbones(evidence, fold_of, config, scratch, say)
    folds = replace(make_folds(data, encoded, evidence, fold_of, backbones, config), earlier_seconds=earlier)
    trained = train_network(data, encoded, folds, network, config, lambda step: watch(step, folds))
    return LCRec(folds.backbone, trained, evidence, encoded, config)


def draw_folds(count: int, config: LCRecTrainConfig) -> np.ndarray:
    """Fold of each of so many training ratings, int64 (R,)."""
    return np.random.default_rng([config.seed, 0]).integers(0, config.folds, count)


def sample_backbones(
    evidence: Evidence, fold_of: np.ndarray, config: LCRecTrainConfig, scratch: Path | None, say: Say
) -> tuple[list[Backbone], float]:
    """Each fold's backbone, of all other ratings, each in a process of its own; see `fit`.

    Returns:
        The backbones, and the seconds that an earlier run spent on those it had finished.
    """
    say(f"0 of {config.folds} backbones sampled")
    jobs = [joblib.delayed(_sample_without)(evidence, fold_of, fold, config, scratch) for fold in range(config.folds)]
    fitting = memory.free_bytes() // memory_need(len(evidence.fields), len(evidence.traits), len(evidence.ratings))
    workers, started = max(1, min(len(jobs), joblib.cpu_count(), fitting)), time.perf_counter()
    drawn, taken = [], 0.0
    for arrays in joblib.Parallel(n_jobs=workers, return_as="generator")(jobs):
        drawn.append(from_arrays(arrays))
        taken += float(arrays["seconds"])
        say(f"{len(drawn)} of {len(jobs)} backbones sampled")
    # All that the processes took, side by side, is longer than this took where some had been finished before.
    return drawn, max(0.0, taken / workers - (time.perf_counter() - started))


def memory_need(people: int, movies: int, ratings: int) -> int:
    """Bytes, about, that sampling one backbone takes: mostly its side information.

    A side's prior holds a matrix of its features by itself, three times while it is factorized: people are features of
    movies, and movies of people.
    """
    table = 4 * people * movies
    return _PROCESS + 2 * table + 4 * movies**2 + 12 * max(people, movies) ** 2 + 200 * ratings


_PROCESS = 400_000_000
"""Bytes of a process with torch in it."""


def check_memory(data: Dataset) -> None:
    """Refuse a data set whose backbone cannot be sampled here, before anything is done.

    Raises:
        TrainingError: The message says what it needs, what there is, and what works.
    """
    people, movies = len(data.users), len(data.movies)
    memory.require(
        memory_need(people, movies, len(data.ratings)),
        f"LCRec on {people:,} people and {movies:,} movies (its matrices grow with the square of both)",
        "train the paper's model on this data set, or LCRec on a smaller one",
    )


@dataclass(frozen=True, eq=False)
class Folds:
    """What the network learns from."""

    backbone: Backbone
    """All folds' together; used only afterwards."""
    sequences: list[tuple[Sequences, Sequences]]
    """Each fold's targets among all other ratings, and among some first ones of each person."""
    ratings: list[np.ndarray]
    """float32, of each fold's targets."""
    earlier_seconds: float = 0.0
    """Spent on the backbones by a run that was stopped."""


def make_folds(
    data: Dataset,
    encoded: Encoded,
    evidence: Evidence,
    fold_of: np.ndarray,
    backbones: list[Backbone],
    config: LCRecTrainConfig,
) -> Folds:
    """What the network learns from, by backbones as `sample_backbones` gives them."""
    return Folds(
        together(backbones, evidence, config.backbone),
        [_fold(data, encoded, evidence, fold_of, fold, backbone, config) for fold, backbone in enumerate(backbones)],
        [evidence.ratings[fold_of == fold] for fold in range(config.folds)],
    )


def _sample_without(
    evidence: Evidence, fold_of: np.ndarray, fold: int, config: LCRecTrainConfig, scratch: Path | None
) -> dict[str, np.ndarray]:
    """The backbone of all ratings but one fold's, as arrays; kept in `scratch`."""
    seen = fold_of != fold
    path = scratch and scratch / f"backbone-{_identity(evidence, seen, fold, config)}.safetensors"
    if path and path.exists():
        kept = _read_kept(path, evidence, config)
        if kept is not None:
            return kept
    torch.set_num_threads(1)
    started = time.perf_counter()
    backbone = sample_backbone(evidence.only(seen), config.backbone, 1000 * config.seed + fold + 1)
    arrays = backbone_arrays(backbone) | {"seconds": np.array(time.perf_counter() - started)}
    if path:
        with convenient("a finished backbone cannot be kept, so it is lost should the run be stopped"):
            write_whole(path, seal(arrays))
    return arrays


def _read_kept(path: Path, evidence: Evidence, config: LCRecTrainConfig) -> dict[str, np.ndarray] | None:
    """A backbone that an earlier run had finished; None for a file that is not one, for it is sampled again then."""
    features = len(evidence.traits) + 2 + evidence.fields.shape[1]
    try:
        arrays = unseal(path.read_bytes())
        seconds = arrays.pop("seconds")
        check_arrays(arrays, len(evidence.traits), features, 1 + config.backbone.factors)
        if not (seconds.shape == () and np.isfinite(seconds) and seconds >= 0):
            raise ValueError("no time")
    except (OSError, ValueError, KeyError, RuntimeError):
        return None
    return {**arrays, "seconds": seconds}


_FORMAT = 4
"""Of a kept backbone's file: one that another version left behind is not taken for ours."""


def _identity(evidence: Evidence, seen: np.ndarray, fold: int, config: LCRecTrainConfig) -> str:
    digest = hashlib.sha256(json.dumps([_FORMAT, fold, config.seed, asdict(config.backbone)]).encode())
    for part in (evidence.people, evidence.movies, evidence.ratings, seen):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:16]


def _fold(
    data: Dataset,
    encoded: Encoded,
    evidence: Evidence,
    fold_of: np.ndarray,
    fold: int,
    backbone: Backbone,
    config: LCRecTrainConfig,
) -> tuple[Sequences, Sequences]:
    """A fold's ratings as targets, by the backbone that has not seen them: among all others, and among a few."""
    histories = encoded.histories
    hidden = fold_of == fold
    targets = Rated(
        offsets_of(evidence.people[hidden], len(encoded.people)), histories.movies[hidden], histories.times[hidden]
    )
    few = _first_ones(evidence.people[~hidden], len(encoded.people), np.random.default_rng([config.seed, 2, fold]))
    middle = data.scale.middle

    def among(rows: np.ndarray) -> Sequences:
        return questions(backbone, evidence.only(rows), histories.times[rows], targets, middle, config.backbone)

    seen = np.flatnonzero(~hidden)
    return among(seen), among(seen[few])


def _first_ones(people: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Positions of some first ratings of each person, from none to all but one: as likely 1-2 as 10-20 or 100-200.

    Args:
        people: int64 (R,), ascending; each person's ratings in time order.
        count: Number of people.
        rng: Of the draw.
    """
    offsets = offsets_of(people, count)
    kept = (1 + np.diff(offsets)) ** rng.random(count) - 1
    return np.flatnonzero(np.arange(len(people)) - offsets[people] < np.floor(kept[people]))


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
        passes = [_pass(folds, config, rng) for _ in range(config.epochs)]
        total, done, seen, per_epoch = sum(map(len, passes)), 0, 0, config.evaluations_per_epoch
        for each in passes:
            points = {math.ceil(len(each) * (i + 1) / per_epoch) for i in range(per_epoch)}
            for position, (fold, short, people) in enumerate(each, start=1):
                # Up within fifty steps, then linearly down to nought.
                rate = config.learning_rate * max(0.02, 1 - done / total) * min(1, (done + 1) / 50)
                for parameters in optimizer.param_groups:
                    parameters["lr"] = rate
                events, targets, asked = step(folds.sequences[fold][short], people, rng, config.without_later)
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


def _pass(folds: Folds, config: LCRecTrainConfig, rng: np.random.Generator) -> list[tuple[int, int, np.ndarray]]:
    """Steps of one pass over all folds, mixed: which fold, whether by a few ratings, and whose targets."""
    found = []
    for fold, pair in enumerate(folds.sequences):
        everybody = np.arange(len(pair[0].offsets) - 1)
        some = np.flatnonzero(rng.random(len(everybody)) < config.short_histories)
        for short, people in enumerate((everybody, some)):
            found += [(fold, short, each) for each in steps(pair[short], people, config.targets_per_step, rng)]
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
