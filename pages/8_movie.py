"""Movies: one movie by its link, or a search for one."""

import streamlit as st

from lcrec_ui.frame import loaders, page, session
from lcrec_ui.movie import parts, search
from lcrec_ui.posters import real

page.begin(search.heading)
st.html(search.STYLE)
data = session.current_data()
asked = search.asked(data)


@page.fragment(key=parts.MOVIE)
def movie(movie_id: int) -> None:
    """Everything that moves with a star."""
    parts.movie(loaders.recommender(session.current_bundle()), session.person_of_a_part(), movie_id)


@page.fragment(key=search.SEARCH)
def find(label: str) -> None:
    """Its own fragment: typing leaves the movie alone."""
    search.box(session.current_data().name, label, offers=asked.movie_id is None)


if asked.wrong:
    st.warning(asked.wrong, icon=":material/search_off:")
if asked.movie_id is None:
    find("Search a movie")
else:
    st.html(parts.STYLE)
    slot = st.container()
    with slot.skeleton(height=420), slot:
        if page.model_is_ready():
            movie(asked.movie_id)
            parts.similar(loaders.recommender(session.current_bundle()), asked.movie_id)
    parts.everybody(data, asked.movie_id)
    find("Another movie")
    real.attribution(data.name)
