"""Whoever has rated a while looks back: what was expected of their ratings, and what the list was after fewer."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.serving import Server, assert_no_traceback, settle

pytestmark = pytest.mark.browser


def test_a_slider_over_ones_own_history_moves_the_list_and_leaves_the_rest(page: Page, server: Server):
    page.goto(f"{server.url}/profile?user=11")
    settle(page)
    expect(page.get_by_role("heading", name="Expected, and given")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("The model, from the ratings before it"))).to_be_visible()
    then = page.locator(".st-key-list_then")
    expect(then).to_contain_text("The top five after 5 ratings")
    first = then.get_by_role("link").all_inner_texts()
    slider = page.get_by_role("slider", name="Had you stopped after so many ratings")
    slider.scroll_into_view_if_needed()
    where = page.get_by_test_id("stMain").evaluate("e => e.scrollTop")
    slider.focus()
    page.keyboard.press("End")
    expect(then).to_contain_text("The top five after 160 ratings")
    expect(page.locator(".st-key-errors_then")).to_contain_text("Everything that was rated is known")
    settle(page)
    assert then.get_by_role("link").all_inner_texts() != first
    assert page.get_by_test_id("stMain").evaluate("e => e.scrollTop") == where, "the page stays where it is"
    assert_no_traceback(page)
