"""Titles within sentences and tables lead to their movies' pages, and nothing else of them gets into the page."""

import re

import pandas as pd
import pytest

from lcrec_core.serving.explain import Title
from lcrec_ui.frame import movie_link, tables, url
from tests.app_support import visit
from tests.outside import HOST, PAYLOADS


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url, "now", lambda: {"user": "17"})


@pytest.mark.usefixtures("somebody")
def test_a_link_keeps_who_is_looking():
    assert movie_link.anchor("M & M (1931)", 5) == (
        '<a class="lcrec-movie" href="movie?user=17&amp;movie=5">M &amp; M (1931)</a>'
    )


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_strangers_title_is_text_in_its_link(payload: str, monkeypatch: pytest.MonkeyPatch):
    drawn: list[str] = []
    monkeypatch.setattr(movie_link.st, "html", drawn.append)
    movie_link.sentence(("Near to ", Title(5, payload), f", which you gave 5; you rate {payload} above"))
    (html,) = drawn
    assert re.findall(r"<(/?\w+)", html) == ["a", "/a"]
    assert f'"https://{HOST}' not in html


@pytest.mark.usefixtures("somebody")
def test_titles_of_a_table_are_links_where_there_is_a_movie():
    table = pd.DataFrame({"Title": ["Heat (1995)", "No movie here"], "Genres": ["Action|Crime", ""]})
    html = tables.as_html(table, "Two", movies={"Title": [9, None]})
    assert re.findall(r"movie=(\d+)", html) == ["9"]
    assert '<th scope="row">No movie here</th>' in html
    assert "Action|<wbr/>Crime" in html


def test_the_reasons_of_a_card_name_movies_by_links():
    app = visit("for-you")
    sentences = [element.proto.body for element in app.get("html") if "Because you gave" in element.proto.body]
    assert len(sentences) == 5
    assert all("lcrec-movie" in sentence for sentence in sentences)
