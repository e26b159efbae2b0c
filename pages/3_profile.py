"""Profile: who you are, how to be somebody else, and what a person's ratings say of them."""

import streamlit as st

from lcrec_ui.frame import loaders, page, session
from lcrec_ui.profile import looking_back, parts, people

parts.go_on()
page.begin("Profile")

data = session.current_data()
person = session.current_person()
left, right = st.columns(2, gap="medium")
with left.container(border=True, height="stretch", key="who_you_are"):
    parts.identity(data, person)
with right.container(border=True, height="stretch", key="somebody_else"):
    st.header("Be somebody else", anchor=False)

    @page.fragment(key="people")
    def choose() -> None:
        """Its own fragment: searching people leaves the charts alone."""
        people.chooser(data)

    choose()
    parts.create(data)
st.page_link(
    "pages/7_history.py", label="Bring ratings from other sites, or take yours along", icon=":material/upload_file:"
)


@page.fragment(key=looking_back.LOOKING_BACK)
def after_so_many() -> None:
    """Its own fragment: the slider moves its list and leaves the rest alone."""
    looking_back.after_so_many(loaders.recommender(session.current_bundle()), session.person_of_a_part())


if len(person.profile.movie_ids):
    parts.tastes(data, person)
    slot = st.container()
    with slot.skeleton(height=420), slot:
        if page.model_is_ready(quietly=True):
            looking_back.expected_and_given(loaders.recommender(session.current_bundle()), person)
            after_so_many()
else:
    st.info("Nothing is rated yet, so there is no taste to draw.", icon=":material/star:")
    st.page_link("pages/2_rate.py", label="Rate some movies")
