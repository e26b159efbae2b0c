"""The Gibbs sampler of the backbone, and the priors that it draws: Macau (Simm et al., 2015)."""

import warnings

import torch
from torch import Tensor
from torch.distributions import Gamma

from lcrec_core.models.lcrec.backbone import Backbone, regressors_of
from lcrec_core.models.lcrec.config import BackboneConfig
from lcrec_core.models.lcrec.regression import bucket_by_length, posteriors, take_at
from lcrec_core.models.lcrec.side_information import (
    Interactions,
    LogCount,
    mean_user_set_of,
    movie_side_features,
    user_side_features,
)


class SidePrior:
    """Prior of one side's coefficients (N, D): Normal(features @ W, 1 / precision), both drawn anew each round."""

    def __init__(self, features: Tensor, width: int, shrinkage: float, random: torch.Generator) -> None:
        self.shrinkage, self.random = shrinkage, random
        count, size = features.shape
        self.dual = few_rows(count, size)
        gram = features @ features.T if self.dual else features.T @ features
        self.ridge = torch.linalg.cholesky(gram + shrinkage * torch.eye(len(gram)))
        self.features, self.transposed = _sparse(features), _sparse(features.T)
        self.weights = torch.zeros(size, width)
        # Coefficients of a standard deviation of 0.3 stars to begin with; the first round draws it anew.
        self.precision = 10.0 * torch.eye(width)
        self.mean = torch.zeros(count, width)

    def draw(self, coefficients: Tensor) -> None:
        """W and the precision given the coefficients: conjugate, so exact."""
        (count, size), width = self.features.shape, coefficients.shape[1]
        noisy = coefficients + self._noise(count, width)
        ridge_noise = self.shrinkage**0.5 * self._noise(size, width)
        self.weights = self._solve(self.transposed @ noisy + ridge_noise)
        self.mean = self.features @ self.weights
        centred = (coefficients - self.mean).double()
        weights = self.weights.double()
        scatter = centred.T @ centred + self.shrinkage * weights.T @ weights + torch.eye(width).double()
        self.precision = wishart(torch.linalg.inv(scatter), count + size + width, self.random).float()

    def _solve(self, right: Tensor) -> Tensor:
        """(F'F + shrinkage I)^-1 right: (size, width) -> (size, width)."""
        if not self.dual:
            return torch.cholesky_solve(right, self.ridge)
        # Woodbury's identity: (right - F' (F F' + shrinkage I)^-1 F right) / shrinkage.
        within = self.transposed @ torch.cholesky_solve(self.features @ right, self.ridge)
        return (right - within) / self.shrinkage

    def _noise(self, count: int, width: int) -> Tensor:
        """(count, width), with the prior's covariance."""
        root = torch.linalg.cholesky(self.precision)
        white = torch.randn(width, count, generator=self.random)
        return torch.linalg.solve_triangular(root.T, white, upper=True).T


def few_rows(count: int, size: int) -> bool:
    """Whether so many rows are so few beside their features that the matrix of rows by rows is the one to factorize."""
    return 2 * count <= size


def _sparse(matrix: Tensor) -> Tensor:
    """The same matrix, of which a few in a hundred are not zero: its products are ten times as fast."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return matrix.contiguous().to_sparse_csr()


def wishart(scale: Tensor, degrees: int, random: torch.Generator) -> Tensor:
    """A draw from Wishart(scale (D, D), degrees of freedom), by Bartlett's decomposition."""
    width = len(scale)
    root = torch.linalg.cholesky((scale + scale.T) / 2)
    lower = torch.randn(width, width, generator=random, dtype=scale.dtype).tril(-1)
    freedom = degrees - torch.arange(width, dtype=scale.dtype)
    chi_squared = 2 * standard_gamma(freedom / 2, random)
    half = root @ (lower + torch.diag(chi_squared.sqrt()))
    return half @ half.T


def standard_gamma(shape: Tensor, random: torch.Generator) -> Tensor:
    """Draws from Gamma(shape, 1). Public torch draws them from its global generator only, which is lent our state."""
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(random.get_state())
        drawn = Gamma(shape, torch.ones_like(shape)).sample()
        random.set_state(torch.get_rng_state())
    return drawn


def sample_backbone(interactions: Interactions, config: BackboneConfig, seed: int) -> Backbone:
    """Draw the posterior with a Gibbs sampler and keep some of its samples.

    The same interactions, settings and seed give the same backbone on the same machine.
    """
    random = torch.Generator().manual_seed(seed)
    count_people, count_movies = len(interactions.user_features), len(interactions.item_features)
    people, movies = torch.from_numpy(interactions.people), torch.from_numpy(interactions.movies)
    ratings = torch.from_numpy(interactions.ratings)
    mean, width, counts = float(ratings.mean()), 1 + config.factors, torch.bincount(people, minlength=count_people)
    log_count = LogCount.of(interactions.people, count_people)
    features = user_side_features(interactions, log_count, config)
    of_people = SidePrior(features, width, config.shrinkage, random)
    of_movies = SidePrior(movie_side_features(interactions, config), width, config.shrinkage, random)
    by_person = bucket_by_length(interactions.people, count_people)
    by_movie = bucket_by_length(interactions.movies, count_movies)
    person = torch.zeros(count_people, width)
    movie = 0.1 * torch.randn(count_movies, width, generator=random)
    movie[:, 0] = 0
    weight = torch.ones(len(ratings))
    kept = kept_rounds(config)
    samples: list[tuple[Tensor, Tensor, Tensor]] = []
    noise = 1.0
    for done in range(1, config.iterations + 1):
        left = ratings - mean - take_at(movie[:, 0], movies)
        for drawn in posteriors(
            by_person, regressors_of(movie), movies, left, weight, of_people.mean, of_people.precision
        ):
            person[drawn.rows] = drawn.sample(random)
        of_people.draw(person)
        left, squares = ratings - mean - take_at(person[:, 0], people), torch.zeros(count_people, dtype=torch.float64)
        for drawn in posteriors(
            by_movie, regressors_of(person), people, left, weight, of_movies.mean, of_movies.precision
        ):
            movie[drawn.rows] = sample = drawn.sample(random)
            errors = drawn.residuals(sample).double().square()
            squares.index_add_(0, take_at(people, drawn.positions).reshape(-1), errors.reshape(-1))
        of_movies.draw(movie)
        noise = len(ratings) / float(squares.sum())
        weight = take_at(draw_user_precision(squares, counts, noise, config, random), people)
        if done in kept:
            samples.append((movie.clone(), of_people.weights, of_people.precision))
    return Backbone(
        mean=mean,
        noise=noise,
        noise_ratings=config.noise_ratings,
        movies=torch.stack([sample[0] for sample in samples]),
        weights=torch.stack([sample[1] for sample in samples]),
        precision=torch.stack([sample[2] for sample in samples]),
        log_count=log_count,
        mean_user_set=mean_user_set_of(interactions, config),
    )


def kept_rounds(config: BackboneConfig) -> set[int]:
    """Which rounds' samples are kept: evenly spaced, the last among them."""
    step = (config.iterations - config.burn_in) // config.samples
    return {config.iterations - step * back for back in range(config.samples)}


def draw_user_precision(
    squares: Tensor, counts: Tensor, noise: float, config: BackboneConfig, random: torch.Generator
) -> Tensor:
    """Precision of each person's ratings (P,), given their number and the sum of their squared errors: Gamma."""
    shape = (config.noise_ratings + counts) / 2
    rate = (config.noise_ratings / noise + squares) / 2
    return (standard_gamma(shape, random) / rate).float()
