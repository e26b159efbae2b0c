"""The collaborative backbone of LCRec: a Bayesian factorization, sampled, with a closed form for anybody's tastes.

    rating  =  mean  +  b_movie  +  b_person + p . q  +  noise of the person          p, q of k factors
    (b_person, p)  ~  Normal(what the person rated and who they are @ W, 1 / precision)
    (b_movie, q)   ~  Normal(who rated the movie and what it is @ W', 1 / precision')

This is Macau (Simm et al., 2015), Bayesian probabilistic matrix factorization (Salakhutdinov & Mnih, 2008) with side
information, where the side information is SVD++'s (Koren, 2008) on both sides. A Gibbs sampler draws it: all people
given the movies, all movies given the people, each in one batched Cholesky factorization. Averaging over samples
is what regularises it.

Only the movies' side of a few samples is kept. A person, known or new, is folded in: given the movies, their
(b, p) is the posterior of a small linear regression on their own ratings. The same factorization gives, for each of
their ratings, the residual with that rating left out, which is what the network's LSTM reads.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lcrec_core.data.encode import FIRST
from lcrec_core.models.lcrec.config import BackboneConfig


@dataclass(frozen=True, eq=False)
class Sets:
    """Who rated what, as the sampler walks over it: people or movies with equally many ratings share a block."""

    count: int
    """How many people, or movies, there are."""
    blocks: list[tuple[Tensor, Tensor, Tensor]]
    """(owners (B,), ratings (B, L) as positions, mask (B, L))."""


def group(owners: np.ndarray, count: int, most: int = 200_000) -> Sets:
    """Group ratings (R,) by owner, in blocks of similar size with little padding, of at most so many ratings."""
    if not len(owners):
        return Sets(count, [])
    order = np.argsort(owners, kind="stable")
    counts = np.bincount(owners, minlength=count)
    first = np.concatenate([[0], np.cumsum(counts)])
    by_size = np.argsort(counts, kind="stable")
    blocks, start = [], 0
    while start < count:
        fits = np.searchsorted(counts[by_size], max(8, 1.2 * counts[by_size[start]]), side="right")
        end = int(min(fits, start + max(1, most // max(1, counts[by_size[fits - 1]]))))
        block = by_size[start:end]
        length = max(1, int(counts[block].max()))
        at = np.arange(length)
        mask = at < counts[block][:, None]
        positions = np.where(mask, order[np.minimum(first[block][:, None] + at, len(order) - 1)], 0)
        blocks.append((torch.from_numpy(block), torch.from_numpy(positions), torch.from_numpy(mask)))
        start = end
    return Sets(count, blocks)


@dataclass(frozen=True, eq=False)
class Posterior:
    """Gaussian posteriors of owners' coefficients, by Cholesky factors of the precision; `...`: samples, or none."""

    owners: Tensor
    positions: Tensor
    mask: Tensor
    design: Tensor
    """(..., B, L, D): a row per rating; zeros where there is none."""
    target: Tensor
    """(..., B, L)."""
    weight: Tensor
    """(B, L): precision of each rating."""
    cholesky: Tensor
    """(..., B, D, D), lower."""
    right: Tensor
    """(..., B, D): precision times mean."""

    def mean(self) -> Tensor:
        """(..., B, D)."""
        return torch.cholesky_solve(self.right.unsqueeze(-1), self.cholesky).squeeze(-1)

    def sample(self, random: torch.Generator) -> Tensor:
        """(..., B, D)."""
        noise = torch.randn(self.right.shape, generator=random).unsqueeze(-1)
        white = torch.linalg.solve_triangular(self.cholesky, self.right.unsqueeze(-1), upper=False) + noise
        return torch.linalg.solve_triangular(self.cholesky.mT, white, upper=True).squeeze(-1)

    def residuals(self, mean: Tensor) -> Tensor:
        """(..., B, L): rating less fit."""
        return (self.target - torch.matmul(self.design, mean.unsqueeze(-1)).squeeze(-1)) * self.mask

    def leverage(self) -> Tensor:
        """(..., B, L): how far each rating pulls its own fit, 0 to 1."""
        # By the inverse, which is small: a triangular solve for every rating takes three times as long.
        pulled = torch.matmul(self.design, torch.cholesky_inverse(self.cholesky))
        return (pulled * self.design).sum(dim=-1) * self.weight


def posteriors(
    sets: Sets, rows: Tensor, other: Tensor, target: Tensor, weight: Tensor, prior_mean: Tensor, precision: Tensor
) -> Iterator[Posterior]:
    """Bayesian linear regression of every owner, block by block.

    Args:
        sets: Whose ratings are whose.
        rows: (..., N, D), what each of the other side's members puts into the design.
        other: (R,), that member, for each rating.
        target: (..., R), what is left to explain.
        weight: (R,), precision of each rating.
        prior_mean: (..., owners, D).
        precision: (..., D, D), of the prior.
    """
    pull = prior_mean @ precision
    for owners, positions, mask in sets.blocks:
        chosen = rows.index_select(-2, other.index_select(0, positions.reshape(-1)))
        design = chosen.reshape(*rows.shape[:-2], *positions.shape, -1) * mask.unsqueeze(-1)
        weights = _at(weight, positions) * mask
        weighted = (design * weights.unsqueeze(-1)).mT
        gram = torch.matmul(weighted, design).add_(precision.unsqueeze(-3))
        wanted = _at(target, positions)
        right = pull[..., owners, :] + torch.matmul(weighted, wanted.unsqueeze(-1)).squeeze(-1)
        yield Posterior(owners, positions, mask, design, wanted, weights, torch.linalg.cholesky(gram), right)


def _at(values: Tensor, positions: Tensor) -> Tensor:
    """(..., R) at (B, L) -> (..., B, L); several times as fast as by square brackets."""
    return values.index_select(-1, positions.reshape(-1)).reshape(*values.shape[:-1], *positions.shape)


class SidePrior:
    """Prior of one side's coefficients (N, D): Normal(features @ W, 1 / precision), both drawn anew each round."""

    def __init__(self, features: Tensor, width: int, shrinkage: float, random: torch.Generator) -> None:
        self.shrinkage, self.random = shrinkage, random
        count, size = features.shape
        self.ridge = torch.linalg.cholesky(features.T @ features + shrinkage * torch.eye(size))
        self.features, self.transposed = _sparse(features), _sparse(features.T)
        self.weights = torch.zeros(size, width)
        self.precision = 10.0 * torch.eye(width)
        self.mean = torch.zeros(count, width)

    def draw(self, coefficients: Tensor) -> None:
        """W and the precision given the coefficients: conjugate, so exact."""
        (count, size), width = self.features.shape, coefficients.shape[1]
        noisy = coefficients + self._noise(count, width)
        ridge_noise = self.shrinkage**0.5 * self._noise(size, width)
        self.weights = torch.cholesky_solve(self.transposed @ noisy + ridge_noise, self.ridge)
        self.mean = self.features @ self.weights
        spread = (coefficients - self.mean).double()
        weights = self.weights.double()
        scatter = spread.T @ spread + self.shrinkage * weights.T @ weights + torch.eye(width).double()
        self.precision = wishart(torch.linalg.inv(scatter), count + size + width, self.random).float()

    def _noise(self, count: int, width: int) -> Tensor:
        """(count, width), with the prior's covariance."""
        root = torch.linalg.cholesky(self.precision)
        white = torch.randn(width, count, generator=self.random)
        return torch.linalg.solve_triangular(root.T, white, upper=True).T


def _sparse(matrix: Tensor) -> Tensor:
    """The same matrix, of which a few in a hundred are not nought: its products are ten times as fast."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return matrix.contiguous().to_sparse_csr()


def wishart(scale: Tensor, degrees: int, random: torch.Generator) -> Tensor:
    """A draw from Wishart(scale (D, D), degrees of freedom), by Bartlett's decomposition."""
    width = len(scale)
    root = torch.linalg.cholesky((scale + scale.T) / 2)
    lower = torch.randn(width, width, generator=random, dtype=scale.dtype).tril(-1)
    freedom = degrees - torch.arange(width, dtype=scale.dtype)
    chi_squared = 2 * torch._standard_gamma(freedom / 2, generator=random)
    half = root @ (lower + torch.diag(chi_squared.sqrt()))
    return half @ half.T


@dataclass(frozen=True, eq=False)
class Backbone:
    """Samples of the movies' side, and what folds people in. S samples, M movies, F features of a person, D = 1 + k."""

    mean: float
    """Of all training ratings."""
    noise: float
    """Precision of a rating of somebody unknown."""
    noise_ratings: float
    movies: Tensor
    """float32 (S, M, D): b and q of every movie."""
    weights: Tensor
    """float32 (S, F, D): W, from a person's features to their prior mean."""
    precision: Tensor
    """float32 (S, D, D): of a person's prior."""
    log_count: "LogCount"
    """Of a person in training."""
    usual_set: Tensor
    """float32 (M,): mean over people of what they rated, each a vector of length `set_scale`."""

    @cached_property
    def usual_prior(self) -> Tensor:
        """float32 (S, 1, D): what the usual set puts into a person's prior mean."""
        return self.usual_set @ self.weights[:, None, : len(self.usual_set)]

    @cached_property
    def biases(self) -> Tensor:
        """float32 (S, M): b of every movie, side by side."""
        return self.movies[..., 0].contiguous()

    @cached_property
    def design(self) -> Tensor:
        """float32 (S, M, D): 1 and q of every movie, what multiplies a person's b and p."""
        return _design(self.movies)


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


Report = Callable[[int, int], None]
"""Told after each round: rounds done, rounds in all."""


def sample_backbone(
    evidence: Evidence, config: BackboneConfig, seed: int, report: Report = lambda done, rounds: None
) -> Backbone:
    """Draw the posterior with a Gibbs sampler and keep some of its samples.

    The same evidence, settings and seed give the same backbone on the same machine.
    """
    random = torch.Generator().manual_seed(seed)
    count_people, count_movies = len(evidence.fields), len(evidence.traits)
    people, movies = torch.from_numpy(evidence.people), torch.from_numpy(evidence.movies)
    ratings = torch.from_numpy(evidence.ratings)
    mean, width, counts = float(ratings.mean()), 1 + config.factors, torch.bincount(people, minlength=count_people)
    log_count = LogCount.of(evidence.people, count_people)
    features = person_features(evidence, log_count, config)
    of_people = SidePrior(features, width, config.shrinkage, random)
    of_movies = SidePrior(movie_features(evidence, config), width, config.shrinkage, random)
    by_person, by_movie = group(evidence.people, count_people), group(evidence.movies, count_movies)
    person = torch.zeros(count_people, width)
    movie = 0.1 * torch.randn(count_movies, width, generator=random)
    movie[:, 0] = 0
    weight = torch.ones(len(ratings))
    kept = kept_rounds(config)
    samples: list[tuple[Tensor, Tensor, Tensor]] = []
    noise = 1.0
    for done in range(1, config.iterations + 1):
        left = ratings - mean - _at(movie[:, 0], movies)
        for drawn in posteriors(by_person, _design(movie), movies, left, weight, of_people.mean, of_people.precision):
            person[drawn.owners] = drawn.sample(random)
        of_people.draw(person)
        left, squares = ratings - mean - _at(person[:, 0], people), torch.zeros(count_people, dtype=torch.float64)
        for drawn in posteriors(by_movie, _design(person), people, left, weight, of_movies.mean, of_movies.precision):
            movie[drawn.owners] = sample = drawn.sample(random)
            errors = drawn.residuals(sample).double().square()
            squares.index_add_(0, _at(people, drawn.positions).reshape(-1), errors.reshape(-1))
        of_movies.draw(movie)
        noise = len(ratings) / float(squares.sum())
        weight = _at(_draw_steadiness(squares, counts, noise, config, random), people)
        if done in kept:
            samples.append((movie.clone(), of_people.weights, of_people.precision))
        report(done, config.iterations)
    return Backbone(
        mean=mean,
        noise=noise,
        noise_ratings=config.noise_ratings,
        movies=torch.stack([sample[0] for sample in samples]),
        weights=torch.stack([sample[1] for sample in samples]),
        precision=torch.stack([sample[2] for sample in samples]),
        log_count=log_count,
        usual_set=_usual_set(evidence, config),
    )


def together(backbones: Sequence[Backbone], evidence: Evidence, config: BackboneConfig) -> Backbone:
    """One backbone of a few samples of each of some chains, each of which has seen another part of the evidence.

    Chains disagree by more than the samples of one of them do, so that a few samples of each predict better than as
    many of one that has seen everything (benchmarks/experiments.md).
    """
    step = max(1, config.samples // config.served_samples)

    def some(name: str) -> Tensor:
        return torch.cat([getattr(each, name).flip(0)[::step][: config.served_samples] for each in backbones])

    return Backbone(
        mean=float(evidence.ratings.mean()),
        noise=sum(each.noise for each in backbones) / len(backbones),
        noise_ratings=config.noise_ratings,
        movies=some("movies"),
        weights=some("weights"),
        precision=some("precision"),
        log_count=LogCount.of(evidence.people, len(evidence.fields)),
        usual_set=_usual_set(evidence, config),
    )


def kept_rounds(config: BackboneConfig) -> set[int]:
    """Which rounds' samples are kept: evenly spaced, the last among them."""
    step = (config.iterations - config.burn_in) // config.samples
    return {config.iterations - step * back for back in range(config.samples)}


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


def _draw_steadiness(
    squares: Tensor, counts: Tensor, noise: float, config: BackboneConfig, random: torch.Generator
) -> Tensor:
    """Precision of each person's ratings (P,), given their number and the sum of their squared errors: Gamma."""
    shape = (config.noise_ratings + counts) / 2
    rate = (config.noise_ratings / noise + squares) / 2
    return (torch._standard_gamma(shape, generator=random) / rate).float()


@dataclass(frozen=True, eq=False)
class FoldedIn:
    """Some people's tastes, and what is left of their ratings. P people, R ratings."""

    tastes: Tensor
    """float32 (S, P, D)."""
    left_out: Tensor
    """float32 (R,): each rating less what the person's others predict for it."""


def fold_in(backbone: Backbone, people: np.ndarray, movies: Tensor, ratings: Tensor, features: Tensor) -> FoldedIn:
    """Tastes of people from their own ratings alone, in closed form.

    Args:
        backbone: Whose movies explain the ratings.
        people: int64 (R,), whose each rating is: rows of the features.
        movies: int64 (R,).
        ratings: float32 (R,).
        features: float32 (P, F), see `person_features`.
    """
    prior_mean = prior_means(backbone, people, features)
    if not len(ratings):
        return FoldedIn(prior_mean, torch.zeros(0))
    samples, width = len(backbone.movies), backbone.movies.shape[2]
    sets = group(people, len(features), most=200_000 // samples)
    rows, target = backbone.design, ratings - backbone.mean - backbone.biases.index_select(1, movies)
    tastes, left_out = torch.empty(samples, sets.count, width), torch.empty(len(ratings))
    first = posteriors(
        sets,
        rows[0],
        movies,
        target[0],
        torch.full_like(ratings, backbone.noise),
        prior_mean[0],
        backbone.precision[0],
    )
    weight = _steadiness(backbone, first, len(ratings))
    for posterior in posteriors(sets, rows, movies, target, weight, prior_mean, backbone.precision):
        mean = posterior.mean()
        tastes[:, posterior.owners] = mean
        alone = posterior.residuals(mean) / (1 - posterior.leverage()).clamp(min=_LEAST_FREE)
        left_out[posterior.positions[posterior.mask]] = alone.mean(dim=0)[posterior.mask]
    return FoldedIn(tastes, left_out)


def prior_means(backbone: Backbone, people: np.ndarray, features: Tensor) -> Tensor:
    """What to expect of people (S, P, D) before their ratings are looked at, see `fold_in`.

    What they rated says the more of their taste the more it is: of a few ratings, most of the set is still the usual
    one, and how many will follow is open. From some tens on that makes no difference.
    """
    counts = np.bincount(people, minlength=len(features)).astype(np.float32)
    own = torch.from_numpy(counts**2 / (counts**2 + HALF_KNOWN**2)).unsqueeze(1)
    movies = len(backbone.usual_set)
    features = features.clone()
    features[:, :movies] *= own
    features[:, movies + 1] *= own.squeeze(1)
    used = features.any(dim=0).nonzero().squeeze(1)  # of one person's few thousand features, a few hundred
    return features.index_select(1, used) @ backbone.weights.index_select(1, used) + (1 - own) * backbone.usual_prior


HALF_KNOWN = 10
"""With so many ratings, half of a person's set is their own."""

_LEAST_FREE = 0.02
"""A rating that all but fixes its own fit would have a residual of any size without it."""


def _steadiness(backbone: Backbone, first: Iterable[Posterior], count: int) -> Tensor:
    """Precision of each rating (R,): how steady its person is, as residuals of one sample show (one step of EM)."""
    steady = torch.empty(count)
    for posterior in first:
        squares = posterior.residuals(posterior.mean()).square() + posterior.leverage() / backbone.noise
        squares = squares * posterior.mask
        prior = backbone.noise_ratings
        own = (prior + posterior.mask.sum(dim=1)) / (prior / backbone.noise + squares.sum(dim=1))
        steady[posterior.positions[posterior.mask]] = own.unsqueeze(1).expand_as(squares)[posterior.mask]
    return steady


def predict(backbone: Backbone, tastes: Tensor, people: Tensor, movies: Tensor) -> tuple[Tensor, Tensor]:
    """Predicted ratings (N,) of pairs, not clipped, and how far the samples disagree (N,), a standard deviation.

    Args:
        backbone: With S samples.
        tastes: (S, P, D), from `fold_in`.
        people: int64 (N,), rows of the tastes.
        movies: int64 (N,).
    """
    total, squares = torch.zeros(len(people)), torch.zeros(len(people))
    for of_people, design, of_movies in zip(tastes, backbone.design, backbone.movies, strict=True):
        rating = of_movies[movies, 0] + (of_people[people] * design[movies]).sum(dim=1)
        total += rating
        squares += rating.square()
    mean = total / len(tastes)
    return backbone.mean + mean, (squares / len(tastes) - mean.square()).clamp(min=0).sqrt()


def predict_catalogue(backbone: Backbone, tastes: Tensor) -> tuple[Tensor, Tensor]:
    """`predict` for every movie (M,) and one person, whose tastes are (S, 1, D): one product instead of M gathers."""
    own, factors = tastes.split([1, tastes.shape[2] - 1], dim=2)
    # (b_movie, q) . (1, p) + b_person
    ratings = torch.baddbmm(own, backbone.movies, torch.cat([torch.ones_like(own), factors], dim=2).mT).squeeze(2)
    mean = ratings.mean(dim=0)
    return backbone.mean + mean, (ratings - mean).square().mean(dim=0).sqrt()


def _design(of_other_side: Tensor) -> Tensor:
    """(..., N, D) of b and q -> the same of 1 and q: what multiplies (b_person, p)."""
    return torch.cat([torch.ones_like(of_other_side[..., :1]), of_other_side[..., 1:]], dim=-1)
