"""How long a first visitor waits: from the server's start to the first recommendation in a browser."""

import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.common import data_to_visit, figure, write
from tests.needs import NO_BROWSER, browser_path
from tests.serving import launch, serve

RUNS = 5
FIRST_CARD = "[class*=st-key-card]"


def main() -> None:
    """Measure and write `results/app_start.json`."""
    executable = browser_path()
    if executable is None:
        raise SystemExit(f"error: {NO_BROWSER}")
    figures = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = launch(playwright, executable)
        for name in data_to_visit():
            runs = [first_visit(browser, Path(folder) / f"{name}{i}", name) for i in range(RUNS)]
            first, later = zip(*runs, strict=True)
            figures += [
                figure(f"from the server's start to the first recommendation in a browser, {name}", list(first), "s"),
                figure(
                    f"a second visitor, from opening the page to the first recommendation, {name}", list(later), "s"
                ),
            ]
        browser.close()
    write("app_start", figures)


def first_visit(browser: Browser, folder: Path, name: str) -> tuple[float, float]:
    """Seconds of a fresh server's first visitor (from the server's start) and of its second."""
    with serve(folder) as server:
        url = f"{server.url}/?data={name}"
        first = _until_first_card(browser, url, server.started)
        return first, _until_first_card(browser, url, time.perf_counter())


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
