"""Training as a separate process that any session can watch, cancel and find again later.

A job is a folder, `artifacts/.jobs/<id>/`: `job.json` (what was asked, and which process does it),
`progress.json` (kept up to date by the training run itself), `log.txt` (what it printed). There is no
daemon and nothing in memory: a page that is reloaded, another session, or a server started later reads
the same folders and sees the same jobs. A job's state is derived when it is read, so a process that
was killed shows as failed at once, whatever its files still claim.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock
from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from lcrec_core.errors import TrainingError
from lcrec_core.files import (
    ARTIFACTS_ENV,
    DATA_ENV,
    REPOSITORY,
    artifacts_root,
    convenient,
    data_folder,
    parse,
    write_whole,
)
from lcrec_core.models import bundles
from lcrec_core.models.registry import DEFAULT, TRAINABLE, family
from lcrec_core.models.settings import LARGEST_SEED, flat
from lcrec_core.sources import datasets
from lcrec_core.training import resumable

TRAIN_COMMAND: tuple[str, ...] = (sys.executable, "-m", "lcrec_core", "train")

LIMITS: dict[str, tuple[float, float]] = {
    "epochs": (1, 100),
    "batch_size": (16, 8192),
    "keep_probability": (0.05, 1.0),
    "learning_rate": (1e-6, 0.1),
}
"""Smallest and largest value of each setting that a run is started with, by its name in Table VI."""
SEEDS = (0, LARGEST_SEED)

KEEP_FINISHED = 20
"""Folders of finished jobs that are kept; older ones go when a new job starts."""
PATIENCE_SECONDS = 10
"""How long a run may take to stop by itself; cancelling again after that kills it."""

UNREADABLE_SECONDS = 3600
"""Age after which the folder of a job that cannot be read is removed."""

_ID = re.compile(r"\d{8}-\d{6}-\d{6}-[0-9a-f]{6}")
_PROGRESS_BAR = re.compile(r"\d+%\|")


class JobError(TrainingError):
    """A training run cannot be started, found or stopped."""


class JobState(StrEnum):
    """What a job is doing, as derived from its files and its process."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def active(self) -> bool:
        """True while its process works."""
        return self in (JobState.STARTING, JobState.RUNNING, JobState.STOPPING)

    @property
    def resumable(self) -> bool:
        """True for a run that ended early, and may have left something to go on from."""
        return self in (JobState.CANCELLED, JobState.FAILED)


def defaults(model: str) -> dict[str, float]:
    """What a model is trained with unless told otherwise, of the settings that a request can have and the model has."""
    kind = family(model)
    defaults = flat(kind.default_config())
    own_names = {name: kind.aliases.get(name, name) for name in LIMITS}
    return {name: defaults[own_name] for name, own_name in own_names.items() if own_name in defaults}


@dataclass(frozen=True)
class JobRequest:
    """The settings of one training run. Checked here too, since a browser can send anything.

    Raises:
        JobError: A value is outside what the training can do.
    """

    data: str
    name: str
    """Folder of the bundle inside `artifacts/<data>/`."""
    model: str = DEFAULT
    epochs: int | None = None
    """None, here and below, for what the model is trained with unless told otherwise, or does not have."""
    learning_rate: float | None = None
    batch_size: int | None = None
    keep_probability: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        known = (*datasets.NAMES, *datasets.own_names())
        if self.data not in known:
            raise JobError(f"unknown data set {self.data!r}; choose one of {', '.join(known)}")
        if self.model not in TRAINABLE:
            raise JobError(f"unknown model {self.model!r}; choose {' or '.join(TRAINABLE)}")
        if not bundles.is_new_name(self.name):
            raise JobError(f"{self.name[:60]!r} cannot name a bundle: {bundles.NEW_NAME_RULE}")
        _check_range("seed", self.seed, *SEEDS)
        for name, limits in LIMITS.items():
            if getattr(self, name) is not None:
                _check_range(name.replace("_", " "), getattr(self, name), *limits)

    @property
    def bundle(self) -> str:
        """Name of the bundle it makes: `demo/paper-seed1`."""
        return f"{self.data}/{self.name}"

    @property
    def settings(self) -> dict[str, float]:
        """Those that were given."""
        return {name: getattr(self, name) for name in LIMITS if getattr(self, name) is not None}

    def arguments(self, progress_file: Path, *, resume: bool = False) -> list[str]:
        """What follows `python -m lcrec_core train` for these settings; `resume` goes on from where a run stopped."""
        return [
            *("--data", self.data),
            *("--model", self.model),
            *("--name", self.name),
            *(f"--{name.replace('_', '-')}={value!r}" for name, value in self.settings.items()),
            *("--seed", str(self.seed)),
            *("--progress-file", str(progress_file)),
            *(["--resume"] if resume else []),
        ]


def process_mark(pid: int) -> str | None:
    """When the process started, which tells it from a later one with the same pid; None when it has ended."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def _still_runs(pid: int, mark: str) -> bool:
    now = process_mark(pid)
    try:
        return now is not None and abs(float(now) - float(mark)) < _CLOCK_SECONDS
    except ValueError:
        return False


_CLOCK_SECONDS = 2.0
"""The system counts starts from its boot, whose time it moves when its clock is set right."""


def _check_range(what: str, value: float, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise JobError(f"{what} must be between {low:g} and {high:g}, got {value!r}")


@dataclass(frozen=True)
class Job:
    """One training run as it stands at the moment of reading."""

    id: str
    request: JobRequest
    created_at: int
    """Seconds since 1970, UTC."""
    state: JobState
    path: Path
    error: str | None = None
    """Why a failed job failed, one line that anybody may read."""
    last_words: str | None = None
    """The last line of its log, where it failed without a word of its own; may hold paths of the server."""
    progress: dict[str, Any] = field(default_factory=dict)
    """The run's own progress file, see `run.Progress`; empty until it has written one."""
    overdue: bool = False
    """It was asked to stop more than `PATIENCE_SECONDS` ago and still works: cancelling again kills it."""

    @property
    def fraction(self) -> float:
        """Share of the training done, 0 to 1."""
        if self.state is JobState.DONE:
            return 1.0
        return min(max(self.progress.get("share") or 0.0, 0.0), 1.0)


def jobs_folder(root: Path | None = None) -> Path:
    """Where the jobs of an artifacts folder live."""
    return (root or artifacts_root()) / ".jobs"


def free_name(data: str, seed: int, *, model: str, root: Path | None = None) -> str:
    """A bundle name that is not taken yet: paper, else paper-seed1, else paper-seed1-2, -3, ..."""
    folder = (root or artifacts_root()) / data
    candidates = [model, f"{model}-seed{seed}", *(f"{model}-seed{seed}-{n}" for n in range(2, 1000))]
    return next(name for name in candidates if not os.path.lexists(folder / name))


def start(request: JobRequest, root: Path | None = None) -> Job:
    """Start a training run in a process of its own and return at once.

    Raises:
        JobError: A run is already going, the data set is not here, the name is taken, or the job cannot be recorded.
    """
    return _start(request, root or artifacts_root(), resume=False)


def resume(job_id: str, root: Path | None = None) -> Job:
    """Go on with a run that was cancelled or killed, from where it left its checkpoint, as a job of its own.

    Raises:
        JobError: There is nothing to go on from, or as for `start`.
    """
    root = root or artifacts_root()
    job = load(job_id, root)
    if not job.state.resumable or not resumable.is_kept(job.request.bundle, root):
        raise JobError(f"the training of {job.request.bundle} left nothing to go on from; start it afresh")
    return _start(job.request, root, resume=True)


def can_resume(root: Path | None = None) -> set[str]:
    """Ids of the jobs that `resume` takes: of each bundle the latest, if it was stopped and left a checkpoint."""
    root, seen, found = root or artifacts_root(), set(), set()
    for job in list_jobs(root):
        if job.request.bundle not in seen:
            seen.add(job.request.bundle)
            free = not bundles.is_taken(job.request.bundle, root)
            if job.state.resumable and free and resumable.is_kept(job.request.bundle, root):
                found.add(job.id)
    return found


def _start(request: JobRequest, root: Path, *, resume: bool) -> Job:
    if request.data not in datasets.available():
        raise JobError(f"the data set {request.data} is not here; get it on the Data page first")
    try:
        with _only_one_at_a_time(jobs_folder(root)):
            going = running(root)
            if going is not None:
                raise JobError(f"a training run is already going ({going.request.bundle}); wait for it or cancel it")
            if bundles.is_taken(request.bundle, root):
                raise JobError(f"there is already a bundle {request.bundle}; choose another name")
            _forget_old_jobs(root)
            return _launch(request, root, resume=resume)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise JobError(
            f"the run cannot be recorded ({why}), so it was not started; make room on the server's disk",
            advice=f"the folder {jobs_folder(root)} must be writable; {ARTIFACTS_ENV} names another",
        ) from error


def _launch(request: JobRequest, root: Path, *, resume: bool) -> Job:
    # Sorted by name, jobs are sorted by time.
    job_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(3)}"
    folder = jobs_folder(root) / job_id
    folder.mkdir(parents=True)
    record = _Record(job_id, asdict(request), int(time.time()))
    process: subprocess.Popen[bytes] | None = None
    try:
        # Where this cannot be written there is no run; the process joins the record once it is there.
        _write_record(folder, record)
        with (folder / "log.txt").open("wb") as log:
            # A session of its own: a Ctrl-C meant for the app, or the app's end, does not reach the training.
            process = subprocess.Popen(
                [*TRAIN_COMMAND, *request.arguments(folder / "progress.json", resume=resume)],
                cwd=REPOSITORY,
                env=_environment(root),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _write_record(folder, replace(record, pid=process.pid, process=process_mark(process.pid)))
    except BaseException:
        # A run that nobody could see or stop must not go on.
        if process is not None:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    # Visitors come before training on a machine with few cores.
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, process.pid, 5)
    # A child that nobody waits for stays in the process table as a zombie.
    threading.Thread(target=process.wait, name=f"wait-{job_id}", daemon=True).start()
    return load(job_id, root)


def _environment(root: Path) -> dict[str, str]:
    """Ours, with the folders spelled out: the run starts in another working directory."""
    folders = {
        ARTIFACTS_ENV: str(root.resolve()),
        DATA_ENV: str(data_folder().resolve()),
    }
    return {**os.environ, **folders, "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class _Record:
    """What job.json holds."""

    id: str
    request: dict[str, str | int | float | None]
    created_at: int
    pid: int | None = None
    process: str | None = None
    """See `process_mark`; none before it runs, and of one that has ended at once."""


@with_config(ConfigDict(strict=True, allow_inf_nan=False, extra="allow"))
class _Said(TypedDict, total=False):
    """What a run's progress file holds, as far as it is read here and on the page; see `run.Progress`."""

    state: str
    epoch: float
    epochs: int
    step: int
    share: float
    ratings_per_second: float
    eta_seconds: float | None
    seconds: float
    note: str
    error: str | None
    history: list[dict[str, float]]


def load(job_id: str, root: Path | None = None) -> Job:
    """Read one job.

    Raises:
        JobError: There is no such job, or its files cannot be read.
    """
    if not _ID.fullmatch(job_id):
        raise JobError(f"there is no training job {job_id[:60]!r}")
    folder = jobs_folder(root) / job_id
    record = _read_record(folder)
    try:
        if record is None:
            raise JobError("there is no record")
        request = JobRequest(**record.request)  # type: ignore[arg-type]  # which checks what it is given
        created_at, pid, mark = datetime.fromtimestamp(record.created_at, UTC), record.pid, record.process
    except (TypeError, ValueError, OverflowError, OSError, JobError) as error:
        raise JobError(f"there is no readable training job {job_id!r}") from error
    # Look at the process before its progress file: a run that ends in between has written its end by then.
    alive = pid is not None and mark is not None and _still_runs(pid, mark)
    progress = _read_progress(folder)
    waited = _seconds_since_cancel(folder)
    state = _state(alive, progress, cancel_asked=waited is not None)
    why, words = _failure(folder, progress) if state is JobState.FAILED else (None, None)
    overdue = state is JobState.STOPPING and waited is not None and waited >= PATIENCE_SECONDS
    return Job(job_id, request, int(created_at.timestamp()), state, folder, why, words, progress, overdue)


def list_jobs(root: Path | None = None) -> list[Job]:
    """Every job that can be read, newest first."""
    folder = jobs_folder(root)
    jobs = []
    for path in sorted(folder.glob("*/job.json"), reverse=True) if folder.is_dir() else []:
        with contextlib.suppress(JobError):
            jobs.append(load(path.parent.name, root))
    return jobs


def running(root: Path | None = None) -> Job | None:
    """The job whose process works now, if any."""
    return next((job for job in list_jobs(root) if job.state.active), None)


def refuse_while_training_on(data: str, root: Path | None = None) -> None:
    """Stop what would take a data set away from the run that works on it.

    Raises:
        JobError: A run on this data set is going.
    """
    going = running(root)
    if going is not None and going.request.data == data:
        raise JobError(f"a training run on {data} is going ({going.request.bundle}); wait for it or cancel it first")


def cancel(job_id: str, root: Path | None = None) -> Job:
    """Ask a run to stop (SIGTERM); asked again after `PATIENCE_SECONDS` it is killed. Nothing to do once it ended.

    Raises:
        JobError: There is no such job, or the system does not let us stop it.
    """
    job = load(job_id, root)
    if not job.state.active:
        return job
    record = _read_record(job.path)
    if record is None or record.pid is None:
        return load(job_id, root)
    if job.state is not JobState.STOPPING:
        with convenient("that the run is to stop cannot be written down"):
            (job.path / "cancel").touch()
    try:
        # Windows has no other way to end a process than at once.
        os.kill(record.pid, getattr(signal, "SIGKILL", signal.SIGTERM) if job.overdue else signal.SIGTERM)
    except ProcessLookupError:
        pass
    except OSError as error:
        raise JobError(f"the training of {job.request.bundle} cannot be stopped: {error.strerror}") from error
    return load(job_id, root)


def _seconds_since_cancel(folder: Path) -> float | None:
    """How long ago the job was asked to stop; None if it was not."""
    try:
        return time.time() - (folder / "cancel").stat().st_mtime
    except OSError:
        return None


def _state(alive: bool, progress: dict[str, Any], *, cancel_asked: bool) -> JobState:
    said = progress.get("state")
    if said in (JobState.DONE, JobState.FAILED, JobState.CANCELLED):
        return JobState(said)
    if alive:
        if cancel_asked:
            return JobState.STOPPING
        return JobState.RUNNING if said == JobState.RUNNING else JobState.STARTING
    # A run that is stopped before it listens for the signal ends without a word.
    return JobState.CANCELLED if cancel_asked else JobState.FAILED


def _failure(folder: Path, progress: dict[str, Any]) -> tuple[str, str | None]:
    """Why a job failed, for anybody: what the run said itself, or that it said nothing and, apart, its log's last line.

    The log is the server's: it may hold paths.
    """
    if progress.get("error"):
        return str(progress["error"]), None
    if not progress:
        return "the training process ended before it had begun; the server's log of the run has the reason", _tail(
            folder
        )
    return "the training process ended before it was done (killed, out of memory, or the machine was restarted)", None


def _tail(folder: Path) -> str | None:
    try:
        with (folder / "log.txt").open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 8192))
            tail = log.read().decode("utf-8", "replace")
    except OSError:
        return None
    # A progress bar rewrites its line with carriage returns; it says nothing about the end.
    lines = [line.strip() for line in re.split(r"[\r\n]+", tail) if line.strip() and not _PROGRESS_BAR.search(line)]
    return lines[-1][:300] if lines else None


def _forget_old_jobs(root: Path) -> None:
    """Remove the folders of all but the latest jobs, of jobs that cannot be read, and checkpoints nobody wants."""
    jobs = list_jobs(root)
    for job in jobs[KEEP_FINISHED:]:
        if not job.state.active:
            shutil.rmtree(job.path, ignore_errors=True)
    known = {job.path for job in jobs}
    for path in jobs_folder(root).iterdir():
        with contextlib.suppress(OSError):
            if (
                _ID.fullmatch(path.name)
                and path not in known
                and time.time() - path.stat().st_mtime > UNREADABLE_SECONDS
            ):
                shutil.rmtree(path, ignore_errors=True)
    resumable.forget_old(root)


@contextlib.contextmanager
def _only_one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: two sessions that press the button at once do not both start."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        yield


def _write_record(folder: Path, record: _Record) -> None:
    write_whole(folder / "job.json", json.dumps(asdict(record), indent=1))


def _read_record(folder: Path) -> _Record | None:
    """What job.json holds; None when it is missing or damaged."""
    try:
        return parse((folder / "job.json").read_bytes(), _Record)
    except (OSError, ValueError):
        return None


def _read_progress(folder: Path) -> dict[str, Any]:
    """A run's own progress; empty when it is missing or damaged."""
    try:
        return dict(parse((folder / "progress.json").read_bytes(), _Said))
    except (OSError, ValueError):
        return {}
