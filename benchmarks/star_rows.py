"""The floor under a star click, a page of its own: the Rate page's sixteen star rows with nothing behind them.

Run by `benchmarks.app`. No model, no store, no lists: what such a click takes is Streamlit's and the rows' own.
"""

import gc

import streamlit as st

from lcrec_core.data.dataset import WHOLE_STARS
from lcrec_ui.frame.lookups import Movie
from lcrec_ui.frame.session import Owner
from lcrec_ui.rate import lists, rating

ROWS = 2 * lists.ROWS
"""As many to rate as are rated."""
OWNER = Owner("made-up")


@st.cache_resource
def _settled() -> None:
    """As `loaders` does."""
    gc.collect()
    gc.freeze()


def _nothing(owner: Owner, movie_id: int) -> None:
    pass


@st.fragment
def rows() -> None:
    """All of them, half of them rated."""
    for number in range(ROWS):
        movie = Movie(f"A Film of Some Words, No. {number}", ("Comedy", "Drama"), 3.5, 100 + number)
        given = None if number < lists.ROWS else 4.0
        rating.row(OWNER, number, movie, given, 3.0 + number / ROWS, WHOLE_STARS, _nothing)


_settled()
rows()
