"""The app at a path of its address, as behind a proxy that serves other things too, by two servers."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from lcrec_core.store.profiles import ProfileStore
from tests.browser.test_deep_links import PAGES
from tests.serving import Server, assert_no_traceback, requests_of, serve, settle

pytestmark = pytest.mark.browser

BASE = "/lcrec"
ROWS = "[class*='st-key-movie_']"
AFFINITY = "lcrec_server_"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve(tmp_path / "server", servers=2, base=BASE, LCREC_DATA=str(tmp_path / "no-data")) as running:
        yield running


def test_links_stars_and_what_a_browser_remembers_stay_below_the_path(page: Page, server: Server):
    asked = requests_of(page)
    page.goto(f"{server.url}/compare?show=lists")
    expect(page.get_by_role("tab", name="Lists")).to_have_attribute("aria-selected", "true")
    settle(page)
    assert urlsplit(page.url).path == f"{BASE}/compare"
    assert "show=" not in page.url

    page.goto(f"{server.url}/rate")
    expect(page.locator(ROWS).first).to_be_visible()
    settle(page)
    links = page.evaluate("[...document.querySelectorAll('a[href]')].map(link => link.href)")
    assert len(links) > len(PAGES)
    assert [link for link in links if not link.startswith(f"{server.url}/")] == []
    page.locator(ROWS).first.locator("label", has_text=re.compile("^4 stars$")).click()
    expect(page.get_by_role("heading", name="Rated so far: 1", exact=True)).to_be_visible()
    settle(page)
    token = re.search(r"profile=([\w-]{32})", page.url)[1]
    store = ProfileStore(f"sqlite:///{server.log.parent / 'profiles.sqlite'}")
    assert [rated.rating for rated in store.get(token).ratings] == [4.0]
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Profile").click()
    settle(page)
    expect(page.get_by_text(f"{server.url}/?profile={token}").first).to_be_visible()
    assert_no_traceback(page)

    # Another day: the browser has forgotten its server, not its profile, and comes to the other one.
    mine = page.context.cookies(server.url)
    (affinity,) = [cookie for cookie in mine if cookie["name"].startswith(AFFINITY)]
    (remembered,) = [cookie for cookie in mine if cookie["value"] == token]
    assert remembered["path"] == BASE
    affinity["value"] = str(1 - int(affinity["value"]))
    page.context.add_cookies([affinity])
    page.goto(f"{server.url}/history")
    settle(page)
    expect(page.get_by_test_id("stSidebar")).to_contain_text("1 rating")
    paths = {urlsplit(url).path for url in asked if not url.startswith(("data:", "blob:"))}
    assert [path for path in paths if not path.startswith(f"{BASE}/")] == []
