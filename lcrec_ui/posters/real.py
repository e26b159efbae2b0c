"""Real posters in the place of drawn ones, where whoever runs this server has a key for them; see `sources.tmdb`.

The server fetches them; what a browser gets is the picture itself within the page.
"""

import base64
from collections.abc import Iterable, Mapping

import numpy as np
import streamlit as st

from lcrec_core.data.dataset import Col
from lcrec_core.sources import tmdb
from lcrec_ui.frame import loaders

WAIT_SECONDS = 1.0
"""So long a page waits for pictures it shows for the first time; later ones come with the next click."""


def there_may_be(data_name: str) -> bool:
    """Whether any movie of the data set may have one, so that TMDB is to be named."""
    return bool(tmdb.key()) and bool(_tmdb_ids(data_name))


def addresses(data_name: str, movie_ids: Iterable[int]) -> Mapping[int, str]:
    """The pictures that are there, as addresses of images, by movie id; the others are fetched for the next time."""
    key = tmdb.key()
    if not key:
        return {}
    known = _tmdb_ids(data_name)
    wanted = {movie_id: known[movie_id] for movie_id in movie_ids if movie_id in known}
    if not wanted:
        return {}
    pictures = _posters(key).get(wanted.values(), WAIT_SECONDS)
    return {movie_id: _address(pictures[number]) for movie_id, number in wanted.items() if number in pictures}


def attribution(data_name: str) -> None:
    """What TMDB asks to be said where its pictures may be."""
    if there_may_be(data_name):
        st.caption(tmdb.ATTRIBUTION)


@st.cache_resource(max_entries=1, show_spinner=False)
def _posters(key: str) -> tmdb.Posters:
    return tmdb.Posters(key)


def _tmdb_ids(data_name: str) -> dict[int, int]:
    return _ids(data_name, loaders.file_stamp(data_name))


@st.cache_resource(max_entries=3, show_spinner=False)
def _ids(name: str, stamp: str) -> dict[int, int]:
    links = loaders.dataset(name).links.dropna(subset=[Col.TMDB])
    return dict(zip(links[Col.MOVIE].to_numpy(np.int64).tolist(), links[Col.TMDB].astype(int).tolist(), strict=True))


@st.cache_data(max_entries=200, show_spinner=False)
def _address(picture: bytes) -> str:
    return f"data:{tmdb.kind_of(picture)};base64,{base64.b64encode(picture).decode('ascii')}"
