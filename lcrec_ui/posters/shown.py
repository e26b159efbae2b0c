"""Posters on a page: as images with a text in their place, and as small pictures beside rows."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape

import streamlit as st

from lcrec_ui.frame import lookups
from lcrec_ui.frame.lookups import Movie
from lcrec_ui.frame.text import clean
from lcrec_ui.posters import drawing, real


def images(data_name: str, movie_ids: Iterable[int]) -> dict[int, str]:
    """The posters of movies as HTML, all at once so that one waits for real ones only once; see `show`."""
    wanted = list(movie_ids)
    known, pictures = lookups.movies(data_name), real.addresses(data_name, wanted)
    return {movie_id: html(known[movie_id], pictures.get(movie_id)) for movie_id in wanted}


def show(image: str, width: int) -> None:
    """One of `images` in its place.

    Args:
        image: HTML.
        width: In pixels; it is half as high again.
    """
    st.html(image, width=width)


def html(movie: Movie, address: str | None = None) -> str:
    """A poster and its text in words, as HTML.

    Args:
        movie: What is known of it.
        address: Of a picture; the poster is drawn unless given.
    """
    genre = f", {clean(movie.genres[0])}" if movie.genres else ""
    words = escape(f"Poster: {clean(movie.title)}{genre}", quote=True)
    drawn = address or _address(drawing.poster(movie.title, movie.year, movie.genres))
    return f'<img class="lcrec-poster" src="{drawn}" alt="{words}">'


def beside_rows(movies: Mapping[int, Movie], movie_ids: Iterable[int], row: str) -> str:
    """CSS that puts a small drawn picture in front of rows: decoration, for the title stands beside it.

    One piece of CSS for all rows: an element in each would be felt.

    Args:
        movies: By id.
        movie_ids: Whose rows there are.
        row: A selector of the row's place for it, with `{}` for the id, such as `.st-key-movie_{} a::before`.
    """
    drawn = {i: _address(drawing.thumbnail(movies[i].title, movies[i].year, movies[i].genres)) for i in movie_ids}
    return "\n".join(f'{row.format(i)} {{ background-image: url("{address}"); }}' for i, address in drawn.items())


@lru_cache(maxsize=4096)
def _address(svg: str) -> str:
    """The picture itself as the address of an image: nobody is asked for it."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode('utf-8')).decode('ascii')}"
