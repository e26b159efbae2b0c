"""Zips of every format, damaged in every way we know: read as what they say, or refused in one clear line.

A try reads a zip (or the same files in a folder) and compares with a reader of its own that knows nothing of
speed: plain loops over the bytes that `zipfile` gives out. What the core reads must be what that reader finds.
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.errors import DataError
from lcrec_core.sources import movielens
from tests.faults.dying import spread
from tests.faults.errors import unclear
from tests.faults.outcome import Kind
from tests.faults.same import same_data
from tests.faults.sandbox import attempt
from tests.movielens_files import Files, csv_files, dat_files, u_files, write_folder, write_zip


class Form(NamedTuple):
    """One of MovieLens' formats."""

    name: str
    files: Files
    separators: dict[str, str]
    """Of each table that is read."""
    encoding: str
    ratings: str
    movies: str


def _form(name: str, files: Files, separators: dict[str, str], encoding: str, ratings: str, movies: str) -> Form:
    # Something beside the tables, which nobody reads.
    return Form(
        name, {**files, "notes.txt": b"made up, and read by nobody\n" * 20}, separators, encoding, ratings, movies
    )


FORMS = (
    _form(
        "ml-1m",
        dat_files(),
        {"movies.dat": "::", "users.dat": "::", "ratings.dat": "::"},
        "latin-1",
        "ratings.dat",
        "movies.dat",
    ),
    _form(
        "ml-100k",
        u_files(),
        {"u.genre": "|", "u.item": "|", "u.user": "|", "u.data": "\t"},
        "latin-1",
        "u.data",
        "u.item",
    ),
    _form(
        "ml-latest-small",
        csv_files(),
        {"movies.csv": ",", "ratings.csv": ","},
        "utf-8",
        "ratings.csv",
        "movies.csv",
    ),
)

MEGABYTE = 1 << 20
Make = Callable[[Path, np.random.Generator], Path]
"""Writes the damaged files into an empty folder and answers with what to read."""


class Damage(NamedTuple):
    """One way to damage one form."""

    form: Form
    what: str
    make: Make
    harmless: bool = False
    """Whether what is read stays what it was, and must be read as before."""
    bomb: bool = False
    """Whether it is too large to be read here too: it is refused, or read as before."""


# The bytes of a zip

END, ENTRY, MEMBER = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"


def _zip_bytes(form: Form, folder: Path) -> bytes:
    return write_zip(folder / "sound.zip", form.files, form.name).read_bytes()


def _written(folder: Path, form: Form, content: bytes) -> Path:
    path = folder / f"{form.name}.zip"
    path.write_bytes(content)
    return path


def _bytes(change: Callable[[bytes, np.random.Generator], bytes], form: Form) -> Make:
    """A change of the zip's bytes."""
    return lambda folder, rng: _written(folder, form, change(_zip_bytes(form, folder), rng))


def _cut(share: float, content: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(share * len(content))]


def _flip(bits: int, content: bytes, rng: np.random.Generator) -> bytes:
    changed = np.frombuffer(content, np.uint8).copy()
    for place in rng.integers(8 * len(content), size=bits):
        changed[place // 8] ^= 1 << place % 8
    return changed.tobytes()


def _overwrite(filling: bytes, content: bytes, rng: np.random.Generator) -> bytes:
    start, length = int(rng.integers(len(content))), int(rng.integers(1, 64))
    return (content[:start] + filling * length + content[start + length :])[: len(content)]


def _insert(inserted: bytes, content: bytes, rng: np.random.Generator) -> bytes:
    place = int(rng.integers(len(content)))
    return content[:place] + inserted + content[place:]


def _leave_out(content: bytes, rng: np.random.Generator) -> bytes:
    start = int(rng.integers(len(content)))
    return content[:start] + content[start + int(rng.integers(1, 64)) :]


def _field(signature: bytes, offset: int, size: int, value: int, which: int, content: bytes, _: object) -> bytes:
    """Set a number in the `which`-th record that begins with this signature."""
    places = [found.start() for found in re.finditer(re.escape(signature), content)]
    place = places[which % len(places)] + offset
    return content[:place] + value.to_bytes(size, "little") + content[place + size :]


FIELDS = (
    ("flags of a member", MEMBER, 6, 2, (0x1, 0x8, 0x40, 0x800, 0x2001, 0xFFFF)),
    ("compression of a member", MEMBER, 8, 2, (1, 9, 12, 14, 93, 99, 0xFFFF)),
    ("checksum of a member", MEMBER, 14, 4, (0, 0xFFFFFFFF)),
    ("packed size of a member", MEMBER, 18, 4, (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)),
    ("size of a member", MEMBER, 22, 4, (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)),
    ("length of a member's name", MEMBER, 26, 2, (0, 1, 0xFFFF)),
    ("length of a member's extra", MEMBER, 28, 2, (1, 0xFFFF)),
    ("version in the list", ENTRY, 6, 2, (0, 63, 0xFFFF)),
    ("flags in the list", ENTRY, 8, 2, (0x1, 0x8, 0x20, 0x40, 0x800, 0x2001, 0xFFFF)),
    ("compression in the list", ENTRY, 10, 2, (0, 1, 9, 12, 14, 93, 99, 0xFFFF)),
    ("date in the list", ENTRY, 12, 4, (0, 0xFFFFFFFF)),
    ("checksum in the list", ENTRY, 16, 4, (0, 0xFFFFFFFF)),
    ("packed size in the list", ENTRY, 20, 4, (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)),
    ("size in the list", ENTRY, 24, 4, (0, 1, 1 << 26, 0x7FFFFFFF, 0xFFFFFFFF)),
    ("length of a name in the list", ENTRY, 28, 2, (0, 1, 0xFFFF)),
    ("length of an extra in the list", ENTRY, 30, 2, (1, 4, 0xFFFF)),
    ("length of a comment in the list", ENTRY, 32, 2, (1, 0xFFFF)),
    ("disk in the list", ENTRY, 34, 2, (1, 0xFFFF)),
    ("kind of file in the list", ENTRY, 38, 4, (0x10, 0xA1FF0000, 0xFFFFFFFF)),
    ("place of a member", ENTRY, 42, 4, (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)),
    ("number of entries", END, 10, 2, (0, 1, 0xFFFF)),
    ("size of the list", END, 12, 4, (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)),
    ("place of the list", END, 16, 4, (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)),
    ("length of the comment", END, 20, 2, (1, 0xFFFF)),
)


def _byte_damages(form: Form) -> Iterator[Damage]:
    for part in range(24):
        yield Damage(form, f"cut after {part}/24", _bytes(partial(_cut, part / 24), form))
    for number in range(60):
        bits = 1 + 3 * (number % 3)
        yield Damage(form, f"{bits} bits flipped, {number}", _bytes(partial(_flip, bits), form))
    for filling in (b"\0", b"\xff", b"\n", b"A", MEMBER, END):
        for number in range(4):
            yield Damage(form, f"overwritten with {filling!r}, {number}", _bytes(partial(_overwrite, filling), form))
    for inserted in (b"\0", b"\r\n", bytes(range(64)), MEMBER, ENTRY, END):
        for number in range(2):
            yield Damage(form, f"{inserted[:8]!r} put in, {number}", _bytes(partial(_insert, inserted), form))
    for number in range(4):
        yield Damage(form, f"some bytes left out, {number}", _bytes(_leave_out, form))
    for what, signature, offset, size, values in FIELDS:
        for number, value in enumerate(values):
            change = partial(_field, signature, offset, size, value, number)
            yield Damage(form, f"{what} is {value:#x}", _bytes(change, form))
    yield Damage(form, "something before the zip", _bytes(lambda c, _: b"#!/bin/sh\n" * 9 + c, form), harmless=True)
    yield Damage(form, "something after the zip", _bytes(lambda c, _: c + bytes(100), form))
    yield Damage(form, "twice the same zip", _bytes(lambda c, _: c + c, form))
    for content in (b"", b"PK", b"PK\x05\x06" + bytes(18), b"<html>sign in</html>", b"{}", b"\x1f\x8b" + bytes(99)):
        yield Damage(form, f"no zip but {content[:8]!r}", _bytes(lambda _, __, content=content: content, form))


# The members of a zip

Named = list[tuple[str | zipfile.ZipInfo, bytes]]


def _zipped(members: Callable[[Form], Named], form: Form, compression: int = zipfile.ZIP_DEFLATED) -> Make:
    """A zip with these members, sound as such."""

    def make(folder: Path, _: np.random.Generator) -> Path:
        path = folder / f"{form.name}.zip"
        with zipfile.ZipFile(path, "w", compression) as archive:
            for member, content in members(form):
                archive.writestr(member, content)
        return path

    return make


def _plain(form: Form, prefix: str = "") -> Named:
    return [(prefix + name, content) for name, content in form.files.items()]


def _as_link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


def _inner_zip(form: Form) -> Named:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in form.files.items():
            archive.writestr(name, content)
    return [(f"{form.name}.zip", buffer.getvalue())]


def _member_damages(form: Form) -> Iterator[Damage]:
    tables = list(form.separators)
    for name in tables:
        other = tables[(tables.index(name) + 1) % len(tables)]
        renamed: dict[str, Callable[[Form], Named]] = {
            f"{name} is missing": lambda f, name=name: [m for m in _plain(f) if m[0] != name],
            f"{name} is empty": lambda f, name=name: [(m, b"" if m == name else c) for m, c in _plain(f)],
            f"{name} is a blank": lambda f, name=name: [(m, b" \n" if m == name else c) for m, c in _plain(f)],
            f"{name} twice": lambda f, name=name: [*_plain(f), (name, f.files[name])],
            f"{name} twice, the second cut": lambda f, name=name: [*_plain(f), (name, f.files[name][:-9])],
            f"{name} has {other}": lambda f, name=name, other=other: [
                (m, f.files[other] if m == name else c) for m, c in _plain(f)
            ],
            f"{name} is a folder": lambda f, name=name: [
                (m + "/" if m == name else m, b"" if m == name else c) for m, c in _plain(f)
            ],
            f"{name} in capitals": lambda f, name=name: [(m.upper() if m == name else m, c) for m, c in _plain(f)],
            f"{name} is a link": lambda f, name=name: [
                (_as_link(m), b"/etc/passwd") if m == name else (m, c) for m, c in _plain(f)
            ],
            f"{name} elsewhere": lambda f, name=name: [(f"x/{m}" if m == name else m, c) for m, c in _plain(f)],
        }
        for what, members in renamed.items():
            yield Damage(form, what, _zipped(members, form))
    for prefix in (
        "",
        "a/",
        "a/b/c/",
        "/",
        "/etc/",
        "../",
        "../../",
        "a/../",
        "./",
        "..\\",
        "C:\\",
        "\u202e/",
        "a/" * 300,
    ):
        yield Damage(form, f"members below {prefix[:9]!r}", _zipped(partial(_plain, prefix=prefix), form))
    for what, packing in (("stored", zipfile.ZIP_STORED), ("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)):
        members = partial(_plain, prefix=form.name + "/")
        # The unusual packings may be refused.
        yield Damage(form, what, _zipped(members, form, packing), harmless=packing == zipfile.ZIP_STORED)
    yield Damage(form, "no member", _zipped(lambda f: [], form))
    yield Damage(form, "a zip in a zip", _zipped(_inner_zip, form))
    yield Damage(
        form,
        "what a Mac adds",
        _zipped(
            lambda f: [(f"__MACOSX/{f.name}/._{m}", b"\0\5\x16\7") for m in f.files] + _plain(f, f"{f.name}/"), form
        ),
        harmless=True,
    )
    yield Damage(
        form,
        "3,000 more members",
        _zipped(lambda f: [(f"more/{n}", b"") for n in range(3000)] + _plain(f, f"{f.name}/"), form),
        harmless=True,
    )


# The lines of a table

DIGITS = "9" * 5000
VALUES = (
    "", " ", "-1", "0", "+1", " 1", "1 ", "01", "1.0", "1.", "1e0", "1.5E+09", "1,0", "1_0", '"1"', "'1'", "0x1", "NaN",
    "nan", "inf", "-Infinity", "None", "null", "True", "\u0663", "\u00b2", "\uff11", "\0", "1\0", "\x1a", "\u2028",
    "\x85", "2147483648", "9223372036854775808", "1e999", "4.3", "6", "5.0000001", "=1+1", "\u202e1", "é", "\ufeff1",
    "9" * 25, DIGITS, "-" + DIGITS, "0" * 5000 + "1", "0." + "0" * 5000 + "1", "1e" + DIGITS, "x" * 70_000, '"',
    '"1', "1\r2",
)  # fmt: skip


def _changed(
    name: str, change: Callable[[bytes, np.random.Generator], bytes], form: Form, *, loose: bool = False
) -> Make:
    """The form with one file changed, in a sound zip or, loose, in a folder."""

    def make(folder: Path, rng: np.random.Generator) -> Path:
        files = {**form.files, name: change(form.files[name], rng)}
        if loose:
            return write_folder(folder / form.name, files)
        return write_zip(folder / f"{form.name}.zip", files, form.name)

    return make


def _with_value(form: Form, name: str, position: int, value: str, content: bytes, rng: np.random.Generator) -> bytes:
    """One field of a line replaced; never one of a header."""
    lines = content.decode(form.encoding).splitlines(keepends=True)
    first = 1 if name.endswith(".csv") else 0
    number = int(rng.integers(first, len([line for line in lines if line.strip()])))
    line = lines[number].rstrip("\r\n")
    fields = line.split(form.separators[name])
    fields[position % len(fields)] = value
    lines[number] = form.separators[name].join(fields) + lines[number][len(line) :]
    return "".join(lines).encode(form.encoding, "replace" if form.encoding == "latin-1" else "surrogatepass")


def _lines(change: Callable[[list[bytes]], list[bytes]], content: bytes, _: object) -> bytes:
    return b"".join(change(content.splitlines(keepends=True)))


def _shuffled(header: bool, content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.splitlines(keepends=True)
    kept, moved = lines[:header], lines[header:]
    return b"".join([*kept, *(moved[i] for i in rng.permutation(len(moved)))])


def _table_damages(form: Form) -> Iterator[Damage]:
    for name, separator in form.separators.items():
        header, encoding, size = name.endswith(".csv"), form.encoding, len(form.files[name])
        count = len(form.files[name].splitlines()[0].decode(encoding).split(separator))
        for number, value in enumerate(VALUES):
            for position in {number % count, (number + 1) % count}:
                change = partial(_with_value, form, name, position, value)
                yield Damage(form, f"{name}: field {position} is {value[:20]!r}", _changed(name, change, form))
        for cut in range(1, size, max(1, size // 10)):
            for loose in (False, True):
                change = lambda content, _, cut=cut: content[:-cut]  # noqa: E731
                yield Damage(
                    form, f"{name} lacks {cut} bytes, loose {loose}", _changed(name, change, form, loose=loose)
                )
        one_by_one: dict[str, Callable] = {
            "the last line again": partial(_lines, lambda lines: [*lines, lines[-1]]),
            "without its first line": partial(_lines, lambda lines: lines[1:]),
            "only its first line": partial(_lines, lambda lines: lines[:1]),
            "one field more": lambda c, _, s=separator: c.replace(b"\n", s.encode() + b"x\n", 1),
            "one field less": lambda c, _, s=separator: c.replace(s.encode(), b"", 1),
            "another separator": lambda c, _, s=separator: c.replace(s.encode(), b";"),
            "a semicolon table": lambda c, _: c.replace(b",", b";").replace(b".", b","),
            "UTF-16": lambda c, _, e=encoding: c.decode(e).encode("utf-16"),
            "UTF-16 without its mark": lambda c, _, e=encoding: c.decode(e).encode("utf-16-le"),
            "UTF-32": lambda c, _, e=encoding: c.decode(e).encode("utf-32"),
            "UTF-8 twice": lambda c, _, e=encoding: c.decode(e).encode().decode("latin-1").encode(),
            "the other encoding": lambda c, _, e=encoding: c.decode(e).encode(
                "utf-8" if e == "latin-1" else "latin-1", "replace"
            ),
            "a mark of UTF-8": lambda c, _: b"\xef\xbb\xbf" + c,
            "bytes of no encoding": lambda c, _: c.replace(b"a", b"\xff\xfe\x80"),
            "carriage returns alone": lambda c, _: c.replace(b"\r\n", b"\n").replace(b"\n", b"\r"),
            "zeros": lambda c, _: bytes(len(c)),
            "zeros after it": lambda c, _: c + bytes(1000),
            "a control-Z after it": lambda c, _: c + b"\x1a",
            "random bytes": lambda c, rng: rng.bytes(len(c)),
            "a line of a megabyte": lambda c, _: c + b"7" * MEGABYTE + b"\n",
            "a line of separators": lambda c, _, s=separator: c + s.encode() * 100_000 + b"\n",
            "quotes without end": lambda c, _: c + b'"' * 1001,
            "a quoted line end": lambda c, _: c.replace(b"Amber", b'"Am\nber"'),
        }
        for what, change in one_by_one.items():
            yield Damage(form, f"{name}: {what}", _changed(name, change, form))
        yield Damage(
            form,
            f"{name}: in another order",
            _changed(name, partial(_shuffled, header), form),
            harmless=name != "u.genre",
        )
    for name in sorted(form.files.keys() - form.separators.keys()):
        yield Damage(form, f"{name} changed", _changed(name, lambda c, rng: rng.bytes(999), form), harmless=True)


# Zips that are small and read as something large

BOMB = 48 * MEGABYTE


def _bomb(name: str, block: bytes, form: Form) -> Make:
    def make(folder: Path, _: np.random.Generator) -> Path:
        path = folder / f"{form.name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for other, content in form.files.items():
                if other != name:
                    archive.writestr(f"{form.name}/{other}", content)
            with archive.open(f"{form.name}/{name}", "w") as member:
                member.write(form.files[name])
                filling = block * (MEGABYTE // len(block))
                for _ in range(BOMB // MEGABYTE):
                    member.write(filling)
        return path

    return make


def _bombs(form: Form) -> Iterator[Damage]:
    for name, separator in form.separators.items():
        for block in (b"7", b"\n", b" \n", separator.encode(), b"1" + separator.encode() + b"1\n", b"\0", b'"'):
            yield Damage(form, f"{name}: {BOMB // MEGABYTE} MB of {block!r}", _bomb(name, block, form), bomb=True)


@cache
def damages() -> tuple[Damage, ...]:
    """Every damage; those of one kind one after the other."""
    kinds = (_byte_damages, _member_damages, _table_damages, _bombs)
    return tuple(damage for kind in kinds for form in FORMS for damage in kind(form))


# The reader to compare with

NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d{1,3})?", re.ASCII)


def _number(text: str) -> float:
    text = text.strip().strip('"')
    if not NUMBER.fullmatch(text):
        raise ValueError(text[:40])
    return float(text)


class Found(NamedTuple):
    """What a data set's files say."""

    movies: dict[int, str]
    users: set[int] | None
    """None where no table lists them."""
    ratings: dict[tuple[int, int], tuple[float, int]]


def slow_read(path: Path, form: Form) -> Found:
    """Read with plain loops; any exception means that the files say nothing that can be read."""
    tables = {name: _table(content, form, name) for name, content in _contents(path, form).items()}
    movies = {int(_number(row[0])): row[1].strip() for row in tables[form.movies]}
    ratings = {}
    for user, movie, rating, time in tables[form.ratings]:
        key = int(_number(user)), int(_number(movie))
        if key in ratings or key[1] not in movies:
            raise ValueError(key)
        ratings[key] = float(np.float32(_number(rating))), int(_number(time))
    listed = tables.get("users.dat", tables.get("u.user"))
    users = None if listed is None else {int(_number(row[0])) for row in listed}
    if len(movies) != len(tables[form.movies]) or (users is not None and len(users) != len(listed or ())):
        raise ValueError("an id twice")
    return Found(movies, users, ratings)


def _contents(path: Path, form: Form) -> dict[str, bytes]:
    contents = {}
    if path.is_dir():
        return {name: (path / name).read_bytes() for name in form.separators}
    with zipfile.ZipFile(path) as archive:
        for name in form.separators:
            members = [m for m in archive.namelist() if PurePosixPath(m).name == name and not m.startswith("__MACOSX/")]
            if members:
                contents[name] = archive.read(min(members, key=lambda m: (m.count("/"), m)))
    return contents


def _table(content: bytes, form: Form, name: str) -> list[list[str]]:
    text = content.removeprefix(b"\xef\xbb\xbf").decode(form.encoding)
    if not text.endswith(("\n", "\r") if name.endswith(".csv") else "\n"):
        raise ValueError(f"{name} is cut in its last line")
    if name.endswith(".csv"):
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
        return rows[1:]
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return [line.split(form.separators[name]) for line in lines if line.strip()]


def _differs(data: Dataset, found: Found) -> str | None:
    """Where the data set says something else than its files."""
    movies = dict(zip(data.movies[Col.MOVIE].tolist(), data.movies[Col.TITLE].tolist(), strict=True))
    if movies != found.movies:
        return f"movies {str(movies)[:200]} where the file has {str(found.movies)[:200]}"
    rows = data.ratings[[Col.USER, Col.MOVIE, Col.RATING, Col.TIME]].itertuples(index=False)
    ratings = {(user, movie): (float(rating), time) for user, movie, rating, time in rows}
    if ratings != found.ratings:
        return f"ratings {str(ratings)[:200]} where the file has {str(found.ratings)[:200]}"
    users = set(data.users[Col.USER].tolist())
    expected = {user for user, _ in found.ratings} if found.users is None else found.users
    return None if users == expected else f"users {users} where the file has {expected}"


def check_one(seed: int, index: int, place: Path) -> str | None:
    damage = _damage(index)
    path = damage.make(place, np.random.default_rng([seed, index]))
    return _read(damage, path, place)


def _damage(index: int) -> Damage:
    return damages()[spread(index, len(damages()))]


def _describe(index: int) -> str:
    return f"{_damage(index).form.name}, {_damage(index).what}"


def _read(damage: Damage, path: Path, place: Path) -> str | None:
    try:
        data = movielens.read(path)
    except DataError as error:
        if damage.harmless:
            return f"refused, though nothing that is read was damaged: {error}"
        return unclear(error, place)
    if damage.harmless or damage.bomb:
        sound = movielens.read(
            write_zip(place / "sound" / f"{damage.form.name}.zip", damage.form.files, damage.form.name)
        )
        return None if same_data(data, sound) else "read as something else"
    try:
        found = slow_read(path, damage.form)
    except Exception as error:
        return f"read, though its files cannot be: {type(error).__name__} {str(error)[:200]}"
    return _differs(data, found)


KIND = Kind(
    "zips",
    "a damaged zip read as a data set",
    lambda indices, seed, folder: attempt(check_one, indices, seed, folder, _describe),
    short=90,
    long=2238,
)
