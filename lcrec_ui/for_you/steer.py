"""What the list of the For you page is sorted by, and what steers it: widgets in, `Wish` out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from lcrec_core.serving.lists import FOR_YOU, RATING, Wish
from lcrec_ui.for_you import resets
from lcrec_ui.frame import lookups, read_out
from lcrec_ui.frame.failures import callback
from lcrec_ui.frame.text import plain

if TYPE_CHECKING:
    from lcrec_core.serving.recommender import Recommender

ORDER_LABELS = {FOR_YOU: "For you", RATING: "Highest predicted rating"}
ABOUT = {
    FOR_YOU: "What you will probably pick, times the chance that you like it.",
    RATING: "The paper's list: by the stars that you are expected to give. The same classics lead most people's.",
}
_ABOUT_LIKE = "What goes with this movie, times the chance that you like it."
_ADVENTURE = {
    -1.0: "Safe",
    -0.5: "Rather safe",
    0.0: "Balanced",
    0.5: "Rather adventurous",
    1.0: "Adventurous",
}
ALL_RATINGS = 0
_MOOD = {5: "Last 5 ratings", 10: "Last 10 ratings", 20: "Last 20 ratings", ALL_RATINGS: "All ratings"}
_DIVERSITY = {0.0: "As it comes", 0.3: "Some variety", 0.6: "Much variety"}
_START: dict[str, Any] = {"adventure": 0.0, "mood": ALL_RATINGS, "diversity": 0.0}


def panel(recommender: Recommender) -> Wish:
    """Draw the order and what steers it, and return what they say."""
    data_name = recommender.data.name
    keys, like = _keys(data_name), _liked(recommender)
    for name, value in _START.items():
        st.session_state.setdefault(keys[name], value)
    st.session_state.setdefault(keys["by"], FOR_YOU)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.segmented_control(
            "Sorted by",
            list(ORDER_LABELS),
            format_func=lambda order: ORDER_LABELS[order],
            key=keys["by"],
            required=True,
            persist_state="session",
        )
        if by != RATING:
            with st.popover("Steer", icon=":material/explore:"):
                _sliders(keys, like is not None)
            if like is not None:
                title = lookups.movies(data_name)[like].title
                st.button(
                    f"More like {plain(title)}",
                    icon=":material/close:",
                    key="steer_unlike",
                    help="Back to what follows from all your ratings",
                    on_click=_like,
                    args=(data_name, None),
                )
            if any(st.session_state[keys[name]] != value for name, value in _START.items()):
                st.button(
                    "Steer straight",
                    icon=":material/restart_alt:",
                    type="tertiary",
                    key=f"steer_reset_{data_name}",
                    on_click=_reset,
                    args=(data_name,),
                )
    st.caption(ABOUT[by or FOR_YOU] if like is None or by == RATING else _ABOUT_LIKE)
    if by == RATING:
        return Wish(by=RATING)
    chosen = {name: st.session_state[keys[name]] for name in _START}
    return Wish(
        adventure=float(chosen["adventure"]),
        mood=int(chosen["mood"]) or None,
        like_movie=like,
        diversity=float(chosen["diversity"]),
    )


def missing(recommender: Recommender) -> None:
    """Say so where a list just made lacks a part that will be there in a moment."""
    if recommender.parts is not None and recommender.parts.being_fitted:
        st.caption(
            "What goes with your likes is being worked out on this machine, for the first and only time. The list "
            "takes it in as soon as it is there, within a minute."
        )


def more_like(data_name: str, movie_id: int, title: str) -> None:
    """A button for one movie, beside its marks.

    Args:
        data_name: Whose movie it is.
        movie_id: Of the movie.
        title: As people say it.
    """
    st.button(
        read_out.button_label("More like this", title),
        icon=":material/travel_explore:",
        type="tertiary",
        key=f"more_like_{movie_id}",
        on_click=_like,
        args=(data_name, movie_id),
    )


def _sliders(keys: dict[str, str], like: bool) -> None:
    st.select_slider(
        "Safe ↔ adventurous",
        list(_ADVENTURE),
        format_func=lambda value: _ADVENTURE[value],
        key=keys["adventure"],
        help="Safe: what everybody knows. Adventurous: what fits you and few have seen.",
        persist_state="session",
    )
    st.select_slider(
        "Mood ↔ taste",
        list(_MOOD),
        format_func=lambda value: _MOOD[value],
        key=keys["mood"],
        help="What you pick follows from so many ratings; whether you like it, always from all.",
        disabled=like,
        persist_state="session",
    )
    st.select_slider(
        "Variety",
        list(_DIVERSITY),
        format_func=lambda value: _DIVERSITY[value],
        key=keys["diversity"],
        help="Each movie is to be unlike those above it, so that five sequels do not fill the list.",
        persist_state="session",
    )


def _keys(data_name: str) -> dict[str, str]:
    """Widget keys; each data set keeps its own choices, and the order is none of what is reset."""
    sliders = resets.keys("steer", _START, data_name)
    return {**sliders, **{name: f"steer_{name}_{data_name}" for name in ("by", "like")}}


def _liked(recommender: Recommender) -> int | None:
    """The movie that others are to be like; one that is not in the data any more is none."""
    movie_id = st.session_state.get(_keys(recommender.data.name)["like"])
    return movie_id if movie_id in lookups.movies(recommender.data.name) else None


@callback
def _like(data_name: str, movie_id: int | None) -> None:
    keys = _keys(data_name)
    st.session_state[keys["like"]], st.session_state[keys["by"]] = movie_id, FOR_YOU


@callback
def _reset(data_name: str) -> None:
    resets.reset("steer", data_name)
