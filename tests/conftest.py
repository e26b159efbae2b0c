"""What all tests share: made-up data, a private place for profiles, and the rules for what may be skipped.

A test never touches the checkout's own profiles, and sees real data only where it is marked so. A test without the
program that it needs (a browser, PostgreSQL, HAProxy, docker) and a test on real data without the files are skipped
with a line that says how to get them; LCREC_REQUIRE_BROWSER=1 and the like turn the first kind of skip into a failure.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from lcrec_core.data.dataset import Dataset
from lcrec_core.sources import published
from tests.made_up import made_up
from tests.needs import NEEDS, missing_data

# The same examples on every run: a test that passed yesterday does not fail today on the same code.
settings.register_profile("lcrec", derandomize=True)
settings.load_profile("lcrec")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, loudly, what this machine cannot run: marks `real_data` (default ml-1m) and those of `NEEDS`."""
    asked = {mark for mark in NEEDS if any(item.get_closest_marker(mark) for item in items)}
    missing = {mark: NEEDS[mark][1] for mark in asked if not NEEDS[mark][0]()}
    for item in items:
        for mark, reason in missing.items():
            if not item.get_closest_marker(mark):
                continue
            require = f"LCREC_REQUIRE_{mark.upper()}"
            if os.environ.get(require):
                raise pytest.UsageError(f"{require} is set and {reason}")
            item.add_marker(pytest.mark.skip(reason=reason))
        real = item.get_closest_marker("real_data")
        reasons = [missing_data(name) for name in (real.args or ("ml-1m",))] if real else []
        if any(reasons):
            item.add_marker(pytest.mark.skip(reason=next(filter(None, reasons))))


@pytest.fixture(autouse=True)
def private_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Profiles made by a test live in that test's own folder."""
    monkeypatch.setenv("LCREC_STORE", f"sqlite:///{tmp_path / 'profiles.sqlite'}")


@pytest.fixture(autouse=True)
def no_real_data(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app opens on real data where there is some, so a test of the demo must not find this machine's."""
    if not request.node.get_closest_marker("real_data"):
        monkeypatch.setenv("LCREC_DATA", str(tmp_path / "no-data"))


@pytest.fixture
def any_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few made-up rows may go by a release's name in this test, which is about something else than counts."""
    monkeypatch.setattr(published, "EDITIONS", {})
    monkeypatch.setattr(published, "AT_LEAST", {})


@pytest.fixture(scope="session")
def tiny() -> Dataset:
    """40 made-up people, 60 films, 800 ratings. Shared: do not change it."""
    return made_up()
