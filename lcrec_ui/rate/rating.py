"""Rating a movie on the Rate page: its row with stars, the guess beside it, and what a click does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from lcrec_core.data.dataset import RatingScale
from lcrec_core.data.profile import Profile
from lcrec_ui.frame import lookups, movie_link, notices, profiles, read_out, session, sidebar, star_control
from lcrec_ui.frame.failures import callback, said
from lcrec_ui.frame.lookups import Movie
from lcrec_ui.frame.text import count, plain

if TYPE_CHECKING:
    from lcrec_core.serving.recommender import Recommender

RATE = "rate"
"""Key of the page's fragment."""
TOP, TO_RATE = "rate_top", "rate_to_rate"
"""Keys of the fragments within it that move with a star of what is to be rated: the list of what is rated does not."""
_MOVED = (TOP, TO_RATE)
_NOBODY = Profile.of()
"""One object for all who have not begun: what recommenders predict for it is worked out once."""
_GUESSES, _AS_WHOM = "rate_guesses", "rate_as_whom"
_UNDO, _BEGUN = "undo", "begun"
"""What notices of undo, and of a profile that began, are about."""

_GENRES = 2
"""Of a movie in its row: all of them would take a line of their own."""
PICTURE = ".st-key-movie_{} .stPageLink a::before"
"""Where a row's small picture is drawn."""

# Title and stars side by side as long as there is room; all rows of one height, so that nothing moves when
# a movie is rated; what went wrong below both.
STYLE = """<style>
[class*='st-key-movie_'] { row-gap: 0.25rem; }
[class*='st-key-movie_'] > [data-testid=stElementContainer]:has(> .stPageLink) { flex: 1 1 12rem; min-width: 0; }
[class*='st-key-movie_'] a strong { display: block; }
[class*='st-key-movie_'] .stPageLink a { position: relative; min-height: 3.9rem; padding-left: 3.35rem; }
[class*='st-key-movie_'] .stPageLink a::before {
    content: ""; position: absolute; left: 0; top: 0.1rem; width: 2.5rem; height: 3.75rem; background-size: cover;
    border-radius: 0.2rem; box-shadow: 0 0 0 1px rgba(128, 118, 108, 0.28);
}
[class*='st-key-movie_'] > [data-testid=stElementContainer]:has(> .stAlert) { flex: 1 0 100%; }
[class*='st-key-movie_'] [data-testid=stHorizontalBlock] { row-gap: 0; min-height: 4.75rem; align-content: start; }
[class*='st-key-movie_'] [data-testid=stHorizontalBlock] > [class*='st-key-stars_'] { flex: 1 0 100%; }
.st-key-undone [data-testid=stAlertContainer] { padding: 0; min-height: 0; background: none; }
[class*='st-key-clear_'] button { min-height: 1.75rem; padding-top: 0; padding-bottom: 0; }
@media (pointer: coarse) {
    /* A target of 44 px in the 32 px that every row has for it. */
    [class*='st-key-movie_'] [class*='st-key-clear_'] { margin-block: -2px -10px; }
}
</style>"""


def whose_stars(person: session.Person, *, keeps_height: bool) -> None:
    """Say whose stars these are, and for somebody without a profile of their own what the first one does.

    Args:
        person: Who is on the screen.
        keeps_height: Whether it stays as high as before the first star, so that this star, which is being
            looked at, does not move.
    """
    own_profile = person.stored is not None
    st.html(_IN_ITS_PLACE)
    with st.container(key="whose_stars", gap=None):
        if not own_profile or keeps_height:
            with st.container(key="whose_stars_before", gap="small"):
                _before_the_first_star(person, enabled=not own_profile)
        if own_profile:
            with st.container(key="whose_stars_now", gap="small"):
                st.markdown(
                    f"You rate as **{plain(person.label)}**, a private profile of your own. "
                    "Its link is on the Profile page; keep it to come back from anywhere."
                )


# Always there: a style that came with the star would come a moment too late.
_IN_ITS_PLACE = """<style>
    .st-key-whose_stars { position: relative; }
    .st-key-whose_stars:has(.st-key-whose_stars_now) .st-key-whose_stars_before * { visibility: hidden !important; }
    .st-key-whose_stars:has(.st-key-whose_stars_before) .st-key-whose_stars_now {
        position: absolute; top: 0; left: 0; right: 0;
    }
</style>"""


def _before_the_first_star(person: session.Person, *, enabled: bool) -> None:
    """What somebody reads who looks as a person of the data set; once they do not, it only takes its place."""
    as_whom = st.session_state.setdefault(_AS_WHOM, person.owner) if not enabled else person.owner
    st.session_state[_AS_WHOM] = as_whom
    name = f"User {as_whom.user_id}"
    st.markdown(
        f"You are looking as **{name}**, whose ratings stay as they are. Your first star begins "
        "**a profile of your own**, from nothing."
    )
    with st.container(horizontal=True):
        st.button("Start from nothing", key="start_empty", disabled=not enabled, on_click=_start_empty, args=(as_whom,))
        st.button(
            f"Continue as a copy of {name}", key="copy_person", disabled=not enabled, on_click=_copy, args=(as_whom,)
        )


def lost(why: str) -> None:
    """In place of the lists: the profile is gone, and nothing is done before the visitor has said how to go on."""
    st.error(f"{why} **Nothing was saved.**", icon=":material/error:")
    with st.container(horizontal=True):
        st.button("Start from nothing", key="start_again", type="primary", on_click=_start_again)
        st.button("Look around first", key="look_around", on_click=_look_around)


def rater(person: session.Person) -> session.Person:
    """Whose ratings the page shows: an own profile's, and before there is one, nobody's."""
    return person if person.stored is not None else replace(person, profile=_NOBODY)


def row(
    owner: session.Owner,
    movie_id: int,
    movie: Movie,
    given: float | None,
    guess: float,
    scale: RatingScale,
    home: str = RATE,
    on_star: Callable[[session.Owner, int], None] | None = None,
) -> None:
    """A movie with its stars.

    Args:
        owner: Whose stars they are.
        movie_id: Which one.
        movie: What is known of it.
        given: The rating it has, or None.
        guess: The prediction; for a rated movie the one made without that rating.
        scale: The ratings that can be given.
        home: Key of the fragment that draws it.
        on_star: What a star does; it is kept and the lists follow unless given.
    """
    about = [plain(", ".join(movie.genres[:_GENRES]))] if movie.genres else []
    number = count(movie.num_ratings, "rating")
    about.append(f"{movie.mean_rating:.2f} on average, {number}" if movie.num_ratings else "nobody rated it")
    # Two containers and no more: every one is felt with sixteen rows.
    with st.container(key=_row_of(movie_id), horizontal=True, vertical_alignment="center", gap="small"):
        movie_link.title_link(f"**{plain(movie.title)}** :small[:gray[{' · '.join(about)}]]", movie_id)
        with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall", width=star_control.WIDTH):
            star_control.control(movie_id, movie.title, scale, given, on_star or _ON_STAR[home], owner)
            if given is None:
                st.caption(f"We guess {guess:.1f}", width="content")
            else:
                # Only a rating off the scale, which no stars can show.
                gave = "" if scale.contains(np.array(given)) else f"You gave {given:g}; "
                st.caption(f"{gave}we would have guessed {guess:.1f}".capitalize(), width="content")
                st.button(
                    read_out.button_label("Clear", f"the stars for {movie.title}"),
                    icon=":material/close:",
                    type="tertiary",
                    key=f"clear_{movie_id}",
                    on_click=_on_clear,
                    args=(owner, movie_id),
                )
        notices.here(_row_of(movie_id), home)


def guess_without(recommender: Recommender, person: session.Person, movie_id: int) -> float:
    """What would have been predicted for a rated movie, had it not been rated.

    Worked out when the rating is first shown and kept while it stands: a guess is not improved afterwards.
    """
    profile = person.profile
    place = int((profile.movie_ids == movie_id).argmax())
    guesses = st.session_state.setdefault(_GUESSES, {})
    key = (
        recommender.bundle.name,
        person.owner,
        movie_id,
        float(profile.ratings[place]),
        int(profile.timestamps[place]),
    )
    if key not in guesses:
        if len(guesses) > 2000:
            guesses.clear()
        guesses[key] = float(recommender.predict(session.as_seen(without(profile, movie_id)), [movie_id])[0])
    return guesses[key]


def without(profile: Profile, movie_id: int) -> Profile:
    """The same person, had they not rated that movie."""
    return profile.only(profile.movie_ids != movie_id)


@callback
def _copy(owner: session.Owner) -> None:
    profiles.copy(owner)
    sidebar.redraw(RATE, begun=True)


@callback
def _start_empty(owner: session.Owner) -> None:
    if session.current_owner() == owner:
        profiles.create()
    sidebar.redraw(RATE, begun=True)


@callback
def _start_again() -> None:
    profiles.create()
    st.rerun()


@callback
def _look_around() -> None:
    session.state().lost = ""
    st.rerun()


@callback
def _on_star(owner: session.Owner, movie_id: int) -> None:
    _rate(owner, movie_id, star_control.chosen(movie_id))


@callback
def _on_star_to_rate(owner: session.Owner, movie_id: int) -> None:
    _rate(owner, movie_id, star_control.chosen(movie_id), _MOVED)


_ON_STAR = {RATE: _on_star, TO_RATE: _on_star_to_rate}
"""By the fragment that draws the stars."""


@callback
def _on_clear(owner: session.Owner, movie_id: int) -> None:
    _rate(owner, movie_id, None)


def _rate(owner: session.Owner, movie_id: int, stars: Any, moved: tuple[str, ...] = (RATE,)) -> None:
    """Keep the stars, or take them away (None), and draw again what that changes; a loss is said in the movie's row."""
    lost = "The stars were not taken away." if stars is None else f"{star_control.in_words(stars)} not saved."
    with said(_row_of(movie_id), f"{lost} "), sidebar.gone_is_shown(RATE):
        begun = profiles.rate(owner, movie_id, stars)
        notices.unsay(_row_of(movie_id))
        if begun:
            notices.say(
                "That star began a private profile of your own. Its link is on the Profile page.", "success", _BEGUN
            )
        sidebar.redraw(*((RATE,) if begun else moved), begun=begun)


def _row_of(movie_id: int) -> str:
    return f"movie_{movie_id}"


def undo_button(person: session.Person) -> None:
    """Takes back the last star or clearing; there is nothing to undo for a person of the data set."""
    st.button(
        "Undo",
        icon=":material/undo:",
        key="undo",
        disabled=person.stored is None or not person.stored.can_undo,
        on_click=_on_undo,
        args=(person.owner,),
    )


def undone() -> bool:
    """Say once what undo did, or that a star began a profile; whether there was anything to say."""
    return notices.here(_UNDO, TO_RATE) or notices.here(_BEGUN, TO_RATE)


@callback
def _on_undo(owner: session.Owner) -> None:
    with said(_UNDO, "Nothing was taken back. "), sidebar.gone_is_shown(RATE):
        taken_back = profiles.undo(owner)
        if taken_back is not None and taken_back.movies > 1:
            notices.say(f"The import of {count(taken_back.movies, 'movie')} is taken back.", "success", _UNDO)
        elif taken_back is not None and taken_back.mark is None:
            title = lookups.movies(session.state().data)[taken_back.movie_id].title
            stars = taken_back.rating
            now = "is unrated again" if stars is None else f"has {star_control.in_words(stars)} again"
            notices.say(f"**{plain(title)}** {now}.", "success", _UNDO)
        elif taken_back is not None:
            title = lookups.movies(session.state().data)[taken_back.movie_id].title
            notices.say(f"What you last said of **{plain(title)}** is taken back.", "success", _UNDO)
        sidebar.redraw(RATE)
