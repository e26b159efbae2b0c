"""The score of a movie on the default list: how likely it is picked, times how likely it is liked then.

    score = log(picks x P(picked next) + habits) + log P(liked)

P(picked next) is the softmax of the pick model's LSTM, habits what EASE sums up over the liked movies, and P(liked)
LCRec's chance of a rating of `RatingScale.like_threshold` or more. The sum in brackets is about the number of times
that one would pick the movie among so many picks: of somebody new the LSTM tells nearly all of it, and the more they
have liked, the more do their likes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from lcrec_core.data.dataset import RatingScale
from lcrec_core.data.profile import Profile
from lcrec_core.models.blend.config import BlendConfig
from lcrec_core.models.contract import Model, Prediction

LEAST_PICKED, LEAST_LIKED = 1e-4, 1e-3
"""Below this nothing is told apart: a logarithm would make much of it."""


@dataclass(frozen=True, eq=False)
class Parts:
    """What each part says of some movies: a score that is their sum, part by part."""

    picked: np.ndarray
    """float32 (N,): log of the expected picks."""
    liked: np.ndarray
    """float32 (N,): log of the chance that it is liked."""

    @property
    def scores(self) -> np.ndarray:
        """float32 (N,)."""
        return self.picked + self.liked


def blended(
    pick: Prediction | None, habits: Prediction | None, like: Prediction, scale: RatingScale, picks: float
) -> Parts:
    """The score's parts; see the module. A part that is not there says nothing.

    Args:
        pick: Log-probabilities of being picked next.
        habits: Sums over the liked movies.
        like: Ratings, and how likely each is where the model says so.
        scale: Of the ratings.
        picks: See `BlendConfig`.
    """
    return Parts(log_expected(pick, habits, len(like.scores), picks), log_liked(like, scale))


def log_expected(pick: Prediction | None, habits: Prediction | None, count: int, picks: float) -> np.ndarray:
    """`Parts.picked` of so many movies, float32 (N,)."""
    expected = np.full(count, LEAST_PICKED, dtype=np.float32)
    if pick is not None:
        expected += np.float32(picks) * np.exp(pick.scores)
    if habits is not None:
        expected += np.maximum(habits.scores, 0)
    return np.log(expected)


def log_liked(like: Prediction, scale: RatingScale) -> np.ndarray:
    """`Parts.liked`, float32 (N,), at most `MOST_LIKED`."""
    return np.log(np.maximum(chance_of_liking(like, scale), LEAST_LIKED))


MOST_LIKED = np.float32(1e-4)
"""The logarithm of one, and what a sum of probabilities may be above it."""

TYPICAL_ERROR = 0.9
"""Standard deviation of a rating about its prediction, in steps of a five-star scale; of a model that gives none."""


def chance_of_liking(like: Prediction, scale: RatingScale) -> np.ndarray:
    """The chance of a rating of `RatingScale.like_threshold` or more, float32 (N,).

    Of a model that gives ratings alone, by a normal distribution about them.
    """
    if like.probabilities is not None:
        return scale.p_at_least(like.probabilities)
    assert like.ratings is not None
    deviation = TYPICAL_ERROR * (scale.high - scale.low) / 4
    above = (like.ratings - (scale.like_threshold - scale.step / 2)) / deviation
    return torch.special.ndtr(torch.from_numpy(above)).numpy()


class BlendModel:
    """See `contract.Model`. Its answers carry the ratings and the chances of the model that tells what is liked."""

    device = "cpu"

    def __init__(self, pick: Model, habits: Model, like: Model, scale: RatingScale, config: BlendConfig) -> None:
        self.pick, self.habits, self.like = pick, habits, like
        self._scale, self._config = scale, config

    @property
    def parameters(self) -> int:
        """See `Model`."""
        return self.pick.parameters + self.habits.parameters + self.like.parameters

    @property
    def item_features(self) -> np.ndarray | None:
        """See `Model`."""
        return self.like.item_features

    def rows(self, rows: np.ndarray, *, context: np.ndarray | None = None, use_future: bool = True) -> Prediction:
        """See `Model`. What somebody rated later is never read: a list is made before it."""
        return self._together(
            *(part.rows(rows, context=context, use_future=False) for part in (self.pick, self.habits, self.like))
        )

    def catalogue(self, profile: Profile) -> Prediction:
        """See `Model`."""
        return self._together(*(part.catalogue(profile) for part in (self.pick, self.habits, self.like)))

    def tensors(self) -> dict[str, np.ndarray]:
        """See `Model`; each part is kept, or fitted again, by itself."""
        raise ValueError("a blend is kept as its parts")

    def _together(self, pick: Prediction, habits: Prediction, like: Prediction) -> Prediction:
        parts = blended(pick, habits, like, self._scale, self._config.picks)
        return Prediction(parts.scores, like.ratings, like.probabilities)


def of_parts(models: Mapping[str, Model], scale: RatingScale, config: BlendConfig) -> BlendModel:
    """Of models by what they tell: pick, habits, like."""
    return BlendModel(models["pick"], models["habits"], models["like"], scale, config)
