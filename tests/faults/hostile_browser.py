"""The hostile texts in a real browser: as a film's title, as a profile's name, and in a link somebody sent."""

import re
from pathlib import Path
from urllib.parse import quote, urlsplit

from playwright.sync_api import Page, expect, sync_playwright

from lcrec_core.data.titles import spoken
from lcrec_core.errors import LCRecError
from lcrec_core.store.profiles import ProfileStore
from tests.faults.hostile_titles import TITLES, data_name, lost, mark, named, prepare, titles
from tests.faults.outcome import Kind
from tests.faults.sandbox import one_line
from tests.needs import browser_path
from tests.serving import SETTLE_MS, Server, launch, serve, settle

FOREIGN = """() => [...document.querySelectorAll('*')].flatMap(element => ['href', 'src', 'action', 'data', 'srcset']
    .map(name => element.getAttribute(name)).filter(url => url)
    .filter(url => !url.startsWith('data:image/') && !url.startsWith('blob:'))
    .filter(url => { try { return new URL(url, location.href).host !== location.host } catch { return true } })
    .map(url => element.tagName.toLowerCase() + ' ' + url))"""
"""Everything on the page that leads, or would be fetched, from somewhere else."""
MADE = "script:not([src]), iframe, form, object, embed, .katex, h1, table, li, blockquote, hr, del, em, pre, code"
"""What Markdown and HTML make of texts like these; counted before and after."""


class Watched:
    """A page, and what it did that it must not."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.url = page, server.url
        self.strange: list[str] = []
        own = urlsplit(server.url).netloc
        page.on("request", lambda request: self._requested(request.url, own))
        page.on("dialog", lambda dialog: (self.strange.append(f"a dialog {dialog.message}"), dialog.dismiss()))

    def _requested(self, url: str, own: str) -> None:
        if not url.startswith(("data:", "blob:")) and urlsplit(url).netloc != own:
            self.strange.append(f"a request to {url}")

    def visit(self, path: str) -> None:
        """Open a page of the app and wait until it is drawn."""
        self.page.goto(f"{self.url}/{path}")
        settle(self.page)

    def problem(self, where: str) -> str | None:
        """What is on the page that leads elsewhere, or what it did since it was asked last."""
        strange, self.strange = self.strange + self.page.evaluate(FOREIGN), []
        # Our own terms of use link to where the data come from.
        strange = [one for one in strange if not re.search(r"grouplens\.org|github\.com|streamlit\.io", one)]
        if self.page.get_by_test_id("stException").count():
            strange.append("an exception")
        return f"{where}: {strange}" if strange else None


def _visit(watched: Watched, index: int, token: str) -> str | None:
    page, text = watched.page, TITLES[index]
    watched.visit(f"rate?data={data_name()}&profile={token}")
    before = page.locator(MADE).count()
    page.locator(".st-key-rate_query input").fill(mark(index))
    if index in titles():
        row = page.locator("[class*='st-key-movie_']", has_text=mark(index)).first
        expect(row).to_be_visible(timeout=SETTLE_MS)
        # Characters written by name, as in `&amp;`, are shown as what they stand for, and as text.
        if missing := lost(spoken(text), row.inner_text()):
            return f"the Rate page loses {missing}"
    settle(page)
    if (after := page.locator(MADE).count()) > before + 1:
        return f"the Rate page has {after - before} elements more than without it"
    if problem := watched.problem("Rate"):
        return problem
    for path in ("", "profile"):
        watched.visit(f"{path}?data={data_name()}&profile={token}")
        if problem := watched.problem(path or "For you"):
            return problem
    address = quote(text.encode("utf-8", "replace"))
    watched.visit(f"?data={address}&model={address}&user={address}")
    return watched.problem("a link with it")


def check(indices: range, seed: int, folder: Path) -> dict[int, str]:
    prepare(folder)
    failures = {}
    places = {"LCREC_DATA": str(folder / "data"), "LCREC_ARTIFACTS": str(folder / "artifacts")}
    with serve(folder / "server", **places) as server, sync_playwright() as playwright:
        store = ProfileStore(f"sqlite:///{folder / 'server' / 'profiles.sqlite'}")
        browser = launch(playwright, browser_path() or "chromium")
        for index in indices:
            which = index % len(TITLES)
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            context.set_default_timeout(SETTLE_MS)
            try:
                problem = _visit(
                    Watched(context.new_page(), server), which, named(f"{mark(which)} {TITLES[which]}", store)
                )
            except (Exception, LCRecError) as error:
                problem = one_line(error)
            if problem:
                failures[index] = f"{TITLES[which][:60]!a}: {problem}"
            context.close()
        browser.close()
    return failures


KIND = Kind("browser", "the same in a browser, and in a link", check, short=0, long=len(TITLES))
