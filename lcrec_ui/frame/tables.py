"""Tables that a reader can sort: by what is shown, and titles without their article."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

if TYPE_CHECKING:
    pass


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
