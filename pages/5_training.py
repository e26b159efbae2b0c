"""Training: how the errors of every bundle fell, what it took, and a run of one's own."""

import pandas as pd
import streamlit as st

from lcrec_core.evaluation.paper_facts import DATA
from lcrec_core.models.bundles import list_bundles, list_damaged
from lcrec_core.models.registry import FAMILIES
from lcrec_ui.frame import charts, page, places, session
from lcrec_ui.frame.tables import html_table
from lcrec_ui.frame.text import plain
from lcrec_ui.training import charts as training_charts
from lcrec_ui.training import runs
from lcrec_ui.training import tables as training_tables

page.begin("Training")

bundles = {bundle.name: bundle for bundle in list_bundles()}
chosen = runs.choose_bundles(bundles, session.state().data)
if chosen:
    rated = [bundle for bundle in chosen if FAMILIES[bundle.model].predicts_ratings]
    curves = [training_charts.Curve(bundle.name, pd.DataFrame(bundle.history)) for bundle in rated]
    paper_band = any(bundle.data == DATA for bundle in rated)
    for column, metric in zip(st.columns(2), ("mse", "mae") if curves else (), strict=False):
        with column, places.place("figure-5" if metric == "mse" else "figure-6"):
            charts.draw(training_charts.training_curves(curves, metric, paper_band=paper_band), f"curve_{metric}")
    if curves:
        st.caption(
            "Solid lines are the test part, which the training never sees; dotted ones a sample of the training part, "
            "each rating hidden from the history it is predicted from. The number of epochs is fixed beforehand: "
            "nothing is chosen by the test curve."
        )
    if len(rated) < len(chosen):
        ranking = " and ".join(plain(bundle.name) for bundle in chosen if bundle not in rated)
        st.caption(
            f"Without a curve: {ranking}. What is learnt there is what people pick next, not their ratings, so that "
            "it has no such error; the Compare page measures lists."
        )
    if any(bundle.data == "demo" for bundle in chosen):
        st.caption("Bundles named demo/… were trained on simulated people: their errors say nothing about real ones.")
    st.header("What each run reached, and what it took", anchor=False)
    html_table(
        training_tables.bundle_table(chosen),
        "Errors, size, time and machine of each bundle",
        training_tables.BUNDLE_COLUMNS,
        place="run",
    )
    st.header("Settings", anchor=False)
    with places.place("table-6"):
        html_table(training_tables.settings_table(chosen), "Table VI beside the settings of each bundle")
elif bundles:
    st.info("Choose at least one bundle to see its training.", icon=":material/info:")
else:
    st.info("No model has been trained here yet. Start a run below.", icon=":material/info:")
for name, damage in list_damaged().items():
    runs.damaged(name, damage)

st.header("Start a training run", anchor=False)
runs.start_form(list(bundles.values()), session.state().data)
runs.current_run()
st.header("Runs started here", anchor=False)
runs.earlier_runs()
places.arrive()
