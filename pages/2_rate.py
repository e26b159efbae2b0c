"""Rate movies: give stars and watch the predictions move."""

import streamlit as st

from lcrec_ui.frame import loaders, page, session
from lcrec_ui.rate import lists as rate_lists
from lcrec_ui.rate import rating

page.begin("Rate movies")
st.html(rating.STYLE + rate_lists.STYLE)
st.page_link(
    "pages/7_history.py", label="Bring your ratings from Letterboxd, IMDb or Trakt", icon=":material/upload_file:"
)


@page.fragment(key=rating.RATE)
def lists(had_profile: bool) -> None:
    """Everything that moves with a star, and whose stars they are.

    Args:
        had_profile: Whether the visitor had a profile of their own when the page was opened.
    """
    person = session.current_person()
    if session.state().lost:
        rating.lost(session.state().lost)
        return
    rating.whose_stars(person, keeps_height=not had_profile)
    recommender, rater = loaders.recommender(session.current_bundle()), rating.rater(person)
    with st.container(key="beside"):
        left, right = st.columns([2, 3], gap="medium")
    with left.container(border=True, key="top_five"):
        rate_lists.your_top_five()
    with right:
        shown = rate_lists.to_rate(recommender, rater)
        rate_lists.rated(recommender, rater, shown)


slot = st.container()
with slot.skeleton(height=420), slot:
    if page.model_is_ready():
        lists(session.state().token is not None)
