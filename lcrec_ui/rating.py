"""Rating a movie on the Rate page: its row with stars, the guess beside it, and what a click does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from lcrec_core.dataset import RatingScale
from lcrec_core.profile import Profile
from lcrec_ui import loaders, lookups, notices, own, session, sidebar, star_control
from lcrec_ui.failures import callback, said
from lcrec_ui.lookups import Movie
from lcrec_ui.text import count, plain, read_aloud

if TYPE_CHECKING:
    from lcrec_core.recommender import Recommender

RATE = "rate"
"""Key of the page's fragment."""
_GUESSES = "rate_guesses"
_UNDO = "undo"
"""What a notice of undo is about."""

# Title and stars side by side as long as there is room; all rows of one height, so that nothing moves when
# a movie is rated; what went wrong below both.
STYLE = f"""<style>{star_control.STYLE}
[class*='st-key-movie_'] {{ row-gap: 0.25rem; }}
[class*='st-key-movie_'] > [data-testid=stElementContainer]:has(> .stMarkdown) {{ flex: 1 1 12rem; min-width: 0; }}
[class*='st-key-movie_'] > [data-testid=stElementContainer]:has(> .stAlert) {{ flex: 1 0 100%; }}
[class*='st-key-movie_'] [data-testid=stHorizontalBlock] {{ row-gap: 0; min-height: 4.75rem; align-content: center; }}
.st-key-undone [data-testid=stAlertContainer] {{ padding: 0; min-height: 0; background: none; }}
[class*='st-key-clear_'] button {{ min-height: 1.75rem; padding-top: 0; padding-bottom: 0; }}
[class*='st-key-clear_'] p span {{
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}}
</style>"""


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


def row(movie_id: int, movie: Movie, given: float | None, guess: float, scale: RatingScale) -> None:
    """A movie with its stars.

    Args:
        movie_id: Which one.
        movie: What is known of it.
        given: The rating it has, or None.
        guess: The prediction; for a rated movie the one made without that rating.
        scale: The ratings that can be given.
    """
    about = [plain(", ".join(movie.genres))] if movie.genres else []
    number = count(movie.num_ratings, "rating")
    about.append(f"{movie.mean_rating:.2f} on average, {number}" if movie.num_ratings else "nobody rated it")
    # Two containers and no more: every one is felt with sixteen rows.
    with st.container(key=_row_of(movie_id), horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(movie.title)}**  \n:small[:gray[{' · '.join(about)}]]", width="stretch")
        with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall", width=star_control.WIDTH):
            star_control.control(movie_id, movie.title, scale, given, _on_star)
            if given is None:
                st.caption(f"We guess {guess:.1f}", width="content")
            else:
                # Only a rating off the scale, which no stars can show.
                gave = "" if scale.contains(np.array(given)) else f"You gave {given:g}; "
                st.caption(f"{gave}we would have guessed {guess:.1f}".capitalize(), width="content")
                st.button(
                    # What is small is read out and not seen, see `STYLE`.
                    f"Clear :small[the stars for {read_aloud(movie.title)}]",
                    icon=":material/close:",
                    type="tertiary",
                    key=f"clear_{movie_id}",
                    on_click=_on_clear,
                    args=(movie_id,),
                )
        notices.here(_row_of(movie_id), RATE)


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
    _rate(movie_id, star_control.chosen(movie_id))


@callback
def _on_clear(movie_id: int) -> None:
    _rate(movie_id, None)


def _rate(movie_id: int, stars: Any) -> None:
    """Keep the stars, or take them away (None); what could not be kept is said in the movie's row."""
    lost = "The stars were not taken away." if stars is None else f"{star_control.in_words(stars)} not saved."
    with said(_row_of(movie_id), f"{lost} "):
        copied = own.rate(movie_id, stars)
        notices.unsay(_row_of(movie_id))
        _redraw(copied)


def _row_of(movie_id: int) -> str:
    return f"movie_{movie_id}"


def undo_button(token: str | None) -> None:
    """Takes back the last star or clearing; there is nothing to undo for a person of the data set."""
    st.button(
        "Undo",
        icon=":material/undo:",
        key="undo",
        disabled=token is None or not loaders.store().can_undo(token),
        on_click=_on_undo,
    )


def undone() -> bool:
    """Say what undo did, once; whether there was anything to say."""
    return notices.here(_UNDO, RATE)


@callback
def _on_undo() -> None:
    token = session.state().token
    if token is None:
        return
    with said(_UNDO, "Nothing was taken back. "):
        taken_back = loaders.store().undo(token)
        if taken_back is not None:
            title = lookups.movies(session.state().data)[taken_back.movie_id].title
            stars = taken_back.rating
            now = "is unrated again" if stars is None else f"has {star_control.in_words(stars)} again"
            notices.say(f"**{plain(title)}** {now}.", "success", _UNDO)
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
