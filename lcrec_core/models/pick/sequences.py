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
    """int (T,), catalogue positions."""
    levels: np.ndarray
    """uint8 (T,), see `network.Events`."""
    gaps: np.ndarray
    """uint8 (T,)."""
    fields: np.ndarray
    """int64 (F,)."""


def gaps_of(times: np.ndarray) -> np.ndarray:
    """Classes of the times between ratings, uint8 (T,); of the first one that of none."""
    return np.searchsorted(GAPS, np.diff(times, prepend=times[:1]), side="right").astype(np.uint8)


def history_of(
    movies: np.ndarray, ratings: np.ndarray, times: np.ndarray, fields: np.ndarray, scale: RatingScale
) -> History:
    """One person's ratings (T,) of catalogue positions (T,) at times (T,), and encoded fields (F,)."""
    return History(movies, scale.class_index(ratings).astype(np.uint8), gaps_of(times), fields)


class People:
    """Everybody's histories, and which ratings are likes. A person's is read when it is asked for."""

    def __init__(self, histories: Histories, encoded: Encoded, scale: RatingScale) -> None:
        self.offsets, self.movies = histories.offsets, histories.movies
        self.liked = histories.ratings >= scale.like_threshold
        self._histories, self._fields, self._scale = histories, encoded.people[:, FIELDS], scale

    def of(self, person: int) -> History:
        """One person's."""
        own, every = slice(*self.offsets[person : person + 2]), self._histories
        return history_of(every.movies[own], every.ratings[own], every.times[own], self._fields[person], self._scale)


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
        people, *rest = (torch.from_numpy(part.astype(np.int64)) for part in flat)
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
