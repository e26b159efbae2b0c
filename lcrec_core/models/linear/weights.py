"""The matrix B of movies by movies, M x M, as it is held: whole, as factors, or by its largest weights.

Its diagonal is zero: a movie says nothing of itself. `sums` is what a list needs of it, `between` what a reason does.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np


class Weights(ABC):
    """B in one of its forms."""

    arrays: ClassVar[tuple[str, ...]]
    """Attributes that `opened` builds it from, a form's own."""

    @abstractmethod
    def sums(self, liked: np.ndarray, movies: np.ndarray | None = None) -> np.ndarray:
        """Sum over the liked movies i of B[i, j]: float32 (M,), or of some movies j alone (K,).

        Args:
            liked: int (H,), catalogue positions, each once.
            movies: int (K,), catalogue positions; None for the whole catalogue.
        """

    @abstractmethod
    def between(self, liked: np.ndarray, movies: np.ndarray) -> np.ndarray:
        """B[i, j] of H movies i and K movies j: float32 (H, K)."""

    @abstractmethod
    def fits(self, movies: int) -> bool:
        """Whether the arrays are those of such a form and of so many movies, and finite."""

    @property
    def size(self) -> int:
        """How many numbers it is made of."""
        return sum(array.size for array in self.tensors().values())

    def tensors(self) -> dict[str, np.ndarray]:
        """Its arrays, for a file."""
        return {name: getattr(self, name) for name in self.arrays}


class Whole(Weights):
    """Every weight: exact, M x M numbers."""

    arrays = ("weights",)

    def __init__(self, weights: np.ndarray) -> None:
        """Of B, float32 (M, M)."""
        # Row by row: an answer adds up the rows of the liked movies, and an inverse comes column by column.
        self.weights = np.ascontiguousarray(weights)

    def sums(self, liked: np.ndarray, movies: np.ndarray | None = None) -> np.ndarray:
        """See `Weights`."""
        rows = self.weights[liked] if movies is None else self.between(liked, movies)
        return rows.sum(axis=0)

    def between(self, liked: np.ndarray, movies: np.ndarray) -> np.ndarray:
        """See `Weights`."""
        return self.weights[np.ix_(liked, movies)]

    def fits(self, movies: int) -> bool:
        """See `Weights`."""
        return _sound(self.weights, np.float32, (movies, movies))


class Factors(Weights):
    """B[i, j] = f_i . f_j / s_j off the diagonal: exact, M x R numbers."""

    arrays = ("factors", "scale")

    def __init__(self, factors: np.ndarray, scale: np.ndarray) -> None:
        """Of f, float32 (M, R), and s, float32 (M,)."""
        self.factors, self.scale = factors, scale

    def sums(self, liked: np.ndarray, movies: np.ndarray | None = None) -> np.ndarray:
        """See `Weights`."""
        every = np.arange(len(self.scale)) if movies is None else movies
        factors = self.factors if movies is None else self.factors[movies]
        total = factors @ self.factors[liked].sum(axis=0)
        themselves = np.isin(every, liked)
        total[themselves] -= np.square(factors[themselves]).sum(axis=1)
        return total / self.scale[every]

    def between(self, liked: np.ndarray, movies: np.ndarray) -> np.ndarray:
        """See `Weights`."""
        products = self.factors[liked] @ self.factors[movies].T
        products[np.equal.outer(liked, movies)] = 0
        return products / self.scale[movies]

    def fits(self, movies: int) -> bool:
        """See `Weights`."""
        rank = self.factors.shape[-1] if self.factors.ndim else 0
        return _sound(self.factors, np.float32, (movies, rank)) and _sound(self.scale, np.float32, (movies,))


class Largest(Weights):
    """The largest weights of each column, all others being zero: what movie i says stands at `offsets[i:i + 2]`."""

    arrays = ("offsets", "movies", "values")

    def __init__(self, offsets: np.ndarray, movies: np.ndarray, values: np.ndarray) -> None:
        """Of offsets int64 (M + 1,), of the movies j spoken of, int32 (N,), and of B[i, j], float32 (N,)."""
        self.offsets, self.movies, self.values = offsets, movies, values

    @classmethod
    def of(cls, weights: np.ndarray, among: np.ndarray, count: int, movies: int) -> "Largest":
        """The largest in size of each column.

        Args:
            weights: float32 (K, K), of some movies.
            among: int64 (K,), which ones, ascending.
            count: How many of each column.
            movies: M.
        """
        count = min(count, len(weights))
        # A column at a time would be slow, and all at once as large as the matrix again.
        parts = [
            np.argpartition(-np.abs(weights[:, start : start + _AT_ONCE]), count - 1, axis=0)[:count]
            for start in range(0, len(weights), _AT_ONCE)
        ]
        of = np.concatenate(parts, axis=1)  # (count, K)
        columns = np.broadcast_to(np.arange(len(weights)), of.shape)
        order = np.argsort(of, axis=None, kind="stable")
        rows, columns = of.ravel()[order], columns.ravel()[order]
        lengths = np.zeros(movies, dtype=np.int64)
        lengths[among] = np.bincount(rows, minlength=len(among))
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return cls(offsets, among[columns].astype(np.int32), weights[rows, columns])

    def sums(self, liked: np.ndarray, movies: np.ndarray | None = None) -> np.ndarray:
        """See `Weights`."""
        of = self._of(liked)
        total = np.bincount(self.movies[of], self.values[of], minlength=len(self.offsets) - 1).astype(np.float32)
        return total if movies is None else total[movies]

    def between(self, liked: np.ndarray, movies: np.ndarray) -> np.ndarray:
        """See `Weights`."""
        at, found = np.arange(len(movies)), np.zeros((len(liked), len(movies)), dtype=np.float32)
        place = np.full(len(self.offsets) - 1, -1)
        place[movies] = at
        for row, movie in enumerate(liked):
            of = slice(*self.offsets[movie : movie + 2])
            places = place[self.movies[of]]
            found[row, places[places >= 0]] = self.values[of][places >= 0]
        return found

    def fits(self, movies: int) -> bool:
        """See `Weights`."""
        count = len(self.values) if self.values.ndim else 0
        return (
            _sound(self.offsets, np.int64, (movies + 1,))
            and _sound(self.movies, np.int32, (count,))
            and _sound(self.values, np.float32, (count,))
            and (self.offsets[0], self.offsets[-1]) == (0, count)
            and bool((np.diff(self.offsets) >= 0).all())
            and bool(((self.movies >= 0) & (self.movies < movies)).all())
        )

    def _of(self, rows: np.ndarray) -> np.ndarray:
        """Where the weights of some rows stand, one row after another."""
        starts, lengths = self.offsets[rows], np.diff(self.offsets)[rows]
        before = np.cumsum(lengths) - lengths
        return np.repeat(starts - before, lengths) + np.arange(lengths.sum())


_AT_ONCE = 256
"""Columns whose weights are sorted at a time."""


def opened(arrays: Mapping[str, np.ndarray], movies: int) -> Weights:
    """What `Weights.tensors` took apart.

    Raises:
        ValueError: It is no such matrix of so many movies.
    """
    for form in (Whole, Factors, Largest):
        if set(form.arrays) == arrays.keys():
            found: Weights = form(*(arrays[name] for name in form.arrays))
            if found.fits(movies):
                return found
    raise ValueError(f"not weights of {movies:,} movies by {movies:,}")


def _sound(array: np.ndarray, kind: type, shape: tuple[int, ...]) -> bool:
    return (array.dtype, array.shape) == (kind, shape) and bool(np.isfinite(array).all())
