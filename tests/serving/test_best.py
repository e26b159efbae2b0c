import numpy as np
import pytest

from lcrec_core.serving import best
from lcrec_core.serving.best import candidates_of_best


@pytest.mark.parametrize("seed", range(20))
def test_the_best_and_their_equals_are_among_those_that_were_scored(monkeypatch, seed):
    monkeypatch.setattr(best, "FIRST_SCORED", 2)
    random = np.random.default_rng(seed)
    # Few values, so that many are equal.
    scores = random.integers(0, 8, 60).astype(np.float32)
    bounds = scores + random.integers(0, 3, 60)
    candidates = random.permutation(100)[:60]
    of = dict(zip(candidates.tolist(), scores, strict=True))
    for n in (1, 4, 60, 100):
        found = candidates_of_best(candidates, bounds, lambda some: np.array([of[each] for each in some.tolist()]), n)
        least = np.sort(scores)[-min(n, 60)]
        assert set(candidates[scores >= least].tolist()) <= set(found.tolist())
        assert len(set(found.tolist())) == len(found)


def test_scoring_ends_where_no_bound_is_left_that_reaches_the_last_one_wanted(monkeypatch):
    monkeypatch.setattr(best, "FIRST_SCORED", 2)
    bounds = np.array([9.0, 1.0, 8.0, 7.0, 4.0, 6.0])
    scores = {0: 5.0, 2: 3.0, 3: 6.5, 5: 2.0}
    asked = []

    def scores_of(some):
        asked.append(some.tolist())
        return np.array([scores[each] for each in some.tolist()])

    # By bound 0, 2, then 3, 5: the best of these has 6.5, and 4 can have no more than 4.
    assert candidates_of_best(np.arange(6), bounds, scores_of, 1).tolist() == [0, 2, 3, 5]
    assert asked == [[0, 2], [3, 5]]


def test_nothing_to_choose_from_is_nothing():
    assert candidates_of_best(np.arange(0), np.zeros(0), lambda _: np.zeros(0), 5).tolist() == []
