"""Every page can be read: contrast by WCAG 2.1 AA, headings that skip no level, nothing past the edge of a phone."""

from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.serving import SETTLE_MS, Server, serve, settle

pytestmark = pytest.mark.browser

LOOK = (Path(__file__).parent / "readable.js").read_text()
PAGES = {
    "For you": "",
    "Make it yours": "start",
    "Rate": "rate",
    "Search of movies": "movie",
    "A movie": "movie?movie=476",
    "Bring your history": "history",
    "Profile": "profile",
    "Choose who to watch with": "together",
    "Watch together": "together?with=17",
    "Data": "data",
    "From files to numbers": "data?data_view=From+files+to+numbers",
    "Get MovieLens": "data?data_view=Get+MovieLens",
    "Training": "training",
    "Compare": "compare",
    "Compare, lists": "compare?show=lists",
    "Laboratory": "lab",
    "Switch parts off": "lab?show=switches",
    "Equations": "lab?show=equations",
    "The paper by number": "lab?show=paper",
}
LAPTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
FITS = "() => document.querySelector('[data-testid=stMain]').scrollWidth <= window.innerWidth"
Lights = Literal["light", "dark"]


def seen_in(browser: Browser, lights: Lights) -> Page:
    context = browser.new_context(color_scheme=lights, viewport=LAPTOP)
    context.set_default_timeout(SETTLE_MS)
    return context.new_page()


def look(page: Page) -> dict[str, Any]:
    """`failing` texts in words, how many `texts` were looked at, `levels` of headings."""
    settle(page)
    found = page.evaluate(LOOK)
    assert found["texts"] > 20
    return found


@pytest.mark.parametrize("lights", ["light", "dark"])
def test_every_page_can_be_read_and_a_phone_needs_no_sideways_scrolling(
    browser: Browser, server: Server, lights: Lights
):
    page = seen_in(browser, lights)
    failing, skipping = {}, {}
    for name, path in PAGES.items():
        page.goto(f"{server.url}/{path}")
        page.locator("h1").wait_for()
        settle(page)
        for chart in page.get_by_test_id("stPlotlyChart").all():
            chart.locator(".main-svg").first.wait_for()
        found = look(page)
        failing |= {name: found["failing"]} if found["failing"] else {}
        levels = found["levels"]
        if levels[:1] != [1] or levels.count(1) != 1 or any(after > before + 1 for before, after in pairwise(levels)):
            skipping[name] = levels
        page.set_viewport_size(PHONE)
        page.wait_for_function(FITS)
        page.set_viewport_size(LAPTOP)
    page.context.close()
    assert not failing
    assert not skipping


def test_whatever_a_page_may_show_can_be_read(browser: Browser, tmp_path: Path):
    """Notices, badges and widgets of every kind, on the page and in the sidebar."""
    failing = {}
    with serve(tmp_path, script="tests/browser/specimen.py") as server:
        for lights in ("light", "dark"):
            page = seen_in(browser, lights)
            page.goto(server.url)
            page.get_by_role("heading", name="A specimen").wait_for()
            failing[lights] = look(page)["failing"]
            page.context.close()
    assert failing == {"light": [], "dark": []}
