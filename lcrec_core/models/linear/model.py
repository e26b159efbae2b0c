"""Lists as sums over what somebody liked: score of movie j = sum of B[i, j] over the liked movies i, and popularity.

EASE (Steck 2019) finds the B that best tells each person's likes from their other likes, in closed form; the nearest
neighbours take cosines. Of somebody without a like both know what everybody likes, which fades with every like:

    score(j) = sum over liked i of B[i, j] + exp(-likes / fade) * share of people who liked j
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded, Histories
from lcrec_core.data.profile import Profile
from lcrec_core.machine import require
from lcrec_core.models.contract import Prediction
from lcrec_core.models.linear.config import EaseConfig, KnnConfig
from lcrec_core.models.linear.weights import Factors, Largest, Weights, Whole
from lcrec_core.models.queries import moments_of

PEOPLE_AT_ONCE = 512
"""Rows of the matrix of people by movies that are dense at a time."""


class LinearModel:
    """A matrix of movies by movies with the ratings that it was fitted on; see `contract.Model`."""

    item_features = None
    device = "cpu"

    def __init__(
        self,
        weights: Weights,
        share: np.ndarray,
        fade: float,
        data: Dataset,
        encoded: Encoded,
        *,
        liked_only: bool = True,
    ) -> None:
        """Of weights B, and of the share float32 (M,) of people who liked each movie."""
        self.weights, self.share, self._fade, self._liked_only = weights, share, fade, liked_only
        self._data, self._encoded = data, encoded

    @property
    def parameters(self) -> int:
        """See `Model`."""
        return self.weights.size

    def rows(self, rows: np.ndarray, *, context: np.ndarray | None = None, use_future: bool = True) -> Prediction:
        """See `Model`. What somebody liked later is never read: a list is made before it."""
        moments = moments_of(self._data, self._encoded, rows, context)
        scores, histories = np.empty(len(rows), dtype=np.float32), moments.histories
        for moment in range(len(moments.people)):
            which, own = np.flatnonzero(moments.of_row == moment), moments.ratings_of(moment)
            scores[which] = self._scores(histories.movies[own], histories.ratings[own], moments.movies[which])
        return Prediction(scores)

    def catalogue(self, profile: Profile) -> Prediction:
        """See `Model`."""
        return Prediction(self._scores(*self._rated_by(profile)))

    def movies(self, profiles: Sequence[Profile], positions: np.ndarray) -> Prediction:
        """See `queries.of_movies`: of the matrix only these columns are read."""
        return Prediction(np.concatenate([self._scores(*self._rated_by(profile), positions) for profile in profiles]))

    def tensors(self) -> dict[str, np.ndarray]:
        """See `Model`; movies by movies take more room than the time they save."""
        raise ValueError("a matrix of movies by movies is fitted again in seconds, not kept in a bundle")

    def _rated_by(self, profile: Profile) -> tuple[np.ndarray, np.ndarray]:
        known, movies = self._data.known_movies(profile.movie_ids)
        return movies, profile.ratings[known]

    def _scores(self, movies: np.ndarray, ratings: np.ndarray, asked: np.ndarray | None = None) -> np.ndarray:
        """float32 (M,), for somebody who rated these movies (H,) so (H,); or of the movies asked about alone."""
        liked = movies[ratings >= self._data.scale.like_threshold] if self._liked_only else movies
        prior = np.float32(np.exp(-len(liked) / self._fade)) if self._fade else np.float32(0)
        share = self.share if asked is None else self.share[asked]
        return self.weights.sums(liked, asked) + prior * share


def check_memory(movies: int) -> None:
    """Refuse so many movies whose matrix does not fit; see `contract.Family.check_memory`."""
    require(3 * 4 * movies**2, f"{movies:,} movies by {movies:,}", "leave this model out")


@dataclass(frozen=True, eq=False)
class Votes:
    """The ratings that speak for other movies: N of P people, by person and in the order of time."""

    people: np.ndarray
    """int64 (N,): whose each is, counted among those who have one."""
    movies: np.ndarray
    """int64 (N,): positions among `among`."""
    among: np.ndarray
    """int64 (K,): the movies that are looked at, catalogue positions, ascending."""
    share: np.ndarray
    """float32 (M,): the share of the people with a rating, of whatever kind, of whom each movie has such a one."""

    @classmethod
    def of(cls, histories: Histories, data: Dataset, *, liked_only: bool, most_movies: int | None = None) -> "Votes":
        """Likes, or all ratings; of a larger catalogue only those of so many movies that have the most."""
        counts = histories.ratings >= (data.scale.like_threshold if liked_only else data.scale.low)
        movies = histories.movies[counts].astype(np.int64)
        each = np.bincount(movies, minlength=len(data.movies))
        ratings_each = np.diff(histories.offsets)
        share = each.astype(np.float32) / np.float32((ratings_each > 0).sum())
        people = np.repeat(np.arange(len(ratings_each)), ratings_each)[counts]
        among = np.sort(np.argsort(-each, kind="stable")[:most_movies])
        position = np.full(len(each), -1)
        position[among] = np.arange(len(among))
        seen = position[movies] >= 0
        _, people = np.unique(people[seen], return_inverse=True)
        return cls(people, position[movies[seen]], among, share)

    @property
    def num_people(self) -> int:
        """P."""
        return int(self.people[-1]) + 1 if len(self.people) else 0


def ease(data: Dataset, encoded: Encoded, config: EaseConfig) -> LinearModel:
    """B = I - P diag(P)^-1 with P the inverse of the ridged Gram matrix of likes.

    Exact for as many movies as `EaseConfig.most_movies`; of a larger catalogue the others neither speak nor are spoken
    of.
    """
    votes = Votes.of(encoded.histories, data, liked_only=config.liked_only, most_movies=config.most_movies)
    movies = len(data.movies)
    weights: Weights
    if 2 * votes.num_people < len(votes.among) and not config.sitting_weight:
        weights = _few_people(votes, movies, config)
    else:
        together = _together(votes)  # (K, K)
        if config.sitting_weight:
            together.add_(_in_sittings(votes, config), alpha=config.sitting_weight)
        together.diagonal().mul_(1 + config.ridge_rate).add_(config.ridge_of(votes.num_people))
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(together))
        del together
        of = inverse.div_(-inverse.diagonal().clone()).fill_diagonal_(0).numpy()  # column j by -P[j, j]
        exact = len(votes.among) == movies
        weights = Whole(of) if exact else Largest.of(of, votes.among, config.kept_weights, movies)
    return LinearModel(weights, votes.share, config.fade, data, encoded, liked_only=config.liked_only)


def _few_people(votes: Votes, movies: int, config: EaseConfig) -> Factors:
    """The same B where people are few: their likes X have a rank of P at most, and P by P is inverted instead.

    With D the diagonal that is added to X'X, the inverse is D^-1 - F F' (Woodbury), where F' = L^-1 X D^-1 and
    L L' = I + X D^-1 X'. So B[i, j] is f_i . f_j / s_j, with s_j = 1 / d_j - |f_j|^2.
    """
    likes = torch.zeros(votes.num_people, len(votes.among), dtype=torch.float64)  # (P, K)
    likes[votes.people, votes.movies] = 1
    added = config.ridge_of(votes.num_people) + config.ridge_rate * likes.sum(dim=0)
    scaled = likes / added
    inner = likes @ scaled.T
    inner.diagonal().add_(1)
    lower = torch.linalg.cholesky(inner)
    found = torch.linalg.solve_triangular(lower, scaled, upper=False).T  # (K, P)
    scale = 1 / added - found.square().sum(dim=1)
    factors, scales = np.zeros((movies, votes.num_people), dtype=np.float32), np.ones(movies, dtype=np.float32)
    factors[votes.among], scales[votes.among] = found.numpy(), scale.numpy()
    return Factors(factors, scales)


def nearest(data: Dataset, encoded: Encoded, config: KnnConfig) -> LinearModel:
    """B[i, j] = cosine of who liked i and who liked j, where j is among the movies most like i."""
    votes = Votes.of(encoded.histories, data, liked_only=True)
    together = _together(votes)
    lengths = together.diagonal().sqrt()
    weights = together.div_(torch.outer(lengths, lengths).add_(config.shrinkage).clamp_(min=1))
    weights.fill_diagonal_(0)
    if config.neighbours < len(weights):
        least = weights.topk(config.neighbours, dim=1).values[:, -1:]
        weights.masked_fill_(weights < least, 0)
    return LinearModel(Whole(weights.numpy()), votes.share, config.fade, data, encoded)


def _together(votes: Votes) -> Tensor:
    """Gram matrix float32 (K, K): how many people liked, or rated, both; on the diagonal, how many the one."""
    movies = len(votes.among)
    together = torch.zeros(movies, movies)
    for start in range(0, votes.num_people, PEOPLE_AT_ONCE):
        own = slice(*np.searchsorted(votes.people, (start, start + PEOPLE_AT_ONCE)))
        dense = torch.zeros(PEOPLE_AT_ONCE, movies)
        dense[votes.people[own] - start, votes.movies[own]] = 1
        together.addmm_(dense.T, dense)
    return together


def _in_sittings(votes: Votes, config: EaseConfig) -> Tensor:
    """Gram matrix float32 (K, K) of ratings near each other: exp(-ratings apart / length) for pairs of one person.

    Pairs more than three lengths apart are left out.
    """
    rated, people, movies = votes.movies, votes.people, len(votes.among)
    near = torch.zeros(movies * movies)
    for apart in range(1, min(len(rated), round(3 * config.sitting_length) + 1)):
        same = people[apart:] == people[:-apart]
        pairs = torch.from_numpy(rated[:-apart][same] * movies + rated[apart:][same])
        near.index_add_(0, pairs, torch.full((len(pairs),), math.exp(-apart / config.sitting_length)))
    near = near.view(movies, movies)
    near = near + near.T
    near.diagonal().add_(torch.from_numpy(np.bincount(rated, minlength=movies)))
    return near
