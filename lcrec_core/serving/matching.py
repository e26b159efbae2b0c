"""Which movie of a data set a film of somebody's history is: by its ids, or by title and year.

A wrong match is worse than none: it would lend one film's stars to another. So whatever more than one movie could be,
and whatever only might be one, is left to the person, with the movies in question.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property

import numpy as np
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA

from lcrec_core.data import title_keys
from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.titles import spoken
from lcrec_core.sources.datasets import DEMO
from lcrec_core.sources.history.entries import Entry
from lcrec_core.sources.published import DATA_LABELS

MOST_CANDIDATES = 8
"""Movies that somebody is asked to choose from."""
_BETTER = "another film of yours fits this movie better"
_ONE_WRONG_FROM, _TWO_WRONG_FROM = 10, 18
"""Letters of a title from which one of them, or two, may be another."""


class Fit(IntEnum):
    """How sure a match is; the surer one comes first where two films claim one movie."""

    NONE = 0
    NEAR = 1
    PART = 2
    NEXT_YEAR = 3
    TITLE = 4
    ID = 5


@dataclass(frozen=True)
class Match:
    """What became of one film."""

    entry: Entry
    movie_id: int | None
    """None: not in the data set, or not sure."""
    candidates: tuple[int, ...]
    """Where it is not sure, the movies that it could be."""
    why: str
    """A phrase in plain words; it quotes titles."""
    fit: Fit = Fit.NONE
    doubt: str = ""
    """Why it is not sure, without the titles; where the person has to choose."""

    @property
    def asks(self) -> bool:
        """Whether the person has to choose."""
        return self.movie_id is None and bool(self.candidates)


@dataclass(frozen=True, eq=False)
class Matcher:
    """The movies of a data set, ready to be matched with. Shared by all sessions: do not change it."""

    data_name: str
    label: str
    """What people call the data set."""
    movie_ids: tuple[int, ...]
    titles: tuple[str, ...]
    """As people say them."""
    years: tuple[int | None, ...]
    keys: dict[str, tuple[int, ...]]
    """Rows by each key of their titles."""
    own_keys: tuple[str, ...]
    """Of each row the key of its own name, not of those in brackets."""
    parts: dict[str, tuple[tuple[int, bool], ...]]
    """Rows by the keys of parts of their titles, see `title_keys.parts`."""
    imdb: dict[int, int]
    tmdb: dict[int, int]
    imdb_of: dict[int, int]
    num_ratings: np.ndarray
    """int64 (M,)."""

    @classmethod
    def of(cls, data: Dataset) -> "Matcher":
        """Index every movie of a data set."""
        titles = data.movies[Col.TITLE].astype(str).to_list()
        years = [None if pd.isna(year) else int(year) for year in data.movies[Col.YEAR]]
        keys: defaultdict[str, list[int]] = defaultdict(list)
        parts: defaultdict[str, list[tuple[int, bool]]] = defaultdict(list)
        own = []
        for row, title in enumerate(titles):
            found = title_keys.keys(title)
            own.append(next(iter(found), ""))
            for key in found:
                keys[key].append(row)
            for key, sure in title_keys.parts(title).items():
                if key not in found:
                    parts[key].append((row, sure))
        ids = data.movies[Col.MOVIE].to_numpy()
        imdb, tmdb = _rows_by(data, Col.IMDB), _rows_by(data, Col.TMDB)
        return cls(
            data_name=data.name,
            label="The demo" if data.name == DEMO else DATA_LABELS.get(data.name, data.name),
            movie_ids=tuple(ids.tolist()),
            titles=tuple(map(spoken, titles)),
            years=tuple(years),
            keys={key: tuple(rows) for key, rows in keys.items()},
            own_keys=tuple(own),
            parts={key: tuple(rows) for key, rows in parts.items()},
            imdb=imdb,
            tmdb=tmdb,
            imdb_of={row: imdb_id for imdb_id, row in imdb.items()},
            num_ratings=data.num_ratings,
        )

    def match(self, entries: Iterable[Entry]) -> list[Match]:
        """Each film and its movie, in the order given.

        Where two films claim one movie and one of them fits better, the person is asked about the other.
        """
        found = [self._match(entry) for entry in entries]
        best: dict[int, Fit] = {}
        for match in found:
            if match.movie_id is not None:
                best[match.movie_id] = max(match.fit, best.get(match.movie_id, Fit.NONE))
        return [
            replace(
                match,
                movie_id=None,
                candidates=(match.movie_id,),
                why=f"please choose, {match.why}, but {_BETTER}",
                doubt=_BETTER,
            )
            if match.movie_id is not None and match.fit < best[match.movie_id]
            else match
            for match in found
        ]

    def row_of(self, movie_id: int) -> int:
        """The row of a movie that is there."""
        return self._rows[movie_id]

    @cached_property
    def _rows(self) -> dict[int, int]:
        return {movie_id: row for row, movie_id in enumerate(self.movie_ids)}

    @cached_property
    def newest(self) -> int | None:
        """The latest year of a movie."""
        return max((year for year in self.years if year is not None), default=None)

    @cached_property
    def _by_year(self) -> dict[int, tuple[list[str], list[int]]]:
        """Keys of each year's movies, and their rows."""
        found: defaultdict[int, tuple[list[str], list[int]]] = defaultdict(lambda: ([], []))
        for key, rows in self.keys.items():
            for row in rows:
                year = self.years[row]
                if year is not None:
                    found[year][0].append(key)
                    found[year][1].append(row)
        return dict(found)

    def _match(self, entry: Entry) -> Match:
        by_id = self._by_id(entry)
        if by_id is not None:
            return by_id
        names = [name for name in (entry.name, entry.other_name) if name]
        if not names:
            return Match(entry, None, (), f"{self.label} does not have this id, and the file has no title")
        keys = [key for name in names for key in title_keys.keys(name)]
        rows = list(dict.fromkeys(row for key in keys for row in self.keys.get(key, ())))
        if entry.year is None:
            return self._ask(entry, rows, "the file has no year for it") or self._none(entry, rows)
        return (
            self._by_title(entry, keys, rows)
            or self._by_part(entry, names, keys)
            or self._by_spelling(entry, keys)
            or self._by_chance(entry, rows, names, keys)
            or self._none(entry, rows)
        )

    def _by_id(self, entry: Entry) -> Match | None:
        if entry.movie_id is not None:
            row = self._rows.get(entry.movie_id)
            if entry.data == self.data_name and row is not None:
                return self._found(entry, row, f"the same movie of {self.label}", Fit.ID)
            # Ids of MovieLens are those of most of its data sets, and not of all.
            if not entry.data and row is not None and (not entry.name or self._is_called(row, entry)):
                why = "the same id, as the file has no titles" if not entry.name else "the same id of MovieLens"
                return self._found(entry, row, why, Fit.ID)
        if entry.imdb_id is not None and entry.imdb_id in self.imdb:
            return self._found(entry, self.imdb[entry.imdb_id], f"the same id at IMDb, tt{entry.imdb_id:07d}", Fit.ID)
        if entry.tmdb_id is not None and entry.tmdb_id in self.tmdb:
            return self._found(entry, self.tmdb[entry.tmdb_id], f"the same id at TMDB, {entry.tmdb_id}", Fit.ID)
        return None

    def _is_called(self, row: int, entry: Entry) -> bool:
        """Whether the movie has the film's title, and a year that is near where both are known."""
        year = self.years[row]
        near = entry.year is None or year is None or abs(year - entry.year) <= 1
        return near and any(row in self.keys.get(key, ()) for key in title_keys.keys(entry.name))

    def _by_title(self, entry: Entry, keys: list[str], rows: list[int]) -> Match | None:
        assert entry.year is not None
        for off, fit in ((0, Fit.TITLE), (1, Fit.NEXT_YEAR)):
            found = [row for row in rows if self._off(row, entry.year) == off]
            if len(found) > 1:
                # A movie's own name before names in brackets, where just one has it.
                own = [row for row in found if self.own_keys[row] == keys[0]]
                found = own if len(own) == 1 else found
            if len(found) == 1:
                (row,) = found
                if self._is_another_at_imdb(entry, row):
                    return self._ask(entry, found, "it has another id at IMDb")
                title = "the same title" if self.own_keys[row] in keys else "one of its titles"
                year = "and year" if off == 0 else f"and a year's difference ({self.years[row]})"
                return self._found(entry, row, f"{title} {year}", fit)
            if found:
                said = "this title and year" if off == 0 else "this title, a year earlier or later"
                return self._ask(entry, found, f"{len(found)} movies have {said}")
        return None

    def _by_part(self, entry: Entry, names: Sequence[str], keys: list[str]) -> Match | None:
        """A title that is a part of the other, in the same year."""
        found: dict[int, bool] = {}
        for key in keys:
            for row, sure in self.parts.get(key, ()):
                found[row] = found.get(row, False) or sure
        for name in names:
            for key, sure in title_keys.parts(name).items():
                for row in self.keys.get(key, ()):
                    found[row] = found.get(row, False) or sure
        found = {row: sure for row, sure in found.items() if self.years[row] == entry.year}
        if not found:
            return None
        row = next(iter(found))
        if len(found) == 1 and found[row] and not self._is_another_at_imdb(entry, row):
            return self._found(entry, row, "a part of the title and the year are the same", Fit.PART)
        return self._ask(entry, list(found), "only a part of the title is the same")

    def _by_spelling(self, entry: Entry, keys: list[str]) -> Match | None:
        """A title with a letter or two different, in the same year."""
        found = self._near(keys, entry.year)
        if not found:
            return None
        if len(found) == 1 and not self._is_another_at_imdb(entry, found[0]):
            return self._found(entry, found[0], "nearly the same title, and the same year", Fit.NEAR)
        return self._ask(entry, found, "nearly the same title")

    def _near(self, keys: list[str], year: int | None) -> list[int]:
        if year is None or year not in self._by_year:
            return []
        known, rows = self._by_year[year]
        found: dict[int, None] = {}
        for key in keys:
            allowed = (len(key) >= _ONE_WRONG_FROM) + (len(key) >= _TWO_WRONG_FROM)
            if not allowed:
                continue
            near = process.extract(key, known, scorer=OSA.distance, processor=None, score_cutoff=allowed, limit=None)
            for other, _, place in near:
                if title_keys.digits(other) == title_keys.digits(key) and len(other) >= _ONE_WRONG_FROM:
                    found[rows[place]] = None
        return list(found)

    def _by_chance(self, entry: Entry, rows: list[int], names: Sequence[str], keys: list[str]) -> Match | None:
        """What is too little to go by, and enough to ask: no year here, or a part of the title or nearly it."""
        assert entry.year is not None
        without_year = [row for row in rows if self.years[row] is None]
        if without_year:
            return self._ask(entry, without_year, f"{self.label} has no year for it")
        off = [
            *(row for key in keys for row, _ in self.parts.get(key, ())),
            *(row for name in names for key in title_keys.parts(name) for row in self.keys.get(key, ())),
            *(row for year in (entry.year - 1, entry.year + 1) for row in self._near(keys, year)),
        ]
        off = [row for row in dict.fromkeys(off) if self._off(row, entry.year) == 1]
        shared = [
            row
            for name in names
            for key, sure in title_keys.parts(name).items()
            for row, as_sure in self.parts.get(key, ())
            if sure and as_sure and self.years[row] == entry.year
        ]
        return self._ask(entry, shared, "only a part of the title is the same") or self._ask(
            entry, off, "a title that is near, and a year's difference"
        )

    def _off(self, row: int, year: int) -> int:
        known = self.years[row]
        return 99 if known is None else abs(known - year)

    def _is_another_at_imdb(self, entry: Entry, row: int) -> bool:
        return entry.imdb_id is not None and self.imdb_of.get(row, entry.imdb_id) != entry.imdb_id

    def _found(self, entry: Entry, row: int, why: str, fit: Fit) -> Match:
        return Match(entry, self.movie_ids[row], (), why, fit)

    def _ask(self, entry: Entry, rows: list[int], why: str) -> Match | None:
        """The most rated first, as what somebody means by a title."""
        if not rows:
            return None
        best = sorted(dict.fromkeys(rows), key=lambda row: (-int(self.num_ratings[row]), row))[:MOST_CANDIDATES]
        shown = "; ".join(self.titles[row] for row in best[:3]) + ("; …" if len(best) > 3 else "")
        return Match(
            entry, None, tuple(self.movie_ids[row] for row in best), f"please choose, {why}: {shown}", doubt=why
        )

    def _none(self, entry: Entry, rows: list[int]) -> Match:
        if entry.year is not None and self.newest is not None and entry.year > self.newest + 1:
            return Match(entry, None, (), f"{self.label} has films up to {self.newest}")
        if rows:
            shown = "; ".join(self.titles[row] for row in rows[:3])
            return Match(entry, None, (), f"{self.label} has this title of another year only: {shown}")
        return Match(entry, None, (), f"{self.label} has no film of this title and year")


def _rows_by(data: Dataset, column: Col) -> dict[int, int]:
    """Rows of the movies by an id elsewhere, which only one of them has."""
    links = data.links.dropna(subset=[str(column)])
    rows = data.movie_rows(links[Col.MOVIE]).tolist()
    ids = [int(value) for value in links[column]]
    found = dict(zip(ids, rows, strict=True))
    twice = {value for value, count in pd.Series(ids).value_counts().items() if count > 1} if ids else set()
    return {value: row for value, row in found.items() if value not in twice}
