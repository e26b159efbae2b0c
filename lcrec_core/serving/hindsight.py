"""Looking back on somebody's ratings: what each was expected to be before it was given, beside what averages say.

Each rating is predicted from ratings that came before it and from nothing else of the person's (prequential, Dawid
1984), so that the errors are those which somebody would have seen who rated and watched.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.metrics.rating import Errors
from lcrec_core.models.contract import Model
from lcrec_core.models.queries import of_movies
from lcrec_core.serving.catalogue import Catalogue

MODEL, MOVIE_MEAN, OWN_MEAN, EVERYBODYS_MEAN = "model", "movie_mean", "own_mean", "everybodys_mean"
"""What may predict a rating."""

PREDICTED_ALONE = 100
"""Of so many first ratings each is predicted from all before it; of the next so many two at a time, then three, ..."""
MOMENTS_AT_ONCE = 32
"""Moments that a model is asked about together."""


@dataclass(frozen=True, eq=False)
class Hindsight:
    """Somebody's H ratings of movies that the data set has, in time order, and what was expected of each."""

    movie_ids: np.ndarray
    """int64 (H,)."""
    ratings: np.ndarray
    """float32 (H,), as they were given."""
    expected: Mapping[str, np.ndarray]
    """float32 (H,) each, on the scale: by MODEL and by the averages."""

    def __len__(self) -> int:
        """Number of ratings."""
        return len(self.ratings)

    def errors(self, which: slice = slice(None)) -> dict[str, Errors]:
        """Errors over some of the ratings, by what predicted them."""
        return {by: Errors.of(values[which], self.ratings[which]) for by, values in self.expected.items()}

    def running(self, window: int) -> dict[str, np.ndarray]:
        """Mean absolute error of the last `window` ratings up to each from the `window`-th on: (H - window + 1,)."""
        if len(self) < window:
            return {by: np.zeros(0) for by in self.expected}
        return {
            by: np.convolve(np.abs(values - self.ratings).astype(np.float64), np.full(window, 1 / window), "valid")
            for by, values in self.expected.items()
        }

    def surprises(self, n: int) -> np.ndarray:
        """Places of the `n` ratings that the model was furthest from, the furthest first; of equal ones the later."""
        off = np.abs(self.expected[MODEL] - self.ratings)
        return np.lexsort((-np.arange(len(off)), -off))[:n]


def look_back(model: Model, catalogue: Catalogue, profile: Profile) -> Hindsight:
    """Predict each of a person's ratings from earlier ones. Ratings of movies that are not there are passed over.

    Args:
        model: Of ratings.
        catalogue: What people gave each movie on average; of a person of the data set, without their own.
        profile: The person.
    """
    data = catalogue.data
    known, positions = data.known_movies(profile.movie_ids)
    person = profile.only(known)
    movie_mean, everybodys_mean = _means_of_others(catalogue, person, positions)
    before = np.arange(len(positions))
    own_mean = (np.cumsum(person.ratings, dtype=np.float64) - person.ratings) / np.maximum(before, 1)
    expected = {
        MODEL: data.scale.clip(beforehand(model, person, positions)),
        MOVIE_MEAN: movie_mean,
        OWN_MEAN: np.where(before > 0, own_mean, everybodys_mean),
        EVERYBODYS_MEAN: np.full(len(positions), everybodys_mean),
    }
    return Hindsight(
        person.movie_ids, person.ratings, {by: values.astype(np.float32) for by, values in expected.items()}
    )


def known_before(count: int) -> np.ndarray:
    """How many ratings are read when each of `count` is predicted: int64 (count,), at most its own place.

    One by one at first, then a few at a time: reading the history anew for each would grow with its square. What is
    read for a rating does not depend on what follows it, so that an expectation stands once it is made.
    """
    known = np.empty(count, dtype=np.int64)
    place = 0
    while place < count:
        after = place + 1 + place // PREDICTED_ALONE
        known[place:after] = place
        place = after
    return known


def beforehand(model: Model, profile: Profile, positions: np.ndarray) -> np.ndarray:
    """What the model expects of each rating from those before it, float32 (H,), not clipped; see `known_before`.

    Args:
        model: Of ratings.
        profile: The person, with H ratings of movies that the data set has.
        positions: int64 (H,), of those movies.
    """
    known, expected = known_before(len(positions)), np.empty(len(positions), dtype=np.float32)
    moments = np.unique(known)
    for start in range(0, len(moments), MOMENTS_AT_ONCE):
        some = moments[start : start + MOMENTS_AT_ONCE]
        asked = np.flatnonzero((known >= some[0]) & (known <= some[-1]))
        answer = of_movies(model, [profile.only(slice(0, count)) for count in some], positions[asked])
        assert answer.ratings is not None
        by_moment = answer.ratings.reshape(len(some), len(asked))
        expected[asked] = by_moment[np.searchsorted(some, known[asked]), np.arange(len(asked))]
    return expected


def _means_of_others(catalogue: Catalogue, person: Profile, positions: np.ndarray) -> tuple[np.ndarray, float]:
    """Average of each movie of the person's (H,), and of all ratings; where nobody else rated one, that of all."""
    counts = catalogue.num_ratings.astype(np.float64)
    sums = np.nan_to_num(catalogue.mean_rating) * counts
    if person.user_id is not None:
        theirs, at = _in_the_data(catalogue.data, person.user_id)
        counts[at] -= 1
        sums[at] -= theirs
    everybodys = float(sums.sum() / max(counts.sum(), 1))
    means = np.where(counts > 0, sums / np.maximum(counts, 1), everybodys)
    return means[positions], everybodys


def _in_the_data(data: Dataset, user_id: int) -> tuple[np.ndarray, np.ndarray]:
    theirs = Profile.from_dataset(data, user_id)
    return theirs.ratings, data.movie_rows(theirs.movie_ids)
