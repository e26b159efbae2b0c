"""The frame around every page: navigation, title, who is looking, and a catch for everything that fails.

`app.py` calls `route()`, every page begins with `page(title)`. Because there is a folder named
`pages/`, the first visitor of a fresh server who opens a page by its link gets Streamlit's own navigation
and the page without `app.py`; `page()` notices this and puts the frame around the page itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.navigation.page import Page

from lcrec_core.errors import BundleError
from lcrec_core.files import REPOSITORY
from lcrec_core.sources import datasets
from lcrec_ui.frame import (
    failures,
    in_browser,
    loaders,
    looks,
    movie_link,
    notices,
    permissions,
    places,
    server,
    session,
    sidebar,
    url,
)
from lcrec_ui.frame.failures import callback, fragment
from lcrec_ui.frame.text import clean, plain

if TYPE_CHECKING:
    pass

__all__ = ["begin", "callback", "fragment", "model_is_ready"]

APP_NAME = "LCRec"
_ROUTED = "lcrec_routed"
_PAGES_FOLDER = REPOSITORY / "pages"
_ICON = Path(__file__).resolve().parent / "icon.png"
"""A file of our own: an icon named by `:material/...:` is fetched from a font host on every load."""


@dataclass(frozen=True)
class _PageFile:
    """A page of the app. The file's name without its number must be the URL path, see the module's docstring."""

    file: str
    title: str
    icon: str
    about: str

    @property
    def url_path(self) -> str:
        return self.file.split("_", 1)[1].removesuffix(".py")


_FRONT = (
    _PageFile("1_for-you.py", "For you", "movie", "Five movies picked for you, and everything else in order."),
    _PageFile("9_start.py", "Make it yours", "bolt", "Ten movies, one tap each, and the list is your own."),
    _PageFile("2_rate.py", "Rate movies", "star", "Find movies, give them stars and watch the predictions move."),
    _PageFile("8_movie.py", "Movies", "theaters", "One movie: what you would give it and why, and what everybody did."),
    _PageFile("7_history.py", "Bring your history", "upload_file", "Ratings from Letterboxd, IMDb or Trakt."),
    _PageFile("3_profile.py", "Profile", "person", "Choose who you are; a person's history and tastes."),
    _PageFile("9_together.py", "Watch together", "group", "How far two people agree, and a list for both."),
)
_BEHIND = (
    _PageFile("4_data.py", "Data", "database", "What the model learns from, before and after preparation."),
    _PageFile("5_training.py", "Training", "model_training", "How models were trained; train one yourself."),
    _PageFile("6_compare.py", "Compare", "balance", "The paper's results beside what was measured here."),
    _PageFile("10_lab.py", "Laboratory", "science", "One prediction laid open; the network with parts switched off."),
)


def route() -> None:
    """The whole of `app.py`: draw the page that was asked for inside the frame."""
    with failures.shown():
        chosen = _open_frame()
        st.session_state[_ROUTED] = True
        try:
            with notices.page():
                chosen.run()
        finally:
            st.session_state[_ROUTED] = False


def begin(title: str | Callable[[], str]) -> None:
    """Begin a page: its title first, so that there is something to see, then notices and the sidebar.

    Args:
        title: Words of ours; or what gives a text from outside, asked once the link is followed and the data is known.
            That is escaped here, and the browser's title as well.
    """
    routed = bool(st.session_state.get(_ROUTED))
    if not routed:
        # Neither a rerun, which would lose a button's click, nor a stop, which would keep stale fragments.
        failures.show_in_this_run()
        _open_frame()
    looks.apply()
    shown = clean(title()) if callable(title) else title
    if callable(title):
        st.set_page_config(page_title=f"{shown} · {APP_NAME}")
    st.title(plain(shown), anchor=False)
    top = st.container()
    places.follow(shown)
    movie_link.follow()
    # Streamlit leaves a page that a link opens as far down as the one that the link stood on.
    in_browser.to_the_top(st.query_params.get(movie_link.MOVIE, "") if callable(title) else "")
    with st.sidebar:
        sidebar.draw()
    simulated_notice()
    with top:
        notices.at_top(last_chance=not routed)
        places.elsewhere(shown)


def simulated_notice() -> None:
    """Say that the people shown are made up, where they are. `page` has called it already."""
    data = session.current_data()
    if data.simulated:
        what = (
            "The movies are real; the people of the demo and all their ratings are made up."
            if data.name == datasets.DEMO
            else "Made up to measure with: no person, movie or rating in it is real."
        )
        st.markdown(f":orange-badge[:material/theater_comedy: Simulated people] :small[:gray[{what}]]")


def _open_frame() -> Page:
    """Everything before a page's first line; returns the page that was asked for."""
    server.settle()
    # Before the navigation, which would otherwise make the page's icon the browser's: see `_ICON`.
    st.set_page_config(page_icon=_ICON, layout="wide")
    chosen = _navigation()
    st.set_page_config(page_title=f"{chosen.title} · {APP_NAME}")
    url.read_url()
    return chosen


def _navigation() -> Page:
    """The same navigation from everywhere. The first page answers at `/` and at its own path."""
    home = _page(_FRONT[0], url_path="home", default=True)
    hidden_twin = _page(_FRONT[0], visibility="hidden")
    front = [home, hidden_twin, *(_page(about) for about in _FRONT[1:])]
    movie_link.PAGE = next(page for page in front if page.url_path == "movie")
    return st.navigation({"": front, "Behind the scenes": [_page(about) for about in _BEHIND]})


def _page(about: _PageFile, **options: Any) -> Page:
    settings: dict[str, Any] = {"title": about.title, "icon": f":material/{about.icon}:", "help": about.about}
    return st.Page(_PAGES_FOLDER / about.file, **{"url_path": about.url_path, **settings, **options})


def model_is_ready(*, quietly: bool = False) -> bool:
    """Load the model in use; where there is none that fits, say so, and to whoever may train one show the way.

    The first visitor waits here for torch, so that a page should have drawn something before.

    Args:
        quietly: Say nothing, for the page is about something else.
    """
    try:
        loaders.recommender(session.current_bundle())
    except BundleError as error:
        if quietly:
            return False
        failures.explain(error)
        if permissions.may_manage():
            st.page_link("pages/5_training.py", label="Train one in the app", icon=":material/model_training:")
        else:
            st.caption(permissions.only_who_runs_it("train one"))
        return False
    return True
