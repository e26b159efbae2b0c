"""Links to a movie's page, which keep the visitor's session and say in their address what they lead to."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st
from streamlit.navigation.page import Page

from lcrec_ui.frame import in_browser, url
from lcrec_ui.frame.text import clean

if TYPE_CHECKING:
    from lcrec_core.serving.explain import Sentence

PAGE: str | Page = "pages/8_movie.py"
"""The movie's page; the navigation puts its own object here, which is found without asking the disk for each link."""
MOVIE = url.MOVIE

# One look for all of them: as wide as the text, which may break, and a line below it under a pointer.
STYLE = """
[data-testid=stPageLink-NavLink][href*="movie="] {
    padding: 0; margin: 0; width: fit-content; max-width: 100%; background: none; line-height: inherit;
}
[data-testid=stPageLink-NavLink][href*="movie="] > span { white-space: normal; overflow: visible; display: block; }
[data-testid=stPageLink-NavLink][href*="movie="] p { font-weight: 400; }
[data-testid=stPageLink-NavLink][href*="movie="]:hover strong { text-decoration: underline; }
[data-testid=stPageLink-NavLink][href*="movie="]:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
/* Within a sentence or a table. */
.lcrec-movie { color: inherit !important; text-decoration: underline; text-underline-offset: 0.15em;
    text-decoration-color: color-mix(in srgb, currentColor 40%, transparent); }
.lcrec-movie:hover { text-decoration-color: currentColor; }
.lcrec-movie:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; border-radius: 0.15rem; }
"""


def query(movie_id: int) -> dict[str, str]:
    """The query of a movie's page as the visitor sees it: the person, the data set and the model stay."""
    return {**url.now(), MOVIE: str(movie_id)}


def title_link(label: str, movie_id: int) -> None:
    """A link to a movie's page.

    Args:
        label: One line of Markdown, escaped; what is bold in it is underlined under a pointer.
        movie_id: Of the movie.
    """
    st.page_link(PAGE, label=label, icon="", help="", query_params=query(movie_id))


def anchor(title: str, movie_id: int) -> str:
    """The same as HTML, to stand within a sentence or a table; `follow` keeps the visitor's session here, too.

    Args:
        title: As people say it, not escaped yet.
        movie_id: Of the movie.
    """
    address = escape(f"movie?{urlencode(query(movie_id))}", quote=True)
    return f'<a class="lcrec-movie" href="{address}">{escape(clean(title))}</a>'


def sentence(words: Sentence) -> None:
    """Draw a sentence whose movies are links."""
    pieces = [escape(each) if isinstance(each, str) else anchor(each.spoken, each.movie_id) for each in words]
    st.html(clean("".join(pieces)))


def follow() -> None:
    """Once on every page: have the browser follow links within sentences and tables as it does all others."""
    in_browser.follow_links("a.lcrec-movie", url.URL_KEYS, MOVIE)


def go(movie_id: int) -> None:
    """Leave for a movie's page at once; for what cannot be a link, such as a table's cell."""
    st.switch_page(PAGE, query_params=query(movie_id))
