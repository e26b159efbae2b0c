"""Where a store under test can be, and what another program can do there."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
import sqlalchemy as sa

from lcrec_core.store.profiles import ProfileStore
from lcrec_core.store.sqlite import sqlite_url

BESIDE = "beside the store"
"""The name, on the server, of the connections that are the tests'."""
TABLES = ("profiles", "ratings", "marks", "events")


class Place(Protocol):
    """A database, and what another program can do with it."""

    url: str

    def run(self, script: str) -> list[tuple]:
        """Statements of SQL, as they are; the rows of the last one."""

    def columns(self) -> dict[str, list[tuple]]:
        """Names, types and whether they may be NULL, of every table's columns."""

    def content(self) -> bytes:
        """All that is kept."""

    def hold(self) -> AbstractContextManager[None]:
        """A context in which another program keeps writers out."""

    def integrity(self) -> str:
        """'ok' where the database itself finds nothing wrong."""


class InFile:
    """SQLite."""

    def __init__(self, file: Path) -> None:
        self.file, self.url = file, sqlite_url(file)

    def run(self, script: str) -> list[tuple]:
        with closing(sqlite3.connect(self.file)) as connection:
            statements = [statement for statement in script.split(";") if statement.strip()]
            rows = [connection.execute(statement).fetchall() for statement in statements]
            connection.commit()
        return rows[-1]

    def columns(self) -> dict[str, list[tuple]]:
        tables = [name for (name,) in self.run("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: [row[1:2] for row in self.run(f"PRAGMA table_info({table})")] for table in tables}

    def content(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.file.parent.glob(f"{self.file.name}*"))

    @contextmanager
    def hold(self) -> Iterator[None]:
        with closing(sqlite3.connect(self.file)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield

    def integrity(self) -> str:
        ((answer,),) = self.run("PRAGMA integrity_check")
        return answer


class OnServer:
    """PostgreSQL; one connection is kept for what tests ask beside the store."""

    def __init__(self, url: sa.URL) -> None:
        self.url = url.render_as_string(hide_password=False)
        self._beside = psycopg.connect(self.url, autocommit=True, application_name=BESIDE)

    def close(self) -> None:
        self._beside.close()

    def run(self, script: str) -> list[tuple]:
        # What SQLite counts up by itself, and calls an INTEGER, is said in another way here.
        script = re.sub(r"\bid INTEGER NOT NULL PRIMARY KEY( AUTOINCREMENT)?", "id BIGSERIAL PRIMARY KEY", script)
        script = script.replace("profile_id INTEGER", "profile_id BIGINT")
        answer = self._beside.execute(script.encode())
        while answer.nextset():
            pass
        return answer.fetchall() if answer.description else []

    def columns(self) -> dict[str, list[tuple]]:
        found: dict[str, list[tuple]] = {}
        for table, *column in self.run(
            "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable "
            "FROM information_schema.columns WHERE table_schema = current_schema() "
            "ORDER BY table_name, ordinal_position"
        ):
            found.setdefault(table, []).append(tuple(column))
        return found

    def content(self) -> bytes:
        return repr([self.run(f"SELECT * FROM {table}") for table in sorted(self.columns())]).encode()

    @contextmanager
    def hold(self) -> Iterator[None]:
        with psycopg.connect(self.url) as other:
            other.execute("SELECT * FROM profiles FOR UPDATE")
            yield

    def integrity(self) -> str:
        return "ok"


def rated(store: ProfileStore, token: str) -> list[tuple[int, float]]:
    return [(rating.movie_id, rating.rating) for rating in store.get(token).ratings]
