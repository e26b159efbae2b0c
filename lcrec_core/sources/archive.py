"""The files of a data set, wherever they lie: in a zip (flat or with an inner folder) or in a folder.

Only the members that are asked for are read, each up to the limits of what a release can be: in bytes, in bytes for
each packed byte, in lines and in the length of a line. A zip made to fill the memory is refused before a byte of it
is unpacked, and what the sizes do not give away is noticed while it streams.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NoReturn

from lcrec_core.errors import DataError
from lcrec_core.sources import recognise

MEGABYTE = 1 << 20
TEXT_LIMIT = 16 * MEGABYTE
"""Largest table of movies or users that is read; the largest published one has 4 MB."""
RATINGS_LIMIT = 1200 * MEGABYTE
"""Largest table of ratings that is read; that of ml-latest, the largest, has 0.9 GB."""
PACKED_LIMIT = 40
"""Bytes that one byte of a zip may unpack to beyond the first `PACKED_FREE`; tables of ratings come to 4 to 10."""
PACKED_FREE = 8 * MEGABYTE
LINES_LIMIT = 500_000
"""Most lines of a table of movies or users; the largest published one has 88,000."""
LINE_LIMIT = 10_000
"""Longest line in bytes; the longest published one has some hundreds."""
BLANK_LIMIT = 1_000
"""Most blank lines in a table; published ones have one at most."""
MEMBERS_LIMIT = 1 * MEGABYTE
"""Largest list of contents of a zip, in bytes; that of a release has less than 2,000."""

# RuntimeError stands for zipfile's "is encrypted" and, as NotImplementedError, for unknown compressions.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError)
# Others cannot be unpacked a bounded piece at a time with what Python brings along.
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FRESH = "bring the data set again as GroupLens publishes it"


class Archive:
    """One data set's files by their plain names, such as `movies.dat`.

    Raises:
        DataError: The path does not exist, or is no zip and no folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._zip: zipfile.ZipFile | None = None
        if self.path.is_dir():
            try:
                self._members = {p.relative_to(self.path).as_posix(): p.stat().st_size for p in files_of(self.path)}
            except OSError as error:
                self._damaged(error)
        else:
            check_is_zip(self.path)
            try:
                self._zip = zipfile.ZipFile(self.path)
                self._members = {m.filename: m.file_size for m in self._zip.infolist() if not m.filename.endswith("/")}
            except (*_DAMAGE, ValueError) as error:
                self._damaged(error)

        self._nearest: dict[str, str] = {}
        """Member by plain name: the one nearest to the top."""
        for member in sorted(self.names, key=lambda m: (m.count("/"), m)):
            self._nearest.setdefault(PurePosixPath(member).name, member)

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        if self._zip is not None:
            self._zip.close()

    @property
    def names(self) -> list[str]:
        """Every file, with its folder, in the order of the archive; not what macOS adds."""
        return [member for member in self._members if not member.startswith("__MACOSX/")]

    def locate(self, file_name: str) -> str | None:
        """The member with this plain name nearest to the top, or None."""
        return self._nearest.get(file_name)

    def folder_of(self, file_name: str) -> str:
        """Name of the folder inside the archive that holds the file; '' when it lies at the top."""
        member = self.locate(file_name)
        return PurePosixPath(member).parent.name if member else ""

    def head(self, member: str) -> bytes:
        """The first bytes of a file, to see what it is; none where they cannot be read."""
        try:
            with self._stream(member) as stream:
                return stream.read(recognise.HEAD)
        except (*_DAMAGE, ValueError):
            return b""

    @contextmanager
    def open(self, file_name: str, limit: int = TEXT_LIMIT) -> Iterator[BinaryIO]:
        """Open a file for reading bytes; damage met while reading becomes a DataError.

        Raises:
            DataError: The file is missing, empty, larger than `limit` bytes or than its packed size allows, or damaged.
        """
        member = self.locate(file_name)
        if member is None:
            raise self.wrong(f"{file_name} is missing; download the data set again and keep all its files")
        self._check_size(member, file_name, limit)
        try:
            with self._stream(member) as stream:
                yield stream
        except DataError:
            raise
        except _DAMAGE as error:
            self._damaged(error, file_name)

    def read(self, file_name: str, limit: int = TEXT_LIMIT) -> bytes:
        """The whole file as bytes; errors as in `open`."""
        with self.open(file_name, limit) as stream:
            content = stream.read()
        if not content.strip():
            raise self.wrong(f"{file_name} is empty; {_FRESH}")
        return content

    def read_text(self, file_name: str) -> bytes:
        """A whole table of movies or users, of at most `LINES_LIMIT` lines; errors as in `open`."""
        content = self.read(file_name)
        lines = content.count(b"\n")
        if lines > LINES_LIMIT:
            raise self.wrong(
                f"{file_name} has {lines:,} lines, more than the {LINES_LIMIT:,} any published data set needs; "
                f"this is not a MovieLens file"
            )
        return content

    def lines(self, file_name: str, limit: int = TEXT_LIMIT) -> Iterator[tuple[int, bytes]]:
        """Lines that are not blank, with their numbers from 1 and with their line ends.

        Raises:
            DataError: As in `open`; or a line is longer than `LINE_LIMIT`, or more than `BLANK_LIMIT` are blank.
        """
        blank = 0
        with self.open(file_name, limit) as stream:
            buffered = io.BufferedReader(stream)  # type: ignore[type-var]
            number = 0
            while line := buffered.readline(LINE_LIMIT + 1):
                number += 1
                if len(line) > LINE_LIMIT:
                    raise self.too_long(file_name, number)
                if line.strip():
                    yield number, line
                    continue
                blank += 1
                if blank > BLANK_LIMIT:
                    raise self.wrong(
                        f"{file_name} line {number} is blank, as are {BLANK_LIMIT:,} before it; "
                        f"this is not a MovieLens file"
                    )

    def wrong(self, message: str) -> DataError:
        """An error about this data set."""
        return DataError(message, where=self.path)

    def too_long(self, file_name: str, number: int) -> DataError:
        """The error about a line that is longer than any can be."""
        return self.wrong(
            f"{file_name} line {number} has more than {LINE_LIMIT:,} characters; this is not a MovieLens file"
        )

    @contextmanager
    def _stream(self, member: str) -> Iterator[BinaryIO]:
        with self._zip.open(member) if self._zip else (self.path / member).open("rb") as stream:
            yield stream  # type: ignore[misc]

    def _check_size(self, member: str, file_name: str, limit: int) -> None:
        size = self._members[member]
        if size == 0:
            raise self.wrong(f"{file_name} is empty; {_FRESH}")
        if size > limit:
            raise self.wrong(
                f"{file_name} would unpack to {size / MEGABYTE:,.0f} MB, more than the "
                f"{limit / MEGABYTE:,.0f} MB any published data set needs; this is not a MovieLens file"
            )
        if self._zip is None:
            return
        about = self._zip.getinfo(member)
        if size > PACKED_FREE + PACKED_LIMIT * about.compress_size:
            raise self.wrong(
                f"{file_name} would unpack to {size / MEGABYTE:,.0f} MB from {about.compress_size / MEGABYTE:,.1f} MB, "
                f"which no table of a published data set does; this is not a MovieLens file"
            )
        if about.compress_type not in _PACKINGS:
            raise self.wrong(
                f"{file_name} is packed in a way that is not read here; zip the files again in the usual one (deflate)"
            )

    def _damaged(self, error: Exception, file_name: str = "") -> NoReturn:
        what = f"{file_name} " if file_name else "it "
        if isinstance(error, OSError) and error.strerror:
            raise self.wrong(f"{what}cannot be read: {error.strerror}") from error
        if isinstance(error, RuntimeError) and "encrypted" in str(error):
            raise self.wrong(f"{what}is locked with a password; use the zip as GroupLens publishes it") from error
        # The cause may quote what stands where a name should, up to 64 KB of it.
        raise self.wrong(f"{what}is damaged or cut short; download it again ({str(error)[:200]})") from error


def files_of(folder: Path) -> Iterator[Path]:
    """Files in the folder and in the folders directly inside it."""
    for path in sorted(folder.iterdir()):
        if path.is_file():
            yield path
        elif path.is_dir() and not path.name.startswith("."):
            yield from (inner for inner in sorted(path.iterdir()) if inner.is_file())


def check_is_zip(path: Path) -> None:
    """Say what a file that is no whole zip is.

    Raises:
        DataError: It is missing, empty, a web page, cut short, or something else; or lists absurdly many files.
    """

    def wrong(message: str) -> DataError:
        return DataError(message, where=path)

    try:
        with path.open("rb") as stream:
            head = stream.read(recognise.HEAD)
    except FileNotFoundError as error:
        raise wrong("there is no such file or folder") from error
    except (OSError, ValueError) as error:
        raise wrong(f"it cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not head:
        raise wrong("the file is empty (0 bytes); download it again")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise wrong("this is a web page, not a zip; download the zip file itself from https://grouplens.org")
    try:
        is_zip = zipfile.is_zipfile(path)
    except OSError as error:
        raise wrong(f"it cannot be read: {error.strerror or error}") from error
    if not is_zip:
        if head.startswith(b"PK"):
            raise wrong("this is a zip cut short: its end is missing; download it again")
        kind = recognise.of_content(head)
        if kind is None:
            raise wrong("this is not a zip; give the zip of a MovieLens data set, or a folder with its files")
        raise wrong(f"this is not a zip but {kind.what}; {kind.remedy}")
    with path.open("rb") as stream:
        listed = contents_bytes(stream)
    if listed > MEMBERS_LIMIT:
        raise wrong("this is a zip of more files than any published data set has; this is not a MovieLens file")


def contents_bytes(stream: BinaryIO) -> int:
    """How many bytes the list of contents of a zip takes, by its last record: `zipfile` would read it whole."""
    size = stream.seek(0, io.SEEK_END)
    # The record has 22 bytes, a comment of at most 65,535 after it, and the 76 of its 64-bit kind before it.
    stream.seek(max(0, size - 22 - 65_535 - 76))
    tail = stream.read()
    end = len(tail) - 22 if tail[-22:].startswith(b"PK\5\6") and tail.endswith(b"\0\0") else tail.rfind(b"PK\5\6")
    if end < 0:
        return 0
    listed = struct.unpack_from("<L", tail, end + 12)[0] if end + 16 <= len(tail) else 0
    wide = end - 76
    if wide >= 0 and tail[wide : wide + 4] == b"PK\6\6" and tail[end - 20 : end - 16] == b"PK\6\7":
        listed = struct.unpack_from("<Q", tail, wide + 40)[0]
    return int(listed)
