"""What a training step holds: some people's visible histories, and their hidden ratings to predict.

The leak rule in one sentence: in each pass a random 10-50 % of a person's ratings is hidden, the
history is made of the others alone, and only the hidden ones are predicted. A pass cuts everybody's
ratings into such portions and hides each portion once, so that every rating is predicted exactly once
a pass and never stands in the history that predicts it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lcrec_core.data.encode import PAD, UNK, USER_FIELDS, Encoded, Histories
from lcrec_core.models.paper.config import BatchConfig

USER_ID = USER_FIELDS.index("users")
"""Column of the person's id among the encoded fields."""


@dataclass(frozen=True, eq=False)
class Batch:
    """One step as tensors. Movies are listed once; histories and targets point into that list."""

    fields: Tensor
    """int64 (B, 4): the people."""
    movie_ids: Tensor
    """int64 (K,): the step's movies."""
    movie_genres: Tensor
    """int64 (K, G)."""
    movie_words: Tensor
    """int64 (K, W)."""
    history: Tensor
    """int64 (B, T): positions in the movie list, in time order. All of one length: no padding, no mask."""
    target_person: Tensor
    """int64 (N,): row of `fields`."""
    target_movie: Tensor
    """int64 (N,): position in the movie list."""
    ratings: Tensor
    """float32 (N,): what to predict."""

    def to(self, device: torch.device) -> "Batch":
        """The same on another device."""
        return Batch(**{name: value.to(device) for name, value in vars(self).items()})


@dataclass(frozen=True, eq=False)
class Pass:
    """One pass over the training ratings, cut into tasks (a person with one hidden portion) and steps."""

    task_person: np.ndarray
    """int64 (K,): row of `Encoded.people`."""
    task_length: np.ndarray
    """int64 (K,): length the task's history is cut to."""
    task_offsets: np.ndarray
    """int64 (K + 1,): task k hides the ratings `hidden[task_offsets[k]:task_offsets[k + 1]]`."""
    hidden: np.ndarray
    """int64 (R,): positions in `Histories`, each exactly once."""
    task_of_rating: np.ndarray
    """int64 (R,): the task that hides each rating of `Histories`."""
    steps: list[np.ndarray]
    """Tasks of each step."""


def liked_history(histories: Histories, person: int, liked_from: float, length: int) -> np.ndarray:
    """Catalogue positions of a person's last `length` ratings of at least `liked_from`, in time order."""
    own = slice(histories.offsets[person], histories.offsets[person + 1])
    liked = histories.movies[own][histories.ratings[own] >= liked_from]
    return liked[len(liked) - min(length, len(liked)) :]


def cut_lengths(lengths: np.ndarray) -> np.ndarray:
    """Round history lengths down to a grid (exact up to 20, then about 6 % apart) so that steps share one length."""
    longest = int(lengths.max(initial=0))
    grid = list(range(21))
    while grid[-1] < longest:
        grid.append(min(longest, max(grid[-1] + 1, round(grid[-1] * 1.06))))
    return np.array(grid)[np.searchsorted(grid, lengths, side="right") - 1]


def plan_pass(
    histories: Histories, config: BatchConfig, liked_from: float, max_history: int, rng: np.random.Generator
) -> Pass:
    """Cut one pass: hide each rating once, group tasks of equal history length into steps, shuffle the steps."""
    counts = np.diff(histories.offsets)
    people = np.repeat(np.arange(len(counts)), counts)
    shares = rng.uniform(config.hidden_least, config.hidden_most, len(counts))
    # Nobody's portion is larger than a step, and nobody has more portions than ratings.
    portions = np.maximum(np.round(1 / shares), np.ceil(counts / config.batch_size)).astype(np.int64)
    portions = np.minimum(portions, counts)
    shuffled = np.lexsort((rng.random(len(people)), people))
    rank = np.empty(len(people), dtype=np.int64)
    rank[shuffled] = np.arange(len(people)) - np.repeat(histories.offsets[:-1], counts)
    first_task = np.concatenate([[0], np.cumsum(portions)])
    task_of_rating = first_task[people] + rank * portions[people] // np.maximum(counts[people], 1)
    task_person = np.repeat(np.arange(len(counts)), portions)

    liked = histories.ratings >= liked_from
    liked_of_person = np.bincount(people[liked], minlength=len(counts))
    liked_hidden = np.bincount(task_of_rating[liked], minlength=len(task_person))
    lengths = np.minimum(liked_of_person[task_person] - liked_hidden, max_history)
    short = rng.random(len(lengths)) < config.short_history_rate
    lengths = np.where(short, np.minimum(lengths, rng.integers(0, config.short_history + 1, len(lengths))), lengths)
    lengths = cut_lengths(lengths)

    sizes = np.bincount(task_of_rating, minlength=len(task_person))
    steps = _group(lengths, sizes, config.batch_size, rng)
    return Pass(
        task_person=task_person,
        task_length=lengths,
        task_offsets=np.concatenate([[0], np.cumsum(sizes)]),
        hidden=np.argsort(task_of_rating, kind="stable"),
        task_of_rating=task_of_rating,
        steps=steps,
    )


def _group(lengths: np.ndarray, sizes: np.ndarray, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Tasks of equal length in random order, cut where the hidden ratings pass `batch_size`; steps shuffled."""
    order = np.lexsort((rng.random(len(lengths)), lengths))
    steps: list[np.ndarray] = []
    for same in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        start, held = 0, 0
        for position, task in enumerate(same):
            if held and held + sizes[task] // 2 > batch_size:
                steps.append(same[start:position])
                start, held = position, 0
            held += sizes[task]
        steps.append(same[start:])
    return [steps[i] for i in rng.permutation(len(steps))]


def make_batch(
    encoded: Encoded, plan: Pass, tasks: np.ndarray, config: BatchConfig, liked_from: float, rng: np.random.Generator
) -> Batch:
    """Tensors of one training step; known values are dropped to "unknown" at `config.unknown_rate`."""
    histories = encoded.histories
    history, hidden = [], []
    for task in tasks:
        person, length = plan.task_person[task], plan.task_length[task]
        own = slice(histories.offsets[person], histories.offsets[person + 1])
        visible = (plan.task_of_rating[own] != task) & (histories.ratings[own] >= liked_from)
        movies = histories.movies[own][visible]
        history.append(movies[len(movies) - length :])
        hidden.append(plan.hidden[plan.task_offsets[task] : plan.task_offsets[task + 1]])
    targets = np.concatenate(hidden)
    history_movies = np.stack(history)  # (B, T)
    movies, positions = np.unique(
        np.concatenate([history_movies.ravel(), histories.movies[targets]]), return_inverse=True
    )
    drop = _Dropper(rng, config.unknown_rate)
    fields = drop(encoded.people[plan.task_person[tasks]])  # (B, 4)
    movie_ids, movie_words = drop(encoded.movies.ids[movies]), drop(encoded.movies.words[movies])
    fields[rng.random(len(tasks)) < config.new_person_rate, USER_ID] = UNK
    return Batch(
        fields=torch.from_numpy(fields),
        movie_ids=torch.from_numpy(movie_ids),
        movie_genres=torch.from_numpy(encoded.movies.genres[movies]),
        movie_words=torch.from_numpy(movie_words),
        history=torch.from_numpy(positions[: history_movies.size].reshape(history_movies.shape)),
        target_person=torch.from_numpy(np.repeat(np.arange(len(tasks)), [len(h) for h in hidden])),
        target_movie=torch.from_numpy(positions[history_movies.size :]),
        ratings=torch.from_numpy(histories.ratings[targets]),
    )


def share_of(batch: Batch, rank: int, ranks: int) -> Batch:
    """Every `ranks`-th person of a step from number `rank` on, with what they hide and the movies that they need."""
    if ranks == 1:
        return batch
    people = torch.arange(rank, len(batch.fields), ranks)
    of_own = batch.target_person % ranks == rank
    history, target_movie = batch.history[people], batch.target_movie[of_own]
    movies, positions = torch.unique(torch.cat([history.reshape(-1), target_movie]), return_inverse=True)
    return Batch(
        fields=batch.fields[people],
        movie_ids=batch.movie_ids[movies],
        movie_genres=batch.movie_genres[movies],
        movie_words=batch.movie_words[movies],
        history=positions[: history.numel()].view_as(history),
        target_person=batch.target_person[of_own] // ranks,
        target_movie=positions[history.numel() :],
        ratings=batch.ratings[of_own],
    )


@dataclass(frozen=True, eq=False)
class _Dropper:
    rng: np.random.Generator
    rate: float

    def __call__(self, indices: np.ndarray) -> np.ndarray:
        """A copy with values replaced by `UNK` at the rate; padding stays padding."""
        dropped = (self.rng.random(indices.shape) < self.rate) & (indices != PAD)
        return np.where(dropped, UNK, indices)


def groups_of_equal_length(lengths: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Positions grouped by equal length, in groups of at most `most`."""
    order = np.argsort(lengths, kind="stable")
    for same in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        for start in range(0, len(same), most):
            yield same[start : start + most]
