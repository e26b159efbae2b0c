"""The ridge regression that W is drawn by: exact where one matrix holds the features, by conjugate gradients beyond."""

import warnings
from typing import Protocol

import torch
from torch import Tensor

from lcrec_core.models.lcrec.side_information import SideFeatures


class Ridge(Protocol):
    """Regression on features F (N, size) with a ridge."""

    def times(self, weights: Tensor) -> Tensor:
        """F @ weights: (size, D) -> (N, D)."""
        ...

    def transposed_times(self, values: Tensor) -> Tensor:
        """F' @ values: (N, D) -> (size, D)."""
        ...

    def solve(self, right: Tensor, start: Tensor) -> Tensor:
        """(F'F + ridge I)^-1 right: (size, D); `start` (size, D) is near the solution, as the last round's is."""
        ...


def ridge_of(features: SideFeatures, ridge: float) -> Ridge:
    """The regression that suits the features' size."""
    return ExactRidge(features.dense(), ridge) if features.is_small else IterativeRidge(features, ridge)


class ExactRidge:
    """By one Cholesky factorization; see `Ridge`."""

    def __init__(self, features: Tensor, ridge: float) -> None:
        self.ridge = ridge
        self.dual = few_rows(*features.shape)
        gram = features @ features.T if self.dual else features.T @ features
        self.root = torch.linalg.cholesky(gram + ridge * torch.eye(len(gram)))
        self.features, self.transposed = _sparse(features), _sparse(features.T)

    def times(self, weights: Tensor) -> Tensor:
        """See `Ridge`."""
        return self.features @ weights

    def transposed_times(self, values: Tensor) -> Tensor:
        """See `Ridge`."""
        return self.transposed @ values

    def solve(self, right: Tensor, start: Tensor) -> Tensor:
        """See `Ridge`; the start makes no difference."""
        if not self.dual:
            return torch.cholesky_solve(right, self.root)
        # Woodbury's identity: (right - F' (F F' + ridge I)^-1 F right) / ridge.
        within = self.transposed @ torch.cholesky_solve(self.features @ right, self.root)
        return (right - within) / self.ridge


def few_rows(count: int, size: int) -> bool:
    """Whether so many rows are so few beside their features that the matrix of rows by rows is the one to factorize."""
    return 2 * count <= size


def _sparse(matrix: Tensor) -> Tensor:
    """The same matrix, of which a few in a hundred are not zero: its products are ten times as fast."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return matrix.contiguous().to_sparse_csr()


class IterativeRidge:
    """By conjugate gradients over all columns at once, with the diagonal as preconditioner; see `Ridge`.

    Nothing but products with the features is needed, so that memory and time grow with the members of the sets. As the
    right side holds the noise of the draw (Simm et al., 2015), the solution is a draw to within the tolerance.
    """

    def __init__(self, features: SideFeatures, ridge: float) -> None:
        self.features, self.ridge = features, ridge
        self.diagonal = (features.squares() + ridge).unsqueeze(1)
        self.steps = 0
        """Of the last solution."""

    def times(self, weights: Tensor) -> Tensor:
        """See `Ridge`."""
        return self.features.times(weights)

    def transposed_times(self, values: Tensor) -> Tensor:
        """See `Ridge`."""
        return self.features.transposed_times(values)

    def solve(self, right: Tensor, start: Tensor) -> Tensor:
        """See `Ridge`; the preconditioned residual falls to `TOLERANCE` of the right side's, or `MOST_STEPS` end it."""
        found = start.clone()
        residual = right - self._apply(found)
        scaled = residual / self.diagonal
        direction, size = scaled.clone(), (residual * scaled).sum(dim=0)
        enough = TOLERANCE**2 * (right * (right / self.diagonal)).sum(dim=0)
        self.steps = 0
        while self.steps < MOST_STEPS and bool((size > enough).any()):
            applied = self._apply(direction)
            length = size / (direction * applied).sum(dim=0).clamp(min=_TINY)
            found += length * direction
            residual -= length * applied
            scaled = residual / self.diagonal
            size, before = (residual * scaled).sum(dim=0), size
            direction = scaled.addcmul_(direction, size / before.clamp(min=_TINY))
            self.steps += 1
        return found

    def _apply(self, weights: Tensor) -> Tensor:
        """(F'F + ridge I) weights."""
        return self.transposed_times(self.times(weights)).add_(weights, alpha=self.ridge)


TOLERANCE = 0.01
MOST_STEPS = 200
_TINY = 1e-30
"""In place of a zero to divide by: of a column that is solved already."""
