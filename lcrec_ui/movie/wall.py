"""Movies as posters one beside the other, each a link to its page."""

from collections.abc import Iterable

import streamlit as st

from lcrec_ui.frame import lookups, movie_link
from lcrec_ui.frame.text import plain
from lcrec_ui.posters import shown

_WIDTH = 132
"""Pixels of a poster."""

STYLE = """
[class*='st-key-near_'] { position: relative; }
[class*='st-key-near_'] [data-testid=stElementContainer] { position: static; }
[class*='st-key-near_'] a::after { content: ""; position: absolute; inset: 0; }
[class*='st-key-near_'] .stPageLink p { font-size: 0.875rem; }
@media (max-width: 640px) {
    [class*='st-key-wall_'] > :has(> [class*='st-key-near_']) { width: 6.4rem !important; flex: none; }
    [class*='st-key-near_'] { width: 100% !important; }
}
"""


def wall(data_name: str, movie_ids: Iterable[int], key: str) -> None:
    """Draw them in that order.

    Args:
        data_name: Whose movies.
        movie_ids: Which.
        key: Tells one wall from another.
    """
    wanted = list(movie_ids)
    known, posters = lookups.movies(data_name), shown.images(data_name, wanted)
    with st.container(horizontal=True, gap="small", key=f"wall_{key}"):
        for movie_id in wanted:
            with st.container(width=_WIDTH, gap="xsmall", key=f"near_{movie_id}"):
                shown.show(posters[movie_id], _WIDTH)
                movie_link.title_link(f"**{plain(known[movie_id].title)}**", movie_id)
