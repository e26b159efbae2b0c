"""Queries remembered while a fit goes on, whose curves ask for the same rows again and again."""

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

Q = TypeVar("Q")


class LastQueries(Generic[Q]):
    """The queries built last, shared by the snapshots of one fit: only the network differs from one to the next."""

    def __init__(self) -> None:
        self._rows: np.ndarray | None = None
        self._queries: Q | None = None

    def of(self, rows: np.ndarray, build: Callable[[], Q]) -> Q:
        """The queries of these rows, built anew unless this very array was asked for last."""
        if self._queries is None or rows is not self._rows:
            self._rows, self._queries = rows, build()
        return self._queries
