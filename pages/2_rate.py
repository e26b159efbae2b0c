"""Rate movies: give stars and watch the predictions move."""

import streamlit as st

from lcrec_ui import bootstrap, components, loaders, rate_lists, rating, session

# On a wide screen the top five stays in sight beside the long lists; on a phone it would cover them.
BESIDE = """<style>@media (min-width: 900px) {
    .st-key-beside [data-testid=stColumn]:has(.st-key-top_five) {
        position: sticky; top: 4.5rem; align-self: flex-start;
    }
}</style>"""

bootstrap.page("Rate movies")
st.html(rating.STYLE)


@bootstrap.fragment(key=rating.RATE)
def lists() -> None:
    """Everything that moves with a star."""
    recommender = loaders.recommender(session.current_bundle())
    person = session.current_person()
    st.html(BESIDE)
    with st.container(key="beside"):
        left, right = st.columns([2, 3], gap="medium")
    with left.container(border=True, key="top_five"):
        st.subheader("Your top 5 now", anchor=False)
        rate_lists.top_five(recommender, person)
    with right:
        shown = rate_lists.to_rate(recommender, person)
        rate_lists.rated(recommender, person, shown)


rating.whose_stars(session.current_person())
slot = st.container()
with slot.skeleton(height=420), slot:
    if components.model_is_ready():
        lists()
