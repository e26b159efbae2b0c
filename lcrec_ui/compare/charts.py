"""Charts of the Compare page."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from lcrec_core.evaluation.bundle_results import BundleSummary
from lcrec_core.evaluation.list_results import ListSummary
from lcrec_core.evaluation.paper_facts import RESULTS, PaperResult
from lcrec_core.evaluation.results import Summary, VariantResult
from lcrec_core.metrics.rating import GENRE
from lcrec_core.models.registry import FAMILIES
from lcrec_ui.frame.charts import BLUE, GREY, ORANGE, PALETTE, Chart, _layout
from lcrec_ui.frame.text import clean, in_chart


def compare_errors(metric: str, own: Sequence[tuple[PaperResult, BundleSummary]]) -> Chart:
    """Table VII as bars: the paper's errors and ours, with what is arithmetically possible marked for the MAE.

    Args:
        metric: mse or mae.
        own: Our measurement for each of the paper's models that we have measured.
    """
    label = metric.upper()
    rows = RESULTS[::-1]
    measured = {paper.label for paper, _ in own}
    figure = go.Figure()
    for name, pattern, bars in (
        ("The paper (Table VII)", "", [row for row in rows if metric == "mse" or row.possible]),
        ("The paper, impossible", "x", [row for row in rows if metric == "mae" and not row.possible]),
    ):
        note = "<br>impossible: its MSE allows at most %{customdata:.3f}" if pattern else ""
        figure.add_bar(
            x=[getattr(row, metric) for row in bars],
            y=[row.label for row in bars],
            # A model that only the paper measured has one bar, in the middle of its line.
            offset=[0.02 if row.label in measured else -0.18 for row in bars],
            width=0.36,
            orientation="h",
            name=name,
            visible=bool(bars),
            marker={"color": BLUE, "pattern_shape": pattern, "line": {"color": BLUE, "width": 1 if pattern else 0}},
            text=[f"{getattr(row, metric):.3f}" for row in bars],
            textposition="outside",
            constraintext="none",
            cliponaxis=False,
            customdata=[row.largest_mae for row in bars],
            hovertemplate=f"%{{y}}, the paper: {label} %{{x:.3f}}{note}<extra></extra>",
        )
    if own:
        values = [getattr(ours, metric) for _, ours in own]
        spreads = [getattr(ours, f"{metric}_std") for _, ours in own]
        figure.add_bar(
            x=values,
            y=[paper.label for paper, _ in own],
            offset=-0.38,
            width=0.36,
            error_x={"type": "data", "array": [spread or 0 for spread in spreads], "visible": any(spreads)},
            orientation="h",
            name="Measured by us",
            marker_color=ORANGE,
            text=[f"  {value:.3f}" for value in values],
            textposition="outside",
            constraintext="none",
            cliponaxis=False,
            customdata=[len(ours.seeds) for _, ours in own],
            hovertemplate=f"%{{y}}, measured by us: {label} %{{x:.4f}} (seeds: %{{customdata}})<extra></extra>",
        )
    if metric == "mae":
        figure.add_scatter(
            x=[row.largest_mae for row in rows],
            y=[row.label for row in rows],
            mode="markers",
            name="Largest MAE its MSE allows",
            marker={"symbol": "line-ns-open", "size": 22, "color": GREY, "line": {"width": 3}},
            hovertemplate="%{y}: at most %{x:.3f}, the root of its MSE<extra></extra>",
        )
    unit = "stars squared" if metric == "mse" else "stars"
    title = f"{label}, the paper's and ours (less is better)"
    _layout(figure, title, f"{label} on the test part ({unit})", "", height=480 if metric == "mae" else 450)
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(range=[0, 1.45 if metric == "mae" else 1.25])
    figure.update_yaxes(categoryorder="array", categoryarray=[row.label for row in rows])
    ours = "; ".join(f"we measured {getattr(m, metric):.3f} for {paper.label}" for paper, m in own)
    best = min(RESULTS, key=lambda row: getattr(row, metric))
    paper = f"The paper's {label} by model, lowest {getattr(best, metric):.3f} for {best.label}"
    return Chart(figure, f"{paper}; {ours or 'we measured none of them'}.")


SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")
"""With the palette, so that lines of one colour stay apart."""


def _line(figure: go.Figure, number: int, name: str, x: Sequence, y: Sequence, hover: str) -> None:
    figure.add_scatter(
        x=list(x),
        y=list(y),
        mode="lines+markers",
        name=name,
        line={"color": PALETTE[number % len(PALETTE)], "dash": "solid" if number < len(PALETTE) else "dot", "width": 2},
        marker={"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 7},
        hovertemplate=hover,
    )


def errors_by_group(tables: Mapping[str, pd.DataFrame], by: str) -> Chart:
    """MSE of several models over groups of test ratings.

    Args:
        tables: For each model: by, group, ratings, mse, as `metrics.rating.errors_by_group` gives them.
        by: What to group by.
    """
    figure = go.Figure()
    ends = []
    for number, (label, table) in enumerate(tables.items()):
        groups = table[table["by"] == by]
        names = [in_chart(group) for group in groups["group"]]
        hover = f"{label}, %{{x}}: MSE %{{y:.3f}} over %{{customdata:,}} test ratings<extra></extra>"
        _line(figure, number, label, names, groups["mse"], hover)
        figure.data[-1].customdata = groups["ratings"]
        if by == GENRE:
            figure.data[-1].mode = "markers"
        if len(groups):
            worst, best = groups.loc[groups["mse"].idxmax()], groups.loc[groups["mse"].idxmin()]
            low, high = clean(best["group"]), clean(worst["group"])
            ends.append(f"{label} from {best['mse']:.2f} ({low}) to {worst['mse']:.2f} ({high})")
    _layout(figure, f"MSE by {by}", by.capitalize(), "MSE (stars squared)", height=420 + 11 * len(tables))
    figure.update_layout(showlegend=True)
    figure.update_xaxes(type="category", tickangle=-45)
    return Chart(figure, f"MSE by {by}. {'; '.join(ends)}.")


def reliability(lines: Mapping[str, pd.DataFrame], title: str, low: float = 0.2) -> Chart:
    """How often something was so, over how likely it was said to be.

    Args:
        lines: For each model: ratings, confidence, right, as `metrics.distribution.reliability` gives them.
        title: What is meant.
        low: The least chance that can be given.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[low, 1],
        y=[low, 1],
        mode="lines",
        name="As it should be",
        line={"color": GREY, "dash": "dash"},
        hoverinfo="skip",
    )
    for number, (label, table) in enumerate(lines.items()):
        hover = f"{label}: said %{{x:.0%}}, was so %{{y:.0%}} of %{{customdata:,}} times<extra></extra>"
        _line(figure, number, label, table["confidence"], table["right"], hover)
        figure.data[-1].customdata = table["ratings"]
    _layout(figure, title, "How likely the model said it was", "How often it was so", height=400)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(tickformat=".0%")
    figure.update_yaxes(tickformat=".0%")
    ends = "; ".join(
        f"{label} says {table['confidence'].iloc[-1]:.0%} where {table['right'].iloc[-1]:.0%} are right"
        for label, table in lines.items()
    )
    return Chart(figure, f"{title}, over what the models say. At their surest, {ends}.")


def new_people(rows: Sequence[Summary]) -> Chart:
    """MSE for people who are new, over how many of their ratings are given."""
    figure = go.Figure()
    ends = []
    for row in FAMILIES:
        points = sorted((summary for summary in rows if summary.row == row), key=lambda summary: summary.given or 0)
        if not points:
            continue
        name = FAMILIES[row].label + (", trained again" if points[0].results[0].trained_with_them else "")
        given, errors = [str(point.given) for point in points], [point.mean("mse") for point in points]
        hover = f"{name}, %{{x}} given: MSE %{{y:.3f}}<extra></extra>"
        _line(figure, len(figure.data), name, given, errors, hover)
        ends.append(f"{name} {errors[-1]:.3f} with {given[-1]} given")
    _layout(figure, "New people: MSE by the ratings given", "Ratings given", "MSE (stars squared)", height=540)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=["5", "10", "20", "50"])
    return Chart(figure, f"MSE for new people over how many of their ratings are given: {'; '.join(ends)}.")


def lists_by_given(rows: Sequence[ListSummary]) -> Chart:
    """NDCG@10 of new people's lists over how many of their ratings are given, a line a model."""
    figure = go.Figure()
    ends = []
    given = sorted({row.given for row in rows if row.given is not None})
    # The best first: it has a colour and a dash that no other has before it.
    best_first = sorted(rows, key=lambda row: (-(row.given or 0), -row.mean("ndcg_10")))
    for name in dict.fromkeys(row.row for row in best_first):
        points = sorted((row for row in rows if row.row == name), key=lambda row: row.given or 0)
        label, gains = points[0].label, [point.mean("ndcg_10") for point in points]
        hover = f"{label}, %{{x}} given: NDCG@10 %{{y:.3f}}<extra></extra>"
        _line(figure, len(figure.data), label, [str(point.given) for point in points], gains, hover)
        ends.append(f"{label} from {gains[0]:.3f} with {points[0].given} to {gains[-1]:.3f} with {points[-1].given}")
    title = "Lists for new people (more is better)"
    _layout(figure, title, "Ratings given", "NDCG@10", height=420 + 11 * len(ends))
    figure.update_layout(showlegend=True)
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=[str(count) for count in given])
    said = f"NDCG@10 of lists for new people over how many of their ratings are given: {'; '.join(ends)}."
    return Chart(figure, said)


def learning_curve(points: Sequence[VariantResult]) -> Chart:
    """LCRec's error over how many ratings it learns from."""
    figure = go.Figure()
    ratings, errors = [point.ratings for point in points], [point.mse for point in points]
    _line(figure, 0, "LCRec", ratings, errors, "%{x:,} ratings: MSE %{y:.4f}<extra></extra>")
    _layout(figure, "What more ratings are worth", "Ratings trained on", "MSE, validation part (stars squared)")
    figure.update_xaxes(type="log", tickvals=ratings, tickformat=",")
    said = f"from {errors[0]:.3f} with {ratings[0]:,} to {errors[-1]:.3f} with {ratings[-1]:,}"
    return Chart(figure, f"LCRec's MSE over how many ratings it learns from: {said}.")
