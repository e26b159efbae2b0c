"""What a history says of films: one entry for each, however many files and lines speak of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from lcrec_core.data.titles import fold

SEEN, SAVED, NOT_INTERESTED = "seen", "saved", "not_interested"
"""Marks as the profile store spells them."""

Marks = tuple[tuple[str, int | None], ...]
"""Each mark once, and when it was set, in seconds since 1970, where the file says so."""


@dataclass(frozen=True)
class Entry:
    """A film of somebody's history."""

    name: str
    """As the file has it, without a year in brackets at its end; '' where the file has only an id."""
    year: int | None = None
    rating: float | None = None
    """In stars, 0.5 to 5 by halves; None: not rated."""
    rated_at: int | None = None
    """Seconds since 1970, UTC; None where the file does not say."""
    marks: Marks = ()
    other_name: str = ""
    """The title in the film's own language, where the file has both."""
    imdb_id: int | None = None
    tmdb_id: int | None = None
    movie_id: int | None = None
    """An id of MovieLens, or of the data set named by `data`."""
    data: str = ""
    """The data set whose id `movie_id` is; '' for an id of MovieLens."""
    where: str = ""
    """File and line, for messages."""

    @property
    def seconds(self) -> int | None:
        """When it was rated, or else marked."""
        return self.rated_at if self.rating is not None else next((at for _, at in self.marks if at is not None), None)


@dataclass(frozen=True)
class Skipped:
    """A line that is about no film."""

    name: str
    year: int | None
    rating: float | None
    why: str
    where: str


@dataclass(frozen=True)
class History:
    """Everything a file says."""

    kind: str
    """What the file is, to complete "this is ..."."""
    entries: tuple[Entry, ...]
    skipped: tuple[Skipped, ...] = ()
    converted: str = ""
    """How its ratings became stars, as a sentence; '' where they are stars already."""
    bare: str = ""
    """The mark that a list of films without any word on them was taken for: who brings it can say otherwise."""

    def taken_as(self, mark: str) -> "History":
        """The same list of films with another mark; see `bare`."""
        entries = (replace(entry, marks=tuple((mark, at) for _, at in entry.marks)) for entry in self.entries)
        return replace(self, entries=tuple(entries), bare=mark)


@dataclass(frozen=True)
class Line:
    """What one line of one file says of a film."""

    entry: Entry
    first: bool = False
    """Its rating goes before those of other files, whatever their dates: Letterboxd's ratings.csv."""


@dataclass
class _Draft:
    entry: Entry
    rated_by: tuple = ()
    marks: dict[str, int | None] = field(default_factory=dict)


def merged(lines: Iterable[Line], *, keep_seen: bool) -> tuple[Entry, ...]:
    """One entry for each film, in the order in which they come first.

    Of several ratings the one of a `first` line holds, then the latest by date, then the last in the file.

    Args:
        lines: What the files say.
        keep_seen: Whether a rated film can be marked as seen too; otherwise "seen" is for the others.
    """
    drafts: dict[tuple, _Draft] = {}
    for order, line in enumerate(lines):
        entry = line.entry
        draft = drafts.get(key := _key(entry))
        if draft is None:
            draft = drafts[key] = _Draft(entry)
        else:
            draft.entry = _completed(draft.entry, entry)
        for mark, at in entry.marks:
            known = draft.marks.get(mark)
            draft.marks[mark] = at if known is None else max(known, at or known)
        if entry.rating is not None:
            by = (line.first, -1 if entry.rated_at is None else entry.rated_at, order)
            if by > draft.rated_by:
                draft.rated_by = by
                if draft.entry is not entry:
                    draft.entry = replace(draft.entry, rating=entry.rating, rated_at=entry.rated_at, where=entry.where)
    return tuple(_finished(draft, keep_seen) for draft in drafts.values())


def _key(entry: Entry) -> tuple:
    if entry.movie_id is not None:
        return "movie", entry.data, entry.movie_id
    if entry.imdb_id is not None:
        return "imdb", entry.imdb_id
    return fold(entry.name), entry.year


def _completed(entry: Entry, other: Entry) -> Entry:
    if entry.imdb_id == other.imdb_id and entry.tmdb_id == other.tmdb_id:
        return entry
    return replace(
        entry,
        imdb_id=entry.imdb_id if entry.imdb_id is not None else other.imdb_id,
        tmdb_id=entry.tmdb_id if entry.tmdb_id is not None else other.tmdb_id,
    )


def _finished(draft: _Draft, keep_seen: bool) -> Entry:
    rated = draft.entry.rating is not None
    marks = tuple((mark, at) for mark, at in draft.marks.items() if keep_seen or not (rated and mark == SEEN))
    return draft.entry if marks == draft.entry.marks else replace(draft.entry, marks=marks)
