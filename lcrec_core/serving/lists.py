"""What somebody asks of a list, and how it is put in order: by what, how adventurous, after which mood, how mixed.

The score of the default list is that of `models.blend`:

    score = log(picks x P(picked next) + habits) + log P(liked) - adventure x log(1 + number of ratings)

Without a pick model the share of all ratings that a movie has stands in for P(picked next), and without EASE, or for
somebody who likes nothing yet, habits are zero. "More like this" asks EASE about that one movie, or where it knows
none, how near others are in the item features; P(picked next), which one movie hardly moves, is left out.
"""

from dataclasses import dataclass, replace

import numpy as np

from lcrec_core.data.dataset import RatingScale
from lcrec_core.data.profile import Profile

FOR_YOU, RATING, POPULARITY, HABITS = "for-you", "rating", "popularity", "habits"
ORDERS = (FOR_YOU, RATING, POPULARITY, HABITS)
"""What a list may be sorted by: what one will pick and like; the predicted rating, as the paper's; how many people
rated it; EASE alone, that is what goes with what one liked."""
DIVERSIFIED = 100
"""Movies at the top of a list that change places for its diversity."""


@dataclass(frozen=True)
class Wish:
    """How somebody wants their list."""

    by: str = FOR_YOU
    """One of `ORDERS`."""
    adventure: float = 0.0
    """From -1, what everybody knows, to 1, what few know. Of For you alone."""
    mood: int | None = None
    """Only so many of the last ratings tell what is picked; what is liked still follows from all. None: all of them.
    Of For you and habits."""
    like_movie: int | None = None
    """Id of a movie: what is picked follows from having liked this one alone, see the module, and it is left out
    itself. Of For you and habits."""
    diversity: float = 0.0
    """From 0, by score alone, to 1, by being unlike what stands above."""

    def __post_init__(self) -> None:
        if self.by not in ORDERS:
            raise ValueError(f"a list is sorted by one of {', '.join(ORDERS)}, not by {self.by!r}")
        if not -1 <= self.adventure <= 1:
            raise ValueError(f"adventure must lie in [-1, 1], got {self.adventure}")
        if not 0 <= self.diversity <= 1:
            raise ValueError(f"diversity must lie in [0, 1], got {self.diversity}")
        if self.mood is not None and self.mood < 1:
            raise ValueError(f"mood must be at least one rating, got {self.mood}")


def asked_about(profile: Profile, wish: Wish, scale: RatingScale) -> Profile:
    """The person as those models are to see them that tell what is picked; see `Wish.mood` and `Wish.like_movie`."""
    if wish.like_movie is not None:
        last = profile.timestamps[-1:] if len(profile.timestamps) else np.zeros(1, dtype=np.int64)
        one = np.array([wish.like_movie], dtype=np.int64)
        return replace(profile, movie_ids=one, ratings=np.array([scale.high], dtype=np.float32), timestamps=last)
    if wish.mood is None or wish.mood >= len(profile.movie_ids):
        return profile
    return profile.only(slice(-wish.mood, None))


def log_share(num_ratings: np.ndarray) -> np.ndarray:
    """Logarithm of the share of all ratings that each movie has, as if each had one more: int (M,) -> float32 (M,)."""
    counts = num_ratings + 1.0
    return np.log(counts / counts.sum()).astype(np.float32)


def diversified(scores: np.ndarray, directions: np.ndarray, diversity: float) -> np.ndarray:
    """Maximal marginal relevance: each place goes to who has the best score that is unlike what stands above.

    Args:
        scores: float32 (N,), best first.
        directions: float32 (N, D), of length one; alike is what has a high cosine.
        diversity: See `Wish`; with 0 the order stays.

    Returns:
        int64 (N,), positions among them in the new order. The first stays the first.
    """
    count = len(scores)
    span = float(scores[0] - scores[-1]) if count else 0.0
    relevance = (scores - scores[-1]) / span if span > 0 else np.zeros(count, dtype=np.float32)
    alike = directions @ directions.T
    nearest = np.full(count, -1.0, dtype=np.float32)  # the highest cosine to what stands above
    left = np.ones(count, dtype=bool)
    order = np.empty(count, dtype=np.int64)
    for place in range(count):
        gain = (1 - diversity) * relevance - diversity * np.maximum(nearest, 0)
        best = int(np.argmax(np.where(left, gain, -np.inf)))
        order[place], left[best] = best, False
        nearest = np.maximum(nearest, alike[best])
    return order
