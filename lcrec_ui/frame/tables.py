"""Tables that a reader can sort: by what is shown, and titles without their article."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from lcrec_ui.frame import movie_link

RANKED_BY_TITLE, HISTORY_BY_TITLE = "ranked_by_title", "history_by_title"
"""Keys of the switches that put a table in order of its titles."""


def order_of(key: str, otherwise: str) -> str:
    """How a table with such a switch is ordered now, for its heading."""
    return "A to Z" if st.session_state.get(key) else otherwise


def by_title(table: pd.DataFrame, sort_keys: pd.Series, key: str) -> pd.DataFrame:
    """The table as it is, or in order of its titles once the switch above it is on.

    The browser sorts a column by what is written in it, and every The would stand under T.

    Args:
        table: One movie a row.
        sort_keys: `titles.sort_key` of each row's title.
        key: Of the switch.
    """
    if not st.toggle("Titles A to Z", key=key, help="In order of the titles, without The, A, Le and the like."):
        return table
    return table.loc[sort_keys.sort_values(kind="stable").index]


def title_column(key: str, label: str = "Title", width: int | None = None) -> Any:
    """A column of titles that lead to their movies' pages; see `follow_title`.

    Args:
        key: What was pressed is at this place in the session.
        label: Over the column.
        width: In pixels.
    """
    return st.column_config.ButtonColumn(
        label, width=width, alignment="left", type="tertiary", key=key, help="Press a title to open its page."
    )


def follow_title(key: str, movie_ids: Sequence[int | None]) -> None:
    """Leave for a movie's page where a title was pressed; call it after the table was drawn.

    Args:
        key: As of `title_column`.
        movie_ids: Of the rows, in the order that the table was given.
    """
    pressed = st.session_state.get(key)
    row = pressed["row"] if pressed else None
    # A browser can send anything.
    movie_id = movie_ids[row] if isinstance(row, int) and 0 <= row < len(movie_ids) else None
    if movie_id is not None:
        movie_link.go(int(movie_id))
