"""Tables derived from a data set once and shared by all sessions: people, movies, titles, aggregates."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from lcrec_core.data.dataset import Col, split_genres
from lcrec_core.data.movie_ratings import MovieRatings, ratings_of
from lcrec_core.data.summary import DatasetStatistics, summarise
from lcrec_core.data.titles import spoken
from lcrec_core.serving.matching import Matcher
from lcrec_core.serving.search import TitleIndex
from lcrec_ui.frame import once
from lcrec_ui.frame.loaders import dataset, file_stamp


@once.a_run
def title_index(name: str) -> TitleIndex:
    """The titles of a data set, ready to be searched."""
    return _title_index(name, file_stamp(name))


@once.a_run
def matcher(name: str) -> Matcher:
    """The movies of a data set, ready for the films of somebody's history."""
    return _matcher(name, file_stamp(name))


@once.a_run
def statistics(name: str) -> DatasetStatistics:
    """The aggregates of a data set."""
    return _statistics(name, file_stamp(name))


@st.cache_resource(max_entries=3, show_spinner=False)
def _title_index(name: str, stamp: str) -> TitleIndex:
    return TitleIndex.of(dataset(name))


@st.cache_resource(max_entries=3, show_spinner=False)
def _matcher(name: str, stamp: str) -> Matcher:
    return Matcher.of(dataset(name))


@st.cache_resource(max_entries=3, show_spinner="Counting ratings…")
def _statistics(name: str, stamp: str) -> DatasetStatistics:
    return summarise(dataset(name))


def movie_ratings(name: str, movie_id: int) -> MovieRatings:
    """What everybody gave one movie of a data set."""
    return ratings_of(dataset(name), movie_id)


@dataclass(frozen=True)
class Movie:
    """What the pages say of a movie."""

    title: str
    """As people say it."""
    year: int | None
    genres: tuple[str, ...]
    mean_rating: float
    """What people gave on average; NaN where nobody rated it."""
    num_ratings: int


@once.a_run
def movies(data_name: str) -> Mapping[int, Movie]:
    """The movies of a data set by id."""
    return _movies(data_name, file_stamp(data_name))


@st.cache_resource(max_entries=3, show_spinner=False)
def _movies(name: str, stamp: str) -> dict[int, Movie]:
    data = dataset(name)
    table = data.movies[[Col.MOVIE, Col.TITLE, Col.YEAR, Col.GENRES]].itertuples(index=False, name=None)
    counts = data.num_ratings.tolist()
    return {
        movie_id: Movie(
            spoken(str(title)), None if pd.isna(year) else int(year), tuple(split_genres(genres)), mean, count
        )
        for (movie_id, title, year, genres), mean, count in zip(table, movie_means(name), counts, strict=True)
    }


@once.a_run
def people(data_name: str) -> pd.DataFrame:
    """The people of a data set and how many ratings each gave, in the column `ratings`."""
    return _people(data_name, file_stamp(data_name))


@st.cache_resource(max_entries=3, show_spinner=False)
def _people(name: str, stamp: str) -> pd.DataFrame:
    data = dataset(name)
    return data.users.assign(ratings=np.diff(data.offsets))


@once.a_run
def movie_means(data_name: str) -> pd.Series:
    """What people gave each movie on average, by movie id; NaN where nobody rated it."""
    data = dataset(data_name)
    return pd.Series(data.mean_ratings, index=data.movie_ids)


@once.a_run
def genres(data_name: str) -> list[str]:
    """Every genre of a data set, sorted."""
    return _genres(data_name, file_stamp(data_name))


@st.cache_resource(max_entries=3, show_spinner=False)
def _genres(name: str, stamp: str) -> list[str]:
    return dataset(name).genres


@once.a_run
def decades(data_name: str) -> list[int]:
    """First years of the decades that a data set's movies come from, oldest first."""
    return _decades(data_name, file_stamp(data_name))


@st.cache_resource(max_entries=3, show_spinner=False)
def _decades(name: str, stamp: str) -> list[int]:
    years = dataset(name).movies[Col.YEAR].dropna().to_numpy(np.int64)
    return [int(first) for first in np.unique(years // 10 * 10)]
