"""People's ratings as the pick network reads them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lcrec_core.data.dataset import RatingScale
from lcrec_core.data.encode import USER_FIELDS, Encoded, Histories
from lcrec_core.models.pick.network import GAPS, Events

FIELDS = slice(1, len(USER_FIELDS))
"""Columns of encoded people that the network reads: all but who they are."""


@dataclass(frozen=True, eq=False)
class History:
    """One person's ratings in time order."""

    movies: np.ndarray
    """int64 (T,), catalogue positions."""
    levels: np.ndarray
    """int64 (T,), see `network.Events`."""
    gaps: np.ndarray
    """int64 (T,)."""
    fields: np.ndarray
    """int64 (F,)."""


def gaps_of(times: np.ndarray) -> np.ndarray:
    """Classes of the times between ratings, int64 (T,); of the first one that of none."""
    return np.searchsorted(GAPS, np.diff(times, prepend=times[:1]), side="right")


class People:
    """Everybody's histories, flat, with what the network reads of each rating."""

    def __init__(self, histories: Histories, encoded: Encoded, scale: RatingScale) -> None:
        self.offsets, self.movies = histories.offsets, histories.movies
        self.liked = histories.ratings >= scale.like_threshold
        self.levels, self.fields = scale.class_index(histories.ratings), encoded.people[:, FIELDS]
        self.gaps = gaps_of(histories.times)
        self.gaps[self.offsets[:-1][np.diff(self.offsets) > 0]] = 0

    def of(self, person: int) -> History:
        """One person's."""
        own = slice(*self.offsets[person : person + 2])
        return History(self.movies[own], self.levels[own], self.gaps[own], self.fields[person])


@dataclass(frozen=True, eq=False)
class Window:
    """The part of one history that the LSTM reads, and moments in it."""

    history: History
    start: int
    """The first rating of the part."""
    stop: int


def window_start(count: int, longest: int) -> int:
    """Where the LSTM starts to read so many ratings: half a window apart, so that many moments share one reading."""
    half = longest // 2
    return 0 if count <= longest else (count - half) // half * half


def events_of(windows: Sequence[Window]) -> Events:
    """Some windows side by side."""
    lengths = np.array([each.stop - each.start for each in windows])
    movies, levels, gaps = np.zeros((3, len(windows), lengths.max()), dtype=np.int64)
    for row, each in enumerate(windows):
        part, own = slice(each.start, each.stop), each.history
        for padded, values in ((movies, own.movies), (levels, own.levels), (gaps, own.gaps)):
            padded[row, : lengths[row]] = values[part]
    before = np.array([each.start for each in windows])
    earlier = None
    if before.any():
        parts = [(each.history.movies[: each.start], each.history.levels[: each.start]) for each in windows]
        flat = [np.repeat(np.arange(len(windows)), before), *map(np.concatenate, zip(*parts, strict=True))]
        people, *rest = map(torch.from_numpy, flat)
        earlier = (people, rest[0], rest[1])
    fields = np.stack([each.history.fields for each in windows])
    read, people_fields = (torch.from_numpy(part) for part in (np.stack([movies, levels, gaps]), fields))
    return Events(read[0], read[1], read[2], people_fields, torch.from_numpy(before.astype(np.float32)), earlier)


def of_similar_length(lengths: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Groups of positions, each of at most so many events with its padding, or of one position; shortest first."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    for stop in range(1, len(order) + 1):
        if stop == len(order) or (stop + 1 - start) * max(1, lengths[order[stop]]) > most:
            yield order[start:stop]
            start = stop
