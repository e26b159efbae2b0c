"""Charts of the Data page: Figure 4 of the paper, and what else the ratings show."""

import plotly.graph_objects as go

from lcrec_core.data.summary import DatasetStatistics, Histogram
from lcrec_ui.frame.charts import BLUE, GREY, MAGENTA, ORANGE, TEAL, VIOLET, Chart, _layout
from lcrec_ui.frame.text import clean, in_chart


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


def ratings_each(spread: Histogram, who: str, whom: str) -> Chart:
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
