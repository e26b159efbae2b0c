"""Every chart of the Data, Training and Compare pages: a figure and what it says in words.

Charts are built from small tables of aggregates, never from ratings. Colours come from one palette
that holds on a light and on a dark background and stays apart for colour-blind eyes; where two series
share a colour, line style or pattern tells them apart as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from lcrec_core.data.summary import DatasetStatistics, Spread
from lcrec_core.evaluation import results as evaluation_results
from lcrec_core.evaluation.bundle_results import BundleSummary
from lcrec_core.evaluation.paper_facts import RESULTS, TEST_MAE_RANGE, TEST_MSE_RANGE, PaperResult
from lcrec_core.evaluation.results import Summary
from lcrec_core.metrics.rating import GENRE
from lcrec_core.models.registry import FAMILIES
from lcrec_ui.frame.text import clean, in_chart

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


@dataclass(frozen=True)
class Curve:
    """The errors of one bundle over its training."""

    name: str
    history: pd.DataFrame
    """`epoch` and, for each metric, `train_<metric>` and `test_<metric>`; any of them may have gaps."""


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


def rating_distribution(stats: DatasetStatistics, *, papers_data: bool) -> Chart:
    """How often each value was given.

    Args:
        stats: The aggregates.
        papers_data: They are of the data set that the paper's Figure 4 shows.
    """
    counts = stats.rating_counts
    labels = [f"{value:g}" for value in counts["rating"]]
    figure = go.Figure(
        go.Bar(
            x=labels,
            y=counts["count"],
            marker_color=BLUE,
            text=[f"{share:.0%}" for share in counts["share"]],
            textposition="outside",
            cliponaxis=False,
            customdata=counts["share"],
            hovertemplate="%{x} stars: %{y:,} ratings (%{customdata:.1%})<extra></extra>",
        )
    )
    figure_four = ", as in the paper's Figure 4" if papers_data else ""
    _layout(figure, f"Ratings by value{figure_four}", "Rating (stars)", "Ratings")
    figure.update_xaxes(type="category")
    most = counts.loc[counts["count"].idxmax()]
    return Chart(
        figure,
        f"Number of ratings of each value: {most['rating']:g} stars is the most common with {most['count']:,.0f} "
        f"of {stats.ratings:,} ratings, {most['share']:.0%}.",
    )


def ratings_each(spread: Spread, who: str, whom: str) -> Chart:
    """Histogram with logarithmic bins: how many people (or movies) have how many ratings.

    Args:
        spread: The counts.
        who: What is counted, in the plural: people, movies.
        whom: One of them, for the title: person, movie.
    """
    bins = spread.histogram[spread.histogram["high"] >= spread.smallest]
    labels = [f"{low:,}" if low == high else f"{low:,}\u2013{high:,}" for low, high in bins[["low", "high"]].to_numpy()]
    figure = go.Figure(
        go.Bar(
            x=labels,
            y=bins["count"],
            marker_color=TEAL if whom == "person" else VIOLET,
            hovertemplate=f"%{{y:,}} {who} with %{{x}} ratings<extra></extra>",
        )
    )
    _layout(figure, f"Ratings per {whom}", f"Ratings per {whom} (bins widen by a constant factor)", who.capitalize())
    figure.update_xaxes(type="category", tickangle=-45)
    return Chart(
        figure,
        f"How many ratings each {whom} has: from {spread.smallest:,} to {spread.largest:,}, "
        f"half of the {who} {spread.median:,.0f} or fewer.",
    )


def genres(stats: DatasetStatistics) -> Chart:
    """Share of ratings and of movies per genre, most rated first."""
    table = stats.genres.iloc[::-1]
    hover = "%{y}: %{customdata[0]:,} movies, %{customdata[1]:,} ratings, mean %{customdata[2]:.2f}<extra></extra>"
    figure = go.Figure()
    for name, column, total, colour in (
        ("Share of movies", "movies", stats.movies, GREY),
        ("Share of ratings", "ratings", stats.ratings, BLUE),
    ):
        figure.add_bar(
            x=table[column] / total,
            y=[in_chart(genre) for genre in table["genre"]],
            orientation="h",
            name=name,
            marker_color=colour,
            customdata=table[["movies", "ratings", "mean_rating"]],
            hovertemplate=hover,
        )
    title = "Genres (a movie counts in each of its own)"
    _layout(figure, title, "Share of all movies, of all ratings", "", height=140 + 30 * len(table))
    figure.update_layout(barmode="group", legend_traceorder="reversed")
    figure.update_xaxes(tickformat=".0%")
    leaders = ", ".join(map(clean, stats.genres["genre"].head(3)))
    return Chart(figure, f"Share of movies and of ratings for {len(table)} genres; most rated are {leaders}.")


def release_years(stats: DatasetStatistics) -> Chart:
    """Movies by year of release."""
    table = stats.years
    figure = go.Figure(
        go.Bar(
            x=table["year"],
            y=table["movies"],
            marker_color=VIOLET,
            customdata=table[["ratings", "mean_rating"]],
            hovertemplate="%{x}: %{y:,} movies, %{customdata[0]:,} ratings, mean %{customdata[1]:.2f}<extra></extra>",
        )
    )
    _layout(figure, "Movies by year of release", "Year of release", "Movies")
    if table.empty:
        return Chart(figure, "No movie of this data set has a year of release.")
    first, last = table["year"].iloc[[0, -1]]
    most = table.loc[table["movies"].idxmax()]
    return Chart(
        figure,
        f"Movies by year of release, {first} to {last}; most are from {most['year']:.0f} ({most['movies']:.0f}).",
    )


def activity(stats: DatasetStatistics) -> Chart:
    """Ratings in each month, and how many people gave them."""
    table = stats.months
    figure = go.Figure(
        go.Bar(
            x=table["month"],
            y=table["ratings"],
            marker_color=ORANGE,
            customdata=table["people"],
            hovertemplate="%{x|%B %Y}: %{y:,} ratings by %{customdata:,} people<extra></extra>",
        )
    )
    _layout(figure, "Activity in time", "Month (UTC)", "Ratings per month")
    busiest = table.loc[table["ratings"].idxmax()]
    return Chart(
        figure,
        f"Ratings per month from {table['month'].iloc[0]:%B %Y} to {table['month'].iloc[-1]:%B %Y}; "
        f"most in {busiest['month']:%B %Y} with {busiest['ratings']:,}.",
    )


def ages(stats: DatasetStatistics) -> Chart:
    """People by age band and gender."""
    figure = go.Figure()
    patterns = {"F": ("Women", MAGENTA, "/"), "M": ("Men", BLUE, ""), "unknown": ("Not given", GREY, ".")}
    for column, (name, colour, pattern) in patterns.items():
        if stats.ages[column].any():
            figure.add_bar(
                x=stats.ages["age"],
                y=stats.ages[column],
                name=name,
                marker={"color": colour, "pattern_shape": pattern},
                hovertemplate=f"%{{x}}, {name.lower()}: %{{y:,}} people<extra></extra>",
            )
    _layout(figure, "People by age and gender", "Age band (years)", "People")
    figure.update_layout(barmode="stack")
    totals = stats.ages[["F", "M", "unknown"]].sum(axis=1)
    return Chart(figure, f"People by age band and gender; most are {stats.ages['age'][totals.idxmax()]} years old.")


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
        spreads = [getattr(ours, f"{metric}_spread") for _, ours in own]
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
        tables: For each model: by, group, ratings, mse, as `breakdown.errors_by_group` gives them.
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
        lines: For each model: ratings, confidence, right, as `breakdown.reliability` gives them.
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


def learning_curve(points: Sequence[evaluation_results.VariantResult]) -> Chart:
    """LCRec's error over how many ratings it learns from."""
    figure = go.Figure()
    ratings, errors = [point.ratings for point in points], [point.mse for point in points]
    _line(figure, 0, "LCRec", ratings, errors, "%{x:,} ratings: MSE %{y:.4f}<extra></extra>")
    _layout(figure, "What more ratings are worth", "Ratings trained on", "MSE, validation part (stars squared)")
    figure.update_xaxes(type="log", tickvals=ratings, tickformat=",")
    said = f"from {errors[0]:.3f} with {ratings[0]:,} to {errors[-1]:.3f} with {ratings[-1]:,}"
    return Chart(figure, f"LCRec's MSE over how many ratings it learns from: {said}.")
