"""Fit the pick network: at moments of people's histories, what they liked among the ratings that follow.

Every random choice of a pass is a function of (seed, pass) alone, so that a run that was stopped and resumed after a
pass ends with the same weights as one that was not.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import UNK, Encoded
from lcrec_core.errors import TrainingError
from lcrec_core.files import convenient
from lcrec_core.models.checkpoint import State, load_checkpoint, save_checkpoint
from lcrec_core.models.contract import Step, Watch
from lcrec_core.models.layers import with_decay
from lcrec_core.models.pick.config import PickConfig
from lcrec_core.models.pick.model import PickModel, empty_network
from lcrec_core.models.pick.network import UNKNOWN_GAP, PickNetwork, embedding_and_bias, weighted_log_likelihood
from lcrec_core.models.pick.sequences import History, People, Window, events_of, of_similar_length
from lcrec_core.models.settings import saved

FROM_START = 0.3
"""Share of the longer histories' windows that begin with the first rating: a visitor always does."""
WARM_UP = 50
"""Steps in which the learning rate rises, for Adam's second moments are noise at first."""


def fit(data: Dataset, encoded: Encoded, config: PickConfig, scratch: Path | None, watch: Watch) -> PickModel:
    """Train the network; see `contract.Family.fit`. A checkpoint is kept in `scratch` after every pass."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = empty_network(config.network, data, encoded)
        people = People(encoded.histories, encoded, data.scale)
        start_at_popularity(network, people)
        network.dropout.p = config.dropout
        return _run(network, people, PickModel(network, data, encoded), config, scratch, watch)


def start_at_popularity(network: PickNetwork, people: People) -> None:
    """The bias: how often each movie was liked, and once more, as a share."""
    counts = torch.from_numpy(np.bincount(people.movies[people.liked], minlength=len(network.popularity))) + 1.0
    with torch.no_grad():
        network.popularity.copy_((counts / counts.sum()).log())


def _run(
    network: PickNetwork, people: People, model: PickModel, config: PickConfig, scratch: Path | None, watch: Watch
) -> PickModel:
    optimizer = torch.optim.AdamW(with_decay(network, config.weight_decay), lr=config.learning_rate, betas=(0.9, 0.98))
    checkpoint, run = scratch and scratch / "checkpoint.safetensors", _identity(model, config)
    first, read = 0, 0
    if checkpoint is not None and checkpoint.is_file():
        state = load_checkpoint(checkpoint, network, optimizer, run)
        first, read = state.epoch, state.ratings_seen
        watch.go_on(state.so_far)
    for epoch in range(first, config.epochs):
        rng = np.random.default_rng([config.seed, epoch])
        torch.manual_seed(int(rng.integers(2**31)))  # of dropout
        network.train()
        steps = list(batches(people, config, rng))
        for position, batch in enumerate(steps):
            share = (epoch + position / len(steps)) / config.epochs
            # The last steps at a fiftieth, so that none is wasted.
            rate = config.learning_rate * max(0.02, 1 - share)
            for group in optimizer.param_groups:
                group["lr"] = rate if epoch else rate * min(1, (position + 1) / WARM_UP)
            loss = -likelihood(network, batch, config, rng)
            if not torch.isfinite(loss):
                raise TrainingError(
                    f"the loss of step {position + 1} in pass {epoch + 1} is not a number; use a smaller learning rate",
                    advice="give a smaller --learning-rate",
                )
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            read += sum(each.window.stop - each.window.start for each in batch)
            last = position + 1 == len(steps)
            network.eval()

            def keep(epoch: int = epoch, read: int = read) -> None:
                if checkpoint is not None:
                    with convenient("no checkpoint can be written, so the run cannot be resumed should it be stopped"):
                        done = State(epoch + 1, 0, read, watch.so_far())
                        save_checkpoint(checkpoint, network, optimizer, done, run)

            done, total = epoch * len(steps) + position + 1, config.epochs * len(steps)
            watch.step(Step(done, total, read, last, model, None, keep))
            network.train()
    network.eval()
    return model


@dataclass(frozen=True, eq=False)
class Task:
    """One person's window in training."""

    window: Window
    weights: np.ndarray
    """float32 (T,): of each of the window's ratings as a target."""
    shuffled: bool


def batches(people: People, config: PickConfig, rng: np.random.Generator) -> Iterator[list[Task]]:
    """Steps of one pass, in random order: a window of everybody with two ratings or more."""
    counts = np.diff(people.offsets)
    everybody = np.flatnonzero(counts > 1)
    lengths = np.minimum(counts[everybody], config.network.longest)
    starts = np.floor(rng.random(len(everybody)) * (counts[everybody] - lengths + 1)).astype(np.int64)
    starts[rng.random(len(everybody)) < FROM_START] = 0
    shuffled = rng.random(len(everybody)) < config.shuffled_rate
    # Groups differ from pass to pass, and are of about one length.
    groups = list(of_similar_length(lengths * (1 + 0.2 * rng.random(len(lengths))), config.events_per_step))
    for group in (groups[i] for i in rng.permutation(len(groups))):
        yield [
            _task(people, int(everybody[i]), int(starts[i]), int(lengths[i]), bool(shuffled[i]), config, rng)
            for i in group
        ]


def _task(
    people: People, person: int, start: int, length: int, shuffled: bool, config: PickConfig, rng: np.random.Generator
) -> Task:
    history = people.of(person)
    own = slice(people.offsets[person], people.offsets[person + 1])
    liked = people.liked[own]
    fields = np.where(rng.random(len(history.fields)) < config.hidden_fields_rate, UNK, history.fields)
    order = np.arange(len(liked))
    gaps = history.gaps
    if shuffled:
        order[start : start + length] = start + rng.permutation(length)
        gaps = np.full_like(gaps, UNKNOWN_GAP)
    history = History(history.movies[order], history.levels[order], gaps, fields)
    weights = liked[order][start : start + length].astype(np.float32) if config.liked_only else np.ones(length, "f4")
    return Task(Window(history, start, start + length), weights, shuffled)


def likelihood(network: PickNetwork, tasks: list[Task], config: PickConfig, rng: np.random.Generator) -> torch.Tensor:
    """Mean log-probability of the targets at moments of some windows; see `weighted_log_likelihood`."""
    events = events_of([task.window for task in tasks])
    tastes = network(events)
    lengths = np.array([len(task.weights) for task in tasks])
    rows, moments = _moments(lengths, config.moments, rng)
    weights = torch.zeros(events.movies.shape)
    for row, task in enumerate(tasks):
        weights[row, : len(task.weights)] = torch.from_numpy(task.weights)
    # Sums over the targets of a moment are differences of running sums.
    targets = torch.cat([embedding_and_bias(network, events.movies), torch.ones_like(weights).unsqueeze(2)], dim=2)
    running = torch.cat([targets.new_zeros(len(tasks), 1, targets.shape[2]), targets * weights.unsqueeze(2)], dim=1)
    running = running.cumsum(dim=1)
    shuffled = np.array([task.shuffled for task in tasks])
    ends = np.minimum(np.where(shuffled[rows], lengths[rows], moments + config.horizon), lengths[rows])
    rows_, moments_, ends_ = (torch.from_numpy(part) for part in (rows, moments, ends))
    sums = running[rows_, ends_] - running[rows_, moments_]
    asked = sums[:, -1] > 0.5
    if not asked.any():
        return tastes.sum() * 0
    sums = sums[asked]
    return weighted_log_likelihood(network, tastes[rows_, moments_][asked], sums[:, :-1], sums[:, -1])


def _moments(lengths: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Which moments of which windows are asked about: int64 (N,) rows and (N,) numbers of ratings read before."""
    if not count:
        rows = np.repeat(np.arange(len(lengths)), lengths)
        return rows, np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    early = (rng.random((len(lengths), count // 3)) * np.minimum(lengths, FIRST_RATINGS)[:, None]).astype(np.int64)
    later = (rng.random((len(lengths), count - count // 3)) * lengths[:, None]).astype(np.int64)
    early[:, :1] = 0  # of somebody who has rated nothing
    return np.repeat(np.arange(len(lengths)), count), np.concatenate([early, later], axis=1).ravel()


FIRST_RATINGS = 21
"""A third of the moments is among so many first ratings."""


def _identity(model: PickModel, config: PickConfig) -> dict[str, object]:
    """What must be the same for a run to be resumed; see `paper.fit`."""
    rows = np.ascontiguousarray(model.encoded.rows, dtype=np.int64)
    return {
        **saved(config),
        "training part": hashlib.sha256(rows.tobytes()).hexdigest(),
        "data": asdict(model.data.fingerprint),
    }
