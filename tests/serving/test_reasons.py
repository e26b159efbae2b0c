"""Why a movie stands where it does: its score without each of the person's ratings."""

import numpy as np
import pytest

from lcrec_core.data.profile import Profile
from lcrec_core.serving.explain import CONSIDERED, reasons, without

GIVEN = [(1, 5.0, 10), (2, 1.0, 20), (3, 4.0, 30), (4, 3.0, 40)]


def scores_of(people):
    """Of two movies: the first gains what movie 1 was given and loses what 2 was, the second gains a little by 3."""

    def of(person: Profile) -> list[float]:
        given = dict(zip(person.movie_ids.tolist(), person.ratings.tolist(), strict=True))
        return [given.get(1, 0) - given.get(2, 0), 0.1 * given.get(3, 0) + 0.0001 * given.get(4, 0)]

    return np.array([of(person) for person in people])


def test_a_reason_is_what_the_score_loses_without_the_rating(tiny):
    first, second = reasons(tiny, Profile.of(GIVEN), np.ones((4, 2)), scores_of)
    assert [(reason.movie_id, reason.rating, reason.effect) for reason in first] == [(1, 5.0, 5.0), (2, 1.0, -1.0)]
    assert [(reason.movie_id, pytest.approx(reason.effect)) for reason in second] == [(3, 0.4)], (
        "4 moves next to nothing"
    )


def test_each_movie_has_its_say_in_which_ratings_are_left_out(tiny):
    many = Profile.of([(movie, 4.0, movie) for movie in range(1, 31)])
    affinity = np.zeros((30, 2))
    affinity[29, 0], affinity[0, 1] = 1, 1
    asked = []

    def record(people):
        asked.extend(set(many.movie_ids.tolist()) - set(person.movie_ids.tolist()) for person in people)
        return np.zeros((len(people), 2))

    assert reasons(tiny, many, affinity, record) == [(), ()]
    assert asked[0] == set()
    assert len(asked) == CONSIDERED + 1
    assert asked[1:3] == [{30}, {1}]


def test_somebody_who_rated_nothing_has_no_reasons_and_costs_nothing(tiny):
    def never(people):
        raise AssertionError

    assert reasons(tiny, Profile.of(), np.zeros((0, 3)), never) == [(), (), ()]


def test_without_a_rating_all_else_is_the_same():
    person = without(Profile.of(GIVEN, gender="F", user_id=7), 1)
    assert person.movie_ids.tolist() == [1, 3, 4]
    assert (person.ratings.tolist(), person.timestamps.tolist()) == ([5.0, 4.0, 3.0], [10, 30, 40])
    assert (person.gender, person.user_id) == ("F", 7)
