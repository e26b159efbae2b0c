"""LCRec's own export: tables that Letterboxd's importer takes as well, and JSON; `forms` reads both back.

Letterboxd reads Title, Year, Rating, WatchedDate, tmdbID and imdbID, and passes over the other columns. They are what
a round trip needs to lose nothing: which list a film is in, its id here, and the second.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.titles import in_brackets, spoken
from lcrec_core.sources.history.entries import SEEN
from lcrec_core.sources.history.forms import LIST_MARKS, OWN_FORMAT, OWN_VERSION, RATED, RUN_BY_SPREADSHEETS, TOP

COLUMNS = ("Title", "Year", "Rating", "WatchedDate", "tmdbID", "imdbID", "List", "MovieID", "Data", "Timestamp")


@dataclass(frozen=True)
class Kept:
    """A film of somebody's, to be written."""

    listed: str
    """"rated", one of `forms.LIST_MARKS`, or "top"."""
    movie_id: int
    rating: float | None = None
    timestamp: int | None = None
    """Seconds since 1970, UTC."""


def kept(
    ratings: Iterable[tuple[int, float, int]],
    marks: Mapping[str, Iterable[int]],
    marked_at: Mapping[tuple[str, int], int],
    top: Iterable[int] = (),
) -> list[Kept]:
    """All that somebody has, to be written: ratings in time order, marks the earliest first, then a list of the best.

    Args:
        ratings: Movie, rating and timestamp, in the order in which they were given.
        marks: Movies by mark.
        marked_at: When each was marked, by mark and movie.
        top: Movies recommended, the best first.
    """
    rows = [Kept(RATED, movie_id, rating, at) for movie_id, rating, at in ratings]
    for mark in LIST_MARKS.values():
        movies = [(marked_at.get((mark, movie_id)), movie_id) for movie_id in marks.get(mark, ())]
        rows += [Kept(mark, movie_id, None, at) for at, movie_id in sorted(movies, key=lambda row: row[0] or 0)]
    return rows + [Kept(TOP, movie_id) for movie_id in top]


def seen_by(rows: Iterable[Kept]) -> list[Kept]:
    """Those of films that were seen, rated or not: what Letterboxd imports as watched."""
    return [row for row in rows if row.listed in (RATED, SEEN)]


def table(data: Dataset, rows: Iterable[Kept]) -> pd.DataFrame:
    """The films as a table with `COLUMNS`. Movies that the data set does not have are left out."""
    return pd.DataFrame([_cells(film) for film in _films(data, rows)], columns=pd.Index(COLUMNS), dtype=object)


def as_json(data: Dataset, rows: Iterable[Kept]) -> str:
    """Everything in one file."""
    ratings: list[dict[str, Any]] = []
    lists: dict[str, list[dict[str, Any]]] = {}
    for film in _films(data, rows):
        listed = film.pop("listed")
        del film["data"]
        told = {name: value for name, value in film.items() if value is not None}
        (ratings if listed == RATED else lists.setdefault(listed, [])).append(told)
    whole = {"format": OWN_FORMAT, "version": OWN_VERSION, "data": data.name, "ratings": ratings, "lists": lists}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def covered(text: str) -> str:
    """A cell that begins like a formula with an apostrophe before it; `forms.uncovered` takes it away.

    What begins so behind apostrophes of its own gets one more: else it would come back without one.
    """
    return f"'{text}" if text.lstrip("'").startswith(RUN_BY_SPREADSHEETS) else text


def _films(data: Dataset, rows: Iterable[Kept]) -> Iterable[dict[str, Any]]:
    movies = data.movies.set_index(str(Col.MOVIE))
    links = data.links.set_index(str(Col.MOVIE))
    titles, years = movies[Col.TITLE].to_dict(), movies[Col.YEAR].to_dict()
    imdb, tmdb = links[Col.IMDB].to_dict(), links[Col.TMDB].to_dict()
    for row in rows:
        if row.movie_id in titles:
            year = years[row.movie_id]
            yield {
                "listed": row.listed,
                "movie_id": row.movie_id,
                "title": without_year(spoken(str(titles[row.movie_id]))),
                "year": None if pd.isna(year) else int(year),
                "rating": row.rating,
                "timestamp": row.timestamp,
                "imdb_id": _id(imdb.get(row.movie_id)),
                "tmdb_id": _id(tmdb.get(row.movie_id)),
                "data": data.name,
            }


def _cells(film: dict[str, Any]) -> tuple:
    at, imdb = film["timestamp"], film["imdb_id"]
    return (
        film["title"],
        film["year"],
        film["rating"],
        None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d"),
        film["tmdb_id"],
        None if imdb is None else f"tt{imdb:07d}",
        film["listed"],
        film["movie_id"],
        film["data"],
        at,
    )


def _id(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def without_year(title: str) -> str:
    """`The Matrix (1999)` -> The Matrix; other names: Letterboxd looks for one."""
    return in_brackets(title)[0]
