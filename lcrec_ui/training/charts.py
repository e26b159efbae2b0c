"""How the errors of training runs fall (Figures 5 and 6)."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from lcrec_core.evaluation.paper_facts import TEST_MAE_RANGE, TEST_MSE_RANGE
from lcrec_ui.frame.charts import GREY, PALETTE, Chart, _layout
from lcrec_ui.frame.text import clean, in_chart


@dataclass(frozen=True)
class Curve:
    """The errors of one bundle over its training."""

    name: str
    history: pd.DataFrame
    """`epoch` and, for each metric, `train_<metric>` and `test_<metric>`; any of them may have gaps."""


def training_curves(curves: Sequence[Curve], metric: str, *, paper_band: bool) -> Chart:
    """The error on training and test part over the training of several bundles: the paper's Figure 5 or 6.

    Args:
        curves: One per bundle.
        metric: mse or mae.
        paper_band: Name the paper's figure and shade where its test curve settles: some of the bundles are trained
            on the paper's data.
    """
    figure = go.Figure()
    ends = []
    for number, curve in enumerate(curves):
        colour = PALETTE[number % len(PALETTE)]
        for part, dash, symbol in (("test", "solid", "circle"), ("train", "dot", "circle-open")):
            column = f"{part}_{metric}"
            if column not in curve.history:
                continue
            points = curve.history[["epoch", column]].dropna()
            if points.empty:
                continue
            name = f"{in_chart(curve.name)}, {'training' if part == 'train' else 'test'}"
            figure.add_scatter(
                x=points["epoch"],
                y=points[column],
                mode="lines+markers",
                name=name,
                line={"color": colour, "dash": dash, "width": 2},
                marker={"symbol": symbol, "size": 6},
                hovertemplate=f"{name}<br>after %{{x:.2f}} passes: {metric.upper()} %{{y:.4f}}<extra></extra>",
            )
            if part == "test":
                ends.append(f"{clean(curve.name)} ends at {points[column].iloc[-1]:.3f}")
    label, number = ("MSE", 5) if metric == "mse" else ("MAE", 6)
    unit = "stars squared" if metric == "mse" else "stars"
    papers_figure = f", as in the paper's Figure {number}" if paper_band else ""
    _layout(
        figure, f"{label} over the training{papers_figure}", "Passes over the training ratings", f"{label} ({unit})"
    )
    figure.update_layout(height=360 + 22 * len(curves), showlegend=True)
    figure.update_xaxes(rangemode="tozero")
    if paper_band:
        low, high = TEST_MSE_RANGE if metric == "mse" else TEST_MAE_RANGE
        figure.add_hrect(
            y0=low,
            y1=high,
            fillcolor=GREY,
            opacity=0.12,
            line_width=0,
            annotation={"text": "here the paper's test curve settles (MovieLens 1M)", "font": {"size": 11}},
            annotation_position="top right",
        )
    return Chart(figure, f"{label} on training and test part over the training. On the test part {'; '.join(ends)}.")
