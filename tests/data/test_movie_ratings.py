"""What everybody gave one movie, against tables made by hand."""

import numpy as np
import pandas as pd
import pytest

from lcrec_core.data.dataset import HALF_STARS, WHOLE_STARS, Col, Dataset
from lcrec_core.data.movie_ratings import MOST_PERIODS, ratings_of
from lcrec_core.errors import ProfileError
from tests.made_up import made_up

DAY = 86_400
JANUARY = 978_307_200  # 2001-01-01T00:00:00Z
MARCH = JANUARY + (31 + 28) * DAY


def data_of(ratings: list[tuple[int, int, float, int]], *, scale=WHOLE_STARS, anonymous: bool = False) -> Dataset:
    users = pd.DataFrame(
        {
            "user_id": [1, 2, 3],
            "gender": [None, None, None] if anonymous else ["F", "M", None],
            "age": pd.array([None, None, None] if anonymous else [25, 25, 56], dtype="Int64"),
            "occupation": [None, None, None],
        }
    )
    movies = pd.DataFrame(
        {
            "movie_id": [10, 20, 30],
            "title": ["Anchor (1990)", "Bridge (1990)", "Canyon (1993)"],
            "year": pd.array([1990, 1990, 1993], dtype="Int64"),
            "genres": ["Drama|War", "Drama", ""],
        }
    )
    given = pd.DataFrame(ratings, columns=["user_id", "movie_id", "rating", "timestamp"])
    return Dataset("small", users, movies, given, scale)


FOUR = [(1, 20, 5, JANUARY), (2, 20, 2, JANUARY + DAY), (3, 20, 2, MARCH), (1, 10, 4, MARCH)]


def test_values_groups_and_months_by_hand():
    found = ratings_of(data_of(FOUR), 20)
    assert (found.number, found.mean) == (3, 3.0)
    assert found.values["count"].tolist() == [0, 2, 0, 0, 1]
    assert found.values["share"].sum() == pytest.approx(1)
    assert found.groups.to_numpy().tolist() == [
        ["25-34", "F", 1, 5.0],
        ["25-34", "M", 1, 2.0],
        ["56 and over", "", 1, 2.0],
    ]
    assert found.period == "month"
    assert found.periods["ratings"].tolist() == [2, 0, 1]
    assert found.periods["mean_rating"].tolist() == pytest.approx([3.5, np.nan, 2.0], nan_ok=True)
    assert found.periods["start"].dt.strftime("%Y-%m").tolist() == ["2001-01", "2001-02", "2001-03"]


def test_a_movie_that_nobody_rated_has_empty_tables():
    found = ratings_of(data_of(FOUR), 30)
    assert found.number == 0
    assert np.isnan(found.mean)
    assert found.values["share"].sum() == 0
    assert found.groups.empty
    assert found.periods.empty


def test_nobody_is_put_into_groups_where_nothing_is_known_of_anybody():
    assert ratings_of(data_of(FOUR, anonymous=True), 20).groups.empty


def test_half_stars_have_ten_values():
    found = ratings_of(data_of([(1, 10, 3.5, JANUARY)], scale=HALF_STARS), 10)
    assert found.values.set_index("rating")["count"].to_dict()[3.5] == 1
    assert len(found.values) == 10


@pytest.mark.parametrize(
    ("months", "period"),
    [(0, "month"), (MOST_PERIODS - 1, "month"), (MOST_PERIODS, "quarter"), (3 * MOST_PERIODS, "year")],
)
def test_periods_are_as_short_as_a_picture_allows(months, period):
    later = np.datetime64("2001-01", "M") + months
    end = int(later.astype("datetime64[s]").astype(np.int64))
    found = ratings_of(data_of([(1, 10, 3, JANUARY), (2, 10, 4, end)]), 10)
    assert found.period == period
    assert len(found.periods) <= MOST_PERIODS
    assert found.periods["ratings"].sum() == 2


def test_every_movie_has_its_own_ratings():
    data = made_up(scale=HALF_STARS)
    for movie_id, given in data.ratings.groupby(Col.MOVIE.value)[Col.RATING.value]:
        found = ratings_of(data, int(movie_id))
        assert found.number == len(given) == found.groups["ratings"].sum() == found.periods["ratings"].sum()
        assert found.mean == pytest.approx(given.mean())


def test_a_movie_that_is_not_there_is_an_error():
    with pytest.raises(ProfileError, match="no movie 7"):
        ratings_of(data_of(FOUR), 7)
