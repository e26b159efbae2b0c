"""Say what a file is that is no MovieLens data set, and what can be done with it.

Other sites' exports, other research data sets, a table on its own, a document: each is named by what
stands at its beginning or by the names of its files, never by a guess from what failed later.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

HEAD = 4096
"""Bytes at the beginning of a file that are looked at."""
_LOOKED_AT = 40
"""Files of an archive that are opened to see what they are."""
_NAMED = 4
"""Files of an unknown archive whose names are shown."""

_ONE_PERSON = (
    "it holds one person's films and no data set of many people, so it is not read here; "
    "the page Bring your history reads it"
)
_OTHER_SITE = (
    "it is not in MovieLens's form; data of your own are read as movies.csv (movieId,title,genres) and "
    "ratings.csv (userId,movieId,rating,timestamp), in a zip, under a name of their own"
)
_WHOLE_ZIP = "bring the whole zip of the data set, as GroupLens publishes it"


@dataclass(frozen=True)
class Kind:
    """What something is: `what` completes "this is ..."; `remedy` says what to do."""

    what: str
    remedy: str
    foreign: bool = True
    """False for what may lie in a MovieLens data set too, such as one of its own tables."""


_MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive (.gz)"),
    (b"BZh", "a bzip2 archive (.bz2)"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.xls, .doc)"),
    (b"PAR1", "a Parquet table"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"{\\rtf", "a text document (RTF)"),
)

_LETTERBOXD = Kind("a Letterboxd export", _ONE_PERSON)
_IMDB_RATINGS = Kind("an IMDb ratings export", _ONE_PERSON)
_IMDB_LIST = Kind("an IMDb list", _ONE_PERSON)
_TRAKT = Kind("a Trakt export", _ONE_PERSON)
_NETFLIX_VIEWING = Kind("a Netflix viewing history", _ONE_PERSON)
_IMDB_TABLES = Kind("a table of IMDb's data sets of titles", _OTHER_SITE)
_TMDB_TABLES = Kind("a table of films from TMDB", _OTHER_SITE)
_TWEETINGS = Kind("another site's .dat data set (as MovieTweetings writes it: ratings from 0 to 10)", _OTHER_SITE)
_OTHER_DAT = Kind("another site's .dat data set", _OTHER_SITE)
_NETFLIX_PRIZE = Kind("the Netflix Prize data set", _OTHER_SITE)


def _lone(file_name: str, needs: str) -> Kind:
    return Kind(f"{file_name} of a MovieLens data set on its own; {needs}", _WHOLE_ZIP, foreign=False)


_RATINGS_CSV = _lone("ratings.csv", "its films are in movies.csv")
_MOVIES_CSV = _lone("movies.csv", "the ratings are in ratings.csv")
_LINKS_CSV = _lone("links.csv", "the ratings are in ratings.csv")
_TAGS_CSV = _lone("tags.csv", "the ratings are in ratings.csv")
_RATINGS_DAT = _lone("ratings.dat", "its films are in movies.dat")
_MOVIES_DAT = _lone("movies.dat", "the ratings are in ratings.dat")
_USERS_DAT = _lone("users.dat", "the ratings are in ratings.dat")
_U_DATA = _lone("u.data", "its films are in u.item")
_U_ITEM = _lone("u.item", "the ratings are in u.data")

_HEADERS: tuple[tuple[frozenset[str], Kind], ...] = tuple(
    (frozenset(names.split(",")), kind)
    for names, kind in (
        ("letterboxduri", _LETTERBOXD),
        ("const,yourrating", _IMDB_RATINGS),
        ("const,titletype", _IMDB_LIST),
        ("const,position", _IMDB_LIST),
        ("tconst", _IMDB_TABLES),
        ("nconst", _IMDB_TABLES),
        ("traktid", _TRAKT),
        ("traktrating", _TRAKT),
        ("userid,movieid,rating", _RATINGS_CSV),
        ("userid,movieid,tag", _TAGS_CSV),
        ("movieid,imdbid,tmdbid", _LINKS_CSV),
        ("movieid,title,genres", _MOVIES_CSV),
        ("originaltitle,voteaverage", _TMDB_TABLES),
        ("profilename,starttime,title", _NETFLIX_VIEWING),
    )
)
"""Names of columns, in small letters and without blanks, _ and quotes, that a header must all have."""

_LINES = (
    (re.compile(r"\d+::0\d{6,}::\d+(\.\d+)?::\d+"), _TWEETINGS),
    (re.compile(r"0\d{6,}::.*::"), _TWEETINGS),
    (re.compile(r"\d+::\d+::\d+(\.\d+)?::\d+"), _RATINGS_DAT),
    (re.compile(r"\d+::[FM]::\d+::\d+::"), _USERS_DAT),
    (re.compile(r"\d+::.+::"), _MOVIES_DAT),
    (re.compile(r"\d+\t\d+\t[1-5]\t\d+"), _U_DATA),
    (re.compile(r"\d+\|.+\|.*\|.*\|.*\|[01]\|"), _U_ITEM),
)
_TRAKT_FILE = re.compile(
    r"(ratings|watched|history|collection|watchlist)[-_](movies|shows|seasons|episodes)(-\d+)?\.json"
)
_PRIZE_FILE = re.compile(r"mv_\d{7}\.txt|combined_data_\d\.txt|movie_titles\.(txt|csv)")
_TABLES = (".csv", ".tsv", ".dat", ".data", ".json", ".item")


def of_content(head: bytes) -> Kind | None:
    """What a file is by its first bytes; None when they say nothing."""
    magic = next((what for start, what in _MAGIC if head.startswith(start)), None)
    if magic is None and head[257:262] == b"ustar":
        magic = "a tar archive"
    if magic is not None:
        unpack = "unpack it and " if "archive" in magic else ""
        return Kind(magic, f"{unpack}give the zip of a MovieLens data set, or a folder with its files")
    text = as_text(head)
    if text is None:
        return None
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if first.startswith(("{", "[")):
        return _TRAKT if '"trakt"' in text else Kind("a JSON file", _OTHER_SITE, foreign=False)
    return of_first_line(first)


def of_first_line(line: str) -> Kind | None:
    """What a table is by its header, or by its first row where it has none."""
    columns = {re.sub(r"[\s_\"']", "", column).lower() for column in re.split(r"[,;\t]", line)}
    known = next((kind for names, kind in _HEADERS if names <= columns), None)
    return known or next((kind for pattern, kind in _LINES if pattern.match(line)), None)


def of_archive(names: Iterable[str], head_of: Callable[[str], bytes]) -> Kind | None:
    """What an archive is that may not be MovieLens's; None for what could be, or cannot be named.

    Args:
        names: Its files.
        head_of: Gives the first bytes of one of them.
    """
    names = list(names)
    plain = {PurePosixPath(name).name for name in names}
    if "[Content_Types].xml" in plain:
        return Kind("an Office document (.xlsx, .docx)", "save its tables as CSV files and zip those")
    if any(_PRIZE_FILE.fullmatch(name) for name in plain):
        return _NETFLIX_PRIZE
    if any(_TRAKT_FILE.fullmatch(name) for name in plain):
        return _TRAKT
    if "user_ratedmovies.dat" in plain:
        return Kind("the HetRec 2011 data set of MovieLens films", _OTHER_SITE)
    inner = [name for name in names if name.lower().endswith(".zip")]
    if inner and len(inner) == len(names):
        return Kind("a zip around another zip", "unpack it once and give the zip that is inside")
    for name in [name for name in names if name.lower().endswith(_TABLES)][:_LOOKED_AT]:
        kind = of_content(head_of(name))
        if kind is not None and kind.foreign:
            return kind
    return None


def of_dat(file_name: str, head: bytes) -> Kind | None:
    """What another site's table is that has the name of one of ML-1M's; None for what may be MovieLens's."""
    text = as_text(head) or ""
    # A first line that goes on past what is looked at says nothing.
    line = next((line for line in text.splitlines() if line.strip()), "") if "\n" in text else ""
    if file_name == "users.dat" and line.count("::") == 1:
        return _TWEETINGS
    if file_name == "movies.dat" and line and "::" not in line:
        return _OTHER_DAT
    kind = of_first_line(line)
    return kind if kind is not None and kind.foreign else None


def listing(names: Iterable[str]) -> str:
    """The first few file names of an archive, as they can be printed."""
    names = list(names)
    shown = ", ".join(printable(PurePosixPath(name).name) for name in names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more:,} more" if more > 0 else shown


def printable(text: str, longest: int = 40) -> str:
    """A text from outside on one line: short, no control characters."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(character if character.isprintable() else "?" for character in cut)


def as_text(head: bytes) -> str | None:
    """The bytes as text, or None when they are none (or in UTF-16)."""
    if b"\0" in head:
        return None
    return head.decode("utf-8-sig", errors="replace")
