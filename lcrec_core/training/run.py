"""Fit a network on the training part, draw its errors along the way, and save it as a bundle.

Every random choice of step s in pass p is a function of (seed, p, s) alone. A run that was stopped and
resumed therefore ends with the same weights as one that was not, and a checkpoint needs no generator's state.
"""

import json
import logging
import math
import os
import platform
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from lcrec_core import machine as memory
from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded, encode_cached
from lcrec_core.data.split import Protocol, make_split
from lcrec_core.errors import BundleError, LCRecError, TrainingError
from lcrec_core.files import convenient, write_whole
from lcrec_core.models import registry as networks
from lcrec_core.models.bundle import LoadedBundle, artifacts_root, is_taken, save_bundle, tidy
from lcrec_core.models.checkpoint import State, load_checkpoint, save_checkpoint
from lcrec_core.models.lcrec.config import LCRecTrainConfig, check_numbers
from lcrec_core.models.paper.batches import Batch, BatchConfig, Pass, make_batch, plan_pass
from lcrec_core.models.paper.model import (
    Errors,
    Question,
    answer,
    catalogue_features,
    question_of_rows,
    question_of_tasks,
)
from lcrec_core.models.paper.network import PaperNetwork
from lcrec_core.sources import load as sources
from lcrec_core.training import resumable

_LOG = logging.getLogger("lcrec")

TRAIN_SAMPLE = 20_000
"""Hidden training ratings, drawn once, on which the training error is measured like the test error: dropout off."""


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training run; the defaults are the paper's Table VI."""

    epochs: int = 5
    """Passes over the training ratings (Table VI)."""
    learning_rate: float = 0.0001
    """Of Adam (Table VI)."""
    cooldown: float = 0.0
    """Share of the run, at its end, over which the learning rate falls linearly to nought; the paper's is constant."""
    seed: int = 0
    """Of the split, the weights and every random choice."""
    protocol: Protocol = Protocol.RANDOM
    """How the test part is chosen; the paper's is `random`."""
    evaluations_per_epoch: int = 4
    """Points per pass at which the errors are drawn (Figures 5 and 6) and a checkpoint is written."""
    batches: BatchConfig = field(default_factory=BatchConfig)

    def rate_at(self, passes: float) -> float:
        """Learning rate after so many passes."""
        falling = self.cooldown * self.epochs
        left = self.epochs - passes
        return self.learning_rate * (left / falling if left < falling else 1.0)

    def __post_init__(self) -> None:
        check_numbers(self)
        for name in ("epochs", "evaluations_per_epoch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate must lie in (0, 1), got {self.learning_rate}")
        if not 0 <= self.cooldown <= 1:
            raise ValueError(f"cooldown must lie in [0, 1], got {self.cooldown}")


@dataclass(frozen=True)
class TrainRequest:
    """What to train, on what, and where to put it."""

    data: str
    """Name of a data set, see `sources.NAMES`."""
    model: str = "paper"
    """One of `networks.MODELS`."""
    name: str | None = None
    """Folder of the bundle below `artifacts/<data>/`; the model's name unless given."""
    train: TrainConfig = field(default_factory=TrainConfig)
    lcrec: LCRecTrainConfig = field(default_factory=LCRecTrainConfig)
    """How LCRec is trained, whose settings are its own; of `train` it takes the protocol."""
    network: dict[str, Any] = field(default_factory=dict)
    """Settings of the network that differ from its defaults."""
    validate: bool = False
    """Fit without the validation part and measure on that: for choosing settings. Nothing is saved."""
    save: bool = True
    """Write the bundle; without, it is returned only."""
    replace: bool = False
    """Put the bundle in the place of one of the same name; otherwise such a run does not start."""
    resume: bool = False
    """Continue from the checkpoint of the same run."""
    progress_file: Path | None = None
    """JSON kept up to date while the run goes on, for the app's training page."""

    @property
    def bundle_name(self) -> str:
        """Full name of the bundle, such as `demo/paper`."""
        return f"{self.data}/{self.name or self.model}"


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    state: str
    """running, done, failed or cancelled."""
    bundle: str
    epoch: float = 0.0
    """Passes so far."""
    epochs: int = 0
    step: int = 0
    steps: int = 0
    ratings_per_second: float = 0.0
    """Ratings predicted and learnt from per second of training, evaluations not counted."""
    eta_seconds: float | None = None
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    note: str = ""
    """What goes on before the first step, where that takes long."""
    error: str | None = None


Report = Callable[[Progress], None]


class Cancelled(Exception):
    """The run was asked to stop (SIGTERM); its checkpoint stays."""


def run(request: TrainRequest, report: Report = lambda progress: None) -> LoadedBundle:
    """Train as requested and save the bundle.

    With `validate` nothing is saved, and the figures are those of the validation part.

    Raises:
        TrainingError: The checkpoint does not fit the request, the loss is no longer a number, or memory ran out.
        BundleError: There is a bundle of that name already.
        DataError: The data set is missing or damaged.
        Cancelled: SIGTERM arrived.
    """
    last = Progress("running", request.bundle_name, epochs=request.train.epochs)
    writable = True

    def tell(progress: Progress) -> None:
        nonlocal last, writable
        last = progress
        if request.progress_file:
            try:
                write_whole(request.progress_file, json.dumps(asdict(progress)))
            except OSError as error:
                if writable:
                    _LOG.warning("the progress cannot be written: %s", error.strerror or error)
                writable = False
        report(progress)

    tell(last)
    try:
        with stop_on_sigterm():
            _make_room(request)
            bundle = _trainer(request)(request, tell)
    except (Cancelled, KeyboardInterrupt):
        tell(_ended(last, "cancelled"))
        raise
    except Exception as error:
        if memory.ran_out(error) and not isinstance(error, LCRecError):
            _LOG.info("out of memory", exc_info=error)
            tell(_ended(last, "failed", memory.RAN_OUT))
            raise TrainingError(memory.RAN_OUT) from error
        tell(_ended(last, "failed", _in_words(error)))
        raise
    tell(_ended(last, "done"))
    return bundle


def _make_room(request: TrainRequest) -> None:
    """Refuse a run whose bundle has no place before it begins, and remove what earlier runs left behind."""
    if request.save and not request.validate and not request.replace and is_taken(request.bundle_name):
        raise BundleError(
            f"there is already a bundle {request.bundle_name}; give this one another name",
            advice="--name gives one, and --replace puts it in the place of the other",
        )
    with convenient("what earlier runs left cannot be removed", quiet=True):
        tidy()
        resumable.forget_old()


def _in_words(error: Exception) -> str:
    """Why a run failed, for whoever reads its progress, visitors too; its log has the whole line, or a traceback."""
    if isinstance(error, LCRecError):
        return error.for_visitors.partition("\n")[0]
    if isinstance(error, OSError) and error.strerror:
        return f"a file could not be read or written: {error.strerror}"
    return f"something unexpected went wrong ({type(error).__name__})"


@contextmanager
def stop_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into `Cancelled` while the block runs; does nothing outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def cancel(number: int, frame: FrameType | None) -> None:
        raise Cancelled

    before = signal.signal(signal.SIGTERM, cancel)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _trainer(request: TrainRequest) -> Callable[[TrainRequest, Report], LoadedBundle]:
    if request.model != networks.LCREC:
        return _train
    from lcrec_core.training.run_lcrec import train_lcrec  # which is built on this module

    return train_lcrec


def _train(request: TrainRequest, tell: Report) -> LoadedBundle:
    data = sources.load(request.data)
    config = request.train
    split = make_split(data, config.protocol, config.seed)
    fitted, asked = (split.train, split.valid) if request.validate else (split.fitting, split.test)
    encoded = encode_cached(data, fitted, artifacts_root() / ".cache")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), one_thread():
        fitting = _Fitting(request, data, encoded, asked, device)
        fitting.run(tell)
        bundle = fitting.bundle(len(fitted), len(asked))
    if request.save and not request.validate:
        save_bundle(bundle, replace=request.replace)
    resumable.finished(fitting.checkpoint_path)
    return bundle


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch work on one core.

    The matrices of a step are too small to share: two threads were 5 % slower than one on ML-1M. And sums
    are added in the same order whatever the number of cores, so the same seed gives the same weights.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Fitting:
    """One run: the network, its optimizer, and how far they are."""

    def __init__(
        self, request: TrainRequest, data: Dataset, encoded: Encoded, asked: np.ndarray, device: torch.device
    ) -> None:
        self.request, self.config, self.data, self.encoded = request, request.train, data, encoded
        self.part = "valid" if request.validate else "test"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.seed)
            self.network = networks.build(request.model, request.network, encoded.vocabularies.sizes())
        # Predictions start at the training part's mean rather than at nought.
        torch.nn.init.constant_(self.network.rating_out.bias, float(encoded.histories.ratings.mean()))
        self.network.to(device)
        self.device = device
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=self.config.learning_rate, fused=True)
        self.asked = question_of_rows(data, encoded, asked, self.network)
        self.train_sample = self._draw_train_sample()
        self.history: list[dict[str, float]] = []
        self.train_seconds = self.evaluate_seconds = 0.0
        self.ratings_seen = 0
        self.checkpoint_path = resumable.folder_of(request.bundle_name) / f"{self.part}.safetensors"

    def run(self, tell: Report) -> None:
        """From the start, or from the checkpoint, to the last pass."""
        first_epoch = first_step = 0
        if self.request.resume:
            state = load_checkpoint(self.checkpoint_path, self.network, self.optimizer, self._identity())
            first_epoch, first_step = state.epoch, state.step
            self.history, self.ratings_seen = state.history, state.ratings_seen
            self.train_seconds, self.evaluate_seconds = state.train_seconds, state.evaluate_seconds
        else:
            resumable.finished(self.checkpoint_path)
            self._evaluate(0.0)
        for epoch in range(first_epoch, self.config.epochs):
            self._run_pass(epoch, first_step, tell)
            first_step = 0

    def bundle(self, fitted: int, asked: int) -> LoadedBundle:
        """The trained network with everything known of it."""
        data, last = self.data, self.history[-1]
        metrics = {
            "part": self.part,
            **{name: last[name] for name in last if name.endswith(("_mse", "_mae"))},
            f"{self.part}_rmse": math.sqrt(last[f"{self.part}_mse"]),
            f"{self.part}_ratings": asked,
            "train_ratings": fitted,
            "seconds_total": round(self.train_seconds + self.evaluate_seconds, 1),
            "seconds_per_epoch": round(self.train_seconds / self.config.epochs, 2),
            "seconds_evaluating": round(self.evaluate_seconds, 1),
            "parameters": sum(parameter.numel() for parameter in self.network.parameters()),
        }
        weights = {name: tensor.cpu().numpy() for name, tensor in self.network.state_dict().items()}
        return LoadedBundle(
            name=self.request.bundle_name,
            path=artifacts_root() / self.request.bundle_name,
            model=self.request.model,
            data=data.name,
            config={"model": networks.config_dict(self.network), "train": asdict(self.config)},
            metrics=metrics,
            history=self.history,
            environment=environment(self.device),
            fingerprint=data.fingerprint,
            vocabularies=self.encoded.vocabularies.hashes(),
            weights=weights,
            movie_features=catalogue_features(self.network, self.encoded).cpu().numpy(),
        )

    def _run_pass(self, epoch: int, first_step: int, tell: Report) -> None:
        plan = self._plan(epoch)
        steps = len(plan.steps)
        per_epoch = self.config.evaluations_per_epoch
        points = {math.ceil(steps * (point + 1) / per_epoch) for point in range(per_epoch)}
        told = 0.0
        for step in range(first_step, steps):
            started = time.perf_counter()
            for group in self.optimizer.param_groups:
                group["lr"] = self.config.rate_at(epoch + step / steps)
            batch = self._batch(plan, epoch, step)
            self._learn(batch, epoch, step)
            self.ratings_seen += len(batch.ratings)
            now = time.perf_counter()
            self.train_seconds += now - started
            done = step + 1
            if done in points:
                self._evaluate(epoch + done / steps)
                self._checkpoint(*((epoch + 1, 0) if done == steps else (epoch, done)))
            if done in points or now - told > 0.5:
                told = now
                tell(self._progress(epoch, done, steps))

    def _plan(self, epoch: int) -> Pass:
        config = self.network.config
        rng = np.random.default_rng([self.config.seed, epoch])
        return plan_pass(self.encoded.histories, self.config.batches, config.liked_from, config.max_history, rng)

    def _batch(self, plan: Pass, epoch: int, step: int) -> Batch:
        rng = np.random.default_rng([self.config.seed, epoch, step])
        liked_from = self.network.config.liked_from
        batch = make_batch(self.encoded, plan, plan.steps[step], self.config.batches, liked_from, rng)
        return batch.to(self.device)

    def _learn(self, batch: Batch, epoch: int, step: int) -> None:
        """One step: every person's history once, every movie once, then all hidden ratings."""
        self.network.train()
        # Dropout draws from torch's generator: seeded here, it is a function of (seed, pass, step) too.
        torch.manual_seed(int(np.random.SeedSequence([self.config.seed, epoch, step]).generate_state(1)[0]))
        loss = F.mse_loss(predict_batch(self.network, batch), batch.ratings)
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the loss of step {step + 1} in pass {epoch + 1} is not a number; use a smaller learning rate",
                advice="give a smaller --learning-rate",
            )
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def _draw_train_sample(self) -> Question:
        plan = self._plan(epoch=0)
        rng = np.random.default_rng([self.config.seed, 1, 1])
        tasks = rng.permutation(len(plan.task_person))
        sizes = np.diff(plan.task_offsets)[tasks]
        enough = int(np.searchsorted(np.cumsum(sizes), TRAIN_SAMPLE)) + 1
        return question_of_tasks(self.encoded, plan, np.sort(tasks[:enough]), self.network)

    def _evaluate(self, epoch: float) -> None:
        started = time.perf_counter()
        features = catalogue_features(self.network, self.encoded)
        row: dict[str, float] = {"epoch": epoch}
        for part, question in (("train", self.train_sample), (self.part, self.asked)):
            predicted = answer(self.network, self.encoded, question, self.data.scale, features)
            errors = Errors.of(predicted, question.ratings)
            row |= {f"{part}_mse": errors.mse, f"{part}_mae": errors.mae}
        self.evaluate_seconds += time.perf_counter() - started
        self.history.append(row | {"seconds": round(self.train_seconds, 2), "ratings_seen": self.ratings_seen})

    def _checkpoint(self, epoch: int, step: int) -> None:
        state = State(epoch, step, self.history, self.ratings_seen, self.train_seconds, self.evaluate_seconds)
        with convenient("no checkpoint can be written, so the run cannot be resumed should it be stopped"):
            save_checkpoint(self.checkpoint_path, self.network, self.optimizer, state, self._identity())

    def _identity(self) -> dict[str, Any]:
        """What must be the same for a run to be resumed."""
        return {
            "model": self.request.model,
            "network": networks.config_dict(self.network),
            "train": asdict(self.config),
            "data": asdict(self.data.fingerprint),
        }

    def _progress(self, epoch: int, step: int, steps: int) -> Progress:
        passes = epoch + step / steps
        spent = self.train_seconds + self.evaluate_seconds
        return Progress(
            state="running",
            bundle=self.request.bundle_name,
            epoch=passes,
            epochs=self.config.epochs,
            step=epoch * steps + step,
            steps=self.config.epochs * steps,
            ratings_per_second=round(self.ratings_seen / max(self.train_seconds, 1e-9), 1),
            eta_seconds=round(spent / passes * (self.config.epochs - passes), 1),
            seconds=round(spent, 1),
            history=list(self.history),
        )


def predict_batch(network: PaperNetwork, batch: Batch) -> torch.Tensor:
    """Predicted ratings of a batch's targets, (N,)."""
    movies = network.movie_features(batch.movie_ids, batch.movie_genres, batch.movie_words)  # (K, D)
    users = network.user_features(batch.fields, F.embedding(batch.history, movies))  # (B, D)
    return network.rating(F.embedding(batch.target_person, users), F.embedding(batch.target_movie, movies))


def environment(device: torch.device) -> dict[str, Any]:
    """The machine and the versions a figure was measured with; no path, no name of a host or person."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "processor": torch.cuda.get_device_name(device) if device.type == "cuda" else _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": device.type,
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _ended(last: Progress, state: str, error: str | None = None) -> Progress:
    return Progress(**{**vars(last), "state": state, "error": error, "eta_seconds": None})
