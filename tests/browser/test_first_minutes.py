"""From arriving to a list of one's own and its link, on a phone; and two people who look for a movie together."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from lcrec_core.store.profiles import ProfileStore
from tests.serving import SETTLE_MS, Server, assert_no_traceback, settle

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
RINGED = """one => [one, one.closest("label") ?? one].some(each => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(each);
    return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none"; })"""
ANSWERS = ["Loved it", "Not for me", "It was fine", "Not seen"]


def answer(page: Page, words: str) -> Locator:
    return page.locator(".st-key-answers").get_by_role("button", name=re.compile(f"{words} "))


def asked(page: Page) -> str:
    settle(page)
    return page.locator(".st-key-question h2").inner_text()


def top_five(page: Page) -> str:
    return page.locator(".st-key-top_five").inner_text()


def in_sight(page: Page, *shown: Locator) -> bool:
    """Whether each lies whole within the window, now that nothing moves."""
    boxes = [part.bounding_box() for part in shown]
    return all(box and box["y"] >= 0 and box["y"] + box["height"] <= PHONE["height"] for box in boxes)


def test_ten_taps_make_the_list_ones_own_and_the_copied_link_opens_it_elsewhere(browser: Browser, server: Server):
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    context.set_default_timeout(SETTLE_MS)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    page = context.new_page()
    page.goto(server.url)
    expect(page.locator("[class*='st-key-card_']")).to_have_count(5)
    settle(page)
    # A list at once: the first movie is there without scrolling.
    assert in_sight(page, page.locator(".st-key-card_1 h2"), page.locator(".st-key-card_1 .lcrec-poster"))
    page.get_by_role("button", name="Make it yours").click()
    expect(page.locator(".st-key-question h2")).to_be_visible()
    settle(page)
    page.evaluate("window.same = true")
    titles, lists = [], [top_five(page)]
    for number in range(10):
        titles.append(asked(page))
        expect(page.get_by_text(f"{number} of 10")).to_be_visible()
        # The card, its buttons and the list that it moves, all at once.
        assert in_sight(page, page.locator(".st-key-question"), page.locator(".st-key-top_five"))
        said = answer(page, ANSWERS[number % 4])
        assert all(
            (button.bounding_box() or {})["height"] >= 44 for button in page.locator(".st-key-answers button").all()
        )
        if number < 5:
            said.tap()
        else:
            # The keyboard is where it was, at the same answer of the next movie.
            said.focus()
            page.keyboard.press("Enter")
        if number < 9:
            expect(page.locator(".st-key-question h2")).not_to_have_text(titles[-1])
            settle(page)
            if number >= 5:
                expect(answer(page, ANSWERS[number % 4])).to_be_focused()
        lists.append(top_five(page))
        if number == 2:
            page.get_by_role("button", name="Back").tap()
            expect(page.locator(".st-key-question h2")).to_have_text(titles[-1])
            settle(page)
            answer(page, ANSWERS[number]).tap()
            expect(page.locator(".st-key-question h2")).not_to_have_text(titles[-1])
    assert len(set(titles)) == 10
    assert len(set(lists)) >= 6, "the list hardly moved"
    assert page.evaluate("window.same"), "no tap loads the page anew"

    expect(page.get_by_role("heading", name="The list is yours")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(re.escape(f"{server.url}/?profile=") + r"[\w-]{32}", link)
    assert_no_traceback(page)
    context.close()

    elsewhere = browser.new_context()
    elsewhere.set_default_timeout(SETTLE_MS)
    opened = elsewhere.new_page()
    opened.goto(link)
    expect(opened.get_by_text("Picked for New profile from 8 ratings")).to_be_visible()
    expect(opened.get_by_role("button", name="Make it yours")).to_have_count(0)
    elsewhere.close()


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the keyboard."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            # Whoever has no pointer sees where the keyboard is: a ring, or the ring of what stands for a hidden field.
            assert wanted.evaluate(RINGED), "nothing shows where the keyboard is"
            return
    raise AssertionError(f"Tab does not lead to {wanted}")


def test_a_list_of_ones_own_and_stars_by_keyboard_alone(page: Page, server: Server):
    page.goto(server.url)
    expect(page.locator("[class*='st-key-card_']")).to_have_count(5)
    settle(page)
    tab_to(page, page.get_by_role("button", name="Make it yours"))
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-question h2")).to_be_visible()
    settle(page)
    tab_to(page, answer(page, "Loved it"))
    for number in range(1, 4):
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"{number} of 10")).to_be_visible()
        settle(page)
        expect(answer(page, "Loved it")).to_be_focused()

    way = page.get_by_test_id("stMain").get_by_role("link", name="Search and rate movies")
    tab_to(page, way)
    page.keyboard.press("Enter")
    row = page.locator("[class*='st-key-movie_']").first
    expect(row).to_be_visible()
    settle(page)
    tab_to(page, row.get_by_role("radio", name="1 star", exact=True))
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="Rated so far: 4")).to_be_visible()
    settle(page)
    before = top_five(page)
    for stars in ("2 stars", "3 stars", "4 stars"):
        page.keyboard.press("ArrowRight")
        given = row.get_by_role("radio", name=stars, exact=True)
        expect(given).to_be_checked()
        expect(given).to_be_focused()
        settle(page)
    assert top_five(page) != before
    tab_to(page, row.get_by_role("button", name="Clear"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Rated so far: 3")).to_be_visible()
    assert_no_traceback(page)


def test_the_moving_top_five_stays_in_sight_on_a_phone(page: Page, server: Server):
    page.set_viewport_size(PHONE)
    page.goto(f"{server.url}/rate")
    rows = page.locator("[class*='st-key-movie_']")
    expect(rows.first).to_be_visible()
    settle(page)
    row = rows.nth(7)
    star = row.locator("label", has_text="5 stars")
    star.scroll_into_view_if_needed()
    before = top_five(page)
    star.click()
    expect(page.locator(".st-key-top_five")).not_to_have_text(before)
    settle(page)
    assert in_sight(page, page.locator(".st-key-top_five"), row)
    top = page.locator(".st-key-top_five").bounding_box()
    assert top
    assert top["height"] < PHONE["height"] / 4, "it covers little of what it stands over"
    # What gets the keyboard is not hidden beneath it.
    first = rows.first.get_by_role("radio").first
    first.focus()
    focused = rows.first.locator("label[data-testid=stRadioOption]").first.bounding_box()
    assert focused
    assert focused["y"] >= top["y"] + top["height"]


def test_two_people_find_a_movie_and_the_address_opens_no_friend(page: Page, browser: Browser, server: Server):
    store = ProfileStore(f"sqlite:///{server.log.parent / 'profiles.sqlite'}")
    ada = store.create("demo", name="Ada", ratings=[(movie, 4.0 + movie % 2, movie) for movie in range(1, 20)])
    bob = store.create("demo", name="Bob", ratings=[(movie, 4.0 - movie % 3, movie) for movie in range(5, 30)])
    page.goto(f"{server.url}/together?profile={ada}")
    link = page.get_by_role("textbox", name="The link of their profile")
    link.fill(f"{server.url}/?profile={bob}")
    link.press("Enter")
    pair = page.get_by_text("You and Bob", exact=True)
    expect(pair).to_be_visible()
    settle(page)
    expect(page).to_have_url(re.compile(r"with=p[0-9a-f]{15}"))
    assert bob not in page.url
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("15")

    page.evaluate("window.same = true")
    listed = page.locator(".st-key-for_both")
    expect(listed.get_by_role("link")).to_have_count(10)
    assert len(re.findall("You [★½☆]{5} [0-9.]+ · Bob [★½☆]{5}", listed.inner_text())) == 10
    page.get_by_role("radio", name="Fairness").click()
    expect(listed).to_contain_text("Bob picked")
    expect(listed).to_contain_text("You picked")
    assert page.evaluate("window.same")

    # Here the address leads back to the pair, by Back and Forward and after a reload; elsewhere it opens nobody.
    page.reload()
    expect(pair).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Choose somebody else").click()
    expect(link).to_be_visible()
    settle(page)
    page.go_back()
    expect(pair).to_be_visible()
    settle(page)
    elsewhere = browser.new_context()
    elsewhere.set_default_timeout(SETTLE_MS)
    stranger = elsewhere.new_page()
    stranger.goto(page.url)
    expect(stranger.get_by_test_id("stAlert")).to_contain_text("no link of")
    assert "Bob" not in stranger.inner_text("body")
    elsewhere.close()
    assert_no_traceback(page)
