"""The default list's score, by hand."""

import numpy as np
import pytest

from lcrec_core.data.dataset import WHOLE_STARS
from lcrec_core.models import registry
from lcrec_core.models.blend.config import BlendConfig
from lcrec_core.models.blend.model import blended, chance_of_liking
from lcrec_core.models.contract import Prediction
from lcrec_core.models.settings import configured


def scores(*values: float) -> Prediction:
    return Prediction(np.array(values, dtype=np.float32))


def liking(*chances: float) -> Prediction:
    """Of movies that are liked with these chances: four stars or one."""
    probabilities = np.zeros((len(chances), 5), dtype=np.float32)
    probabilities[:, 3], probabilities[:, 0] = chances, 1 - np.array(chances)
    return Prediction.of_ratings(probabilities @ np.arange(1, 6, dtype=np.float32), probabilities)


def test_the_score_is_picks_and_habits_times_liking():
    # Picked with .01 and .002; habits say .1 and .5; liked with .5 and .8.
    pick, habits, like = scores(np.log(0.01), np.log(0.002)), scores(0.1, 0.5), liking(0.5, 0.8)
    parts = blended(pick, habits, like, WHOLE_STARS, picks=60)
    np.testing.assert_allclose(np.exp(parts.picked), [0.6 + 0.1, 0.12 + 0.5], rtol=1e-3)
    np.testing.assert_allclose(np.exp(parts.scores), [0.7 * 0.5, 0.62 * 0.8], rtol=1e-3)


def test_a_part_that_is_not_there_or_says_no_adds_nothing():
    pick, like = scores(np.log(0.01), np.log(0.02)), liking(0.5, 0.5)
    alone = blended(pick, None, like, WHOLE_STARS, picks=60).scores
    np.testing.assert_array_equal(blended(pick, scores(-0.3, -0.1), like, WHOLE_STARS, picks=60).scores, alone)
    only_habits = blended(None, scores(0.2, 0.4), like, WHOLE_STARS, picks=60).scores
    assert only_habits[1] - only_habits[0] == pytest.approx(np.log(2), abs=1e-3)
    # Nothing is told apart by logarithms of nearly nothing.
    assert np.isfinite(blended(None, scores(0, -1), liking(0, 0), WHOLE_STARS, picks=60).scores).all()


def test_of_ratings_alone_the_chance_of_liking_is_a_normal_error_above_half_a_star_below():
    chances = chance_of_liking(Prediction.of_ratings(np.array([3.5, 4.4, 2.6, 5.0], dtype=np.float32)), WHOLE_STARS)
    np.testing.assert_allclose(chances, [0.5, 0.8413, 0.1587, 0.9522], atol=1e-3)


def test_each_part_is_trained_with_the_seed_and_habits_leave_popularity_to_the_pick():
    family = registry.family("for-you")
    config = BlendConfig(seed=3)
    assert {name: family.config_of_part(name, config).seed for name in family.parts} == dict.fromkeys(family.parts, 3)
    assert family.config_of_part("habits", config).fade == 0
    assert family.config_of_part("habits", config).liked_only
    holes = family.config_of_part("habits", configured(config, has_holes=True))
    assert (holes.liked_only, holes.sitting_weight) == (False, 3.0)
