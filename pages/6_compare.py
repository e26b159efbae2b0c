"""Compare: the paper's Table VII beside what our bundles measured, by the same protocol."""

import streamlit as st

from lcrec_core.data.split import Protocol
from lcrec_core.evaluation import bundle_results, paper_facts, results
from lcrec_core.models import bundles
from lcrec_ui.compare import charts as compare_charts
from lcrec_ui.compare import sections, tables
from lcrec_ui.frame import charts, page

page.begin("Compare")
rows = bundle_results.measured(bundles.list_bundles())
same_parts = sections.same_parts()
# What was compared on the very same parts comes before a bundle that happens to be there.
own = tables.own_results([*results.as_measured(same_parts), *rows])

st.markdown(
    "The paper compares six models on MovieLens 1M. Ratings are split at random, 80 % to learn from and 20 % to test "
    "on, and the errors are the mean square (MSE) and the mean absolute error (MAE) of the predicted stars. "
    "Ours are measured on the same data in the same way, on a test part that the training never sees; "
    "which rating falls into which part is drawn anew for each seed, so the parts are not the paper's own."
)
for column, metric in zip(st.columns(2), ("mse", "mae"), strict=True):
    with column:
        charts.draw(compare_charts.compare_errors(metric, own), f"compare_{metric}")

st.header("Table VII, the paper's figures and ours", anchor=False)
st.dataframe(
    tables.table_seven(own),
    hide_index=True,
    column_config={"Model": st.column_config.TextColumn(pinned=True)},
    alt="Table VII of the paper, with our measurements beside it",
)
st.caption("± is the standard deviation over seeds. A single seed has none.")

impossible = "; ".join(
    f"{row.label}: an MSE of {row.mse:.3f} allows an MAE of at most {row.largest_mae:.3f}, but {row.mae:.3f} is given"
    for row in paper_facts.impossible_results()
)
st.warning(
    "**Two of the paper's figures cannot be right.** An MAE never exceeds the square root of the MSE of the same "
    f"errors. {impossible}. They are shown as printed and marked as impossible.",
    icon=":material/balance:",
)

sections.every_model()
sections.lists()
sections.where_models_err()
sections.how_sure()
sections.parts_of_lcrec()

if rows:
    st.header("Everything measured here", anchor=False)
    st.dataframe(tables.measured_table(rows), hide_index=True, alt="Errors of every model and data set measured here")
    st.caption(
        f"Only rows of {paper_facts.DATA} with the protocol *{Protocol.RANDOM}* may stand beside the paper's. "
        "The demo's people are simulated: its errors say how well the model learns them, and nothing about real people."
    )
