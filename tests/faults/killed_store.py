"""A process that writes profiles is killed: what it acknowledged is there, and of the rest at most one write."""

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from lcrec_core.store.profiles import ProfileStore
from lcrec_core.store.sqlite import sqlite_url
from tests.faults.dying import BYTE, LATER, Death, Say, failures, run
from tests.faults.outcome import Kind
from tests.faults.replay import Write, apply, held, replay, writes

LONGEST_MS = 120.0
LARGEST = 400_000
"""Bytes: the database and its log, before they are folded together, grow to about this in that time."""


def write_until_killed(say: Say, url: str, seed: int, index: int) -> None:
    """Make random writes without end, saying which were acknowledged."""
    say("started")
    store, tokens = ProfileStore(url), {}
    for write in writes(np.random.default_rng([seed, index])):
        say(("done", apply(store, tokens, write)))


def integrity(file: Path) -> str:
    """What SQLite says of the file; a file without a byte is sound."""
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def check_one(seed: int, index: int, place: Path) -> str | None:
    rng = np.random.default_rng([seed, index, 1])
    death = Death(BYTE, int(rng.integers(LARGEST))) if index % 3 == 0 else Death(LATER, rng.uniform(0, LONGEST_MS))
    file = place / "profiles.sqlite"
    url = sqlite_url(file)
    if index % 2:
        ProfileStore(url).create("demo", name="was there before")
    before = _profiles(file) if index % 2 else 0
    ended = run(write_until_killed, url, seed, index, death=death)
    if not ended.died:
        return f"{death}: it ended by itself: {ended.error}"
    acknowledged = [said[1] for said in ended.said if said[0] == "done"]
    planned = list(itertools.islice(writes(np.random.default_rng([seed, index])), len(acknowledged) + 1))
    problem = _compare(file, planned, acknowledged, before)
    return problem and f"{death}, {len(acknowledged)} writes acknowledged: {problem}"


def _compare(file: Path, planned: list[Write], acknowledged: list[str | None], before: int) -> str | None:
    if file.exists() and integrity(file) != "ok":
        return f"integrity_check: {integrity(file)}"
    store = ProfileStore(sqlite_url(file))
    done, following = planned[:-1], planned[-1]
    made = [write.who for write in done if write.call == "create"]
    tokens = dict(zip(made, (token for token in acknowledged if token is not None), strict=True))
    found, least, most = held(store, tokens), replay(done), replay(planned)
    if found not in (least, {who: most[who] for who in least}):
        return f"the store holds {found}, acknowledged was {least}, at work was {following}"
    alive = before + sum(person is not None for person in least.values())
    # Nobody has been told the token of a profile that was being made; its row may be there.
    if _profiles(file) not in {alive, alive + {"create": 1, "delete": -1}.get(following.call, 0)}:
        return f"{_profiles(file)} profiles where {alive} were acknowledged and at work was {following}"
    token = store.create("demo")
    store.rate(token, 7, 4.5)
    if [rating.movie_id for rating in store.get(token).ratings] != [7]:
        return "it does not take a new rating any more"
    return None if integrity(file) == "ok" else f"integrity_check afterwards: {integrity(file)}"


def _profiles(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM profiles").fetchone()[0])


KIND = Kind(
    "killed-store",
    "a process killed while it writes profiles",
    lambda indices, seed, folder: failures(check_one, indices, seed, folder),
    short=12,
    long=150,
)
