"""What is PostgreSQL's alone: many servers at once, connections that break, and what its errors say to whom."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa

from lcrec_core.errors import ProfileError
from lcrec_core.store.database import Database, metadata, schema_version
from lcrec_core.store.postgres import MOST_CONNECTIONS, SCHEMA_LOCK, PostgreSQL
from lcrec_core.store.profiles import ProfileStore, Undone
from tests.store.places import BESIDE, OnServer, rated

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(new_postgres: OnServer) -> ProfileStore:
    return ProfileStore(new_postgres.url)


def waiting(place: OnServer) -> int:
    """How many wait for a lock on the server."""
    ((number,),) = place.run("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    return number


def until(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_who_opens_a_store_while_another_makes_its_tables_waits_and_takes_them(new_postgres: OnServer) -> None:
    driver = sa.make_url(new_postgres.url).set(drivername="postgresql+psycopg")
    with ThreadPoolExecutor(1) as threads:
        with sa.create_engine(driver, poolclass=sa.NullPool).begin() as first:
            first.execute(sa.select(sa.func.pg_advisory_xact_lock(SCHEMA_LOCK)))
            second = threads.submit(ProfileStore, new_postgres.url)
            until(lambda: waiting(new_postgres))
            metadata.create_all(first)
            first.execute(schema_version.insert().values(version=4))
        assert second.result(30).create("demo")
    assert new_postgres.run("SELECT * FROM lcrec_schema") == [(4,)]


def test_writers_of_one_profile_wait_for_each_other_and_those_of_another_do_not(
    store: ProfileStore, new_postgres: OnServer
) -> None:
    mine, theirs = store.create("demo", name="mine"), store.create("demo", name="theirs")
    with psycopg.connect(new_postgres.url) as other, ThreadPoolExecutor(1) as threads:
        other.execute("SELECT * FROM profiles WHERE name = 'mine' FOR UPDATE")
        waits = threads.submit(store.rate, mine, 1, 4.0)
        until(lambda: waiting(new_postgres))
        store.rate(theirs, 1, 4.0)
        assert rated(store, theirs) == [(1, 4.0)]
        assert not waits.done()
        other.execute("INSERT INTO ratings SELECT id, 1, 2.0, 5, -1 FROM profiles WHERE name = 'mine'")
        other.commit()
        waits.result(30)
    # Who waited has seen what was written meanwhile.
    assert store.undo(mine) == Undone(1, rating=2.0, was=4.0)


def test_a_profile_is_read_as_it_was_at_one_moment(store: ProfileStore, new_postgres: OnServer) -> None:
    """Between two statements of a read, another server gives a rating; the second does not see it."""
    token = store.create("demo", ratings=[(1, 4.0, 1)])
    with store._database.read() as connection:
        count = sa.text("SELECT count(*) FROM ratings")
        before = connection.scalar(count)
        ProfileStore(new_postgres.url).rate(token, 2, 4.0)
        assert connection.scalar(count) == before


def test_connections_that_the_server_ended_are_made_anew(store: ProfileStore, new_postgres: OnServer) -> None:
    token = store.create("demo")
    new_postgres.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE backend_type = 'client backend' AND application_name <> '{BESIDE}'"
    )
    store.rate(token, 1, 4.0)
    assert rated(store, token) == [(1, 4.0)]


def test_more_threads_than_connections_wait_for_one_and_give_up_with_a_clear_error(new_postgres: OnServer) -> None:
    database = Database(new_postgres.url, busy_seconds=0.05)
    opened, done = threading.Barrier(MOST_CONNECTIONS + 1), threading.Event()

    def hold() -> None:
        with database.read():
            opened.wait(30)
            done.wait(30)

    with ThreadPoolExecutor(MOST_CONNECTIONS) as threads:
        held = [threads.submit(hold) for _ in range(MOST_CONNECTIONS)]
        opened.wait(30)
        with pytest.raises(ProfileError, match="held by another program") as caught, database.read():
            pass
        done.set()
        assert [each.result(30) for each in held] == [None] * MOST_CONNECTIONS
    assert "postgresql" not in caught.value.for_visitors


SECRETS = ("secret", "nobody", "127.0.0.1", "lcrec-pg", "test_", "nosuch", "LCREC_", "postgresql")


def told(error: ProfileError) -> str:
    """What a visitor reads; checked to hold nothing of the server."""
    assert not [secret for secret in SECRETS if secret in error.for_visitors]
    assert "secret" not in str(error)
    assert error.advice
    return error.for_visitors


def test_a_server_that_does_not_answer_is_out_of_reach() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        for url in (
            f"postgresql://nobody:secret@127.0.0.1:{port}/lcrec",
            f"postgresql:///lcrec?host=127.0.0.1&port={port}&user=nobody&password=secret",
        ):
            with pytest.raises(ProfileError, match="cannot be reached") as caught:
                ProfileStore(url)
            told(caught.value)


def test_a_database_that_is_not_there_is_out_of_reach(new_postgres: OnServer) -> None:
    with pytest.raises(ProfileError) as caught:
        ProfileStore(sa.make_url(new_postgres.url).set(database="nosuch"))
    assert told(caught.value) == "the profile store cannot be reached; try again in a moment"
    assert "nosuch" in caught.value.advice


def test_a_user_who_may_not_write_is_told_so(new_postgres: OnServer) -> None:
    ((schema,),) = new_postgres.run("SELECT current_schema()")
    ProfileStore(new_postgres.url)
    new_postgres.run(
        f"CREATE ROLE nobody LOGIN; GRANT USAGE ON SCHEMA {schema} TO nobody; GRANT SELECT ON lcrec_schema TO nobody"
    )
    with pytest.raises(ProfileError) as caught:
        ProfileStore(sa.make_url(new_postgres.url).set(username="nobody", password="secret")).create("demo")
    assert told(caught.value) == "the profile store cannot be written; nothing was changed"
    new_postgres.run("DROP OWNED BY nobody; DROP ROLE nobody")


def test_tables_that_went_are_a_clear_error(store: ProfileStore, new_postgres: OnServer) -> None:
    new_postgres.run("DROP TABLE ratings, marks, events, profiles")
    with pytest.raises(ProfileError) as caught:
        store.create("demo")
    assert told(caught.value) == "the profile store has lost its tables"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (psycopg.errors.ReadOnlySqlTransaction, "cannot be written"),
        (psycopg.errors.FeatureNotSupported, "cannot be written"),  # A copy of a server, asked to begin a write.
        (psycopg.errors.DiskFull, "has no room left on its disk"),
        (psycopg.errors.TooManyConnections, "try again in a moment"),
        (psycopg.errors.AdminShutdown, "cannot be reached"),
        (psycopg.errors.QueryCanceled, "try again in a moment"),
        (psycopg.errors.SerializationFailure, "try again in a moment"),
        (psycopg.errors.DataCorrupted, "is damaged"),
        (psycopg.OperationalError, "cannot be reached"),
    ],
)
def test_what_else_can_happen_to_a_server_is_said_in_our_words(error: type, message: str) -> None:
    explained = PostgreSQL(sa.make_url("postgresql://"), 1.0).explained(error())
    assert explained is not None
    assert message in explained[0]
