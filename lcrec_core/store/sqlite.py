"""SQLite's part of the store: its file, how it locks, and what its errors mean."""

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from lcrec_core.errors import ProfileError

BUSY_SECONDS = 15.0
"""How long a write waits for those before it, unless the caller says; each holds the file for about a millisecond."""


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file, whatever characters its path holds."""
    return sa.URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def sqlite_file(url: sa.URL) -> Path | None:
    """The file of a SQLite URL, also of the `file:...?uri=true` form; None for another database."""
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    return Path(url.database.removeprefix("file:"))


def prepare_file(file: Path) -> None:
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


def make_engine(url: sa.URL, busy_seconds: float) -> sa.Engine:
    """What talks to the database; writers to a SQLite file wait so many seconds for one another."""
    if sqlite_file(url) is None:
        return sa.create_engine(url, pool_pre_ping=True)
    connect = {"timeout": busy_seconds, "check_same_thread": False}
    engine = sa.create_engine(url, poolclass=NullPool, connect_args=connect)
    sa.event.listen(engine, "connect", _tune_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _tune_sqlite(raw: sqlite3.Connection, _record: object) -> None:
    # Python's driver would begin transactions at moments of its own choosing.
    raw.isolation_level = None
    # FULL: what was acknowledged outlives a power cut as well as a killed process.
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("PRAGMA foreign_keys=ON")
    # Deleted rows are overwritten with zeros.
    raw.execute("PRAGMA secure_delete=ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    # Taking the write lock at once lets a writer wait its turn; one that first reads and then
    # wants to write is refused instead when another wrote in between.
    until = connection.get_execution_options().get("lcrec_writes_until")
    if until is None:
        connection.exec_driver_sql("BEGIN")
        return
    left_ms = max(int(1000 * (until - time.monotonic())), 1)
    connection.exec_driver_sql(f"PRAGMA busy_timeout={left_ms}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def keep_open(engine: sa.Engine) -> sqlite3.Connection:
    """Switch the file to a write-ahead log, and keep one idle connection.

    Whenever the last connection of a file closes, SQLite folds the log back and deletes it. With a
    connection per operation that would be after every click; the idle one prevents it.
    """
    pooled = engine.raw_connection()
    keeper: Any = pooled.dbapi_connection
    pooled.detach()
    keeper.execute("PRAGMA journal_mode=WAL").fetchall()
    # A first read attaches the connection to the log.
    keeper.execute("SELECT count(*) FROM sqlite_master").fetchall()
    return keeper
