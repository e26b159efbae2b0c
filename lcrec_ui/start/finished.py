"""What follows ten answers: the link that keeps them, a name, and ways on."""

from __future__ import annotations

import streamlit as st

from lcrec_core.store import checks
from lcrec_ui.frame import links, profiles, session, sidebar
from lcrec_ui.frame.failures import callback
from lcrec_ui.frame.text import count, plain
from lcrec_ui.start import card, rounds
from lcrec_ui.start.card import START
from lcrec_ui.start.rounds import Round

_NAME = "start_name"


def finished(person: session.Person, asked: Round, *, nothing_left: bool) -> None:
    """In place of the card.

    Args:
        person: Who is on the screen.
        asked: The round that is over.
        nothing_left: Whether there is no movie left to ask about.
    """
    with st.container(key="finished", border=True):
        card.progress(person, asked)
        if person.stored is None:
            st.header("You have seen none of these", anchor=False)
            st.markdown("Ten others may do better, or search for movies that you know.")
            _ways_on(nothing_left, has_list=False)
            return
        st.header("The list is yours", anchor=False)
        st.markdown(
            f"It follows from {count(len(person.profile.movie_ids), 'rating')} of "
            f"**{plain(person.label)}**, a private profile of yours. **Keep its link:** it opens the "
            "profile again, from anywhere, and nobody can look it up."
        )
        with st.container(key="kept_link", gap="small"):
            address = links.of_profile(person.stored.token)
            st.code(address, language=None, wrap_lines=True)
            links.copy_button(address, key="copy_link")
        _name(person)
        _ways_on(nothing_left, has_list=True)


def _name(person: session.Person) -> None:
    """A name for the profile, while it has none."""
    if person.stored is not None and not person.stored.name:
        st.text_input(
            "Name it, if you like",
            key=_NAME,
            max_chars=checks.NAME_LENGTH,
            placeholder="Your first name, or Friday nights",
            on_change=_on_name,
            args=(person,),
        )


def _ways_on(nothing_left: bool, *, has_list: bool) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if has_list and st.button("See the whole list", icon=":material/movie:", type="primary", key="whole_list"):
            # With the address as it is: without one, Streamlit would add an empty one to the browser's history.
            st.switch_page("pages/1_for-you.py", query_params=st.query_params.to_dict())
        if not nothing_left:
            st.button(
                "Ten more",
                icon=":material/playlist_add:",
                key="ten_more",
                type="secondary" if has_list else "primary",
                on_click=_on_more,
            )


@callback
def _on_more() -> None:
    rounds.begin(session.current_owner())
    st.rerun([START])


@callback
def _on_name(person: session.Person) -> None:
    stored, name = person.stored, st.session_state.get(_NAME)
    if stored is not None and name:
        profiles.describe(person.owner, name=name, gender=stored.gender, age=stored.age, occupation=stored.occupation)
    sidebar.redraw(START)
