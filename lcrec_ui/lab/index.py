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
            with st.container(horizontal=True, vertical_alignment="center", gap="medium", key=f"index_{name}"):
                st.markdown(f"**{place.label}**  \n{place.about}", width=360)
                places.link(name, f"{place.label} on {place.page.title}")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown("**Equations (1) to (11)**  \nThe LSTM, the CNN, the two errors", width=360)
        places.link("equations", "Equations on Laboratory")
