"""What is saved for later, on the For you page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lcrec_core.store.profiles import SAVED, StoredProfile
from lcrec_ui.frame import lookups, marks, movie_link, session
from lcrec_ui.frame.text import count, plain

if TYPE_CHECKING:
    from lcrec_core.serving.recommender import Recommender


def section(recommender: Recommender, person: session.Person, home: str) -> None:
    """What the person is expected to like best first."""
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
                movie_link.title_link(
                    f"**{plain(title)}** :small[:gray[{ratings[place]:.2f} predicted for you]]", movie_id
                )
                marks.unsave_button(person, movie_id, title, home)


def _saved(stored: StoredProfile | None, recommender: Recommender) -> list[int]:
    ids = np.array(stored.marks.get(SAVED, ()) if stored else (), dtype=np.int64)
    known, _ = recommender.data.known_movies(ids)
    return ids[known].tolist()
