"""Work in processes of its own, which may die, hang or fill the memory without taking the tests with them.

The processes are forked from a server that has imported the core once, so that a hundred of them cost
seconds. The server holds no thread and no open store.
"""

import contextlib
import logging
import multiprocessing
import os
import resource
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from pathlib import Path

_PRELOADED = [
    "lcrec_core.training.jobs",
    "lcrec_core.serving.recommender",
    "lcrec_core.store.profiles",
    "lcrec_core.training.run",
    # Families import these when they fit or load.
    "lcrec_core.models.lcrec.fit",
    "lcrec_core.models.paper.fit",
    # Which torch imports when the first optimizer is made.
    "torch._dynamo",
    "tests.faults.killed_files",
    "tests.faults.killed_store",
    "tests.faults.killed_training",
    "tests.faults.damaged_bundles",
    "tests.faults.damaged_stores",
    "tests.faults.damaged_zips",
    "tests.faults.writers",
]

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(_PRELOADED)

PATIENCE_SECONDS = 120.0
"""How long a process may say nothing; far more than the slowest machine needs for one try."""
CPU_SECONDS = 5.0
"""Time on the processor that one try may take."""
MEMORY = 256 << 20
"""Bytes that the tries of a process may add to its peak."""
_ADDRESSES = 2 << 30
"""Bytes of addresses that a process may take beyond what it began with: nothing here may fill the machine."""

Check = Callable[[int, int, Path], str | None]
"""Makes one try: called with seed, index and an empty folder; says what went wrong, if anything did."""


def limited() -> None:
    """Bound what the calling process may take, and let it leave no core behind when it dies."""
    # Tries as small as these are only slowed down by threads, and what they complain of is what they are for.
    logging.disable()
    warnings.simplefilter("ignore")
    os.environ["OMP_NUM_THREADS"] = "1"
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + _ADDRESSES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def peak() -> int:
    """The most bytes this process has held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def one_line(error: BaseException) -> str:
    """An exception as one short line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def attempt(
    check: Check, indices: Iterable[int], seed: int, folder: Path, describe: Callable[[int], str] = str
) -> dict[int, str]:
    """Make tries in a process, and in another one when it dies on the way.

    A try fails when it says so, raises, kills its process, says nothing for long, takes too much time on the
    processor, or too much memory.

    Args:
        check: Makes one try.
        indices: Which.
        seed: Of all of them.
        folder: Where each gets a folder of its own.
        describe: Says in words what try `index` is.

    Returns:
        The failures by index.
    """
    failures: dict[int, str] = {}
    left = list(indices)
    while left:
        ours, theirs = CONTEXT.Pipe()
        process = CONTEXT.Process(target=_make_tries, args=(check, left, seed, folder, theirs), daemon=True)
        process.start()
        theirs.close()
        begun, ended = _listen(ours, failures)
        process.kill()
        process.join()
        ours.close()
        if begun != ended or begun is None:
            # A process that ends before its first try would do so again and again.
            begun = left[0] if begun is None else begun
            failures[begun] = f"its process ended with {process.exitcode}, or was silent for {PATIENCE_SECONDS:g} s"
        left = left[left.index(begun) + 1 :]
    return {index: f"{describe(index)}: {failures[index]}" for index in failures}


def _listen(pipe: Connection, failures: dict[int, str]) -> tuple[int | None, int | None]:
    """Take down what the process says; which try it began last, and which it ended last."""
    begun = ended = None
    with contextlib.suppress(EOFError, ConnectionError):
        while pipe.poll(PATIENCE_SECONDS):
            index, at_its_end, complaint = pipe.recv()
            begun, ended = index, index if at_its_end else ended
            if complaint:
                failures[index] = complaint
    return begun, ended


def _make_tries(check: Check, indices: list[int], seed: int, folder: Path, pipe: Connection) -> None:
    limited()
    base = peak()
    for index in indices:
        pipe.send((index, False, None))
        place = folder / f"try{index}"
        place.mkdir(parents=True)
        started = time.process_time()
        try:
            complaint = check(seed, index, place)
        except BaseException as error:
            complaint = one_line(error)
        spent, grown = time.process_time() - started, peak() - base
        if complaint is None and spent > CPU_SECONDS:
            complaint = f"took {spent:.1f} s of processor time"
        if complaint is None and grown > MEMORY:
            complaint = f"took {grown >> 20} MB"
        shutil.rmtree(place, ignore_errors=True)
        pipe.send((index, True, complaint))
        if grown > MEMORY:
            # A peak never falls: the tries that follow get a process of their own.
            return
