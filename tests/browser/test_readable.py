"""Every page can be read, listened to and tapped, and asks nobody else for anything.

Contrast by WCAG 2.1 AA, headings that skip no level, nothing past the edge of a phone, axe-core's rules, targets for a
finger, no motion for whoever asked for less.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from tests.serving import REPOSITORY, SETTLE_MS, Server, of_others, requests_of, serve, settle

pytestmark = pytest.mark.browser

LOOK = (Path(__file__).parent / "readable.js").read_text()
USE = (Path(__file__).parent / "usable.js").read_text()
STREAMLITS = (
    ("list", "[data-testid=stSidebarNavItems]", "the navigation's sections have headings among its items"),
    ("listitem", "[data-testid=stSidebarNavItems] li", "the same: it wraps the items of a section"),
    ("scrollable-region-focusable", ".katex-display", "a wide formula scrolls; browsers give it the keyboard"),
)
"""What axe-core finds in Streamlit's own parts, which no page of ours can change: its rule, where, and why."""
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
    """A page for somebody with a finger, who asked for less motion in the dark."""
    motion: Literal["reduce", "no-preference"] = "reduce" if lights == "dark" else "no-preference"
    context = browser.new_context(color_scheme=lights, viewport=LAPTOP, has_touch=True, reduced_motion=motion)
    context.set_default_timeout(SETTLE_MS)
    return context.new_page()


def look(page: Page) -> dict[str, Any]:
    """`failing` texts in words, how many `texts` were looked at, `levels` of headings."""
    settle(page)
    found = page.evaluate(LOOK)
    assert found["texts"] > 20
    return found


def use(page: Page, lights: Lights) -> tuple[list[str], set[int]]:
    """What is wrong for whoever listens or taps, in words; and which of `STREAMLITS` were found."""
    page.evaluate(AXE_SCRIPT)
    on_a_phone = lights == "dark"
    found = page.evaluate(USE, [[[rule, selector] for rule, selector, _ in STREAMLITS], on_a_phone])
    assert found["checked"] > 10
    return found["ours"], set(found["used"])


def test_no_page_is_forgotten():
    pages = {path.stem.partition("_")[2] for path in (REPOSITORY / "pages").glob("*.py")}
    assert pages == {path.partition("?")[0] or "for-you" for path in PAGES.values()}


@pytest.mark.parametrize("lights", ["light", "dark"])
def test_every_page_can_be_read_listened_to_and_tapped_and_asks_nobody_else(
    browser: Browser, server: Server, lights: Lights
):
    page = seen_in(browser, lights)
    asked = requests_of(page)
    failing, skipping, unusable = {}, {}, {}
    streamlits: set[int] = set()
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
        # Of what axe-core finds only contrast follows from the lights, and that is looked at above: one of each width.
        if lights == "light":
            wrong, known = use(page, lights)
        page.set_viewport_size(PHONE)
        page.wait_for_function(FITS)
        if lights == "dark":
            wrong, known = use(page, lights)
        page.set_viewport_size(LAPTOP)
        unusable |= {name: wrong} if wrong else {}
        streamlits |= known
    others = of_others(asked, page)
    page.context.close()
    assert not failing
    assert not skipping
    assert not unusable
    assert streamlits == set(range(len(STREAMLITS))), "what Streamlit has mended needs no excuse"
    assert len(asked) > len(PAGES)
    assert others == []


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
