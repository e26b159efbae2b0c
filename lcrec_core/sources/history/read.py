"""Read what somebody brings: any of the forms of `forms`, alone or several in a zip."""

import json
from pathlib import Path
from typing import Any

from lcrec_core.errors import DataError
from lcrec_core.sources import recognise
from lcrec_core.sources.history import container, forms
from lcrec_core.sources.history.entries import SEEN, History, Line, Skipped, merged
from lcrec_core.sources.history.tables import MOST_ROWS, Source, Table, decoded

READ = (
    "an export of Letterboxd (its zip, or ratings.csv), IMDb (ratings.csv), Trakt (.json or .csv), movielens.org or "
    "LCRec, or a table with the columns Title, Year and Rating"
)
"""What can be brought, in words."""
_PEOPLE = frozenset(("userid", "movieid", "rating"))


def read_file(path: Path) -> History:
    """Read an export; see `read`.

    Raises:
        DataError: It cannot be read, or as for `read`.
    """
    return read(container.read_path(path), path)


def read(content: bytes, where: Path) -> History:
    """Everything an export says of films.

    It is recognised by its headers. Only where these say nothing about what its films are for (a list of titles
    alone) the file's name is asked.

    Args:
        content: Its bytes.
        where: Its name, for messages.

    Raises:
        DataError: It is of no known form, or a line of it is wrong: with file, line and field, and what to do.
    """
    parts = [_part(content, Source(where, member)) for member, content in container.files(content, where)]
    known = [part for part in parts if isinstance(part, _Part)]
    if not known:
        raise next(part for part in parts if isinstance(part, DataError))
    said = [item for part in known for item in part.said]
    lines = [item for item in said if isinstance(item, Line)]
    if len(said) > MOST_ROWS:
        raise DataError(f"it names more than {MOST_ROWS:,} films; bring it in parts", where=where)
    entries = merged(lines, keep_seen=any(part.own for part in known))
    skipped = tuple(item for item in said if isinstance(item, Skipped))
    if not entries and not skipped:
        raise DataError("it names no film; export it again once it does", where=where)
    return History(
        kind=known[0].kind,
        entries=entries,
        skipped=skipped,
        converted=next((part.converted for part in known if part.converted), ""),
        # Within a zip the names of its files are the exporter's own.
        bare=known[0].bare if len(parts) == 1 and len(known) == 1 else "",
    )


class _Part:
    """What one file says."""

    def __init__(self, kind: str, said: list[forms.Said], *, converted: str = "", bare: str = "", own: bool = False):
        self.kind, self.said, self.converted, self.bare, self.own = kind, said, converted, bare, own


def _part(content: bytes, source: Source) -> _Part | DataError:
    """One file; an error where it is of no known form, which does not matter beside one that is."""
    if not content.strip():
        return source.wrong("is empty; export it again")
    kind = recognise.of_content(content[: recognise.HEAD])
    if kind is not None and kind.foreign and kind.what.startswith(_BINARY):
        return source.wrong(f"this is {kind.what}, no list of films; bring {READ}")
    text = decoded(content, source)
    mark = forms.mark_by_name(source.member or source.where.name)
    if text.lstrip().startswith(("{", "[")):
        value = _json(text, source)
        what, said, is_bare, own = forms.of_json(value, source, mark)
        return _Part(what, said, converted="" if own else forms.TEN_TO_FIVE, bare=mark if is_bare else "", own=own)
    table = Table.of(text, source)
    form = None if table is None else forms.form_of(table.names)
    if table is None or form is None:
        return _unknown(text, source)
    _refuse_several_people(table)
    said = [form.read(row, mark if form.bare else SEEN) for row in table.rows()]
    return _Part(form.kind, said, converted=form.converted, bare=mark if form.bare else "", own=form.keep_seen)


_BINARY = (
    *("a PDF", "a gzip", "a bzip2", "an xz", "a zstd", "a 7z", "a RAR", "a picture", "an SQLite", "an old Office"),
    *("a Parquet", "an HDF5", "a program", "a text document", "a tar"),
)


def _unknown(text: str, source: Source) -> DataError:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if first.lower().startswith("letterboxd list export"):
        return source.wrong("this is a Letterboxd list, which says neither seen nor rated; bring the whole export zip")
    if first.startswith("<"):
        return source.wrong("this is a web page, not an export; bring the file that the export gives")
    shown = recognise.printable(first, 60)
    return source.wrong(f"its first line, {shown!r}, is no header that is known here; bring {READ}")


def _json(text: str, source: Source) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise source.wrong(f"line {error.lineno} is not JSON ({error.msg}); export the file again") from error
    except (ValueError, RecursionError) as error:
        raise source.wrong("this JSON cannot be read: it is nested too deep, or has absurd numbers") from error


def _refuse_several_people(table: Table) -> None:
    """A table of a whole data set is no history of one person."""
    if not set(table.names) >= _PEOPLE:
        return
    first = ""
    for row in table.rows():
        person = row.text("userid")
        first = first or person
        if person != first:
            raise row.wrong(
                f"is of another person than the first: {recognise.printable(person)!r} in the field "
                f"{row.columns['userid']!r}",
                "bring the ratings of one person; a whole data set goes in on the Data page",
            )
