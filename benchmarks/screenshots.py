"""Take the README's pictures anew, and those of four journeys: a fresh server, seen by visitors with a browser.

Each page at laptop width, and the first one at phone width and with the lights down, in `docs/`. In `docs/journeys/`,
step by step, what somebody sees who brings a history on a phone, who brings one from IMDb, who has the paper in hand,
and who reviews the model. What is committed shows the demo: titles of MovieLens are not ours to pass on.

    python -m benchmarks.screenshots
    python -m benchmarks.screenshots --only imdb --data ml-latest-small --to /tmp/pictures
"""

import argparse
import io
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from lcrec_core.errors import LCRecError
from lcrec_core.sources import datasets
from tests.histories import imdb_of, letterboxd_zip
from tests.needs import NO_BROWSER, browser_path
from tests.serving import REPOSITORY, SETTLE_MS, launch, serve, settle

FOLDER = REPOSITORY / "docs"
LAPTOP, PHONE = (1280, 860), (390, 844)
QUALITY = 78
"""Of a journey's pictures, which are WebP: 20 to 90 KB each."""

Lights = Literal["light", "dark"]


@dataclass(frozen=True)
class Shot:
    """One picture."""

    file: str
    path: str
    size: tuple[int, int] = LAPTOP
    lights: Lights = "light"


SHOTS = (
    Shot("for-you.png", ""),
    Shot("for-you-dark.png", "", lights="dark"),
    Shot("for-you-phone.png", "", PHONE),
    Shot("rate.png", "rate"),
    Shot("profile.png", "profile"),
    Shot("data.png", "data"),
    Shot("training.png", "training"),
    Shot("compare.png", "compare"),
)


@dataclass
class Visitor:
    """Somebody with a browser, whose steps are kept as pictures."""

    page: Page
    url: str
    data: str
    folder: Path
    name: str
    taken: int = 0

    def open(self, path: str) -> None:
        """Come by a link."""
        more = "" if self.data == datasets.DEMO else f"{'&' if '?' in path else '?'}data={self.data}"
        self.page.goto(f"{self.url}/{path}{more}")
        self.page.locator("h1").wait_for()

    def keep(self, what: str) -> None:
        """The screen as it is now, as `NAME-NUMBER-WHAT.webp`."""
        self.taken += 1
        still(self.page)
        picture = Image.open(io.BytesIO(self.page.screenshot()))
        picture.save(self.folder / f"{self.name}-{self.taken}-{what}.webp", quality=QUALITY, method=6)

    def show(self, what: Locator) -> None:
        """Scroll to something."""
        what.first.evaluate("one => one.scrollIntoView({ block: 'start' })")
        # Below the bar at the top.
        self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollBy(0, -70)")


def letterboxd(visitor: Visitor) -> None:
    """On a phone, with a Letterboxd export to bring."""
    page = visitor.page
    visitor.open("")
    visitor.keep("arrives")
    visitor.open("history")
    bring(page, "letterboxd.zip", letterboxd_zip())
    visitor.show(page.locator(".st-key-history_summary"))
    visitor.keep("preview")
    page.get_by_text("Put a match right by hand").click()
    page.get_by_label("Search its movie").fill("jaws")
    page.locator(".st-key-history_results button").first.wait_for()
    visitor.show(page.locator(".st-key-history_by_hand"))
    visitor.keep("by-hand")
    page.locator(".st-key-history_results button").first.click()
    settle(page)
    add(page)
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    visitor.keep("added")
    page.get_by_role("link", name="See the list that follows").click()
    expect(page.get_by_role("heading", name="For you", level=1)).to_be_visible()
    settle(page)
    visitor.show(page.locator("[class*='st-key-card_1']"))
    visitor.keep("list")


def imdb(visitor: Visitor) -> None:
    """At a desk, with an IMDb export."""
    page = visitor.page
    visitor.open("history")
    bring(page, "ratings.csv", imdb_of(datasets.load(visitor.data)))
    visitor.keep("preview")
    matched = page.get_by_test_id("stExpander").filter(has_text="Matched:")
    matched.locator("summary").click()
    settle(page)
    visitor.show(matched)
    visitor.keep("matched")
    add(page)
    page.get_by_role("link", name="See the list that follows").click()
    expect(page.get_by_role("heading", name="For you", level=1)).to_be_visible()
    visitor.keep("list")
    page.locator("[class*='st-key-card_'] a.lcrec-movie").first.click()
    expect(page.get_by_role("heading", name="Why this prediction")).to_be_visible()
    visitor.keep("movie")


def student(visitor: Visitor) -> None:
    """With the paper in hand."""
    page = visitor.page
    visitor.open("lab?show=paper")
    visitor.keep("by-number")
    page.get_by_role("link", name=re.compile("^Figure 3 ")).click()
    expect(page.get_by_role("group", name="Figure 3")).to_be_visible()
    visitor.keep("figure-3")
    visitor.open("lab?show=switches")
    page.get_by_test_id("stMain").get_by_role("radio", name="LCRec").click()
    settle(page)
    page.get_by_test_id("stMain").get_by_role("button", name="History (LSTM)").click()
    expect(page.get_by_text("movies stay in the list")).to_be_visible()
    visitor.keep("switches")
    visitor.open("lab?show=figure-7")
    visitor.keep("figure-7")
    visitor.open("training?show=table-6")
    visitor.keep("table-6")


def reviewer(visitor: Visitor) -> None:
    """Who wants to know how good the model is."""
    page = visitor.page
    visitor.open("compare")
    visitor.keep("table-7")
    page.get_by_role("tab", name="Every model").click()
    page.locator("#models-svd-tuned a").click()
    visitor.keep("row")
    visitor.open("compare?show=lists")
    visitor.keep("lists")
    visitor.open("compare?show=certainty")
    visitor.keep("certainty")


JOURNEYS: dict[str, tuple[Callable[[Visitor], None], tuple[int, int], Lights]] = {
    "letterboxd": (letterboxd, PHONE, "dark"),
    "imdb": (imdb, LAPTOP, "light"),
    "student": (student, LAPTOP, "light"),
    "reviewer": (reviewer, LAPTOP, "dark"),
}
"""Who comes, with which window, under which lights."""


def bring(page: Page, name: str, content: bytes) -> None:
    """Upload an export, and wait for what it would add."""
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    expect(page.locator(".st-key-history_add button")).to_be_visible()
    settle(page)


def add(page: Page) -> None:
    """Add what was brought."""
    page.locator(".st-key-history_add button").click()
    expect(page.get_by_text("Added: ")).to_be_visible()
    settle(page)


def main() -> None:
    """Write `docs/*.png` and `docs/journeys/*.webp`, or what the options say."""
    parser = argparse.ArgumentParser(description="Take the pictures of the documentation anew.")
    parser.add_argument("--only", choices=["pages", *JOURNEYS], action="append", help="some of them; all by default")
    parser.add_argument("--data", default=datasets.DEMO, help="a data set that is here; pictures of it are yours alone")
    parser.add_argument("--to", type=Path, help="a folder for them, instead of docs/; needed with other data")
    options = parser.parse_args()
    expect.set_options(timeout=SETTLE_MS)
    executable = browser_path()
    if executable is None:
        raise SystemExit(f"error: {NO_BROWSER}")
    if options.data != datasets.DEMO and options.to is None:
        raise SystemExit(f"error: titles of {options.data} are not ours to pass on: name a folder with --to")
    folder = options.to or FOLDER
    (folder / "journeys").mkdir(parents=True, exist_ok=True)
    wanted = options.only or ["pages", *JOURNEYS]
    with tempfile.TemporaryDirectory() as private, sync_playwright() as playwright:
        browser = launch(playwright, executable)
        # An empty data folder: the pictures show the demo whatever this machine has.
        environment = {"LCREC_DATA": private} if options.data == datasets.DEMO else {}
        with serve(Path(private), **environment) as server:
            for shot in SHOTS if "pages" in wanted else ():
                take(browser, server.url, shot, folder)
            for name, (journey, size, lights) in JOURNEYS.items():
                if name in wanted:
                    page = visit(browser, size, lights)
                    journey(Visitor(page, server.url, options.data, folder / "journeys", name))
                    page.context.close()
        browser.close()


def visit(browser: Browser, size: tuple[int, int], lights: Lights) -> Page:
    """A visitor who was never here before."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=lights,
        reduced_motion="reduce",
        has_touch=size == PHONE,
    )
    context.set_default_timeout(SETTLE_MS)
    return context.new_page()


def still(page: Page) -> None:
    """Wait until nothing moves: charts and fonts come after the script has ended."""
    settle(page)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)


def take(browser: Browser, url: str, shot: Shot, folder: Path) -> None:
    """One picture of one page."""
    page = visit(browser, shot.size, shot.lights)
    page.goto(f"{url}/{shot.path}")
    still(page)
    page.screenshot(path=folder / shot.file)
    page.context.close()


if __name__ == "__main__":
    try:
        main()
    except LCRecError as error:
        raise SystemExit(f"error: {error}") from error
