"""A table that somebody exported or saved again: its encoding, its delimiter, its records with their lines.

Every complaint names the file, the line, the field and what to do.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lcrec_core.data.dataset import HALF_STARS, plausible_year
from lcrec_core.errors import DataError
from lcrec_core.sources.rating_table import LARGEST_ID, whole_number
from lcrec_core.sources.recognise import printable

MOST_ROWS = 50_000
"""Films that are read of one file: more than anybody has seen."""
_MOST_COLUMNS = 200
_UTF8_CHARACTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")
_DELIMITERS = (",", ";", "\t")
_NUMBER = re.compile(r"\d{1,6}(?:[.,]\d{0,6})?|[.,]\d{1,6}", re.ASCII)
_OLD_IMDB_DATE = "%a %b %d %H:%M:%S %Y"
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999."""


@dataclass(frozen=True)
class Source:
    """A file of what somebody brought."""

    where: Path
    """What they brought."""
    member: str = ""
    """The file inside it, where it is a zip."""

    def wrong(self, problem: str) -> DataError:
        """An error about this file; nothing of it has been taken."""
        return DataError(f"{self.member} {problem}" if self.member else problem, where=self.where)

    def at(self, place: str) -> str:
        """A place in the file as a person finds it."""
        return f"{self.member or self.where.name} {place}"


def decoded(content: bytes, source: Source) -> str:
    """The text of a file in UTF-8 or UTF-16, with or without their marks, or in Windows' or ISO's Latin alphabet.

    Raises:
        DataError: It is no text, or is damaged UTF-8.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in content[:4000]:
        # Nearly every second byte of Latin text in UTF-16 is zero.
        even, odd = content[0:4000:2].count(0), content[1:4000:2].count(0)
        encoding = "utf-16-be" if even > odd else "utf-16-le"
    else:
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        if encoding != "utf-8-sig" or _UTF8_CHARACTER.search(content):
            # UTF-8 in one place is hardly ever Latin-1 by chance.
            name = "UTF-16" if encoding.startswith("utf-16") else "UTF-8"
            raise source.wrong(f"line {line} is not {name}; export the file again, or save it as UTF-8") from error
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise source.wrong(f"line {line} holds a zero byte, which no text has; export the file again")
    return text


@dataclass(frozen=True)
class Row:
    """A record by the plain names of its columns, and where it stands."""

    source: Source
    number: int
    """The line on which it begins."""
    fields: dict[str, str]
    columns: dict[str, str]
    """How the header spells each name."""

    @property
    def place(self) -> str:
        """File and line."""
        return self.source.at(f"line {self.number}")

    def wrong(self, problem: str, remedy: str = "correct that line, or export the file again") -> DataError:
        """An error about this line."""
        return self.source.wrong(f"line {self.number} {problem}; {remedy}")

    def text(self, *names: str) -> str:
        """What the first of these columns that is not empty holds; ''."""
        return next((self.fields[name] for name in names if self.fields.get(name)), "")

    def year(self, name: str = "year") -> int | None:
        """The year of a film; None where there is none."""
        text = self.text(name)
        year = whole_number(text) if text else None
        if text and year is None:
            raise self._not(name, "no year such as 1999")
        return None if year is None else plausible_year(year)

    def stars(self, *names: str, highest: int = 5) -> float | None:
        """A rating in stars; empty and 0 mean that there is none.

        Args:
            names: Columns it may stand in.
            highest: What the file calls five stars: 5, by halves, or 10.
        """
        name = next((name for name in names if self.fields.get(name)), "")
        if not name:
            return None
        text = self.fields[name]
        stars = stars_of(float(text.replace(",", ".")), highest) if _NUMBER.fullmatch(text) else None
        if stars is None:
            raise self._not(name, allowed(highest))
        return stars or None

    def seconds(self, *names: str) -> int | None:
        """When, in seconds since 1970, UTC; None where the file does not say."""
        name = next((name for name in names if self.fields.get(name)), "")
        if not name:
            return None
        text = self.fields[name]
        seconds = whole_number(text) if name == "timestamp" else seconds_of(text)
        if seconds is None or seconds > _LAST_SECOND:
            raise self._not(name, "no date such as 2024-01-31")
        return seconds

    def number_in(self, *names: str) -> int | None:
        """An id that is a whole number, `tt` before it or not; None where there is none."""
        name = next((name for name in names if self.fields.get(name)), "")
        if not name:
            return None
        number = id_of(self.fields[name])
        if number is None:
            raise self._not(name, f"no whole number from 1 to {LARGEST_ID}")
        return number

    def _not(self, name: str, expected: str) -> DataError:
        shown = printable(self.fields[name])
        return self.wrong(f"has {shown!r} in the field {self.columns[name]!r}, which is {expected}")


def allowed(highest: int) -> str:
    """The complaint about what is no rating."""
    return "no rating from 0.5 to 5 by halves" if highest == 5 else f"no rating from 1 to {highest}"


def stars_of(rating: float, highest: int) -> float | None:
    """A rating as stars, 0 for none; None where it is not on the scale. Of 1 to 10, each is half a star."""
    stars = rating * 5 / highest
    on_scale = stars == 0 or (HALF_STARS.low <= stars <= HALF_STARS.high and (2 * stars).is_integer())
    return stars if on_scale else None


def id_of(text: str) -> int | None:
    """The whole number of an id such as `tt0114369` or `807`."""
    number = whole_number(text.removeprefix("tt"))
    return number if number is not None and 1 <= number <= LARGEST_ID else None


def seconds_of(text: str) -> int | None:
    """A date, with a time or without, or seconds since 1970; None for what is none.

    A date alone is its first second, UTC. What lies before 1970 is 1970's first second.
    """
    number = whole_number(text) if text.isascii() and not text.startswith("0") and len(text) > 8 else None
    if number is not None:
        return number if number <= _LAST_SECOND else None
    try:
        when = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        try:
            when = datetime.strptime(text, _OLD_IMDB_DATE)
        except ValueError:
            return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    try:
        return max(int(aware.timestamp()), 0)
    except (OverflowError, ValueError):
        return None


def plain_name(column: str) -> str:
    """A column's name by its letters and digits: `Your Rating` and `your_rating` are one."""
    return re.sub(r"[^a-z0-9]", "", column.lower())


@dataclass(frozen=True)
class Table:
    """A table with a header that was read, and records that are read on demand."""

    source: Source
    names: tuple[str, ...]
    """Plain names of its columns."""
    columns: dict[str, str]
    text: str
    delimiter: str
    begins: int
    """Lines before the header."""

    @classmethod
    def of(cls, text: str, source: Source) -> "Table | None":
        """The table in a text; None where its first line is no header of at least two columns."""
        text = re.sub(r"\A(?:[ \t]*\r?\n)+", "", text)
        begins = 0
        if re.match(r"sep=.\r?\n", text):  # Spreadsheets say their delimiter so.
            text, begins = text.partition("\n")[2], 1
        header = text.partition("\n")[0].rstrip("\r")
        if len(header) > 10_000:
            return None
        best: tuple[str, list[str]] = ("", [])
        for delimiter in _DELIMITERS:
            try:
                fields = next(csv.reader([header], delimiter=delimiter, strict=True), [])
            except csv.Error:
                continue
            if len(fields) > len(best[1]):
                best = (delimiter, fields)
        delimiter, fields = best
        if not 2 <= len(fields) <= _MOST_COLUMNS:
            return None
        names = tuple(plain_name(field) for field in fields)
        columns = dict(zip(reversed(names), (field.strip() for field in reversed(fields)), strict=True))
        return cls(source, names, columns, text, delimiter, begins)

    def rows(self) -> Iterator[Row]:
        """Every record that is not blank.

        Raises:
            DataError: One is no CSV, or has another number of fields than the header; or there are too many.
        """
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter, strict=True)
        begins, count = 1, 0
        while True:
            begins = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self._not_csv(begins, str(error)) from error
            number = begins + self.begins
            if begins == 1 or not any(field.strip() for field in fields):
                continue
            if len(fields) != len(self.names):
                raise self.source.wrong(
                    f"line {number} has {len(fields)} fields where the header has {len(self.names)}; "
                    f"correct that line, or export the file again"
                )
            count += 1
            if count > MOST_ROWS:
                raise self.source.wrong(
                    f"line {number} is past the {MOST_ROWS:,} films that are read of one file; bring it in parts"
                )
            tidy = (" ".join(field.split()) for field in fields)
            # The first of two columns of one name holds: reversed, it is set last.
            named = dict(zip(reversed(self.names), reversed(list(tidy)), strict=True))
            yield Row(self.source, number, named, self.columns)

    def _not_csv(self, begins: int, cause: str) -> DataError:
        number = begins + self.begins
        if "end of data" in cause:
            problem = "begins a field in quotes that is never closed"
        elif "limit" in cause:
            problem = "has a field of more than 131,072 characters"
        else:
            problem = "has a quote inside a field that should be doubled or closed"
        return self.source.wrong(f"line {number} {problem}; correct that line, or export the file again")
