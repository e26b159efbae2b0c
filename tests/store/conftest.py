"""Every test of the store runs on SQLite and on a real PostgreSQL server, by the same words."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from lcrec_core.store.profiles import ProfileStore
from tests import postgres
from tests.store.places import TABLES, InFile, OnServer, Place


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[sa.URL]:
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_place(postgres_server: sa.URL) -> Iterator[tuple[OnServer, ProfileStore]]:
    """One database, and one store, for all tests that only need it empty."""
    place = OnServer(postgres_server)
    yield place, ProfileStore(place.url)
    place.close()


_numbers = count()


@pytest.fixture
def new_postgres(postgres_server: sa.URL) -> Iterator[OnServer]:
    """A schema without a table: a database each would be copied, and each copy is 7 MB."""
    name = f"test_{next(_numbers)}"
    place = OnServer(postgres_server.update_query_dict({"options": f"-csearch_path={name}"}))
    place.run(f"CREATE SCHEMA {name}")
    yield place
    place.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def empty(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    """A database without a table."""
    return request.getfixturevalue("new_postgres") if engine == "postgresql" else InFile(tmp_path / "profiles.sqlite")


@pytest.fixture
def place(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    """The database of `store`, which holds no profile."""
    if engine == "sqlite":
        return InFile(tmp_path / "profiles.sqlite")
    shared, _ = request.getfixturevalue("postgres_place")
    shared.run(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY")
    return shared


@pytest.fixture
def store(place: Place, request: pytest.FixtureRequest) -> ProfileStore:
    return ProfileStore(place.url) if isinstance(place, InFile) else request.getfixturevalue("postgres_place")[1]
