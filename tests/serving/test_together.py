"""Two people: agreement by hand, what the strategies put first, and what stays out of a list for both."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lcrec_core.data.dataset import WHOLE_STARS, Col, Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.serving import together
from lcrec_core.serving.catalogue import Catalogue
from lcrec_core.serving.filters import EVERYTHING, Filters
from lcrec_core.serving.together import AVERAGE, FAIRNESS, LEAST_MISERY, in_order
from tests.made_up import made_up

FILMS, PEOPLE = 14, 10
TWIN = 14
"""The id under which film 13 is listed a second time, which fewer people rated."""


def dataset() -> Dataset:
    """Ten people, of whom the odd give every film 1 star and the even 5; the last two did not rate the twin."""
    made = made_up(people=PEOPLE, films=FILMS, ratings_each=2)
    movies = made.movies.copy()
    movies.loc[TWIN - 1, [Col.TITLE, Col.YEAR, Col.GENRES]] = movies.loc[TWIN - 2, [Col.TITLE, Col.YEAR, Col.GENRES]]
    rows = [
        (person, film, 1 + 4 * (person % 2 == 0), 1_000_000 + person)
        for person in range(1, PEOPLE + 1)
        for film in range(1, FILMS + 1)
        if film != TWIN or person <= PEOPLE - 2
    ]
    ratings = pd.DataFrame(rows, columns=[Col.USER, Col.MOVIE, Col.RATING, Col.TIME])
    return Dataset("two", made.users, movies, ratings, WHOLE_STARS)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(dataset())


def person(*stars: float, first: int = 1) -> Profile:
    """Somebody who gave these stars to films from `first` on."""
    return Profile.of([(film, given, 100 + film) for film, given in enumerate(stars, start=first)])


def test_strangers_differ_as_two_of_a_movie_s_raters_do_on_average(catalogue):
    # Of the 45 pairs among five ones and five fives, 25 differ by four.
    np.testing.assert_allclose(together.stranger_differences(catalogue)[:13], 25 * 4 / 45)
    # Of the twin, four and four: 16 of 28.
    assert together.stranger_differences(catalogue)[TWIN - 1] == pytest.approx(16 * 4 / 28)


def test_of_a_movie_that_hardly_anybody_rated_strangers_differ_as_usual():
    data = dataset()
    few = data.ratings[(data.ratings[Col.MOVIE] != 1) | (data.ratings[Col.USER] == 1)].reset_index(drop=True)
    differences = together.stranger_differences(Catalogue(Dataset("few", data.users, data.movies, few, WHOLE_STARS)))
    # Twelve films with ten ratings each, and the twin with eight.
    assert differences[0] == pytest.approx((120 * 100 / 45 + 8 * 64 / 28) / 128)


def test_who_gives_the_same_is_closer_than_strangers_and_who_gives_the_opposite_farther(catalogue):
    one, same, opposite = person(*[1, 5] * 6), person(*[1, 5] * 6), person(*[5, 1] * 6)
    agreement = together.agreement(catalogue, one, same)
    assert (agreement.in_common, agreement.difference) == (12, 0.0)
    assert agreement.correlation == pytest.approx(1.0)
    assert agreement.strangers == pytest.approx(100 / 45)
    assert agreement.verdict == together.CLOSER
    agreement = together.agreement(catalogue, one, opposite)
    assert (agreement.difference, agreement.verdict) == (4.0, together.FARTHER)
    assert agreement.correlation == pytest.approx(-1.0)


def test_who_agrees_about_half_is_like_a_stranger(catalogue):
    agreement = together.agreement(catalogue, person(*[1, 5] * 6), person(*[1, 1] * 6))
    # Six films by four stars and six by none: 2 where strangers differ by 2.22.
    assert (agreement.difference, agreement.verdict) == (2.0, together.AS_STRANGERS)
    assert agreement.correlation is None, "one of them gave every film the same"


@pytest.mark.parametrize("shared", [0, 9])
def test_with_too_few_films_in_common_nothing_is_said_but_their_number(catalogue, shared):
    agreement = together.agreement(catalogue, person(*[5] * shared), person(*[4] * 12))
    assert agreement == together.Agreement(shared, None, None, None, None)


def test_a_film_listed_twice_is_one_film_in_common_with_the_later_rating(catalogue):
    first = Profile.of([(13, 2, 1), (TWIN, 4, 2)])
    (found,) = together.rated_differently(catalogue, first, person(1, first=TWIN))
    assert found == together.BothRated(13, (4.0, 1.0))


def test_what_both_rated_differently_comes_by_the_size_of_the_difference_without_what_they_rated_alike(catalogue):
    found = together.rated_differently(catalogue, person(5, 3, 1, 4), person(4, 3, 4, 1, 2), n=2)
    assert [(film.movie_id, film.ratings) for film in found] == [(3, (1.0, 4.0)), (4, (4.0, 1.0))]


PREDICTED = np.array([[5.0, 3.5, 3.0], [2.5, 3.2, 4.9]])


def test_average_and_least_misery_by_hand():
    # Averages 3.75, 3.35, 3.95; lower ones 2.5, 3.2, 3.0.
    assert in_order(PREDICTED, AVERAGE, 3)[0].tolist() == [2, 0, 1]
    assert in_order(PREDICTED, LEAST_MISERY, 3)[0].tolist() == [1, 2, 0]
    assert in_order(PREDICTED, AVERAGE, 3)[1] is None


def test_of_equal_averages_the_less_miserable_comes_first_and_of_equal_misery_the_better_average():
    equal = np.array([[5.0, 4.0, 2.0], [1.0, 2.0, 5.0]])
    assert in_order(equal, AVERAGE, 3)[0].tolist() == [2, 1, 0]
    assert in_order(equal, LEAST_MISERY, 3)[0].tolist() == [2, 1, 0]


def test_in_fairness_the_less_satisfied_picks_next():
    predicted = np.array([[5.0, 4.0, 3.0, 2.0], [1.0, 2.0, 4.0, 5.0]])
    order, turns = in_order(predicted, FAIRNESS, 10)
    # 1st: nobody has had anything, so the first picks (5, 1). Satisfied 5/5 and 1/5.
    # 2nd: the second picks (2, 5). Satisfied 7/9 and 6/9.
    # 3rd: the second again, (3, 4). Satisfied 10/12 and 10/11.
    assert order.tolist() == [0, 3, 2, 1]
    assert turns.tolist() == [0, 1, 1, 0]


def test_in_fairness_people_of_one_taste_take_turns():
    predicted = np.array([[5.0, 4.0, 3.0, 2.0]] * 2)
    order, turns = in_order(predicted, FAIRNESS, 4)
    assert order.tolist() == [0, 1, 2, 3]
    assert turns.tolist() == [0, 1, 0, 1]


def test_another_strategy_is_refused():
    with pytest.raises(ValueError, match="least-misery"):
        in_order(PREDICTED, "most-pleasure", 1)


class Told:
    """Stands for a recommender: each person is expected to give what is said here, and picks in that order."""

    def __init__(self, catalogue: Catalogue, predicted: dict[Profile, np.ndarray]) -> None:
        self.catalogue, self.data, self.predicted = catalogue, catalogue.data, predicted

    def predict(self, profile: Profile, movie_ids: np.ndarray) -> np.ndarray:
        return self.predicted[profile][self.catalogue.positions(movie_ids)]

    def order(self, profile: Profile, filters: Filters, n: int | None = None) -> np.ndarray:
        passing = np.flatnonzero(self.catalogue.passes(profile, filters))
        return passing[np.argsort(-self.predicted[profile][passing], kind="stable")][:n]


@pytest.fixture
def two(catalogue) -> tuple[Told, tuple[Profile, Profile]]:
    """The first rated films 1 and 2 and likes the high numbers, the second film 3 and likes the low ones."""
    people = person(4, 3), person(2, first=3)
    rising = np.linspace(1, 5, FILMS)
    return Told(catalogue, {people[0]: rising, people[1]: rising[::-1]}), people


def test_a_list_for_both_has_both_predictions_and_nothing_that_either_has_rated(two):
    recommender, people = two
    found = together.for_both(recommender, people, AVERAGE, n=50)
    ids = [movie.movie_id for movie in found]
    assert sorted(ids) == list(range(4, 14)), "and each film once"
    for movie in found:
        assert movie.predicted == tuple(recommender.predicted[one][movie.movie_id - 1] for one in people)
        assert movie.ratings == (None, None)
        assert movie.picked_by is None
    fair = together.for_both(recommender, people, FAIRNESS, n=4)
    assert [(movie.movie_id, movie.picked_by) for movie in fair] == [(13, 0), (4, 1), (5, 1), (12, 0)]


def test_rated_films_are_there_with_what_was_given_where_they_are_asked_for(two):
    recommender, people = two
    found = together.for_both(recommender, people, LEAST_MISERY, n=50, include_rated=True)
    by_id = {movie.movie_id: movie for movie in found}
    assert sorted(by_id) == list(range(1, 14))
    assert [by_id[film].ratings for film in (1, 2, 3, 4)] == [(4, None), (3, None), (None, 2), (None, None)]


def test_filters_hold_for_both(two):
    recommender, people = two
    filters = replace(EVERYTHING, without=frozenset({4, TWIN}))
    found = together.for_both(recommender, people, n=50, filters=filters)
    assert sorted(movie.movie_id for movie in found) == list(range(5, 13)), "a twin stands for its film"


def test_only_the_first_of_each_one_s_list_are_candidates(two, monkeypatch):
    recommender, people = two
    monkeypatch.setattr(together, "CANDIDATES", 2)
    found = together.for_both(recommender, people, n=50)
    assert sorted(movie.movie_id for movie in found) == [4, 5, 12, 13]


def test_predicted_differences_go_both_ways(two):
    recommender, people = two
    first, second = together.predicted_differently(recommender, people, n=2)
    assert [movie.movie_id for movie in first] == [13, 12]
    assert [movie.movie_id for movie in second] == [4, 5]


def test_people_with_most_in_common_come_first_and_nobody_with_nothing_or_oneself(catalogue):
    whole = together.people_with_most_in_common(catalogue, Profile.from_dataset(catalogue.data, 3), n=3)
    assert whole == [(1, 14), (2, 14), (4, 14)]
    of_the_twin = together.people_with_most_in_common(catalogue, person(5, first=TWIN), n=50)
    assert [user for user, _ in of_the_twin] == list(range(1, 9))
    assert together.people_with_most_in_common(catalogue, Profile.of()) == []
    assert together.people_with_most_in_common(catalogue, person(5, first=999)) == []
