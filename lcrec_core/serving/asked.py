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
    """What a model predicts to one person. Threads may share it: who asks at the same time works out the same."""

    def __init__(self, model: Model, profile: Profile, movies: int, *, in_parts_from: int = IN_PARTS_FROM) -> None:
        """Nothing is worked out yet.

        Args:
            model: Any.
            profile: The person.
            movies: M, of the catalogue.
            in_parts_from: See `IN_PARTS_FROM`.
        """
        self._model, self._profile, self._movies = model, profile, movies
        self.in_parts = movies >= in_parts_from and isinstance(model, InParts)
        """Whether a few movies are cheaper than all."""
        self._about: Callable[[np.ndarray], Prediction] | None = None
        self._known = np.zeros(movies, dtype=bool)
        self._found: Prediction | None = None

    def everything(self) -> Prediction:
        """What it predicts of every movie, in the catalogue's order."""
        if self.in_parts:
            self._work_out(np.arange(self._movies))
        elif self._found is None:
            self._found = self._model.catalogue(self._profile)
        assert self._found is not None
        return self._found

    def of(self, positions: np.ndarray) -> Prediction:
        """What it predicts of some movies, int64 (K,)."""
        if not self.in_parts:
            return self.everything().in_order(positions)
        self._work_out(positions)
        assert self._found is not None
        return self._found.in_order(positions)

    def _work_out(self, positions: np.ndarray) -> None:
        """Those that are not known yet; once a movie is, what is said of it stands."""
        if self._about is None:
            assert isinstance(self._model, InParts)
            self._about = self._model.asked_by(self._profile)
        new = np.unique(positions[~self._known[positions]])
        for start in range(0, max(1, len(new)), AT_ONCE):
            some = new[start : start + AT_ONCE]
            said = self._about(some)
            if self._found is None:
                self._found = _empty(self._movies, said)
            for whole, part in zip(_parts(self._found), _parts(said), strict=True):
                whole[some] = part
            self._known[some] = True


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
