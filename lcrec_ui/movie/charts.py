"""The charts of a movie's page: what you would give it beside what everybody gave, who gave what, and when."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lcrec_core.data.dataset import AGE_LABELS, RatingScale
from lcrec_core.data.movie_ratings import MovieRatings
from lcrec_ui.frame.charts import BLUE, GREY, ORANGE, TEAL, Chart, _layout

FEWEST_IN_GROUP = 5
"""A mean of fewer ratings says nothing of a group, or of a month."""
_GENDERS = (("F", "Women", ORANGE, "circle"), ("M", "Men", BLUE, "diamond"), ("", "Gender not known", GREY, "square"))
_NO_AGE = "Age not known"


def chances(values: pd.DataFrame, probabilities: np.ndarray | None) -> Chart:
    """How likely each rating is from the person, beside how often everybody gave it.

    Args:
        values: `MovieRatings.values`.
        probabilities: float (V,); None where the model says none.
    """
    labels = [f"{value:g}" for value in values["rating"]]
    figure, said = go.Figure(), []
    if probabilities is not None:
        figure.add_bar(
            x=labels,
            y=probabilities,
            name="You, as predicted",
            marker_color=ORANGE,
            hovertemplate="%{y:.0%} that you give %{x} stars<extra></extra>",
        )
        said.append(f"you most likely give {labels[int(np.argmax(probabilities))]} stars, {probabilities.max():.0%}")
    if values["count"].any():
        figure.add_bar(
            x=labels,
            y=values["share"],
            customdata=values["count"],
            name="Everybody",
            marker_color=GREY,
            hovertemplate="%{y:.0%} gave %{x} stars (%{customdata:,})<extra></extra>",
        )
        most = values.loc[values["count"].idxmax()]
        said.append(f"everybody most often gave {most['rating']:g}, {most['share']:.0%}")
    title = "Everybody's ratings" if probabilities is None else "The chance of each rating from you"
    _layout(figure, title, "Rating (stars)", "", height=300)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(type="category")
    figure.update_yaxes(tickformat=".0%")
    return Chart(figure, f"{title}: {'; '.join(said)}.")


def groups(ratings: MovieRatings) -> Chart | None:
    """What women and men of each age gave on average; None where no group is known or large enough."""
    table = ratings.groups[ratings.groups["ratings"] >= FEWEST_IN_GROUP]
    table = table.assign(age=table["age"].replace("", _NO_AGE))
    if table.empty or (set(table["age"]) == {_NO_AGE} and set(table["gender"]) == {""}):
        return None
    figure = go.Figure()
    for gender, name, colour, symbol in _GENDERS:
        theirs = table[table["gender"] == gender]
        if len(theirs):
            figure.add_scatter(
                x=theirs["mean_rating"],
                y=theirs["age"],
                customdata=theirs["ratings"],
                mode="markers",
                name=name,
                marker={"color": colour, "size": 12, "symbol": symbol},
                hovertemplate=f"{name}, %{{y}}: %{{x:.2f}} from %{{customdata:,}} ratings<extra></extra>",
            )
    _layout(figure, "Average by age and gender", "Average rating (stars)", "", height=320)
    figure.update_layout(showlegend=True)
    ages = [label for label in (*AGE_LABELS.values(), _NO_AGE) if label in set(table["age"])]
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=ages[::-1])
    best = table.loc[table["mean_rating"].idxmax()]
    words = {gender: name.lower() for gender, name, _, _ in _GENDERS}
    return Chart(
        figure,
        f"Average by age and gender in {len(table)} groups: highest among {words[best['gender']]}, {best['age']}, with "
        f"{best['mean_rating']:.2f} stars.",
    )


def in_time(ratings: MovieRatings, scale: RatingScale) -> Chart | None:
    """How many ratings each month, quarter or year brought, and their average; None where all are of one period."""
    table = ratings.periods
    if len(table) < 2:
        return None
    most = int(table["ratings"].max())
    enough = table["mean_rating"].where(table["ratings"] >= FEWEST_IN_GROUP)
    days = {"month": "%b %Y", "quarter": "quarter from %b %Y", "year": "%Y"}[ratings.period]
    figure = go.Figure()
    figure.add_bar(
        x=table["start"],
        y=table["ratings"],
        name=f"Ratings each {ratings.period}",
        marker_color=GREY,
        opacity=0.55,
        yaxis="y2",
        hovertemplate=f"%{{y:,}} ratings, %{{x|{days}}}<extra></extra>",
    )
    figure.add_scatter(
        x=table["start"],
        y=enough,
        mode="lines+markers",
        name="Average",
        connectgaps=True,
        line={"color": TEAL, "width": 2},
        hovertemplate=f"average %{{y:.2f}}, %{{x|{days}}}<extra></extra>",
    )
    _layout(figure, "Over time", "", "Average rating (stars)", height=320)
    figure.update_layout(
        showlegend=True,
        yaxis={"range": [scale.low - 0.1, scale.high + 0.1], "dtick": 1, "zeroline": False},
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "showgrid": False,
            "zeroline": False,
            # The bars keep to the lower third, below the line.
            "range": [0, 3 * most],
            "tickmode": "array",
            "tickvals": [0, most],
            "tickformat": ",",
            "fixedrange": True,
            "automargin": True,
        },
    )
    first, last = table["start"].iloc[0], table["start"].iloc[-1]
    return Chart(
        figure,
        f"Ratings each {ratings.period} from {first:%B %Y} to {last:%B %Y}, and their average where there are at least "
        f"{FEWEST_IN_GROUP}.",
    )
