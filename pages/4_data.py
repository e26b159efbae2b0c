"""Data: what the models learn from, as files and as numbers, and the switch between data sets."""

import streamlit as st

from lcrec_ui.data import get as data_source
from lcrec_ui.data import views
from lcrec_ui.frame import lookups, page, session

page.begin("Data")
data = session.current_data()
data_source.switch()
views.sizes(lookups.statistics(data.name))

charts, numbers, get = st.tabs(
    ["Charts", "From files to numbers", "Get MovieLens"], key="data_view", on_change="rerun", bind="query-params"
)
if charts.open:
    with charts:
        views.all_charts(data)
if numbers.open:
    with numbers:
        views.preparation(data)
if get.open:
    with get:
        data_source.get_data()
