"""Errors by group and calibration, against answers worked out by hand."""

import numpy as np
import pytest

from lcrec_core.data.dataset import WHOLE_STARS, Col
from lcrec_core.data.split import Protocol, make_split
from lcrec_core.metrics import distribution
from lcrec_core.metrics.rating import GENRE, MOVIE, PERSON, errors_by_group

PROBABILITIES = np.array([[0, 0, 0, 0.5, 0.5 - 1e-9], [0, 0, 0.9, 0.1, 0], [0.9, 0.1, 0, 0, 0], [0, 0, 0.1, 0.9, 0]])
PLACES = np.array([3, 3, 0, 2])
"""Four ratings: four stars, four, one, three."""


def rows(table):
    return table.to_numpy().tolist()


def test_the_likeliest_value_is_right_as_often_as_counted():
    assert rows(distribution.likeliest(PROBABILITIES, PLACES)) == [
        [1, 0.5, 1],
        [3, 0.9, pytest.approx(1 / 3, abs=1e-5)],
    ]


def test_the_chance_of_liking_is_that_of_four_stars_and_five():
    assert rows(distribution.p_like(PROBABILITIES, PLACES, WHOLE_STARS)) == [
        [1, 0, 0],
        [1, 0.1, 1],
        [1, 0.9, 0],
        [1, 1, 1],
    ]


def test_the_calibration_error_is_the_gap_weighted_by_ratings():
    table = distribution.likeliest(PROBABILITIES, PLACES)
    assert distribution.calibration_error(table) == pytest.approx((0.5 + 3 * (0.9 - 1 / 3)) / 4, abs=1e-4)


def test_the_log_loss_is_of_what_was_given_and_never_endless():
    assert distribution.log_loss(PROBABILITIES[:2], PLACES[:2]) == pytest.approx(-np.log([0.5, 0.1]).mean())
    assert distribution.log_loss(PROBABILITIES[:1], np.array([0])) == pytest.approx(-np.log(1e-12))


def test_every_test_rating_is_in_one_group_of_people_and_of_movies_and_errors_add_up(tiny):
    split = make_split(tiny, Protocol.RANDOM, 0)
    predicted = np.full(len(split.test), 3.5)
    table = errors_by_group(tiny, split, predicted)
    errors = (tiny.ratings[Col.RATING].to_numpy()[split.test] - 3.5) ** 2
    for by in (PERSON, MOVIE):
        of = table[table["by"] == by]
        assert of["ratings"].sum() == len(split.test)
        assert (of["ratings"] * of["mse"]).sum() == pytest.approx(errors.sum(), rel=1e-3)
    of_genres = table[table["by"] == GENRE]["ratings"].sum()
    assert of_genres >= len(split.test)
