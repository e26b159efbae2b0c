"""SQLite's part of the store: its file, how it locks, and what its errors mean."""

import os
import sqlite3
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from lcrec_core.errors import ProfileError
from lcrec_core.store import failures


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file, whatever characters its path holds."""
    return sa.URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def sqlite_file(url: sa.URL) -> Path | None:
    """The file of a SQLite URL, also of the `file:...?uri=true` form; None for another database."""
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    return Path(url.database.removeprefix("file:"))


class Turns:
    """Lets the writers of a process in one by one, in the order in which they came.

    SQLite alone has waiting writers try again at moments of chance, so that of many some wait forever.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.queue: deque[threading.Event] = deque()
        """The first one writes."""

    @contextmanager
    def wait(self, seconds: float) -> Iterator[None]:
        """Raises sqlite3.OperationalError when the turn has not come after so long."""
        mine = threading.Event()
        with self._guard:
            self.queue.append(mine)
            self.queue[0].set()
        came = mine.wait(seconds)
        with self._guard:
            if not (came or mine.is_set()):
                self.queue.remove(mine)
                raise sqlite3.OperationalError("locked by others who write here")
        try:
            yield
        finally:
            with self._guard:
                self.queue.popleft()
                if self.queue:
                    self.queue[0].set()


class SQLite:
    """A file that the servers of one machine share; one of them writes at a time."""

    def __init__(self, url: sa.URL, busy_seconds: float) -> None:
        """Make folder and file where they are missing.

        Raises:
            ProfileError: They cannot be made.
        """
        file = sqlite_file(url)
        if file is None or url.database in ("", ":memory:"):
            raise ProfileError(
                "the profile store needs a file",
                advice="name one, such as sqlite:////folder/profiles.sqlite (LCREC_STORE)",
            )
        _prepare_file(file)
        self._busy_seconds = busy_seconds
        self.turns = Turns()
        connect = {"timeout": busy_seconds, "check_same_thread": False}
        self._engine = sa.create_engine(url, poolclass=NullPool, connect_args=connect)
        sa.event.listen(self._engine, "connect", _tune)
        sa.event.listen(self._engine, "begin", _begin)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state, however many statements it has."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction of the only one who writes to the file."""
        until = time.monotonic() + self._busy_seconds
        with self.turns.wait(self._busy_seconds), self._engine.connect() as connection:
            connection.execution_options(lcrec_writes_until=until)
            with connection.begin():
                yield connection

    def opened(self) -> None:
        """Switch the file to a write-ahead log, and keep one idle connection as long as this lives.

        Whenever the last connection of a file closes, SQLite folds the log back and deletes it. With a
        connection per operation that would be after every click; the idle one prevents it.
        """
        pooled = self._engine.raw_connection()
        keeper: Any = pooled.dbapi_connection
        pooled.detach()
        keeper.execute("PRAGMA journal_mode=WAL").fetchall()
        # A first read attaches the connection to the log.
        keeper.execute("SELECT count(*) FROM sqlite_master").fetchall()
        weakref.finalize(self, keeper.close)

    def lock_schema(self, connection: sa.Connection) -> None:
        """Nothing: a transaction that writes holds the whole file."""

    def forget_deleted(self) -> None:
        """Fold the write-ahead log into the file, so that deleted rows do not live on in it."""
        # A busy reader may prevent it; the next deletion or the last closing does it then.
        with suppress(SQLAlchemyError), self._engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.rollback()
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def explained(self, error: BaseException) -> tuple[str, str] | None:
        """What an error of the driver means: for everybody, and for whoever runs LCRec."""
        return next((meant for sign, meant in _SIGNS.items() if sign in str(error)), None)


def _prepare_file(file: Path) -> None:
    """Create the folder, and the file for its owner's eyes only; SQLite gives its side files the same mode."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise ProfileError(
            f"the profile store cannot be created ({error.strerror})",
            advice=f"{file}: make its folder writable or set LCREC_STORE to another place",
        ) from error


def _tune(raw: sqlite3.Connection, _record: object) -> None:
    # Python's driver would begin transactions at moments of its own choosing.
    raw.isolation_level = None
    # FULL: what was acknowledged outlives a power cut as well as a killed process.
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("PRAGMA foreign_keys=ON")
    # Deleted rows are overwritten with zeros.
    raw.execute("PRAGMA secure_delete=ON")


def _begin(connection: sa.Connection) -> None:
    # Taking the write lock at once lets a writer wait its turn; one that first reads and then
    # wants to write is refused instead when another wrote in between.
    until = connection.get_execution_options().get("lcrec_writes_until")
    if until is None:
        connection.exec_driver_sql("BEGIN")
        return
    left_ms = max(int(1000 * (until - time.monotonic())), 1)
    connection.exec_driver_sql(f"PRAGMA busy_timeout={left_ms}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


_WRITABLE = "make the file and its folder writable or set LCREC_STORE to another place"
_DAMAGED = (failures.DAMAGED, failures.DAMAGED_ADVICE)
_SIGNS = {
    "readonly": (failures.NOT_WRITABLE, _WRITABLE),
    "unable to open": ("cannot be opened", _WRITABLE),
    "not a database": (
        "cannot be read",
        "this is not a profile store; move it away, or set LCREC_STORE to another file",
    ),
    "malformed": _DAMAGED,
    "decode": _DAMAGED,
    "disk I/O error": ("cannot be read or written; nothing was changed", "check the disk, then try again"),
    "is full": (failures.FULL, "free some space and try again"),
    "locked": (failures.BUSY, "end the other program"),
    "no such table": (failures.LOST, "as when the file is deleted while LCRec runs: start LCRec again"),
}
"""What SQLite's own words mean: for everybody, and for whoever runs LCRec."""
