"""Who is looking: the first star, the way back, two windows, and what a browser remembers."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from lcrec_core.store.profiles import ProfileStore
from tests.serving import SETTLE_MS, Server, assert_no_traceback, settle

pytestmark = pytest.mark.browser

ROWS = "[class*='st-key-movie_']"
NAMES = {"phone": {"width": 420, "height": 900}, "laptop": {"width": 1440, "height": 900}}
SCROLLED = "() => document.querySelector('[data-testid=stMain]').scrollTop"
TOKEN = re.compile(r"profile=([\w-]{32})")


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of one visitor, whose tabs share cookies."""
    context = browser.new_context(viewport=NAMES["laptop"])
    context.set_default_timeout(SETTLE_MS)
    yield context
    context.close()


def profiles(server: Server) -> ProfileStore:
    return ProfileStore(f"sqlite:///{server.log.parent / 'profiles.sqlite'}")


def token_in(page: Page) -> str:
    expect(page).to_have_url(TOKEN)
    found = TOKEN.search(page.url)
    assert found
    return found[1]


def give_stars(row: Locator, stars: int = 4) -> None:
    # The radio itself is invisible; what a person clicks is the star drawn over it.
    row.locator("label", has_text=re.compile(f"^{stars} stars?$")).click()


def rated_so_far(page: Page, number: int) -> None:
    expect(page.get_by_role("heading", name=f"Rated so far: {number}", exact=True)).to_be_visible()
    settle(page)


def open_rate(page: Page, server: Server, query: str = "") -> None:
    page.goto(f"{server.url}/rate{query}")
    expect(page.locator(ROWS).first).to_be_visible()
    settle(page)


def go(page: Page, title: str) -> None:
    page.get_by_test_id("stSidebarNavLink").filter(has_text=title).click()
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
    settle(page)


@pytest.mark.parametrize("query", ["", "?user=12", "?model=demo/paper"])
@pytest.mark.parametrize("screen", NAMES)
def test_nothing_moves_with_the_first_star(screen: str, query: str, page: Page, server: Server):
    page.set_viewport_size(NAMES[screen])
    open_rate(page, server, query)
    entries = page.evaluate("history.length")
    row = page.locator(ROWS).nth(3)
    row.scroll_into_view_if_needed()
    star = row.locator("label", has_text="4 stars")
    before, scrolled = star.bounding_box(), page.evaluate(SCROLLED)
    give_stars(row)
    rated_so_far(page, 1)
    token = token_in(page)
    after = star.bounding_box()
    assert page.evaluate(SCROLLED) == scrolled
    assert abs(after["y"] - before["y"]) <= 4
    assert abs(after["x"] - before["x"]) <= 4
    stored = profiles(server).get(token)
    assert [rated.rating for rated in stored.ratings] == [4.0]
    assert stored.copied_from is None
    # What begins in place is no step for Back to take.
    assert page.evaluate("history.length") == entries
    expect(page.get_by_text("began a private profile of your own")).to_be_visible()
    assert_no_traceback(page)


def test_what_the_first_star_began_is_said_in_place_and_the_old_words_are_gone(page: Page, server: Server):
    open_rate(page, server)
    expect(page.get_by_text("Your first star begins")).to_be_visible()
    give_stars(page.locator(ROWS).first)
    rated_so_far(page, 1)
    expect(page.get_by_text("You rate as New profile, a private profile of your own")).to_be_visible()
    expect(page.get_by_text("Your first star begins")).to_be_hidden()
    expect(page.get_by_role("button", name="Start from nothing")).to_be_hidden()
    expect(page.get_by_test_id("stSidebar")).to_contain_text("1 rating")


def test_two_stars_in_quick_succession_go_into_one_profile(page: Page, server: Server):
    open_rate(page, server)
    give_stars(page.locator(ROWS).nth(0), 5)
    give_stars(page.locator(ROWS).nth(1), 2)
    rated_so_far(page, 2)
    assert sorted(rated.rating for rated in profiles(server).get(token_in(page)).ratings) == [2.0, 5.0]


def test_a_star_in_a_window_whose_profile_was_deleted_in_another_stops_and_says_so(
    visitor: BrowserContext, server: Server
):
    first = visitor.new_page()
    open_rate(first, server)
    give_stars(first.locator(ROWS).first)
    rated_so_far(first, 1)
    second = visitor.new_page()
    second.goto(f"{server.url}/profile?profile={token_in(first)}")
    settle(second)
    second.get_by_role("button", name="Delete").click()
    second.get_by_role("button", name="Yes, delete it").click()
    expect(second.get_by_text("New profile was deleted")).to_be_visible()

    for _ in range(2):
        row = first.locator(ROWS).nth(2)
        if row.count():
            give_stars(row)
        expect(first.get_by_text("Nothing was saved")).to_be_visible()
        settle(first)
    expect(first.locator(ROWS)).to_have_count(0)
    expect(first.get_by_test_id("stSidebar")).to_contain_text("User 11")
    # Going on is the visitor's decision, and begins with nothing.
    first.get_by_role("button", name="Start from nothing").click()
    rated_so_far(first, 0)
    assert profiles(server).get(token_in(first)).ratings == ()
    assert_no_traceback(first)


def test_a_list_whose_person_was_deleted_elsewhere_is_drawn_anew_and_says_so(page: Page, server: Server):
    token = profiles(server).create("demo", name="Ada")
    page.goto(f"{server.url}/?profile={token}")
    expect(page.get_by_text("Picked for Ada")).to_be_visible()
    settle(page)
    profiles(server).delete(token)
    page.get_by_role("radio", name="Lesser known").click()
    expect(page.get_by_text("The profile you were using is gone")).to_be_visible()
    expect(page.get_by_text("Picked for User 11")).to_be_visible()
    assert_no_traceback(page)


def test_two_profiles_of_one_name_are_told_apart_by_the_switch(page: Page, server: Server):
    page.goto(f"{server.url}/profile?user=12")
    settle(page)
    made = []
    for name in ("Copy of User 12", "Copy of User 12 (2)"):
        page.get_by_role("button", name="Continue as a copy of User 12").click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        settle(page)
        made.append(token_in(page))
        switch(page, "User 12")
    # Renamed elsewhere, to one name: still two options, and each leads to its own.
    for token in made:
        profiles(server).update(token, name="Twin")
    go(page, "Rate movies")
    for label, token in (("Twin", made[0]), ("Twin (2)", made[1]), ("Twin", made[0])):
        switch(page, label)
        expect(page).to_have_url(re.compile(token))
        give_stars(page.locator(ROWS).first, 1)
        expect(page.get_by_role("button", name="Undo")).to_be_enabled()
        settle(page)
        assert len(profiles(server).get(token).ratings) > 0


def switch(page: Page, label: str) -> None:
    """Choose somebody in the sidebar."""
    page.get_by_test_id("stSidebar").get_by_role("combobox").first.click()
    page.get_by_role("option", name=label, exact=True).click()
    expect(page.get_by_test_id("stSidebar").get_by_role("combobox").first).to_have_value(label)
    settle(page)


def test_back_needs_one_press_after_a_page_switch(page: Page, server: Server):
    token = profiles(server).create("demo", name="Ada")
    page.goto(f"{server.url}/profile?profile={token}")
    settle(page)
    go(page, "Rate movies")
    assert token_in(page) == token
    go(page, "For you")
    assert token_in(page) == token
    page.go_back()
    expect(page.get_by_role("heading", name="Rate movies", level=1)).to_be_visible()
    settle(page)
    assert token_in(page) == token
    page.go_back()
    expect(page.get_by_role("heading", name="Profile", exact=True, level=1)).to_be_visible()
    settle(page)
    assert token_in(page) == token
    assert_no_traceback(page)


def test_back_from_a_person_to_a_bare_address_shows_what_that_means(page: Page, server: Server):
    page.goto(server.url)
    settle(page)
    go(page, "Profile")
    page.get_by_label("Id", exact=True).fill("15")
    page.get_by_role("combobox", name=re.compile("people fit|person fits")).click()
    page.get_by_role("option", name=re.compile(r"^User 15 ")).click()
    expect(page).to_have_url(re.compile("user=15"))
    settle(page)
    page.go_back()
    expect(page.get_by_test_id("stSidebar")).to_contain_text("User 11")
    expect(page).to_have_url(f"{server.url}/profile")
    page.go_back()
    expect(page.get_by_text("Picked for User 11")).to_be_visible()
    page.go_forward()
    page.go_forward()
    expect(page.get_by_role("heading", name="User 15", exact=True)).to_be_visible()
    assert_no_traceback(page)


def test_creating_a_profile_leaves_one_step_back(page: Page, server: Server):
    page.goto(f"{server.url}/profile?user=15")
    settle(page)
    page.get_by_role("button", name="Create a new profile").click()
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="Rate movies", level=1)).to_be_visible()
    token_in(page)
    settle(page)
    page.go_back()
    expect(page.get_by_role("heading", name="User 15", exact=True)).to_be_visible()
    assert_no_traceback(page)


def test_a_browser_comes_back_to_its_own_profile_until_told_to_forget(visitor: BrowserContext, server: Server):
    page = visitor.new_page()
    open_rate(page, server)
    give_stars(page.locator(ROWS).first)
    rated_so_far(page, 1)
    token = token_in(page)
    page.close()

    page = visitor.new_page()
    page.goto(server.url)
    expect(page.get_by_text("Picked for New profile")).to_be_visible()
    assert token_in(page) == token
    (cookie,) = [cookie for cookie in visitor.cookies() if cookie["value"] == token]
    assert cookie["sameSite"] == "Lax"
    # A link wins.
    page.goto(f"{server.url}/?user=12")
    expect(page.get_by_text("Picked for User 12")).to_be_visible()
    settle(page)
    page.goto(f"{server.url}/profile?profile={token}")
    expect(page.get_by_text("This browser remembers the profile")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Forget me on this browser").click()
    expect(page.get_by_text("This browser does not remember you any more")).to_be_visible()
    settle(page)
    page.goto(server.url)
    expect(page.get_by_text("Picked for User 11")).to_be_visible()
    assert token not in str(visitor.cookies())
    assert profiles(server).get(token).ratings


def test_a_remembered_profile_that_was_deleted_is_forgotten_without_a_word(visitor: BrowserContext, server: Server):
    page = visitor.new_page()
    open_rate(page, server)
    give_stars(page.locator(ROWS).first)
    rated_so_far(page, 1)
    profiles(server).delete(token_in(page))
    page.goto(server.url)
    expect(page.get_by_text("Picked for User 11")).to_be_visible()
    settle(page)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    assert_no_traceback(page)


@pytest.mark.parametrize("screen", NAMES)
def test_the_link_of_a_profile_is_copied_by_its_button(screen: str, visitor: BrowserContext, server: Server):
    visitor.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    page = visitor.new_page()
    page.set_viewport_size(NAMES[screen])
    token = profiles(server).create("demo", name="Ada")
    page.goto(f"{server.url}/profile?profile={token}")
    settle(page)
    button = page.get_by_role("button", name="Copy link", exact=True)
    expect(button).to_be_visible()
    button.click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{server.url}/?profile={token}"
