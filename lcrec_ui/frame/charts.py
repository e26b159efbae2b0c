"""Every chart of the Data, Training and Compare pages: a figure and what it says in words.

Charts are built from small tables of aggregates, never from ratings. Colours come from one palette
that holds on a light and on a dark background and stays apart for colour-blind eyes; where two series
share a colour, line style or pattern tells them apart as well.
"""

from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

PALETTE = ("#2F7FC1", "#D9730D", "#8A6FE8", "#0E9F8E", "#B5479B", "#8C8C8C")
"""Each has a contrast of at least 3:1 on white and on the dark background."""
BLUE, ORANGE, VIOLET, TEAL, MAGENTA, GREY = PALETTE

# Dragging would zoom the chart where a finger wants to scroll the page.
_CONFIG = {"displayModeBar": False, "scrollZoom": False}
# Anchored to the figure, the legend makes room for itself however many lines it needs on a phone.
_LEGEND_BELOW = {"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0, "title": None}


@dataclass(frozen=True)
class Chart:
    """A figure with the sentence a screen reader gets in its place."""

    figure: go.Figure
    alt: str


def draw(chart: Chart, key: str) -> None:
    """Put a chart on the page."""
    st.plotly_chart(chart.figure, theme="streamlit", key=key, config=_CONFIG, alt=chart.alt)


def _layout(figure: go.Figure, title: str, x: str, y: str, *, height: int = 340) -> go.Figure:
    figure.update_layout(
        title={"text": title, "x": 0, "xanchor": "left"},
        height=height,
        dragmode=False,
        bargap=0.15,
        margin={"l": 8, "r": 8, "t": 48, "b": 8},
        hoverlabel={"align": "left"},
        legend=_LEGEND_BELOW,
    )
    figure.update_xaxes(title=x, automargin=True, fixedrange=True)
    figure.update_yaxes(title=y, automargin=True, fixedrange=True)
    return figure
