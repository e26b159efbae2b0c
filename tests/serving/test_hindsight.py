"""Looking back on a person's ratings."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from lcrec_core.data.dataset import WHOLE_STARS, Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.models.contract import Prediction
from lcrec_core.serving import hindsight
from lcrec_core.serving.catalogue import Catalogue
from lcrec_core.serving.hindsight import EVERYBODYS_MEAN, MODEL, MOVIE_MEAN, OWN_MEAN, known_before, look_back
from tests.made_up import made_up


class LastRating:
    """Expects of every movie what the person gave last, and of somebody without a rating 2 stars."""

    def __init__(self, data: Dataset) -> None:
        self.data = data

    def catalogue(self, profile: Profile) -> Prediction:
        last = profile.ratings[-1] if len(profile.ratings) else 2.0
        return Prediction.of_ratings(np.full(len(self.data.movies), last, dtype=np.float32))


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Two people: one gave movies 1 to 3 the ratings 5, 3 and 4, the other movies 2 and 3 the ratings 1 and 2."""
    made = made_up(people=2, films=5, ratings_each=3)
    rows = [(1, 1, 5, 10), (1, 2, 3, 20), (1, 3, 4, 30), (2, 2, 1, 40), (2, 3, 2, 50)]
    ratings = made.ratings.iloc[:5].copy()
    ratings[["user_id", "movie_id", "rating", "timestamp"]] = rows
    return replace(made, ratings=ratings, scale=WHOLE_STARS)


def test_every_rating_is_expected_from_those_before_it_and_held_against_averages(data):
    person = Profile.of([(2, 5, 100), (77, 1, 150), (1, 1, 200), (4, 4, 300)])
    found = look_back(LastRating(data), Catalogue(data), person)
    assert found.movie_ids.tolist() == [2, 1, 4], "the data set has no movie 77"
    assert found.ratings.tolist() == [5, 1, 4]
    assert found.expected[MODEL].tolist() == [2, 5, 1]
    assert found.expected[MOVIE_MEAN].tolist() == [2, 5, 3], "nobody rated movie 4: the mean of all"
    assert found.expected[OWN_MEAN].tolist() == [3, 5, 3], "of the first, the mean of all"
    assert found.expected[EVERYBODYS_MEAN].tolist() == [3, 3, 3]
    errors = found.errors()
    assert (errors[MODEL].mse, errors[MODEL].mae) == (pytest.approx((9 + 16 + 9) / 3), pytest.approx(10 / 3))
    assert errors[MOVIE_MEAN].mae == pytest.approx((3 + 4 + 1) / 3)
    assert found.errors(slice(2, None))[MODEL].mse == 9
    assert found.surprises(2).tolist() == [1, 2], "of equal ones the later"
    np.testing.assert_allclose(found.running(2)[MODEL], [3.5, 3.5])
    assert len(found.running(4)[MODEL]) == 0


def test_a_person_of_the_data_set_is_not_in_the_averages_that_predict_them(data):
    found = look_back(LastRating(data), Catalogue(data), Profile.from_dataset(data, 1))
    assert found.expected[MOVIE_MEAN].tolist() == [1.5, 1, 2], "nobody else rated movie 1"
    assert found.expected[EVERYBODYS_MEAN].tolist() == [1.5] * 3


def test_nobodys_history_is_empty(data):
    found = look_back(LastRating(data), Catalogue(data), Profile.of())
    assert len(found) == 0
    assert len(found.surprises(3)) == 0


def test_what_is_known_comes_before_and_does_not_depend_on_what_follows():
    known = known_before(500)
    assert known[:102].tolist() == [*range(101), 100], "one by one, then two at a time"
    assert all(a <= b for a, b in pairwise(known))
    assert (known <= np.arange(500)).all()
    assert (np.arange(500) - known <= np.arange(500) // hindsight.PREDICTED_ALONE).all()
    np.testing.assert_array_equal(known[:333], known_before(333))


def test_a_rating_moves_no_expectation_before_it(data, monkeypatch):
    monkeypatch.setattr(hindsight, "MOMENTS_AT_ONCE", 2)
    movies = np.array([1, 2, 3, 4, 5])
    person = Profile.of([(int(movie), 1 + i, i) for i, movie in enumerate(movies)])
    changed = replace(person, ratings=np.array([1, 2, 3, 5, 5], dtype=np.float32))
    before, after = (look_back(LastRating(data), Catalogue(data), one).expected[MODEL] for one in (person, changed))
    assert before.tolist() == [2, 1, 2, 3, 4]
    assert after.tolist() == [2, 1, 2, 3, 5]
