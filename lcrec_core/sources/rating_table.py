"""Read a table of ratings fast, and name the first bad line when there is one.

What a line must be is said once, by `_rating_of`, and `_walk` reads a table by it line by line. Written as the
releases write it (plain digits between separators), a table can only be read in one way; then pyarrow parses it in
blocks and a few vectorised checks follow each. As soon as anything is otherwise, be it only a quote, the lines are
walked. So the two never judge a line differently.
"""

import csv
import math
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from lcrec_core.data.dataset import LARGEST_ID, RATING_COLUMNS, Col, RatingScale
from lcrec_core.data.rows import ascend
from lcrec_core.errors import DataError
from lcrec_core.sources.archive import BLANK_LIMIT, LINE_LIMIT, RATINGS_LIMIT, Archive
from lcrec_core.sources.recognise import printable

LARGEST_TIME = 2**33
"""In seconds: the year 2242. Times in milliseconds lie beyond it."""
MOST_RATINGS = 60_000_000
"""Twice as many as the largest release has."""
REMEDY = "correct that line, or bring a fresh copy of the data set"

_FIELDS = len(RATING_COLUMNS)
_DTYPES = {Col.USER: np.int32, Col.MOVIE: np.int32, Col.RATING: np.float32, Col.TIME: np.int64}
_BLOCK_BYTES = 8 << 20
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_WHOLE = re.compile(r"0*(\d{1,19})(?:\.0*)?", re.ASCII)
_SCIENTIFIC = re.compile(r"(\d)(?:\.(\d{0,18}))?[eE]\+?(\d{1,2})", re.ASCII)
_DECIMAL = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)
_DECIMAL_COMMA = re.compile(r"\d+,\d+", re.ASCII)


@dataclass(frozen=True)
class RatingTable:
    """How a release writes its ratings: user, movie, rating, time, in this order."""

    file_name: str
    separator: bytes
    scale: RatingScale
    header: bytes = b""


def read_ratings(
    archive: Archive, table: RatingTable, movies: np.ndarray, users: np.ndarray | None = None
) -> pd.DataFrame:
    """Read and check every rating, in the order of the file.

    Args:
        archive: Where the file is.
        table: The file and its format.
        movies: Ids a rating may name.
        users: Ids a rating may name; None where the release lists no people.

    Raises:
        DataError: Names the first line that is wrong, and why.
    """
    frame = _parsed_at_once(archive, table, movies, users)
    return _walk(archive, table, movies, users) if frame is None else frame


def whole_number(text: str) -> int | None:
    """The whole number that a field says with all its digits: `12`, `12.0`, `1.500000101E+09`; None for others.

    `1.5E+09` is none: it is how spreadsheets show, and save, ten digits that they have rounded to two.
    """
    text = text.strip(" ")
    whole = _WHOLE.fullmatch(text)
    if whole:
        return int(whole.group(1))
    short = _SCIENTIFIC.fullmatch(text)
    if short and len(short.group(2) or "") == int(short.group(3)):
        return int(short.group(1) + (short.group(2) or ""))
    return None


def not_whole(what: str, text: str, low: int, high: int) -> str:
    """The complaint about a field that is no whole number from `low` to `high`."""
    said = f"has {what} {_shown(text)}, which is no whole number from {low} to {high}"
    text = text.strip(" ")
    if _SCIENTIFIC.fullmatch(text) and whole_number(text) is None:
        return f"{said}: a spreadsheet has rounded it, so save the table with all digits of such numbers"
    seconds = whole_number(text)
    if what == "time" and seconds is not None and LARGEST_TIME < seconds < 1000 * LARGEST_TIME:
        return f"{said}: it seems to be in milliseconds, and seconds are expected"
    return said


def not_text(start: bytes) -> str | None:
    """What is wrong with how a whole table is stored, seen at its start; None for what can be read."""
    if start.startswith(_UTF16) or start[1:2] == b"\0" or start[:1] == b"\0":
        return "is saved as UTF-16; save it as UTF-8 (in spreadsheets: CSV UTF-8)"
    return None


def same_header(line: str, expected: str) -> bool:
    """Whether a first line names the expected columns, in their order; capitals, quotes, blanks and _ do not matter."""
    return [_plain(name) for name in line.split(",")] == [_plain(name) for name in expected.split(",")]


def header_problem(line: str, expected: str) -> str:
    """The complaint about a first line that is not the expected header."""
    said = f"reads {_shown(line, 60)} where the header {expected!r} is expected"
    if same_header(line.replace(";", ","), expected):
        return f"{said}: save the table with commas between its columns and points in its numbers"
    if same_header(line.replace("\t", ","), expected):
        return f"{said}: save the table with commas between its columns"
    return f"{said}; these are the columns, in this order, that LCRec reads"


def _plain(name: str) -> str:
    return name.strip(' \t"').replace("_", "").lower()


def _parsed_at_once(
    archive: Archive, table: RatingTable, movies: np.ndarray, users: np.ndarray | None
) -> pd.DataFrame | None:
    """The whole table in the order of the file; None unless it is written as the releases write it and is sound."""
    parts: tuple[list[np.ndarray], ...] = ([], [], [], [])
    with archive.open(table.file_name, RATINGS_LIMIT) as stream:
        plain = _Plain(stream, table)
        if not plain.header_is_plain:
            return None
        try:
            for lines in plain:
                block = _parsed(lines, table)
                if not _is_sound(block, table, movies, users):
                    return None
                for part, column in zip(parts, block, strict=True):
                    part.append(column)
        except pa.ArrowInvalid:
            return None
    rows = sum(map(len, parts[0]))
    # As many separators as rows need: a field too many or too few is seen by them too.
    if not (plain.is_plain and plain.ended and rows and plain.separators == (_FIELDS - 1) * rows):
        return None
    columns = []
    for part in parts:
        columns.append(np.concatenate(part))
        part.clear()  # One column at a time: together they would take twice the room.
    if _repeated(columns[0], columns[1]).any():
        return None
    return pd.DataFrame({str(c): values for c, values in zip(RATING_COLUMNS, columns, strict=True)}, copy=False)


def _parsed(lines: bytes, table: RatingTable) -> tuple[np.ndarray, ...]:
    """The columns of some lines.

    Raises:
        pyarrow.ArrowInvalid: A field is no number of its kind, or a row has more fields or fewer.
    """
    parsed = pa.csv.read_csv(
        pa.BufferReader(lines),
        read_options=pa.csv.ReadOptions(column_names=[str(column) for column in RATING_COLUMNS]),
        parse_options=pa.csv.ParseOptions(
            delimiter="\t" if len(table.separator) > 1 else table.separator.decode(), quote_char=False
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types={str(c): pa.from_numpy_dtype(kind) for c, kind in _DTYPES.items()}, null_values=[]
        ),
    )
    return tuple(column.to_numpy() for column in parsed.columns)


def _is_sound(block: tuple[np.ndarray, ...], table: RatingTable, movies: np.ndarray, users: np.ndarray | None) -> bool:
    """Whether every row of some is what `_rating_of` accepts."""
    if not len(block[0]):
        return True
    user_ids, movie_ids, ratings, times = block
    return bool(
        min(user_ids.min(), movie_ids.min()) >= 1
        and times.min() >= 0
        and times.max() <= LARGEST_TIME
        and np.isfinite(ratings).all()
        and table.scale.contains(ratings).all()
        and np.isin(movie_ids, movies).all()
        and (users is None or np.isin(user_ids, users).all())
    )


def _repeated(users: np.ndarray, movies: np.ndarray) -> np.ndarray:
    """Which rows rate a movie that the person has rated in an earlier row."""
    if ascend(users, movies):
        return np.zeros(len(users), dtype=bool)
    # One number per (user, movie) pair: ids are below 2**31, so pairs cannot collide.
    return pd.Series((users.astype(np.int64) << 31) | movies).duplicated().to_numpy()


class _Plain:
    """Blocks of whole lines of a table, as long as it is digits, points, separators and line ends; then it stops.

    `::` becomes a tab on the way: pyarrow knows separators of one character alone.
    """

    def __init__(self, stream: BinaryIO, table: RatingTable) -> None:
        self._stream = stream
        self._separator = table.separator
        self._allowed = b"0123456789.\n" + table.separator
        self._held = b""
        self._line_ends = 0
        self._in_line = 0
        self.separators = 0
        self.is_plain = True
        self.ended = False
        """Whether the last byte so far ends a line: a table whose last line has no end is cut short there."""
        self.header_is_plain = True
        if table.header:
            line = stream.readline(LINE_LIMIT)
            self.header_is_plain = line.removeprefix(_BOM).rstrip(b"\r\n") == table.header

    def __iter__(self) -> Iterator[bytes]:
        begun = b""
        while self.is_plain and (block := self._stream.read(_BLOCK_BYTES)):
            block = begun + self._pass_on(self._held + block)
            end = block.rfind(b"\n") + 1
            begun = block[end:]
            if end and self.is_plain:
                yield block[:end]
        self.is_plain = self.is_plain and not self._held

    def _pass_on(self, block: bytes) -> bytes:
        """The block as pyarrow reads it; what may go on in the next one (half a `::`, half a line end) is held back."""
        half = (len(block) - len(block.rstrip(b":"))) % 2 or block.endswith(b"\r")
        self._held = block[-1:] if half else b""
        if self._held:
            block = block[:-1]
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
        line_ends = block.count(b"\n")
        self._line_ends += line_ends
        self._in_line = len(block) - block.rfind(b"\n") - 1 if line_ends else self._in_line + len(block)
        # Whatever is not plain is walked; a line longer than the limit covers one of these windows whole.
        window = LINE_LIMIT // 2
        long = self._in_line > window or any(
            block.find(b"\n", start, start + window) < 0 for start in range(0, len(block) - window + 1, window)
        )
        self.is_plain = not (long or block.translate(None, self._allowed) or self._line_ends > MOST_RATINGS)
        if len(self._separator) > 1:
            block = block.replace(self._separator, b"\t")
            self.separators += block.count(b"\t")
        else:
            self.separators += block.count(self._separator)
        # Blank lines in any number: pyarrow would pass over them, and the lines are walked to where they are too many.
        self.is_plain = self.is_plain and self._line_ends <= self.separators // (_FIELDS - 1) + BLANK_LIMIT
        self.ended = block.endswith(b"\n") if block else self.ended
        return block if self.is_plain else b""


def _walk(archive: Archive, table: RatingTable, movies: np.ndarray, users: np.ndarray | None) -> pd.DataFrame:
    """Every rating in the order of the file, line by line.

    Raises:
        DataError: Names the first line that is wrong.
    """
    known_movies = set(movies.tolist())
    known_users = None if users is None else set(users.tolist())
    columns: tuple[array, ...] = (array("q"), array("q"), array("f"), array("q"))
    numbers = array("q")
    header = bool(table.header)
    last = b"\n"
    for number, line in archive.lines(table.file_name, RATINGS_LIMIT):
        problem: str | None = None
        if number == 1:
            problem = not_text(line)
            line = line.removeprefix(_BOM)
        if header and problem is None:
            header = False
            text = line.decode("utf-8", errors="replace").rstrip("\r\n")
            if not same_header(text, table.header.decode()):
                raise _wrong(archive, table, number, header_problem(text, table.header.decode()), remedy="")
            last = line
            continue
        row = problem or _rating_of(line, table, known_movies, known_users)
        if isinstance(row, str):
            _refuse_repeated(archive, table, columns, numbers)
            raise _wrong(archive, table, number, row, "" if problem else REMEDY)
        if len(numbers) == MOST_RATINGS:
            raise _wrong(archive, table, number, f"is past the {MOST_RATINGS:,} ratings that are read at most", "")
        for column, value in zip(columns, row, strict=True):
            column.append(value)
        numbers.append(number)
        last = line
    if not numbers:
        raise archive.wrong(f"{table.file_name} holds no rating; bring the data set again")
    _refuse_repeated(archive, table, columns, numbers)
    if not last.endswith(b"\n"):
        raise cut_short(archive, table.file_name, numbers[-1])
    return pd.DataFrame(
        {str(c): np.array(values, dtype=_DTYPES[c]) for c, values in zip(RATING_COLUMNS, columns, strict=True)}
    )


def cut_short(archive: Archive, file_name: str, number: int) -> DataError:
    """The error about a table whose last line, of this number, has no end."""
    return archive.wrong(
        f"{file_name} line {number} has no end of line, so the file is cut short there; "
        f"download the data set again (or end the line if the file is complete)"
    )


def _refuse_repeated(archive: Archive, table: RatingTable, columns: tuple[array, ...], numbers: array) -> None:
    again = _repeated(np.array(columns[0], dtype=np.int64), np.array(columns[1], dtype=np.int64))
    if again.any():
        problem = "is a second rating of one movie by one person"
        raise _wrong(archive, table, numbers[int(again.argmax())], problem, "keep one of the two lines")


def _wrong(archive: Archive, table: RatingTable, number: int, problem: str, remedy: str = REMEDY) -> DataError:
    return archive.wrong(f"{table.file_name} line {number} {problem}" + (f"; {remedy}" if remedy else ""))


def _rating_of(
    line: bytes, table: RatingTable, movies: set[int], users: set[int] | None
) -> tuple[int, int, float, int] | str:
    """User, movie, rating and time of a row, or what is wrong with it. This is the rule for every table of ratings."""
    separator = table.separator.decode()
    text = line.rstrip(b"\r\n").decode("latin-1")
    if "\r" in text:
        return "has a carriage return in it: save the table with the line ends of Windows or of Linux"
    fields = [field.strip(" ") for field in text.split(separator)]
    if '"' in text:
        fields = _unquoted(text, separator)
    if len(fields) != _FIELDS:
        layout = separator.join(("user", "movie", "rating", "time")).replace("\t", "<tab>")
        hint = ""
        if separator == "," and len(fields) == _FIELDS + 1 and fields[3] in ("0", "5"):
            hint = ": save the table with points, not commas, in its numbers"
        return f"has {len(fields)} fields where {_FIELDS} are expected ({layout}){hint}"
    whole = []
    for what, field, low, high in (
        ("user id", fields[0], 1, LARGEST_ID),
        ("movie id", fields[1], 1, LARGEST_ID),
        ("time", fields[3], 0, LARGEST_TIME),
    ):
        value = whole_number(field)
        if value is None or not low <= value <= high:
            return not_whole(what, field, low, high)
        whole.append(value)
    user, movie, seconds = whole
    scale = table.scale
    rating = _on_scale(fields[2], scale)
    if rating is None:
        allowed = f"{scale.low:g} to {scale.high:g} in steps of {scale.step:g}"
        comma = " with a point, not a comma" if _DECIMAL_COMMA.fullmatch(fields[2]) else ""
        return f"has the rating {_shown(fields[2])}; allowed are {allowed}{comma}"
    if movie not in movies:
        return f"names movie {movie}, which the list of movies does not have"
    if users is not None and user not in users:
        return f"names user {user}, whom the list of users does not have"
    return user, movie, rating, seconds


@lru_cache(maxsize=256)
def _on_scale(text: str, scale: RatingScale) -> float | None:
    """The rating that a field says, or None for one that is not on the scale."""
    if not _DECIMAL.fullmatch(text):
        return None
    rating = float(text)
    # In the precision that ratings are kept in, as the way through pyarrow judges them.
    return rating if math.isfinite(rating) and bool(scale.contains(np.array(rating, dtype=np.float32))) else None


def _unquoted(text: str, separator: str) -> list[str]:
    """Fields of a row some of which stand in double quotes."""
    if len(separator) > 1:
        fields = text.split(separator)
        return [f[1:-1].strip(" ") if len(f) > 1 and f[0] == f[-1] == '"' else f for f in map(str.strip, fields)]
    try:
        rows = list(csv.reader([text], delimiter=separator, strict=True, skipinitialspace=True))
    except csv.Error:
        rows = []
    return [field.strip(" ") for field in rows[0]] if rows else text.split(separator)


def _shown(text: str, longest: int = 40) -> str:
    """A field as it can be printed: quoted, short, no control characters."""
    return repr(printable(text, longest)) if text.isprintable() else repr(text[:longest])
