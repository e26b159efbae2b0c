"""Stars for a movie wherever one is shown alone, on a card or its own page: given, changed, taken away, taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from lcrec_core.data.dataset import RatingScale
from lcrec_ui.frame import lookups, marks, notices, profiles, read_out, session, sidebar, star_control
from lcrec_ui.frame.failures import callback, said
from lcrec_ui.frame.text import plain


@dataclass(frozen=True)
class _Place:
    """Whose stars these are, and where they are drawn."""

    owner: session.Owner
    home: str


def stars(person: session.Person, movie_id: int, title: str, scale: RatingScale, home: str) -> None:
    """The stars of one movie. What they did is said by `marks.told`, which the fragment calls.

    Args:
        person: Who is on the screen. Somebody of the data set, whose ratings never change, sees empty stars, the first
            of which begins a profile of their own.
        movie_id: Of the movie.
        title: As people say it.
        scale: The ratings that can be given.
        home: Key of the fragment that they stand in.
    """
    given = given_by(person, movie_id) if person.stored else None
    place = _Place(person.owner, home)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"give_{movie_id}"):
        star_control.control(movie_id, title, scale, given, _on_star, place)
        if given is not None:
            st.button(
                read_out.button_label("Clear", f"the stars for {title}"),
                icon=":material/close:",
                type="tertiary",
                key=f"clear_{movie_id}",
                on_click=_on_clear,
                args=(place, movie_id),
            )


def given_by(person: session.Person, movie_id: int) -> float | None:
    """What the person gave the movie."""
    found = person.profile.ratings[person.profile.movie_ids == movie_id]
    return float(found[0]) if len(found) else None


@callback
def _on_star(place: _Place, movie_id: int) -> None:
    _rate(place, movie_id, star_control.chosen(movie_id))


@callback
def _on_clear(place: _Place, movie_id: int) -> None:
    _rate(place, movie_id, None)


def _rate(place: _Place, movie_id: int, given: Any) -> None:
    lost = "The stars were not taken away." if given is None else f"{star_control.in_words(given)} not saved."
    with said(marks.MARKED, f"{lost} "):
        begun = profiles.rate(place.owner, movie_id, given)
        title = plain(lookups.movies(session.state().data)[movie_id].title)
        now = "has no stars from you any more" if given is None else f"has {star_control.in_words(given)} from you"
        more = " A private profile of your own began with it; its link is on the Profile page." if begun else ""
        notices.say(f"**{title}** {now}.{more}", "success", marks.MARKED)
        sidebar.redraw(place.home, begun=begun)
