"""EASE's matrix in its three forms: the same numbers, less room, and files that are checked."""

import numpy as np
import pytest

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import encode
from lcrec_core.data.profile import Profile
from lcrec_core.models import registry
from lcrec_core.models.contract import Model, Silent
from lcrec_core.models.linear.config import EaseConfig
from lcrec_core.models.linear.weights import Factors, Largest, Whole, opened
from lcrec_core.models.settings import configured
from tests.made_up import made_up

MOVIES = 40


@pytest.fixture(scope="module")
def few() -> Dataset:
    """Fewer people than half of the movies."""
    return made_up(people=12, films=MOVIES, ratings_each=15)


@pytest.fixture(scope="module")
def many() -> Dataset:
    """More of them."""
    return made_up(people=50, films=MOVIES, ratings_each=15)


def ease(data: Dataset, **settings: object) -> Model:
    family = registry.family("ease")
    encoded = encode(data, np.arange(len(data.ratings)))
    return family.fit(data, encoded, configured(family.default_config(), **settings), None, Silent())


def likes_of(data: Dataset) -> np.ndarray:
    """float64 (P, M)."""
    likes = np.zeros((len(data.users), len(data.movies)))
    liked = data.ratings[data.ratings["rating"] >= 4]
    likes[data.user_rows(liked["user_id"]), data.movie_rows(liked["movie_id"])] = 1
    return likes


def by_hand(likes: np.ndarray, ridge: float, rate: float = 0.0) -> np.ndarray:
    gram = likes.T @ likes
    inverse = np.linalg.inv(gram + np.diag(ridge + rate * np.diag(gram)))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


@pytest.mark.parametrize("settings", [{"ridge": 5.0}, {"ridge": 300.0, "ridge_rate": 0.3}])
def test_of_few_people_the_same_weights_take_less_room(few, settings):
    model = ease(few, fade=0.0, **settings)
    expected = by_hand(likes_of(few), *settings.values())
    every = np.arange(MOVIES)
    assert isinstance(model.weights, Factors)
    assert model.parameters <= MOVIES * (len(few.users) + 1)
    np.testing.assert_allclose(model.weights.between(every, every), expected, rtol=1e-4, atol=1e-7)
    liked = few.movie_ids[[3, 17, 30]]
    scores = model.catalogue(Profile.of([(movie, 5.0, 1) for movie in liked.tolist()])).scores
    np.testing.assert_allclose(scores, expected[[3, 17, 30]].sum(axis=0), rtol=1e-4, atol=1e-7)


def test_few_people_have_a_smaller_ridge_unless_it_is_given(few):
    people = int(likes_of(few).any(axis=1).sum())
    usual, given = ease(few, fade=0.0), ease(few, fade=0.0, ridge=people / 5)
    every = np.arange(MOVIES)
    np.testing.assert_array_equal(usual.weights.between(every, every), given.weights.between(every, every))
    assert [EaseConfig().ridge_of(count) for count in (600, 6_000)] == [120, 1000]


def test_where_nobody_likes_anything_nothing_speaks(few):
    rows = np.flatnonzero(few.ratings["rating"].to_numpy() < 4)
    model = registry.family("ease").fit(few, encode(few, rows), EaseConfig(), None, Silent())
    assert not model.catalogue(Profile.of([(int(few.movie_ids[0]), 5.0, 1)])).scores.any()


def test_of_a_large_catalogue_the_most_liked_movies_have_the_weights_of_a_small_one(many):
    likes = likes_of(many)
    most = np.sort(np.argsort(-likes.sum(axis=0), kind="stable")[:10])
    model = ease(many, most_movies=10, kept_weights=10, ridge=5.0, fade=0.0)
    expected = np.zeros((MOVIES, MOVIES))
    expected[np.ix_(most, most)] = by_hand(likes[:, most], 5.0)
    every = np.arange(MOVIES)
    np.testing.assert_allclose(model.weights.between(every, every), expected, rtol=1e-4, atol=1e-7)
    # Popularity is everybody's all the same.
    new = ease(many, most_movies=10).catalogue(Profile.of()).scores
    np.testing.assert_allclose(new, likes.mean(axis=0), rtol=1e-6)


def test_of_each_movie_the_largest_weights_are_kept():
    rng = np.random.default_rng(0)
    whole = rng.normal(size=(6, 6)).astype(np.float32)
    kept = Largest.of(whole, np.array([1, 2, 4, 6, 7, 9]), 2, 10)
    found = kept.between(np.arange(10), np.arange(10))
    assert np.count_nonzero(found) == 12
    for place, movie in enumerate([1, 2, 4, 6, 7, 9]):
        largest = np.argsort(-np.abs(whole[:, place]))[:2]
        expected = np.zeros(10, dtype=np.float32)
        expected[np.array([1, 2, 4, 6, 7, 9])[largest]] = whole[largest, place]
        np.testing.assert_array_equal(found[:, movie], expected)


FORMS = {
    "whole": Whole(np.array([[0, 0.5, -1], [2, 0, 0.25], [0, 0, 0]], dtype=np.float32)),
    "factors": Factors(np.array([[1, 2], [0, 1], [3, 0]], dtype=np.float32), np.array([1, 2, 4], dtype=np.float32)),
    "largest": Largest.of(np.array([[0, 3], [2, 0]], dtype=np.float32), np.array([0, 2]), 2, 3),
}


@pytest.mark.parametrize("form", FORMS)
def test_sums_are_those_of_the_weights_and_a_file_holds_them(form):
    weights = FORMS[form]
    liked, some = np.array([2, 0]), np.array([1, 2])
    matrix = weights.between(np.arange(3), np.arange(3))
    assert matrix.any()
    assert not matrix.diagonal().any()
    np.testing.assert_allclose(weights.sums(liked), matrix[liked].sum(axis=0))
    np.testing.assert_allclose(weights.sums(liked, some), matrix[np.ix_(liked, some)].sum(axis=0))
    assert not weights.sums(liked[:0]).any()
    again = opened(weights.tensors(), 3)
    np.testing.assert_array_equal(again.between(liked, some), weights.between(liked, some))


@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_such_matrix_is_refused(form):
    arrays = FORMS[form].tensors()
    for name, array in arrays.items():
        wrong = [array[:-1], array.astype(np.float16), np.full_like(array, np.nan if array.dtype.kind == "f" else -1)]
        for each in wrong:
            with pytest.raises(ValueError, match="not weights of 3 movies"):
                opened({**arrays, name: each}, 3)
    with pytest.raises(ValueError, match="not weights"):
        opened({"something": np.zeros(3)}, 3)
