"""Read the published MovieLens data sets, from a zip or a folder, into the canonical `Dataset`.

Three formats, recognised by the names of their files:

- `.dat` (ml-1m): fields between `::`, Latin-1, whole stars, demographics with age bands;
- `u.*` (ml-100k): fields between tabs or `|`, Latin-1, whole stars, ages in years;
- CSV (ml-latest-small, ml-25m, ml-32m): UTF-8, half stars, no demographics.

Everything is read before a `Dataset` is built: a wrong line anywhere gives a DataError that
names file, line and remedy, and nothing half-loaded. The ratings are in `rating_table.py`.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lcrec_core.archive import Archive
from lcrec_core.dataset import (
    AGE_BANDS,
    GENDERS,
    GENRE_SEPARATOR,
    HALF_STARS,
    MOVIE_COLUMNS,
    USER_COLUMNS,
    WHOLE_STARS,
    Col,
    Dataset,
    age_band,
    year_of_title,
)
from lcrec_core.errors import DataError
from lcrec_core.rating_table import LARGEST_ID, REMEDY, RatingTable, read_ratings

CSV_NAMES = ("ml-latest-small", "ml-25m", "ml-32m")
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
U_RATINGS = RatingTable("u.data", b"\t", WHOLE_STARS)
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
        release = _recognise(archive)
        expected = next((r for r in _FORMATS if name in r.names), release)
        if expected is not release:
            raise DataError(
                f"{archive.path} has the files of {' or '.join(release.names)}, not of {name}; give the right zip"
            )
        return release.read(archive, name or release.name_of(archive))


def official_fold(path: Path, fold: int) -> np.ndarray:
    """Test ratings of one of ml-100k's published splits, as ids (N, 2) of person and movie.

    `u1.test` to `u5.test` are the first to the last fifth of `u.data` (its README: made from it by mku.sh), so they are
    read from there.

    Raises:
        DataError: There is no such fold, or the file is damaged.
    """
    if not 1 <= fold <= FOLDS:
        raise DataError(f"there is no official fold {fold}: {FOLDED} has 1 to {FOLDS}, and the seed chooses one")
    with Archive(Path(path)) as archive, archive.open(U_RATINGS.file_name) as stream:
        pairs = np.loadtxt(stream, dtype=np.int64, usecols=(0, 1), ndmin=2)
    each = len(pairs) // FOLDS
    return pairs[(fold - 1) * each : fold * each]


def _recognise(archive: Archive) -> "_Format":
    """The format most of whose files are there; a file that is then missing is reported by its reader."""
    present = {release: sum(archive.locate(f) is not None for f in release.files) for release in _FORMATS}
    best = max(present, key=lambda release: present[release] / len(release.files))
    if present[best] == 0:
        raise DataError(
            f"{archive.path} holds no MovieLens data set: it needs movies.dat, users.dat and ratings.dat (ml-1m), "
            f"the u.* files (ml-100k), or movies.csv and ratings.csv (ml-latest-small, ml-25m, ml-32m)"
        )
    return best


@dataclass(frozen=True)
class _Line:
    """One line's fields, and where it stands, so that every complaint can say so."""

    archive: Archive
    file_name: str
    number: int
    fields: list[str]

    def wrong(self, problem: str, remedy: str = REMEDY) -> DataError:
        return DataError(f"{self.archive.path}: {self.file_name} line {self.number} {problem}; {remedy}")

    def whole(self, position: int, what: str, low: int, high: int) -> int:
        """The field as a whole number in [low, high]."""
        text = self.fields[position].strip()
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise self.wrong(f"has {what} {text[:40]!r}, which is no whole number from {low} to {high}")
        return int(text)

    def one_of(self, position: int, what: str, allowed: tuple) -> str:
        """The field, which must be one of the allowed texts."""
        text = self.fields[position].strip()
        if text not in map(str, allowed):
            raise self.wrong(f"has {what} {text[:40]!r}; allowed are {', '.join(map(str, allowed))}")
        return text


def _latin1_lines(archive: Archive, file_name: str, separator: str, count: int) -> Iterator[_Line]:
    """Lines of a Latin-1 table that must each have `count` fields; blank lines are passed over."""
    content = archive.read(file_name)
    if b"\0" in content:
        raise DataError(f"{archive.path}: {file_name} holds zero bytes (saved as UTF-16?); {REMEDY}")
    for number, raw in enumerate(content.split(b"\n"), start=1):
        if not raw.strip():
            continue
        line = _Line(archive, file_name, number, raw.rstrip(b"\r").decode("latin-1").split(separator))
        if _UTF8_CHARACTER.search(raw):
            raise line.wrong("is UTF-8 where Latin-1 is expected", "save it as Latin-1 or download the data set again")
        if len(line.fields) != count:
            raise line.wrong(f"has {len(line.fields)} fields between {separator!r} where {count} are expected")
        yield line


def _csv_lines(archive: Archive, file_name: str, header: list[str]) -> Iterator[_Line]:
    """Records of a UTF-8 CSV table with exactly this header."""
    content = archive.read(file_name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _Line(archive, file_name, content[: error.start].count(b"\n") + 1, [])
        raise line.wrong("is not UTF-8", "save it as UTF-8 or download the data set again") from error
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for position, fields in enumerate(rows):
            line = _Line(archive, file_name, rows.line_num, fields)
            if position == 0 and fields != header:
                raise line.wrong(f"reads {','.join(fields)[:60]!r} where the header {','.join(header)!r} is expected")
            if position == 0 or not fields:
                continue
            if len(fields) != len(header):
                raise line.wrong(f"has {len(fields)} fields where {len(header)} are expected ({','.join(header)})")
            yield line
    except csv.Error as error:
        raise _Line(archive, file_name, rows.line_num, []).wrong(f"is not CSV ({error})") from error


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


def _read_dat(archive: Archive, name: str) -> Dataset:
    movies = _frame(_latin1_lines(archive, "movies.dat", "::", 3), _listed_movie, MOVIE_COLUMNS)
    users = _frame(_latin1_lines(archive, "users.dat", "::", 5), _dat_user, USER_COLUMNS)
    ratings = read_ratings(archive, DAT_RATINGS, movies[Col.MOVIE].to_numpy(), users[Col.USER].to_numpy())
    return Dataset(name=name, users=users, movies=movies, ratings=ratings, scale=WHOLE_STARS)


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
    year = year_of_title(title) or (int(released.group(1)) if released else None)
    return line.whole(0, "movie id", 1, LARGEST_ID), title, year, GENRE_SEPARATOR.join(own)


def _read_u(archive: Archive, name: str) -> Dataset:
    genres = [line.fields[0] for line in _latin1_lines(archive, "u.genre", "|", 2)]
    item_lines = _latin1_lines(archive, "u.item", "|", 5 + len(genres))
    movies = _frame(item_lines, lambda line: _u_movie(line, genres), MOVIE_COLUMNS)
    users = _frame(_latin1_lines(archive, "u.user", "|", 5), _u_user, USER_COLUMNS)
    ratings = read_ratings(archive, U_RATINGS, movies[Col.MOVIE].to_numpy(), users[Col.USER].to_numpy())
    return Dataset(name=name, users=users, movies=movies, ratings=ratings, scale=WHOLE_STARS)


def _read_csv(archive: Archive, name: str) -> Dataset:
    movies = _frame(
        _csv_lines(archive, "movies.csv", ["movieId", "title", "genres"]),
        _listed_movie,
        MOVIE_COLUMNS,
    )
    ratings = read_ratings(archive, CSV_RATINGS, movies[Col.MOVIE].to_numpy())
    users = pd.DataFrame({str(Col.USER): np.unique(ratings[Col.USER])})
    for column in (Col.GENDER, Col.AGE, Col.OCCUPATION):
        users[str(column)] = pd.NA
    return Dataset(name=name, users=users, movies=movies, ratings=ratings, scale=HALF_STARS)


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


_FORMATS = (
    _Format(("movies.dat", "users.dat", "ratings.dat"), ("ml-1m",), _read_dat),
    _Format(("u.item", "u.user", "u.genre", "u.data"), ("ml-100k",), _read_u),
    _Format(("movies.csv", "ratings.csv"), CSV_NAMES, _read_csv),
)
