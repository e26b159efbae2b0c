"""Find movies by what somebody types: words in any order, accents and capitals ignored."""

import re
import unicodedata
from dataclasses import dataclass

import numpy as np

from lcrec_core.dataset import Col, Dataset

_WORDS = re.compile(r"[a-z0-9]+")
_LONGEST_QUERY = 100


def normalise(text: str) -> str:
    """`Amélie (2001)` -> ` amelie 2001`: words with one space before each; apostrophes vanish, `it's` is `its`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c) and c not in "'\u2019")
    return "".join(f" {word}" for word in _WORDS.findall(letters))


@dataclass(frozen=True, eq=False)
class TitleIndex:
    """Titles made ready for searching. Shared by all sessions: do not change."""

    movie_ids: np.ndarray
    """int64 (M,), most rated first."""
    titles: tuple[str, ...]
    """Normalised, in the same order."""

    @classmethod
    def of(cls, data: Dataset) -> "TitleIndex":
        """Index every movie of a data set."""
        ids = data.movies[Col.MOVIE].to_numpy()
        counts = np.bincount(np.searchsorted(ids, data.ratings[Col.MOVIE].to_numpy()), minlength=len(ids))
        order = np.argsort(-counts, kind="stable")
        titles = data.movies[Col.TITLE].to_numpy()
        return cls(ids[order], tuple(normalise(titles[row]) for row in order))

    def find(self, query: str, limit: int = 12) -> list[int]:
        """Ids of movies whose title has a word beginning with each word typed, the most rated first.

        A title that begins with what was typed comes before the others. Where no title fits so, words
        may also be found inside words: `wars` in `starwars`.
        """
        typed = normalise(query[:_LONGEST_QUERY])
        words = typed.split()
        if not words:
            return []
        starts = [f" {word}" for word in words]
        rows = [row for row, title in enumerate(self.titles) if all(start in title for start in starts)]
        if not rows:
            rows = [row for row, title in enumerate(self.titles) if all(word in title for word in words)]
        rows.sort(key=lambda row: not self.titles[row].startswith(typed))
        return [int(self.movie_ids[row]) for row in rows[:limit]]
