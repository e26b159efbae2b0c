"""Bring your history: ratings from other sites, and taking one's own along."""

import streamlit as st

from lcrec_ui.frame import page, session
from lcrec_ui.history import bring, take

page.begin("Bring your history")
st.html(bring.STYLE)
with st.container(horizontal=True, gap="medium"):
    st.page_link("pages/1_for-you.py", label="See your list", icon=":material/movie:", width="content")
    st.page_link("pages/2_rate.py", label="Rate movies", icon=":material/star:", width="content")


@page.fragment(key=bring.HISTORY)
def history() -> None:
    """Everything that moves with a decision, or with what was added."""
    data, person = session.current_data(), session.person_of_a_part()
    bring.bring(data, person)
    take.take(data, person)


history()
