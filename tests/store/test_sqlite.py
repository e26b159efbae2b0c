"""What is SQLite's alone: the file, its damage, and how writers of one process wait."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from lcrec_core.errors import ProfileError, UnknownProfileError
from lcrec_core.files import REPOSITORY
from lcrec_core.store.checks import new_token
from lcrec_core.store.database import SCHEMA_VERSION
from lcrec_core.store.profiles import ProfileStore
from lcrec_core.store.sqlite import sqlite_url
from tests.store.places import InFile, rated


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "profiles.sqlite"


@pytest.fixture
def store(file: Path) -> ProfileStore:
    return ProfileStore(sqlite_url(file))


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_the_files_are_for_their_owner_only(store: ProfileStore, file: Path) -> None:
    store.create("demo")
    assert {oct(path.stat().st_mode & 0o777) for path in file.parent.glob(f"{file.name}*")} == {"0o600"}


def test_a_missing_folder_is_made_and_odd_names_work(tmp_path: Path) -> None:
    file = tmp_path / "new" / "a folder #1 %20 ü?x" / "p.sqlite"
    token = ProfileStore(sqlite_url(file)).create("demo")
    assert file.is_file()
    assert ProfileStore(sqlite_url(file)).get(token).data == "demo"


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


def test_writers_of_one_process_come_in_the_order_in_which_they_asked(store: ProfileStore) -> None:
    token = store.create("demo")
    turns = store._database.backend.turns
    threads = []
    with turns.wait(1):
        for number in range(8):
            thread = threading.Thread(target=store.rate, args=(token, number + 1, 4.0))
            thread.start()
            threads.append(thread)
            while len(turns.queue) < number + 2:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert [movie for movie, _ in rated(store, token)] == list(range(1, 9))


def test_a_turn_that_does_not_come_is_given_up_and_blocks_nobody(file: Path) -> None:
    store = ProfileStore(sqlite_url(file), busy_seconds=0.05)
    token = store.create("demo")
    with store._database.backend.turns.wait(1), pytest.raises(ProfileError, match="try again in a moment"):
        store.rate(token, 1, 4.0)
    store.rate(token, 2, 4.0)
    assert rated(store, token) == [(2, 4.0)]


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
    "change",
    [
        "UPDATE profiles SET name = CAST(x'ff' AS TEXT)",
        "UPDATE profiles SET name = x'416461'",
        "UPDATE profiles SET age = 'old'",
        "UPDATE profiles SET occupation = x'07'",
        "UPDATE profiles SET copied_from = 1.5",
        "UPDATE profiles SET created_at = 'today'",
        "UPDATE ratings SET rating = x'00' WHERE movie_id = 2",
        "UPDATE ratings SET timestamp = 'now' WHERE movie_id = 2",
        "UPDATE ratings SET timestamp = x'00' WHERE movie_id = 2",
        "UPDATE ratings SET movie_id = 2.5 WHERE movie_id = 2",
        "UPDATE lcrec_schema SET version = 'two'",
    ],
)
def test_a_value_of_another_kind_is_a_damaged_store_and_is_not_served(file: Path, change: str) -> None:
    token = ProfileStore(sqlite_url(file)).create("demo", name="Ada", ratings=[(1, 4.0, 1), (2, 3.5, 2)])
    InFile(file).run(change)
    with pytest.raises(ProfileError, match="the profile store is damaged") as caught:
        ProfileStore(sqlite_url(file)).get(token)
    assert "\n" not in str(caught.value)


def test_what_a_visitor_may_read_names_neither_path_nor_variable(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    not_one = tmp_path / "text.sqlite"
    not_one.write_text("<html>not found</html>" * 1000)
    theirs = tmp_path / "theirs.sqlite"
    InFile(theirs).run("CREATE TABLE theirs (x)")
    newer = tmp_path / "newer.sqlite"
    ProfileStore(sqlite_url(newer))
    InFile(newer).run(f"UPDATE lcrec_schema SET version = {SCHEMA_VERSION + 1}")
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
