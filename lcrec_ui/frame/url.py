"""The address: followed when a visitor comes by it, and kept a link to what is shown."""

from typing import Any

import streamlit as st

from lcrec_core.errors import BundleError, DataError, ProfileError, UnknownProfileError
from lcrec_core.sources import datasets
from lcrec_ui.frame import in_browser, loaders
from lcrec_ui.frame.session import (
    choose_person,
    forget_profile,
    notify,
    remember,
    sentence,
    set_bundle,
    set_data,
    set_profile,
    set_user,
    state,
)
from lcrec_ui.frame.text import quoted

URL_KEYS = ("data", "model", "user", "profile")
"""What every page's address says of what is shown."""
MOVIE = "movie"
"""Names the movie of a movie's page, by the data set's id; see `movie_link`."""


_LONGEST_PARAMETER = 120


def read_url() -> None:
    """Follow the link a visitor came by, or went back to. Call once per full run, before anything is shown."""
    chosen = state()
    if chosen.lost:
        notify(f"{chosen.lost} You are looking as a person of the data set instead.")
        chosen.lost = ""
    asked = {key: st.query_params[key] for key in URL_KEYS if key in st.query_params}
    first = not chosen.queries
    if first:
        _meet_remembered()
    followed = in_browser.came_back() or ((first or bool(asked)) and asked not in chosen.queries)
    _note_query(asked)
    if not followed:
        return
    if not asked:
        _follow_bare()
        return
    asked.setdefault("data", datasets.DEMO)
    # A link says everything: what it leaves out is as at a first visit.
    chosen.users.pop(asked["data"], None)
    chosen.bundles.pop(asked["data"], None)
    for key, follow in (
        ("data", _follow_data),
        ("profile", set_profile),
        ("user", _follow_user),
        ("model", set_bundle),
    ):
        if key in asked and not (key == "user" and "profile" in asked):
            try:
                if len(asked[key]) > _LONGEST_PARAMETER:
                    raise DataError(f"its {key} is longer than any that is here")
                follow(asked[key])
            except (DataError, ProfileError, BundleError) as error:
                notify(f"That link could not be followed as it is. {sentence(error)}")


def write_url() -> None:
    """Make the address bar a link to what is shown, and let the browser remember or forget an own profile.

    Another person, data set or model on the same page is a step that Back takes back. Completing the address of
    a page just opened is none, and neither is the own profile that begins with a star.
    """
    chosen, wanted = state(), now()
    if any(st.query_params.get(key) != wanted.get(key) for key in URL_KEYS):
        is_a_step = in_browser.page() == chosen.page and not chosen.replaces
        in_browser.set_query(wanted, URL_KEYS, tell=is_a_step)
    movie = st.query_params.get(MOVIE)
    if in_browser.page() == chosen.page and movie != chosen.movie and not in_browser.came_back():
        in_browser.tell_query()  # A link from one movie to the next is a step, too, which Streamlit takes for none.
    chosen.page, chosen.movie, chosen.replaces = in_browser.page(), movie, False
    _note_query(wanted)
    in_browser.keep(chosen.remembered, decided=chosen.memory_decided)


def now() -> dict[str, str]:
    """The query parameters that open what is shown now, whoever follows them."""
    chosen = state()
    wanted: dict[str, str] = {}
    if chosen.token is not None:
        wanted["profile"] = chosen.token
    else:
        if not chosen.data == chosen.first_data == datasets.DEMO:
            wanted["data"] = chosen.data
        if chosen.data in chosen.users:
            wanted["user"] = str(chosen.users[chosen.data])
    if chosen.data in chosen.bundles:
        wanted["model"] = chosen.bundles[chosen.data]
    return wanted


def _note_query(query: dict[str, str]) -> None:
    """Several are kept: a browser reports the one it had for a while after another was written."""
    queries = state().queries
    if query not in queries:
        queries.append(query)


def _meet_remembered() -> None:
    """Know the profile that the browser remembers; one that was deleted is forgotten without a word."""
    chosen, token = state(), in_browser.remembered_token()
    if token is None:
        return
    try:
        chosen.tokens[token] = loaders.store().get(token).data
    except UnknownProfileError:
        remember(None)
    except ProfileError:
        return  # The store cannot be read just now, which says nothing about the profile.
    else:
        chosen.remembered = token


def _follow_bare() -> None:
    """What an address that names nothing means: the visitor's own profile, or the person of a first visit."""
    chosen = state()
    if chosen.remembered is not None:
        try:
            set_profile(chosen.remembered)
            return
        except UnknownProfileError:
            forget_profile(chosen.remembered)
        except (ProfileError, DataError):
            pass  # Neither the store nor the data set has to be there to look around.
    chosen.data, chosen.token = chosen.first_data, None
    chosen.users.pop(chosen.data, None)
    chosen.bundles.pop(chosen.data, None)
    choose_person()


def _follow_data(asked: str) -> None:
    """A link to a data set shows it as at a first visit, not as the profile in use."""
    set_data(asked)
    state().token = None


def _follow_user(asked: Any) -> None:
    if not str(asked).isascii() or not str(asked).isdigit() or len(str(asked)) > 12:
        raise ProfileError(f"{quoted(asked)} is not a user id")
    set_user(int(asked))
