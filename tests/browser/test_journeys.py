"""What visitors come for, clicked through in a real browser."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.serving import Server, assert_no_traceback, settle

pytestmark = pytest.mark.browser

CARDS = "[class*='st-key-card_']"
ROWS = "[class*='st-key-movie_']"


def test_who_arrives_sees_five_recommendations(page: Page, server: Server):
    page.goto(server.url)
    expect(page.locator(CARDS)).to_have_count(5)
    for card in page.locator(CARDS).all():
        expect(card).to_contain_text("predicted for you")
        expect(card).to_contain_text("on average")
    expect(page.get_by_text("Simulated people").first).to_be_visible()
    settle(page)
    assert_no_traceback(page)


def test_the_title_of_a_card_is_not_covered_by_its_genres(page: Page, server: Server):
    page.goto(server.url)
    expect(page.locator(CARDS)).to_have_count(5)
    settle(page)
    for card in page.locator(CARDS).all():
        bottom = card.locator("h2").evaluate(
            "h => { const r = new Range(); r.selectNodeContents(h); return r.getBoundingClientRect().bottom }"
        )
        badge = card.locator(".stMarkdownBadge").first.bounding_box()
        assert badge is not None
        assert bottom <= badge["y"] + 1


def test_a_filter_changes_the_list_at_once(page: Page, server: Server):
    page.goto(server.url)
    expect(page.locator(CARDS)).to_have_count(5)
    before = page.locator(CARDS).all_inner_texts()
    page.get_by_role("radio", name="Lesser known").click()
    expect(page.locator(CARDS).first).not_to_have_text(before[0])
    settle(page)
    assert_no_traceback(page)


def test_a_filter_that_was_reset_stays_so(page: Page, server: Server):
    page.goto(server.url)
    number = page.get_by_role("heading", name=re.compile(r"^All [\d,]+ movies"))
    everything = number.inner_text()
    page.get_by_role("button", name="More filters").click()
    page.get_by_text("Include movies already rated").click()
    expect(number).not_to_have_text(everything)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Reset 1 filter").click()
    expect(number).to_have_text(everything)
    page.get_by_role("radio", name="Lesser known").click()
    expect(number).not_to_have_text(everything)
    page.get_by_role("radio", name="Any").click()
    expect(number).to_have_text(everything)


def test_a_slider_and_more_like_this_move_the_list_in_place(page: Page, server: Server):
    page.goto(server.url)
    titles = page.locator(f"{CARDS} h2")
    expect(titles).to_have_count(5)
    settle(page)
    page.evaluate("window.same = true")
    best = titles.first.inner_text()
    page.get_by_role("button", name="Steer", exact=True).click()
    page.get_by_role("slider").first.press("End")
    expect(titles.first).not_to_have_text(best)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Steer straight").click()
    expect(titles.first).to_have_text(best)
    page.locator(CARDS).first.get_by_role("button", name="More like this").click()
    expect(titles.first).not_to_have_text(best)
    page.get_by_role("button", name=f"More like {best.removeprefix('1. ')}").click()
    expect(titles.first).to_have_text(best)
    settle(page)
    assert_no_traceback(page)
    assert page.evaluate("window.same")


def test_a_new_profile_rates_five_movies_and_the_list_follows(page: Page, server: Server):
    page.goto(f"{server.url}/profile")
    page.get_by_role("button", name="Create a new profile").click()
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_role("button", name="Create", exact=True).click()

    expect(page.get_by_role("heading", name="Your top 5 now")).to_be_visible()
    settle(page)
    top = page.locator(".st-key-top_five")
    tops = [top.inner_text()]
    for number in range(1, 6):
        row = page.locator(ROWS).nth(number - 1)
        give_stars(row, 5 if number % 2 else 2)
        expect(page.get_by_role("heading", name=f"Rated so far: {number}")).to_be_visible()
        settle(page)
        tops.append(top.inner_text())
    assert len(set(tops)) >= 3, "the list hardly moved in five ratings"
    assert tops[0] != tops[-1]

    link = page.url
    assert re.search(r"profile=[\w-]{20,}", link)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Rated so far: 4")).to_be_visible()
    assert_no_traceback(page)

    # The link is all that is needed to come back, from anywhere.
    context = page.context.browser.new_context()
    elsewhere = context.new_page()
    elsewhere.goto(link)
    expect(elsewhere.get_by_role("heading", name="Rated so far: 4")).to_be_visible()
    expect(elsewhere.get_by_test_id("stSidebar")).to_contain_text("4 ratings")
    context.close()


def test_rating_as_a_person_of_the_data_set_begins_a_profile_of_ones_own(page: Page, server: Server):
    page.goto(f"{server.url}/rate?user=12")
    expect(page.locator(ROWS).first).to_be_visible()
    settle(page)
    give_stars(page.locator(ROWS).first, 4)
    expect(page.get_by_text("You rate as New profile, a private profile of your own")).to_be_visible()
    expect(page.get_by_role("heading", name="Rated so far: 1")).to_be_visible()
    settle(page)
    assert "profile=" in page.url
    assert_no_traceback(page)


def test_search_finds_while_typing(page: Page, server: Server):
    page.goto(f"{server.url}/rate")
    settle(page)
    page.get_by_label("Search a movie").press_sequentially("star wars", delay=30)
    expect(page.locator(ROWS).first).to_contain_text(re.compile("star wars", re.IGNORECASE))
    page.get_by_label("Search a movie").fill("zzzzzz")
    expect(page.get_by_text("No title is like")).to_be_visible()
    assert_no_traceback(page)


def give_stars(row: Locator, stars: int) -> None:
    """Click a star of a movie's row."""
    # The radio itself is invisible; what a person clicks is the star drawn over it.
    row.locator("label", has_text=re.compile(f"^{stars} stars?$")).click()
