"""What a model predicts to one person: of the whole catalogue at once, or of a large one what somebody asks about."""

from collections.abc import Callable

import numpy as np

from lcrec_core.data.profile import Profile
from lcrec_core.models.contract import Model, Prediction
from lcrec_core.models.queries import InParts

IN_PARTS_FROM = 20_000
"""Movies from which on only those are predicted that somebody asks about, by a model that can."""
AT_ONCE = 8192
"""Movies that are predicted together: some tens of megabytes."""


class Asked:
    """What a model predicts to one person. Threads may share it: who asks at the same time works out the same.

    It does not hold the profile: what is kept for as long as a profile is must not be what keeps it.
    """

    def __init__(self, model: Model, profile: Profile, movies: int, *, in_parts_from: int = IN_PARTS_FROM) -> None:
        """Read the person, and predict the catalogue where that is not done in parts.

        Args:
            model: Any.
            profile: The person.
            movies: M, of the catalogue.
            in_parts_from: See `IN_PARTS_FROM`.
        """
        self._about: Callable[[np.ndarray], Prediction] | None = None
        self._found: Prediction | None = None
        self._known = np.zeros(movies, dtype=bool)
        if movies >= in_parts_from and isinstance(model, InParts):
            self._about = model.asked_by(profile)
        else:
            self._found = model.catalogue(profile)

    @property
    def in_parts(self) -> bool:
        """Whether a few movies are cheaper than all."""
        return self._about is not None

    def everything(self) -> Prediction:
        """What it predicts of every movie, in the catalogue's order."""
        return self._with(np.arange(len(self._known)))

    def of(self, positions: np.ndarray) -> Prediction:
        """What it predicts of some movies, int64 (K,)."""
        return self._with(positions).in_order(positions)

    def _with(self, positions: np.ndarray) -> Prediction:
        """What is known, these among it; once a movie is predicted, that stands."""
        found = self._found
        if self._about is None and found is not None:
            return found
        assert self._about is not None
        new = np.unique(positions[~self._known[positions]])
        for start in range(0, len(new) if found else max(1, len(new)), AT_ONCE):
            some = new[start : start + AT_ONCE]
            said = self._about(some)
            found = self._found = found or _empty(len(self._known), said)
            for whole, part in zip(_parts(found), _parts(said), strict=True):
                whole[some] = part
            self._known[some] = True
        assert found is not None
        return found


def _parts(prediction: Prediction) -> list[np.ndarray]:
    """What there is of it, each array once: the score of a model of ratings is the rating."""
    parts = (prediction.scores, prediction.ratings, prediction.probabilities)
    return list({id(part): part for part in parts if part is not None}.values())


def _empty(movies: int, like: Prediction) -> Prediction:
    """Room for what is said of so many movies."""
    room = {id(part): np.empty((movies, *part.shape[1:]), dtype=part.dtype) for part in _parts(like)}
    return Prediction(
        room[id(like.scores)],
        None if like.ratings is None else room[id(like.ratings)],
        None if like.probabilities is None else room[id(like.probabilities)],
    )
