"""The database under the profile store: its tables, how it is opened, its migrations, its errors in plain words.

A SQLite file is what LCRec begins with; PostgreSQL is for several machines. What differs between the two is in
`sqlite` and `postgres`. No error's message holds a path, a host or a variable of the environment: what only whoever
runs LCRec may read is its `where` and its `advice`.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from lcrec_core.errors import ProfileError
from lcrec_core.store import failures
from lcrec_core.store.postgres import PostgreSQL
from lcrec_core.store.sqlite import SQLite, sqlite_file

BUSY_SECONDS = 15.0
"""How long a write waits for those before it, unless the caller says; each takes about a millisecond."""

SCHEMA_VERSION = 4

_BigKey = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""SQLite counts up by itself only in a column declared INTEGER, which holds 64 bits there."""

metadata = sa.MetaData()

schema_version = sa.Table("lcrec_schema", metadata, sa.Column("version", sa.Integer, nullable=False))

profiles = sa.Table(
    "profiles",
    metadata,
    sa.Column("id", _BigKey, primary_key=True),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("data", sa.String(60), nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("gender", sa.String(1)),
    sa.Column("age", sa.Integer),
    sa.Column("occupation", sa.String(40)),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("copied_from", sa.BigInteger),
)

ratings = sa.Table(
    "ratings",
    metadata,
    sa.Column("profile_id", sa.ForeignKey("profiles.id"), primary_key=True),
    sa.Column("movie_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("rating", sa.Float, nullable=False),
    sa.Column("timestamp", sa.BigInteger, nullable=False),
    # Order within one second: the id of the event that gave the rating; negative for those the profile began with.
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Index("ratings_in_time", "profile_id", "timestamp", "position"),
)

marks = sa.Table(
    "marks",
    metadata,
    sa.Column("profile_id", sa.ForeignKey("profiles.id"), primary_key=True),
    sa.Column("movie_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("mark", sa.String(16), primary_key=True),
    sa.Column("timestamp", sa.BigInteger, nullable=False),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", _BigKey, primary_key=True),
    sa.Column("profile_id", sa.ForeignKey("profiles.id"), nullable=False),
    sa.Column("kind", sa.String(5), nullable=False),
    sa.Column("happened_at", sa.BigInteger, nullable=False),
    sa.Column("movie_id", sa.BigInteger, nullable=False),
    # What the event made of the movie's rating, and what it was before; all NULL means not rated.
    sa.Column("rating", sa.Float),
    sa.Column("timestamp", sa.BigInteger),
    sa.Column("previous_rating", sa.Float),
    sa.Column("previous_timestamp", sa.BigInteger),
    sa.Column("previous_position", sa.BigInteger),
    # The event that an event of kind "undo" takes back.
    sa.Column("undoes", sa.BigInteger, unique=True),
    # Which mark an event of kind "mark" set (rating 1) or took away (NULL), likewise what it was before.
    sa.Column("mark", sa.String(16)),
    # What the events of one import share, so that undo takes them back together; of a profile, no two imports share it.
    sa.Column("batch", sa.BigInteger),
    sa.Index("events_of_profile", "profile_id", "id"),
    sqlite_autoincrement=True,
)


MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: ("ALTER TABLE profiles ADD COLUMN copied_from BIGINT",),
    2: (
        "CREATE TABLE marks (profile_id BIGINT NOT NULL REFERENCES profiles (id), movie_id BIGINT NOT NULL, "
        "mark VARCHAR(16) NOT NULL, timestamp BIGINT NOT NULL, PRIMARY KEY (profile_id, movie_id, mark))",
        "ALTER TABLE events ADD COLUMN mark VARCHAR(16)",
    ),
    3: ("ALTER TABLE events ADD COLUMN batch BIGINT",),
}
"""Statements that lead from a version to the next one. Append; never edit one that has been released."""


class UnsoundError(Exception):
    """A value in the database is none that was ever written there."""


class Backend(Protocol):
    """What differs between databases; its `__init__(url, busy_seconds)` reaches for none yet."""

    def reading(self) -> AbstractContextManager[sa.Connection]: ...  # noqa: D102
    def writing(self) -> AbstractContextManager[sa.Connection]: ...  # noqa: D102
    def opened(self) -> None: ...  # noqa: D102
    def lock_schema(self, connection: sa.Connection) -> None: ...  # noqa: D102
    def forget_deleted(self) -> None: ...  # noqa: D102
    def explained(self, error: BaseException) -> tuple[str, str] | None: ...  # noqa: D102


_BACKENDS: dict[str, Callable[[sa.URL, float], Backend]] = {
    "sqlite": SQLite,
    "postgresql": PostgreSQL,
    "postgres": PostgreSQL,
}
"""By the first word of a URL."""


class Database:
    """An opened, migrated database. Threads may share it; a process opens its own."""

    def __init__(self, url: str | sa.URL, busy_seconds: float | None = None) -> None:
        """Open the database, creating a SQLite file's folder, the file and all tables where they are missing.

        Args:
            url: A SQLAlchemy URL of SQLite or PostgreSQL.
            busy_seconds: How long a write waits for its turn; by default BUSY_SECONDS.

        Raises:
            ProfileError: It cannot be opened or written, is damaged, or is of a newer LCRec.
        """
        parsed = _parse(url)
        self.label = _label(parsed)
        self.backend = _backend(parsed, BUSY_SECONDS if busy_seconds is None else busy_seconds)
        with self._plain_errors():
            # Looked at before anything is written: another program's database is left as it is.
            with self.read() as connection:
                found = self._found_version(connection)
            self.backend.opened()
            if found != SCHEMA_VERSION:
                with self.write() as connection:
                    self.backend.lock_schema(connection)
                    # Somebody else may have been first.
                    _migrate(connection, self._found_version(connection))

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection that sees one consistent state."""
        with self._plain_errors(), self.backend.reading() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction: all of it is kept when the block ends, nothing of it when the block raises."""
        with self._plain_errors(), self.backend.writing() as connection:
            yield connection

    def forget_deleted(self) -> None:
        """Overwrite deleted rows now, where the database does not do so in its own time."""
        self.backend.forget_deleted()

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeoutError as error:
            raise self._error(failures.BUSY, "start more servers of LCRec for so many visitors") from error
        except (DBAPIError, sqlite3.Error) as error:
            original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
            explained = self.backend.explained(original) or (failures.UNKNOWN, "set LCREC_STORE to another one")
            raise self._error(*explained, _one_line(str(original))) from error
        except (SQLAlchemyError, UnsoundError, UnicodeError, OverflowError) as error:
            # Not even the driver or SQLAlchemy can make sense of what is there.
            raise self._error(failures.DAMAGED, failures.DAMAGED_ADVICE, _one_line(str(error))) from error

    def _error(self, message: str, advice: str, cause: str = "") -> ProfileError:
        """An error about this store; only whoever runs LCRec is told where it is."""
        advice = f"{advice} ({cause})" if cause else advice
        return ProfileError(f"the profile store {message}", advice=f"{self.label}: {advice}")

    def _found_version(self, connection: sa.Connection) -> int:
        """The schema version of the database, 0 when it is empty.

        Raises:
            ProfileError: It belongs to something else, or to a newer LCRec.
        """
        tables = set(sa.inspect(connection).get_table_names())
        if not tables:
            return 0
        found = connection.scalar(sa.select(schema_version.c.version)) if schema_version.name in tables else None
        if found is None:
            raise self._error("is none: this is another program's database", "set LCREC_STORE to one of its own")
        if not isinstance(found, int) or found < 1:
            raise UnsoundError(f"version {found!r:.40}")
        if found > SCHEMA_VERSION:
            raise self._error(
                f"was written by a newer LCRec (its version {found}, known here {SCHEMA_VERSION})",
                "update LCRec, or set LCREC_STORE to another one",
            )
        return found


def _parse(url: str | sa.URL) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError) as error:
        # The text is not repeated: it may hold a password.
        raise ProfileError("the profile store's address cannot be read", advice=_EXAMPLES) from error
    if parsed.get_backend_name() not in _BACKENDS:
        raise ProfileError("the profile store's address names no database that is known here", advice=_EXAMPLES)
    return parsed


_EXAMPLES = (
    "set LCREC_STORE to a file's path or to a URL such as sqlite:////folder/profiles.sqlite or "
    "postgresql://user:password@host/database"
)


def _backend(url: sa.URL, busy_seconds: float) -> Backend:
    try:
        return _BACKENDS[url.get_backend_name()](url, busy_seconds)
    except ImportError as error:
        raise ProfileError(
            "the profile store cannot be opened: its driver is missing",
            advice=f"pip install -r requirements-postgres.txt, or set LCREC_STORE to a file ({_one_line(str(error))})",
        ) from error


def _label(url: sa.URL) -> str:
    """Where a store is, without a password: that may also stand behind the question mark."""
    file = sqlite_file(url)
    return str(file) if file is not None else url.set(query={}).render_as_string(hide_password=True)


def _migrate(connection: sa.Connection, found: int) -> None:
    """Bring the tables to SCHEMA_VERSION within the caller's transaction: wholly or not at all."""
    if found == SCHEMA_VERSION:
        return
    if found == 0:
        metadata.create_all(connection)
        connection.execute(schema_version.insert().values(version=SCHEMA_VERSION))
        return
    for version in range(found, SCHEMA_VERSION):
        for statement in MIGRATIONS[version]:
            connection.exec_driver_sql(statement)
    connection.execute(schema_version.update().values(version=SCHEMA_VERSION))


def _one_line(text: str) -> str:
    """A driver's words in one line; of a damaged file they may quote anything, controls too."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
