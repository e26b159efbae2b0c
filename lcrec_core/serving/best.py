"""The first of a list, exactly, without a score for everything on it.

A score is a bound that costs little less something that costs much and is never negative. Candidates are scored in the
order of their bounds, until the bound of the next one is below the score of the last one wanted: no candidate that is
left can stand above it then. Nothing is approximated, and no index of neighbours has to be kept.
"""

from collections.abc import Callable

import numpy as np

FIRST_SCORED = 128
"""Candidates that are scored at first; then as many again, twice as many, and so on."""


def candidates_of_best(
    candidates: np.ndarray, bounds: np.ndarray, scores_of: Callable[[np.ndarray], np.ndarray], n: int
) -> np.ndarray:
    """Those among which the best `n` are, with all that stand equal to the last of them: int64 (C,), in no order.

    Args:
        candidates: int64 (K,), catalogue positions.
        bounds: (K,), no less than the candidates' scores.
        scores_of: Scores (C,) of some candidates (C,).
        n: How many are wanted.
    """
    in_order = candidates[np.argsort(-bounds, kind="stable")]
    bounds = -np.sort(-bounds)
    scores = np.empty(0, dtype=np.float32)
    more = max(FIRST_SCORED, n)
    while len(scores) < len(in_order):
        if len(scores) >= n and bounds[len(scores)] < np.partition(scores, -n)[-n]:
            break
        scores = np.concatenate([scores, scores_of(in_order[len(scores) : len(scores) + more])])
        more = len(scores)
    return in_order[: len(scores)]
