"""Which movies to ask somebody new about first: widely known ones, whose ratings tell much, spread over tastes.

A movie that somebody has seen tells the more, the more people differ about it and the less the movies asked about
before have told already. With a direction and a length for each movie, its item features times the deviation of its
ratings, that is what a linear model of tastes would learn from it (a Bayesian D-optimal design), times the chance that
the person has seen it:

    worth of a movie  =  share of people who rated it  x  log(1 + q' A q)          A = (I + sum over asked of q q')^-1
"""

from enum import StrEnum

import numpy as np

from lcrec_core.data.dataset import RatingScale
from lcrec_core.serving.catalogue import Catalogue


class Answer(StrEnum):
    """What somebody says of a movie that they are asked about."""

    LOVED = "loved"
    FINE = "fine"
    NOT_FOR_ME = "not-for-me"
    NOT_SEEN = "not-seen"


CANDIDATES = 400
"""The most rated movies, among which questions are chosen."""
NOISE = 0.9
"""Standard deviation of what a rating says beside taste, in steps of a five-star scale."""


def telling_order(catalogue: Catalogue, directions: np.ndarray | None, n: int) -> np.ndarray:
    """Catalogue positions int64 (n,) of the movies to ask about, the most worth first; fewer where there are fewer.

    Args:
        catalogue: Of the data set.
        directions: float32 (M, D), unit vectors of the item features; None of a model without, whose genres do.
        n: How many.
    """
    if directions is None:
        genres = catalogue.has_genre.astype(np.float64)
        directions = genres / np.maximum(np.linalg.norm(genres, axis=1, keepdims=True), 1)
    order = np.argsort(-catalogue.num_ratings, kind="stable")
    asked = order[catalogue.stands_for_film[order] & (catalogue.num_ratings[order] > 1)][:CANDIDATES]
    scale = catalogue.data.scale
    q = directions[asked] * (deviations(catalogue)[asked] / (NOISE * (scale.high - scale.low) / 4))[:, None]
    seen = catalogue.num_ratings[asked] / len(catalogue.data.users)
    left = np.eye(q.shape[1])
    chosen: list[int] = []
    for _ in range(min(n, len(asked))):
        worth = seen * np.log1p(np.einsum("md,de,me->m", q, left, q))
        worth[chosen] = -1
        best = int(worth.argmax())
        chosen.append(best)
        along = left @ q[best]
        left -= np.outer(along, along) / (1 + q[best] @ along)
    return asked[chosen]


def deviations(catalogue: Catalogue) -> np.ndarray:
    """Standard deviation of each movie's ratings, float64 (M,); zero of fewer than two."""
    counts, values = catalogue.data.value_counts, catalogue.data.scale.values
    number = np.maximum(counts.sum(axis=1), 1)
    return np.sqrt(np.maximum(counts @ values**2 / number - (counts @ values / number) ** 2, 0))


def rating_of(answer: Answer, scale: RatingScale) -> float | None:
    """What an answer counts as on a scale; None: it is no rating.

    Loved is the highest value, fine the highest below `RatingScale.like_threshold` (3 of five whole stars, 3.5 of
    half ones), and not for me the highest of the lower two fifths: 2 of five stars, whole or half.
    """
    values = scale.values
    if answer == Answer.LOVED:
        return float(values[-1])
    if answer == Answer.FINE:
        return float(values[values < scale.like_threshold - 1e-9][-1])
    if answer == Answer.NOT_FOR_ME:
        low = values[values <= 0.4 * scale.high + 1e-9]
        return float(low[-1] if len(low) else values[0])
    return None
