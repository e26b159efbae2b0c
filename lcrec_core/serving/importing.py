"""What an import writes: the films that were matched, held against what a profile has already."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lcrec_core.data.dataset import RatingScale
from lcrec_core.serving.matching import Match
from lcrec_core.sources.history.entries import NOT_INTERESTED, SAVED, SEEN, Entry

if TYPE_CHECKING:  # The command line plans nothing, and should not wait for the store's library.
    from lcrec_core.store.profiles import StoredProfile


class Holds(StrEnum):
    """Which rating holds where the file and the profile have different ones for a movie."""

    LATER = "later"
    FILE = "file"
    HERE = "here"


@dataclass(frozen=True)
class Plan:
    """What is to be written, and what is not."""

    ratings: tuple[tuple[int, float, int], ...]
    """Movie, rating and timestamp of new and changed ones, in time order."""
    marks: tuple[tuple[int, str, int | None], ...]
    """Movie, mark, and when it was set."""
    changed: int = 0
    """How many of the ratings take the place of another."""
    same: int = 0
    """Ratings and marks that are there already."""
    kept: int = 0
    """Ratings of the profile that stay, although the file has another."""
    rounded: int = 0
    """Ratings that the scale does not have."""
    twice: int = 0
    """Films that are the same movie as another one of the file."""

    def marked(self, mark: str) -> int:
        """How many movies get a mark."""
        return sum(other == mark for _, other, _ in self.marks)

    @property
    def writes(self) -> int:
        """How many ratings and marks are written."""
        return len(self.ratings) + len(self.marks)


def on_scale(stars: float, scale: RatingScale) -> float:
    """The value of the scale that is nearest; half way between two it is the higher: 2.5 of whole stars is 3."""
    steps = math.floor((stars - scale.low) / scale.step + 0.5)
    return min(max(scale.low + steps * scale.step, scale.low), scale.high)


def rounding(scale: RatingScale) -> str:
    """How stars by halves get onto a scale that has none, as a sentence; '' where it has them."""
    if scale.step <= 0.5:
        return ""
    return "This data set has whole stars only: halves are rounded up, 3½ becomes 4."


def plan(
    matches: Iterable[Match], stored: "StoredProfile | None", scale: RatingScale, holds: Holds = Holds.LATER
) -> Plan:
    """What the matched films change in a profile.

    Of two ratings of a movie within the file the later holds. A rating that is the same as the profile's changes
    nothing, whatever its date; so that a file that was brought once brings nothing a second time.

    Args:
        matches: Those without a movie are passed over.
        stored: The profile; None for one that is still to begin.
        scale: The data set's.
        holds: Which rating holds where file and profile differ.
    """
    given: dict[int, Entry] = {}
    marks: dict[tuple[int, str], int | None] = {}
    twice = rounded = 0
    movies: set[int] = set()
    for match in matches:
        if match.movie_id is None:
            continue
        movie_id, entry = match.movie_id, match.entry
        twice += movie_id in movies
        movies.add(movie_id)
        if entry.rating is not None and (movie_id not in given or _when(entry) >= _when(given[movie_id])):
            given[movie_id] = entry
        for mark, at in entry.marks:
            marks[movie_id, mark] = at
    has = {row.movie_id: row for row in stored.ratings} if stored else {}
    has_marks = stored.marks if stored else {}
    ratings, changed, same, kept = [], 0, 0, 0
    now = int(time.time())
    for movie_id, entry in given.items():
        assert entry.rating is not None
        stars = on_scale(entry.rating, scale)
        rounded += stars != entry.rating
        there = has.get(movie_id)
        if there is not None and there.rating == stars:
            same += 1
        elif there is not None and not _takes_its_place(entry, there.timestamp, holds):
            kept += 1
        else:
            changed += there is not None
            # What a file dates ahead of today would come after everything rated here from now on.
            ratings.append((movie_id, stars, min(now if entry.rated_at is None else entry.rated_at, now)))
    written = []
    for (movie_id, mark), at in marks.items():
        # Whoever rated a movie here has seen it: nobody need be told.
        if movie_id in has_marks.get(mark, ()) or (mark == SEEN and movie_id in has):
            same += 1
        else:
            written.append((movie_id, mark, None if at is None else min(at, now)))
    ratings.sort(key=lambda row: row[2])
    return Plan(tuple(ratings), tuple(written), changed, same, kept, rounded, twice)


def _when(entry: Entry) -> int:
    return -1 if entry.rated_at is None else entry.rated_at


def _takes_its_place(entry: Entry, given_at: int, holds: Holds) -> bool:
    return holds is Holds.FILE or (holds is Holds.LATER and _when(entry) > given_at)


def notes(match: Match, scale: RatingScale) -> str:
    """What becomes of a film beside its movie, in a few words: `seen, not rated; saved for later`."""
    entry, said = match.entry, []
    if entry.rating is not None and on_scale(entry.rating, scale) != entry.rating:
        said.append(f"{entry.rating:g} stars are rounded to {on_scale(entry.rating, scale):g}")
    words = {SEEN: "seen, not rated", SAVED: "saved for later", NOT_INTERESTED: "not interested"}
    said.extend(words[mark] for mark, _ in entry.marks)
    return "; ".join(said)
