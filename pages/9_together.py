"""Watch together: two people, how far they agree, where they differ, and a list for both."""

import streamlit as st

from lcrec_ui.frame import loaders, page, session
from lcrec_ui.together import other, sections

other.follow()
page.begin("Watch together")
st.html(sections.STYLE)

slot = st.container()
with slot.skeleton(height=420), slot:
    if page.model_is_ready():
        recommender, person = loaders.recommender(session.current_bundle()), session.current_person()
        friend = other.chosen(recommender.data, person)
        if friend is None:
            st.markdown("Choose who you watch with: what you both like, where you differ, and a list for both.")
            other.chooser(recommender.data, recommender.catalogue, person)
        else:
            two, names = (person, friend), other.names(person, friend)
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{names[0]}** and **{names[1]}**", width="content")
                other.change()

            @page.fragment(key=sections.LIST)
            def for_both() -> None:
                """Its own fragment: another strategy leaves the rest alone."""
                sections.for_both(recommender, two, names)

            for_both()
            sections.agreement(recommender.catalogue, two)
            sections.differences(recommender, two, names)
other.remember()
