"""Batched Bayesian linear regressions: one for each person, or each movie, with its own number of ratings."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


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
