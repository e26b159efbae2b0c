"""Lists by counting, by chance and by what was liked together, against answers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from lcrec_core.data.dataset import WHOLE_STARS, Col, Dataset
from lcrec_core.data.encode import Encoded, encode
from lcrec_core.data.profile import Profile
from lcrec_core.models import registry
from lcrec_core.models.contract import Model, Silent
from lcrec_core.models.queries import rated_before
from lcrec_core.models.settings import configured
from tests.made_up import made_up

DAY = 86_400

RATINGS = [
    # person, movie, rating, day
    *((1, 1, 5, 0), (1, 2, 5, 1), (1, 3, 2, 2)),
    *((2, 1, 4, 0), (2, 2, 5, 3)),
    *((3, 2, 4, 50), (3, 3, 5, 51), (3, 4, 1, 52)),
    *((4, 1, 5, 60), (4, 4, 2, 60)),
]


@pytest.fixture
def data() -> Dataset:
    """Four people, five movies, of which nobody rated the last."""
    made = made_up(people=4, films=5, ratings_each=2)
    ratings = pd.DataFrame(RATINGS, columns=[Col.USER, Col.MOVIE, Col.RATING, Col.TIME])
    ratings[Col.TIME] = 1_000_000_000 + ratings[Col.TIME] * DAY
    return Dataset("few", made.users, made.movies, ratings, WHOLE_STARS)


@pytest.fixture
def encoded(data) -> Encoded:
    return encode(data, np.arange(len(data.ratings)))


def fitted(name: str, data: Dataset, encoded: Encoded, **settings: object) -> Model:
    family = registry.family(name)
    return family.fit(data, encoded, configured(family.default_config(), **settings), None, Silent())


def order(model: Model, profile: Profile) -> list[int]:
    """Movie ids, best first."""
    return (np.argsort(-model.catalogue(profile).scores, kind="stable") + 1).tolist()


def test_popularity_is_the_share_of_the_ratings(data, encoded):
    scores = fitted("popularity", data, encoded).catalogue(Profile.of()).scores
    np.testing.assert_allclose(np.exp(scores), np.array([3.5, 3.5, 2.5, 2.5, 0.5]) / 12.5, rtol=1e-6)


def test_recent_popularity_counts_the_last_days_and_breaks_ties_by_all(data, encoded):
    # In the last 30 days movies 1 to 3 have one rating each and movie 4 two; before that 1 and 2 have two, 3 has one.
    assert order(fitted("popularity-recent", data, encoded), Profile.of())[0] == 4
    last = fitted("popularity-recent", data, encoded, days=5)
    # Movies 1 and 4 remain; of the others 2 was rated most.
    assert order(last, Profile.of()) == [1, 4, 2, 3, 5]


def test_chance_depends_on_the_set_of_rated_movies_and_on_the_seed(data, encoded):
    model = fitted("random", data, encoded)
    one, two = [(1, 5.0, 10), (2, 1.0, 20)], [(2, 5.0, 10), (1, 1.0, 20)]
    scores = model.catalogue(Profile.of(one)).scores
    np.testing.assert_array_equal(model.catalogue(Profile.of(two)).scores, scores)
    assert not np.array_equal(model.catalogue(Profile.of(one[:1])).scores, scores)
    assert not np.array_equal(fitted("random", data, encoded, seed=1).catalogue(Profile.of(one)).scores, scores)


def test_chance_is_uniform():
    data = made_up(people=20, films=4000, ratings_each=5)
    model = fitted("random", data, encode(data, np.arange(len(data.ratings))))
    scores = np.concatenate([model.catalogue(Profile.from_dataset(data, user)).scores for user in range(1, 21)])
    assert scores.min() >= 0
    assert scores.max() < 1
    shares = np.histogram(scores, bins=10, range=(0, 1))[0] / len(scores)
    np.testing.assert_allclose(shares, 0.1, atol=0.01)


def liked_matrix(data: Dataset) -> np.ndarray:
    liked = np.zeros((4, 5))
    for person, movie, rating, _ in RATINGS:
        liked[person - 1, movie - 1] = rating >= 4
    return liked


def test_ease_tells_each_column_from_the_others_by_ridge_regression(data, encoded):
    """Column by column, which the closed form does at once."""
    liked, ridge = liked_matrix(data), 0.7
    model = fitted("ease", data, encoded, ridge=ridge, fade=1e-9)
    for movie in range(5):
        others = np.delete(np.arange(5), movie)
        x = liked[:, others]
        weights = np.linalg.solve(x.T @ x + ridge * np.eye(4), x.T @ liked[:, movie])
        for place, other in enumerate(others):
            scores = model.catalogue(Profile.of([(other + 1, 4.0, 1)])).scores
            assert scores[movie] == pytest.approx(weights[place], abs=1e-5)


def test_what_was_not_liked_says_nothing(data, encoded):
    for name in ("ease", "item-knn-lists"):
        model = fitted(name, data, encoded)
        liked, both = Profile.of([(1, 5.0, 1)]), Profile.of([(1, 5.0, 1), (2, 3.0, 2)])
        np.testing.assert_array_equal(model.catalogue(both).scores, model.catalogue(liked).scores)


def test_neighbours_are_cosines_of_likes(data, encoded):
    model = fitted("item-knn-lists", data, encoded, shrinkage=0, fade=1e-9)
    scores = model.catalogue(Profile.of([(2, 5.0, 1)])).scores
    # Movie 1 is liked by 1, 2, 4; movie 2 by 1, 2, 3; movie 3 by 3.
    np.testing.assert_allclose(scores, [2 / 3, 0, 1 / np.sqrt(3), 0, 0], rtol=1e-6)
    nearest = fitted("item-knn-lists", data, encoded, shrinkage=0, fade=1e-9, neighbours=1)
    np.testing.assert_allclose(nearest.catalogue(Profile.of([(2, 5.0, 1)])).scores, [2 / 3, 0, 0, 0, 0], rtol=1e-6)


@pytest.mark.parametrize("name", ["ease", "item-knn-lists"])
def test_popularity_among_likes_is_the_list_of_somebody_new_and_fades(data, encoded, name):
    model = fitted(name, data, encoded, fade=2.0)
    share = np.array([3, 3, 1, 0, 0]) / 4
    np.testing.assert_allclose(model.catalogue(Profile.of()).scores, share, rtol=1e-6)
    faded = fitted(name, data, encoded, fade=1e-9)
    for count in (1, 2):
        profile = Profile.of([(movie + 1, 5.0, 1) for movie in range(count)])
        difference = model.catalogue(profile).scores - faded.catalogue(profile).scores
        np.testing.assert_allclose(difference, np.exp(-count / 2) * share, atol=1e-6)


def test_factors_of_likes_are_solved_for_anybody_in_closed_form(data, encoded):
    pytest.importorskip("implicit", reason="needs requirements-compare.txt")
    model = fitted("ials", data, encoded, factors=2, regularisation=0.5, alpha=3.0)
    movies = model.item_features
    liked = movies[[0, 2]]
    person = np.linalg.solve(movies.T @ movies + 2 * liked.T @ liked + 0.5 * np.eye(2), 3 * liked.sum(axis=0))
    # Movies 1 and 3 are liked, 4 was not; of somebody without a like popularity among likes is known.
    new, unhappy = Profile.of([(3, 4.0, 1), (4, 1.0, 2), (1, 5.0, 3)]), Profile.of([(1, 3.0, 1)])
    np.testing.assert_allclose(model.catalogue(new).scores, movies @ person, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.catalogue(unhappy).scores, np.array([3, 3, 1, 0, 0]) / 4, rtol=1e-6)


def test_what_was_rated_before_counts_the_same_second(encoded):
    start = 1_000_000_000
    people = np.array([0, 0, 0, 0, 2, 3, 3])
    days = np.array([-5, 0, 1, 9, 51, 60, 59])
    np.testing.assert_array_equal(rated_before(encoded.histories, people, start + days * DAY), [0, 1, 2, 3, 2, 2, 0])


def test_nobody_rated_anything_before():
    data = made_up(people=4, films=5, ratings_each=2)
    nothing = encode(data, np.zeros(0, dtype=np.int64)).histories
    np.testing.assert_array_equal(rated_before(nothing, np.array([0, 3]), np.array([5, 6])), [0, 0])


def test_ease_of_everything_that_was_rated_in_sittings_by_hand():
    """Two people of three films each, of whom the first rated 1, 2, 3 in turn, the second 1 and 3."""
    made = made_up(people=2, films=3, ratings_each=2)
    rows = [(1, 1, 5, 0), (1, 2, 1, 1), (1, 3, 2, 2), (2, 1, 3, 0), (2, 3, 4, 1)]
    ratings = pd.DataFrame(rows, columns=[Col.USER, Col.MOVIE, Col.RATING, Col.TIME])
    data = Dataset("sittings", made.users, made.movies, ratings, WHOLE_STARS)
    near, far = np.exp(-1), np.exp(-2)
    together = np.array([[2, 1, 2], [1, 1, 1], [2, 1, 2]])
    in_sittings = np.array([[2, near, far + near], [near, 1, near], [far + near, near, 2]])
    gram = together + 0.5 * in_sittings
    gram[np.diag_indices(3)] = gram[np.diag_indices(3)] * 1.2 + 10
    inverse = np.linalg.inv(gram)
    weights = np.eye(3) - inverse / np.diag(inverse)
    settings = {"ridge": 10.0, "ridge_rate": 0.2, "liked_only": False, "sitting_weight": 0.5, "sitting_length": 1.0}
    model = fitted("ease", data, encode(data, np.arange(5)), fade=0.0, **settings)
    np.testing.assert_allclose(model.catalogue(Profile.of([(2, 1.0, 0)])).scores, weights[1], atol=1e-6)
    assert not model.catalogue(Profile.of()).scores.any()


@pytest.mark.parametrize("name", ["ease", "item-knn-lists"])
def test_some_movies_for_several_people_score_as_in_their_catalogues(name, data, encoded):
    model = fitted(name, data, encoded)
    people = [Profile.of(), Profile.of([(1, 5.0, 10)]), Profile.of([(2, 4.0, 10), (4, 1.0, 11), (99, 5.0, 12)])]
    some = np.array([4, 0, 2])
    expected = np.concatenate([model.catalogue(person).scores[some] for person in people])
    np.testing.assert_allclose(model.movies(people, some).scores, expected, rtol=1e-6)
