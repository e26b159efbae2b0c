"""A real server and a real browser for the journeys."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.needs import browser_path
from tests.serving import SETTLE_MS, Server, launch, of_others, requests_of, serve

# What a tab keeps for itself is new with each tab, and says whether this one has begun.
FORGET = """try { if (!sessionStorage.begun) { localStorage.clear(); sessionStorage.begun = 1 } }
catch (nothing_kept_here) {}"""
LAPTOP = {"width": 1280, "height": 900}

expect.set_options(timeout=SETTLE_MS / 2)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright, browser_path())
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def home(browser: Browser) -> Iterator[BrowserContext]:
    """Where the first tabs open. It keeps the app's scripts, which take longer to read than any page to draw."""
    context = browser.new_context(viewport=LAPTOP)
    context.set_default_timeout(SETTLE_MS)
    yield context
    context.close()


@pytest.fixture
def page(home: BrowserContext) -> Iterator[Page]:
    """A visitor's first tab: no cookies, nothing stored. The test fails if it asks anybody but the app for anything."""
    home.clear_cookies()
    tab = home.new_page()
    tab.add_init_script(FORGET)
    asked = requests_of(tab)
    yield tab
    outside = of_others(asked, tab)
    for each in home.pages:
        each.close()
    assert outside == []


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers of this test's own, with the environment given; all stopped at its end."""
    with ExitStack() as stack:
        count = iter(range(1000))

        def start(**environment: str) -> Server:
            return stack.enter_context(serve(tmp_path / f"server{next(count)}", **environment))

        yield start


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server on the demo data for all journeys that need none of their own."""
    folder = tmp_path_factory.mktemp("server")
    # It starts before the test's own environment is set, see `no_real_data`.
    with serve(folder, LCREC_DATA=str(folder / "no-data")) as running:
        yield running
