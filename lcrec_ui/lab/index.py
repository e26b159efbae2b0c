"""The paper by number: every table and figure, and where the app shows it beside ours."""

import streamlit as st

from lcrec_ui.frame import places


def index() -> None:
    """A line for each, with a link."""
    st.markdown(
        "“Research on Movie Recommendation Model Based on LSTM and CNN” (Wang, Yang, Ye, Miao) by its numbers. Each "
        "has a link of its own: put `?show=table-6` behind the address of any page."
    )
    for name, place in places.PLACES.items():
        if place.label:
            places.link(name, f"**{place.label}** {place.about} :small[:gray[on {place.page.title}]]")
    places.link("equations", "**Equations (1) to (11)** The LSTM, the CNN, the two errors :small[:gray[here]]")
