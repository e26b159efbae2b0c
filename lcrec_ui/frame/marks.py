"""What somebody says of a movie without rating it: not interested, seen it, save it for later."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lcrec_core.store.profiles import NOT_INTERESTED, SAVED, SEEN
from lcrec_ui.frame import lookups, notices, profiles, read_out, session, sidebar
from lcrec_ui.frame.failures import callback, said
from lcrec_ui.frame.text import count, plain

MARKED = "marked"
"""What notices of marks, and of stars given beside them, are about."""

_BUTTONS = {
    SAVED: ("Save", "Saved", ":material/bookmark_add:", ":material/bookmark_added:"),
    SEEN: ("Seen it", "Seen", ":material/visibility:", ":material/visibility_off:"),
    NOT_INTERESTED: ("Not interested", "Not interested", ":material/block:", ":material/undo:"),
}
_SAID = {
    SAVED: ("is saved for later", "is saved no more"),
    SEEN: ("is kept out of your lists: you have seen it", "may be recommended again"),
    NOT_INTERESTED: ("is kept out of your lists", "may be recommended again"),
}

STYLE = """
[class*='st-key-marks_'] { row-gap: 0; }
"""


def buttons(person: session.Person, movie_id: int, title: str, home: str) -> DeltaGenerator:
    """A row of buttons for one movie; returns the row, for others to stand in it.

    Args:
        person: Who is on the screen.
        movie_id: Of the movie.
        title: As people say it.
        home: Key of the fragment that the row stands in.
    """
    marks = person.stored.marks if person.stored else {}
    row = st.container(horizontal=True, gap="small", key=f"marks_{movie_id}")
    with row:
        for mark, (label, marked_label, icon, marked_icon) in _BUTTONS.items():
            on = movie_id in marks.get(mark, ())
            st.button(
                read_out.button_label(marked_label if on else label, title),
                icon=marked_icon if on else icon,
                type="tertiary",
                key=f"mark_{mark}_{movie_id}",
                on_click=_on_mark,
                args=(person.owner, movie_id, mark, not on, home),
            )
    return row


def told(person: session.Person, home: str) -> None:
    """Say once what a mark or a star did, with a way back."""
    with st.container(key="marked"):
        if notices.here(MARKED, home):
            st.button("Undo", icon=":material/undo:", key="undo_mark", on_click=_on_undo, args=(person.owner, home))


def unsave_button(person: session.Person, movie_id: int, title: str, home: str) -> None:
    """For a list of what is saved for later: takes one movie off it. Arguments as for `buttons`."""
    st.button(
        read_out.button_label("Remove", title),
        icon=":material/bookmark_remove:",
        type="tertiary",
        key=f"unsave_{movie_id}",
        on_click=_on_mark,
        args=(person.owner, movie_id, SAVED, False, home),
    )


@callback
def _on_mark(owner: session.Owner, movie_id: int, mark: str, on: bool, home: str) -> None:
    with said(MARKED, "Nothing was changed. "):
        begun = profiles.mark(owner, movie_id, mark, on=on)
        title = plain(lookups.movies(session.state().data)[movie_id].title)
        more = " A private profile of your own began with it; its link is on the Profile page." if begun else ""
        notices.say(f"**{title}** {_SAID[mark][0 if on else 1]}.{more}", "success", MARKED)
        sidebar.redraw(home, begun=begun)


@callback
def _on_undo(owner: session.Owner, home: str) -> None:
    with said(MARKED, "Nothing was taken back. "):
        taken_back = profiles.undo(owner)
        if taken_back is not None and taken_back.movies > 1:
            notices.say(f"The import of {count(taken_back.movies, 'movie')} is taken back.", "success", MARKED)
        elif taken_back is not None:
            title = plain(lookups.movies(session.state().data)[taken_back.movie_id].title)
            if taken_back.mark is None:
                now = "has its stars from before again"
            else:
                now = _SAID[taken_back.mark][1 if taken_back.rating is None else 0]
            notices.say(f"Taken back: **{title}** {now}.", "success", MARKED)
        sidebar.redraw(home)
