"""Data: what the models learn from, as files and as numbers, and the switch between data sets."""

import streamlit as st

from lcrec_ui.data import get, views
from lcrec_ui.frame import lookups, page, session

page.begin("Data")
data = session.current_data()
get.switch()
views.sizes(lookups.statistics(data.name))

charts, numbers, getting = st.tabs(
    ["Charts", "From files to numbers", "Get MovieLens"], key="data_view", on_change="rerun", bind="query-params"
)
if charts.open:
    with charts:
        views.all_charts(data)
if numbers.open:
    with numbers:
        views.preparation(data)
if getting.open:
    with getting:
        get.get_data()
