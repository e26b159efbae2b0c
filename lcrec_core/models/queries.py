"""What several families need to ask for rows: what came before each, and the queries built last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

import numpy as np

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import Encoded, Histories, histories_of
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


@runtime_checkable
class InParts(Protocol):
    """A model whose answer about some movies costs as much less than a catalogue as they are fewer."""

    def asked_by(self, profile: Profile) -> Callable[[np.ndarray], Prediction]:
        """What `Model.catalogue` says of catalogue positions int64 (K,) to one person, who is read once."""
        ...


@runtime_checkable
class Abreast(Protocol):
    """A model that is quicker about the catalogue for several people than for one after another."""

    def catalogues(self, profiles: Sequence[Profile]) -> np.ndarray:
        """Scores (P, M) of everything, where scores are all that it gives."""
        ...


def of_catalogues(model: Model, profiles: Sequence[Profile]) -> list[Prediction]:
    """`Model.catalogue` for each of some people, but for rounding."""
    if isinstance(model, Abreast):
        return [Prediction(scores) for scores in model.catalogues(profiles)]
    return [model.catalogue(profile) for profile in profiles]


@dataclass(frozen=True, eq=False)
class Moments:
    """Rows of a data set as questions to a list: N movies, each at one of K moments of some people."""

    histories: Histories
    """Of what may be read."""
    people: np.ndarray
    """int64 (K,): whose the moment is."""
    counts: np.ndarray
    """int64 (K,): how many of their ratings are read by then."""
    of_row: np.ndarray
    """int64 (N,): the moment of each row."""
    movies: np.ndarray
    """int64 (N,): catalogue positions."""

    def ratings_of(self, moment: int) -> slice:
        """Where the ratings that are read at a moment stand among the histories'."""
        start = self.histories.offsets[self.people[moment]]
        return slice(start, start + self.counts[moment])


def moments_of(data: Dataset, encoded: Encoded, rows: np.ndarray, context: np.ndarray | None) -> Moments:
    """The moments that rows are asked at; see `Model.rows` for the rows and the context."""
    histories = encoded.histories if context is None else histories_of(data.ratings.iloc[context], data)
    asked = data.ratings.iloc[rows]
    people, movies = data.user_rows(asked[Col.USER]), data.movie_rows(asked[Col.MOVIE])
    known = rated_before(histories, people, asked[Col.TIME].to_numpy())
    moments, of_row = np.unique(np.stack([people, known], axis=1), axis=0, return_inverse=True)
    return Moments(histories, moments[:, 0], moments[:, 1], of_row, movies)


def rated_before(histories: Histories, people: np.ndarray, times: np.ndarray) -> np.ndarray:
    """How many ratings of each person's history are no later than a time: int64 (N,), int64 (N,) -> int64 (N,).

    One of the same second counts: it is known, and which of the two came first is not.
    """
    counts = np.zeros(len(people), dtype=np.int64)
    order = np.argsort(people, kind="stable")
    # Person by person: a key of everybody's ratings would be as large as they are.
    for rows in np.split(order, np.flatnonzero(np.diff(people[order])) + 1):
        if len(rows):
            own = slice(*histories.offsets[people[rows[0]] : people[rows[0]] + 2])
            counts[rows] = np.searchsorted(histories.times[own], times[rows], side="right")
    return counts
