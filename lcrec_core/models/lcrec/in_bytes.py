"""Coefficients in bytes, as a bundle's file has them: a large catalogue's are turned into numbers where they are used.

With 50 samples of 37 numbers, 87,585 movies take 162 MB in bytes and 648 MB as floats, and so do the features of a
person, of which there are as many. An answer needs those of some hundred movies.
"""

from collections.abc import Iterator
from typing import overload

import numpy as np
import torch
from torch import Tensor


class InBytes:
    """float32 (S, N, D) in a quarter of the room. What it can do, it does as a tensor of these numbers would."""

    def __init__(self, values: Tensor, scale: Tensor) -> None:
        """Of int8 (S, N, D), and what those are to be multiplied with, float32 (S, 1, D)."""
        self.values, self.scale = values, scale

    @property
    def shape(self) -> torch.Size:
        """(S, N, D)."""
        return self.values.shape

    def __len__(self) -> int:
        """S."""
        return len(self.values)

    def numel(self) -> int:
        """How many numbers there are."""
        return self.values.numel()

    @overload
    def __getitem__(self, samples: slice) -> "InBytes": ...
    @overload
    def __getitem__(self, samples: int) -> Tensor: ...
    def __getitem__(self, samples: slice | int) -> "InBytes | Tensor":
        """Some samples, or one of them (N, D) as numbers."""
        if isinstance(samples, slice):
            return InBytes(self.values[samples], self.scale[samples])
        return _numbers(self.values[samples], self.scale[samples])

    def __iter__(self) -> Iterator[Tensor]:
        """One sample (N, D) after another."""
        return (self[sample] for sample in range(len(self)))

    def index_select(self, dim: int, rows: Tensor) -> Tensor:
        """Some of the N in every sample, int64 (K,): float32 (S, K, D)."""
        if dim != 1:
            raise ValueError(f"movies or features are dimension 1, not {dim}")
        # Sample by sample: where some of the samples were taken, all at once takes a hundred times as long.
        return _numbers(torch.stack([sample.index_select(0, rows) for sample in self.values]), self.scale)


def _numbers(values: Tensor, scale: Tensor) -> Tensor:
    # A product of bytes and floats takes three times as long.
    return values.float().mul_(scale)


def to_bytes(values: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (..., N, D) as int8, and what they are to be multiplied with, float32 (..., 1, D)."""
    scale = values.abs().amax(dim=-2, keepdim=True).clamp(min=1e-12) / 127
    return (values / scale).round().to(torch.int8).contiguous().numpy(), scale.numpy()
