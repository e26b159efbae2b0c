"""Why a movie stands where it does: its score without each of the person's ratings."""

import numpy as np
import pytest

from lcrec_core.data.profile import Profile
from lcrec_core.models.bundles import load_bundle
from lcrec_core.serving.explain import CONSIDERED, Reason, Title, as_text, in_words, reasons, without
from lcrec_core.serving.filters import Filters
from lcrec_core.serving.lists import POPULARITY, RATING, Wish
from lcrec_core.serving.parts import ListParts
from lcrec_core.serving.recommender import Recommender
from lcrec_core.sources import datasets

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


def test_reasons_in_words_have_their_direction_and_their_size():
    up, down = Reason(1, "Wave, The (1990)", 5.0, 0.21), Reason(2, "Heat (1995)", 2.0, -0.104)
    said = in_words([up, down], of_stars=True)
    assert [piece for piece in said if isinstance(piece, Title)] == [
        Title(1, "The Wave (1990)"),
        Title(2, "Heat (1995)"),
    ]
    assert (
        as_text(said)
        == "Because you gave The Wave (1990) 5 stars (+0.21 stars), in spite of Heat (1995) 2 stars (-0.10 stars)."
    )
    # exp(.21) - 1 and exp(-.104) - 1
    assert as_text(in_words([up], of_stars=False)) == "Because you gave The Wave (1990) 5 stars (+23%)."
    assert as_text(in_words([down], of_stars=False)).startswith(
        "It would stand higher, had you not given Heat (1995) 2 stars (-10%)"
    )
    low = Reason(3, "Jaws (1975)", 1.0, -0.5)
    assert as_text(in_words([up, up, up, low], of_stars=True)).count(" and ") == 1
    assert as_text(in_words([up, low], of_stars=True)).endswith("in spite of Jaws (1975) 1 star (-0.50 stars).")
    assert in_words([], of_stars=True) == ()


@pytest.fixture(scope="module")
def demo() -> Recommender:
    bundle = load_bundle("demo/lcrec")
    data = datasets.load("demo")
    return Recommender(bundle, data, ListParts(bundle, data))


@pytest.mark.parametrize(
    "wish", [Wish(), Wish(by=RATING), Wish(mood=4), Wish(like_movie=1)], ids=("for you", "rating", "mood", "like one")
)
def test_without_the_named_rating_the_movie_does_move_as_said(demo, wish):
    person = Profile.from_dataset(demo.data, 11)
    first = [line.movie_id for line in demo.top_n(person, 5, wish=wish)]
    named = demo.reasons(person, first, wish)
    assert any(named)
    everything = Filters(include_rated=True)
    score = demo.rank(person, everything, wish).set_index("movie_id")["score"]
    for movie_id, found in zip(first, named, strict=True):
        for reason in found:
            fewer = without(person, person.movie_ids.tolist().index(reason.movie_id))
            moved = score[movie_id] - demo.rank(fewer, everything, wish).set_index("movie_id")["score"][movie_id]
            # A reason is worked out by some of the samples.
            assert reason.effect == pytest.approx(moved, abs=0.04)
            assert np.sign(reason.effect) == np.sign(moved) or abs(moved) < 0.02


def test_a_list_of_what_everybody_watches_has_no_reasons(demo):
    person = Profile.from_dataset(demo.data, 11)
    assert demo.reasons(person, [1, 2], Wish(by=POPULARITY)) == [(), ()]
    assert demo.reasons(Profile.of(), [1, 2]) == [(), ()]
