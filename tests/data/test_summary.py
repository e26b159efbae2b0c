"""Aggregates for the charts, against counts made by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcrec_core.data.dataset import HALF_STARS, WHOLE_STARS, Dataset, RatingScale
from lcrec_core.data.summary import log_bins, summarise

JANUARY = 978_307_200  # 2001-01-01T00:00:00Z
MARCH = JANUARY + (31 + 28) * 86_400


def small_data(scale: RatingScale = WHOLE_STARS, **columns: list) -> Dataset:
    users = pd.DataFrame(
        {
            "user_id": [1, 2, 3],
            "gender": columns.get("gender", ["F", "M", None]),
            "age": pd.array(columns.get("age", [25, 25, 56]), dtype="Int64"),
            "occupation": ["artist", None, "writer"],
        }
    )
    movies = pd.DataFrame(
        {
            "movie_id": [10, 20, 30, 40],
            "title": ["Anchor (1990)", "Bridge (1990)", "Canyon (1993)", "Dust"],
            "year": pd.array([1990, 1990, 1993, None], dtype="Int64"),
            "genres": ["Drama|War", "Drama", "", "Comedy"],
        }
    )
    ratings = pd.DataFrame(
        {
            "user_id": [1, 1, 1, 2],
            "movie_id": [10, 20, 30, 10],
            "rating": [5, 3, 4, 2],
            "timestamp": [JANUARY, JANUARY + 9, MARCH, MARCH],
        }
    )
    return Dataset("small", users, movies, ratings, scale)


def test_sizes_and_times():
    s = summarise(small_data())
    assert (s.people, s.movies, s.ratings, s.mean_rating) == (3, 4, 4, 3.5)
    assert (s.first_time, s.last_time) == (JANUARY, MARCH)
    assert s.density == pytest.approx(4 / 12)


def test_every_value_of_the_scale_is_counted_even_when_nobody_gave_it():
    counts = summarise(small_data()).rating_counts
    assert counts["rating"].tolist() == [1, 2, 3, 4, 5]
    assert counts["count"].tolist() == [0, 1, 1, 1, 1]
    assert counts["share"].sum() == pytest.approx(1)


def test_half_stars_have_ten_values():
    counts = summarise(small_data(HALF_STARS)).rating_counts
    assert len(counts) == 10
    assert counts.loc[counts["count"] > 0, "rating"].tolist() == [2, 3, 4, 5]


def test_ratings_per_person_and_per_movie():
    s = summarise(small_data())
    assert (s.per_person.smallest, s.per_person.median, s.per_person.largest, s.per_person.without) == (1, 2.0, 3, 1)
    assert (s.per_movie.smallest, s.per_movie.largest, s.per_movie.without) == (1, 2, 1)
    by_low = s.per_movie.histogram.set_index("low")["count"]
    assert by_low[1] == 2
    assert by_low[2] == 1


def test_genres_count_a_movie_once_for_each_of_its_genres():
    genres = summarise(small_data()).genres.set_index("genre")
    assert genres.index.tolist() == ["Drama", "War", "Comedy"]
    assert genres.loc["Drama", ["movies", "ratings"]].tolist() == [2, 3]
    assert genres.loc["Drama", "mean_rating"] == pytest.approx((5 + 2 + 3) / 3)
    assert np.isnan(genres.loc["Comedy", "mean_rating"])


def test_years_without_movies_are_rows_of_zero():
    years = summarise(small_data()).years
    assert years["year"].tolist() == [1990, 1991, 1992, 1993]
    assert years["movies"].tolist() == [2, 0, 0, 1]
    assert years["ratings"].tolist() == [3, 0, 0, 1]


def test_months_count_a_person_once():
    months = summarise(small_data()).months
    assert months["month"].dt.strftime("%Y-%m").tolist() == ["2001-01", "2001-02", "2001-03"]
    assert months["ratings"].tolist() == [2, 0, 2]
    assert months["people"].tolist() == [1, 0, 2]


def test_ages_by_gender():
    ages = summarise(small_data()).ages.set_index("age")
    assert len(ages) == 7
    assert ages.loc["25-34"].to_dict() == {"F": 1, "M": 1, "unknown": 0}
    assert ages.loc["56 and over"].to_dict() == {"F": 0, "M": 0, "unknown": 1}


def test_a_data_set_without_ages_has_no_table_of_ages():
    assert summarise(small_data(age=[None, None, None])).ages.empty


@given(st.integers(1, 100_000))
def test_log_bins_hold_every_count_up_to_the_largest(largest: int):
    ends = log_bins(largest)
    assert ends[0] == 1
    assert (np.diff(ends) >= 1).all()
    assert ends[-2] <= largest < ends[-1]


@pytest.mark.parametrize("scale", [WHOLE_STARS, HALF_STARS])
def test_four_of_five_stars_are_good(scale):
    assert scale.like_threshold == 4
