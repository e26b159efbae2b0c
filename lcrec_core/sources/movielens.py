"""Read the published MovieLens data sets, from a zip or a folder, into the canonical `Dataset`.

Four formats, recognised by the names of their files:

- `.dat` with people (ml-1m): fields between `::`, Latin-1, whole stars, demographics with age bands;
- `.dat` without (ml-10m): fields between `::`, UTF-8, half stars, no demographics;
- `u.*` (ml-100k): fields between tabs or `|`, Latin-1, whole stars, ages in years;
- CSV (ml-latest-small, ml-20m, ml-25m, ml-32m, ml-latest): UTF-8, half stars, no demographics.

Everything is read before a `Dataset` is built: a wrong line anywhere gives a DataError that
names file, line and remedy, and nothing half-loaded. The ratings are in `rating_table.py`. Whether a data
set is the release whose name it has is another question, see `published.py`.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import (
    AGE_BANDS,
    GENDERS,
    GENRE_SEPARATOR,
    HALF_STARS,
    LINK_COLUMNS,
    MOVIE_COLUMNS,
    USER_COLUMNS,
    WHOLE_STARS,
    Col,
    Dataset,
    age_band,
    no_links,
    plausible_year,
    year_of_title,
)
from lcrec_core.errors import DataError
from lcrec_core.sources import recognise
from lcrec_core.sources.archive import LINE_LIMIT, Archive
from lcrec_core.sources.published import TITLES
from lcrec_core.sources.rating_table import (
    LARGEST_ID,
    REMEDY,
    RatingTable,
    cut_short,
    header_problem,
    not_text,
    not_whole,
    read_ratings,
    same_header,
    whole_number,
)

CSV_NAMES = ("ml-latest-small", "ml-20m", "ml-25m", "ml-32m", "ml-latest")
WITHOUT_PEOPLE = "ml-10m"
"""The release in `.dat` files that lists no people."""
RELEASE_NAMES = tuple(TITLES)
MADE_MARK = "made.json"
"""The file of a data set that `make-data` made: its people and films are nobody and nothing."""
FOLDED = "ml-100k"
"""The data set that was published with five splits of its own."""
FOLDS = 5

OCCUPATIONS = (
    "other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service",
    "doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer", "programmer",
    "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer", "tradesman/craftsman",
    "unemployed", "writer",
)  # fmt: skip
"""Names of ML-1M's occupation codes: the position is the code."""

NO_GENRES = ("unknown", "(no genres listed)")
"""What ml-100k and the CSV releases write where a movie has no genre."""

DAT_RATINGS = RatingTable("ratings.dat", b"::", WHOLE_STARS)
HALF_DAT_RATINGS = RatingTable("ratings.dat", b"::", HALF_STARS)
U_RATINGS = RatingTable("u.data", b"\t", WHOLE_STARS)
CSV_MOVIES = ["movieId", "title", "genres"]
CSV_LINKS = ["movieId", "imdbId", "tmdbId"]
CSV_RATINGS = RatingTable("ratings.csv", b",", HALF_STARS, header=b"userId,movieId,rating,timestamp")

# Two or more bytes that are one character in UTF-8; in Latin-1 they would be an accented capital
# followed by a symbol or a control character, which no title has.
_UTF8_CHARACTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def read(path: Path, name: str | None = None) -> Dataset:
    """Read a data set from a zip or a folder.

    Args:
        path: The zip as published, or a folder with its files (or with one folder that has them).
        name: What to call it; recognised from its content when not given.

    Raises:
        DataError: Anything missing, damaged or out of place, with file, line and what to do.
    """
    with Archive(Path(path)) as archive:
        release = _recognise(archive, name)
        expected = next((r for r in _FORMATS if name in r.names), release)
        if expected is not release:
            raise archive.wrong(f"has the files of {' or '.join(release.names)}, not of {name}; give the right zip")
        return release.read(archive, name or release.name_of(archive))


def _recognise(archive: Archive, name: str | None) -> "_Format":
    """The format most of whose files are there; a file that is then missing is reported by its reader.

    Raises:
        DataError: It is something else, which is named, with what to do.
    """
    present = {release: sum(archive.locate(f) is not None for f in release.files) for release in _FORMATS}
    kind = None
    if all(count < len(release.files) for release, count in present.items()):
        kind = recognise.of_archive(archive.names, archive.head)
    for file_name in ("movies.dat", "users.dat", "ratings.dat"):
        member = archive.locate(file_name)
        kind = kind or (recognise.of_dat(file_name, archive.head(member)) if member else None)
    if kind is not None:
        raise archive.wrong(f"this is {kind.what}, not a MovieLens data set; {kind.remedy}")
    lone = [archive.locate(f) for f in _CSV.files if archive.locate(f)]
    if len(lone) == 1 and recognise.of_content(archive.head(str(lone[0]))) is None:
        present[_CSV] = 0  # Somebody else's table of that name.
    best = max(present, key=lambda release: present[release] / len(release.files))
    if present[best] == 0:
        found = f"it holds {recognise.listing(archive.names)}" if archive.names else "it is empty"
        raise archive.wrong(
            f"this is no MovieLens data set ({found}): that has movies.dat, users.dat and ratings.dat (ml-1m; ml-10m "
            f"lists no users), the u.* files (ml-100k), or movies.csv and ratings.csv ({', '.join(CSV_NAMES)})"
        )
    if best in (_WITH_PEOPLE, _NO_PEOPLE):
        return _NO_PEOPLE if _lists_no_people(archive, name) else _WITH_PEOPLE
    return best


def _lists_no_people(archive: Archive, name: str | None) -> bool:
    """Whether `.dat` files without users.dat are ml-10m's kind, and not ml-1m's with a file missing."""
    if archive.locate("users.dat") is not None:
        return False
    of_ml_10m = archive.folder_of("ratings.dat").lower().startswith("ml-10m") or archive.locate("tags.dat") is not None
    return of_ml_10m or name not in (None, *_WITH_PEOPLE.names)


@dataclass(frozen=True)
class _Line:
    """One line's fields, and where it stands, so that every complaint can say so."""

    archive: Archive
    file_name: str
    number: int
    fields: list[str]

    def wrong(self, problem: str, remedy: str = REMEDY) -> DataError:
        return self.archive.wrong(f"{self.file_name} line {self.number} {problem}" + (f"; {remedy}" if remedy else ""))

    def whole(self, position: int, what: str, low: int, high: int) -> int:
        """The field as a whole number in [low, high]."""
        text = self.fields[position].strip()
        value = whole_number(text)
        if value is None or not low <= value <= high:
            raise self.wrong(not_whole(what, text, low, high))
        return value

    def one_of(self, position: int, what: str, allowed: tuple) -> str:
        """The field, which must be one of the allowed texts."""
        text = self.fields[position].strip()
        if text not in map(str, allowed):
            raise self.wrong(f"has {what} {text[:40]!r}; allowed are {', '.join(map(str, allowed))}")
        return text


def _separated_lines(
    archive: Archive, file_name: str, separator: str, count: int, encoding: str = "latin-1"
) -> Iterator[_Line]:
    """Lines of a table that must each have `count` fields; blank lines are passed over."""
    content = archive.read_text(file_name)
    complaint = not_text(content[:2])
    if complaint or b"\0" in content:
        raise archive.wrong(f"{file_name} {complaint or 'holds zero bytes (saved as UTF-16?)'}; {REMEDY}")
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for number, raw in enumerate(lines, start=1):
        if len(raw) > LINE_LIMIT:
            raise archive.too_long(file_name, number)
        if not raw.strip():
            continue
        if number == len(lines):
            raise cut_short(archive, file_name, number)
        line = _Line(archive, file_name, number, [])
        if encoding == "latin-1" and _UTF8_CHARACTER.search(raw):
            raise line.wrong("is UTF-8 where Latin-1 is expected", "save it as Latin-1 or download the data set again")
        try:
            line.fields.extend(raw.rstrip(b"\r").decode(encoding).split(separator))
        except UnicodeDecodeError as error:
            raise line.wrong("is not UTF-8", "save it as UTF-8 or bring a fresh copy of the data set") from error
        if len(line.fields) != count:
            raise line.wrong(f"has {len(line.fields)} fields between {separator!r} where {count} are expected")
        yield line


def _encoding_of(archive: Archive, file_name: str, name: str) -> str:
    """ML-1M is Latin-1 as published; data of one's own are in either, and are hardly ever UTF-8 by chance."""
    if name in RELEASE_NAMES:
        return "latin-1"
    try:
        archive.read_text(file_name).decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _csv_lines(archive: Archive, file_name: str, header: list[str]) -> Iterator[_Line]:
    """Records of a UTF-8 CSV table with this header."""
    content = archive.read_text(file_name)
    complaint = not_text(content[:2])
    if complaint:
        raise archive.wrong(f"{file_name} line 1 {complaint}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _Line(archive, file_name, content[: error.start].count(b"\n") + 1, [])
        raise line.wrong("is not UTF-8", "save it as UTF-8 or bring a fresh copy of the data set") from error
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for position, fields in enumerate(rows):
            line = _Line(archive, file_name, rows.line_num, fields)
            if sum(map(len, fields)) > LINE_LIMIT:
                raise archive.too_long(file_name, rows.line_num)
            if position == 0 and not same_header(",".join(fields), ",".join(header)):
                raise line.wrong(header_problem(",".join(fields), ",".join(header)), remedy="")
            if position == 0 or not fields:
                continue
            if len(fields) != len(header):
                raise line.wrong(f"has {len(fields)} fields where {len(header)} are expected ({','.join(header)})")
            yield line
    except csv.Error as error:
        raise _Line(archive, file_name, rows.line_num, []).wrong(f"is not CSV ({error})") from error
    if not text.endswith(("\n", "\r")):
        raise cut_short(archive, file_name, rows.line_num)


def _frame(lines: Iterator[_Line], row_of: Callable[[_Line], tuple], columns: list[Col]) -> pd.DataFrame:
    """A table from its lines; the first column is the id, which may stand on one line only."""
    rows: dict[int, tuple] = {}
    for line in lines:
        row = row_of(line)
        if row[0] in rows:
            raise line.wrong(f"has {columns[0]} {row[0]} a second time", "keep one of the two lines")
        rows[row[0]] = row
    return pd.DataFrame(rows.values(), columns=[str(c) for c in columns])


def _title_of(line: _Line) -> str:
    title = line.fields[1].strip()
    if not title:
        raise line.wrong("has no title")
    return title


def _listed_movie(line: _Line) -> tuple:
    """A movie of ml-1m or of a CSV release: id, title, genres joined with |."""
    title = _title_of(line)
    joined = line.fields[2].strip()
    genres = "" if joined in NO_GENRES else joined
    return line.whole(0, "movie id", 1, LARGEST_ID), title, year_of_title(title), genres


def _dat_user(line: _Line) -> tuple:
    gender = line.one_of(1, "gender", GENDERS)
    age = int(line.one_of(2, "age", AGE_BANDS))
    occupation = OCCUPATIONS[line.whole(3, "occupation", 0, len(OCCUPATIONS) - 1)]
    return line.whole(0, "user id", 1, LARGEST_ID), gender, age, occupation


def _dat_movies(archive: Archive, encoding: str) -> pd.DataFrame:
    lines = _separated_lines(archive, "movies.dat", "::", 3, encoding)
    return _frame(lines, _listed_movie, MOVIE_COLUMNS)


def _read_dat(archive: Archive, name: str) -> Dataset:
    movies = _dat_movies(archive, _encoding_of(archive, "movies.dat", name))
    users = _frame(_separated_lines(archive, "users.dat", "::", 5), _dat_user, USER_COLUMNS)
    ratings = read_ratings(archive, DAT_RATINGS, movies[Col.MOVIE].to_numpy(), users[Col.USER].to_numpy())
    return Dataset(name=name, users=users, movies=movies, ratings=ratings, scale=WHOLE_STARS)


def _read_dat_without_people(archive: Archive, name: str) -> Dataset:
    movies = _dat_movies(archive, "utf-8")
    ratings = read_ratings(archive, HALF_DAT_RATINGS, movies[Col.MOVIE].to_numpy())
    return _half_stars(archive, name, movies, ratings)


def _half_stars(
    archive: Archive, name: str, movies: pd.DataFrame, ratings: pd.DataFrame, links: pd.DataFrame | None = None
) -> Dataset:
    """A release that has half stars and tells nothing of its people, or one that was made in its shape."""
    return Dataset(
        name=name,
        users=_people_of(ratings),
        movies=movies,
        ratings=ratings,
        scale=HALF_STARS,
        simulated=archive.locate(MADE_MARK) is not None,
        links=no_links() if links is None else links,
    )


def _people_of(ratings: pd.DataFrame) -> pd.DataFrame:
    """Those who rated, of whom nothing else is known."""
    users = pd.DataFrame({str(Col.USER): np.unique(ratings[Col.USER])})
    return users.assign(**{str(column): pd.NA for column in (Col.GENDER, Col.AGE, Col.OCCUPATION)})


def _u_user(line: _Line) -> tuple:
    age = age_band(line.whole(1, "age", 0, 120))
    gender = line.one_of(2, "gender", GENDERS)
    return line.whole(0, "user id", 1, LARGEST_ID), gender, age, line.fields[3].strip() or None


def _u_movie(line: _Line, genres: list[str]) -> tuple:
    """Id, title, release date, video date, address, then a 0 or 1 for each genre."""
    title = _title_of(line)
    flags = [line.whole(5 + position, f"flag for {genre}", 0, 1) for position, genre in enumerate(genres)]
    own = [genre for genre, flag in zip(genres, flags, strict=True) if flag and genre not in NO_GENRES]
    released = re.fullmatch(r"\d{1,2}-\w{3}-(\d{4})", line.fields[2].strip(), re.ASCII)
    year = year_of_title(title) or (plausible_year(int(released.group(1))) if released else None)
    return line.whole(0, "movie id", 1, LARGEST_ID), title, year, GENRE_SEPARATOR.join(own)


def _u_tables(archive: Archive) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Movies and users."""
    genres = [line.fields[0] for line in _separated_lines(archive, "u.genre", "|", 2)]
    item_lines = _separated_lines(archive, "u.item", "|", 5 + len(genres))
    movies = _frame(item_lines, lambda line: _u_movie(line, genres), MOVIE_COLUMNS)
    return movies, _frame(_separated_lines(archive, "u.user", "|", 5), _u_user, USER_COLUMNS)


def _read_u(archive: Archive, name: str) -> Dataset:
    movies, users = _u_tables(archive)
    ratings = read_ratings(archive, U_RATINGS, movies[Col.MOVIE].to_numpy(), users[Col.USER].to_numpy())
    folds = _folds(ratings) if name == FOLDED else ()
    return Dataset(name=name, users=users, movies=movies, ratings=ratings, scale=WHOLE_STARS, official=folds)


def _folds(ratings: pd.DataFrame) -> tuple[np.ndarray, ...]:
    """Test parts of the published splits, from the ratings in the file's order.

    `u1.test` to `u5.test` are the first to the last fifth of `u.data` (its README: made from it by mku.sh).
    """
    each, pairs = len(ratings) // FOLDS, ratings[[Col.USER, Col.MOVIE]].to_numpy(np.int64)
    return tuple(pairs[fold * each : (fold + 1) * each] for fold in range(FOLDS))


def _read_csv(archive: Archive, name: str) -> Dataset:
    movies = _frame(_csv_lines(archive, "movies.csv", CSV_MOVIES), _listed_movie, MOVIE_COLUMNS)
    ratings = read_ratings(archive, CSV_RATINGS, movies[Col.MOVIE].to_numpy())
    return _half_stars(archive, name, movies, ratings, links=_links(archive, movies[Col.MOVIE].to_numpy()))


def _links(archive: Archive, movies: np.ndarray) -> pd.DataFrame:
    """What the movies are called at IMDb and TMDB; a data set need not say it."""
    if archive.locate("links.csv") is None:
        return no_links()
    links = _frame(_csv_lines(archive, "links.csv", CSV_LINKS), _link, LINK_COLUMNS)
    links = links[links[Col.MOVIE].isin(movies)].reset_index(drop=True)
    types = {Col.MOVIE: "int64", Col.IMDB: "Int64", Col.TMDB: "Int64"}
    return links.astype({str(column): kind for column, kind in types.items()})


def _link(line: _Line) -> tuple:
    ids = [
        line.whole(position, what, 0, LARGEST_ID) or pd.NA if line.fields[position].strip() else pd.NA
        for position, what in ((1, "IMDb id"), (2, "TMDB id"))
    ]
    return (line.whole(0, "movie id", 1, LARGEST_ID), *ids)


@dataclass(frozen=True)
class _Format:
    files: tuple[str, ...]
    names: tuple[str, ...]
    """The data sets published in this format."""
    read: Callable[[Archive, str], Dataset]

    def name_of(self, archive: Archive) -> str:
        """The only data set of the format, or the one named by the folder in the zip, or by the file."""
        if len(self.names) == 1:
            return self.names[0]
        folder = archive.folder_of(self.files[0])
        return folder if folder in self.names else archive.path.name.removesuffix(".zip")


_WITH_PEOPLE = _Format(("movies.dat", "users.dat", "ratings.dat"), ("ml-1m",), _read_dat)
_NO_PEOPLE = _Format(("movies.dat", "ratings.dat"), (WITHOUT_PEOPLE,), _read_dat_without_people)
_CSV = _Format(("movies.csv", "ratings.csv"), CSV_NAMES, _read_csv)
_FORMATS = (
    _WITH_PEOPLE,
    _Format(("u.item", "u.user", "u.genre", "u.data"), ("ml-100k",), _read_u),
    _CSV,
    _NO_PEOPLE,
)
