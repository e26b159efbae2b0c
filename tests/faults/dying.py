"""Processes that die in the middle of their work, at a moment that a seed names.

Three ways to die leave three kinds of remains: kill -9 from outside after a while; kill -9 just before the process
touches the file system for the n-th time, which tries every place between two steps; and the n-th byte of a file,
which leaves that file cut there (the kernel ends a process at its limit of file size as suddenly as kill -9 does).
"""

import contextlib
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.faults.sandbox import CONTEXT, PATIENCE_SECONDS, limited, one_line

OPERATION, BYTE, LATER = "operation", "byte", "later"

Say = Callable[[Any], None]
Work = Callable[..., None]
"""What a process does: called with `say`, by which it tells what it has finished, and the arguments given."""

_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.utime")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Death:
    """How a process ends."""

    how: str
    at: float
    """Number of the operation, from 0; number of the byte; or milliseconds after its first word."""

    def __str__(self) -> str:
        return {OPERATION: "before operation %d", BYTE: "at byte %d", LATER: "after %.1f ms"}[self.how] % self.at


@dataclass(frozen=True)
class Ended:
    """A process that is no more."""

    said: list[Any]
    """Everything it told, in order."""
    died: bool
    """As it should; otherwise it came to its end before that."""
    error: str | None
    """What it raised instead."""


def run(work: Work, *arguments: Any, death: Death | None = None) -> Ended:
    """Let a process work until it dies or ends."""
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_work, args=(work, arguments, death, theirs), daemon=True)
    process.start()
    theirs.close()
    said: list[Any] = []
    error = None
    killed, until = False, time.monotonic() + PATIENCE_SECONDS
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            left = until - time.monotonic()
            if not killed and (left <= 0 or not ours.poll(left)):
                # What it told before that is in the pipe still, and after it the end.
                process.kill()
                killed = True
            kind, what = ours.recv()
            if kind == "said":
                said.append(what)
            else:
                error = what
            if death is not None and death.how == LATER and len(said) == 1 and not killed:
                until = time.monotonic() + death.at / 1000
    process.join()
    as_planned = killed == (death is not None and death.how == LATER)
    return Ended(said, died=as_planned and process.exitcode in (-signal.SIGKILL, -signal.SIGXFSZ), error=error)


def _work(work: Work, arguments: tuple, death: Death | None, pipe: Any) -> None:
    limited()
    if death is not None and death.how == OPERATION:
        _die_before_operation(int(death.at))
    if death is not None and death.how == BYTE:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(death.at), int(death.at)))
    try:
        work(lambda what: pipe.send(("said", what)), *arguments)
    except Exception as error:
        pipe.send(("raised", one_line(error)))


def _changes_files(event: str, arguments: tuple) -> bool:
    if event == "open":
        _, mode, flags = arguments
        # What is opened by number is a pipe of ours or of Python's.
        return isinstance(arguments[0], str | bytes) and bool((flags or 0) & _WRITES or set(mode or "") & set("wax+"))
    return event in _CHANGES


def _die_before_operation(number: int) -> None:
    left = number

    def watch(event: str, arguments: tuple) -> None:
        nonlocal left
        if _changes_files(event, arguments):
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(watch)


def count_operations(work: Work, *arguments: Any) -> int:
    """How often the work touches the file system when nothing stops it."""
    ended = run(_counted, work, arguments)
    if ended.error or not ended.said:
        raise RuntimeError(f"the work does not come to its end undisturbed: {ended.error}")
    return ended.said[-1]


def _counted(say: Say, work: Work, arguments: tuple) -> None:
    count = 0

    def watch(event: str, given: tuple) -> None:
        nonlocal count
        count += _changes_files(event, given)

    sys.addaudithook(watch)
    work(lambda what: None, *arguments)
    say(count)


def draw(rng: np.random.Generator, index: int, *, operations: int, size: int, milliseconds: float) -> Death:
    """The death of try `index`: every operation in turn, and between those random bytes and random moments.

    Args:
        rng: Of this try.
        index: Of this try.
        operations: Number of places to die before, see `count_operations`.
        size: Bytes of the largest file that is written.
        milliseconds: The longest life.
    """
    turn, way = divmod(index, 3)
    if way == 0:
        return Death(OPERATION, spread(turn, operations))
    if way == 1:
        return Death(BYTE, int(rng.integers(size)))
    return Death(LATER, float(rng.uniform(0, milliseconds)))


def spread(turn: int, count: int) -> int:
    """Goes through 0 to count - 1 in strides, so that a few turns already look everywhere."""
    stride = next(s for s in range(max(1, round(0.382 * count)), count + 2) if math.gcd(s, count) == 1)
    return turn * stride % count


def failures(check: Callable[[int, int, Path], str | None], indices: range, seed: int, folder: Path) -> dict[int, str]:
    """Make tries one after the other, in this process, each in a folder of its own."""
    found = {}
    for index in indices:
        place = folder / f"try{index}"
        place.mkdir(parents=True)
        try:
            complaint = check(seed, index, place)
        except Exception as error:
            complaint = one_line(error)
        if complaint:
            found[index] = complaint
    return found
