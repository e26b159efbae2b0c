"""Two lists for the same person in two columns, and what is in both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from lcrec_core.data.titles import spoken
from lcrec_core.errors import LCRecError
from lcrec_core.models import registry
from lcrec_core.serving.filters import Filters
from lcrec_core.serving.lists import FOR_YOU, HABITS, POPULARITY, RATING, Wish
from lcrec_ui.for_you.steer import ORDER_LABELS
from lcrec_ui.frame import failures, loaders, movie_link, session
from lcrec_ui.frame.text import count, plain

if TYPE_CHECKING:
    from lcrec_core.serving.recommender import Recommendation, Recommender

LENGTH = 10
"""Movies of each list."""
_PAPER = "paper"
_LABELS = {
    **ORDER_LABELS,
    _PAPER: "Highest predicted rating, the paper's model",
    POPULARITY: "Popularity: most ratings",
    HABITS: "EASE: what goes with your likes",
}
_FIRST = {"left": FOR_YOU, "right": RATING}


def section(recommender: Recommender, person: session.Person, filters: Filters, wish: Wish) -> None:
    """Draw it; the lists are made once it is opened.

    Args:
        recommender: Of the model in use.
        person: Who is on the screen.
        filters: As of the list above.
        wish: Likewise; another list than For you is not steered.
    """
    box = st.expander("Models side by side", icon=":material/balance:", key="side_by_side", on_change="rerun")
    if not box.open:
        return
    with box:
        options = _options(recommender)
        columns = dict(zip(_FIRST, st.columns(2), strict=True))
        lists = {}
        for side, column in columns.items():
            with column:
                lists[side] = _list(_choose(side, options, recommender.data.name), recommender, person, filters, wish)
        ids = [{movie.movie_id for movie in movies} for movies in lists.values()]
        both = ids[0] & ids[1]
        for side, column in columns.items():
            with column, st.container(gap="xsmall", key=f"list_{side}"):
                for rank, movie in enumerate(lists[side], 1):
                    movie_link.title_link(_line(rank, movie, both), movie.movie_id)
        st.caption(f"{count(len(both), 'movie is', 'movies are')} in both lists.")


def _options(recommender: Recommender) -> list[str]:
    paper = _paper_of(recommender)
    there = paper != recommender.bundle.name and paper in session.bundles_of(recommender.data.name)
    return [name for name in _LABELS if name != _PAPER or there]


def _paper_of(recommender: Recommender) -> str:
    return f"{recommender.data.name}/{registry.DEFAULT}"


def _choose(side: str, options: list[str], data_name: str) -> str:
    key = f"{side}_list_{data_name}"
    if st.session_state.get(key) not in options:
        st.session_state[key] = _FIRST[side]
    return st.selectbox(
        f"List on the {side}",
        options,
        format_func=lambda name: _LABELS[name],
        key=key,
        label_visibility="collapsed",
        persist_state="session",
    )


def _list(
    name: str, recommender: Recommender, person: session.Person, filters: Filters, wish: Wish
) -> list[Recommendation]:
    if name == _PAPER:
        try:
            paper = loaders.recommender(_paper_of(recommender))
        except LCRecError as error:
            failures.explain(error)
            return []
        return paper.top_n(person.profile, LENGTH, filters, Wish(by=RATING))
    asked = wish if name == wish.by else Wish(by=name)
    return recommender.top_n(person.profile, LENGTH, filters, asked)


def _line(rank: int, movie: Recommendation, both: set[int]) -> str:
    badge = " :green-badge[in both]" if movie.movie_id in both else ""
    return f"{rank}. **{plain(spoken(movie.title))}** :small[:gray[{movie.predicted:.2f} predicted]]{badge}"
