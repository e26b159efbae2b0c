"""How sure a prediction is, by hand."""

import numpy as np
import pytest

from lcrec_core.data.dataset import HALF_STARS, WHOLE_STARS
from lcrec_core.serving.confidence import Sureness, confidence


@pytest.mark.parametrize(
    ("probabilities", "p_near", "sureness"),
    [
        ([0.0, 0.1, 0.3, 0.5, 0.1], 0.8, Sureness.QUITE),  # 3 and 4 are within a star of 3.6
        ([0.0, 0.2, 0.2, 0.5, 0.1], 0.7, Sureness.FAIRLY),
        ([0.3, 0.2, 0.2, 0.2, 0.1], 0.4, Sureness.GUESS),
    ],
)
def test_it_follows_from_the_chance_of_a_rating_within_a_star(probabilities, p_near, sureness):
    found = confidence(WHOLE_STARS, 3.6, np.array(probabilities), 100, 20)
    assert found.p_near == pytest.approx(p_near)
    assert found.sureness == sureness
    assert not found.few


def test_a_whole_star_to_either_side_counts():
    probabilities = np.full(10, 0.1)
    assert confidence(HALF_STARS, 3.0, probabilities, 100, 20).p_near == pytest.approx(0.5)  # 2, 2.5, 3, 3.5, 4


def test_few_ratings_make_every_prediction_a_guess():
    certain = np.array([0.0, 0.0, 0.0, 1.0, 0.0])
    assert confidence(WHOLE_STARS, 4.0, certain, 19, 20).sureness == Sureness.GUESS
    assert confidence(WHOLE_STARS, 4.0, None, 19, 20).sureness == Sureness.GUESS


def test_a_model_without_chances_says_nothing_of_a_movie_with_enough_ratings():
    found = confidence(WHOLE_STARS, 4.0, None, 20, 20)
    assert (found.sureness, found.p_near) == (None, None)
