"""How long a first visitor waits: from the server's start to the first recommendation in a browser."""

import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.common import figure, write
from tests.needs import NO_BROWSER, browser_path
from tests.serving import launch, serve

RUNS = 5
FIRST_CARD = "[class*=st-key-card]"


def main() -> None:
    """Measure and write `results/app_start.json`."""
    executable = browser_path()
    if executable is None:
        raise SystemExit(f"error: {NO_BROWSER}")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = launch(playwright, executable)
        runs = [first_visit(browser, Path(folder) / str(i)) for i in range(RUNS)]
        browser.close()
    first, later = zip(*runs, strict=True)
    write(
        "app_start",
        [
            figure("from the server's start to the first recommendation in a browser", list(first), "s"),
            figure("a second visitor, from opening the page to the first recommendation", list(later), "s"),
        ],
    )


def first_visit(browser: Browser, folder: Path) -> tuple[float, float]:
    """Seconds of a fresh server's first visitor (from the server's start) and of its second."""
    with serve(folder) as server:
        first = _until_first_card(browser, server.url, server.started)
        return first, _until_first_card(browser, server.url, time.perf_counter())


def _until_first_card(browser: Browser, url: str, since: float) -> float:
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    page.locator(FIRST_CARD).first.wait_for(timeout=60_000)
    taken = time.perf_counter() - since
    context.close()
    return taken


if __name__ == "__main__":
    main()
