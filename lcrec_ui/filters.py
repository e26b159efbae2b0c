"""The filters of the For you page: widgets in, `Filters` out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from lcrec_core.dataset import Col, Dataset
from lcrec_ui.failures import callback

if TYPE_CHECKING:
    from lcrec_core.recommender import Filters

ANY, KNOWN, LESSER_KNOWN = "Any", "Well known", "Lesser known"
_DEFAULTS = {"popularity": ANY, "genres_in": [], "genres_out": [], "decades": [], "include_rated": False}
_FEWEST, _MOST = 10, 50


def default_min_ratings(data: Dataset) -> int:
    """How many ratings a movie needs to be recommended unless somebody asks otherwise.

    A predicted rating built on a handful of ratings is mostly luck, and sorting by it would put such movies
    first. One rating per hundred people, within 10 to 50, keeps about the better half of each release.
    """
    return int(np.clip(len(data.users) // 100, _FEWEST, _MOST))


def popularity_bounds(counts: np.ndarray, popularity: str, min_ratings: int) -> tuple[int, int | None]:
    """Fewest and most ratings for a choice of popularity: (10, None), the upper quarter, or the lower half.

    Args:
        counts: int (M,), ratings of each movie.
        popularity: ANY, KNOWN or LESSER_KNOWN.
        min_ratings: Fewest ratings in any case.
    """
    enough = counts[counts >= min_ratings]
    if popularity == KNOWN and len(enough):
        return max(min_ratings, int(np.quantile(enough, 0.75))), None
    if popularity == LESSER_KNOWN and len(enough):
        return min_ratings, int(np.median(enough))
    return min_ratings, None


def decades_of(data: Dataset) -> list[int]:
    """First years of the decades that movies of the data set come from, newest first."""
    years = data.movies[Col.YEAR].dropna().to_numpy(np.int64)
    return sorted({int(year) // 10 * 10 for year in years}, reverse=True)


def panel(data: Dataset, stats: pd.DataFrame) -> Filters:
    """Draw the filters and return what they say.

    Args:
        data: The data set the movies come from.
        stats: `Recommender.movie_stats`.
    """
    from lcrec_core.recommender import Filters

    keys = _keys(data.name)
    for name, value in _start(data).items():
        st.session_state.setdefault(keys[name], value)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        popularity = st.segmented_control(
            "Popularity", [ANY, KNOWN, LESSER_KNOWN], key=keys["popularity"], required=True, persist_state="session"
        )
        with st.popover(_label(data), icon=":material/tune:"):
            _more(data, keys)
        if _active(data):
            st.button("Reset", icon=":material/restart_alt:", type="tertiary", on_click=_reset, args=(data,))
    chosen = {name: st.session_state[key] for name, key in keys.items()}
    fewest, most = popularity_bounds(
        stats["num_ratings"].to_numpy(), popularity or ANY, int(chosen["min_ratings"] or 0)
    )
    first, last = _years(chosen["decades"])
    return Filters(
        genres_in=frozenset(chosen["genres_in"]),
        genres_out=frozenset(chosen["genres_out"]),
        year_from=first,
        year_to=last,
        min_ratings=fewest,
        max_ratings=most,
        include_rated=bool(chosen["include_rated"]),
    )


def _more(data: Dataset, keys: dict[str, str]) -> None:
    st.multiselect(
        "Genres, any of", data.genres, key=keys["genres_in"], placeholder="All genres", persist_state="session"
    )
    st.multiselect(
        "But none of", data.genres, key=keys["genres_out"], placeholder="Nothing left out", persist_state="session"
    )
    decades = decades_of(data)
    if decades:
        oldest, newest = decades[-1], decades[0]
        st.select_slider(
            "Decades",
            options=decades[::-1],
            format_func=lambda first: f"{first}s",
            key=keys["decades"],
            persist_state="session",
            disabled=oldest == newest,
        )
    st.number_input(
        "Fewest ratings a movie must have",
        min_value=0,
        step=5,
        key=keys["min_ratings"],
        help=f"A prediction for a movie that few people rated is mostly luck. Usual here: {default_min_ratings(data)}.",
        persist_state="session",
    )
    st.toggle("Include movies already rated", key=keys["include_rated"], persist_state="session")


def _keys(data_name: str) -> dict[str, str]:
    """Widget keys by filter; each data set keeps its own choices, its genres and years are others."""
    return {name: f"filter_{name}_{data_name}" for name in (*_DEFAULTS, "min_ratings")}


def _start(data: Dataset) -> dict[str, object]:
    decades = decades_of(data)
    span = (decades[-1], decades[0]) if decades else ()
    return {**_DEFAULTS, "decades": span, "min_ratings": default_min_ratings(data)}


def _active(data: Dataset) -> int:
    """How many filters differ from their start."""
    keys = _keys(data.name)
    start = _start(data)
    return sum(_plain(st.session_state.get(keys[name], value)) != _plain(value) for name, value in start.items())


def _plain(value: object) -> object:
    return tuple(value) if isinstance(value, list | tuple) else value


def _label(data: Dataset) -> str:
    keys = _keys(data.name)
    start = _start(data)
    changed = sum(_plain(st.session_state[keys[name]]) != _plain(start[name]) for name in start if name != "popularity")
    return f"More filters ({changed})" if changed else "More filters"


def _years(span: object) -> tuple[int | None, int | None]:
    """A pair of decades as first and last year; nothing when no movie has a year."""
    if isinstance(span, list | tuple) and len(span) == 2:
        return int(min(span)), int(max(span)) + 9
    return None, None


@callback
def _reset(data: Dataset) -> None:
    keys = _keys(data.name)
    for name, value in _start(data).items():
        st.session_state[keys[name]] = value
