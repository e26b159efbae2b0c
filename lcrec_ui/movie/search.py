"""Which movie the address asks for, and a search for who wants another one."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from lcrec_core.data.dataset import Dataset
from lcrec_core.sources.published import DATA_LABELS
from lcrec_ui.frame import lookups, movie_link, search, session
from lcrec_ui.frame.text import count, plain, quoted
from lcrec_ui.movie.wall import STYLE as WALL_STYLE
from lcrec_ui.movie.wall import wall
from lcrec_ui.posters import shown

SEARCH = "movie_search"
"""Key of the search's fragment."""
NO_MOVIE = "Movies"
"""The page's title without a movie."""
_QUERY = "movie_query"
_RESULTS, _LONGEST_ID, _OFFERED = 10, 12, 18

STYLE = (
    f"<style>{WALL_STYLE}"
    + """
[class*='st-key-found_'] a { min-height: 4rem; padding-left: 3.4rem !important; position: relative; }
[class*='st-key-found_'] a::before {
    content: ""; position: absolute; left: 0; top: 0.15rem; width: 2.5rem; height: 3.75rem;
    background-size: cover; border-radius: 0.2rem; box-shadow: 0 0 0 1px rgba(128, 118, 108, 0.28);
}
[class*='st-key-found_'] a strong { display: block; }
</style>"""
)


@dataclass(frozen=True)
class Asked:
    """What the address asks for."""

    movie_id: int | None
    wrong: str = ""
    """Why there is none, as Markdown; empty where none was asked for."""


def asked(data: Dataset) -> Asked:
    """The movie that the address names. It comes from outside: anything may stand there."""
    text = st.query_params.get(movie_link.MOVIE)
    if text is None:
        return Asked(None)
    known = lookups.movies(data.name)
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID
    if is_number and int(text) in known:
        return Asked(int(text))
    where = plain(DATA_LABELS.get(data.name, data.name))
    return Asked(None, f"{where} has no movie {plain(quoted(text))}. Search it by its title below.")


def heading() -> str:
    """The page's title: the movie's."""
    data = session.current_data()
    movie_id = asked(data).movie_id
    return NO_MOVIE if movie_id is None else lookups.movies(data.name)[movie_id].title


def box(data_name: str, label: str, *, offers: bool) -> None:
    """Search as one types; every title found is a link to its page.

    Args:
        data_name: Whose movies.
        label: Above the box.
        offers: Whether movies are shown to who has typed nothing yet.
    """
    typed = search.typed(label, _QUERY)
    if not typed:
        if offers:
            st.header("Most people rated these", anchor=False)
            wall(data_name, _most_rated(data_name), "known")
        return
    found = lookups.title_index(data_name).search(typed, _RESULTS)
    if not found.movie_ids:
        st.info(f"No title is like “{plain(typed)}”.", icon=":material/search_off:")
        return
    if found.nearest:
        st.caption(f"No title has “{plain(typed)}”; these are nearest in spelling.")
    known = lookups.movies(data_name)
    st.html(f"<style>{shown.beside_rows(known, found.movie_ids, '.st-key-found_{} a::before')}</style>")
    for movie_id in found.movie_ids:
        movie = known[movie_id]
        about = [plain(", ".join(movie.genres))] if movie.genres else []
        number = count(movie.num_ratings, "rating")
        about.append(f"{movie.mean_rating:.2f} on average, {number}" if movie.num_ratings else "nobody rated it")
        with st.container(key=f"found_{movie_id}"):
            movie_link.title_link(f"**{plain(movie.title)}** :small[:gray[{' · '.join(about)}]]", movie_id)


def _most_rated(data_name: str) -> list[int]:
    known = lookups.movies(data_name)
    return sorted(known, key=lambda movie_id: -known[movie_id].num_ratings)[:_OFFERED]
