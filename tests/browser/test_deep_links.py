"""Every page opens by its link on a server that nobody has visited yet, and asks and names nobody else."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.serving import Server, assert_names_nobody, assert_no_traceback, settle

pytestmark = pytest.mark.browser

PAGES = {
    "for-you?user=17": "For you",
    "start": "Make it yours",
    "rate": "Rate movies",
    "movie": "Movies",
    "history": "Bring your history",
    "profile": "Profile",
    "together": "Watch together",
    "data": "Data",
    "training": "Training",
    "compare": "Compare",
    "lab": "Laboratory",
}


@pytest.mark.parametrize("path", PAGES)
def test_first_visit_by_link(path: str, page: Page, start_server: Callable[..., Server]):
    server = start_server()
    page.goto(f"{server.url}/{path}")
    expect(page.get_by_role("heading", name=PAGES[path], exact=True, level=1)).to_be_visible()
    settle(page)
    links = page.get_by_test_id("stSidebarNavLink")
    assert [link.inner_text().splitlines()[-1] for link in links.all()] == list(PAGES.values())
    expect(page).to_have_title(f"{PAGES[path]} · LCRec")
    icon = page.locator("link[rel='shortcut icon']").get_attribute("href")
    assert icon.startswith(("/media/", f"{server.url}/media/"))
    if "user=17" in path:
        expect(page.get_by_text("Picked for User 17")).to_be_visible()
    assert_names_nobody(page)
    assert_no_traceback(page)


@pytest.mark.parametrize("query", ["user=999999", "user=x", "profile=guessed", "data=ml-9m", "model=demo/none"])
def test_a_wrong_link_is_explained(query: str, page: Page, server: Server):
    page.goto(f"{server.url}/?{query}")
    expect(page.get_by_test_id("stAlert").first).to_be_visible()
    expect(page.locator("[class*='st-key-card_']")).to_have_count(5)
    settle(page)
    assert_no_traceback(page)
