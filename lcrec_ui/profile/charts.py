"""The charts of the Profile page: a person's ratings in time, and beside everybody's."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lcrec_core.data.dataset import RatingScale
from lcrec_core.serving.hindsight import MODEL, MOVIE_MEAN, Hindsight
from lcrec_ui.frame.charts import BLUE, GREY, ORANGE, Chart
from lcrec_ui.frame.text import clean, in_chart

_STEPS_OF_MEAN = 15
"""Ratings in the moving mean of the chart in time."""


def in_time(history: pd.DataFrame, scale: RatingScale) -> Chart:
    """Every rating of a person, with their moving mean.

    Args:
        history: `time`, `title`, `rating`, the latest first; see `taste.history`.
        scale: The range of the ratings.
    """
    table = history.iloc[::-1]
    figure = go.Figure()
    figure.add_scatter(
        x=table["time"],
        y=table["rating"],
        mode="markers",
        name="A rating",
        marker={"color": BLUE, "size": 7, "opacity": 0.55},
        customdata=[in_chart(title) for title in table["title"]],
        hovertemplate="%{customdata}<br>%{y:g} stars, %{x|%d %b %Y}<extra></extra>",
    )
    if len(table) >= 2 * _STEPS_OF_MEAN:
        figure.add_scatter(
            x=table["time"],
            y=table["rating"].rolling(_STEPS_OF_MEAN).mean(),
            mode="lines",
            name=f"Mean of the last {_STEPS_OF_MEAN}",
            line={"color": ORANGE, "width": 2},
            hovertemplate="mean %{y:.2f}, %{x|%d %b %Y}<extra></extra>",
        )
    _layout(figure, "Ratings in time", "Date", "Rating (stars)")
    figure.update_yaxes(range=[scale.low - 0.3, scale.high + 0.3], dtick=1)
    first, last = table["time"].iloc[0], table["time"].iloc[-1]
    if last - first < pd.Timedelta(hours=1):
        # Left alone, the axis of a single rating is marked in milliseconds.
        figure.update_xaxes(range=[first - pd.Timedelta(minutes=30), last + pd.Timedelta(minutes=30)])
    return Chart(
        figure,
        f"{len(table):,} ratings from {first:%d %B %Y} to {last:%d %B %Y}, {table['rating'].mean():.2f} on average.",
    )


def rating_shares(shares: pd.DataFrame, who: str) -> Chart:
    """How often a person and everybody gave each rating; see `taste.rating_shares`."""
    labels = [f"{value:g}" for value in shares["rating"]]
    figure = go.Figure()
    for name, column, colour in ((in_chart(who), "theirs", ORANGE), ("Everybody", "everybodys", GREY)):
        figure.add_bar(
            x=labels,
            y=shares[column],
            name=name,
            marker_color=colour,
            hovertemplate=f"{name}: %{{y:.0%}} of ratings are %{{x}} stars<extra></extra>",
        )
    _layout(figure, "How the stars are given", "Rating (stars)", "Share of ratings")
    figure.update_xaxes(type="category")
    figure.update_yaxes(tickformat=".0%")
    most = shares.loc[shares["theirs"].idxmax()]
    return Chart(
        figure,
        f"Share of each rating: {clean(who)} gives {most['rating']:g} stars most often, {most['theirs']:.0%} of the "
        f"time; everybody does {most['everybodys']:.0%} of the time.",
    )


def genre_tastes(genres: pd.DataFrame, who: str) -> Chart:
    """Mean rating per genre of a person and of everybody, joined by a line; see `taste.genres`."""
    best = genres.iloc[0]
    return Chart(
        _tastes(genres, "genre", "Tastes by genre", who),
        f"Mean rating in {len(genres)} genres: {clean(who)} likes {clean(best['genre'])} best, {best['theirs']:.2f} "
        f"stars against everybody's {best['everybodys']:.2f}.",
    )


def decade_tastes(decades: pd.DataFrame, who: str) -> Chart:
    """The same per decade of release, the oldest on top; see `taste.decades`."""
    best = decades.loc[decades["theirs"].idxmax()]
    return Chart(
        _tastes(decades, "decade", "Tastes by decade", who),
        f"Mean rating in {len(decades)} decades: {clean(who)} likes films of the {best['decade']} best, "
        f"{best['theirs']:.2f} stars against everybody's {best['everybodys']:.2f}.",
    )


def _tastes(tastes: pd.DataFrame, column: str, title: str, who: str) -> go.Figure:
    table = tastes.iloc[::-1]
    figure = go.Figure()
    for name, theirs, everybodys in zip(table[column], table["theirs"], table["everybodys"], strict=True):
        figure.add_scatter(
            x=[everybodys, theirs],
            y=[in_chart(name)] * 2,
            mode="lines",
            line={"color": GREY, "width": 2},
            showlegend=False,
            hoverinfo="skip",
        )
    for name, of, colour, symbol in (
        ("Everybody", "everybodys", GREY, "circle-open"),
        (in_chart(who), "theirs", ORANGE, "circle"),
    ):
        figure.add_scatter(
            x=table[of],
            y=[in_chart(row) for row in table[column]],
            mode="markers",
            name=name,
            marker={"color": colour, "size": 11, "symbol": symbol, "line": {"width": 2}},
            customdata=table["ratings"],
            hovertemplate=f"%{{y}}, {name}: %{{x:.2f}}"
            + (" from %{customdata:,} ratings" if of == "theirs" else "")
            + "<extra></extra>",
        )
    _layout(figure, title, "Mean rating (stars)", "", height=150 + 26 * len(table))
    figure.update_yaxes(type="category")
    return figure


def expected_and_given(found: Hindsight, titles: Sequence[str], scale: RatingScale) -> Chart:
    """Every rating over what the model expected of it; see `hindsight`.

    Args:
        found: At least one rating.
        titles: Of the movies, in the same order.
        scale: The range of the ratings.
    """
    figure, expected = go.Figure(), found.expected[MODEL]
    figure.add_scatter(
        x=[scale.low, scale.high],
        y=[scale.low, scale.high],
        mode="lines",
        name="As expected",
        line={"color": GREY, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=expected,
        y=found.ratings,
        mode="markers",
        name="A rating",
        marker={"color": BLUE, "size": 7, "opacity": 0.55},
        customdata=[in_chart(title) for title in titles],
        hovertemplate="%{customdata}<br>given %{y:g}, expected %{x:.2f}<extra></extra>",
    )
    _layout(figure, "Given, over what was expected", "Expected beforehand (stars)", "Given (stars)")
    edges = [scale.low - 0.3, scale.high + 0.3]
    figure.update_xaxes(range=edges, dtick=1)
    figure.update_yaxes(range=edges, dtick=1)
    off = np.abs(expected - found.ratings)
    return Chart(
        figure,
        f"{len(found):,} ratings over what was expected of each: {np.mean(off <= 0.5):.0%} of them within half a star, "
        f"{np.mean(off > 1.5):.0%} off by more than one and a half.",
    )


def error_over_time(found: Hindsight, window: int) -> Chart:
    """How far the last ratings were off on average, as the history grew; see `Hindsight.running`.

    Args:
        found: At least `window` ratings.
        window: How many ratings a mean is of.
    """
    running = found.running(window)
    figure, after = go.Figure(), np.arange(window, len(found) + 1)
    for name, by, colour, dash in (
        ("The movies' averages", MOVIE_MEAN, GREY, "dot"),
        ("The model", MODEL, ORANGE, "solid"),
    ):
        figure.add_scatter(
            x=after,
            y=running[by],
            mode="lines",
            name=name,
            line={"color": colour, "width": 2, "dash": dash},
            hovertemplate=f"{name}: %{{y:.2f}} stars off, up to rating %{{x}}<extra></extra>",
        )
    _layout(figure, f"How far off, mean of {window} ratings", "Number of the rating", "Stars off")
    figure.update_yaxes(rangemode="tozero")
    first, last = running[MODEL][0], running[MODEL][-1]
    return Chart(
        figure,
        f"The model was off by {first:.2f} stars in the first {window} ratings and by {last:.2f} in the last; the "
        f"movies' averages by {running[MOVIE_MEAN][0]:.2f} and {running[MOVIE_MEAN][-1]:.2f}.",
    )


def _layout(figure: go.Figure, title: str, x: str, y: str, height: int = 340) -> None:
    figure.update_layout(
        title={"text": title, "x": 0, "xanchor": "left"},
        height=height,
        dragmode=False,
        margin={"l": 8, "r": 8, "t": 48, "b": 8},
        hoverlabel={"align": "left"},
        legend={"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0, "title": None},
    )
    figure.update_xaxes(title=x, automargin=True, fixedrange=True)
    figure.update_yaxes(title=y, automargin=True, fixedrange=True)
