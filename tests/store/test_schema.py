"""How a store is opened: its address, its tables, the migrations, and what others did to it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lcrec_core.errors import ProfileError
from lcrec_core.files import REPOSITORY
from lcrec_core.store.checks import new_token, token_hash
from lcrec_core.store.database import SCHEMA_VERSION
from lcrec_core.store.profiles import ProfileStore, Undone, default_url
from lcrec_core.store.sqlite import sqlite_url
from tests.store.places import Place

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
INSERT INTO profiles (token_hash, data, name, gender, age, occupation, created_at)
    VALUES ('ee1dd7a9c4c1a9d7a5a9b1c6f3f2bb0f0000000000000000000000000000000f', 'demo', 'Ada', 'F', 35, 'writer', 17);
INSERT INTO ratings VALUES (1, 7, 4.0, 1700000001, 1);
INSERT INTO events (profile_id, kind, happened_at, movie_id, rating, timestamp)
    VALUES (1, 'rate', 1700000001, 7, 4.0, 1700000001);
"""


# Migrations


def test_version_1_is_migrated_to_the_tables_of_a_new_store(empty: Place) -> None:
    empty.run(VERSION_1)
    store = ProfileStore(empty.url)
    token = store.create("demo", copied_from=11)
    assert store.get(token).copied_from == 11
    migrated = empty.columns()
    empty.run(";".join(f"DROP TABLE {table}" for table in ("marks", "ratings", "events", "profiles", "lcrec_schema")))
    ProfileStore(empty.url)
    assert migrated == empty.columns()
    assert empty.run("SELECT version FROM lcrec_schema") == [(SCHEMA_VERSION,)]


def test_a_profile_of_version_1_opens_with_its_link_and_can_undo(empty: Place) -> None:
    token = new_token()
    empty.run(VERSION_1 + f"UPDATE profiles SET token_hash = '{token_hash(token)}'")
    store = ProfileStore(empty.url)
    profile = store.get(token)
    assert (profile.name, profile.age, profile.copied_from) == ("Ada", 35, None)
    assert profile.ratings == ((7, 4.0, 1_700_000_001),)
    assert store.undo(token) == Undone(7, rating=None, was=4.0)


def test_a_migration_that_fails_changes_nothing(empty: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    empty.run(VERSION_1)
    before = empty.columns()
    good = "ALTER TABLE profiles ADD COLUMN copied_from BIGINT"
    monkeypatch.setattr("lcrec_core.store.database.MIGRATIONS", {1: (good, "ALTER TABLE nothing ADD COLUMN x INT")})
    with pytest.raises(ProfileError):
        ProfileStore(empty.url)
    assert empty.columns() == before
    assert empty.run("SELECT version FROM lcrec_schema") == [(1,)]


def test_a_store_of_a_newer_version_asks_for_an_update_and_is_left_alone(empty: Place) -> None:
    ProfileStore(empty.url)
    empty.run(f"UPDATE lcrec_schema SET version = {SCHEMA_VERSION + 1}")
    before = empty.content()
    with pytest.raises(ProfileError, match=r"newer LCRec.*update LCRec"):
        ProfileStore(empty.url)
    assert empty.content() == before


def test_another_programs_database_is_refused_and_left_alone(empty: Place) -> None:
    empty.run("CREATE TABLE theirs (x INT)")
    before = empty.content()
    with pytest.raises(ProfileError, match="another program's database"):
        ProfileStore(empty.url)
    assert empty.content() == before


# Addresses


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


# What others did to it


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE profiles SET data = ''",
        "UPDATE profiles SET gender = 'G'",
        "UPDATE profiles SET age = 33",
        "UPDATE profiles SET copied_from = 0",
        "UPDATE profiles SET created_at = -1",
        "UPDATE ratings SET rating = 40.0 WHERE movie_id = 2",
        "UPDATE ratings SET timestamp = -1 WHERE movie_id = 2",
        "UPDATE ratings SET movie_id = -2 WHERE movie_id = 2",
    ],
)
def test_a_value_that_was_never_written_there_is_a_damaged_store_and_is_not_served(
    store: ProfileStore, place: Place, change: str
) -> None:
    token = store.create("demo", name="Ada", ratings=[(1, 4.0, 1), (2, 3.5, 2)])
    place.run(change)
    with pytest.raises(ProfileError, match="the profile store is damaged") as caught:
        store.get(token)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "call"),
    [
        ("UPDATE ratings SET timestamp = -1", lambda store, token: store.rate(token, 2, 2.0)),
        ("UPDATE ratings SET rating = 7", lambda store, token: store.clear(token, 1)),
        ("UPDATE events SET previous_rating = 7", lambda store, token: store.undo(token)),
        ("UPDATE events SET previous_timestamp = NULL", lambda store, token: store.undo(token)),
        ("UPDATE events SET movie_id = 0", lambda store, token: store.undo(token)),
        ("UPDATE events SET rating = 7", lambda store, token: store.undo(token)),
    ],
)
def test_what_is_damaged_is_not_copied_into_the_log(
    store: ProfileStore, place: Place, change: str, call: Callable[[ProfileStore, str], object]
) -> None:
    token = store.create("demo", ratings=[(1, 4.0, 1)])
    store.rate(token, 1, 3.0)
    place.run(change)
    before = [place.run(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("ratings", "events")]
    with pytest.raises(ProfileError, match="the profile store is damaged"):
        call(store, token)
    assert [place.run(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("ratings", "events")] == before


@pytest.mark.parametrize("version", [0, -1])
def test_a_version_that_there_never_was_is_damage(empty: Place, version: int) -> None:
    ProfileStore(empty.url)
    empty.run(f"UPDATE lcrec_schema SET version = {version}")
    with pytest.raises(ProfileError, match="the profile store is damaged"):
        ProfileStore(empty.url)
