"""Cut a data set's ratings into a training, a validation and a test part, by a named protocol and a seed."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.rows import time_order
from lcrec_core.errors import DataError


class Protocol(StrEnum):
    """How the test part is chosen."""

    RANDOM = "random"
    """20 % of all ratings, drawn at random with the seed: the paper's split, and the headline's."""
    RANDOM_90 = "random-90"
    """10 % of all ratings, drawn at random with the seed."""
    OFFICIAL = "official"
    """A fifth of MovieLens 100K as published, u1 to u5; the seed is the fifth's number."""
    USER_LAST = "user-last"
    """Each person's last 20 % in time."""
    GLOBAL_TIME = "global-time"
    """The last 20 % of everybody's ratings in time."""
    LEAVE_LAST_OUT = "leave-last-out"
    """The last movie of each person, for top-N lists."""
    NEW_PEOPLE = "new-people"
    """Everything of 500 people drawn with the seed: nobody of the test part is there in training."""


NEW_PEOPLE = 500
"""People held out by the protocol of that name, in a data set of ten times as many or more."""


@dataclass(frozen=True, eq=False)
class Split:
    """Three disjoint parts that together are the whole data set: row numbers of `Dataset.ratings`, ascending."""

    protocol: Protocol
    seed: int
    train: np.ndarray
    """int64; what a model is fitted on while settings are chosen."""
    valid: np.ndarray
    """int64; cut from the training part, for choosing epochs and settings."""
    test: np.ndarray
    """int64; read once, at the end."""

    @property
    def fitting(self) -> np.ndarray:
        """Training and validation part together: what a final model with fixed settings is fitted on."""
        rows = np.arange(len(self.train) + len(self.valid) + len(self.test))
        return _without(rows, self.test)


def make_split(
    data: Dataset,
    protocol: Protocol | str = Protocol.RANDOM,
    seed: int = 0,
    *,
    test_fraction: float = 0.2,
    valid_fraction: float = 0.05,
) -> Split:
    """Split `data`; the validation part is cut from the training part in the same manner (at random for `official`).

    The same data, protocol and seed give the same parts on every machine: rows are counted in the
    canonical order of `Dataset`. The protocols by time do not depend on the seed.

    Raises:
        DataError: The data set is too small to leave a rating in every part, has no such published part, or its times
            do not say what the protocol asks of them.
    """
    protocol = Protocol(protocol)
    _check_times(data, protocol, test_fraction)
    rng = np.random.default_rng(seed)
    rows = np.arange(len(data.ratings))
    if protocol is Protocol.RANDOM_90:
        test_fraction /= 2
    if protocol is Protocol.OFFICIAL:
        test = _rows_of(data, _official(data, seed))
    else:
        test = _hold_out(data, rows, protocol, test_fraction, rng)
    rest = _without(rows, test)
    valid = _hold_out(data, rest, protocol, valid_fraction, rng)
    train = _without(rest, valid)
    if min(len(train), len(valid), len(test)) == 0:
        raise DataError(f"{data.name}: {len(rows)} ratings are too few for the split {protocol}; use a larger data set")
    return Split(protocol, seed, train, valid, test)


def _without(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Those of some ascending rows that are not among the others, which are."""
    stays = np.ones(int(rows[-1]) + 1 if len(rows) else 0, dtype=bool)
    stays[others] = False
    return rows[stays[rows]]


def _check_times(data: Dataset, protocol: Protocol, test_fraction: float) -> None:
    """Refuse a protocol by time where ties, which ids break, would choose most of the test part."""
    times = data.ratings[Col.TIME].to_numpy()
    if protocol is Protocol.GLOBAL_TIME:
        held = round(len(times) * test_fraction)
        cut = np.partition(times, len(times) - held)[len(times) - held] if 0 < held <= len(times) else 0
        in_tie, later = int((times == cut).sum()), int((times > cut).sum())
        # A tie of a few ratings at the cut is in every data set, and in a tiny one it can be most of the part.
        by_ids = held - later if in_tie > max(held - later, len(times) // 100) else 0
        if held and 2 * by_ids > held:
            raise DataError(
                f"{data.name} cannot be split by {protocol}: {in_tie:,} of its {len(times):,} ratings have one and the "
                f"same time, so not the last ones would be tested but the highest ids; use another protocol"
            )
    if protocol in (Protocol.USER_LAST, Protocol.LEAVE_LAST_OUT):
        counts = np.diff(data.offsets)
        firsts = data.offsets[:-1][counts > 0]  # An empty slice would be given the next person's.
        several = counts[counts > 0] > 1
        without_order = several & (np.minimum.reduceat(times, firsts) == np.maximum.reduceat(times, firsts))
        if 2 * int(without_order.sum()) > int(several.sum()):
            raise DataError(
                f"{data.name} cannot be split by {protocol}: of {int(several.sum()):,} people with several ratings, "
                f"{int(without_order.sum()):,} have one and the same time for all of them, so there is no last one; "
                f"use another protocol"
            )


def _official(data: Dataset, number: int) -> np.ndarray:
    if not data.official:
        raise DataError(f"{data.name} was published with no split of its own: only ml-100k was, u1 to u5")
    if not 1 <= number <= len(data.official):
        raise DataError(
            f"there is no official fold {number}: {data.name} has 1 to {len(data.official)}, and the seed chooses one"
        )
    return data.official[number - 1]


def _rows_of(data: Dataset, pairs: np.ndarray) -> np.ndarray:
    """Row numbers, ascending, of ratings given as (N, 2) ids of person and movie."""
    everything = pd.MultiIndex.from_frame(data.ratings[[Col.USER, Col.MOVIE]])
    return np.flatnonzero(everything.isin(pd.MultiIndex.from_arrays(pairs.T)))


def _hold_out(
    data: Dataset, rows: np.ndarray, protocol: Protocol, fraction: float, rng: np.random.Generator
) -> np.ndarray:
    """The part of `rows` that the protocol holds out, ascending."""
    if protocol in (Protocol.RANDOM, Protocol.RANDOM_90, Protocol.OFFICIAL):
        held = np.zeros(len(rows), dtype=bool)
        held[rng.permutation(len(rows))[: round(len(rows) * fraction)]] = True
        return rows[held]
    users = data.ratings[Col.USER].to_numpy()[rows]
    if protocol is Protocol.NEW_PEOPLE:
        people = np.unique(users)
        chosen = rng.permutation(people)[: min(NEW_PEOPLE, max(1, round(len(people) * fraction / 2)))]
        return rows[np.isin(users, chosen)]
    times = data.ratings[Col.TIME].to_numpy()[rows]
    if protocol is Protocol.GLOBAL_TIME:
        order = np.argsort(times, kind="stable")  # of one time, by person, then movie
        return np.sort(rows[order[len(rows) - round(len(rows) * fraction) :]])
    order = time_order(users, times)
    first = np.flatnonzero(np.diff(users, prepend=users[:1] - 1))
    count = np.diff(first, append=len(users))
    held = np.ones_like(count) if protocol is Protocol.LEAVE_LAST_OUT else np.floor(count * fraction).astype(np.int64)
    held = np.where(count > held, held, 0)  # nobody loses their only rating
    from_end = np.repeat(first + count, count) - np.arange(len(rows))  # 1 for a person's last rating
    return np.sort(rows[order[from_end <= np.repeat(held, count)]])
