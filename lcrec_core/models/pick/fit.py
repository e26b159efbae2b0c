"""Fit the pick network: at moments of people's histories, what they liked among the ratings that follow.

Every random choice of a pass is a function of (seed, pass) alone, so that a run that was stopped and resumed after a
pass ends with the same weights as one that was not.
"""

import copy
import hashlib
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import UNK, Encoded
from lcrec_core.errors import TrainingError
from lcrec_core.files import convenient
from lcrec_core.models import ranks
from lcrec_core.models.checkpoint import State, load_checkpoint, save_checkpoint
from lcrec_core.models.contract import Step, Watch
from lcrec_core.models.layers import with_decay
from lcrec_core.models.pick.config import PickConfig
from lcrec_core.models.pick.model import PickModel, empty_network
from lcrec_core.models.pick.network import UNKNOWN_GAP, Drawn, PickNetwork, embedding_and_bias, weighted_log_likelihood
from lcrec_core.models.pick.sequences import History, People, Window, events_of, of_similar_length
from lcrec_core.models.settings import saved

FROM_START = 0.3
"""Share of the longer histories' windows that begin with the first rating: a visitor always does."""
KEPT_EVERY = 300.0
"""Seconds after which a long pass leaves a checkpoint; after every pass there is one."""
WARM_UP = 50
"""Steps in which the learning rate rises, for Adam's second moments are noise at first."""


def fit(data: Dataset, encoded: Encoded, config: PickConfig, scratch: Path | None, watch: Watch) -> PickModel:
    """Train the network; see `contract.Family.fit`. Checkpoints are kept in `scratch`: of every pass, and between."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = empty_network(config.network, data, encoded)
        people = People(encoded.histories, encoded, data.scale)
        start_at_popularity(network, people)
        network.dropout.p = config.dropout
        return _Fitting(PickModel(network, data, encoded), people, config, scratch, watch).run()


def start_at_popularity(network: PickNetwork, people: People) -> None:
    """The bias: how often each movie was liked, and once more, as a share."""
    counts = torch.from_numpy(np.bincount(people.movies[people.liked], minlength=len(network.popularity))) + 1.0
    with torch.no_grad():
        network.popularity.copy_((counts / counts.sum()).log())


class _Fitting:
    """One fit: the network, its optimizer, and how far they are."""

    def __init__(
        self, model: PickModel, people: People, config: PickConfig, scratch: Path | None, watch: Watch
    ) -> None:
        self.model, self.network, self.people, self.config, self.watch = model, model.network, people, config, watch
        self.optimizer = torch.optim.AdamW(
            with_decay(self.network, config.weight_decay), lr=config.learning_rate, betas=(0.9, 0.98)
        )
        self.checkpoint = scratch and scratch / "checkpoint.safetensors"
        self.chances = chances_of(self.network, config.softmax_movies)
        self.read, self.kept_at = 0, time.monotonic()
        self.ranks = ranks.current()

    def run(self) -> PickModel:
        """From the start, or from the checkpoint, to the last pass."""
        epoch = step = 0
        if self.checkpoint is not None and self.checkpoint.is_file():
            state = load_checkpoint(self.checkpoint, self.network, self.optimizer, self._identity())
            epoch, step, self.read = state.epoch, state.step, state.ratings_seen
            self.watch.go_on(state.so_far)
        for each in range(epoch, self.config.epochs):
            self._run_pass(each, step if each == epoch else 0)
        self.network.eval()
        return self.model

    def _run_pass(self, epoch: int, first: int) -> None:
        rng = np.random.default_rng([self.config.seed, epoch])
        of_dropout = int(rng.integers(2**31))
        if not first:
            torch.manual_seed(of_dropout + self.ranks.rank)
        # The moments are drawn by what is left of the generator after all windows. To have it without keeping them,
        # they are drawn twice, and only the second time used.
        of_windows = copy.deepcopy(rng)
        steps = sum(1 for _ in batches(self.people, self.config, rng))
        for step, batch in enumerate(batches(self.people, self.config, of_windows)):
            moments = moments_asked(np.array([len(task.weights) for task in batch]), self.config.moments, rng)
            if step < first:
                continue
            self._learn(batch, moments, epoch, step, steps)
            self.read += sum(each.window.stop - each.window.start for each in batch)
            last = step + 1 == steps
            keep = partial(self._keep, *((epoch + 1, 0) if last else (epoch, step + 1)))
            if not last and time.monotonic() - self.kept_at > KEPT_EVERY:
                keep()
            done, total = epoch * steps + step + 1, self.config.epochs * steps
            self.network.eval()
            self.watch.step(Step(done, total, self.read, last, self.model, None, keep))

    def _learn(
        self, batch: list["Task"], moments: tuple[np.ndarray, np.ndarray], epoch: int, step: int, steps: int
    ) -> None:
        self.network.train()
        share = (epoch + step / steps) / self.config.epochs
        # The last steps at a fiftieth, so that none is wasted.
        rate = self.config.learning_rate * max(0.02, 1 - share)
        for group in self.optimizer.param_groups:
            group["lr"] = rate if epoch else rate * min(1, (step + 1) / WARM_UP)
        drawn = None
        if self.chances is not None:
            drawn = draw_movies(self.chances, np.random.default_rng([self.config.seed, epoch, step]))
        own, moments = share_of(batch, moments, self.ranks.rank, self.ranks.count)
        loss, asked = torch.zeros(()), 0
        self.optimizer.zero_grad()
        if own:
            mean, asked = likelihood(self.network, own, self.config, moments, drawn)
            loss = -mean
            loss.backward()
        loss = self.ranks.together(self.network, loss, asked)
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the loss of step {step + 1} in pass {epoch + 1} is not a number; use a smaller learning rate",
                advice="give a smaller --learning-rate",
            )
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()

    def _keep(self, epoch: int, step: int) -> None:
        if self.checkpoint is not None and self.ranks.leads:
            state = State(epoch, step, self.read, self.watch.so_far())
            with convenient("no checkpoint can be written, so the run cannot be resumed should it be stopped"):
                save_checkpoint(self.checkpoint, self.network, self.optimizer, state, self._identity())
        self.kept_at = time.monotonic()

    def _identity(self) -> dict[str, object]:
        """What must be the same for a run to be resumed; see `paper.fit`."""
        rows = np.ascontiguousarray(self.model.encoded.rows, dtype=np.int64)
        return {
            **saved(self.config),
            "training part": hashlib.sha256(rows.tobytes()).hexdigest(),
            "data": asdict(self.model.data.fingerprint),
        }


def chances_of(network: PickNetwork, count: int) -> np.ndarray | None:
    """How likely each movie is to be drawn into a step's softmax, float64 (M,); None where all of them are.

    In proportion to how often it was liked, at most 1, so that about `count` are drawn: what is popular always is, and
    of the rest the more the likelier it is picked.
    """
    likes = network.popularity.detach().double().exp().numpy()
    if len(likes) <= count:
        return None
    low, high = 0.0, 1 / likes.min()
    while high - low > 1e-9 * high:
        factor = (low + high) / 2
        low, high = (factor, high) if np.minimum(factor * likes, 1).sum() < count else (low, factor)
    return np.minimum(high * likes, 1)


def draw_movies(chances: np.ndarray, rng: np.random.Generator) -> Drawn:
    """Each movie by its chance, independent of the others: float64 (M,)."""
    movies = np.flatnonzero(rng.random(len(chances)) < chances)
    return Drawn(torch.from_numpy(movies), torch.from_numpy(np.log(chances[movies]).astype(np.float32)))


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
    each = max(config.events_per_step, math.ceil(lengths.sum() / config.most_steps))
    groups = list(of_similar_length(lengths * (1 + 0.2 * rng.random(len(lengths))), each))
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


def likelihood(
    network: PickNetwork,
    tasks: list[Task],
    config: PickConfig,
    asked_at: tuple[np.ndarray, np.ndarray],
    drawn: Drawn | None = None,
) -> tuple[torch.Tensor, int]:
    """Mean log-probability of the targets at moments of some windows, and of how many that is the mean.

    Moments without a target do not count; see `weighted_log_likelihood`.
    """
    events = events_of([task.window for task in tasks])
    tastes = network(events)
    lengths = np.array([len(task.weights) for task in tasks])
    rows, moments = asked_at
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
        return tastes.sum() * 0, 0
    sums = sums[asked]
    mean = weighted_log_likelihood(network, tastes[rows_, moments_][asked], sums[:, :-1], sums[:, -1], drawn)
    return mean, len(sums)


def share_of(
    tasks: list[Task], asked_at: tuple[np.ndarray, np.ndarray], rank: int, ranks: int
) -> tuple[list[Task], tuple[np.ndarray, np.ndarray]]:
    """Every `ranks`-th window of a step from number `rank` on, and the moments that are asked about of those."""
    rows, moments = asked_at
    own = rows % ranks == rank
    return tasks[rank::ranks], (rows[own] // ranks, moments[own])


def moments_asked(lengths: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
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
