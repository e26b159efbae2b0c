"""The collaborative backbone of LCRec: a Bayesian factorization, sampled, with a closed form for anybody's factors.

    rating  =  mean  +  b_movie  +  b_person + p . q  +  noise of the person          p, q of k factors
    (b_person, p)  ~  Normal(what the person rated and who they are @ W, 1 / precision)
    (b_movie, q)   ~  Normal(who rated the movie and what it is @ W', 1 / precision')

This is Macau (Simm et al., 2015), Bayesian probabilistic matrix factorization (Salakhutdinov & Mnih, 2008) with side
information, where the side information is SVD++'s (Koren, 2008) on both sides. A Gibbs sampler draws it: all people
given the movies, all movies given the people, each in one batched Cholesky factorization. Averaging over samples
is what regularises it.

Only the movies' side of a few samples is kept. A person, known or new, is folded in: given the movies, their
(b, p) is the posterior of a small linear regression on their own ratings. The same factorization gives, for each of
their ratings, the leave-one-out residual, which is what the network's LSTM reads.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from lcrec_core.models.lcrec.config import BackboneConfig
from lcrec_core.models.lcrec.in_bytes import InBytes, to_bytes
from lcrec_core.models.lcrec.regression import Posterior, bucket_by_length, posteriors
from lcrec_core.models.lcrec.side_information import Interactions, LogCount, SideFeatures, mean_user_set_of


@dataclass(frozen=True, eq=False)
class Backbone:
    """Samples of the movies' side, and what folds people in. S samples, M movies, F features of a person, D = 1 + k."""

    mean: float
    """Of all training ratings."""
    noise: float
    """Precision of a rating of somebody unknown."""
    noise_ratings: float
    """How many ratings' worth that counts against a person's own, see `BackboneConfig`."""
    movies: Tensor | InBytes
    """float32 (S, M, D): b and q of every movie."""
    weights: Tensor | InBytes
    """float32 (S, F, D): W, from a person's features to their prior mean."""
    precision: Tensor
    """float32 (S, D, D): of a person's prior."""
    log_count: "LogCount"
    """Of a person in training."""
    mean_user_set: Tensor
    """float32 (M,): mean over people of what they rated, each a vector of length `set_scale`."""

    def __post_init__(self) -> None:
        # Movies side by side in memory, as `predict_catalogue` reads them; everywhere, for a product in another order
        # ends in other last digits.
        if isinstance(self.movies, Tensor):
            object.__setattr__(self, "movies", self.movies.mT.contiguous().mT)

    def among(self, movies: Tensor) -> "Backbone":
        """The same of some movies alone, int64 (K,), as numbers."""
        return replace(self, movies=self.movies.index_select(1, movies))

    @cached_property
    def mean_user_prior(self) -> Tensor:
        """float32 (S, 1, D): what the mean set puts into a person's prior mean."""
        if isinstance(self.weights, InBytes):
            of_samples = [self.mean_user_set @ weights[: len(self.mean_user_set)] for weights in self.weights]
            return torch.stack(of_samples).unsqueeze(1)
        return self.mean_user_set @ self.weights[:, None, : len(self.mean_user_set)]

    @cached_property
    def biases(self) -> Tensor:
        """float32 (S, M): b of every movie, side by side."""
        return self._numbers[..., 0].contiguous()

    @cached_property
    def design(self) -> Tensor:
        """float32 (S, M, D): 1 and q of every movie, what multiplies a person's b and p."""
        return regressors_of(self._numbers)

    @property
    def _numbers(self) -> Tensor:
        """The movies' coefficients where they are held as numbers; of those in bytes see `among`."""
        assert isinstance(self.movies, Tensor)
        return self.movies


def _asked(backbone: Backbone, movies: Tensor) -> tuple[Backbone, Tensor]:
    """The backbone of what some ratings (R,) are about, as numbers, and the movies' places in it (R,)."""
    if isinstance(backbone.movies, Tensor):
        return backbone, movies
    few, places = movies.unique(return_inverse=True)
    return backbone.among(few), places


def merge_chains(backbones: Iterable[Backbone], interactions: Interactions, config: BackboneConfig) -> Backbone:
    """One backbone of a few samples of each of some chains, each of which has seen another part of the ratings.

    Chains disagree by more than the samples of one of them do, so that a few samples of each predict better than as
    many of one that has seen everything (docs/experiments.md). Of the chains, one at a time is looked at.
    """
    step, names = max(1, config.samples // config.served_samples), ("movies", "weights", "precision")
    parts, noises = [], []
    for each in backbones:
        parts.append([getattr(each, name).flip(0)[::step][: config.served_samples].clone() for name in names])
        noises.append(each.noise)
    movies, weights, precision = (torch.cat(list(part)) for part in zip(*parts, strict=True))
    return Backbone(
        mean=float(interactions.ratings.mean()),
        noise=sum(noises) / len(noises),
        noise_ratings=config.noise_ratings,
        movies=movies,
        weights=weights,
        precision=precision,
        log_count=LogCount.of(interactions.people, len(interactions.user_features)),
        mean_user_set=mean_user_set_of(interactions, config),
    )


@dataclass(frozen=True, eq=False)
class FoldedIn:
    """Posterior means of some people's factors, and leave-one-out residuals. P people, R ratings."""

    user_factors: Tensor
    """float32 (S, P, D): b and p of everybody."""
    loo_residuals: Tensor
    """float32 (R,): each rating less its prediction from the person's others, averaged over samples."""


def fold_in(
    backbone: Backbone, people: np.ndarray, movies: Tensor, ratings: Tensor, features: SideFeatures
) -> FoldedIn:
    """Factors of people from their own ratings alone, in closed form; residuals by the leverage (PRESS).

    Args:
        backbone: Whose movies explain the ratings.
        people: int32 or int64 (R,), whose each rating is: rows of the features.
        movies: int32 or int64 (R,).
        ratings: float32 (R,).
        features: (P, F), see `user_side_features`.
    """
    prior_mean = prior_means(backbone, people, features)
    if not len(ratings):
        return FoldedIn(prior_mean, torch.zeros(0))
    backbone, movies = _asked(backbone, movies)
    samples, width = len(backbone.movies), backbone.movies.shape[2]
    ragged = bucket_by_length(people, features.shape[0], most=200_000 // samples)
    rows, target = backbone.design, ratings - backbone.mean - backbone.biases.index_select(1, movies)
    user_factors, loo_residuals = torch.empty(samples, ragged.count, width), torch.empty(len(ratings))
    first = posteriors(
        ragged,
        rows[0],
        movies,
        target[0],
        torch.full_like(ratings, backbone.noise),
        prior_mean[0],
        backbone.precision[0],
    )
    weight = _user_precision(backbone, first, len(ratings))
    for posterior in posteriors(ragged, rows, movies, target, weight, prior_mean, backbone.precision):
        mean = posterior.mean()
        user_factors[:, posterior.rows] = mean
        alone = posterior.residuals(mean) / (1 - posterior.leverage()).clamp(min=_LEAST_FREE)
        loo_residuals[posterior.positions[posterior.mask]] = alone.mean(dim=0)[posterior.mask]
    return FoldedIn(user_factors, loo_residuals)


def prior_means(backbone: Backbone, people: np.ndarray, features: SideFeatures) -> Tensor:
    """What to expect of people (S, P, D) before their ratings are looked at, see `fold_in`.

    What they rated says the more of their taste the more it is: of a few ratings, most of the set is still everybody's
    mean set, and how many will follow is open. From some tens on that makes no difference.
    """
    counts = np.bincount(people, minlength=features.shape[0]).astype(np.float32)
    weight = counts**2 / (counts**2 + HALF_WEIGHT_AT**2)
    scaled = features.scaled(weight)
    if features.is_small:
        dense = scaled.dense()
        used = dense.any(dim=0).nonzero().squeeze(1)  # of one person's few thousand features, a few hundred
        own = dense.index_select(1, used) @ backbone.weights.index_select(1, used)
    else:
        own = torch.stack([scaled.times(weights) for weights in backbone.weights])
    return own + (1 - torch.from_numpy(weight).unsqueeze(1)) * backbone.mean_user_prior


HALF_WEIGHT_AT = 10
"""With so many ratings, half of a person's set is their own and half the mean set."""

_LEAST_FREE = 0.02
"""A rating that all but fixes its own fit would have a residual of any size without it."""


def _user_precision(backbone: Backbone, first: Iterable[Posterior], count: int) -> Tensor:
    """Precision of each rating (R,): its person's, from the residuals of one sample (one step of EM)."""
    precision = torch.empty(count)
    for posterior in first:
        squares = posterior.residuals(posterior.mean()).square() + posterior.leverage() / backbone.noise
        squares = squares * posterior.mask
        prior = backbone.noise_ratings
        of_person = (prior + posterior.mask.sum(dim=1)) / (prior / backbone.noise + squares.sum(dim=1))
        precision[posterior.positions[posterior.mask]] = of_person.unsqueeze(1).expand_as(squares)[posterior.mask]
    return precision


def predict(backbone: Backbone, user_factors: Tensor, people: Tensor, movies: Tensor) -> tuple[Tensor, Tensor]:
    """Predicted ratings (N,) of pairs, not clipped, and how far the samples disagree (N,), a standard deviation.

    Args:
        backbone: With S samples.
        user_factors: (S, P, D), from `fold_in`.
        people: int64 (N,), rows of the factors.
        movies: int64 (N,).
    """
    backbone, movies = _asked(backbone, movies)
    total, squares = torch.zeros(len(people)), torch.zeros(len(people))
    for of_people, design, of_movies in zip(user_factors, backbone.design, backbone.movies, strict=True):
        rating = of_movies[movies, 0] + (of_people[people] * design[movies]).sum(dim=1)
        total += rating
        squares += rating.square()
    mean = total / len(user_factors)
    return backbone.mean + mean, (squares / len(user_factors) - mean.square()).clamp(min=0).sqrt()


def predict_catalogue(backbone: Backbone, user_factors: Tensor, movies: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """`predict` for one person, whose factors are (S, 1, D), and every movie (M,) or some: one product, no M gathers.

    Args:
        backbone: With S samples.
        user_factors: (S, 1, D), from `fold_in`.
        movies: int64 (K,); every movie where it is None.
    """
    if isinstance(backbone.movies, InBytes) and (movies is None or len(movies) > MOVIES_AT_ONCE):
        everything = torch.arange(backbone.movies.shape[1])
        parts = (everything if movies is None else movies).split(MOVIES_AT_ONCE)
        said = [predict_catalogue(backbone, user_factors, part) for part in parts]
        return torch.cat([rating for rating, _ in said]), torch.cat([deviation for _, deviation in said])
    own, factors = user_factors.split([1, user_factors.shape[2] - 1], dim=2)
    of_person = torch.cat([torch.ones_like(own), factors], dim=2)
    # (1, p) . (b_movie, q) + b_person
    if movies is None:
        # with the movies side by side in memory: a third of the time
        ratings = torch.baddbmm(own, of_person, backbone._numbers.mT).squeeze(1)
    else:
        ratings = torch.baddbmm(own, backbone.movies.index_select(1, movies), of_person.mT).squeeze(2)
    mean = ratings.mean(dim=0)
    return backbone.mean + mean, (ratings - mean).square().mean(dim=0).sqrt()


MOVIES_AT_ONCE = 1024
"""Of coefficients in bytes, those that are numbers at a time: 8 MB of 50 samples, which a processor has at hand."""


def regressors_of(of_other_side: Tensor) -> Tensor:
    """(..., N, D) of b and q -> the same of 1 and q: what multiplies (b_person, p)."""
    return torch.cat([torch.ones_like(of_other_side[..., :1]), of_other_side[..., 1:]], dim=-1)


def no_backbone(interactions: Interactions) -> Backbone:
    """One that says the mean of all ratings for everything, so that residuals are ratings less that."""
    people, user_features = interactions.user_features.shape
    movies = len(interactions.item_features)
    return Backbone(
        mean=float(interactions.ratings.mean()),
        noise=1.0,
        noise_ratings=1.0,
        movies=torch.zeros(1, movies, 2),
        weights=torch.zeros(1, movies + 2 + user_features, 2),
        precision=1e9 * torch.eye(2).unsqueeze(0),
        log_count=LogCount.of(interactions.people, people),
        mean_user_set=torch.zeros(movies),
    )


def check_arrays(arrays: dict[str, np.ndarray], movies: int, features: int, width: int) -> None:
    """Refuse what is no backbone of so many movies, features of a person and coefficients.

    Raises:
        ValueError: The message names the array.
    """
    samples = len(arrays["precision"]) if np.ndim(arrays.get("precision", 0)) else 0
    wanted: dict[str, tuple[tuple[int, ...], type]] = {
        "numbers": ((6,), np.float64),
        "precision": ((samples, width, width), np.float32),
        "usual_set": ((movies,), np.float32),
        "movies": ((samples, movies, width), np.int8),
        "movies_scale": ((samples, 1, width), np.float32),
        "weights": ((samples, features, width), np.int8),
        "weights_scale": ((samples, 1, width), np.float32),
    }
    if differing := sorted(wanted.keys() ^ arrays.keys()):
        raise ValueError(f"the backbone lacks {differing[0]}, or has it and should not")
    for name, (shape, dtype) in wanted.items():
        if (arrays[name].shape, arrays[name].dtype) != (shape, dtype):
            raise ValueError(f"the backbone's {name} is {arrays[name].shape} {arrays[name].dtype}, not {shape}")
    _, noise, noise_ratings, _, deviation, _ = arrays["numbers"].tolist()
    if not samples or min(noise, noise_ratings, deviation) <= 0:
        raise ValueError("the backbone has no samples, or a deviation that is not positive")
    torch.linalg.cholesky(torch.from_numpy(arrays["precision"]))  # which takes a positive definite matrix alone


def backbone_arrays(backbone: Backbone) -> dict[str, np.ndarray]:
    """As named arrays, for a file: the large ones in bytes, which are far finer than what the samples disagree by."""
    arrays = {"precision": backbone.precision.numpy(), "usual_set": backbone.mean_user_set.numpy()}
    for name in _IN_BYTES:
        held = getattr(backbone, name)
        in_bytes, scale = (held.values.numpy(), held.scale.numpy()) if isinstance(held, InBytes) else to_bytes(held)
        arrays |= {name: in_bytes, f"{name}_scale": scale}
    numbers = [backbone.mean, backbone.noise, backbone.noise_ratings, *backbone.log_count]
    return {**arrays, "numbers": np.array(numbers, dtype=np.float64)}


def from_arrays(arrays: dict[str, np.ndarray], *, in_bytes: bool = False) -> Backbone:
    """The backbone that `backbone_arrays` took apart.

    Args:
        arrays: As named there.
        in_bytes: Whether the large ones stay as they are, and are turned into numbers where they are used.
    """
    mean, noise, noise_ratings, *log_count = arrays["numbers"].tolist()
    large = [InBytes(*(torch.from_numpy(arrays[each]) for each in (name, f"{name}_scale"))) for name in _IN_BYTES]
    movies, weights = large if in_bytes else (each.values * each.scale for each in large)
    precision, mean_user_set = (torch.from_numpy(arrays[name]) for name in ("precision", "usual_set"))
    return Backbone(mean, noise, noise_ratings, movies, weights, precision, LogCount(*log_count), mean_user_set)


_IN_BYTES = ("movies", "weights")
