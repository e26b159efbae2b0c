"""One training run of any family: its are split, encoding, threads, curve, metrics, progress and bundle.

A family owns `fit` alone, and tells the run how far it is.
"""

import json
import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from lcrec_core import machine
from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import Encoded, encode_cached, encode_fitting
from lcrec_core.data.split import Protocol, make_split
from lcrec_core.errors import BundleError, LCRecError, TrainingError
from lcrec_core.files import artifacts_root, cache_folder, convenient, write_whole
from lcrec_core.machine import environment, one_thread
from lcrec_core.metrics.rating import Errors
from lcrec_core.models.bundle import LoadedBundle
from lcrec_core.models.bundles import is_taken, save_bundle, tidy
from lcrec_core.models.checkpoint import AFRESH
from lcrec_core.models.contract import Family, Model, Silent, SoFar, Step, Watch
from lcrec_core.models.settings import configured, saved
from lcrec_core.training import resumable

_LOG = logging.getLogger("lcrec")

REPORT_SECONDS = 0.5
"""The progress is reported no more often than this, but at every point of the curve."""


@dataclass(frozen=True, eq=False)
class TrainRequest:
    """What to train, on what, and where to put it.

    Raises:
        TrainingError: The config is not of the family, or no run can write a bundle of it.
    """

    data: Dataset
    family: Family
    config: Any
    """Of `family.config`: every setting of the run that is the model's."""
    protocol: Protocol = Protocol.RANDOM
    """How the test part is chosen; the paper's is `random`."""
    name: str | None = None
    """Folder of the bundle below `artifacts/<data>/`; the family's name unless given."""
    validate: bool = False
    """Fit without the validation part and measure on that: for choosing settings. Nothing is saved."""
    save: bool = True
    """Write the bundle; without, it is returned only."""
    replace: bool = False
    """Put the bundle in the place of one of the same name; otherwise such a run does not start."""
    resume: bool = False
    """Continue from what the same run left when it was stopped."""
    progress_file: Path | None = None
    """JSON kept up to date while the run goes on, for the app's training page."""

    def __post_init__(self) -> None:
        if not self.family.trainable:
            raise TrainingError(f"{self.family.name} is there to compare with: no bundle is made of it")
        if not isinstance(self.config, self.family.config):
            wanted, got = self.family.config.__name__, type(self.config).__name__
            raise TrainingError(f"{self.family.name} takes a {wanted}, not a {got}")

    @property
    def bundle_name(self) -> str:
        """Full name of the bundle, such as `demo/paper`."""
        return f"{self.data.name}/{self.name or self.family.name}"

    @property
    def part(self) -> str:
        """What it is measured on."""
        return "valid" if self.validate else "test"


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
    share: float = 0.0
    """Of the whole run's cost that is done, 0 to 1; what goes on before the first step counts."""
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
    """The run was asked to stop (SIGTERM); what it can go on from stays."""


def train(request: TrainRequest, report: Report = lambda progress: None) -> LoadedBundle:
    """Train as requested and save the bundle.

    With `validate` nothing is saved, and the figures are those of the validation part.

    Raises:
        TrainingError: There is nothing to resume, it does not fit the request, there is not enough memory, or the loss
            is no longer a number.
        BundleError: There is a bundle of that name already.
        Cancelled: SIGTERM arrived.
    """
    last = Progress("running", request.bundle_name, epochs=request.config.epochs)
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
            bundle = _train(request, tell)
    except (Cancelled, KeyboardInterrupt):
        tell(_ended(last, "cancelled"))
        raise
    except Exception as error:
        tell(_ended(last, "failed", _in_words(error)))
        if _ran_out(error):
            _LOG.info("out of memory", exc_info=error)
            raise TrainingError(machine.RAN_OUT) from error
        raise
    tell(_ended(last, "done"))
    return bundle


def tell_early_end(path: Path, bundle: str, error: BaseException) -> None:
    """Leave the progress of a run that ended before it began, such as while its data were read.

    Args:
        path: The run's progress file.
        bundle: Full name of the bundle that it was to make.
        error: What ended it; what is no `Exception` was somebody's wish.
    """
    failed = isinstance(error, Exception)
    ended = Progress("failed" if failed else "cancelled", bundle, error=_in_words(error) if failed else None)
    with convenient("the progress cannot be written"):
        write_whole(path, json.dumps(asdict(ended)))


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


def _ran_out(error: BaseException) -> bool:
    """Whether memory ran out, and nobody has put it into words yet."""
    return machine.ran_out(error) and not isinstance(error, LCRecError)


def _in_words(error: BaseException) -> str:
    """Why a run failed, for whoever reads its progress, visitors too; its log has the whole line, or a traceback."""
    if isinstance(error, LCRecError):
        return error.for_visitors.partition("\n")[0]
    if _ran_out(error):
        return machine.RAN_OUT
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


def assist(request: TrainRequest) -> None:
    """Train as requested beside the process of torchrun that calls `train`: every step's share, and nothing is written.

    Raises:
        TrainingError: As of `train`.
        Cancelled: SIGTERM arrived.
    """
    with stop_on_sigterm():
        config, scratch, encoded, _, _ = _prepared(request)
        with one_thread():
            request.family.fit(request.data, encoded, config, scratch, Silent())


def _prepared(request: TrainRequest) -> tuple[Any, Path, Encoded, np.ndarray, np.ndarray]:
    """Config, the folder to go on from, what is fitted on, and the rows to be fitted and to be measured."""
    from lcrec_core.models import ranks  # brings torch

    data, family, team = request.data, request.family, ranks.current()
    if team.count > 1 and not family.by_ranks:
        raise TrainingError(
            f"the processes of torchrun cannot share the training of {family.name}",
            advice="train it by itself; LCRec's chains go to a cluster with --backend dask or ray",
        )
    config = configured(request.config, **family.fixed)
    family.check_memory(data)
    if ranks.begun_anew():
        request = replace(request, resume=resumable.is_kept(request.bundle_name, part=request.part))
    scratch = _scratch(request) if team.leads else resumable.folder_of(request.bundle_name, part=request.part)
    team.wait()
    split = make_split(data, request.protocol, config.seed)
    fitted, asked = (split.train, split.valid) if request.validate else (split.fitting, split.test)
    encoded = (
        encode_cached(data, fitted, cache_folder())
        if request.validate
        else encode_fitting(data, request.protocol, config.seed, cache_folder())
    )
    return config, scratch, encoded, fitted, asked


def _train(request: TrainRequest, tell: Report) -> LoadedBundle:
    data, family = request.data, request.family
    config, scratch, encoded, fitted, asked = _prepared(request)
    with one_thread():
        watch = _Curve(request, asked, tell)
        model = family.fit(data, encoded, config, scratch, watch)
        settings = saved(config)
        bundle = LoadedBundle(
            name=request.bundle_name,
            path=artifacts_root() / request.bundle_name,
            model=family.name,
            data=data.name,
            config={**settings, "train": {**settings["train"], "protocol": str(request.protocol)}},
            metrics=watch.metrics(len(fitted), model),
            history=watch.history,
            environment=environment(gpu=model.device == "cuda"),
            fingerprint=data.fingerprint,
            vocabularies=encoded.vocabularies.hashes(),
            weights=model.tensors(),
            movie_features=model.item_features,
        )
    if request.save and not request.validate:
        save_bundle(bundle, replace=request.replace)
    resumable.discard(request.bundle_name, part=request.part)
    return bundle


def fit(
    data: Dataset,
    rows: np.ndarray,
    family: Family,
    config: Any,
    scratch: Path | None = None,
    watch: Watch | None = None,
) -> tuple[Model, float]:
    """Fit a family on some rows of a data set and on nothing else, without a curve or a bundle.

    Returns:
        The model, and the seconds that training took.

    Raises:
        TrainingError: There is not enough memory, or the fit failed.
    """
    family.check_memory(data)
    encoded = encode_cached(data, rows, cache_folder())
    timer = _Timer(watch or Silent())
    try:
        with one_thread():
            model = family.fit(data, encoded, configured(config, **family.fixed), scratch, timer)
    except Exception as error:
        if _ran_out(error):
            raise TrainingError(f"{family.name} on {data.name}: {machine.RAN_OUT}") from error
        raise
    return model, timer.seconds


class _Timer(Silent):
    """Passes notes on, and counts what an earlier run had spent."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._started = time.perf_counter()

    def note(self, text: str, share: float | None = None) -> None:
        """See `Watch`."""
        self._watch.note(text, share)

    def skip(self, seconds: float) -> None:
        """See `Watch`."""
        self._started -= seconds

    def so_far(self) -> SoFar:
        """See `Watch`."""
        return SoFar(train_seconds=self.seconds)

    def go_on(self, so_far: SoFar) -> None:
        """See `Watch`."""
        self._started -= so_far.train_seconds

    @property
    def seconds(self) -> float:
        """Since the start, with what was skipped."""
        return time.perf_counter() - self._started


def _scratch(request: TrainRequest) -> Path:
    """The folder that a run goes on from: emptied unless it is to be resumed."""
    if not request.resume:
        resumable.discard(request.bundle_name, part=request.part)
    elif not resumable.is_kept(request.bundle_name, part=request.part):
        raise TrainingError("nothing to resume: no run of this bundle was stopped here", advice=AFRESH)
    return resumable.folder_of(request.bundle_name, part=request.part)


LOOKED_AT = 2_000
"""Rows of the measured part that a model which only ranks is asked about along the way."""


class _Curve:
    """The run as a fit sees it: draws the errors along the way, keeps the time, reports. See `contract.Watch`."""

    def __init__(self, request: TrainRequest, rows: np.ndarray, tell: Report) -> None:
        self.request, self.rows, self.tell = request, rows, tell
        self.part = request.part
        self.scale = request.data.scale
        self.actual = request.data.ratings[Col.RATING].to_numpy()[rows]
        self.history: list[dict[str, float]] = []
        self.started = self.called = time.perf_counter()
        self.begun: tuple[float, float] | None = None
        """When this process began to get on, and the share that was done by then."""
        self.evaluate_seconds = self.earlier_seconds = 0.0
        self.told = 0.0

    @property
    def train_seconds(self) -> float:
        """Seconds of training so far, those of a stopped run counted, evaluations not."""
        return self.earlier_seconds + time.perf_counter() - self.started - self.evaluate_seconds

    def note(self, text: str, share: float | None = None) -> None:
        """See `Watch`."""
        self.tell(
            Progress(
                "running",
                self.request.bundle_name,
                epochs=self.request.config.epochs,
                share=share or 0.0,
                eta_seconds=None if share is None else self._left(share),
                seconds=round(self.train_seconds, 1),
                note=text,
            )
        )

    def _left(self, share: float) -> float | None:
        """Seconds to go, as fast as this process has been: what a stopped one had done before took it none."""
        now = time.perf_counter()
        if self.begun is None:
            self.begun = (now, share) if self.request.resume else (self.called, 0.0)
        since, had = self.begun
        return round((now - since) / (share - had) * (1 - share), 1) if share > had else None

    def skip(self, seconds: float) -> None:
        """See `Watch`."""
        self.earlier_seconds += seconds

    def so_far(self) -> SoFar:
        """See `Watch`."""
        return SoFar(list(self.history), self.train_seconds, self.evaluate_seconds)

    def go_on(self, so_far: SoFar) -> None:
        """See `Watch`."""
        self.history = list(so_far.history)
        self.evaluate_seconds = so_far.evaluate_seconds
        self.earlier_seconds = so_far.train_seconds + self.evaluate_seconds
        self.started = time.perf_counter()

    def step(self, step: Step) -> None:
        """See `Watch`."""
        if step.evaluate:
            self._evaluate(step)
            step.keep()
        now = time.perf_counter()
        if step.evaluate or now - self.told > REPORT_SECONDS:
            self.told = now
            self.tell(self._progress(step))

    def _evaluate(self, step: Step) -> None:
        seconds, started = round(self.train_seconds, 2), time.perf_counter()
        row: dict[str, float] = {"epoch": self._epoch(step)}
        # Of a model that only ranks no error is drawn: a few rows tell whether its scores are numbers.
        rows = self.rows if self.request.family.predicts_ratings else self.rows[:LOOKED_AT]
        prediction = step.model.rows(rows)
        if not all(np.isfinite(part).all() for part in (prediction.scores, prediction.ratings) if part is not None):
            raise TrainingError(
                "the loss is not a number; use a smaller learning rate", advice="give a smaller --learning-rate"
            )
        parts = {} if step.training_errors is None else {"train": step.training_errors()}
        if prediction.ratings is not None:
            parts[self.part] = Errors.of(self.scale.clip(prediction.ratings).astype(np.float32), self.actual)
        for part, errors in parts.items():
            row |= {f"{part}_mse": errors.mse, f"{part}_mae": errors.mae}
        self.evaluate_seconds += time.perf_counter() - started
        self.history.append(row | {"seconds": seconds, "ratings_seen": step.ratings})

    def _epoch(self, step: Step) -> float:
        return step.done / step.total * self.request.config.epochs

    def _progress(self, step: Step) -> Progress:
        spent = self.train_seconds + self.evaluate_seconds
        return Progress(
            state="running",
            bundle=self.request.bundle_name,
            epoch=self._epoch(step),
            epochs=self.request.config.epochs,
            step=step.done,
            steps=step.total,
            share=round(step.share, 6),
            ratings_per_second=round(step.ratings / max(self.train_seconds, 1e-9), 1),
            eta_seconds=self._left(step.share),
            seconds=round(spent, 1),
            history=list(self.history),
        )

    def metrics(self, fitted: int, model: Model) -> dict[str, Any]:
        """What was measured; of a model that only ranks no errors, and its fit may have drawn no point of the curve."""
        last = self.history[-1] if self.history else {"seconds": round(self.train_seconds, 2)}
        seconds = last["seconds"]
        errors = {name: last[name] for name in last if name.endswith(("_mse", "_mae"))}
        mse = errors.get(f"{self.part}_mse")
        return {
            "part": self.part,
            **errors,
            **({} if mse is None else {f"{self.part}_rmse": math.sqrt(mse)}),
            f"{self.part}_ratings": len(self.rows),
            "train_ratings": fitted,
            "seconds_total": round(seconds + self.evaluate_seconds, 1),
            # What is done before the first pass is shared out over the passes.
            "seconds_per_epoch": round(seconds / self.request.config.epochs, 2),
            "seconds_evaluating": round(self.evaluate_seconds, 1),
            "parameters": model.parameters,
        }


def _ended(last: Progress, state: str, error: str | None = None) -> Progress:
    return replace(last, state=state, error=error, eta_seconds=None)
