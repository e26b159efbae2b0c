"""PostgreSQL's part of the store: one database behind any number of servers, how writers wait, what its errors mean.

Whoever writes to a profile first locks the profile's row (`SELECT ... FOR UPDATE`), so that writers of one profile
come one after the other and those of others do not wait. Under READ COMMITTED each later statement then sees what
the writer before left; nothing has to be tried again, as serialisable transactions would have to be.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from lcrec_core.store import failures

SCHEMA_LOCK = 0x4C435265
"""Any number, but the same in every LCRec: who makes or migrates the tables of a database holds this lock of it."""
MOST_CONNECTIONS = 15
"""Of a process; each is kept once it was needed. A thread holds one for some milliseconds."""
STATEMENT_SECONDS = 30
"""No statement of ours takes a hundredth of it; one that does is given up by the server."""
_SHORTEST_CONNECT = 2
"""Seconds; the driver takes a shorter wait for this one."""


class PostgreSQL:
    """A database on a server; threads share a pool of connections to it."""

    def __init__(self, url: sa.URL, busy_seconds: float) -> None:
        """Nothing is asked of the server yet.

        Raises:
            ImportError: Its driver is not installed.
        """
        timeouts = {"connect_timeout": max(_SHORTEST_CONNECT, math.ceil(busy_seconds)), "tcp_user_timeout": 10_000}
        self._engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_timeout=busy_seconds,
            pool_size=MOST_CONNECTIONS,
            max_overflow=0,
            connect_args={"client_encoding": "utf8", **timeouts},
        )
        self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        milliseconds = max(int(1000 * busy_seconds), 1)
        self._limits = (
            f"SET lock_timeout = {milliseconds}; SET statement_timeout = {1000 * STATEMENT_SECONDS}; "
            f"SET idle_in_transaction_session_timeout = {1000 * STATEMENT_SECONDS}"
        )
        sa.event.listen(self._engine, "connect", self._limit)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state, however many statements it has."""
        with self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction in which each statement sees what others have committed before it."""
        with self._engine.begin() as connection:
            yield connection

    def opened(self) -> None:
        """Nothing to do for a server."""

    def lock_schema(self, connection: sa.Connection) -> None:
        """Until the transaction ends, nobody else makes or migrates the tables."""
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(SCHEMA_LOCK)))

    def forget_deleted(self) -> None:
        """Nothing: the server's autovacuum overwrites what was deleted, in its own time."""

    def explained(self, error: BaseException) -> tuple[str, str] | None:
        """What an error of the driver means: for everybody, and for whoever runs LCRec."""
        state = getattr(error, "sqlstate", None)
        if state is None:
            return _OUT_OF_REACH if type(error).__name__ == "OperationalError" else None
        return _SIGNS.get(state) or _SIGNS.get(state[:2])

    def _limit(self, raw: Any, _record: object) -> None:
        raw.execute(self._limits)
        raw.commit()


_OUT_OF_REACH = (failures.OUT_OF_REACH, "start its server, or set LCREC_STORE to one that answers")
_BUSY = (failures.BUSY, "see in pg_stat_activity who holds it, and end that")
_A_COPY = (failures.NOT_WRITABLE, "name the server that takes writes in LCREC_STORE, not a copy of it")
_SIGNS = {
    "08": _OUT_OF_REACH,
    "28": _OUT_OF_REACH,
    "3D": _OUT_OF_REACH,
    "57P01": _OUT_OF_REACH,
    "57P02": _OUT_OF_REACH,
    "57P03": _OUT_OF_REACH,
    "25P03": _OUT_OF_REACH,
    "53100": (failures.FULL, "free some space on the server and try again"),
    "53300": (failures.BUSY, "raise the server's max_connections, or start fewer servers of LCRec"),
    "55P03": _BUSY,
    "57014": _BUSY,
    "40": _BUSY,
    "25006": _A_COPY,
    "0A000": _A_COPY,
    "42501": (failures.NOT_WRITABLE, "let its user create and write tables, or name another in LCREC_STORE"),
    "42P01": (failures.LOST, "as when they are dropped while LCRec runs: start LCRec again"),
    "XX": (failures.DAMAGED, failures.DAMAGED_ADVICE),
}
"""What SQLSTATE codes, or their classes, mean: for everybody, and for whoever runs LCRec."""
