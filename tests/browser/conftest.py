"""A real server and a real browser for the journeys."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.needs import browser_path
from tests.serving import SETTLE_MS, Server, launch, serve

LAPTOP = {"width": 1280, "height": 900}

expect.set_options(timeout=SETTLE_MS / 2)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright, browser_path())
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A visitor's first tab: no cookies, no history."""
    context = browser.new_context(viewport=LAPTOP)
    context.set_default_timeout(SETTLE_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers of this test's own, with the environment given; all stopped at its end."""
    with ExitStack() as stack:
        count = iter(range(1000))

        def start(**environment: str) -> Server:
            return stack.enter_context(serve(tmp_path / f"server{next(count)}", **environment))

        yield start


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server on the demo data for a module's journeys."""
    folder = tmp_path_factory.mktemp("server")
    # It starts before the test's own environment is set, see `no_real_data`.
    with serve(folder, LCREC_DATA=str(folder / "no-data")) as running:
        yield running
