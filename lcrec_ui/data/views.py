"""What the Data page shows of a data set, computed once per data set and shared by all sessions."""

from datetime import UTC, datetime

import streamlit as st

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.summary import DatasetStatistics
from lcrec_core.evaluation import paper_facts
from lcrec_ui.data import charts as data_charts
from lcrec_ui.data.encoded import PADDING, BeforeAfter, PaperTables, tables_of
from lcrec_ui.frame import charts, lookups, places
from lcrec_ui.frame.tables import html_table


# A data set is told from another by being another object. The cached value holds on to it, so that
# its id cannot pass to a later one.
@st.cache_resource(max_entries=3, show_spinner="Encoding users and movies…", hash_funcs={Dataset: id})
def _tables(data: Dataset) -> tuple[Dataset, PaperTables]:
    return data, tables_of(data)


def sizes(stats: DatasetStatistics) -> None:
    """The data set in six numbers."""
    first, last = (datetime.fromtimestamp(t, UTC) for t in (stats.first_time, stats.last_time))
    with st.grid(6, min_column_width=120):
        st.metric("People", f"{stats.people:,}")
        st.metric("Movies", f"{stats.movies:,}", help=f"{stats.per_movie.without:,} of them without any rating.")
        st.metric("Ratings", f"{stats.ratings:,}")
        st.metric("Mean rating", f"{stats.mean_rating:.2f}", help="In stars.")
        st.metric("Density", f"{stats.density:.1%}", help="Share of all pairs of person and movie with a rating.")
        st.metric("Years", f"{first:%Y}\u2013{last:%Y}", help=f"First rating {first:%d %B %Y}, last {last:%d %B %Y}.")


def all_charts(data: Dataset) -> None:
    """How the ratings are spread, and what else describes the data set."""
    stats = lookups.statistics(data.name)
    # Row by row, so that a phone shows them in this order too.
    left, right = st.columns(2)
    with left:
        papers_data = paper_facts.shows_paper_rows(data)
        with places.place("figure-4"):
            charts.draw(data_charts.rating_distribution(stats, papers_data=papers_data), "chart_ratings")
    with right:
        charts.draw(data_charts.activity(stats), "chart_activity")
    left, right = st.columns(2)
    with left:
        charts.draw(data_charts.ratings_each(stats.per_person, "people", "person"), "chart_people")
    with right:
        charts.draw(data_charts.ratings_each(stats.per_movie, "movies", "movie"), "chart_movies")
    left, right = st.columns(2)
    with left:
        charts.draw(data_charts.release_years(stats), "chart_years")
        if not stats.ages.empty:
            charts.draw(data_charts.ages(stats), "chart_ages")
    with right:
        charts.draw(data_charts.genres(stats), "chart_genres")


def preparation(data: Dataset) -> None:
    """Tables I to V: some rows as the files give them, and as the network sees them."""
    tables = _tables(data)[1]
    if tables.are_the_papers_rows:
        whose = "the paper's"
        st.markdown("The rows that the paper shows, from your copy of MovieLens 1M.")
    else:
        whose = "as in the paper's"
        st.markdown(
            "The first rows of this data set; the paper shows users 11\u201316, movies 11\u201316 and user 1 "
            "of MovieLens 1M."
        )
    st.caption(
        f"Numbers are written as in the paper: a value's place in its dictionary, from 0 on; {PADDING} is padding. "
        "The network adds 2 to each, because index 0 stands for padding and 1 for unknown values. "
        "Dictionaries are made from the training part alone."
    )
    _before_after(
        "Users", tables.users, ("table-1", f"{whose} Table I"), ("table-2", f"{whose} Table II"),
        "Gender becomes 0 or 1, age one of seven levels 0\u20136, the occupation its place in the alphabet "
        "(the paper keeps MovieLens' own codes). Zip codes are never read.",
    )  # fmt: skip
    _before_after(
        "Movies", tables.movies, ("table-3", f"{whose} Table III"), ("table-4", f"{whose} Table IV"),
        f"Each genre and each title word becomes its number; genre lists are padded to {tables.genre_places} places, "
        f"titles to {tables.word_places}. The year is not a title word.",
    )  # fmt: skip
    _before_after(
        "Ratings", tables.ratings, ("table-5", f"{whose} Table V"), ("", f"{whose} Table V, encoded"),
        "Each person's ratings are put in the order of time; "
        f"those of {paper_facts.LIKED_FROM} stars or more are the history that the LSTM reads.",
    )  # fmt: skip


def _before_after(title: str, tables: BeforeAfter, before: tuple[str, str], after: tuple[str, str], note: str) -> None:
    """Some rows before and after; each table with the name of its place and what it is called."""
    st.header(title, anchor=False)
    st.markdown(note)
    for column, frame, (place, name), state in zip(
        st.columns(2), (tables.before, tables.after), (before, after), ("before", "after"), strict=True
    ):
        with column, places.place(place) if place else st.container():
            st.markdown(f"**{state.capitalize()}** ({name})")
            html_table(frame, f"{title} {state} preprocessing ({name})")
