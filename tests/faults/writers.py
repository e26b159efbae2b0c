"""Ten processes write to one store at once: what was acknowledged is there, and nothing else."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lcrec_core.errors import ProfileError
from lcrec_core.store.profiles import ProfileStore
from lcrec_core.store.sqlite import sqlite_url
from tests.faults.killed_store import integrity
from tests.faults.outcome import Kind
from tests.faults.replay import FIRST_TIME, Write, apply, held, replay, writes
from tests.faults.sandbox import CONTEXT, PATIENCE_SECONDS, limited, one_line

PROCESSES = 10
CONTESTED = 1
"""A film that every process rates in the shared profile; the others it rates there are rated by nobody else."""
BUSY = "held by another program"
"""The one error a write may end in: nothing was changed, and the same write may be made again."""
TRIES = 5


def write(url: str, shared: str, number: int, indices: list[int], seed: int, pipe: Any) -> None:
    """Make one write per index: to the shared profile or, for an even index, to profiles of this process's own."""
    limited()
    rng = np.random.default_rng([seed, number])
    own, tokens, store = writes(rng), {}, ProfileStore(url)
    for index in indices:
        if index % 2:
            film = CONTESTED if rng.random() < 0.2 else int(rng.integers(100 * (1 + number), 100 * (2 + number)))
            # Every time is another, so that no write repeats what is there.
            planned = Write("rate", -1, (film, float(rng.integers(1, 11)) / 2, FIRST_TIME + index))
            call = lambda planned=planned: store.rate(shared, *planned.arguments)  # noqa: E731
        else:
            planned = next(own)
            call = lambda planned=planned: apply(store, tokens, planned)  # noqa: E731
        try:
            answer, busy = _patiently(call)
        except Exception as error:
            pipe.send(("failed", index, f"{planned}: {one_line(error)}", 0))
            return
        pipe.send(("done", index, (planned, answer), busy))


def _patiently(call: Callable[[], str | None]) -> tuple[str | None, int]:
    """The call's answer, and how often it was told to try again."""
    for busy in range(TRIES):
        try:
            return call(), busy
        except ProfileError as error:
            if BUSY not in str(error) or busy == TRIES - 1:
                raise
    raise AssertionError


def check(indices: range, seed: int, folder: Path) -> dict[int, str]:
    file = folder / "profiles.sqlite"
    shared = ProfileStore(sqlite_url(file)).create("demo", name="shared")
    told, failures, busy = [], {}, 0
    started = []
    for number in range(PROCESSES):
        # Two in a row, so that every process writes to both kinds of profile.
        mine = [index for index in indices if index // 2 % PROCESSES == number]
        ours, theirs = CONTEXT.Pipe(duplex=False)
        process = CONTEXT.Process(
            target=write, args=(sqlite_url(file), shared, number, mine, seed, theirs), daemon=True
        )
        process.start()
        theirs.close()
        started.append((mine, ours, process))
    for mine, ours, process in started:
        said = []
        with contextlib.suppress(EOFError, ConnectionError):
            while ours.poll(PATIENCE_SECONDS):
                kind, index, what, again = ours.recv()
                busy += again
                if kind == "failed":
                    failures[index] = what
                else:
                    said.append(what)
        process.kill()
        process.join()
        if len(said) < len(mine) and not set(mine) & set(failures):
            failures[mine[len(said)]] = f"its process ended with {process.exitcode}"
        told.append(said)
    print(f"{len(indices)} writes by {PROCESSES} processes, {busy} told to try again")
    failures |= _compare(file, shared, told, indices)
    return failures


def _compare(file: Path, shared: str, told: list[list[tuple[Write, str | None]]], indices: range) -> dict[int, str]:
    store, failures = ProfileStore(sqlite_url(file)), {}
    kept = {film: (rating, time) for film, rating, time in store.get(shared).ratings}
    expected: dict[int, set[tuple[float, int]]] = {}
    for number, said in enumerate(told):
        own = [planned for planned, _ in said if planned.who >= 0]
        made = [planned.who for planned in own if planned.call == "create"]
        tokens = dict(zip(made, (token for _, token in said if token), strict=True))
        if held(store, tokens) != replay(own):
            failures[indices[2 * number]] = f"process {number}: {held(store, tokens)} is kept of {replay(own)}"
        last = {planned.arguments[0]: planned.arguments[1:] for planned, _ in said if planned.who < 0}
        for film, rated in last.items():
            expected.setdefault(film, set()).add(rated)
    if set(kept) != set(expected) or any(kept[film] not in expected[film] for film in kept):
        failures[indices[0]] = f"the shared profile holds {kept}, the last acknowledged were {expected}"
    undone = 0
    while store.undo(shared):
        undone += 1
    acknowledged = sum(planned.who < 0 for said in told for planned, _ in said)
    if undone != acknowledged or integrity(file) != "ok":
        failures[indices[0]] = f"{undone} of {acknowledged} writes can be undone; integrity_check: {integrity(file)}"
    return failures


KIND = Kind("writers", "a write to one store, by ten processes at once", check, short=200, long=6000, merge_chains=True)
