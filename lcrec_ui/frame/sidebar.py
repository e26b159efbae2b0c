"""The sidebar: who you are, which data and which model, and the switches between them."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from lcrec_core.errors import BundleError, UnknownProfileError
from lcrec_core.sources import datasets
from lcrec_core.sources.published import DATA_LABELS
from lcrec_ui.frame import in_browser, movie_link, session, url
from lcrec_ui.frame.failures import callback, fragment
from lcrec_ui.frame.text import clean, count, distinct, plain

WHO = "sidebar_person"
"""Key of the fragment that shows the person."""
ABOUT = "sidebar_about"
"""Key of the fragment within it that moves with a rating."""
ADDRESS = "address"
"""Key of the fragment that writes the browser's address bar; it is to be drawn again when the person changes."""
_WHO, _DATA, _MODEL = "sidebar_who", "sidebar_data", "sidebar_model"
_A_PERSON = ""
"""Stands for the data-set person among the tokens of created profiles."""


def draw() -> None:
    """Draw into the current container."""
    who()
    _data_switch()
    _model_switch()
    address()


@fragment(key=ADDRESS)
def address() -> None:
    """The link to what is shown; after everything that may give way to something else."""
    url.write_url()


@fragment(key=WHO)
def who() -> None:
    """The person."""
    person = session.current_person()
    st.caption("You are looking as")
    if session.state().tokens:
        _who_switch(person)
    else:
        st.markdown(f"**{plain(person.label)}**")
    about()


@fragment(key=ABOUT, within=True)
def about() -> None:
    """What is known of them; a fragment of its own, because a rating given on a page changes their count."""
    person = session.current_person()
    details = [plain(person.about)] if person.about else []
    details.append(count(len(person.profile.movie_ids), "rating"))
    st.caption("  \n".join(details))


def _who_switch(person: session.Person) -> None:
    names = distinct({_A_PERSON: f"User {_user_id()}", **session.own_profiles(person.owner.data)})
    st.session_state[_WHO] = person.token or _A_PERSON
    # The switch lies in a fragment but changes every page, hence the rerun of the whole app.
    st.selectbox(
        "You are looking as",
        list(names),
        format_func=lambda token: names.get(token, "Profile"),
        key=_WHO,
        on_change=_switch_who,
        label_visibility="collapsed",
    )


def _user_id() -> int:
    data = session.current_data()
    return session.state().users.get(data.name, session.default_user(data))


def _data_switch() -> None:
    available = datasets.available()
    current = session.state().data
    if len(available) < 2:
        st.caption(f"Data  \n**{plain(DATA_LABELS.get(current, current))}**")
        return
    st.session_state[_DATA] = current
    titles = distinct({name: DATA_LABELS.get(name, name) for name in available})
    st.selectbox(
        "Data",
        available,
        format_func=lambda name: clean(titles.get(name, name)),
        key=_DATA,
        on_change=_switch_data,
    )


def _model_switch() -> None:
    try:
        current = session.current_bundle()
    except BundleError:
        st.caption("Model  \nnone trained on this data yet")
        return
    names = session.bundles_of(session.state().data)
    if len(names) < 2:
        st.caption(f"Model  \n**{plain(current)}**")
        return
    st.session_state[_MODEL] = current
    st.selectbox("Model", names, format_func=clean, key=_MODEL, on_change=_switch_model)


def redraw(*homes: str, begun: bool = False) -> None:
    """In a callback: draw again what changes with a person's ratings and marks, and nothing else.

    Fragments only: a whole run redraws what stands above and so moves the page under the reader.

    Args:
        homes: Keys of the page's fragments that change.
        begun: Whether a profile of the visitor's own began, so that the address changes as well.
    """
    st.rerun([*homes, *([WHO, ADDRESS] if begun else [ABOUT])])


@contextmanager
def gone_is_shown(home: str) -> Iterator[None]:
    """In a callback: a profile that was deleted meanwhile is explained by the page's fragment, in place of its content.

    Args:
        home: Key of that fragment.
    """
    try:
        yield
    except UnknownProfileError:
        st.rerun([home, WHO])


@callback
def _switch_who() -> None:
    token = st.session_state[_WHO]
    if token:
        session.set_profile(token)
    else:
        session.set_user(_user_id())
    st.rerun()


@callback
def _switch_data() -> None:
    session.set_data(st.session_state[_DATA])
    # The same number is another movie there.
    in_browser.set_query({}, (movie_link.MOVIE,), tell=False)


@callback
def _switch_model() -> None:
    session.set_bundle(st.session_state[_MODEL])
