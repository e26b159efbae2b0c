"""The floor under a star click, a page of its own: the Rate page's sixteen star rows with nothing behind them.

Run by `benchmarks.app`. No model, no store, no lists: what such a click takes is Streamlit's and the rows' own.
"""

import gc

import streamlit as st

from lcrec_core.data.dataset import WHOLE_STARS
from lcrec_ui.frame import movie_link
from lcrec_ui.frame.lookups import Movie
from lcrec_ui.frame.session import Owner
from lcrec_ui.rate import lists, rating

# As many to rate as are rated.
ROWS = 2 * lists.ROWS
OWNER = Owner("made-up")


@st.cache_resource
def settled() -> None:
    """As `loaders` does."""
    gc.collect()
    gc.freeze()


def nothing(owner: Owner, movie_id: int) -> None:
    """What a star does here."""


@st.fragment
def rows() -> None:
    """All of them, half of them rated."""
    for number in range(ROWS):
        movie = Movie(
            title=f"A Film of Some Words, No. {number}",
            year=1980 + number,
            genres=("Comedy", "Drama"),
            mean_rating=3.5,
            num_ratings=100 + number,
        )
        given = None if number < lists.ROWS else 4.0
        rating.row(OWNER, number, movie, given, 3.0 + number / ROWS, WHOLE_STARS, on_star=nothing)


page = st.Page(rows, title="Star rows")
movie_link.PAGE = page  # There is no other page here for a title to lead to.
settled()
st.navigation([page]).run()
