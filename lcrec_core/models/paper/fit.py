"""Fit the paper's network: the history visible, the hidden ratings predicted, step by step.

Every random choice of step s in pass p is a function of (seed, p, s) alone. A run that was stopped and
resumed therefore ends with the same weights as one that was not, and a checkpoint needs no generator's state.
"""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.errors import TrainingError
from lcrec_core.files import convenient
from lcrec_core.metrics.rating import Errors
from lcrec_core.models import ranks
from lcrec_core.models.checkpoint import State, load_checkpoint, save_checkpoint
from lcrec_core.models.contract import Step, Watch
from lcrec_core.models.paper.batches import Batch, Pass, make_batch, plan_pass, share_of
from lcrec_core.models.paper.config import PaperConfig
from lcrec_core.models.paper.model import PaperModel, Queries, predict, queries_of_tasks
from lcrec_core.models.paper.network import PaperNetwork
from lcrec_core.models.queries import LastQueries
from lcrec_core.models.settings import saved

KEPT_EVERY = 300.0
"""Seconds after which a checkpoint is left between two points of the curve, too."""
TRAIN_SAMPLE = 20_000
"""Hidden training ratings, drawn once, on which the training error is measured like the test error: dropout off."""


def fit(data: Dataset, encoded: Encoded, config: PaperConfig, scratch: Path | None, watch: Watch) -> PaperModel:
    """Train the network, on the GPU where there is one; see `contract.Family.fit`.

    A checkpoint is written to `scratch` wherever errors are drawn and every few minutes, and one that is there is gone
    on from.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        return _Fitting(data, encoded, config, scratch and scratch / "checkpoint.safetensors", watch, device).run()


class _Fitting:
    """One fit: the network, its optimizer, and how far they are."""

    def __init__(
        self,
        data: Dataset,
        encoded: Encoded,
        config: PaperConfig,
        checkpoint: Path | None,
        watch: Watch,
        device: torch.device,
    ) -> None:
        self.data, self.encoded, self.config = data, encoded, config
        self.checkpoint, self.watch, self.device = checkpoint, watch, device
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.network = PaperNetwork(config.network, encoded.vocabularies.sizes())
        # Predictions start at the training part's mean rather than at zero.
        torch.nn.init.constant_(self.network.rating_out.bias, float(encoded.histories.ratings.mean()))
        self.network.to(device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=config.learning_rate, fused=True)
        self.sample = self._draw_sample()
        self.asked: LastQueries[Queries] = LastQueries()
        self.ratings = 0
        self.ranks, self.kept_at = ranks.current(), time.monotonic()

    def run(self) -> PaperModel:
        """From the start, or from the checkpoint, to the last pass."""
        first_epoch = first_step = 0
        if self.checkpoint is not None and self.checkpoint.is_file():
            state = load_checkpoint(self.checkpoint, self.network, self.optimizer, self._identity())
            first_epoch, first_step, self.ratings = state.epoch, state.step, state.ratings_seen
            self.watch.go_on(state.so_far)
        else:
            self._tell(0, 1, evaluate=True)
        for epoch in range(first_epoch, self.config.epochs):
            self._run_pass(epoch, first_step)
            first_step = 0
        return self._snapshot()

    def _run_pass(self, epoch: int, first_step: int) -> None:
        plan = self._plan(epoch)
        steps, per_epoch = len(plan.steps), self.config.evaluations_per_epoch
        points = {math.ceil(steps * (point + 1) / per_epoch) for point in range(per_epoch)}
        for step in range(first_step, steps):
            for group in self.optimizer.param_groups:
                group["lr"] = self.config.rate_at(epoch + step / steps)
            batch = self._batch(plan, epoch, step)
            self._learn(batch, epoch, step)
            self.ratings += len(batch.ratings)
            done = step + 1
            keep = partial(self._keep, *((epoch + 1, 0) if done == steps else (epoch, done)))
            if done in points:
                self.kept_at = time.monotonic()
            elif time.monotonic() - self.kept_at > KEPT_EVERY:
                keep()
                self.kept_at = time.monotonic()
            self._tell(epoch * steps + done, steps, evaluate=done in points, keep=keep)

    def _tell(self, done: int, steps: int, *, evaluate: bool, keep: Callable[[], None] = lambda: None) -> None:
        total = self.config.epochs * steps
        self.watch.step(Step(done, total, self.ratings, evaluate, self._snapshot(), self._training_errors, keep))

    def _snapshot(self) -> PaperModel:
        return PaperModel(self.network, self.data, self.encoded, asked=self.asked)

    def _plan(self, epoch: int) -> Pass:
        network = self.config.network
        rng = np.random.default_rng([self.config.seed, epoch])
        return plan_pass(self.encoded.histories, self.config.batches, network.liked_from, network.max_history, rng)

    def _batch(self, plan: Pass, epoch: int, step: int) -> Batch:
        rng = np.random.default_rng([self.config.seed, epoch, step])
        liked_from = self.config.network.liked_from
        return make_batch(self.encoded, plan, plan.steps[step], self.config.batches, liked_from, rng).to(self.device)

    def _learn(self, batch: Batch, epoch: int, step: int) -> None:
        """One step, of this rank's people: each history once, each movie once, then all hidden ratings."""
        self.network.train()
        # Dropout draws from torch's generator: seeded here, it is a function of (seed, pass, step) too.
        seed = np.random.SeedSequence([self.config.seed, epoch, step, *self.ranks.salt])
        torch.manual_seed(int(seed.generate_state(1)[0]))
        own = share_of(batch, self.ranks.rank, self.ranks.count)
        loss = torch.zeros((), device=self.device)
        self.optimizer.zero_grad()
        if len(own.ratings):
            loss = F.mse_loss(predict_batch(self.network, own), own.ratings)
            loss.backward()
        loss = self.ranks.together(self.network, loss, len(own.ratings))
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the loss of step {step + 1} in pass {epoch + 1} is not a number; use a smaller learning rate",
                advice="give a smaller --learning-rate",
            )
        self.optimizer.step()

    def _draw_sample(self) -> Queries:
        plan = self._plan(epoch=0)
        rng = np.random.default_rng([self.config.seed, 1, 1])
        tasks = rng.permutation(len(plan.task_person))
        sizes = np.diff(plan.task_offsets)[tasks]
        enough = int(np.searchsorted(np.cumsum(sizes), TRAIN_SAMPLE)) + 1
        return queries_of_tasks(self.encoded, plan, np.sort(tasks[:enough]), self.network)

    def _training_errors(self) -> Errors:
        predicted = predict(self.network, self.encoded, self.sample, self._snapshot().features)
        return Errors.of(self.data.scale.clip(predicted), self.sample.ratings)

    def _keep(self, epoch: int, step: int) -> None:
        if self.checkpoint is not None and self.ranks.leads:
            state = State(epoch, step, self.ratings, self.watch.so_far())
            with convenient("no checkpoint can be written, so the run cannot be resumed should it be stopped"):
                save_checkpoint(self.checkpoint, self.network, self.optimizer, state, self._identity())

    def _identity(self) -> dict[str, Any]:
        """What must be the same for a run to be resumed.

        The training part is told by its rows: another protocol draws others, and a network that had learnt from those
        would know ratings that are now asked.
        """
        kept, rows = saved(self.config), np.ascontiguousarray(self.encoded.rows, dtype=np.int64)
        return {
            "network": kept["model"],
            "train": kept["train"],
            "training part": hashlib.sha256(rows.tobytes()).hexdigest(),
            "data": asdict(self.data.fingerprint),
        }


def predict_batch(network: PaperNetwork, batch: Batch) -> torch.Tensor:
    """Predicted ratings of a batch's targets, (N,)."""
    movies = network.movie_features(batch.movie_ids, batch.movie_genres, batch.movie_words)  # (K, D)
    users = network.user_features(batch.fields, F.embedding(batch.history, movies))  # (B, D)
    return network.rating(F.embedding(batch.target_person, users), F.embedding(batch.target_movie, movies))
