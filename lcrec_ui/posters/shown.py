"""Posters on a page: as images with a text in their place, and as small pictures beside rows."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape

import streamlit as st

from lcrec_ui.frame.lookups import Movie
from lcrec_ui.frame.text import clean
from lcrec_ui.posters import drawing


def image(movie: Movie, width: int) -> None:
    """A movie's poster.

    Args:
        movie: What is known of it.
        width: In pixels; it is half as high again.
    """
    st.html(html(movie), width=width)


def html(movie: Movie) -> str:
    """The image and its text in words, for HTML of ours."""
    genre = f", {clean(movie.genres[0])}" if movie.genres else ""
    words = escape(f"Poster: {clean(movie.title)}{genre}", quote=True)
    return f'<img class="lcrec-poster" src="{_address(_drawn(movie))}" alt="{words}">'


def beside_rows(movies: Mapping[int, Movie], movie_ids: Iterable[int], row: str) -> str:
    """CSS that puts a small picture in front of rows: decoration, for the title stands beside it.

    One piece of CSS for all rows: an element in each would be felt.

    Args:
        movies: By id.
        movie_ids: Whose rows there are.
        row: A selector of the row's place for it, with `{}` for the id, such as `.st-key-movie_{} a::before`.
    """
    rules = (f'{row.format(i)} {{ background-image: url("{_address(_small(movies[i]))}"); }}' for i in movie_ids)
    return "\n".join(rules)


def _drawn(movie: Movie) -> str:
    return drawing.poster(movie.title, movie.year, movie.genres)


def _small(movie: Movie) -> str:
    return drawing.thumbnail(movie.title, movie.year, movie.genres)


@lru_cache(maxsize=4096)
def _address(svg: str) -> str:
    """The picture itself as the address of an image: nobody is asked for it."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode('utf-8')).decode('ascii')}"
