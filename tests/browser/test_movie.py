"""From a card to a movie's page, to one like it and back; from a table; and a star there."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.serving import Server, assert_no_traceback, settle

pytestmark = pytest.mark.browser

CARDS = "[class*='st-key-card_']"


def heading(page: Page):
    return page.get_by_role("heading", level=1)


def test_a_card_leads_to_its_movie_that_to_one_like_it_and_back(page: Page, server: Server):
    page.goto(f"{server.url}/?user=17")
    expect(page.locator(CARDS)).to_have_count(5)
    settle(page)
    page.evaluate("window.same = true")
    title = page.locator(f"{CARDS} h2").first.inner_text().removeprefix("1. ")
    poster = page.locator(CARDS).first.locator("img")
    assert title in poster.get_attribute("alt")
    poster.click(force=True)  # its card's link lies over it
    expect(heading(page)).to_have_text(title)
    settle(page)
    expect(page).to_have_title(f"{title} · LCRec")
    first = page.url
    assert "user=17" in first
    assert "movie=" in first
    near = page.locator("[class*='st-key-near_']").last
    near.scroll_into_view_if_needed()
    other = near.locator("strong").inner_text()
    near.locator("img").click(force=True)
    expect(heading(page)).to_have_text(other)
    expect(heading(page)).to_be_in_viewport()
    settle(page)
    page.go_back()
    expect(heading(page)).to_have_text(title)
    settle(page)
    assert page.url == first
    assert page.evaluate("window.same"), "the session went on"
    assert_no_traceback(page)

    # A star there moves the prediction, and begins a profile; the movie stays in the address.
    page.locator("[class*='st-key-stars_'] label", has_text=re.compile("^1 star$")).click()
    expect(page.get_by_text("has 1 star from you")).to_be_visible()
    expect(page.get_by_text("You gave", exact=True)).to_be_visible()
    settle(page)
    assert "profile=" in page.url
    assert "movie=" in page.url
    page.get_by_label("Another movie").fill("the matrix")
    page.get_by_role("link", name=re.compile(r"^The Matrix \(1999\)")).click()
    expect(heading(page)).to_have_text("The Matrix (1999)")
    expect(page.get_by_test_id("stSidebar")).to_contain_text("1 rating")
    assert_no_traceback(page)


def test_a_title_in_a_table_leads_to_its_movie_and_back(page: Page, server: Server):
    page.goto(f"{server.url}/?user=17")
    expect(page.locator(CARDS)).to_have_count(5)
    settle(page)
    table = page.locator("[data-testid=stDataFrame] canvas").first
    table.scroll_into_view_if_needed()
    first = page.locator(f"{CARDS} h2").first.inner_text().removeprefix("1. ")
    table.click(force=True, position={"x": 120, "y": 52})
    expect(heading(page)).to_have_text(first)
    settle(page)
    page.go_back()
    expect(page.locator(CARDS)).to_have_count(5)
    settle(page)
    assert_no_traceback(page)
