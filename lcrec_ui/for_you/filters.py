"""The filters of the For you page: widgets in, `Filters` out."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.serving.filters import ANY, KNOWN, LESSER_KNOWN, Filters, default_min_ratings, popularity_bounds
from lcrec_ui.for_you import resets
from lcrec_ui.frame import lookups
from lcrec_ui.frame.failures import callback
from lcrec_ui.frame.text import clean, count

_DEFAULTS = {
    "popularity": ANY,
    "genres_in": [],
    "genres_out": [],
    "decades": [],
    "without_undated": False,
    "include_rated": False,
}


def panel(data: Dataset, stats: pd.DataFrame) -> Filters:
    """Draw the filters and return what they say.

    Args:
        data: The data set the movies come from.
        stats: `Catalogue.stats`.
    """
    keys, start = _keys(data.name), _start(data)
    for name in start.keys() - {"decades"}:
        st.session_state.setdefault(keys[name], start[name])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        popularity = st.segmented_control(
            "Popularity", [ANY, KNOWN, LESSER_KNOWN], key=keys["popularity"], required=True, persist_state="session"
        )
        with st.popover("More filters", icon=":material/tune:"):
            _more(data, keys)
        chosen = {name: st.session_state.get(key, start[name]) for name, key in keys.items()}
        changed = sum(_comparable(chosen[name]) != _comparable(start[name]) for name in start)
        if changed:
            st.button(
                f"Reset {count(changed, 'filter')}",
                icon=":material/restart_alt:",
                type="tertiary",
                key=f"filter_reset_{data.name}",
                on_click=_reset,
                args=(data,),
            )
    counts = stats["num_ratings"].to_numpy()
    fewest, most = popularity_bounds(counts, popularity or ANY, int(chosen["min_ratings"] or 0))
    # The ends of the slider are those of the data: all of it is no bound, and leaves nothing out.
    first, last = (None, None) if _comparable(chosen["decades"]) == start["decades"] else _years(chosen["decades"])
    return Filters(
        genres_in=frozenset(chosen["genres_in"]),
        genres_out=frozenset(chosen["genres_out"]),
        year_from=first,
        year_to=last,
        unknown_year=not chosen["without_undated"],
        min_ratings=fewest,
        max_ratings=most,
        include_rated=bool(chosen["include_rated"]),
    )


def _more(data: Dataset, keys: dict[str, str]) -> None:
    genres, decades = lookups.genres(data.name), lookups.decades(data.name)
    st.multiselect(
        "Genres, any of",
        genres,
        format_func=clean,
        key=keys["genres_in"],
        placeholder="All genres",
        persist_state="session",
    )
    st.multiselect(
        "But none of",
        genres,
        format_func=clean,
        key=keys["genres_out"],
        placeholder="Nothing left out",
        persist_state="session",
    )
    if len(decades) > 1:
        st.select_slider(
            "Decades",
            options=decades,
            # Given here and not through the session's state: that would make a slider of one value of it.
            value=(decades[0], decades[-1]),
            format_func=lambda first: f"{first}s",
            key=keys["decades"],
            persist_state="session",
        )
    undated = int(data.movies[Col.YEAR].isna().sum())
    if undated:
        st.toggle(
            f"Leave out the {count(undated, 'movie')} without a year",
            key=keys["without_undated"],
            help="Nobody knows which decade they are from, so that they pass whatever decades are chosen.",
            persist_state="session",
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
    return resets.keys("filter", (*_DEFAULTS, "min_ratings"), data_name)


def _start(data: Dataset) -> dict[str, Any]:
    decades = lookups.decades(data.name)
    return {**_DEFAULTS, "decades": (*decades[:1], *decades[-1:]), "min_ratings": default_min_ratings(data)}


def _comparable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else value


def _years(decades: tuple[int, int]) -> tuple[int, int]:
    """First and last year of a span of decades."""
    return int(decades[0]), int(decades[1]) + 9


@callback
def _reset(data: Dataset) -> None:
    resets.reset("filter", data.name)
