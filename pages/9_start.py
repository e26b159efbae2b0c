"""Make it yours: ten movies asked about one by one, and the list that moves with every answer."""

import streamlit as st

from lcrec_ui.frame import loaders, page, session
from lcrec_ui.rate import lists as rate_lists
from lcrec_ui.rate import rating
from lcrec_ui.start import card, rounds
from lcrec_ui.start.finished import finished

page.begin("Make it yours")
st.html(card.STYLE + rate_lists.STYLE)
st.markdown("Ten movies, one tap each. The list follows every answer.")


@page.fragment(key=card.START)
def start() -> None:
    """Everything that moves with an answer."""
    person = session.current_person()
    if session.state().lost:
        rating.lost(session.state().lost)
        return
    recommender, rater = loaders.recommender(session.current_bundle()), rating.rater(person)
    asked = rounds.current(person.owner)
    with st.container(key="beside"):
        left, right = st.columns([3, 2], gap="medium")
    with left:
        if asked.over or not card.question(recommender, rater, asked):
            finished(person, asked, nothing_left=not asked.over)
    with right.container(border=True, key="top_five"):
        st.header("Your top 5 now", anchor=False)
        rate_lists.top_five(recommender, rater)


slot = st.container()
with slot.skeleton(height=420), slot:
    if page.model_is_ready():
        start()
with st.container(horizontal=True, gap="medium"):
    st.page_link("pages/2_rate.py", label="Search and rate movies", icon=":material/star:", width="content")
    st.page_link("pages/7_history.py", label="Bring your history", icon=":material/upload_file:", width="content")
