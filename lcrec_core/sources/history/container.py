"""What somebody brings: one file, or a zip of several, read up to the limits of what one person's history can be."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from lcrec_core.errors import DataError
from lcrec_core.sources import recognise
from lcrec_core.sources.archive import MEGABYTE, PACKED_LIMIT, contents_bytes

LARGEST = 16 * MEGABYTE
"""Bytes of a file, and of what all files of a zip unpack to."""
_MOST_MEMBERS = 2_000
_LIST_LIMIT = MEGABYTE // 2
"""Bytes of a zip's list of contents."""
_FREE = 4 * MEGABYTE
"""Unpacked bytes that are read however well they were packed."""
_READ = (".csv", ".json", ".tsv", ".txt")
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError, NotImplementedError)
_AGAIN = "export it again"


def files(content: bytes, where: Path) -> Iterator[tuple[str, bytes]]:
    """The files of what was brought, a zip's by their names in it; the name is '' where it is no zip.

    Raises:
        DataError: It is empty, too large, a damaged, locked or nested zip, or packed to fill the memory.
    """
    if len(content) > LARGEST:
        raise _too_large(where, len(content))
    if not content.strip():
        raise DataError(f"the file is empty; {_AGAIN}", where=where)
    if content.startswith(b"PK"):
        yield from _unpacked(content, where)
    else:
        yield "", content


def read_path(path: Path) -> bytes:
    """A file's bytes, not more than may be.

    Raises:
        DataError: It is missing, a folder, too large or cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise _too_large(path, size)
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"it cannot be read: {error.strerror or error}", where=path) from error


def _too_large(where: Path, size: int) -> DataError:
    return DataError(
        f"it has {size / MEGABYTE:,.0f} MB, more than the {LARGEST // MEGABYTE} MB that any person's history needs; "
        f"this is not one",
        where=where,
    )


def _unpacked(content: bytes, where: Path) -> Iterator[tuple[str, bytes]]:
    def wrong(problem: str) -> DataError:
        return DataError(problem, where=where)

    stream = io.BytesIO(content)
    try:
        if not zipfile.is_zipfile(stream):
            raise wrong(f"this is a zip cut short: its end is missing; {_AGAIN}")
        if contents_bytes(stream) > _LIST_LIMIT:
            raise wrong("this is a zip of more files than any person's history has; this is not one")
        archive = zipfile.ZipFile(stream)
        members = [member for member in archive.infolist() if not member.is_dir()]
    except _DAMAGE as error:
        raise wrong(f"this zip is damaged or cut short; {_AGAIN}") from error
    if len(members) > _MOST_MEMBERS:
        raise wrong("this is a zip of more files than any person's history has; this is not one")
    if any(member.filename == "[Content_Types].xml" for member in members):
        raise wrong("this is an Office document (.xlsx, .docx); save its table as CSV (UTF-8) and bring that")
    wanted = [member for member in members if _is_wanted(member.filename)]
    if not wanted and any(member.filename.lower().endswith(".zip") for member in members):
        raise wrong("this is a zip around another zip; unpack it once and bring the zip that is inside")
    if not wanted:
        names = recognise.listing(member.filename for member in members) if members else "nothing"
        raise wrong(f"this zip holds no table of films (.csv or .json), but {names}; bring the export as it came")
    left = LARGEST
    for member in wanted:
        name = recognise.printable(member.filename, 80)
        if member.file_size > left or member.file_size > _FREE + PACKED_LIMIT * member.compress_size:
            raise wrong(f"{name} would unpack to more than any person's history has; this is not one")
        if member.flag_bits & 1:
            raise wrong("this zip is locked with a password; unpack it and zip its files without one")
        if member.compress_type not in _PACKINGS:
            raise wrong(f"{name} is packed in a way that is not read here; zip the files again in the usual one")
        left -= member.file_size
        try:
            # No further than it says: what says too little is damaged, and its checksum shows it.
            with archive.open(member) as opened:
                unpacked = opened.read(member.file_size + 1)
        except _DAMAGE as error:
            raise wrong(f"{name} in this zip is damaged or cut short; {_AGAIN}") from error
        yield member.filename, unpacked


def _is_wanted(name: str) -> bool:
    """A table, and not one of what the person has deleted, or of lists, which are no history; nor what macOS adds."""
    path = PurePosixPath(name)
    folders = {part.lower() for part in path.parts[:-1]}
    left_out = folders & {"__macosx", "deleted", "orphaned", "lists"}
    return path.suffix.lower() in _READ and not left_out and not path.name.startswith(".")
