"""Figure 7 of the paper, five movies for a user, and our network's five in the same form."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.errors import DataError
from lcrec_core.evaluation import paper_facts
from lcrec_core.serving.filters import Filters
from lcrec_core.serving.lists import RATING, Wish
from lcrec_core.sources import datasets
from lcrec_ui.frame import loaders, lookups, places, session
from lcrec_ui.frame.failures import fragment
from lcrec_ui.frame.tables import html_table
from lcrec_ui.frame.text import plain
from lcrec_ui.lab import subject

TOP_FIVE = "lab_top_five"
"""Key of the fragment."""
_EVERY = "lab_every"


def top_five() -> None:
    """The paper's list beside ours."""
    st.markdown(
        "The paper ends with a list for one user: number, title, genres, and predicted rating of five movies. Which "
        "user it was is not said. Ours is made in the same way, by predicted rating alone."
    )
    with places.place("figure-7"):
        st.header("Figure 7, as printed", anchor=False)
        _papers()
    st.header("Our network's", anchor=False)
    subject.with_network(_ours)


def _papers() -> None:
    ids = [movie_id for movie_id, _ in paper_facts.TOP_FIVE]
    table = pd.DataFrame({"Movie": ids})
    copy, pages = _copy(), None
    if copy is not None:
        movies = copy.movies.set_index(Col.MOVIE.value)
        known = lookups.movies(copy.name)
        table["Title"] = [known[movie_id].title if movie_id in known else "" for movie_id in ids]
        table["Genres"] = [str(movies[Col.GENRES].get(movie_id, "")) for movie_id in ids]
        table["Ratings there"] = [f"{known[movie_id].num_ratings:,}" if movie_id in known else "" for movie_id in ids]
        # The page of a movie is one of the data shown, where the same number may be another movie.
        if session.state().data == copy.name:
            pages = {"Title": [movie_id if movie_id in known else None for movie_id in ids]}
    table["Predicted"] = [f"{rating:.2f}" for _, rating in paper_facts.TOP_FIVE]
    html_table(table, "Figure 7 of the paper: five movies and their predicted ratings", movies=pages)
    if copy is None:
        st.caption("Titles and genres are read from a copy of MovieLens 1M, and there is none here.")
    else:
        st.caption(
            "Titles, genres and numbers of ratings are from the copy of MovieLens 1M here. Movies that few people "
            "rated lead a list by predicted rating easily: their predictions are mostly luck."
        )


def _copy() -> Dataset | None:
    if paper_facts.DATA not in datasets.available():
        return None
    try:
        return loaders.dataset(paper_facts.DATA)
    except DataError:
        return None


@fragment(key=TOP_FIVE)
def _ours() -> None:
    recommender, _ = subject.network()
    person = session.person_of_a_part()
    usual = subject.usual(recommender, person)
    every = st.toggle(f"Movies with fewer than {usual.min_ratings:d} ratings, too", key=_EVERY, persist_state="session")
    filters = Filters(without=usual.without) if every else usual
    best = recommender.top_n(person.profile, len(paper_facts.TOP_FIVE), filters, Wish(by=RATING))
    known = lookups.movies(recommender.data.name)
    table = pd.DataFrame(
        {
            "Movie": [str(movie.movie_id) for movie in best],
            "Title": [known[movie.movie_id].title for movie in best],
            "Genres": ["|".join(movie.genres) for movie in best],
            "Ratings there": [f"{movie.num_ratings:,}" for movie in best],
            "Predicted": [f"{movie.predicted:.2f}" for movie in best],
        }
    )
    html_table(
        table,
        "The five movies with the highest predicted rating by our bundle of the paper's network",
        movies={"Title": [movie.movie_id for movie in best]},
    )
    st.caption(f"For {plain(person.label)}, by {plain(recommender.bundle.name)}.")
