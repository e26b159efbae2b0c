"""What is known of people and movies beside single ratings: sets, counts, fields, genres and years, as features."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lcrec_core.data.encode import FIRST
from lcrec_core.models.lcrec.config import BackboneConfig


@dataclass(frozen=True, eq=False)
class Evidence:
    """The ratings that a backbone is sampled from, person by person in time order, and what is known of both sides."""

    people: np.ndarray
    """int64 (R,), who rated."""
    movies: np.ndarray
    """int64 (R,), catalogue positions."""
    ratings: np.ndarray
    """float32 (R,)."""
    fields: np.ndarray
    """float32 (P, f): indicators of a person's known fields."""
    traits: np.ndarray
    """float32 (M, t): genres and years of movies."""

    def only(self, rows: np.ndarray) -> "Evidence":
        """These ratings alone, by number or as bool (R,), and everything that is known of both sides."""
        return replace(self, people=self.people[rows], movies=self.movies[rows], ratings=self.ratings[rows])


def fields_of(people: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Indicators (P, f) of encoded fields (P, 4) but the id; an unknown value is nought everywhere."""
    parts = []
    for column, size in zip(people.T[1:], sizes, strict=True):
        parts.append(np.eye(size, dtype=np.float32)[column][:, FIRST:])
    return np.concatenate(parts, axis=1)


def traits_of(genres: np.ndarray, genre_count: int, years: np.ndarray) -> np.ndarray:
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
    def of(cls, owners: np.ndarray, count: int) -> "LogCount":
        """Over the owners of some ratings, of `count` owners in all."""
        counts = np.bincount(owners, minlength=count)
        logs = np.log1p(counts[counts > 0])
        return cls(float(logs.mean()), float(max(logs.std(), 1e-6)), float(logs.min()))

    def standardised(self, counts: np.ndarray) -> np.ndarray:
        """Centred and scaled; fewer ratings than anybody had count as the fewest, for how many will follow is open."""
        return (np.maximum(np.log1p(counts), self.least) - self.mean) / self.deviation


def set_features(
    owners: np.ndarray,
    members: np.ndarray,
    shape: tuple[int, int],
    log_count: LogCount,
    extra: np.ndarray,
    scale: float = 1.0,
) -> Tensor:
    """Features of one side (N, members + 2 + e): its set as a vector of that length, a constant, its size, the rest."""
    features = np.zeros((shape[0], shape[1] + 2 + extra.shape[1]), dtype=np.float32)
    counts = np.bincount(owners, minlength=shape[0])
    features[owners, members] = scale / np.sqrt(np.maximum(counts, 1))[owners]
    features[:, shape[1]] = 1
    features[:, shape[1] + 1] = log_count.standardised(counts)
    features[:, shape[1] + 2 :] = extra
    return torch.from_numpy(features)


def person_features(evidence: Evidence, log_count: LogCount, config: BackboneConfig) -> Tensor:
    """(P, F): what a person rated, a constant, how much, who they are."""
    shape = (len(evidence.fields), len(evidence.traits))
    fields = evidence.fields * config.field_scale
    return set_features(evidence.people, evidence.movies, shape, log_count, fields, config.set_scale)


def _usual_set(evidence: Evidence, config: BackboneConfig) -> Tensor:
    counts = np.bincount(evidence.people)
    shares = config.set_scale / np.sqrt(counts[evidence.people])
    total = np.bincount(evidence.movies, weights=shares, minlength=len(evidence.traits))
    return torch.from_numpy(total / np.count_nonzero(counts)).float()


def movie_features(evidence: Evidence, config: BackboneConfig) -> Tensor:
    """(M, F'): who rated a movie, a constant, how many did, what it is."""
    shape = (len(evidence.traits), len(evidence.fields))
    log_count = LogCount.of(evidence.movies, shape[0])
    traits = evidence.traits * 2 * config.field_scale
    return set_features(evidence.movies, evidence.people, shape, log_count, traits, config.set_scale)
