"""Lists as sums over what somebody liked: score of movie j = sum of B[i, j] over the liked movies i, and popularity.

EASE (Steck 2019) finds the B that best tells each person's likes from their other likes, in closed form; the nearest
neighbours take cosines. Of somebody without a like both know what everybody likes, which fades with every like:

    score(j) = sum over liked i of B[i, j] + exp(-likes / fade) * share of people who liked j
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded, Histories
from lcrec_core.data.profile import Profile
from lcrec_core.machine import require
from lcrec_core.models.contract import Prediction
from lcrec_core.models.linear.config import EaseConfig, KnnConfig
from lcrec_core.models.queries import moments_of

PEOPLE_AT_ONCE = 512
"""Rows of the matrix of people by movies that are dense at a time."""


class LinearModel:
    """A matrix of movies by movies with the ratings that it was fitted on; see `contract.Model`."""

    item_features = None
    device = "cpu"

    def __init__(
        self,
        weights: np.ndarray,
        share: np.ndarray,
        fade: float,
        data: Dataset,
        encoded: Encoded,
        *,
        liked_only: bool = True,
    ) -> None:
        """Of weights B float32 (M, M), and of the share float32 (M,) of people who liked each movie."""
        # Row by row: an answer adds up the rows of the liked movies, and an inverse comes column by column.
        self.weights = np.ascontiguousarray(weights)
        self.share, self._fade, self._liked_only = share, fade, liked_only
        self._data, self._encoded = data, encoded
        self.parameters = weights.size

    def rows(self, rows: np.ndarray, *, context: np.ndarray | None = None, use_future: bool = True) -> Prediction:
        """See `Model`. What somebody liked later is never read: a list is made before it."""
        moments = moments_of(self._data, self._encoded, rows, context)
        scores, histories = np.empty(len(rows), dtype=np.float32), moments.histories
        for moment in range(len(moments.people)):
            which, own = np.flatnonzero(moments.of_row == moment), moments.ratings_of(moment)
            scores[which] = self._scores(histories.movies[own], histories.ratings[own])[moments.movies[which]]
        return Prediction(scores)

    def catalogue(self, profile: Profile) -> Prediction:
        """See `Model`."""
        return Prediction(self._scores(*self._rated_by(profile)))

    def movies(self, profiles: Sequence[Profile], positions: np.ndarray) -> Prediction:
        """See `queries.of_movies`: of the matrix only these columns are read."""
        weights, share = np.ascontiguousarray(self.weights[:, positions]), self.share[positions]
        return Prediction(
            np.concatenate([self._scores(*self._rated_by(profile), weights, share) for profile in profiles])
        )

    def tensors(self) -> dict[str, np.ndarray]:
        """See `Model`; movies by movies take more room than the time they save."""
        raise ValueError("a matrix of movies by movies is fitted again in seconds, not kept in a bundle")

    def _rated_by(self, profile: Profile) -> tuple[np.ndarray, np.ndarray]:
        known, movies = self._data.known_movies(profile.movie_ids)
        return movies, profile.ratings[known]

    def _scores(
        self,
        movies: np.ndarray,
        ratings: np.ndarray,
        weights: np.ndarray | None = None,
        share: np.ndarray | None = None,
    ) -> np.ndarray:
        """float32 (M,), for somebody who rated these movies (H,) so (H,); of some movies' columns and shares alone."""
        liked = movies[ratings >= self._data.scale.like_threshold] if self._liked_only else movies
        prior = np.float32(np.exp(-len(liked) / self._fade)) if self._fade else np.float32(0)
        weights, share = (self.weights, self.share) if weights is None or share is None else (weights, share)
        return weights[liked].sum(axis=0) + prior * share


def check_memory(data: Dataset) -> None:
    """Refuse a catalogue whose matrix does not fit; see `contract.Family.check_memory`."""
    movies = len(data.movies)
    require(3 * 4 * movies**2, f"{movies:,} movies by {movies:,}", "leave this model out")


def ease(data: Dataset, encoded: Encoded, config: EaseConfig) -> LinearModel:
    """B = I - P diag(P)^-1 with P the inverse of the ridged Gram matrix of likes."""
    together = _together(encoded.histories, data, config.liked_only)  # (M, M)
    share = _share(together, encoded)
    if config.sitting_weight:
        together.add_(_in_sittings(encoded.histories, data, config), alpha=config.sitting_weight)
    together.diagonal().mul_(1 + config.ridge_rate).add_(config.ridge)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(together))
    weights = inverse.div_(-inverse.diagonal().clone())  # column j by -P[j, j]
    weights.fill_diagonal_(0)
    return LinearModel(weights.numpy(), share, config.fade, data, encoded, liked_only=config.liked_only)


def nearest(data: Dataset, encoded: Encoded, config: KnnConfig) -> LinearModel:
    """B[i, j] = cosine of who liked i and who liked j, where j is among the movies most like i."""
    together = _together(encoded.histories, data, liked_only=True)
    share = _share(together, encoded)
    lengths = together.diagonal().sqrt()
    weights = together.div_(torch.outer(lengths, lengths).add_(config.shrinkage).clamp_(min=1))
    weights.fill_diagonal_(0)
    if config.neighbours < len(weights):
        least = weights.topk(config.neighbours, dim=1).values[:, -1:]
        weights.masked_fill_(weights < least, 0)
    return LinearModel(weights.numpy(), share, config.fade, data, encoded)


def _together(histories: Histories, data: Dataset, liked_only: bool) -> Tensor:
    """Gram matrix float32 (M, M): how many people liked, or rated, both; on the diagonal, how many the one."""
    movies = len(data.movies)
    together = torch.zeros(movies, movies)
    counts, people = _that_count(histories, data, liked_only), _owners(histories)
    for start in range(0, len(histories.offsets) - 1, PEOPLE_AT_ONCE):
        which = counts & (people >= start) & (people < start + PEOPLE_AT_ONCE)
        dense = torch.zeros(PEOPLE_AT_ONCE, movies)
        dense[people[which] - start, histories.movies[which]] = 1
        together.addmm_(dense.T, dense)
    return together


def _in_sittings(histories: Histories, data: Dataset, config: EaseConfig) -> Tensor:
    """Gram matrix float32 (M, M) of ratings near each other: exp(-ratings apart / length) for pairs of one person.

    Pairs more than three lengths apart are left out.
    """
    counts = _that_count(histories, data, config.liked_only)
    rated, people, movies = histories.movies[counts], _owners(histories)[counts], len(data.movies)
    near = torch.zeros(movies * movies)
    for apart in range(1, min(len(rated), round(3 * config.sitting_length) + 1)):
        same = people[apart:] == people[:-apart]
        pairs = torch.from_numpy(rated[:-apart][same] * movies + rated[apart:][same])
        near.index_add_(0, pairs, torch.full((len(pairs),), math.exp(-apart / config.sitting_length)))
    near = near.view(movies, movies)
    near = near + near.T
    near.diagonal().add_(torch.from_numpy(np.bincount(rated, minlength=movies)))
    return near


def _that_count(histories: Histories, data: Dataset, liked_only: bool) -> np.ndarray:
    """Bool (R,), which ratings speak for other movies."""
    return histories.ratings >= (data.scale.like_threshold if liked_only else data.scale.low)


def _owners(histories: Histories) -> np.ndarray:
    """int64 (R,), whose each rating is."""
    return np.repeat(np.arange(len(histories.offsets) - 1), np.diff(histories.offsets))


def _share(together: Tensor, encoded: Encoded) -> np.ndarray:
    """float32 (M,): the share of the people with a rating who liked, or rated, each movie."""
    people = int((np.diff(encoded.histories.offsets) > 0).sum())
    return (together.diagonal() / people).numpy().copy()
