"""Not a page of the app: one of everything that pages may show, for the test of its colours."""

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lcrec_ui.frame import looks

looks.apply()
COLOURS = ("red", "orange", "yellow", "green", "blue", "violet", "gray")


def everything(place: str) -> None:
    """Texts, notices and widgets."""
    st.markdown("Text, [a link](/), `code` and :small[small text]")
    st.caption("A caption with `code` and **weight**")
    for colour in COLOURS:
        st.markdown(f":{colour}[{colour} text] :{colour}-badge[badge] :small[:{colour}[small]]")
    for notice in (st.info, st.success, st.warning, st.error):
        notice("A notice with `code` and [a link](/)", icon=":material/info:")
    st.metric("Metric", "1.00", "+0.12 vs everybody", delta_color="off")
    st.metric("Falling", "1.00", "-0.12")
    st.metric("Rising", "1.00", "0.12", help="Help")
    st.progress(0.5, text="Progress")
    for kind in ("primary", "secondary", "tertiary"):
        st.button(kind, type=kind, key=f"{place}_{kind}", icon=":material/star:")
    st.segmented_control("Segments", ["one", "two"], default="one", key=f"{place}_segments")
    st.pills("Pills", ["one", "two"], default="one", key=f"{place}_pills")
    st.multiselect("Chips", ["one", "two"], default=["one"], key=f"{place}_chips")
    st.multiselect("No chips", ["one", "two"], key=f"{place}_no_chips", placeholder="Placeholder")
    st.selectbox("One of", ["one", "two"], key=f"{place}_select")
    st.text_input("Type", placeholder="Placeholder", key=f"{place}_text")
    st.number_input("Number", 0, key=f"{place}_number")
    st.radio("Radio", ["one", "two"], key=f"{place}_radio", captions=["caption", "caption"])
    st.select_slider("Slider", ["1920s", "2020s"], value=("1920s", "2020s"), key=f"{place}_slider")
    st.toggle("Toggle", key=f"{place}_toggle", value=True)
    st.file_uploader("Files", key=f"{place}_files")
    st.download_button("Download", b"", key=f"{place}_download")
    st.code("a link to copy", language=None)
    with st.expander("Expander", expanded=True):
        st.write("In it")
    st.page_link("https://example.org", label="Page link", icon=":material/star:")
    st.tabs(["One tab", "Another"])
    st.feedback("stars", key=f"{place}_stars")


st.title("A specimen", anchor=False)
everything("page")
with st.sidebar:
    everything("side")
with st.container(border=True):
    st.dataframe({"Heading": [1, 2]}, column_config={"Heading": st.column_config.NumberColumn(pinned=True)})
