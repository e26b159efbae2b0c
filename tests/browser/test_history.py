"""Who has rated elsewhere brings it, puts one match right, adds it, and takes it back."""

import pytest
from playwright.sync_api import Page, expect

from lcrec_core.sources import datasets
from tests.histories import imdb_of, letterboxd_zip
from tests.serving import Server, assert_no_traceback, settle

pytestmark = pytest.mark.browser


def test_a_letterboxd_export_is_brought_on_a_phone_put_right_added_and_taken_back(page: Page, server: Server):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/rate")
    page.get_by_role("link", name="Bring your ratings from Letterboxd, IMDb or Trakt").click()
    expect(page.get_by_role("heading", name="Bring your history", level=1)).to_be_visible()
    settle(page)
    export = {"name": "letterboxd.zip", "mimeType": "application/zip", "buffer": letterboxd_zip()}
    page.locator("input[type=file]").set_input_files(export)
    add = page.locator(".st-key-history_add button")
    expect(add).to_contain_text("Add 3 ratings, 2 seen, 1 saved")
    page.get_by_text("Put a match right by hand").click()
    page.get_by_label("Search its movie").fill("jaws")
    page.locator(".st-key-history_results button").filter(has_text="Jaws (1975)").click()
    expect(add).to_contain_text("Add 4 ratings, 2 seen, 1 saved")
    add.click()
    expect(page.get_by_text("Added: 4 ratings, 2 seen, 1 saved.")).to_be_visible()
    settle(page)
    assert "profile=" in page.url
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back: 7 movies as before.")).to_be_visible()
    settle(page)
    assert_no_traceback(page)


def test_an_imdb_export_becomes_a_list_whose_reasons_lead_to_their_movies(page: Page, server: Server):
    page.goto(f"{server.url}/history")
    settle(page)
    content = imdb_of(datasets.load("demo"), 12)
    page.locator("input[type=file]").set_input_files({"name": "r.csv", "mimeType": "text/csv", "buffer": content})
    add = page.locator(".st-key-history_add button")
    expect(add).to_contain_text("Add 12 ratings")
    expect(page.get_by_text("Left out, no films: 1 line")).to_be_visible()
    add.click()
    expect(page.get_by_test_id("stSidebar")).to_contain_text("12 ratings")
    settle(page)
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 500); window.same = true")
    page.get_by_role("link", name="See the list that follows").click()
    reason = page.locator("[class*='st-key-card_'] a.lcrec-movie").first
    expect(reason).to_be_visible()
    settle(page)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0
    title, address = reason.inner_text(), page.url
    reason.click()
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    settle(page)
    assert page.evaluate("window.same"), "the app was loaded anew"
    assert "profile=" in page.url
    expect(page.get_by_test_id("stSidebar")).to_contain_text("12 ratings")
    page.go_back()
    expect(page.get_by_role("heading", name="For you", level=1)).to_be_visible()
    settle(page)
    assert page.url == address
    assert_no_traceback(page)
