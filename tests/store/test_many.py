"""Many at once, and death in the middle."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from lcrec_core.errors import ProfileError
from lcrec_core.files import REPOSITORY
from lcrec_core.store.profiles import ProfileStore
from tests.store.places import Place, rated

WRITER = """
import sys
from lcrec_core.store.profiles import ProfileStore
url, token, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = ProfileStore(url)
own = store.create("demo", name=f"writer {first}")
print(own, flush=True)
for movie_id in range(first, first + count):
    store.rate(token, movie_id, 1.0 + movie_id % 5)
    store.rate(own, movie_id, 1.0 + movie_id % 5)
    # All writers rate this one in the profile that they share.
    store.rate(token, 10**6, 3.0, movie_id)
    print(movie_id, flush=True)
"""
PROCESSES = 3


def start_writer(url: str, token: str, first: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, url, token, str(first), str(count)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_writing_at_once_lose_nothing(store: ProfileStore, place: Place) -> None:
    shared, count = store.create("demo"), 8
    writers = [start_writer(place.url, shared, 1 + i * count, count) for i in range(PROCESSES)]
    outputs = [writer.communicate(timeout=120) for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * PROCESSES, [error for _, error in outputs]
    assert sorted(m for m, _ in rated(store, shared)) == [*range(1, PROCESSES * count + 1), 10**6]
    for i, (output, _) in enumerate(outputs):
        own = output.split()[0]
        assert rated(store, own) == [(m, 1.0 + m % 5) for m in range(1 + i * count, 1 + (i + 1) * count)]
    undone = 0
    while store.undo(shared):
        undone += 1
    assert undone == 2 * PROCESSES * count
    assert place.integrity() == "ok"


def test_ten_threads_share_a_store(store: ProfileStore) -> None:
    shared = store.create("demo")
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda movie_id: store.rate(shared, movie_id, 4.0), range(1, 41)))
    assert sorted(m for m, _ in rated(store, shared)) == list(range(1, 41))


def test_sessions_may_open_a_new_store_at_once(empty: Place) -> None:
    with ThreadPoolExecutor(6) as threads:
        tokens = list(threads.map(lambda _: ProfileStore(empty.url).create("demo"), range(6)))
    store = ProfileStore(empty.url)
    assert [store.get(token).data for token in tokens] == ["demo"] * 6


def test_reading_does_not_wait_for_a_writer_and_writing_gives_up_with_a_clear_error(place: Place) -> None:
    store = ProfileStore(place.url, busy_seconds=0.1)
    token = store.create("demo", name="Ada")
    with place.hold():
        assert store.get(token).name == "Ada"
        assert ProfileStore(place.url, busy_seconds=0.1).get(token).name == "Ada"
        with pytest.raises(ProfileError, match="held by another program; nothing was changed"):
            store.rate(token, 1, 4.0)
    store.rate(token, 1, 4.0)
    assert rated(store, token) == [(1, 4.0)]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_every_acknowledged_rating_outlives_kill_9(store: ProfileStore, place: Place) -> None:
    shared, acknowledged = store.create("demo"), 20
    writer = start_writer(place.url, shared, 1, 10**6)
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(1 + acknowledged)]
    writer.send_signal(signal.SIGKILL)
    rest = writer.communicate(timeout=30)[0]
    assert writer.returncode == -signal.SIGKILL
    # A line that was cut off by the kill has no end.
    told = [line for line in "".join([*lines, rest]).splitlines(keepends=True) if line.endswith("\n")]
    own, movie_ids = told[0].strip(), [int(line) for line in told[1:]]
    assert len(movie_ids) >= acknowledged
    assert place.integrity() == "ok"
    for token in (shared, own):
        kept = [m for m, _ in rated(store, token) if m != 10**6]
        assert kept[: len(movie_ids)] == movie_ids
        assert len(kept) <= len(movie_ids) + 1
    store.rate(shared, 10**7, 4.0)
