"""What somebody says of a recommended movie without rating it: not interested, seen it, save it for later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lcrec_core.store.profiles import NOT_INTERESTED, SAVED, SEEN, StoredProfile
from lcrec_ui.frame import lookups, notices, profiles, session, sidebar
from lcrec_ui.frame.failures import callback, said
from lcrec_ui.frame.text import count, plain, read_aloud

if TYPE_CHECKING:
    from lcrec_core.serving.recommender import Recommender

FOR_YOU = "for_you"
"""Key of the page's fragment."""
_CHANGED = [FOR_YOU, sidebar.WHO]
_EVERYTHING = [*_CHANGED, sidebar.ADDRESS]
_MARKED = "marked"
"""What notices of marks are about."""

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

STYLE = """<style>
[class*='st-key-marks_'] { row-gap: 0; }
[class*='st-key-marks_'] p span {
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
</style>"""


def buttons(person: session.Person, movie_id: int, title: str) -> DeltaGenerator:
    """A row of buttons for one movie; returns the row, for others to stand in it.

    Args:
        person: Who is on the screen.
        movie_id: Of the movie.
        title: As people say it.
    """
    marks = person.stored.marks if person.stored else {}
    row = st.container(horizontal=True, gap="small", key=f"marks_{movie_id}")
    with row:
        for mark, (label, marked_label, icon, marked_icon) in _BUTTONS.items():
            on = movie_id in marks.get(mark, ())
            st.button(
                # What is small is read out and not seen, see `STYLE`.
                f"{marked_label if on else label} :small[{read_aloud(title)}]",
                icon=marked_icon if on else icon,
                type="tertiary",
                key=f"mark_{mark}_{movie_id}",
                on_click=_on_mark,
                args=(person.owner, movie_id, mark, not on),
            )
    return row


def told(person: session.Person) -> None:
    """Say once what a mark did, with a way back."""
    with st.container(key="marked"):
        if notices.here(_MARKED, FOR_YOU):
            st.button("Undo", icon=":material/undo:", key="undo_mark", on_click=_on_undo, args=(person.owner,))


def saved(recommender: Recommender, person: session.Person) -> None:
    """What is saved for later, what the person is expected to like best first."""
    movies = _saved(person.stored, recommender)
    if not movies:
        return
    ratings = recommender.predict(person.profile, movies)
    known = lookups.movies(recommender.data.name)
    with st.expander(f"Saved for later: {count(len(movies), 'movie')}", icon=":material/bookmarks:"):
        for place in np.argsort(-ratings, kind="stable").tolist():
            movie_id = movies[place]
            title = known[movie_id].title
            with st.container(horizontal=True, vertical_alignment="center", key=f"saved_{movie_id}"):
                st.markdown(f"**{plain(title)}**  \n:small[:gray[{ratings[place]:.2f} predicted for you]]")
                st.button(
                    f"Remove :small[{read_aloud(title)}]",
                    icon=":material/bookmark_remove:",
                    type="tertiary",
                    key=f"unsave_{movie_id}",
                    on_click=_on_mark,
                    args=(person.owner, movie_id, SAVED, False),
                )


def _saved(stored: StoredProfile | None, recommender: Recommender) -> list[int]:
    ids = np.array(stored.marks.get(SAVED, ()) if stored else (), dtype=np.int64)
    known, _ = recommender.data.known_movies(ids)
    return ids[known].tolist()


@callback
def _on_mark(owner: session.Owner, movie_id: int, mark: str, on: bool) -> None:
    with said(_MARKED, "Nothing was changed. "):
        begun = profiles.mark(owner, movie_id, mark, on=on)
        title = plain(lookups.movies(session.state().data)[movie_id].title)
        more = " A private profile of your own began with it; its link is on the Profile page." if begun else ""
        notices.say(f"**{title}** {_SAID[mark][0 if on else 1]}.{more}", "success", _MARKED)
        st.rerun(_EVERYTHING if begun else _CHANGED)


@callback
def _on_undo(owner: session.Owner) -> None:
    with said(_MARKED, "Nothing was taken back. "):
        taken_back = profiles.undo(owner)
        if taken_back is not None and taken_back.movies > 1:
            notices.say(f"The import of {count(taken_back.movies, 'movie')} is taken back.", "success", _MARKED)
        elif taken_back is not None:
            title = plain(lookups.movies(session.state().data)[taken_back.movie_id].title)
            if taken_back.mark is None:
                now = "has its stars from before again"
            else:
                now = _SAID[taken_back.mark][1 if taken_back.rating is None else 0]
            notices.say(f"Taken back: **{title}** {now}.", "success", _MARKED)
        st.rerun(_CHANGED)
