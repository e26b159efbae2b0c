"""What is known of people and movies beside single ratings: sets, counts, fields, genres and years, as features."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import coo_array, csc_array, csr_array
from torch import Tensor

from lcrec_core.data.encode import FIRST
from lcrec_core.models.lcrec.config import BackboneConfig


@dataclass(frozen=True, eq=False)
class Interactions:
    """The ratings that a backbone is sampled from, person by person in time order, and what is known of both sides."""

    people: np.ndarray
    """int32 or int64 (R,), who rated."""
    movies: np.ndarray
    """int32 or int64 (R,), catalogue positions."""
    ratings: np.ndarray
    """float32 (R,)."""
    user_features: np.ndarray
    """float32 (P, f): indicators of a person's known fields."""
    item_features: np.ndarray
    """float32 (M, t): genres and years of movies."""

    def only(self, rows: np.ndarray) -> "Interactions":
        """These ratings alone, by number or as bool (R,), and everything that is known of both sides."""
        return replace(self, people=self.people[rows], movies=self.movies[rows], ratings=self.ratings[rows])


def user_features_of(people: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Indicators (P, f) of encoded fields (P, 4) but the id; an unknown value is zero everywhere."""
    parts = []
    for column, size in zip(people.T[1:], sizes, strict=True):
        parts.append(np.eye(size, dtype=np.float32)[column][:, FIRST:])
    return np.concatenate(parts, axis=1)


def item_features_of(genres: np.ndarray, genre_count: int, years: np.ndarray) -> np.ndarray:
    """Indicators (M, t) of encoded genres (M, G) and of five years' spans, and the year itself; NaN is no year."""
    of_genres = np.zeros((len(genres), genre_count), dtype=np.float32)
    np.put_along_axis(of_genres, genres, 1, axis=1)
    known = np.isfinite(years)
    spans = np.unique(years[known] // 5)
    of_years = (years[:, None] // 5 == spans).astype(np.float32) * 0.5
    centred = (
        np.where(known, (years - years[known].mean()) / max(years[known].std(), 1), 0) if known.any() else years * 0
    )
    return np.concatenate([of_genres[:, FIRST:], of_years, centred[:, None].astype(np.float32)], axis=1)


class LogCount(NamedTuple):
    """How many ratings those have who have any, as log(1 + count)."""

    mean: float
    deviation: float
    least: float

    @classmethod
    def of(cls, rows: np.ndarray, count: int) -> "LogCount":
        """Over the rows that ratings (R,) belong to, of `count` rows in all."""
        counts = np.bincount(rows, minlength=count)
        logs = np.log1p(counts[counts > 0])
        return cls(float(logs.mean()), float(max(logs.std(), 1e-6)), float(logs.min()))

    def standardised(self, counts: np.ndarray) -> np.ndarray:
        """Centred and scaled; fewer ratings than anybody had count as the fewest, for how many will follow is open."""
        return (np.maximum(np.log1p(counts), self.least) - self.mean) / self.deviation


@dataclass(frozen=True, eq=False)
class SideFeatures:
    """Features of one side (N, F), F = C + 2 + e; of the sets, most of it zeros, only the members are held."""

    sets: csr_array | csc_array
    """float32 (N, C), person by person in memory on either side: a product then runs through the people and jumps among
    the movies, most often the same few thousand; the other way round takes twice as long on 32 million ratings."""
    rest: np.ndarray
    """float32 (N, 2 + e): a constant, the log count, what else is known."""

    @property
    def shape(self) -> tuple[int, int]:
        """(N, F)."""
        return self.rest.shape[0], self.sets.shape[1] + self.rest.shape[1]

    @property
    def is_small(self) -> bool:
        """Whether the features are few enough to be held with their zeros."""
        return self.shape[0] * self.shape[1] <= DENSE_CELLS

    def dense(self) -> Tensor:
        """float32 (N, F), zeros and all."""
        features = np.zeros(self.shape, dtype=np.float32)
        members = self.sets.tocoo()
        features[members.row, members.col] = members.data
        features[:, self.sets.shape[1] :] = self.rest
        return torch.from_numpy(features)

    def times(self, weights: Tensor) -> Tensor:
        """(F, K) -> (N, K)."""
        of_sets, of_rest = np.split(weights.numpy(), [self.sets.shape[1]])
        return torch.from_numpy(self.sets @ of_sets + self.rest @ of_rest)

    def transposed_times(self, values: Tensor) -> Tensor:
        """(N, K) -> (F, K)."""
        return torch.from_numpy(np.concatenate([self.sets.T @ values.numpy(), self.rest.T @ values.numpy()]))

    def squares(self) -> Tensor:
        """float32 (F,): sum of the squares of each feature."""
        of_sets = self.sets.power(2).sum(axis=0, dtype=np.float64)
        return torch.from_numpy(np.concatenate([of_sets, np.square(self.rest, dtype=np.float64).sum(axis=0)])).float()

    def scaled(self, of_set: np.ndarray) -> "SideFeatures":
        """The same with each row's set, and its log count, times a number (N,)."""
        sets = self.sets.tocsr(copy=True)
        sets.data *= np.repeat(of_set, np.diff(sets.indptr))
        rest = self.rest.copy()
        rest[:, 1] *= of_set
        return SideFeatures(sets, rest)


DENSE_CELLS = 50_000_000
"""Of one side's features, zeros counted, up to which they are held as one matrix (200 MB) and W is solved for exactly:
MovieLens 1M has 24 million. Beyond, memory must not grow with people times movies."""


def set_features(
    rows: np.ndarray,
    columns: np.ndarray,
    shape: tuple[int, int],
    log_count: LogCount,
    extra: np.ndarray,
    scale: float = 1.0,
    *,
    by_column: bool = False,
) -> SideFeatures:
    """Features of one side (N, columns + 2 + e): its set, a constant, its log count, the rest.

    The set is SVD++'s implicit feedback (Koren, 2008): indicators of its members over the root of their number, which
    is a vector of length `scale`. `by_column` says how the sets lie in memory.
    """
    counts = np.bincount(rows, minlength=shape[0])
    members = (scale / np.sqrt(np.maximum(counts, 1))).astype(np.float32)[rows]
    rest = np.empty((shape[0], 2 + extra.shape[1]), dtype=np.float32)
    rest[:, 0] = 1
    rest[:, 1] = log_count.standardised(counts)
    rest[:, 2:] = extra
    sets = coo_array((members, (rows, columns)), shape=shape)
    return SideFeatures(sets.tocsc() if by_column else sets.tocsr(), rest)


def user_side_features(interactions: Interactions, log_count: LogCount, config: BackboneConfig) -> SideFeatures:
    """(P, F): what a person rated, a constant, how much, who they are."""
    shape = (len(interactions.user_features), len(interactions.item_features))
    user_features = interactions.user_features * config.field_scale
    return set_features(interactions.people, interactions.movies, shape, log_count, user_features, config.set_scale)


def mean_user_set_of(interactions: Interactions, config: BackboneConfig) -> Tensor:
    """float32 (M,): mean over people of their set as `user_side_features` has it."""
    counts = np.bincount(interactions.people)
    shares = config.set_scale / np.sqrt(counts[interactions.people])
    total = np.bincount(interactions.movies, weights=shares, minlength=len(interactions.item_features))
    return torch.from_numpy(total / np.count_nonzero(counts)).float()


def movie_side_features(interactions: Interactions, config: BackboneConfig) -> SideFeatures:
    """(M, F'): who rated a movie, a constant, how many did, what it is."""
    shape = (len(interactions.item_features), len(interactions.user_features))
    log_count = LogCount.of(interactions.movies, shape[0])
    # Twice a person's scale: genres and year say more of a movie than age and job do of somebody.
    item_features = interactions.item_features * 2 * config.field_scale
    return set_features(
        interactions.movies, interactions.people, shape, log_count, item_features, config.set_scale, by_column=True
    )
