"""Rate movies: give stars and watch the predictions move."""

import streamlit as st

from lcrec_ui.frame import loaders, page, session
from lcrec_ui.rate import lists as rate_lists
from lcrec_ui.rate import rating

# On a wide screen the top five stays in sight beside the long lists; on a phone it would cover them. There it stands
# above them, and keeps its height: the star just given must not move with what it changed.
STYLE = """<style>
.st-key-top_five a strong { display: block; }
@media (min-width: 900px) {
    .st-key-beside [data-testid=stColumn]:has(.st-key-top_five) {
        position: sticky; top: 4.5rem; align-self: flex-start;
    }
}
@media (max-width: 640px) {
    .st-key-top_five a strong { overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
    .st-key-top_five [data-testid=stCaptionContainer] { min-height: 3lh; }
}
</style>"""

page.begin("Rate movies")
st.html(rating.STYLE)
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
    st.html(STYLE)
    with st.container(key="beside"):
        left, right = st.columns([2, 3], gap="medium")
    with left.container(border=True, key="top_five"):
        st.header("Your top 5 now", anchor=False)
        rate_lists.top_five(recommender, rater)
    with right:
        shown = rate_lists.to_rate(recommender, rater)
        rate_lists.rated(recommender, rater, shown)


slot = st.container()
with slot.skeleton(height=420), slot:
    if page.model_is_ready():
        lists(session.state().token is not None)
