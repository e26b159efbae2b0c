"""Fit LCRec: the backbone first, then the network on what the backbone leaves, fold by fold.

The network must learn from residuals and predictions of the kind it will meet: of ratings that the backbone has not
seen. So the training ratings are cut into folds. For each, a backbone is sampled without it; people are folded in from
the rest; the fold's ratings are the targets, and the rest are the events. A target is in nothing that predicts it:
not in the backbone, not in the person's tastes, not in the sequence. At serving the folds' backbones take their place
together, each rating being known to all of them but one, and everything else is the same.

Somebody new has few ratings. So in each pass some of the people are asked about once more, from a few of their first
ratings alone.
"""

import hashlib
import json
import math
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import cast

import joblib
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from lcrec_core import machine
from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.errors import TrainingError
from lcrec_core.files import convenient, seal, unseal, write_whole
from lcrec_core.metrics.rating import Errors
from lcrec_core.models.contract import Step, Watch
from lcrec_core.models.layers import movie_tensors, with_decay
from lcrec_core.models.lcrec.backbone import (
    Backbone,
    backbone_arrays,
    check_arrays,
    from_arrays,
    merge_chains,
    no_backbone,
)
from lcrec_core.models.lcrec.config import LCRecConfig
from lcrec_core.models.lcrec.model import LCRecModel, build_queries, interactions_of
from lcrec_core.models.lcrec.network import LCRecNetwork
from lcrec_core.models.lcrec.sampler import few_rows, sample_backbone
from lcrec_core.models.lcrec.sequences import Sequences, UserRatings, offsets_of, step, steps
from lcrec_core.models.lcrec.side_information import Interactions

TRAIN_SAMPLE = 20_000
"""Training ratings, about, on which the training error is measured, dropout off."""


def fit(data: Dataset, encoded: Encoded, config: LCRecConfig, scratch: Path | None, watch: Watch) -> LCRecModel:
    """Sample the backbones, all folds' in parallel, and train the network; see `contract.Family.fit`.

    Finished backbones are kept in `scratch`, so that a stop loses little.
    """
    interactions = interactions_of(data, encoded)
    fold_of = draw_folds(len(interactions.ratings), config)
    if config.has_backbone:
        backbones = sample_backbones(interactions, fold_of, config, scratch, watch)
    else:
        backbones = [no_backbone(interactions)] * config.folds
    backbone = merge_chains(backbones, interactions, config.backbone)
    model = LCRecModel(backbone, None, data, encoded, config)
    if not config.has_network:
        watch.step(Step(1, 1, len(interactions.ratings), True, model, lambda: _errors_of_backbone(model)))
        return model
    folds = make_folds(data, encoded, interactions, fold_of, backbones, config)
    return model.with_network(train_network(model, folds, config, watch))


def draw_folds(count: int, config: LCRecConfig) -> np.ndarray:
    """Fold of each of so many training ratings, int64 (R,)."""
    return np.random.default_rng([config.seed, 0]).integers(0, config.folds, count)


def sample_backbones(
    interactions: Interactions, fold_of: np.ndarray, config: LCRecConfig, scratch: Path | None, watch: Watch
) -> list[Backbone]:
    """Each fold's backbone, of all other ratings, each in a process of its own; see `fit`."""
    watch.note(f"0 of {config.folds} backbones sampled")
    jobs = [
        joblib.delayed(_sample_without)(interactions, fold_of, fold, config, scratch) for fold in range(config.folds)
    ]
    fitting = machine.free_bytes() // memory_need(
        len(interactions.user_features), len(interactions.item_features), len(interactions.ratings)
    )
    workers, started = max(1, min(len(jobs), joblib.cpu_count(), fitting)), time.perf_counter()
    drawn, taken = [], 0.0
    for arrays in joblib.Parallel(n_jobs=workers, return_as="generator")(jobs):
        drawn.append(from_arrays(arrays))
        taken += float(arrays["seconds"])
        watch.note(f"{len(drawn)} of {len(jobs)} backbones sampled")
    # All that the processes took, side by side, is longer than this took where some had been finished before.
    watch.skip(max(0.0, taken / workers - (time.perf_counter() - started)))
    return drawn


def memory_need(people: int, movies: int, ratings: int) -> int:
    """Bytes, about, that sampling one backbone takes: mostly its side information.

    A side's prior holds a matrix of its features by itself, or of its rows where they are few, three times while it is
    factorized: people are features of movies, and movies of people.
    """
    table = 4 * people * movies
    of_people = people if few_rows(people, movies) else movies
    of_movies = movies if few_rows(movies, people) else people
    return _PROCESS + 2 * table + 4 * of_people**2 + 12 * max(of_people, of_movies) ** 2 + 200 * ratings


_PROCESS = 400_000_000
"""Bytes of a process with torch in it."""


def check_memory(data: Dataset) -> None:
    """Refuse a data set whose backbone cannot be sampled here, before anything is done.

    Raises:
        TrainingError: The message says what it needs, what there is, and what works.
    """
    people, movies = len(data.users), len(data.movies)
    machine.require(
        memory_need(people, movies, len(data.ratings)),
        f"LCRec on {people:,} people and {movies:,} movies (its matrices grow with their product)",
        "train the paper's model on this data set, or LCRec on a smaller one",
    )


@dataclass(frozen=True, eq=False)
class Folds:
    """What the network learns from."""

    sequences: list[tuple[Sequences, Sequences]]
    """Each fold's targets among all other ratings, and among some first ones of each person."""
    ratings: list[np.ndarray]
    """float32, of each fold's targets."""


def make_folds(
    data: Dataset,
    encoded: Encoded,
    interactions: Interactions,
    fold_of: np.ndarray,
    backbones: list[Backbone],
    config: LCRecConfig,
) -> Folds:
    """What the network learns from, by backbones as `sample_backbones` gives them."""
    return Folds(
        [
            _fold(data, encoded, interactions, fold_of, fold, backbone, config)
            for fold, backbone in enumerate(backbones)
        ],
        [interactions.ratings[fold_of == fold] for fold in range(config.folds)],
    )


def _sample_without(
    interactions: Interactions, fold_of: np.ndarray, fold: int, config: LCRecConfig, scratch: Path | None
) -> dict[str, np.ndarray]:
    """The backbone of all ratings but one fold's, as arrays; kept in `scratch`."""
    seen = fold_of != fold
    path = scratch and scratch / f"backbone-{_identity(interactions, seen, fold, config)}.safetensors"
    if path and path.exists():
        kept = _read_kept(path, interactions, config)
        if kept is not None:
            return kept
    torch.set_num_threads(1)
    started = time.perf_counter()
    backbone = sample_backbone(interactions.only(seen), config.backbone, 1000 * config.seed + fold + 1)
    arrays = backbone_arrays(backbone) | {"seconds": np.array(time.perf_counter() - started)}
    if path:
        with convenient("a finished backbone cannot be kept, so it is lost should the run be stopped"):
            write_whole(path, seal(arrays))
    return arrays


def _read_kept(path: Path, interactions: Interactions, config: LCRecConfig) -> dict[str, np.ndarray] | None:
    """A backbone that an earlier run had finished; None for a file that is not one, for it is sampled again then."""
    features = len(interactions.item_features) + 2 + interactions.user_features.shape[1]
    try:
        arrays = unseal(path.read_bytes())
        seconds = arrays.pop("seconds")
        check_arrays(arrays, len(interactions.item_features), features, 1 + config.backbone.factors)
        if not (seconds.shape == () and np.isfinite(seconds) and seconds >= 0):
            raise ValueError("no time")
    except (OSError, ValueError, KeyError, RuntimeError):
        return None
    return {**arrays, "seconds": seconds}


_FORMAT = 4
"""Of a kept backbone's file: one that another version left behind is not taken for ours."""


def _identity(interactions: Interactions, seen: np.ndarray, fold: int, config: LCRecConfig) -> str:
    digest = hashlib.sha256(json.dumps([_FORMAT, fold, config.seed, asdict(config.backbone)]).encode())
    for part in (interactions.people, interactions.movies, interactions.ratings, seen):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:16]


def _fold(
    data: Dataset,
    encoded: Encoded,
    interactions: Interactions,
    fold_of: np.ndarray,
    fold: int,
    backbone: Backbone,
    config: LCRecConfig,
) -> tuple[Sequences, Sequences]:
    """A fold's ratings as targets, by the backbone that has not seen them: among all others, and among a few."""
    histories = encoded.histories
    hidden = fold_of == fold
    targets = UserRatings(
        offsets_of(interactions.people[hidden], len(encoded.people)), histories.movies[hidden], histories.times[hidden]
    )
    few = _first_ones(interactions.people[~hidden], len(encoded.people), np.random.default_rng([config.seed, 2, fold]))
    middle = data.scale.middle

    def among(rows: np.ndarray) -> Sequences:
        return build_queries(backbone, interactions.only(rows), histories.times[rows], targets, middle, config.backbone)

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


def train_network(model: LCRecModel, folds: Folds, config: LCRecConfig, watch: Watch) -> LCRecNetwork:
    """Fit the network to the folds' targets; the returned weights are a running average of the path.

    Args:
        model: The backbone that predicts afterwards, with the data.
        folds: What is learnt from.
        config: Settings.
        watch: Told after every step.
    """
    encoded, scale = model.encoded, model.data.scale
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = LCRecNetwork(config.network, encoded.vocabularies.sizes(), tuple(scale.values.tolist()))
        # The first update copies the weights as they are, the update of step s averages as `_averaged` says for s.
        averaged = AveragedModel(network, avg_fn=partial(_averaged, config.averaging))
        averaged.update_parameters(network)
        smoothed = cast(LCRecNetwork, averaged.module.eval())
        rng = np.random.default_rng([config.seed, 1])
        movies = movie_tensors(encoded.movies, torch.device("cpu"))
        optimizer = torch.optim.AdamW(with_decay(network, config.weight_decay), lr=config.learning_rate)
        passes = [_pass(folds, config, rng) for _ in range(config.epochs)]
        total, done, seen, per_epoch = sum(map(len, passes)), 0, 0, config.evaluations_per_epoch
        for each in passes:
            points = {math.ceil(len(each) * (i + 1) / per_epoch) for i in range(per_epoch)}
            for position, (fold, short, people) in enumerate(each, start=1):
                # Up within fifty steps, for Adam's second moments are noise at first; then linearly down, and the last
                # steps at a fiftieth, so that none is wasted.
                rate = config.learning_rate * max(0.02, 1 - done / total) * min(1, (done + 1) / 50)
                for parameters in optimizer.param_groups:
                    parameters["lr"] = rate
                events, targets, asked = step(folds.sequences[fold][short], people, rng, config.mask_future_rate)
                actual = torch.from_numpy(folds.ratings[fold][asked])
                log_probabilities = network(events, targets, network.movie_features(*movies))
                error = F.mse_loss(network.mean(log_probabilities), actual)
                nll = F.nll_loss(log_probabilities, (actual.unsqueeze(1) - network.values).abs().argmin(dim=1))
                loss = error + config.nll_weight * nll
                if not torch.isfinite(loss):
                    raise TrainingError(
                        f"the loss of step {done + 1} is not a number; use a smaller learning rate",
                        advice="give a smaller --learning-rate",
                    )
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                done, seen = done + 1, seen + len(asked)
                averaged.update_parameters(network)
                snapshot = model.with_network(smoothed)
                errors = partial(_training_errors, snapshot, folds)
                watch.step(Step(done, total, seen, position in points, snapshot, errors))
    return smoothed


@torch.inference_mode()
def _training_errors(model: LCRecModel, folds: Folds) -> Errors:
    """Errors on some of the first fold's targets, which the network learns from, dropout off."""
    network, sequences, ratings = model.network, folds.sequences[0][0], folds.ratings[0]
    assert network is not None
    everybody = steps(sequences, np.arange(len(sequences.offsets) - 1), 2048)
    predicted, actual = [], []
    for people in everybody[:: max(1, len(everybody) * 2048 // TRAIN_SAMPLE)]:
        events, targets, which = step(sequences, people)
        predicted.append(network.mean(network(events, targets, model.features)).numpy())
        actual.append(ratings[which])
    return Errors.of(np.concatenate(predicted), np.concatenate(actual))


def _errors_of_backbone(model: LCRecModel) -> Errors:
    """Errors on the ratings that the backbone was sampled from."""
    rows = model.encoded.rows[:: max(1, len(model.encoded.rows) // TRAIN_SAMPLE)]
    predicted = model.data.scale.clip(model.rows(rows.copy()).scores)
    return Errors.of(predicted, model.data.ratings[Col.RATING].to_numpy()[rows])


def _pass(folds: Folds, config: LCRecConfig, rng: np.random.Generator) -> list[tuple[int, int, np.ndarray]]:
    """Steps of one pass over all folds, mixed: which fold, whether by a few ratings, and whose targets."""
    found = []
    for fold, pair in enumerate(folds.sequences):
        everybody = np.arange(len(pair[0].offsets) - 1)
        some = np.flatnonzero(rng.random(len(everybody)) < config.short_context_rate)
        for short, people in enumerate((everybody, some)):
            found += [(fold, short, each) for each in steps(pair[short], people, config.targets_per_step, rng)]
    return [found[i] for i in rng.permutation(len(found))]


def _averaged(longest: float, kept: Tensor, now: Tensor, steps: Tensor) -> Tensor:
    """The running average of a weight after so many steps: over all of them at first, then over a fixed window."""
    done = int(steps)
    # Ten steps' worth of the start: a mean of one or two steps would be as noisy as the weights themselves.
    return kept.lerp(now, 1 - min(longest, done / (done + 10)))
