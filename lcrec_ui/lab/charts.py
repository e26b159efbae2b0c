"""Charts of the Laboratory."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from lcrec_ui.frame.charts import BLUE, GREY, ORANGE, TEAL, Chart, _layout
from lcrec_ui.frame.text import clean, in_chart, signed


def adds_up(title: str, start: tuple[str, float], parts: Mapping[str, float], result: str) -> Chart:
    """A waterfall: from where a prediction starts to what it is, in stars.

    Args:
        title: Of the chart.
        start: What it starts from, and its value.
        parts: What each part adds.
        result: What the end is called.
    """
    name, value = start
    end = value + sum(parts.values())
    labels = [name, *parts, result]
    figure = go.Figure(
        go.Waterfall(
            y=labels,
            x=[value, *parts.values(), None],
            measure=["absolute", *["relative"] * len(parts), "total"],
            orientation="h",
            text=[f"{value:.2f}", *(signed(added) for added in parts.values()), f"{end:.2f}"],
            textposition="outside",
            constraintext="none",
            cliponaxis=False,
            increasing={"marker": {"color": BLUE}},
            decreasing={"marker": {"color": ORANGE}},
            totals={"marker": {"color": TEAL}},
            connector={"line": {"color": GREY, "width": 1}},
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    _layout(figure, title, "Stars", "", height=110 + 34 * len(labels))
    reached = np.cumsum([value, *parts.values()])
    low, high = float(reached.min()), float(reached.max())
    room = 0.25 * max(high - low, 0.4)
    figure.update_xaxes(range=[low - 1.6 * room, high + 1.6 * room])
    figure.update_yaxes(autorange="reversed", categoryorder="array", categoryarray=labels)
    figure.update_layout(showlegend=False)
    added = "; ".join(f"{part} {signed(share)}" for part, share in parts.items())
    return Chart(figure, f"{title}: from {name} {value:.2f} to {result} {end:.2f}. {added}.")


def as_it_reads(read: Sequence[float], titles: Sequence[str]) -> Chart:
    """The prediction after each movie of the history that the LSTM has read.

    Args:
        read: T + 1 predictions, the first after the start step.
        titles: The T movies, in time order.
    """
    names = ["before the first", *(in_chart(title) for title in titles)]
    figure = go.Figure(
        go.Scatter(
            x=list(range(len(read))),
            y=list(read),
            mode="lines+markers" if len(read) <= 60 else "lines",
            line={"color": BLUE, "width": 2, "shape": "hv"},
            marker={"size": 5},
            customdata=names,
            hovertemplate="%{x} read, the last %{customdata}: %{y:.2f}<extra></extra>",
        )
    )
    _layout(figure, "The prediction while the LSTM reads", "Liked movies read, in time order", "Predicted rating")
    figure.update_layout(showlegend=False)
    changes = np.diff(np.asarray(read))
    said = f"The prediction goes from {read[0]:.2f} before the first movie to {read[-1]:.2f} after {len(titles)}"
    if len(changes):
        most = int(np.abs(changes).argmax())
        said += f"; most at {clean(titles[most])}, {signed(float(changes[most]))}"
    return Chart(figure, f"{said}.")
