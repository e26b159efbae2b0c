"""What somebody sees on the For you page who has no list of their own: whose this one is, and the way to their own."""

import streamlit as st

from lcrec_ui.frame import session
from lcrec_ui.frame.text import plain

STYLE = """<style>
.st-key-welcome button { min-height: 2.75rem; }
.st-key-welcome [data-testid=stElementContainer]:has(> .stMarkdown) { flex: 1 1 16rem; }
</style>"""


def to_ones_own(who: session.Person) -> None:
    """The one obvious way on; nothing for who has a profile.

    Args:
        who: Whom the list below is for.
    """
    if who.stored is not None:
        return
    st.html(STYLE)
    with st.container(key="welcome", border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"This is the list of **{plain(who.label)}**, an example person of the data set. "
            "Ten taps, under a minute, and it is yours.",
        )
        go = st.button("Make it yours", icon=":material/bolt:", type="primary", key="make_it_yours")
    if go:
        # With the address as it is: without one, Streamlit would add an empty one to the browser's history.
        st.switch_page("pages/9_start.py", query_params=st.query_params.to_dict())
