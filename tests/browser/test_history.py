"""Who has rated elsewhere brings it, puts one match right, adds it, and takes it back."""

import pytest
from playwright.sync_api import Page, expect

from tests.histories import letterboxd_zip
from tests.serving import Server, assert_no_traceback, settle

pytestmark = pytest.mark.browser


def test_a_letterboxd_export_is_brought_put_right_added_and_taken_back(page: Page, server: Server):
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
    expect(page.get_by_test_id("stSidebar")).to_contain_text("4 ratings")
    settle(page)
    assert "profile=" in page.url
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back: 7 movies as before.")).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_contain_text("0 ratings")
    settle(page)
    assert_no_traceback(page)
