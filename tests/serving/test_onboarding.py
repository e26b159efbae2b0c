"""Which movies are asked about first."""

import numpy as np
import pandas as pd
import pytest

from lcrec_core.data.dataset import HALF_STARS, WHOLE_STARS, Col, Dataset
from lcrec_core.serving.catalogue import Catalogue
from lcrec_core.serving.onboarding import Answer, deviations, rating_of, telling_order
from tests.made_up import made_up

RATED_BY = (8, 8, 6, 8, 1)
"""People who rated each film."""


@pytest.fixture
def catalogue() -> Catalogue:
    """Films 1 and 2 are of one taste, film 3 of another, 4 is what nobody differs about, 5 hardly anybody has seen."""
    made = made_up(people=10, films=5, ratings_each=2)
    rows = [
        (person, film, 3 if film == 4 else 1 + 4 * (person % 2), 1_000_000 + person)
        for film, people in enumerate(RATED_BY, start=1)
        for person in range(1, people + 1)
    ]
    ratings = pd.DataFrame(rows, columns=[Col.USER, Col.MOVIE, Col.RATING, Col.TIME])
    ratings = ratings.sort_values([Col.USER, Col.MOVIE]).reset_index(drop=True)
    return Catalogue(Dataset("asked", made.users, made.movies, ratings, WHOLE_STARS))


DIRECTIONS = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]], dtype=np.float32)


def test_after_a_movie_one_of_another_taste_tells_more_than_one_like_it(catalogue):
    order = telling_order(catalogue, DIRECTIONS, 4) + 1
    assert order[0] in (1, 2)
    assert order[1] == 3, "though fewer have seen it than the other film of the first taste"
    assert order[3] == 4, "everybody says the same of it"
    assert 5 not in order, "one rating is no deviation"


def test_deviations_are_of_the_movies_own_ratings(catalogue):
    np.testing.assert_allclose(deviations(catalogue), [2, 2, 2, 0, 0], atol=1e-6)


def test_without_features_the_genres_spread_the_questions_and_no_more_are_asked_than_there_are(catalogue):
    order = telling_order(catalogue, None, 50)
    assert len(order) == len(set(order.tolist())) == 4


@pytest.mark.parametrize(("scale", "stars"), [(WHOLE_STARS, (5, 3, 2)), (HALF_STARS, (5, 3.5, 2))])
def test_an_answer_counts_as_a_rating_on_the_scale_and_not_seen_as_none(scale, stars):
    given = [rating_of(answer, scale) for answer in (Answer.LOVED, Answer.FINE, Answer.NOT_FOR_ME)]
    assert given == list(stars)
    assert scale.contains(np.array(given)).all()
    assert rating_of(Answer.NOT_SEEN, scale) is None
