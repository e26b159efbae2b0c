"""The forms that histories come in: how each is recognised, and what a line of it says."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from lcrec_core.data.dataset import year_of_title
from lcrec_core.data.titles import fold, in_brackets
from lcrec_core.errors import DataError
from lcrec_core.sources.history import tables
from lcrec_core.sources.history.entries import NOT_INTERESTED, SAVED, SEEN, Entry, Line, Skipped
from lcrec_core.sources.history.tables import Row, Source
from lcrec_core.sources.recognise import printable

Said = Line | Skipped | None
"""What a line comes to; None for one that says nothing about the person."""

TEN_TO_FIVE = "Ratings from 1 to 10 become half stars: 10 is 5 stars, 7 is 3.5."
LIST_MARKS = {"seen": SEEN, "saved": SAVED, "not_interested": NOT_INTERESTED}
"""What the column `List` of our own export says, but for "rated"."""
RATED, TOP = "rated", "top"
OWN_FORMAT = "lcrec-history"
OWN_VERSION = 1

_NO_FILM = (
    ("seri", "a series"),
    ("episod", "an episode"),
    ("season", "a season"),
    ("show", "a series"),
    ("game", "a game"),
    ("podcast", "a podcast"),
)
"""What a title's type holds that is no film, folded, and what that is."""


@dataclass(frozen=True)
class Form:
    """A kind of table."""

    kind: str
    has: frozenset[str]
    """Plain names of columns that it has."""
    lacks: frozenset[str]
    """And of columns that it has not."""
    read: Callable[[Row, str], Said]
    """What a row says, given the mark that a film without any word on it is taken for."""
    converted: str = ""
    bare: bool = False
    """Whether nothing in it says if its films were seen or are to be seen."""
    keep_seen: bool = False
    """Whether it says of rated films whether they are marked as seen."""

    def fits(self, names: frozenset[str]) -> bool:
        """Whether a table with these columns is of this kind."""
        return self.has <= names and not self.lacks & names


def mark_by_name(file_name: str) -> str:
    """What the name of a list of films says of them; seen where it says nothing."""
    # Not its folder's, which is the person's own.
    name = fold(PurePath(file_name).name)
    return SAVED if any(word in name for word in ("watchlist", "wishlist", "to-watch", "to_watch", "towatch")) else SEEN


def _letterboxd(row: Row, mark: str) -> Said:
    """Ratings, the diary, reviews, and the lists of films watched, liked and to watch."""
    names = row.fields
    rated_at = row.seconds("watcheddate", "date")
    rating = row.stars("rating")
    entry = Entry(
        _named(row, "name"),
        row.year(),
        rating,
        rated_at if rating is not None else None,
        ((mark, rated_at),) if rating is None else (),
        where=row.place,
    )
    return Line(entry, first="rating" in names and "rewatch" not in names)


def _imdb(row: Row, mark: str) -> Said:
    """IMDb's ratings, and its lists, which have a rating where the person gave one."""
    rating = row.stars("yourrating", "yourated", highest=10)
    at = row.seconds("daterated", "created") if rating is not None else row.seconds("created")
    name, year = _named(row, "title", "originaltitle"), row.year()
    skipped = _no_film(row.text("titletype"), name, year, rating, row.place)
    if skipped:
        return skipped
    original = row.text("originaltitle")
    return Line(
        Entry(
            name,
            year,
            rating,
            at if rating is not None else None,
            ((mark, at),) if rating is None else (),
            original if original != name else "",
            imdb_id=row.number_in("const"),
            where=row.place,
        )
    )


def _movielens_org(row: Row, mark: str) -> Said:
    """What movielens.org lets people export: their ratings, or their list of films to see."""
    rating = row.stars("rating")
    return Line(
        Entry(
            *_title_and_year(_named(row, "title")),
            rating,
            marks=((mark, None),) if rating is None else (),
            imdb_id=row.number_in("imdbid"),
            tmdb_id=row.number_in("tmdbid"),
            movie_id=row.number_in("movieid"),
            where=row.place,
        )
    )


def _of_data_set(row: Row, mark: str) -> Said:
    """Ratings as a data set has them: an id of MovieLens and no title."""
    movie_id = row.number_in("movieid")
    if movie_id is None:
        raise row.wrong("has no movie id")
    rating = row.stars("rating")
    at = row.seconds("timestamp")
    name, year = _title_and_year(row.text("title"))
    entry = Entry(name, year, rating, at if rating is not None else None, where=row.place, movie_id=movie_id)
    return Line(replace(entry, marks=((mark, at),) if rating is None else ()))


def _trakt_table(row: Row, mark: str) -> Said:
    rating = row.stars("rating", highest=10)
    name, year = row.text("title", "movietitle"), row.year()
    kind = row.text("type") or ("episode" if row.text("seasonnumber", "episodenumber", "season", "episode") else "")
    skipped = _no_film(kind, name, year, rating, row.place)
    if skipped:
        return skipped
    imdb_id, tmdb_id = row.number_in("imdbid", "imdb"), row.number_in("tmdbid", "tmdb")
    if not name and imdb_id is None and tmdb_id is None:
        raise row.wrong("has neither a title nor an id of IMDb or TMDB")
    seen_at = row.seconds("watchedat", "lastwatchedat")
    saved_at = row.seconds("watchlistedat", "listedat")
    rated_at = row.seconds("ratedat") if rating is not None else None
    marks: list[tuple[str, int | None]] = [(SEEN, seen_at)] if seen_at is not None else []
    marks += [(SAVED, saved_at)] if saved_at is not None else []
    if rating is None and not marks:
        marks = [(mark, None)]
    entry = Entry(name, year, rating, rated_at, tuple(marks), "", imdb_id, tmdb_id, where=row.place)
    return Line(entry)


def _own(row: Row, mark: str) -> Said:
    """Our own export; see `written`."""
    name, listed = uncovered(row.text("title")), row.text("list")
    year, at = row.year(), row.seconds("timestamp", "watcheddate")
    if listed == TOP:
        return Skipped(name, year, None, "a recommendation, which says nothing about you", row.place)
    if listed != RATED and listed not in LIST_MARKS:
        raise row.wrong(
            f"has {printable(listed)!r} in the field 'List', which is none of rated, {', '.join(LIST_MARKS)}"
        )
    rating = row.stars("rating")
    if listed == RATED and rating is None:
        raise row.wrong("is of a rated film and has no rating in the field 'Rating'")
    rated = listed == RATED
    return Line(
        Entry(
            name,
            year,
            rating if rated else None,
            at if rated else None,
            () if rated else ((LIST_MARKS[listed], at),),
            imdb_id=row.number_in("imdbid"),
            tmdb_id=row.number_in("tmdbid"),
            movie_id=row.number_in("movieid"),
            data=row.text("data"),
            where=row.place,
        )
    )


def _own_rated(row: Row, mark: str) -> Said:
    """The table of the Profile page."""
    name, year = _title_and_year(uncovered(_named(row, "title")))
    return Line(Entry(name, year, row.stars("starsgiven"), row.seconds("date"), where=row.place))


def _for_letterboxd(row: Row, mark: str) -> Said:
    """What Letterboxd's importer takes, and with it any list of titles and years."""
    rating = row.stars("rating") or row.stars("rating10", highest=10)
    at = row.seconds("watcheddate", "date")
    imdb_id, tmdb_id = row.number_in("imdbid"), row.number_in("tmdbid")
    name = uncovered(row.text("title", "name"))
    if not name and imdb_id is None and tmdb_id is None:
        raise row.wrong("has no title")
    name, in_name = _title_and_year(name)
    year = row.year()
    return Line(
        Entry(
            name,
            in_name if year is None else year,
            rating,
            at if rating is not None else None,
            ((mark, at),) if rating is None else (),
            "",
            imdb_id,
            tmdb_id,
            where=row.place,
        )
    )


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_NOT_OURS = "predicted metascore voteaverage genres"
FORMS: tuple[Form, ...] = (
    Form("an export of LCRec", _set("title list movieid data"), _set(""), _own, keep_seen=True),
    Form("an export of LCRec", _set("title starsgiven"), _set(""), _own_rated),
    Form("a Letterboxd export", _set("letterboxduri name year rating"), _set(""), _letterboxd),
    Form("a Letterboxd list of films", _set("letterboxduri name year"), _set(""), _letterboxd, bare=True),
    Form("an IMDb ratings export", _set("const yourrating"), _set("position"), _imdb, TEN_TO_FIVE),
    Form("an IMDb ratings export", _set("const yourated"), _set(""), _imdb, TEN_TO_FIVE),
    Form("an IMDb list", _set("const title"), _set(""), _imdb, TEN_TO_FIVE, bare=True),
    Form("a movielens.org export", _set("movieid title averagerating rating"), _set(""), _movielens_org),
    Form("a movielens.org list", _set("movieid title averagerating"), _set(""), _movielens_org, bare=True),
    Form("ratings in the form of a data set", _set("movieid rating"), _set(""), _of_data_set),
    Form("a Trakt export", _set("rating ratedat"), _set(""), _trakt_table, TEN_TO_FIVE),
    Form("a Trakt export", _set("traktid watchedat"), _set(""), _trakt_table, TEN_TO_FIVE),
    Form("a Trakt export", _set("traktid lastwatchedat"), _set(""), _trakt_table, TEN_TO_FIVE),
    Form("a Trakt export", _set("traktid listedat"), _set(""), _trakt_table, TEN_TO_FIVE),
    Form("a Trakt export", _set("traktid rating"), _set(""), _trakt_table, TEN_TO_FIVE),
    Form("a Trakt list", _set("traktid title"), _set(""), _trakt_table, TEN_TO_FIVE, bare=True),
    Form("a Trakt history", _set("title watchedat"), _set(""), _trakt_table, TEN_TO_FIVE),
    Form("a list of rated films", _set("title year rating"), _set(_NOT_OURS), _for_letterboxd),
    Form("a list of rated films", _set("title year rating10"), _set(_NOT_OURS), _for_letterboxd, TEN_TO_FIVE),
    Form("a list of films", _set("title year"), _set(_NOT_OURS), _for_letterboxd, bare=True),
    Form("a list of films", _set("name year"), _set(_NOT_OURS), _for_letterboxd, bare=True),
)
"""The first that fits is it."""


def form_of(names: tuple[str, ...]) -> Form | None:
    """What a table with these columns is."""
    return next((form for form in FORMS if form.fits(frozenset(names))), None)


def uncovered(text: str) -> str:
    """A cell as it was before the apostrophe that keeps spreadsheets from running it; see `written.covered`."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(RUN_BY_SPREADSHEETS) else text


RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that a spreadsheet takes for a formula."""


def _named(row: Row, *names: str) -> str:
    text = row.text(*names)
    if not text:
        raise row.wrong(f"has nothing in the field {row.columns.get(names[0], names[0])!r}: which film it is")
    return text


def _title_and_year(title: str) -> tuple[str, int | None]:
    """`Matrix, The (1999)` -> (Matrix, The; 1999)."""
    year = year_of_title(title)
    if year is None:
        return title, None
    name, brackets = in_brackets(title)
    kept = [inner for inner in brackets if year_of_title(f"x ({inner})") is None]
    return " ".join([name, *(f"({inner})" for inner in kept)]), year


def _no_film(kind: str, name: str, year: int | None, rating: float | None, where: str) -> Skipped | None:
    """A row that is about something else than a film."""
    folded = fold(kind)
    what = next((what for sign, what in _NO_FILM if sign in folded), None)
    return None if what is None else Skipped(name, year, rating, f"{what}: only films are taken", where)


def of_json(value: Any, source: Source, mark: str) -> tuple[str, list[Said], bool, bool]:
    """What a JSON file says: its kind, its entries, whether nothing says what they are for, whether it is our own.

    Raises:
        DataError: It is neither our own export nor one of Trakt, or an entry cannot be read.
    """
    if isinstance(value, dict) and value.get("format") == OWN_FORMAT:
        return "an export of LCRec", _own_json(value, source), False, True
    entries = _trakt_entries(value)
    if entries is None:
        raise source.wrong(
            "this is JSON, but neither an export of LCRec nor one of Trakt; bring one of those, or a table (.csv)"
        )
    said, bare = [], False
    for number, entry in enumerate(entries, start=1):
        got, is_bare = _trakt_json(_Item(entry, source, number), mark)
        said.append(got)
        bare = bare or is_bare
    return "a Trakt export", said, bare, False


@dataclass(frozen=True)
class _Item:
    """An entry of a list in JSON, and its place."""

    value: dict[str, Any]
    source: Source
    number: int
    of: str = ""
    """The list it stands in."""

    @property
    def place(self) -> str:
        return self.source.at(f"{self.of}entry {self.number}")

    def wrong(self, problem: str) -> DataError:
        return self.source.wrong(f"{self.of}entry {self.number} {problem}; correct it, or export the file again")

    def text(self, name: str, of: dict[str, Any] | None = None) -> str:
        value = (self.value if of is None else of).get(name)
        if value is None:
            return ""
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise self.wrong(f"has something else than a text in the field {name!r}")
        return " ".join(str(value).split())

    def number_of(self, name: str, of: dict[str, Any] | None = None) -> int | None:
        text = self.text(name, of)
        number = tables.id_of(text) if text else None
        if text and number is None:
            raise self.wrong(f"has {printable(text)!r} in the field {name!r}, which is no whole number")
        return number

    def stars(self, name: str, highest: int) -> float | None:
        value = self.value.get(name)
        if value is None:
            return None
        stars = None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 10:
            stars = tables.stars_of(float(value), highest)
        if stars is None:
            raise self.wrong(f"has {printable(str(value))!r} in the field {name!r}, which is {tables.allowed(highest)}")
        return stars or None

    def seconds(self, *names: str) -> int | None:
        name = next((name for name in names if self.value.get(name) is not None), "")
        if not name:
            return None
        text = self.text(name)
        # What was given at the very beginning of 1970 is no number of nine digits.
        whole = self.value[name] if isinstance(self.value[name], int) else None
        seconds = whole if whole is not None and whole >= 0 else tables.seconds_of(text)
        if seconds is None:
            raise self.wrong(f"has {printable(text)!r} in the field {name!r}, which is no date such as 2024-01-31")
        return seconds


def _trakt_entries(value: Any) -> list[dict[str, Any]] | None:
    """The list of a Trakt file: a list of entries, or lists under names such as `ratings` and `watchlist`."""
    lists = [value] if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    entries = [entry for part in lists if isinstance(part, list) for entry in part]
    kinds = ("movie", "show", "season", "episode")
    if not entries and isinstance(value, list):
        return []
    if not all(isinstance(e, dict) and any(isinstance(e.get(kind), dict) for kind in kinds) for e in entries):
        return None
    return entries or None


def _trakt_json(item: _Item, mark: str) -> tuple[Said, bool]:
    film = item.value.get("movie")
    rating = item.stars("rating", 10)
    if not isinstance(film, dict):
        kind = next(kind for kind in ("episode", "season", "show") if isinstance(item.value.get(kind), dict))
        about = item.value.get("show") if isinstance(item.value.get("show"), dict) else item.value[kind]
        year = item.number_of("year", about)
        return _no_film(kind, item.text("title", about), year, rating, item.place), False
    ids = film.get("ids") if isinstance(film.get("ids"), dict) else {}
    imdb_id, tmdb_id = item.number_of("imdb", ids), item.number_of("tmdb", ids)
    name = item.text("title", film)
    if not name and imdb_id is None and tmdb_id is None:
        raise item.wrong("has no title")
    seen_at = item.seconds("watched_at", "last_watched_at")
    saved_at = item.seconds("listed_at", "watchlisted_at")
    if rating is None and seen_at is None and saved_at is None and "collected_at" in item.value:
        year = item.number_of("year", film)
        return Skipped(name, year, None, "in your collection, which says neither seen nor rated", item.place), False
    marks: list[tuple[str, int | None]] = [(SEEN, seen_at)] if seen_at is not None else []
    marks += [(SAVED, saved_at)] if saved_at is not None else []
    bare = rating is None and not marks
    if bare:
        marks = [(mark, None)]
    return Line(
        Entry(
            name,
            item.number_of("year", film),
            rating,
            item.seconds("rated_at") if rating is not None else None,
            tuple(marks),
            "",
            imdb_id,
            tmdb_id,
            where=item.place,
        )
    ), bare


def _own_json(value: dict[str, Any], source: Source) -> list[Said]:
    if value.get("version") != OWN_VERSION:
        version = printable(str(value.get("version")))
        raise source.wrong(f"this export is of version {version}, known here is {OWN_VERSION}; update LCRec")
    data, lists = value.get("data"), value.get("lists", {})
    parts = {RATED: value.get("ratings"), **(lists if isinstance(lists, dict) else {})}
    if not isinstance(data, str) or not all(isinstance(part, list) for part in parts.values()):
        raise source.wrong("this export lacks its parts 'data', 'ratings' or 'lists'; export it again")
    said: list[Said] = []
    for name, part in parts.items():
        if name == TOP:
            continue
        if name != RATED and name not in LIST_MARKS:
            raise source.wrong(f"this export has a list {printable(name)!r}, which is none of {', '.join(LIST_MARKS)}")
        for number, entry in enumerate(part, start=1):
            said.append(_own_item(_Item(entry, source, number, f"{name} "), name, data))
    return said


def _own_item(item: _Item, listed: str, data: str) -> Line:
    if not isinstance(item.value, dict):
        raise item.wrong("is no film")
    rating = item.stars("rating", 5) if listed == RATED else None
    if listed == RATED and rating is None:
        raise item.wrong("has no rating in the field 'rating'")
    at = item.seconds("timestamp")
    name, in_name = _title_and_year(item.text("title"))
    year = item.number_of("year")
    return Line(
        Entry(
            name,
            in_name if year is None else year,
            rating,
            at if rating is not None else None,
            () if rating is not None else ((LIST_MARKS[listed], at),),
            imdb_id=item.number_of("imdb_id"),
            tmdb_id=item.number_of("tmdb_id"),
            movie_id=item.number_of("movie_id"),
            data=data,
            where=item.place,
        )
    )
