"""The stars of the Rate page in a real browser: half ones, by pointer and by keyboard, and what is said about them."""

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from lcrec_core.data.dataset import HALF_STARS, WHOLE_STARS, RatingScale
from lcrec_core.store.profiles import ProfileStore
from lcrec_core.store.sqlite import sqlite_url
from tests import half_stars
from tests.serving import SETTLE_MS, Server, assert_no_traceback, serve, settle

pytestmark = pytest.mark.browser

ROWS = "[class*='st-key-movie_']"
PHONE = {"width": 390, "height": 844}
FAR_BELOW_THE_OLD_WAIT_MS = 5_000
"""Somebody who clicked was once left alone for 15 seconds; how long exactly it takes depends on the machine."""


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on data with half stars."""
    folder = tmp_path_factory.mktemp("halves")
    with pytest.MonkeyPatch.context() as patch:
        half_stars.bring_in(folder, patch)
        places = {name: os.environ[name] for name in ("LCREC_DATA", "LCREC_ARTIFACTS")}
    with serve(folder / "server", **places) as running:
        yield running


def profiles_of(server: Server) -> Path:
    return server.log.with_name("profiles.sqlite")


def new_profile(page: Page, server: Server, data: str, name: str = "Ada") -> tuple[ProfileStore, str]:
    """Somebody without ratings on the Rate page; their store and token."""
    # The server makes the store; a test only reads it and puts a profile in.
    store = ProfileStore(sqlite_url(profiles_of(server)))
    token = store.create(data, name=name)
    page.goto(f"{server.url}/rate?profile={token}")
    expect(page.locator(ROWS).first).to_be_visible()
    settle(page)
    return store, token


def option(row: Locator, stars: str) -> Locator:
    """What a person sees and clicks of an option."""
    return row.locator("label", has_text=re.compile(f"^{stars}$"))


def filled(row: Locator) -> list[bool]:
    """Whether each option, a star or the half of one, is drawn full."""
    drawn = "e => getComputedStyle(e, '::before').maskImage.includes(\"fill='black'\")"
    return [label.evaluate(drawn) for label in row.locator("label[data-testid=stRadioOption]").all()]


def assert_given(page: Page, store: ProfileStore, token: str, stars: list[float]) -> None:
    """That is what is kept in the end: a star is checked in the browser a moment before it is kept."""
    deadline = time.monotonic() + SETTLE_MS / 1000
    while (given := [rating.rating for rating in store.get(token).ratings]) != stars and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert given == stars


def test_half_stars_by_pointer_and_by_keyboard(page: Page, halves: Server):
    store, token = new_profile(page, halves, half_stars.NAME)
    row = page.locator(ROWS).first
    before = [shown.bounding_box() for shown in page.locator(ROWS).all()]
    assert filled(row) == [False] * 10
    option(row, "3.5 stars").click()
    expect(row.get_by_role("radio", name="3.5 stars")).to_be_checked()
    expect(row).to_contain_text("We would have guessed")
    settle(page)
    assert_given(page, store, token, [3.5])
    assert filled(row) == [True] * 7 + [False] * 3
    after = [shown.bounding_box() for shown in page.locator(ROWS).all()]
    assert [box["y"] for box in after] == [box["y"] for box in before], "no row moved"

    # The star that was clicked has the keyboard, and keeps it while the page is drawn anew.
    for stars in ("4 stars", "4.5 stars"):
        page.keyboard.press("ArrowRight")
        expect(row.get_by_role("radio", name=stars, exact=True)).to_be_checked()
        expect(row.get_by_role("radio", name=stars, exact=True)).to_be_focused()
        settle(page)
    assert_given(page, store, token, [4.5])
    assert filled(row) == [True] * 9 + [False]

    # The same again is no clearing; clearing has its own button.
    option(row, "4.5 stars").click()
    settle(page)
    expect(row.get_by_role("radio", name="4.5 stars")).to_be_checked()
    assert_given(page, store, token, [4.5])
    row.get_by_role("button", name="Clear").click()
    expect(row.get_by_role("radio", checked=True)).to_have_count(0)
    settle(page)
    assert_given(page, store, token, [])
    assert filled(row) == [False] * 10
    assert_no_traceback(page)


@pytest.mark.parametrize("scale", [WHOLE_STARS, HALF_STARS], ids=["whole", "half"])
def test_a_finger_hits_each_star_and_a_screen_reader_finds_its_movie(
    scale: RatingScale, page: Page, server: Server, request: pytest.FixtureRequest
):
    visited, data = (server, "demo") if scale == WHOLE_STARS else (request.getfixturevalue("halves"), half_stars.NAME)
    page.set_viewport_size(PHONE)
    new_profile(page, visited, data)
    for row in page.locator(ROWS).all()[:3]:
        title = row.locator("strong").inner_text()
        group = row.get_by_role("radiogroup", name=re.compile("^Stars for "))
        expect(group).to_have_count(1)
        assert title.split(" ")[0] in (group.get_attribute("aria-label") or "")
        options = row.locator("label[data-testid=stRadioOption]")
        expect(options).to_have_count(len(scale.values))
        boxes = [shown.bounding_box() for shown in options.all()]
        assert all(box["height"] >= 44 and box["width"] >= 24 for box in boxes)
        assert all(left["x"] + left["width"] <= right["x"] for left, right in pairwise(boxes))
        assert boxes[-1]["x"] + boxes[-1]["width"] <= PHONE["width"]


def test_a_finger_gives_a_whole_star_first_and_then_half_of_it(browser: Browser, halves: Server):
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    context.set_default_timeout(SETTLE_MS)
    page = context.new_page()
    store, token = new_profile(page, halves, half_stars.NAME)
    expect(page.get_by_text("Tap a star, and once more for half of it.")).to_be_visible()
    row = page.locator(ROWS).first
    row.scroll_into_view_if_needed()
    # The fourth star, wherever a finger comes down on it.
    for left_or_right, stars in ((0.2, 4.0), (0.8, 3.5), (0.2, 4.0), (0.2, 3.5)):
        whole = option(row, "4 stars").bounding_box()
        assert min(whole["width"], whole["height"]) >= 44
        page.touchscreen.tap(whole["x"] + left_or_right * whole["width"], whole["y"] + whole["height"] / 2)
        expect(row.get_by_role("radio", name=f"{stars:g} stars", exact=True)).to_be_checked()
        settle(page)
        assert_given(page, store, token, [stars])
        assert filled(row) == [half < 2 * stars for half in range(10)]
    option(row, "2 stars").tap()
    expect(row.get_by_role("radio", name="2 stars", exact=True)).to_be_checked()
    settle(page)
    assert_given(page, store, token, [2])
    context.close()


def test_a_pointer_that_hovers_fills_no_star(page: Page, server: Server):
    new_profile(page, server, "demo")
    row = page.locator(ROWS).first
    option(row, "4 stars").hover()
    assert filled(row) == [False] * 5


@pytest.fixture
def held(server: Server) -> Iterator[Callable[[], sqlite3.Connection]]:
    """Lets another program hold the profiles for writing."""
    others: list[sqlite3.Connection] = []

    def hold() -> sqlite3.Connection:
        others.append(sqlite3.connect(profiles_of(server)))
        others[-1].execute("BEGIN IMMEDIATE")
        return others[-1]

    yield hold
    for other in others:
        other.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_star_that_could_not_be_kept_is_said_beside_it(
    width: int, page: Page, server: Server, held: Callable[[], sqlite3.Connection]
):
    page.set_viewport_size({"width": width, "height": 844})
    store, token = new_profile(page, server, "demo")
    row = page.locator(ROWS).nth(5)
    row.scroll_into_view_if_needed()
    other = held()
    option(row, "4 stars").click()
    said = row.get_by_role("alert")
    expect(said).to_contain_text("4 stars not saved", timeout=FAR_BELOW_THE_OLD_WAIT_MS)
    expect(said).to_be_in_viewport()
    settle(page)
    assert filled(row) == [False] * 5
    expect(row.get_by_role("radio", checked=True)).to_have_count(0)
    assert "profiles.sqlite" not in page.inner_text("body")

    # A second time, and what was there stays filled in.
    other.close()
    option(row, "2 stars").click()
    expect(row.get_by_role("radio", name="2 stars")).to_be_checked()
    expect(said).to_have_count(0)
    settle(page)
    held()
    option(row, "5 stars").click()
    expect(said).to_contain_text("5 stars not saved", timeout=FAR_BELOW_THE_OLD_WAIT_MS)
    settle(page)
    assert filled(row) == [True, True, False, False, False]
    assert_given(page, store, token, [2.0])
    assert_no_traceback(page)


def test_undo_is_said_from_the_first_time_on(page: Page, server: Server):
    new_profile(page, server, "demo")
    row = page.locator(ROWS).first
    for stars in ("4 stars", "1 star"):
        option(row, stars).click()
        expect(row.get_by_role("radio", name=stars)).to_be_checked()
        settle(page)
    for now in ("has 4 stars again", "is unrated again"):
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("status").filter(has_text=now)).to_be_in_viewport()
        settle(page)
    assert_no_traceback(page)
