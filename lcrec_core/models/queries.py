"""What several families need to ask for rows: what came before each, and the queries built last."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

import numpy as np

from lcrec_core.data.encode import Histories
from lcrec_core.data.profile import Profile
from lcrec_core.models.contract import Model, Prediction

Q = TypeVar("Q")


class LastQueries(Generic[Q]):
    """The queries built last, shared by the snapshots of one fit: only the network differs from one to the next."""

    def __init__(self) -> None:
        self._rows: np.ndarray | None = None
        self._queries: Q | None = None

    def of(self, rows: np.ndarray, build: Callable[[], Q]) -> Q:
        """The queries of these rows, built anew unless this very array was asked for last."""
        if self._queries is None or rows is not self._rows:
            self._rows, self._queries = rows, build()
        return self._queries


@runtime_checkable
class SideBySide(Protocol):
    """A model that is quicker about some movies for several people than about one catalogue after another."""

    def movies(self, profiles: Sequence[Profile], positions: np.ndarray) -> Prediction:
        """See `of_movies`."""
        ...


def of_movies(model: Model, profiles: Sequence[Profile], positions: np.ndarray) -> Prediction:
    """What a model says of K movies to P people, to be compared with each other: person by person, (P * K,).

    Each is asked about as `Model.catalogue` asks. A model may answer by a part of itself, the same for everybody, so
    that it is the differences that are meant.

    Args:
        model: Any.
        profiles: P people.
        positions: int64 (K,), catalogue positions.
    """
    if isinstance(model, SideBySide):
        return model.movies(profiles, positions)
    answers = [model.catalogue(profile).in_order(positions) for profile in profiles]

    def together(name: str) -> np.ndarray | None:
        parts = [getattr(answer, name) for answer in answers]
        return None if parts[0] is None else np.concatenate(parts)

    scores = together("scores")
    assert scores is not None
    return Prediction(scores, together("ratings"), together("probabilities"))


def rated_before(histories: Histories, people: np.ndarray, times: np.ndarray) -> np.ndarray:
    """How many ratings of each person's history are no later than a time: int64 (N,), int64 (N,) -> int64 (N,).

    One of the same second counts: it is known, and which of the two came first is not.
    """
    if not len(histories.times):
        return np.zeros(len(people), dtype=np.int64)
    first = histories.times.min() - 1
    span = histories.times.max() - first + 1
    owners = np.repeat(np.arange(len(histories.offsets) - 1), np.diff(histories.offsets))
    # One ascending key of person and time, so that one search finds every place.
    known = owners * span + (histories.times - first)
    asked = people * span + (times - first).clip(0, span - 1)
    return np.searchsorted(known, asked, side="right") - histories.offsets[people]
