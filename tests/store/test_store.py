import inspect
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import mysql, postgresql

from lcrec_core.data.dataset import HALF_STARS, WHOLE_STARS
from lcrec_core.errors import ProfileError, UnknownProfileError
from lcrec_core.files import REPOSITORY
from lcrec_core.store.checks import NAME_LENGTH, free_name, new_token, token_hash
from lcrec_core.store.database import SCHEMA_VERSION, metadata
from lcrec_core.store.profiles import NOT_INTERESTED, SAVED, SEEN, ProfileStore, StoredRating, Undone, default_url
from lcrec_core.store.sqlite import sqlite_url

VERSION_1 = """
CREATE TABLE lcrec_schema (version INTEGER NOT NULL);
INSERT INTO lcrec_schema VALUES (1);
CREATE TABLE profiles (id INTEGER NOT NULL PRIMARY KEY, token_hash VARCHAR(64) NOT NULL UNIQUE,
    data VARCHAR(60) NOT NULL, name VARCHAR(60) NOT NULL, gender VARCHAR(1), age INTEGER, occupation VARCHAR(40),
    created_at BIGINT NOT NULL);
CREATE TABLE ratings (profile_id INTEGER NOT NULL REFERENCES profiles (id), movie_id BIGINT NOT NULL,
    rating FLOAT NOT NULL, timestamp BIGINT NOT NULL, position BIGINT NOT NULL, PRIMARY KEY (profile_id, movie_id));
CREATE INDEX ratings_in_time ON ratings (profile_id, timestamp, position);
CREATE TABLE events (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    profile_id INTEGER NOT NULL REFERENCES profiles (id), kind VARCHAR(5) NOT NULL, happened_at BIGINT NOT NULL,
    movie_id BIGINT NOT NULL, rating FLOAT, timestamp BIGINT, previous_rating FLOAT, previous_timestamp BIGINT,
    previous_position BIGINT, undoes BIGINT UNIQUE);
CREATE INDEX events_of_profile ON events (profile_id, id);
INSERT INTO profiles VALUES (1, 'ee1dd7a9c4c1a9d7a5a9b1c6f3f2bb0f0000000000000000000000000000000f', 'demo', 'Ada', 'F',
    35, 'writer', 1700000000);
INSERT INTO ratings VALUES (1, 7, 4.0, 1700000001, 1);
INSERT INTO events VALUES (1, 1, 'rate', 1700000001, 7, 4.0, 1700000001, NULL, NULL, NULL, NULL);
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "profiles.sqlite"


@pytest.fixture
def store(file: Path) -> ProfileStore:
    return ProfileStore(sqlite_url(file))


def rated(store: ProfileStore, token: str) -> list[tuple[int, float]]:
    return [(r.movie_id, r.rating) for r in store.get(token).ratings]


def on_disk(file: Path) -> bytes:
    return b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))


def make_version_1(file: Path, token_hash: str | None = None) -> None:
    connection = sqlite3.connect(file)
    connection.executescript(VERSION_1)
    if token_hash:
        connection.execute("UPDATE profiles SET token_hash = ?", (token_hash,))
    connection.commit()
    connection.close()


# What is kept


def test_a_profile_comes_back_as_it_was_made_also_in_a_new_process_of_the_app(store: ProfileStore, file: Path) -> None:
    token = store.create("ml-1m", name="Ada", gender="F", age=35, occupation="writer", scale=WHOLE_STARS)
    store.rate(token, 318, 5.0, 1_000, scale=WHOLE_STARS)
    profile = ProfileStore(sqlite_url(file)).get(token)
    assert (profile.token, profile.data, profile.name) == (token, "ml-1m", "Ada")
    assert (profile.gender, profile.age, profile.occupation, profile.copied_from) == ("F", 35, "writer", None)
    assert abs(profile.created_at - time.time()) < 60
    assert profile.ratings == (StoredRating(318, 5.0, 1_000),)


def test_every_field_is_optional(store: ProfileStore) -> None:
    profile = store.get(store.create("demo"))
    assert (profile.name, profile.gender, profile.age, profile.occupation) == ("", None, None, None)
    assert profile.ratings == ()


def test_update_changes_only_what_is_given_and_none_empties(store: ProfileStore) -> None:
    token = store.create("demo", name="Ada", gender="F", age=35, occupation="writer")
    store.update(token, age=45, gender=None)
    store.update(token)
    profile = store.get(token)
    assert (profile.name, profile.gender, profile.age, profile.occupation) == ("Ada", None, 45, "writer")


def test_the_recommender_gets_the_copied_person_and_the_history_in_time_order(store: ProfileStore) -> None:
    token = store.create("demo", gender="M", copied_from=11, ratings=[(1, 4.0, 300), (2, 3.0, 100), (3, 5.0, 100)])
    store.rate(token, 9, 2.0)
    profile = store.get(token).profile
    assert (profile.user_id, profile.gender) == (11, "M")
    assert profile.movie_ids.tolist() == [2, 3, 1, 9]
    assert profile.ratings.tolist() == [3.0, 5.0, 4.0, 2.0]


# Time and order


def test_ratings_of_one_second_keep_the_order_they_were_given_in(store: ProfileStore) -> None:
    token = store.create("demo", ratings=[(50, 3.0, 100), (40, 4.0, 100)])
    for movie_id in (30, 10, 20):
        store.rate(token, movie_id, 4.0, 100)
    assert [m for m, _ in rated(store, token)] == [50, 40, 30, 10, 20]


def test_a_changed_rating_counts_as_new_and_moves_to_the_end(store: ProfileStore) -> None:
    token = store.create("demo")
    for movie_id in (1, 2, 3):
        store.rate(token, movie_id, 4.0)
    store.rate(token, 1, 5.0)
    assert rated(store, token) == [(2, 4.0), (3, 4.0), (1, 5.0)]


def test_a_rating_with_an_earlier_time_takes_its_place_in_time(store: ProfileStore) -> None:
    token = store.create("demo", ratings=[(1, 3.0, 100), (2, 3.0, 300)])
    store.rate(token, 3, 3.0, 200)
    assert [m for m, _ in rated(store, token)] == [1, 3, 2]


def test_a_clock_set_back_does_not_put_a_new_rating_into_the_past(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = store.create("demo")
    store.rate(token, 1, 4.0)
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    store.rate(token, 2, 4.0)
    assert [m for m, _ in rated(store, token)] == [1, 2]


def test_giving_the_same_rating_again_needs_no_second_undo(store: ProfileStore) -> None:
    token = store.create("demo")
    store.rate(token, 1, 4.0)
    store.rate(token, 1, 4.0)
    assert store.undo(token) == Undone(1, rating=None, was=4.0)
    assert not store.get(token).can_undo


# Undo


def test_undo_walks_back_through_ratings_changes_and_clearings(store: ProfileStore) -> None:
    token = store.create("demo")
    store.rate(token, 1, 4.0)
    store.rate(token, 2, 3.0)
    store.rate(token, 1, 2.0)
    store.clear(token, 2)
    assert store.undo(token) == Undone(2, rating=3.0, was=None)
    assert store.undo(token) == Undone(1, rating=4.0, was=2.0)
    assert rated(store, token) == [(1, 4.0), (2, 3.0)]
    store.rate(token, 3, 5.0)
    assert store.undo(token) == Undone(3, rating=None, was=5.0)
    assert store.undo(token) == Undone(2, rating=None, was=3.0)
    assert store.undo(token) == Undone(1, rating=None, was=4.0)
    assert store.undo(token) is None
    assert rated(store, token) == []


def test_undo_stops_at_the_copied_ratings(store: ProfileStore) -> None:
    token = store.create("demo", copied_from=11, ratings=[(1, 4.0, 100), (2, 3.0, 100)])
    assert not store.get(token).can_undo
    assert store.undo(token) is None
    before = store.get(token)
    store.rate(token, 1, 1.0)
    store.clear(token, 2)
    assert store.get(token).can_undo
    store.undo(token)
    store.undo(token)
    assert store.get(token) == before


def test_clearing_what_is_not_rated_does_nothing(store: ProfileStore) -> None:
    token = store.create("demo")
    store.clear(token, 5)
    assert not store.get(token).can_undo


def test_undo_takes_back_only_what_this_profile_did(store: ProfileStore) -> None:
    mine, theirs = store.create("demo"), store.create("demo")
    store.rate(mine, 1, 4.0)
    store.rate(theirs, 1, 5.0)
    store.undo(mine)
    assert store.undo(mine) is None
    assert rated(store, theirs) == [(1, 5.0)]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("rate"), st.integers(1, 4), st.sampled_from(HALF_STARS.values.tolist()), st.integers(1, 3)),
        st.tuples(st.just("clear"), st.integers(1, 5)),
        st.tuples(st.just("undo")),
    ),
    max_size=15,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_undo_restores_each_earlier_state_and_the_log_only_grows(
    store: ProfileStore, file: Path, steps: list[tuple]
) -> None:
    token = store.create("demo", ratings=[(1, 4.0, 2), (5, 3.0, 2)])
    states, log = [store.get(token).ratings], []
    for kind, *values in steps:
        if kind == "undo":
            assert (store.undo(token) is not None) == (len(states) > 1)
            states = states[:-1] or states
        else:
            getattr(store, kind)(token, *values)
            now = store.get(token).ratings
            states += [now] if now != states[-1] else []
        assert store.get(token).ratings == states[-1]
        assert store.get(token).can_undo == (len(states) > 1)
        connection = sqlite3.connect(file)
        grown = connection.execute(
            "SELECT * FROM events WHERE profile_id = (SELECT max(id) FROM profiles) ORDER BY id"
        ).fetchall()
        connection.close()
        assert grown[: len(log)] == log
        log = grown


# Whose profile it is


def test_tokens_are_long_all_different_and_only_their_hash_is_written(store: ProfileStore, file: Path) -> None:
    tokens = {store.create("demo") for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) >= 32 for token in tokens)
    assert not [token for token in tokens if token.encode() in on_disk(file)]


@pytest.mark.parametrize("token", ["", "x", "x" * 32, "' OR 1=1 --", "\ud800" * 32, "x" * 10**6, None, 7, b"x" * 32])
def test_a_token_that_opens_nothing_is_the_same_friendly_error_everywhere(store: ProfileStore, token: str) -> None:
    store.create("demo")
    calls = (
        lambda: store.get(token),
        lambda: store.update(token, name="Eve"),
        lambda: store.rate(token, 1, 4.0),
        lambda: store.clear(token, 1),
        lambda: store.undo(token),
        lambda: store.delete(token),
    )
    messages = set()
    for call in calls:
        with pytest.raises(ProfileError, match="this link opens no profile") as caught:
            call()
        messages.add(str(caught.value))
    assert len(messages) == 1


def test_the_hash_in_the_file_does_not_open_the_profile(store: ProfileStore, file: Path) -> None:
    store.create("demo")
    connection = sqlite3.connect(file)
    (stored,) = connection.execute("SELECT token_hash FROM profiles").fetchone()
    connection.close()
    for guess in (stored, stored[:32]):
        with pytest.raises(ProfileError):
            store.get(guess)


def test_there_is_no_call_that_lists_profiles() -> None:
    public = {name for name, _ in inspect.getmembers(ProfileStore, callable) if not name.startswith("_")}
    assert public == {"create", "get", "update", "delete", "rate", "clear", "mark", "bring", "undo"}


def test_deleting_leaves_no_trace_and_no_other_profile_changes(store: ProfileStore, file: Path) -> None:
    gone, stays = store.create("demo", name="Leave No Trace"), store.create("demo", name="Stay With Us")
    for token in (gone, stays):
        for movie_id in range(1, 40):
            store.rate(token, movie_id, 4.0)
        store.undo(token)
    before = store.get(stays)
    store.delete(gone)
    with pytest.raises(ProfileError, match="this link opens no profile"):
        store.get(gone)
    assert store.get(stays) == before
    assert b"Leave No Trace" not in on_disk(file)
    assert b"Stay With Us" in on_disk(file)
    connection = sqlite3.connect(file)
    counts = [connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("profiles", "ratings", "events")]
    connection.close()
    assert counts == [1, 38, 40]


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_the_files_are_for_their_owner_only(store: ProfileStore, file: Path) -> None:
    store.create("demo")
    assert {oct(path.stat().st_mode & 0o777) for path in file.parent.glob(f"{file.name}*")} == {"0o600"}


# What is allowed


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("  Ada \n Lovelace\t", "Ada Lovelace"),
        ("A\x00d\x1ba\u202e\u200b", "Ada"),
        ("Zoe\u0308", "Zoë"),
        ("小林", "小林"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("\ud800Ada", "Ada"),
        (None, ""),
        ("x" * 60 + " ", "x" * 60),
        ("<b>'; DROP TABLE profiles; --", "<b>'; DROP TABLE profiles; --"),
    ],
)
def test_a_name_is_kept_tidied(store: ProfileStore, given_name: str, kept: str) -> None:
    token = store.create("demo", name=given_name)
    assert store.get(token).name == kept
    store.update(token, name=f"{given_name or ''}")
    assert store.get(token).name == kept


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 61),
        ("name", 7),
        ("gender", "X"),
        ("gender", ""),
        ("gender", ["F"]),
        ("age", 33),
        ("age", True),
        ("age", "18"),
        ("age", float("nan")),
        ("occupation", "x" * 41),
        ("occupation", 3),
    ],
)
def test_a_field_outside_the_rules_is_refused_by_name_and_nothing_is_written(
    store: ProfileStore, field: str, value: object
) -> None:
    token = store.create("demo", name="Ada")
    before = store.get(token)
    with pytest.raises(ProfileError, match=field):
        store.create("demo", **{field: value})
    with pytest.raises(ProfileError, match=field):
        store.update(token, **{field: value})
    assert store.get(token) == before


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, 0.4, 5.1, 9, -1, True, "4", None, 10**400, [4.0]])
def test_a_rating_outside_half_a_star_to_five_is_refused(store: ProfileStore, value: float) -> None:
    token = store.create("demo")
    with pytest.raises(ProfileError, match="rating cannot be"):
        store.rate(token, 1, value)
    with pytest.raises(ProfileError, match="rating cannot be"):
        store.create("demo", ratings=[(1, value, 1)])
    assert not store.get(token).can_undo


def test_the_scale_of_the_data_set_is_enforced_when_given(store: ProfileStore) -> None:
    token = store.create("demo")
    store.rate(token, 1, 3.5, scale=HALF_STARS)
    for value in (0.5, 3.5):
        with pytest.raises(ProfileError, match="1 to 5 in steps of 1"):
            store.rate(token, 2, value, scale=WHOLE_STARS)
    assert rated(store, token) == [(1, 3.5)]


@pytest.mark.parametrize("movie_id", [0, -1, 2**63, 1.5, "1", True, None, float("nan")])
def test_a_movie_id_is_a_positive_whole_number(store: ProfileStore, movie_id: int) -> None:
    token = store.create("demo")
    for call in (lambda: store.rate(token, movie_id, 4.0), lambda: store.clear(token, movie_id)):
        with pytest.raises(ProfileError, match="movie_id must be"):
            call()


@pytest.mark.parametrize("timestamp", [-1, 1_700_000_000_000, 1.5, "now", True])
def test_a_time_is_whole_seconds(store: ProfileStore, timestamp: int) -> None:
    with pytest.raises(ProfileError, match="timestamp"):
        store.rate(store.create("demo"), 1, 4.0, timestamp)


def test_values_out_of_arrays_are_taken(store: ProfileStore) -> None:
    token = store.create("demo", age=np.int64(18), copied_from=np.int64(11))
    store.rate(token, np.int64(2**63 - 1), np.float32(3.5), np.int64(5))
    assert store.get(token).ratings == ((2**63 - 1, 3.5, 5),)
    assert store.get(token).age == 18


def test_a_start_with_a_movie_twice_and_an_unnamed_data_set_are_refused(store: ProfileStore) -> None:
    with pytest.raises(ProfileError, match="movie 7 twice"):
        store.create("demo", ratings=[(7, 3.0, 1), (7, 4.0, 2)])
    with pytest.raises(ProfileError, match="data must name"):
        store.create(" ")


# Many at once, and death in the middle

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
    print(movie_id, flush=True)
"""


def start_writer(file: Path, token: str, first: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, sqlite_url(file), token, str(first), str(count)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def integrity(file: Path) -> str:
    connection = sqlite3.connect(file)
    (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    return answer


def test_ten_processes_writing_at_once_lose_nothing(store: ProfileStore, file: Path) -> None:
    shared, count = store.create("demo"), 15
    writers = [start_writer(file, shared, 1 + i * count, count) for i in range(10)]
    outputs = [writer.communicate(timeout=120) for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 10, [error for _, error in outputs]
    assert sorted(m for m, _ in rated(store, shared)) == list(range(1, 10 * count + 1))
    for i, (output, _) in enumerate(outputs):
        own = output.split()[0]
        assert rated(store, own) == [(m, 1.0 + m % 5) for m in range(1 + i * count, 1 + (i + 1) * count)]
    undone = 0
    while store.undo(shared):
        undone += 1
    assert undone == 10 * count
    assert integrity(file) == "ok"


def test_ten_threads_share_a_store(store: ProfileStore) -> None:
    shared = store.create("demo")
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda movie_id: store.rate(shared, movie_id, 4.0), range(1, 101)))
    assert sorted(m for m, _ in rated(store, shared)) == list(range(1, 101))


def test_ten_sessions_may_open_a_new_file_at_once(file: Path) -> None:
    with ThreadPoolExecutor(10) as threads:
        tokens = list(threads.map(lambda _: ProfileStore(sqlite_url(file)).create("demo"), range(10)))
    store = ProfileStore(sqlite_url(file))
    assert [store.get(token).data for token in tokens] == ["demo"] * 10


def test_reading_does_not_wait_for_a_writer_and_writing_gives_up_with_a_clear_error(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lcrec_core.store.sqlite.BUSY_SECONDS", 0.1)
    store = ProfileStore(sqlite_url(file))
    token = store.create("demo", name="Ada")
    other = sqlite3.connect(file)
    other.execute("BEGIN EXCLUSIVE")
    assert store.get(token).name == "Ada"
    with pytest.raises(ProfileError, match="held by another program; nothing was changed"):
        store.rate(token, 1, 4.0)
    other.close()
    store.rate(token, 1, 4.0)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("acknowledged", [1, 40])
def test_every_acknowledged_rating_outlives_kill_9(store: ProfileStore, file: Path, acknowledged: int) -> None:
    shared = store.create("demo")
    writer = start_writer(file, shared, 1, 10**6)
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(1 + acknowledged)]
    writer.send_signal(signal.SIGKILL)
    rest = writer.communicate(timeout=30)[0]
    assert writer.returncode == -signal.SIGKILL
    # A line that was cut off by the kill has no end.
    told = [line for line in "".join([*lines, rest]).splitlines(keepends=True) if line.endswith("\n")]
    own, movie_ids = told[0].strip(), [int(line) for line in told[1:]]
    assert len(movie_ids) >= acknowledged
    assert integrity(file) == "ok"
    for token in (shared, own):
        kept = [m for m, _ in rated(store, token)]
        assert kept[: len(movie_ids)] == movie_ids
        assert len(kept) <= len(movie_ids) + 1
    store.rate(shared, 10**7, 4.0)


# The file


def test_a_missing_folder_is_made_and_odd_names_work(tmp_path: Path) -> None:
    file = tmp_path / "new" / "a folder #1 %20 ü?x" / "p.sqlite"
    token = ProfileStore(sqlite_url(file)).create("demo")
    assert file.is_file()
    assert ProfileStore(sqlite_url(file)).get(token).data == "demo"


def test_version_1_is_migrated_with_everything_in_it(file: Path, tmp_path: Path) -> None:
    make_version_1(file)
    store = ProfileStore(sqlite_url(file))
    token = store.create("demo", copied_from=11)
    assert store.get(token).copied_from == 11
    fresh = tmp_path / "fresh.sqlite"
    ProfileStore(sqlite_url(fresh))
    assert columns(file) == columns(fresh)


def test_a_profile_of_version_1_opens_with_its_link_and_can_undo(file: Path) -> None:
    token = new_token()
    make_version_1(file, token_hash(token))
    store = ProfileStore(sqlite_url(file))
    profile = store.get(token)
    assert (profile.name, profile.age, profile.copied_from) == ("Ada", 35, None)
    assert profile.ratings == ((7, 4.0, 1_700_000_001),)
    assert store.undo(token) == Undone(7, rating=None, was=4.0)


def test_a_migration_that_fails_changes_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_version_1(file)
    before = columns(file)
    good = "ALTER TABLE profiles ADD COLUMN copied_from BIGINT"
    monkeypatch.setattr("lcrec_core.store.database.MIGRATIONS", {1: (good, "ALTER TABLE nothing ADD COLUMN x")})
    with pytest.raises(ProfileError):
        ProfileStore(sqlite_url(file))
    assert columns(file) == before


def columns(file: Path) -> dict[str, list[str]]:
    """Column names of every table, and the version."""
    connection = sqlite3.connect(file)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {t: [row[1] for row in connection.execute(f"PRAGMA table_info({t})")] for t in tables}
    (version,) = connection.execute("SELECT version FROM lcrec_schema").fetchone()
    connection.close()
    return {**found, "version": [str(version)]}


def test_a_store_of_a_newer_version_asks_for_an_update_and_is_left_alone(file: Path) -> None:
    ProfileStore(sqlite_url(file))
    connection = sqlite3.connect(file)
    connection.execute("UPDATE lcrec_schema SET version = ?", (SCHEMA_VERSION + 1,))
    connection.commit()
    connection.close()
    before = file.read_bytes()
    with pytest.raises(ProfileError, match=r"newer LCRec.*update LCRec"):
        ProfileStore(sqlite_url(file))
    assert file.read_bytes() == before


def test_another_programs_database_is_refused_and_left_alone(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = file.read_bytes()
    with pytest.raises(ProfileError, match="another program's database"):
        ProfileStore(sqlite_url(file))
    assert file.read_bytes() == before


def test_a_file_that_is_no_database_is_named(file: Path) -> None:
    file.write_text("<html>not found</html>" * 1000)
    with pytest.raises(ProfileError, match=r"profiles\.sqlite: this is not a profile store; move it away") as caught:
        ProfileStore(sqlite_url(file))
    assert "\n" not in str(caught.value)


def test_a_damaged_file_is_named_when_it_is_read(file: Path) -> None:
    store = ProfileStore(sqlite_url(file))
    token = store.create("demo", ratings=[(i, 4.0, i) for i in range(1, 3000)])
    del store
    pages = bytearray(file.read_bytes())
    pages[4096:] = b"\xa5" * (len(pages) - 4096)
    file.write_bytes(pages)
    with pytest.raises(ProfileError, match=r"is damaged; .*profiles\.sqlite: move it away"):
        ProfileStore(sqlite_url(file)).get(token)


def test_a_file_deleted_under_the_running_app_is_a_clear_error(store: ProfileStore, file: Path) -> None:
    token = store.create("demo")
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()
    with pytest.raises(ProfileError, match=r"has lost its tables.*start LCRec again"):
        store.rate(token, 1, 4.0)


def test_a_read_only_database_is_a_clear_error(store: ProfileStore, file: Path) -> None:
    with pytest.raises(ProfileError, match=r"cannot be written; .*profiles\.sqlite: make"):
        ProfileStore(f"sqlite:///file:{file}?mode=ro&uri=true").create("demo")


READ_ONLY = """
import os, sys
from lcrec_core.errors import ProfileError, UnknownProfileError
from lcrec_core.store.profiles import ProfileStore
if os.geteuid() == 0:
    os.setuid(65534)
try:
    ProfileStore(sys.argv[1]).create("demo")
except ProfileError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_that_may_not_be_written_is_a_clear_error(exists: bool) -> None:
    # Not in pytest's own folder: the process that tries is not root, to whom no file is closed.
    with tempfile.TemporaryDirectory() as name:
        folder, file = Path(name), Path(name) / "profiles.sqlite"
        if exists:
            ProfileStore(sqlite_url(file))
            file.chmod(0o444)
        folder.chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, sqlite_url(file)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
        folder.chmod(0o755)
    assert done.stderr == ""
    assert str(file) in done.stdout
    assert "writable or set LCREC_STORE" in done.stdout


def test_a_path_that_cannot_be_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    for path in (tmp_path, tmp_path / "taken" / "profiles.sqlite"):
        with pytest.raises(ProfileError, match=str(path)):
            ProfileStore(sqlite_url(path))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "no url", "nosuch://user:secret@host/db"])
def test_a_url_that_cannot_be_used_is_a_clear_error_without_its_password(url: str) -> None:
    with pytest.raises(ProfileError, match="LCREC_STORE") as caught:
        ProfileStore(url)
    assert "secret" not in str(caught.value)


def test_the_default_is_in_the_checkout_and_can_be_named_as_url_or_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LCREC_STORE")
    assert default_url() == sqlite_url(REPOSITORY / "var" / "profiles.sqlite")
    monkeypatch.setenv("LCREC_STORE", "postgresql://host/lcrec")
    assert default_url() == "postgresql://host/lcrec"
    monkeypatch.setenv("LCREC_STORE", str(tmp_path / "mine.sqlite"))
    ProfileStore().create("demo")
    assert (tmp_path / "mine.sqlite").is_file()


@pytest.mark.parametrize("dialect", [postgresql.dialect(), mysql.dialect()], ids=lambda d: d.name)
def test_the_tables_can_be_made_in_another_database(dialect: sa.Dialect) -> None:
    statements = [str(sa.schema.CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
    counting = {"postgresql": "id BIGSERIAL", "mysql": "id BIGINT NOT NULL AUTO_INCREMENT"}[dialect.name]
    assert sum(counting in statement for statement in statements) == 2


# What others did to the file


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE profiles SET name = CAST(x'ff' AS TEXT)",
        "UPDATE profiles SET name = x'416461'",
        "UPDATE profiles SET data = ''",
        "UPDATE profiles SET gender = 'G'",
        "UPDATE profiles SET age = 'old'",
        "UPDATE profiles SET occupation = x'07'",
        "UPDATE profiles SET copied_from = 1.5",
        "UPDATE profiles SET created_at = 'today'",
        "UPDATE ratings SET rating = 40.0 WHERE movie_id = 2",
        "UPDATE ratings SET rating = x'00' WHERE movie_id = 2",
        "UPDATE ratings SET timestamp = 'now' WHERE movie_id = 2",
        "UPDATE ratings SET timestamp = x'00' WHERE movie_id = 2",
        "UPDATE ratings SET movie_id = -2 WHERE movie_id = 2",
        "UPDATE ratings SET movie_id = 2.5 WHERE movie_id = 2",
        "UPDATE lcrec_schema SET version = 'two'",
        "UPDATE lcrec_schema SET version = -1",
    ],
)
def test_a_value_that_was_never_written_there_is_a_damaged_store_and_is_not_served(file: Path, change: str) -> None:
    token = ProfileStore(sqlite_url(file)).create("demo", name="Ada", ratings=[(1, 4.0, 1), (2, 3.5, 2)])
    alter(file, change)
    with pytest.raises(ProfileError, match="the profile store is damaged") as caught:
        ProfileStore(sqlite_url(file)).get(token)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "call"),
    [
        ("UPDATE ratings SET position = 'first'", lambda store, token: store.rate(token, 1, 2.0)),
        ("UPDATE ratings SET timestamp = 'now'", lambda store, token: store.rate(token, 2, 2.0)),
        ("UPDATE ratings SET rating = 'good'", lambda store, token: store.clear(token, 1)),
        ("UPDATE events SET previous_rating = 'good'", lambda store, token: store.undo(token)),
        ("UPDATE events SET previous_timestamp = NULL", lambda store, token: store.undo(token)),
        ("UPDATE events SET movie_id = 'Heat'", lambda store, token: store.undo(token)),
        ("UPDATE events SET rating = 'good'", lambda store, token: store.undo(token)),
    ],
)
def test_what_is_damaged_is_not_copied_into_the_log(
    store: ProfileStore, file: Path, change: str, call: Callable[[ProfileStore, str], object]
) -> None:
    token = store.create("demo", ratings=[(1, 4.0, 1)])
    store.rate(token, 1, 3.0)
    alter(file, change)
    before = rows_of(file)
    with pytest.raises(ProfileError, match="the profile store is damaged"):
        call(store, token)
    assert rows_of(file) == before


def test_a_flipped_bit_is_an_answer_or_one_clear_error(tmp_path: Path) -> None:
    whole = tmp_path / "whole.sqlite"
    token = ProfileStore(sqlite_url(whole)).create(
        "demo", name="Zoë", gender="F", age=35, ratings=[(i, 4.0, i) for i in range(1, 30)]
    )
    content = whole.read_bytes()
    used = [place for place, byte in enumerate(content) if byte]
    rng = np.random.default_rng(0)
    for number in range(60):
        flipped = bytearray(content)
        flipped[rng.choice(used)] ^= 1 << int(rng.integers(8))
        file = tmp_path / f"{number}.sqlite"
        file.write_bytes(flipped)
        with suppress(ProfileError):
            store = ProfileStore(sqlite_url(file))
            assert store.get(token).profile
            store.rate(token, 3, 5.0)
            store.undo(token)


def alter(file: Path, *statements: str) -> None:
    connection = sqlite3.connect(file)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def rows_of(file: Path) -> list[list[tuple]]:
    connection = sqlite3.connect(file)
    found = [connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in ("ratings", "events")]
    connection.close()
    return found


# What visitors are told


def test_what_a_visitor_may_read_names_neither_path_nor_variable(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    not_one = tmp_path / "text.sqlite"
    not_one.write_text("<html>not found</html>" * 1000)
    theirs = tmp_path / "theirs.sqlite"
    alter(theirs, "CREATE TABLE theirs (x)")
    newer = tmp_path / "newer.sqlite"
    ProfileStore(sqlite_url(newer))
    alter(newer, f"UPDATE lcrec_schema SET version = {SCHEMA_VERSION + 1}")
    locked = tmp_path / "locked.sqlite"
    ProfileStore(sqlite_url(locked))
    other = sqlite3.connect(locked)
    other.execute("BEGIN IMMEDIATE")
    urls = [sqlite_url(path) for path in (tmp_path, tmp_path / "taken" / "p.sqlite", not_one, theirs, newer, locked)]
    for url in [*urls, "sqlite://", "no url", "nosuch://user:secret@host/db"]:
        with pytest.raises(ProfileError) as caught:
            ProfileStore(url, busy_seconds=0.1).create("demo")
        shown = caught.value.for_visitors
        assert "profile store" in shown
        assert not [told for told in (str(tmp_path), "LCREC_", "host", ".sqlite") if told in shown], shown
        assert caught.value.advice, "whoever runs it is told more"
    other.close()


def test_writers_of_one_process_come_in_the_order_in_which_they_asked(store: ProfileStore) -> None:
    token = store.create("demo")
    turns = store._database._turns
    threads = []
    with turns.wait(1):
        for number in range(8):
            thread = threading.Thread(target=store.rate, args=(token, number + 1, 4.0))
            thread.start()
            threads.append(thread)
            while len(turns._queue) < number + 2:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert [movie for movie, _ in rated(store, token)] == list(range(1, 9))


def test_a_turn_that_does_not_come_is_given_up_and_blocks_nobody(file: Path) -> None:
    store = ProfileStore(sqlite_url(file), busy_seconds=0.05)
    token = store.create("demo")
    with store._database._turns.wait(1), pytest.raises(ProfileError, match="try again in a moment"):
        store.rate(token, 1, 4.0)
    store.rate(token, 2, 4.0)
    assert rated(store, token) == [(2, 4.0)]


def test_a_store_that_is_held_can_still_be_opened_and_read(file: Path) -> None:
    token = ProfileStore(sqlite_url(file)).create("demo", name="Ada")
    other = sqlite3.connect(file)
    other.execute("BEGIN IMMEDIATE")
    assert ProfileStore(sqlite_url(file), busy_seconds=0.05).get(token).name == "Ada"
    other.close()


def test_a_token_that_opens_nothing_is_told_from_a_store_that_cannot_be_read(store: ProfileStore, file: Path):
    with pytest.raises(UnknownProfileError):
        store.get(new_token())
    token = store.create("demo")
    for path in file.parent.iterdir():
        path.write_bytes(b"not a database, and longer than the header of one" * 100)
    with pytest.raises(ProfileError) as caught:
        ProfileStore(sqlite_url(file)).get(token)
    assert not isinstance(caught.value, UnknownProfileError)


@pytest.mark.parametrize(
    ("wanted", "taken", "free"),
    [
        ("Ada", [], "Ada"),
        ("Ada", ["Ada"], "Ada (2)"),
        ("Ada", ["Ada", "Ada (2)", "Ada (4)"], "Ada (3)"),
        ("x" * 60, ["x" * 60], "x" * 56 + " (2)"),
        ("Copy of " + "x" * 60, [], "Copy of " + "x" * 52),
    ],
)
def test_a_free_name_is_new_and_fits(wanted, taken, free):
    assert free_name(wanted, taken) == free
    assert len(free) <= NAME_LENGTH


# Marks


def test_marks_are_kept_by_kind_the_latest_first_and_keep_movies_out_of_lists(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = store.create("demo")
    for second, (movie, mark) in enumerate([(3, SAVED), (5, SAVED), (7, SEEN), (9, NOT_INTERESTED), (3, SEEN)]):
        monkeypatch.setattr(time, "time", lambda second=second: 1_000.0 + second)
        store.mark(token, movie, mark)
    profile = store.get(token)
    assert profile.marks == {SAVED: (5, 3), SEEN: (3, 7), NOT_INTERESTED: (9,)}
    assert profile.unwanted == {3, 7, 9}
    assert profile.ratings == ()
    store.mark(token, 3, SEEN, on=False)
    assert store.get(token).marks == {SAVED: (5, 3), SEEN: (7,), NOT_INTERESTED: (9,)}


def test_undo_takes_marks_and_stars_back_in_the_order_they_were_given(store: ProfileStore) -> None:
    token = store.create("demo")
    store.mark(token, 3, SAVED)
    store.rate(token, 3, 4.0, 1_000)
    store.mark(token, 3, SAVED, on=False)
    store.mark(token, 3, SAVED, on=False)  # once is enough
    assert store.undo(token) == Undone(3, rating=1.0, was=None, mark=SAVED)
    assert store.get(token).marks == {SAVED: (3,)}
    assert store.undo(token) == Undone(3, rating=None, was=4.0)
    assert store.undo(token) == Undone(3, rating=None, was=1.0, mark=SAVED)
    assert store.undo(token) is None
    assert (store.get(token).marks, store.get(token).ratings) == ({}, ())


@pytest.mark.parametrize("mark", ["", "loved", "SEEN", None, 3])
def test_a_mark_that_there_is_not_is_refused(store: ProfileStore, mark: object) -> None:
    token = store.create("demo")
    with pytest.raises(ProfileError, match="there is no mark"):
        store.mark(token, 3, mark)  # type: ignore[arg-type]
    assert store.get(token).marks == {}


def test_marks_go_with_their_profile(store: ProfileStore, file: Path) -> None:
    token = store.create("demo")
    store.mark(token, 3, SAVED)
    store.delete(token)
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT count(*) FROM marks").fetchone() == (0,)
    connection.close()


def test_a_damaged_mark_is_one_error_and_nothing_is_served(store: ProfileStore, file: Path) -> None:
    token = store.create("demo")
    store.mark(token, 3, SAVED)
    connection = sqlite3.connect(file)
    connection.execute("UPDATE marks SET mark = 'sawed'")
    connection.commit()
    connection.close()
    with pytest.raises(ProfileError, match="damaged"):
        ProfileStore(sqlite_url(file)).get(token)
