"""Keys of widgets that are taken back together.

With every reset they become other keys: the browser would send the old value of a widget that it does not draw, because
its popover is closed, with the next click.
"""

from collections.abc import Iterable

import streamlit as st

_RESETS = "for_you_resets"


def keys(group: str, names: Iterable[str], data_name: str) -> dict[str, str]:
    """Widget keys by name; each data set has its own."""
    resets = st.session_state.get(_RESETS, {}).get((group, data_name), 0)
    return {name: f"{group}_{name}_{data_name}{f'_{resets}' if resets else ''}" for name in names}


def reset(group: str, data_name: str) -> None:
    """Let the group begin with its defaults again."""
    resets = st.session_state.setdefault(_RESETS, {})
    resets[group, data_name] = resets.get((group, data_name), 0) + 1
