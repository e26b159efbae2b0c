"""Every rating with what came before and after it: the LCRec network's training steps and questions.

People's events are the ratings that may be read, in time order; targets are ratings to predict, each at its
own time among the events. A target is never an event of its own sequence: the caller keeps them apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import torch

from lcrec_core.models.lcrec.network import Events, Targets

LONGEST_STEP = 40_000
"""Events of a step, padding counted: a step's memory."""


def gap(seconds: np.ndarray) -> np.ndarray:
    """Times between ratings as a number about one: 0 for the same minute, 1 for two hours, 2 for nine days."""
    return (np.log1p(np.abs(seconds) / 60) / np.log1p(120)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Sequences:
    """Some people's events, and the targets among them. P people, R events, N targets; both person by person."""

    offsets: np.ndarray
    """int64 (P + 1,): person p's events."""
    movies: np.ndarray
    """int32 (R,), catalogue positions."""
    values: np.ndarray
    """float32 (R, 3): residual, rating less the scale's middle, gap to the event before."""
    times: np.ndarray
    """int64 (R,)."""
    target_offsets: np.ndarray
    """int64 (P + 1,): person p's targets."""
    target_movies: np.ndarray
    """int32 (N,)."""
    target_times: np.ndarray
    """int64 (N,)."""
    earliest: np.ndarray
    """int32 (N,): how many of the person's events come before the target's second."""
    latest: np.ndarray
    """int32 (N,): the same with those of that second, whose order nobody knows."""
    backbone: np.ndarray
    """float32 (N,): the backbone's rating of each target."""
    posterior_std: np.ndarray
    """float32 (N,): how far the backbone's samples disagree."""

    @property
    def people(self) -> int:
        """How many there are."""
        return len(self.offsets) - 1

    def __len__(self) -> int:
        """Number of targets."""
        return len(self.target_movies)


def joined(parts: list[Sequences]) -> Sequences:
    """Sequences of some people after those of others."""
    if len(parts) == 1:
        return parts[0]
    arrays = {each.name: [getattr(part, each.name) for part in parts] for each in fields(Sequences)}
    for name in ("offsets", "target_offsets"):
        counts = np.concatenate([np.diff(offsets) for offsets in arrays.pop(name)])
        arrays[name] = [np.zeros(1, dtype=np.int64), np.cumsum(counts)]
    return Sequences(**{name: np.concatenate(arrays.pop(name)) for name in list(arrays)})


def offsets_of(people: np.ndarray, count: int) -> np.ndarray:
    """Where each of `count` people's entries begin, int64 (count + 1,), in entries sorted by person."""
    return np.concatenate([[0], np.cumsum(np.bincount(people, minlength=count))])


@dataclass(frozen=True, eq=False)
class UserRatings:
    """Ratings of P people, person by person in time order."""

    offsets: np.ndarray
    """int64 (P + 1,)."""
    movies: np.ndarray
    """int32 or int64 (R,), catalogue positions."""
    times: np.ndarray
    """int64 (R,)."""

    def of(self, people: slice) -> "UserRatings":
        """Those of some neighbouring people."""
        offsets = self.offsets[people.start : people.stop + 1]
        own = slice(offsets[0], offsets[-1])
        return UserRatings(offsets - offsets[0], self.movies[own], self.times[own])


def make_sequences(
    events: UserRatings,
    residuals: np.ndarray,
    ratings: np.ndarray,
    middle: float,
    targets: UserRatings,
    backbone: np.ndarray,
    posterior_std: np.ndarray,
) -> Sequences:
    """Put targets among events of the same people.

    Args:
        events: What may be read.
        residuals: float32 (R,), of the events, each with itself left out.
        ratings: float32 (R,), of the events.
        middle: Of the rating scale.
        targets: What is asked.
        backbone: float32 (N,), the backbone's ratings of the targets.
        posterior_std: float32 (N,), how far the backbone's samples disagree.
    """
    first = np.zeros(len(events.movies), dtype=bool)
    first[events.offsets[:-1][np.diff(events.offsets) > 0]] = True
    gaps = np.where(first, 0, gap(np.diff(events.times, prepend=0)))
    # One ascending key over everybody: the person, then the time.
    era = 1 + max(events.times.max(initial=0), targets.times.max(initial=0))
    keys = _rows(events.offsets) * era + events.times
    person = _rows(targets.offsets)
    asked = person * era + targets.times
    return Sequences(
        offsets=events.offsets,
        movies=events.movies,
        values=np.stack([residuals, ratings - middle, gaps], axis=1).astype(np.float32),
        times=events.times,
        target_offsets=targets.offsets,
        target_movies=targets.movies,
        target_times=targets.times,
        earliest=(np.searchsorted(keys, asked, side="left") - events.offsets[person]).astype(np.int32),
        latest=(np.searchsorted(keys, asked, side="right") - events.offsets[person]).astype(np.int32),
        backbone=backbone.astype(np.float32),
        posterior_std=posterior_std.astype(np.float32),
    )


def log_count(counts: np.ndarray) -> np.ndarray:
    """How much is known of people as a number about one: 0 without ratings, 1 for a hundred, 1.5 for a thousand."""
    return (np.log1p(counts) / np.log1p(100)).astype(np.float32)


def _rows(offsets: np.ndarray) -> np.ndarray:
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def steps(
    sequences: Sequences, people: np.ndarray, targets_each: int, rng: np.random.Generator | None = None
) -> list[np.ndarray]:
    """Some people in steps: of similar numbers of events, with about `targets_each` targets; with `rng`, mixed anew."""
    lengths, asked = np.diff(sequences.offsets), np.diff(sequences.target_offsets)
    people = people[asked[people] > 0]
    jitter = 1 + 0.2 * rng.random(len(people)) if rng is not None else 1.0
    people = people[np.argsort(lengths[people] * jitter, kind="stable")]
    found: list[np.ndarray] = []
    start, held = 0, 0
    for position, person in enumerate(people):
        held += asked[person]
        if held >= targets_each or (position + 1 - start) * lengths[person] > LONGEST_STEP:
            found.append(people[start : position + 1])
            start, held = position + 1, 0
    if start < len(people):
        found.append(people[start:])
    return found


def step(
    sequences: Sequences, people: np.ndarray, rng: np.random.Generator | None = None, mask_future: float = 0.0
) -> tuple[Events, Targets, np.ndarray]:
    """Tensors of some people's events and targets, and which targets they are.

    Args:
        sequences: Everybody's.
        people: Rows of the sequences.
        rng: Where given, targets of the same second as events fall among them at random, else in their middle.
        mask_future: Share of targets, drawn with `rng`, that read no event after them; 1 for all of them.
    """
    lengths = np.diff(sequences.offsets)[people]
    at = np.arange(max(1, lengths.max(initial=0)))
    inside = at < lengths[:, None]
    positions = np.where(inside, sequences.offsets[people][:, None] + at, 0)
    counts = np.diff(sequences.target_offsets)[people]
    row = np.repeat(np.arange(len(people)), counts)
    first = np.repeat(sequences.target_offsets[people], counts)
    targets = first + np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    earliest, latest = sequences.earliest[targets], sequences.latest[targets]
    if rng is None:
        before = (earliest + latest) // 2
        after = np.full(len(targets), mask_future < 1)
    else:
        before = rng.integers(earliest, latest + 1)
        after = rng.random(len(targets)) >= mask_future
    gaps = [_gap_to(sequences, people, row, targets, before - 1), _gap_to(sequences, people, row, targets, before)]
    events = Events(
        movies=torch.from_numpy(sequences.movies[positions] if len(sequences.movies) else positions),
        values=torch.from_numpy(_padded(sequences.values, positions, inside)),
        lengths=torch.from_numpy(lengths),
    )
    of_time = np.stack([gaps[0], gaps[1] * after, log_count(lengths)[row]], axis=1).astype(np.float32)
    return (
        events,
        Targets(
            people=torch.from_numpy(row),
            before=torch.from_numpy(before),
            after=torch.from_numpy(after),
            gaps=torch.from_numpy(of_time),
            movies=torch.from_numpy(sequences.target_movies[targets]),
            backbone=torch.from_numpy(sequences.backbone[targets]),
            posterior_std=torch.from_numpy(sequences.posterior_std[targets]),
        ),
        targets,
    )


def _padded(values: np.ndarray, positions: np.ndarray, inside: np.ndarray) -> np.ndarray:
    if not len(values):
        return np.zeros((*positions.shape, values.shape[1]), dtype=np.float32)
    return values[positions] * inside[:, :, None].astype(np.float32)


def _gap_to(
    sequences: Sequences, people: np.ndarray, row: np.ndarray, targets: np.ndarray, event: np.ndarray
) -> np.ndarray:
    """Gap between targets and one of the person's events, by its number; zero where there is no such event."""
    there = (event >= 0) & (event < np.diff(sequences.offsets)[people][row])
    position = np.where(there, sequences.offsets[people][row] + event, 0)
    if not len(sequences.times):
        return np.zeros(len(targets), dtype=np.float32)
    return np.where(there, gap(sequences.target_times[targets] - sequences.times[position]), 0).astype(np.float32)


def all_steps(
    sequences: Sequences, targets_each: int = 8192, *, use_future: bool = True
) -> Iterator[tuple[Events, Targets, np.ndarray]]:
    """Every target once, for measuring; `use_future` says whether events after it are read."""
    for people in steps(sequences, np.arange(len(sequences.offsets) - 1), targets_each):
        yield step(sequences, people, mask_future=0.0 if use_future else 1.0)
