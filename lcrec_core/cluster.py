"""Independent calls side by side: on this machine's cores, or on the machines of a Dask or Ray cluster.

joblib knows all three; here is what it needs to be told. What all calls read lies in one file that every worker looks
into, so that it reaches a machine once, not once a call, and no worker's death loses it. The folder of that file must
be one that all machines of a cluster share.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import joblib
import numpy as np

from lcrec_core import machine
from lcrec_core.errors import TrainingError
from lcrec_core.files import look_into, seal, write_whole

LOCAL, DASK, RAY = "local", "dask", "ray"
ENGINES = (LOCAL, DASK, RAY)
REQUIREMENTS = "requirements-cluster.txt"
ANSWER_SECONDS = 30
"""How long a cluster may take to answer."""
TRIES = 3
"""How often a call is begun whose workers die."""

_used: ContextVar[str] = ContextVar("engine", default=LOCAL)


@contextmanager
def on(engine: str, address: str | None = None) -> Iterator[None]:
    """Let `results` compute there while the block runs.

    Args:
        engine: One of `ENGINES`.
        address: Of a cluster that runs already; a small one on this machine is started, and ended, without.

    Raises:
        TrainingError: The engine is not installed, or nobody answers at the address.
    """
    if engine == LOCAL:
        yield
        return
    with {DASK: _dask, RAY: _ray}[engine](address):
        token = _used.set(engine)
        try:
            yield
        finally:
            _used.reset(token)


@contextmanager
def _dask(address: str | None) -> Iterator[None]:
    try:
        from distributed import Client
    except ImportError as error:
        raise _not_installed(DASK) from error
    # One thread each, as without a cluster: sums are added in the same order then.
    own = {"n_workers": joblib.cpu_count(), "threads_per_worker": 1, "dashboard_address": None}
    client = None
    try:
        client = Client(address, timeout=ANSWER_SECONDS) if address else Client(**own)
        client.wait_for_workers(1, timeout=ANSWER_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        what = "has no worker" if client else "does not answer"
        if client:
            client.close()
        raise TrainingError(
            f"a Dask scheduler at {address} {what}",
            advice="start `dask scheduler` on one machine, and `dask worker ADDRESS --nthreads 1 --nworkers N` on each",
        ) from error
    with client:
        # A scheduler that cannot read a task drops it, and whoever waits waits for ever.
        found = [*client.run(find_spec, __package__).values(), client.run_on_scheduler(find_spec, __package__)]
        if None in found:
            raise TrainingError(
                f"the Dask cluster at {address} has no {__package__}",
                advice="start its scheduler and its workers with PYTHONPATH naming a checkout like this one",
            )
        with joblib.parallel_config(backend=DASK):
            yield


@contextmanager
def _ray(address: str | None) -> Iterator[None]:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError as error:
        raise _not_installed(RAY) from error
    try:
        if address:
            ray.init(address, log_to_driver=False)
        else:  # one of its own, whatever RAY_ADDRESS says
            ray.init("local", num_cpus=joblib.cpu_count(), include_dashboard=False, log_to_driver=False)
    except Exception as error:  # of whatever type: Ray has no common one
        ray.shutdown()
        why = str(error).partition("\n")[0][:200]
        raise TrainingError(
            f"no Ray cluster answers at {address} ({why})" if address else f"Ray does not start here ({why})",
            advice="start `ray start --head` on one machine and `ray start --address HOST:6379` on each other",
        ) from error
    register_ray()
    try:
        with joblib.parallel_config(backend=RAY):
            yield
    finally:
        ray.shutdown()


def _not_installed(engine: str) -> TrainingError:
    return TrainingError(
        f"{engine.title()} is not installed", advice=f"`python -m pip install -r {REQUIREMENTS}` brings it"
    )


def workers(most: int, need: int = 0) -> int:
    """How many calls are computed at a time, of so many.

    Args:
        most: How many there are.
        need: Bytes that one takes: of this machine's memory no more is asked for than it has.
    """
    if _used.get() == DASK:
        return max(1, min(most, joblib.effective_n_jobs(-1)))
    if _used.get() == RAY:
        import ray

        return max(1, min(most, int(ray.cluster_resources().get("CPU", 1))))
    return max(1, min(most, joblib.cpu_count(), machine.free_bytes() // need if need else most))


def results(calls: Sequence[tuple[Callable, tuple, dict]], at_once: int) -> Iterator[Any]:
    """What each of the calls (`joblib.delayed`) returns, in their order.

    A call whose worker dies on a cluster is begun again, at most `TRIES` times.

    Args:
        calls: Independent of each other, with small arguments.
        at_once: See `workers`.

    Raises:
        TrainingError: Too many workers have died.
    """
    if _used.get() == RAY:
        yield from _on_ray(calls, at_once)
        return
    try:
        yield from joblib.Parallel(n_jobs=at_once, return_as="generator", batch_size=1)(calls)
    except Exception as error:
        if type(error).__name__ == "KilledWorker":  # by Dask
            raise _too_many_died() from error
        raise


def _on_ray(calls: Sequence[tuple[Callable, tuple, dict]], at_once: int) -> list[Any]:
    """Of Ray: joblib's backend neither gives results one by one nor begins a dead worker's call again."""
    import ray

    for _ in range(TRIES):
        try:
            return joblib.Parallel(n_jobs=at_once, batch_size=1)(calls)
        except (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError) as error:
            died = error
    raise _too_many_died() from died


def _too_many_died() -> TrainingError:
    return TrainingError(f"workers died {TRIES} times over the same work: {machine.RAN_OUT}")


@contextmanager
def folder(shared: Path | None) -> Iterator[Path]:
    """A folder for what calls and whoever waits for them tell each other, gone afterwards.

    Args:
        shared: A folder of a disk that all workers see, made if need be; one of this machine alone without, or where
            nothing can be written there.
    """
    try:
        if shared is not None:
            shared.mkdir(parents=True, exist_ok=True)
            for left in shared.glob(f"{_TOLD}*"):  # by a run that was killed
                shutil.rmtree(left, ignore_errors=True)
        made = TemporaryDirectory(dir=shared, prefix=_TOLD, ignore_cleanup_errors=True)
    except OSError:
        made = TemporaryDirectory(ignore_cleanup_errors=True)
    with made as path:
        yield Path(path).absolute()


_TOLD = ".told-"


@dataclass(frozen=True)
class Shared:
    """Arrays that all calls read, in one file."""

    path: Path

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray], place: Path) -> "Shared":
        """Written once."""
        path = place / "shared.safetensors"
        write_whole(path, seal(arrays))
        return cls(path.absolute())

    def arrays(self) -> dict[str, np.ndarray]:
        """By name; looked into, not read, and by a process that has several calls once.

        Raises:
            TrainingError: This machine does not see the file.
        """
        return _opened(self.path)


@lru_cache(maxsize=1)
def _opened(path: Path) -> dict[str, np.ndarray]:
    try:
        return look_into(path)
    except (OSError, ValueError) as error:
        raise TrainingError(
            "a worker of the cluster does not see what the run has written for it",
            where=path,
            advice="let LCREC_ARTIFACTS name a folder on a disk that all machines share",
        ) from error
