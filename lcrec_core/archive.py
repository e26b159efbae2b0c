"""The files of a data set, wherever they lie: in a zip (flat or with an inner folder) or in a folder.

Only the members that are asked for are read, each up to a limit, so a zip made to fill the
memory is refused before a byte of it is unpacked.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NoReturn

from lcrec_core.errors import DataError

MEGABYTE = 1 << 20
TEXT_LIMIT = 64 * MEGABYTE
"""Largest table of movies or users that is read; the largest published one has 4 MB."""
RATINGS_LIMIT = 2048 * MEGABYTE
"""Largest table of ratings that is read; that of ml-32m has 877 MB."""

# RuntimeError stands for zipfile's "is encrypted" and, as NotImplementedError, for unknown compressions.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError)


class Archive:
    """One data set's files by their plain names, such as `movies.dat`.

    Raises:
        DataError: The path does not exist, or is no zip and no folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._zip: zipfile.ZipFile | None = None
        if self.path.is_dir():
            self._members = {p.relative_to(self.path).as_posix(): p.stat().st_size for p in _files_of(self.path)}
        else:
            check_is_zip(self.path)
            try:
                self._zip = zipfile.ZipFile(self.path)
                self._members = {m.filename: m.file_size for m in self._zip.infolist() if not m.is_dir()}
            except (*_DAMAGE, ValueError) as error:
                self._damaged(error)

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        if self._zip is not None:
            self._zip.close()

    def locate(self, file_name: str) -> str | None:
        """The member with this plain name nearest to the top, or None."""
        found = [m for m in self._members if PurePosixPath(m).name == file_name and not m.startswith("__MACOSX/")]
        return min(found, key=lambda m: (m.count("/"), m), default=None)

    def folder_of(self, file_name: str) -> str:
        """Name of the folder inside the archive that holds the file; '' when it lies at the top."""
        member = self.locate(file_name)
        return PurePosixPath(member).parent.name if member else ""

    @contextmanager
    def open(self, file_name: str, limit: int = TEXT_LIMIT) -> Iterator[BinaryIO]:
        """Open a file for reading bytes; damage met while reading becomes a DataError.

        Raises:
            DataError: The file is missing, empty, larger than `limit` bytes, or damaged.
        """
        member = self.locate(file_name)
        if member is None:
            raise DataError(f"{self.path}: {file_name} is missing; download the data set again and keep all its files")
        size = self._members[member]
        if size == 0:
            raise DataError(f"{self.path}: {file_name} is empty; download the data set again")
        if size > limit:
            raise DataError(
                f"{self.path}: {file_name} would unpack to {size / MEGABYTE:,.0f} MB, more than the "
                f"{limit / MEGABYTE:,.0f} MB any published data set needs; this is not a MovieLens file"
            )
        try:
            with self._zip.open(member) if self._zip else (self.path / member).open("rb") as stream:
                yield stream  # type: ignore[misc]
        except DataError:
            raise
        except _DAMAGE as error:
            self._damaged(error, file_name)

    def read(self, file_name: str, limit: int = TEXT_LIMIT) -> bytes:
        """The whole file as bytes; errors as in `open`."""
        with self.open(file_name, limit) as stream:
            content = stream.read()
        if not content.strip():
            raise DataError(f"{self.path}: {file_name} is empty; download the data set again")
        return content

    def lines(self, file_name: str, limit: int = TEXT_LIMIT) -> Iterator[tuple[int, bytes]]:
        """Lines that are not blank, with their numbers from 1, without their line ends."""
        with self.open(file_name, limit) as stream:
            for number, line in enumerate(io.BufferedReader(stream), start=1):  # type: ignore[type-var]
                if line.strip():
                    yield number, line.rstrip(b"\r\n")

    def _damaged(self, error: Exception, file_name: str = "") -> NoReturn:
        where = f"{self.path}: {file_name}" if file_name else f"{self.path}"
        if isinstance(error, OSError) and error.strerror:
            raise DataError(f"{where} cannot be read: {error.strerror}") from error
        if isinstance(error, RuntimeError) and "encrypted" in str(error):
            raise DataError(f"{where} is locked with a password; use the zip as GroupLens publishes it") from error
        raise DataError(f"{where} is damaged or cut short; download it again ({error})") from error


def _files_of(folder: Path) -> Iterator[Path]:
    """Files in the folder and in the folders directly inside it."""
    for path in sorted(folder.iterdir()):
        if path.is_file():
            yield path
        elif path.is_dir() and not path.name.startswith("."):
            yield from (inner for inner in sorted(path.iterdir()) if inner.is_file())


def check_is_zip(path: Path) -> None:
    """Say what a file that is no whole zip seems to be.

    Raises:
        DataError: It is missing, empty, a web page, cut short, or something else.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(512)
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file or folder") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if not head:
        raise DataError(f"{path} is empty (0 bytes); download it again")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise DataError(f"{path} is a web page, not a zip; download the zip file itself from https://grouplens.org")
    if not zipfile.is_zipfile(path):
        if head.startswith(b"PK"):
            raise DataError(f"{path} is a zip cut short: its end is missing; download it again")
        raise DataError(f"{path} is not a zip; give the zip of a MovieLens data set, or a folder with its files")
