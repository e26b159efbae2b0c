"""The Laboratory and the Compare page in a browser: links by name, tabs, and numbers that can be found."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.serving import Server, assert_no_traceback, settle

pytestmark = pytest.mark.browser


def test_a_link_by_name_opens_its_tab_and_the_address_stays_a_link_to_the_open_one(page: Page, server: Server):
    page.goto(f"{server.url}/compare?show=lists")
    expect(page.get_by_role("heading", name="Lists", exact=True)).to_be_visible()
    settle(page)
    entries = page.evaluate("history.length")
    expect(page).to_have_url(f"{server.url}/compare?compare_view=Lists")
    # A table is text of the page: it can be searched, and read out.
    expect(page.get_by_role("rowheader", name="EASE", exact=True)).to_be_visible()
    page.get_by_role("tab", name="How sure").click()
    expect(page.get_by_role("heading", name="How sure it is")).to_be_visible()
    settle(page)
    expect(page).to_have_url(f"{server.url}/compare?compare_view=How+sure")
    page.reload()
    expect(page.get_by_role("heading", name="How sure it is")).to_be_visible()
    settle(page)
    # None of this is in the way of Back.
    assert page.evaluate("history.length") == entries
    assert_no_traceback(page)


def test_a_row_of_a_table_has_a_link_of_its_own(page: Page, server: Server):
    page.goto(f"{server.url}/compare?show=models")
    page.get_by_test_id("stMain").get_by_role("radio", name="Random 90:10").click()
    row = page.locator("#models-bias-only")
    row.get_by_role("link", name="Bias only").click()
    settle(page)
    link = page.url
    assert link.endswith("#models-bias-only")
    page.goto("about:blank")
    # A row has a link of its own, whoever follows it.
    page.goto(link)
    expect(row).to_have_class("lcrec-asked")
    expect(row).to_be_in_viewport()
    expect(page.get_by_test_id("stMain").get_by_role("radio", name="Random 90:10")).to_be_checked()
    assert_no_traceback(page)


def test_a_student_looks_into_a_prediction_and_finds_the_papers_tables(page: Page, server: Server):
    page.goto(f"{server.url}/lab")
    figure = page.get_by_role("group", name="Figure 3")
    expect(figure).to_be_visible()
    settle(page)
    for part in ("U_ef", "U_pf", "U_f", "M_f", "CNN"):
        expect(figure.get_by_text(re.compile(rf"{part}$")).first).to_be_visible()
    expect(figure.get_by_role("img", name="M_f: 128 numbers")).to_be_visible()
    heading = page.get_by_role("heading", name="Figure 3, live")
    before = heading.inner_text()
    page.get_by_role("searchbox", name="Movie to be predicted").fill("matrix")
    page.get_by_test_id("stMain").get_by_role("radio", name="The Matrix (1999)").click()
    expect(heading).to_contain_text("The Matrix (1999)")
    settle(page)
    assert "Matrix" not in before
    assert re.search(r"movie=\d+", page.url)
    expect(page.get_by_role("row", name=re.compile("matrix")).first).to_be_visible()

    page.get_by_role("tab", name="Switch parts off").click()
    expect(page.get_by_text("Both lists are the same")).to_be_visible()
    page.get_by_test_id("stMain").get_by_role("button", name="Genres").click()
    expect(page.get_by_role("heading", name="Without Genres")).to_be_visible()
    expect(page.get_by_text("movies stay in the list")).to_be_visible()
    settle(page)
    page.get_by_test_id("stMain").get_by_role("radio", name="LCRec").click()
    expect(page.get_by_text("Both lists are the same")).to_be_visible()
    page.get_by_test_id("stMain").get_by_role("button", name="Backbone").click()
    expect(page.get_by_role("heading", name="Without Backbone")).to_be_visible()
    expect(page.get_by_text("movies stay in the list")).to_be_visible()
    settle(page)

    page.get_by_role("tab", name="The paper by number").click()
    page.get_by_role("link", name=re.compile("^Table VI Settings")).click()
    expect(page.get_by_role("heading", name="Training", exact=True, level=1)).to_be_visible()
    settle(page)
    table = page.get_by_role("region", name="Table VI")
    expect(table).to_be_in_viewport()
    expect(table.get_by_role("rowheader", name="Learning rate")).to_be_visible()
    assert "show=" not in page.url
    assert_no_traceback(page)


@pytest.mark.parametrize(
    ("path", "name"), [("data?show=table-3", "Movies before"), ("lab?show=table-6", None), ("lab?show=figure-9", None)]
)
def test_a_link_by_number_is_followed_or_answered(path: str, name: str | None, page: Page, server: Server):
    page.goto(f"{server.url}/{path}")
    page.locator("h1").wait_for()
    settle(page)
    if name:
        expect(page.get_by_role("region", name=name)).to_be_in_viewport()
    elif path.endswith("table-6"):
        expect(page.get_by_role("link", name="Table VI is on the page Training")).to_be_visible()
    else:
        expect(page.get_by_text("nothing here has that name")).to_be_visible()
    assert_no_traceback(page)
