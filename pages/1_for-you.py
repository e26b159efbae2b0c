"""For you: five movies, and why; then everything else in order, with filters."""

from dataclasses import replace

import streamlit as st

from lcrec_ui.for_you import cards, filters, saved, side_by_side, steer, welcome, why
from lcrec_ui.frame import loaders, marks, page, session, tables
from lcrec_ui.frame.text import count, plain
from lcrec_ui.posters import real

page.begin("For you")
st.html(cards.STYLE)


@page.fragment(key=cards.FOR_YOU)
def recommendations() -> None:
    """Everything that moves with a filter, and with what steers the list."""
    recommender = loaders.recommender(session.current_bundle())
    data, person = recommender.data, session.person_of_a_part()
    with st.container(key="list_controls"):
        wish = steer.panel(recommender)
        chosen = filters.panel(data, recommender.catalogue.stats)
    if person.stored is not None:
        chosen = replace(chosen, without=person.stored.unwanted)
    marks.told(person, cards.FOR_YOU)
    ranked = recommender.rank(person.profile, chosen, wish)
    steer.missing(recommender)
    if ranked.empty:
        st.info(
            "No movie passes these filters. Allow more genres or decades, or fewer ratings, or press Reset.",
            icon=":material/filter_alt_off:",
        )
        return
    best = recommender.top_n(person.profile, 5, chosen, wish)
    cards.movie_cards(best, why.sentences(recommender, person.profile, best, wish), person)
    real.attribution(data.name)
    saved.section(recommender, person, cards.FOR_YOU)
    side_by_side.section(recommender, person, chosen, wish)

    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        order = tables.order_of(tables.RANKED_BY_TITLE, "best first")
        st.header(f"All {count(len(ranked), 'movie')}, {order}", anchor=False, width="content")
        st.download_button(
            "Download as CSV",
            data=lambda: cards.as_csv(ranked),
            file_name=f"for-you-{data.name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    cards.ranked_table(ranked, data.scale)
    st.caption(
        f"Only movies with at least {count(chosen.min_ratings, 'rating')} are listed, because a prediction for a "
        "movie that few people rated is mostly luck. “More filters” changes that."
        if chosen.min_ratings
        else "Movies that few people rated are listed as well: their predictions are mostly luck."
    )


who = session.current_person()
welcome.to_ones_own(who)
with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="ways_on"):
    st.markdown(
        f"Picked for **{plain(who.label)}** from {count(len(who.profile.movie_ids), 'rating')}.", width="content"
    )
    st.page_link("pages/2_rate.py", label="Rate movies", icon=":material/star:", width="content")
    st.page_link("pages/7_history.py", label="Bring your history", icon=":material/upload_file:", width="content")
    st.page_link("pages/3_profile.py", label="Be somebody else", icon=":material/person:", width="content")
slot = st.container()
with slot.skeleton(height=420), slot:
    if page.model_is_ready():
        recommendations()
