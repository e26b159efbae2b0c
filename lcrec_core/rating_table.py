"""Read a table of ratings fast, and name the first bad line when there is one.

pandas parses the whole table at once, a few vectorised checks follow. Only when one of them
fails are the lines walked one by one, which is slow but says exactly where and what.
"""

import csv
import io
import math
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pandas as pd

from lcrec_core.archive import RATINGS_LIMIT, Archive
from lcrec_core.dataset import RATING_COLUMNS, Col, RatingScale
from lcrec_core.errors import DataError

LARGEST_ID = 2**31 - 1
LARGEST_TIME = 2**40
"""In seconds: far past any date, and short of what would overflow."""
REMEDY = "correct that line or download the data set again"

_FIELDS = len(RATING_COLUMNS)
_DTYPES = {Col.USER: np.int64, Col.MOVIE: np.int64, Col.RATING: np.float32, Col.TIME: np.int64}


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
    counted = _Counted()
    frame = _parse(archive, table, counted)
    if frame is None or counted.separators != (_FIELDS - 1) * (len(frame) + bool(table.header)):
        raise _first_wrong(archive, table, movies, users)
    ids, times = frame[[Col.USER, Col.MOVIE]].to_numpy(), frame[Col.TIME].to_numpy()
    sound = (
        (ids.min(initial=1) >= 1 and ids.max(initial=1) <= LARGEST_ID)
        and (times.min(initial=0) >= 0 and times.max(initial=0) <= LARGEST_TIME)
        and np.isfinite(frame[Col.RATING].to_numpy()).all()
        and table.scale.contains(frame[Col.RATING].to_numpy()).all()
        and np.isin(frame[Col.MOVIE], movies).all()
        and (users is None or np.isin(frame[Col.USER], users).all())
        # One number per (user, movie) pair: ids are below 2**31, so pairs cannot collide.
        and not pd.Series((ids[:, 0] << 31) | ids[:, 1]).duplicated().any()
    )
    if not (sound and len(frame) and counted.header == table.header):
        raise _first_wrong(archive, table, movies, users)
    if counted.last != b"\n":
        raise DataError(
            f"{archive.path}: {table.file_name} line {counted.line_ends + 1} has no end of line, so the file is cut "
            f"short there; download the data set again (or end the line if the file is complete)"
        )
    return frame


class _Counted(io.RawIOBase):
    """Passes a stream on to pandas and counts what pandas would forgive: extra fields, a cut last line."""

    def __init__(self) -> None:
        self.stream: BinaryIO | None = None
        self.separator = b""
        self.separators = 0
        self.line_ends = 0
        self.header = b""
        self.last = b""

    def attach(self, stream: BinaryIO, separator: bytes, has_header: bool) -> None:
        self.stream, self.separator = stream, separator
        if has_header:
            line = stream.readline()
            self.header = line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
            self._count(line)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        assert self.stream is not None
        block = self.stream.read(size)
        self._count(block)
        return block

    def _count(self, block: bytes) -> None:
        self.separators += block.count(self.separator)
        self.line_ends += block.count(b"\n")
        self.last = block[-1:] or self.last


def _parse(archive: Archive, table: RatingTable, counted: _Counted) -> pd.DataFrame | None:
    """The whole table, or None when pandas cannot make sense of it."""
    with archive.open(table.file_name, RATINGS_LIMIT) as stream:
        separator = table.separator
        if len(separator) > 1:
            # pandas is 50 times slower with a separator of two characters.
            content = stream.read()
            if b"\t" in content:
                return None
            stream, separator = io.BytesIO(content.replace(separator, b"\t")), b"\t"
        counted.attach(stream, separator, bool(table.header))
        try:
            return pd.read_csv(
                counted,
                sep=separator.decode(),
                header=None,
                names=[str(c) for c in RATING_COLUMNS],
                dtype={str(c): t for c, t in _DTYPES.items()},
                usecols=range(_FIELDS),
                na_filter=False,
                quoting=csv.QUOTE_NONE,
            )
        except (ValueError, OverflowError):
            return None


def _first_wrong(archive: Archive, table: RatingTable, movies: np.ndarray, users: np.ndarray | None) -> DataError:
    """Walk the lines to the first that is wrong."""
    known_movies = set(movies.tolist())
    known_users = None if users is None else set(users.tolist())
    seen: set[tuple[bytes, bytes]] = set()
    number = 0
    for number, line in archive.lines(table.file_name, RATINGS_LIMIT):
        where = f"{archive.path}: {table.file_name} line {number}"
        if number == 1 and table.header:
            if line.removeprefix(b"\xef\xbb\xbf") != table.header:
                return DataError(
                    f"{where} reads {_shown(line)} where the header '{table.header.decode()}' is expected; {REMEDY}"
                )
            continue
        fields = line.split(table.separator)
        problem = _problem(fields, table, known_movies, known_users)
        if problem:
            return DataError(f"{where} {problem}; {REMEDY}")
        if (fields[0], fields[1]) in seen:
            return DataError(f"{where} is a second rating of one movie by one person; keep one of the two lines")
        seen.add((fields[0], fields[1]))
    if not seen:
        return DataError(f"{archive.path}: {table.file_name} holds no rating; download the data set again")
    return DataError(f"{archive.path}: {table.file_name} cannot be read as ratings; download the data set again")


def _problem(fields: list[bytes], table: RatingTable, movies: set[int], users: set[int] | None) -> str | None:
    """What is wrong with one row, or None."""
    if len(fields) != _FIELDS:
        layout = table.separator.decode().join(("user", "movie", "rating", "time")).replace("\t", "<tab>")
        return f"has {len(fields)} fields where {_FIELDS} are expected ({layout})"
    for what, text, low, high in (
        ("user id", fields[0], 1, LARGEST_ID),
        ("movie id", fields[1], 1, LARGEST_ID),
        ("time", fields[3], 0, LARGEST_TIME),
    ):
        if not (text.isdigit() and len(text) < 20 and low <= int(text) <= high):
            return f"has {what} {_shown(text)}, which is no whole number from {low} to {high}"
    scale = table.scale
    try:
        rating = float(fields[2])
        on_scale = math.isfinite(rating) and bool(scale.contains(np.array(rating)))
    except ValueError:
        on_scale = False
    if not on_scale:
        allowed = f"{scale.low:g} to {scale.high:g} in steps of {scale.step:g}"
        return f"has the rating {_shown(fields[2])}; allowed are {allowed}"
    if int(fields[1]) not in movies:
        return f"names movie {int(fields[1])}, which the list of movies does not have"
    if users is not None and int(fields[0]) not in users:
        return f"names user {int(fields[0])}, whom the list of users does not have"
    return None


def _shown(text: bytes) -> str:
    """A field as it can be printed: quoted, short, no control characters."""
    return repr(text[:40].decode("latin-1"))
