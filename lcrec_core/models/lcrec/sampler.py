"""The Gibbs sampler of the backbone, and the priors that it draws: Macau (Simm et al., 2015)."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Gamma

from lcrec_core.models.lcrec.backbone import Backbone, from_arrays, regressors_of
from lcrec_core.models.lcrec.config import BackboneConfig
from lcrec_core.models.lcrec.in_bytes import to_bytes
from lcrec_core.models.lcrec.regression import bucket_by_length, posteriors, take_at
from lcrec_core.models.lcrec.ridge import ridge_of
from lcrec_core.models.lcrec.side_information import (
    Interactions,
    LogCount,
    SideFeatures,
    mean_user_set_of,
    movie_side_features,
    user_side_features,
)


class SidePrior:
    """Prior of one side's coefficients (N, D): Normal(features @ W, 1 / precision), both drawn anew each round."""

    def __init__(self, features: SideFeatures, width: int, shrinkage: float, random: torch.Generator) -> None:
        self.shrinkage, self.random = shrinkage, random
        self.regression = ridge_of(features, shrinkage)
        count, size = features.shape
        self.weights = torch.zeros(size, width)
        # Coefficients of a standard deviation of 0.3 stars to begin with; the first round draws it anew.
        self.precision = 10.0 * torch.eye(width)
        self.mean = torch.zeros(count, width)

    def draw(self, coefficients: Tensor) -> None:
        """W and the precision given the coefficients: conjugate, so exact."""
        (count, width), size = coefficients.shape, len(self.weights)
        noisy = coefficients + self._noise(count, width)
        ridge_noise = self.shrinkage**0.5 * self._noise(size, width)
        right = self.regression.transposed_times(noisy) + ridge_noise
        self.weights = self.regression.solve(right, self.weights)
        self.mean = self.regression.times(self.weights)
        centred = (coefficients - self.mean).double()
        weights = self.weights.double()
        scatter = centred.T @ centred + self.shrinkage * weights.T @ weights + torch.eye(width).double()
        self.precision = wishart(torch.linalg.inv(scatter), count + size + width, self.random).float()

    def _noise(self, count: int, width: int) -> Tensor:
        """(count, width), with the prior's covariance."""
        root = torch.linalg.cholesky(self.precision)
        white = torch.randn(width, count, generator=self.random)
        return torch.linalg.solve_triangular(root.T, white, upper=True).T


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


class Chain:
    """One run of the sampler, round by round; between two of them it can be taken down and set up again.

    The same interactions, settings and seed give the same backbone on the same machine, whether it was or not.
    """

    def __init__(self, interactions: Interactions, config: BackboneConfig, seed: int) -> None:
        self.config, self.random = config, torch.Generator().manual_seed(seed)
        people, movies = len(interactions.user_features), len(interactions.item_features)
        self.people, self.movies = torch.from_numpy(interactions.people), torch.from_numpy(interactions.movies)
        self.ratings = torch.from_numpy(interactions.ratings)
        self.mean, width = float(self.ratings.mean()), 1 + config.factors
        self.counts = torch.bincount(self.people, minlength=people)
        self.log_count = LogCount.of(interactions.people, people)
        self.mean_user_set = mean_user_set_of(interactions, config)
        of_people = user_side_features(interactions, self.log_count, config)
        self.of_people = SidePrior(of_people, width, config.shrinkage, self.random)
        self.of_movies = SidePrior(movie_side_features(interactions, config), width, config.shrinkage, self.random)
        self.by_person = bucket_by_length(interactions.people, people)
        self.by_movie = bucket_by_length(interactions.movies, movies)
        self.movie = 0.1 * torch.randn(movies, width, generator=self.random)
        self.movie[:, 0] = 0
        self.user_precision = torch.ones(people)
        self.noise = 1.0
        self.done = 0
        """Rounds."""
        self.samples: list[dict[str, np.ndarray]] = []
        """Those kept so far, as `backbone_arrays` has them, one by one."""

    def round(self) -> None:
        """Everybody given the movies, all movies given the people, and what both are drawn from."""
        config, random, people, movies = self.config, self.random, self.people, self.movies
        weight = take_at(self.user_precision, people)
        person = torch.zeros(len(self.counts), self.movie.shape[1])
        left = self.ratings - self.mean - take_at(self.movie[:, 0], movies)
        for drawn in posteriors(
            self.by_person,
            regressors_of(self.movie),
            movies,
            left,
            weight,
            self.of_people.mean,
            self.of_people.precision,
        ):
            person[drawn.rows] = drawn.sample(random)
        self.of_people.draw(person)
        left = self.ratings - self.mean - take_at(person[:, 0], people)
        squares = torch.zeros(len(self.counts), dtype=torch.float64)
        for drawn in posteriors(
            self.by_movie, regressors_of(person), people, left, weight, self.of_movies.mean, self.of_movies.precision
        ):
            self.movie[drawn.rows] = sample = drawn.sample(random)
            errors = drawn.residuals(sample).double().square()
            squares.index_add_(0, take_at(people, drawn.positions).reshape(-1), errors.reshape(-1))
        self.of_movies.draw(self.movie)
        self.noise = len(self.ratings) / float(squares.sum())
        self.user_precision = draw_user_precision(squares, self.counts, self.noise, config, random)
        self.done += 1
        if self.done in kept_rounds(config):
            self._keep()

    def _keep(self) -> None:
        """Take this round's sample, in bytes: an eighth of the memory of a chain's other arrays instead of half."""
        sample = {"precision": self.of_people.precision.numpy()}
        for name, values in (("movies", self.movie), ("weights", self.of_people.weights)):
            in_bytes, scale = to_bytes(values)
            sample |= {name: in_bytes, f"{name}_scale": scale}
        self.samples.append(sample)

    def arrays(self) -> dict[str, np.ndarray]:
        """The backbone of the samples, as `backbone_arrays` has it."""
        numbers = [self.mean, self.noise, self.config.noise_ratings, *self.log_count]
        samples = {name: np.stack([sample[name] for sample in self.samples]) for name in self.samples[0]}
        return samples | {"usual_set": self.mean_user_set.numpy(), "numbers": np.array(numbers, dtype=np.float64)}

    def state(self) -> dict[str, np.ndarray]:
        """Where it stands, for `restore`."""
        kept = {
            f"sample.{at}.{name}": array for at, sample in enumerate(self.samples) for name, array in sample.items()
        }
        where = {"done": np.array(self.done), "noise": np.array(self.noise), "random": self.random.get_state().numpy()}
        return kept | where | {name: tensor.numpy() for name, tensor in self._tensors().items()}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from a `state` of a chain of the same interactions, settings and seed.

        Raises:
            ValueError: It is none; nothing has changed then.
            KeyError: The same.
        """
        tensors = self._tensors()
        for name, tensor in tensors.items():
            if (arrays[name].shape, arrays[name].dtype) != (tuple(tensor.shape), tensor.numpy().dtype):
                raise ValueError(f"{name} of the chain is {arrays[name].shape}, not {tuple(tensor.shape)}")
        done, kept = int(arrays["done"]), sorted(kept_rounds(self.config))
        if not 0 < done <= self.config.iterations or arrays["random"].dtype != np.uint8:
            raise ValueError("no chain stands there")
        names = ("precision", "movies", "movies_scale", "weights", "weights_scale")
        samples = [
            {name: arrays[f"sample.{at}.{name}"] for name in names} for at in range(sum(each <= done for each in kept))
        ]
        self.random.set_state(torch.from_numpy(arrays["random"].copy()))
        self.done, self.noise, self.samples = done, float(arrays["noise"]), samples
        for name, tensor in tensors.items():
            tensor.copy_(torch.from_numpy(arrays[name].copy()))

    def _tensors(self) -> dict[str, Tensor]:
        """What one round hands to the next."""
        priors = {"people": self.of_people, "movies": self.of_movies}
        of_priors = {
            f"{side}.{name}": tensor
            for side, prior in priors.items()
            for name, tensor in (("weights", prior.weights), ("precision", prior.precision), ("mean", prior.mean))
        }
        return {"movie": self.movie, "user_precision": self.user_precision, **of_priors}


def sample_backbone(interactions: Interactions, config: BackboneConfig, seed: int) -> Backbone:
    """Draw the posterior with a Gibbs sampler and keep some of its samples, see `Chain`."""
    chain = Chain(interactions, config, seed)
    while chain.done < config.iterations:
        chain.round()
    return from_arrays(chain.arrays())


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
