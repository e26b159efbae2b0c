"""Work over all ratings of a data set a few at a time, so that what it needs beside them does not grow with them."""

from collections.abc import Iterator

import numpy as np

BLOCK = 1 << 21
"""Ratings at a time."""


def blocks(length: int) -> Iterator[slice]:
    """Slices of `BLOCK` that together are so many rows."""
    return (slice(start, min(start + BLOCK, length)) for start in range(0, length, BLOCK))


def people_blocks(users: np.ndarray) -> Iterator[slice]:
    """Slices of about `BLOCK` ratings in order of their people that never cut somebody's in two."""
    start = 0
    while start < len(users):
        last = min(start + BLOCK, len(users)) - 1
        stop = int(np.searchsorted(users, users[last], "right"))
        yield slice(start, stop)
        start = stop


def ascend(users: np.ndarray, movies: np.ndarray) -> bool:
    """Whether every rating stands behind the one before, by person, then movie; two of one movie do not."""
    for block in blocks(len(users)):
        user, movie = (ids[block.start : block.stop + 1] for ids in (users, movies))
        later = user[1:] > user[:-1]
        if not (later | ((user[1:] == user[:-1]) & (movie[1:] > movie[:-1]))).all():
            return False
    return True


def time_order(users: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Ratings in a data set's order put by person, then time: positions int64 (R,); of one time, by movie as before.

    A few people at a time: sorting all at once would take several times the room.
    """
    order = np.empty(len(users), dtype=np.int64)
    for block in people_blocks(users):
        order[block] = block.start + np.lexsort((times[block], users[block]))
    return order


def rows_of(known: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Where ids that are there stand among the known ones, which ascend: int64, same length."""
    if len(ids) < len(known) or not _are_dense(known):
        return np.searchsorted(known, ids)
    # Looked up: many times as fast as a search for each.
    row = np.zeros(known[-1] + 1, dtype=np.int64)
    row[known] = np.arange(len(known))
    return row[ids]


def are_known(known: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Which ids are among the known ones, which ascend: bool, same length."""
    if not _are_dense(known) or ids.min() < 0 or ids.max() > known[-1]:
        return np.isin(ids, known)
    there = np.zeros(known[-1] + 1, dtype=bool)
    there[known] = True
    return there[ids]


def _are_dense(known: np.ndarray) -> bool:
    """Whether a table with a place for every id up to the largest is small."""
    return bool(known[0] >= 0 and known[-1] <= 100 * len(known) + BLOCK)
