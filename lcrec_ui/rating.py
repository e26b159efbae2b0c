"""Rating a movie on the Rate page: its row with stars, the guess beside it, and what a click does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from lcrec_core.profile import Profile
from lcrec_ui import loaders, lookups, own, session, sidebar
from lcrec_ui.failures import callback
from lcrec_ui.lookups import Movie
from lcrec_ui.text import count, plain

if TYPE_CHECKING:
    from lcrec_core.recommender import Recommender

RATE = "rate"
"""Key of the page's fragment."""
_GUESSES = "rate_guesses"


def whose_stars(person: session.Person) -> None:
    """Say whose stars these are: a data-set person's never change, so the first one makes a private copy."""
    if person.token is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            st.markdown(f"You rate as **{plain(person.label)}**, a private profile of yours.", width="content")
            st.page_link("pages/3_profile.py", label="Its link", icon=":material/link:", width="content")
        return
    st.info(
        f"You are looking as **{plain(person.label)}**, whose own ratings never change. With your first star you go "
        "on as a **private copy** of them, with a link of its own. Or start from nothing and build your own list.",
        icon=":material/content_copy:",
    )
    with st.container(horizontal=True):
        st.button(f"Continue as a copy of user {person.profile.user_id}", key="copy_person", on_click=_copy)
        st.button("Start from nothing", key="start_empty", on_click=_start_empty)


def row(movie_id: int, movie: Movie, given: float | None, guess: float) -> None:
    """A movie with its stars.

    Args:
        movie_id: Which one.
        movie: What is known of it.
        given: The rating it has, or None.
        guess: The prediction; for a rated movie the one made without that rating.
    """
    with st.container(key=f"movie_{movie_id}"):
        left, right = st.columns([3, 2], gap="small")
    about = [plain(", ".join(movie.genres))] if movie.genres else []
    number = count(movie.num_ratings, "rating")
    about.append(f"{movie.mean_rating:.2f} on average, {number}" if movie.num_ratings else "nobody rated it")
    left.markdown(f"**{plain(movie.title)}**  \n:small[:gray[{' · '.join(about)}]]")
    # One line that breaks after the stars: every container more is felt with sixteen rows.
    with right.container(horizontal=True, vertical_alignment="center", gap="xxsmall"):
        _stars(movie_id, given, plain(movie.title))
        if given is None:
            st.caption(f"We guess {guess:.1f}")
        else:
            gave = "" if given.is_integer() else f"You gave {given:g}; "
            st.caption(f"{gave}we would have guessed {guess:.1f}".capitalize())


def _stars(movie_id: int, given: float | None, title: str) -> None:
    key = f"stars_{movie_id}"
    # The store decides what is filled in, so that undo and clear show as well.
    st.session_state[key] = None if given is None else max(round(given), 1) - 1
    st.feedback("stars", key=key, on_change=_on_star, args=(movie_id,))
    if given is not None:
        st.button(
            "Clear",
            icon=":material/close:",
            type="tertiary",
            key=f"clear_{movie_id}",
            help=f"Take back the rating of {title}",
            on_click=_on_clear,
            args=(movie_id,),
        )


def guess_without(recommender: Recommender, person: session.Person, movie_id: int) -> float:
    """What would have been predicted for a rated movie, had it not been rated.

    Worked out when the rating is first shown and kept while it stands: a guess is not improved afterwards.
    """
    profile = person.profile
    place = int((profile.movie_ids == movie_id).argmax())
    guesses = st.session_state.setdefault(_GUESSES, {})
    owner = person.token or profile.user_id
    key = (recommender.bundle.name, owner, movie_id, float(profile.ratings[place]), int(profile.timestamps[place]))
    if key not in guesses:
        if len(guesses) > 2000:
            guesses.clear()
        guesses[key] = float(recommender.predict(without(profile, movie_id), [movie_id])[0])
    return guesses[key]


def without(profile: Profile, movie_id: int) -> Profile:
    """The same person, had they not rated that movie."""
    keep = profile.movie_ids != movie_id
    return replace(
        profile,
        movie_ids=profile.movie_ids[keep],
        ratings=profile.ratings[keep],
        timestamps=profile.timestamps[keep],
    )


@callback
def _copy() -> None:
    own.copy()


@callback
def _start_empty() -> None:
    own.create()


@callback
def _on_star(movie_id: int) -> None:
    filled = st.session_state[f"stars_{movie_id}"]
    _redraw(own.rate(movie_id, None if filled is None else float(filled) + 1.0))


@callback
def _on_clear(movie_id: int) -> None:
    _redraw(own.rate(movie_id, None))


def undo_button(token: str | None) -> None:
    """Takes back the last star or clearing; there is nothing to undo for a person of the data set."""
    st.button(
        "Undo",
        icon=":material/undo:",
        key="undo",
        disabled=token is None or not loaders.store().can_undo(token),
        on_click=_on_undo,
    )


@callback
def _on_undo() -> None:
    token = session.state().token
    if token is None:
        return
    undone = loaders.store().undo(token)
    if undone is not None:
        title = lookups.movies(session.state().data)[undone.movie_id].title
        now = "is unrated again" if undone.rating is None else f"has {undone.rating:g} stars again"
        st.toast(f"{plain(title)} {now}.", icon=":material/undo:")
    _redraw(False)


def _redraw(copied: bool) -> None:
    """Draw again what a rating changes: the page's lists and the sidebar's count, or everything for a new copy."""
    if not copied:
        st.rerun([RATE, sidebar.WHO])
    person = session.current_person()
    session.notify(
        f"You are now rating as **{plain(person.label)}**, a private profile of your own: user "
        f"{person.profile.user_id} stays as they are. Its link is on the Profile page; keep it to come back.",
        "success",
    )
    st.rerun()
