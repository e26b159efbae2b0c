"""Batched Bayesian linear regressions: one for each person, or each movie, with its own number of ratings."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Ragged:
    """Ratings by row (a person, or a movie), in blocks of rows with about equally many ratings."""

    count: int
    """How many rows there are."""
    blocks: list[tuple[Tensor, Tensor, Tensor]]
    """(rows int64 (B,), positions of their ratings int32 (B, L), mask (B, L))."""


def bucket_by_length(rows: np.ndarray, count: int, most: int = 200_000) -> Ragged:
    """Group ratings (R,) by row, in blocks of rows of similar length with little padding.

    Args:
        rows: int32 or int64 (R,), whose each rating is.
        count: How many rows there are; those without a rating are in a block too.
        most: Ratings of a block, about, padding counted: its memory.
    """
    if not len(rows):
        return Ragged(count, [])
    order = np.argsort(rows, kind="stable").astype(np.int32)
    counts = np.bincount(rows, minlength=count)
    first = np.concatenate([[0], np.cumsum(counts)])
    by_size = np.argsort(counts, kind="stable")
    blocks, start = [], 0
    while start < count:
        # Up to a fifth of padding: tighter blocks are too many small calls. Below eight ratings padding costs nothing.
        fits = np.searchsorted(counts[by_size], max(8, 1.2 * counts[by_size[start]]), side="right")
        end = int(min(fits, start + max(1, most // max(1, counts[by_size[fits - 1]]))))
        block = by_size[start:end]
        length = max(1, int(counts[block].max()))
        at = np.arange(length)
        mask = at < counts[block][:, None]
        positions = np.where(mask, order[np.minimum(first[block][:, None] + at, len(order) - 1)], np.int32(0))
        blocks.append((torch.from_numpy(block), torch.from_numpy(positions), torch.from_numpy(mask)))
        start = end
    return Ragged(count, blocks)


@dataclass(frozen=True, eq=False)
class Posterior:
    """Gaussian posteriors of a block of B rows' coefficients; `...` is a dimension of samples, or none."""

    rows: Tensor
    """int64 (B,)."""
    positions: Tensor
    """int32 (B, L), of their ratings."""
    mask: Tensor
    """bool (B, L)."""
    design: Tensor
    """(..., B, L, D): a row per rating; zeros where there is none."""
    target: Tensor
    """(..., B, L)."""
    weight: Tensor
    """(B, L): precision of each rating."""
    cholesky: Tensor
    """(..., B, D, D), lower factor of the posterior precision."""
    right: Tensor
    """(..., B, D): posterior precision times mean."""

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
        """(..., B, L): diagonal of the hat matrix, how far each rating pulls its own fit, 0 to 1."""
        # By the inverse, which is small: a triangular solve for every rating takes three times as long.
        pulled = torch.matmul(self.design, torch.cholesky_inverse(self.cholesky))
        return (pulled * self.design).sum(dim=-1) * self.weight


def posteriors(
    ragged: Ragged,
    regressors: Tensor,
    other: Tensor,
    target: Tensor,
    weight: Tensor,
    prior_mean: Tensor,
    precision: Tensor,
) -> Iterator[Posterior]:
    """Bayesian linear regression of every row, block by block.

    Args:
        ragged: Which ratings are whose.
        regressors: (..., N, D), what each of the other side puts into the design.
        other: (R,), which of the other side each rating is about.
        target: (..., R), what is left to explain.
        weight: (R,), precision of each rating.
        prior_mean: (..., rows, D).
        precision: (..., D, D), of the prior.
    """
    pull = prior_mean @ precision
    for rows, positions, mask in ragged.blocks:
        chosen = regressors.index_select(-2, other.index_select(0, positions.reshape(-1)))
        design = chosen.reshape(*regressors.shape[:-2], *positions.shape, -1) * mask.unsqueeze(-1)
        weights = take_at(weight, positions) * mask
        weighted = (design * weights.unsqueeze(-1)).mT
        gram = torch.matmul(weighted, design).add_(precision.unsqueeze(-3))
        wanted = take_at(target, positions)
        right = pull[..., rows, :] + torch.matmul(weighted, wanted.unsqueeze(-1)).squeeze(-1)
        yield Posterior(rows, positions, mask, design, wanted, weights, torch.linalg.cholesky(gram), right)


def take_at(values: Tensor, positions: Tensor) -> Tensor:
    """(..., R) at (B, L) -> (..., B, L); several times as fast as by square brackets."""
    return values.index_select(-1, positions.reshape(-1)).reshape(*values.shape[:-1], *positions.shape)
