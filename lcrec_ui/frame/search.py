"""The box that titles are searched in, the same on every page."""

import streamlit as st


def typed(label: str, key: str) -> str:
    """Draw the box, which answers every letter; what is typed into it, without the spaces around it.

    Args:
        label: Above the box.
        key: Of the widget.
    """
    query = st.text_input(
        label,
        key=key,
        type="search",
        live=True,
        placeholder="Type a title: matrix, amelie, star wars",
        max_chars=100,
    )
    return (query or "").strip()
