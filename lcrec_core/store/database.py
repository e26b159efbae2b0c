"""The database under the profile store: its tables, how it is opened, its migrations, its errors in plain words.

SQLite is what LCRec ships with. No error's message holds a path or a variable of the environment: what only
whoever runs LCRec may read is its `where` and its `advice`.
"""

import sqlite3
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from lcrec_core.errors import ProfileError
from lcrec_core.store.sqlite import BUSY_SECONDS, keep_open, make_engine, prepare_file, sqlite_file

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


class _Turns:
    """Lets the writers of a process in one by one, in the order in which they came.

    SQLite alone has waiting writers try again at moments of chance, so that of many some wait forever.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._queue: deque[threading.Event] = deque()
        """The first one writes."""

    @contextmanager
    def wait(self, seconds: float) -> Iterator[None]:
        """Raises sqlite3.OperationalError when the turn has not come after so long."""
        mine = threading.Event()
        with self._guard:
            self._queue.append(mine)
            self._queue[0].set()
        came = mine.wait(seconds)
        with self._guard:
            if not (came or mine.is_set()):
                self._queue.remove(mine)
                raise sqlite3.OperationalError("locked by others who write here")
        try:
            yield
        finally:
            with self._guard:
                self._queue.popleft()
                if self._queue:
                    self._queue[0].set()


class Database:
    """An opened, migrated database. Threads may share it; a process opens its own."""

    def __init__(self, url: str | sa.URL, busy_seconds: float | None = None) -> None:
        """Open the database, creating folder, file and tables where they are missing.

        Args:
            url: A SQLAlchemy URL.
            busy_seconds: How long a write waits for its turn in a SQLite file; by default BUSY_SECONDS.

        Raises:
            ProfileError: It cannot be opened or written, is damaged, or is of a newer LCRec.
        """
        self.url = _parse(url)
        self.label = _label(self.url)
        self._file = sqlite_file(self.url)
        self._busy_seconds = BUSY_SECONDS if busy_seconds is None else busy_seconds
        self._turns = _Turns() if self._file is not None else None
        if self._file is not None:
            prepare_file(self._file)
        with self._plain_errors():
            self._engine = make_engine(self.url, self._busy_seconds)
            # Looked at before anything is written: another program's database is left as it is.
            with self.read() as connection:
                found = self._found_version(connection)
            if self._file is not None:
                weakref.finalize(self, keep_open(self._engine).close)
            if found != SCHEMA_VERSION:
                with self.write() as connection:
                    # Somebody else may have been first.
                    _migrate(connection, self._found_version(connection))

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection that sees one consistent state."""
        with self._plain_errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction: all of it is kept when the block ends, nothing of it when the block raises."""
        until = time.monotonic() + self._busy_seconds
        turn = self._turns.wait(self._busy_seconds) if self._turns is not None else nullcontext()
        with self._plain_errors(), turn, self._engine.connect() as connection:
            connection.execution_options(lcrec_writes_until=until)
            with connection.begin():
                yield connection

    def forget_deleted(self) -> None:
        """Fold SQLite's write-ahead log into the file, so that deleted rows do not live on in it."""
        if self._file is None:
            return
        # A busy reader may prevent it; the next deletion or the last closing does it then.
        with suppress(SQLAlchemyError), self._engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.rollback()
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise self._error(
                "has no driver here", f"{_one_line(str(error))}; install it or set LCREC_STORE"
            ) from error
        except (DBAPIError, sqlite3.Error) as error:
            original = error.orig if isinstance(error, DBAPIError) else error
            raise self._explained(_one_line(str(original))) from error
        except (SQLAlchemyError, UnsoundError, UnicodeError, OverflowError) as error:
            # Not even the driver or SQLAlchemy can make sense of what is there.
            raise self._error(*_DAMAGED, _one_line(str(error))) from error

    def _explained(self, cause: str) -> ProfileError:
        if self._file is not None:
            for sign, (message, advice) in _SQLITE_SIGNS.items():
                if sign in cause:
                    return self._error(message, advice, cause)
        return self._error("failed; nothing was changed, try again", "set LCREC_STORE to another one", cause)

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
            raise self._error("is none: this is another program's database", "set LCREC_STORE to a file of its own")
        if not isinstance(found, int) or found < 1:
            raise UnsoundError(f"version {found!r:.40}")
        if found > SCHEMA_VERSION:
            raise self._error(
                f"was written by a newer LCRec (its version {found}, known here {SCHEMA_VERSION})",
                "update LCRec, or set LCREC_STORE to another file",
            )
        return found


def _parse(url: str | sa.URL) -> sa.URL:
    example = "such as sqlite:////folder/profiles.sqlite (LCREC_STORE)"
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError) as error:
        # The text is not repeated: it may hold a password.
        raise ProfileError("the profile store's address cannot be read", advice=f"give a URL {example}") from error
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ProfileError("the profile store needs a file", advice=f"name one, {example}")
    return parsed


def _label(url: sa.URL) -> str:
    file = sqlite_file(url)
    return str(file) if file is not None else url.render_as_string(hide_password=True)


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


_WRITABLE = "make the file and its folder writable or set LCREC_STORE to another place"
_DAMAGED = (
    "is damaged; nothing was changed",
    "move it away to start with an empty store, or put a backup in its place",
)
_SQLITE_SIGNS = {
    "readonly": ("cannot be written; nothing was changed", _WRITABLE),
    "unable to open": ("cannot be opened", _WRITABLE),
    "not a database": (
        "cannot be read",
        "this is not a profile store; move it away, or set LCREC_STORE to another file",
    ),
    "malformed": _DAMAGED,
    "decode": _DAMAGED,
    "disk I/O error": ("cannot be read or written; nothing was changed", "check the disk, then try again"),
    "is full": ("has no room left on its disk; nothing was changed", "free some space and try again"),
    "locked": ("is held by another program; nothing was changed, try again in a moment", "end the other program"),
    "no such table": ("has lost its tables", "as when the file is deleted while LCRec runs: start LCRec again"),
}
"""What SQLite's own words mean: for everybody, and for whoever runs LCRec."""


def _one_line(text: str) -> str:
    """A driver's words in one line; of a damaged file they may quote anything, controls too."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
