"""Large data sets as they were read, kept where the next process opens them without reading them again.

What is kept is Arrow tables, which are looked into and not copied, and what is counted over all ratings, once. It
belongs to the content of the files that it was read from; as git does, files whose sizes and times have not changed
are taken to be the same. Damage shows by checksums, and what is damaged is made again.
"""

import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow as pa

from lcrec_core.data.dataset import LINK_COLUMNS, Dataset, Fingerprint, RatingScale
from lcrec_core.errors import DataError
from lcrec_core.files import as_array, cache_folder, convenient, look_into, parse, seal, unseal, write_whole
from lcrec_core.sources.archive import files_of

KEPT_FROM = 5_000_000
"""Ratings from which on a data set is kept: smaller ones are read within a few seconds."""

_FOLDER = "data"
_VERSION = 1
_TABLES = ("users", "movies", "ratings", "links")
_COUNTED = ("offsets", "value_counts", "by_movie", "months", "time_span")
"""What a `Dataset` counts over all ratings when it is asked first."""
_MANIFEST, _ARRAYS = "manifest.safetensors", "counted.safetensors"
_LOG = logging.getLogger("lcrec")


@dataclass(frozen=True)
class _Manifest:
    version: int
    name: str
    simulated: bool
    scale: RatingScale
    fingerprint: Fingerprint
    times_sha256: str
    files: dict[str, tuple[int, int]]
    """Size and time of change of each file that it was read from."""
    content: str
    """Hash of what those held."""
    tables: dict[str, str]
    """Hash of each table."""


def opened(path: Path, name: str) -> Dataset | None:
    """The data set that was read from this zip or folder, where it is kept and sound.

    Everything in it may be a look into a file: nobody can change it.
    """
    for folder in _folders(name):
        try:
            manifest = parse(unseal((folder / _MANIFEST).read_bytes())["manifest"].tobytes(), _Manifest)
            if manifest.version != _VERSION or not _is_of(manifest, path, folder):
                continue
            return _open(folder, manifest)
        except (OSError, ValueError, KeyError, pa.ArrowException, DataError) as error:
            _LOG.warning("what was kept of %s is damaged and is made again: %s", name, error)
            shutil.rmtree(folder, ignore_errors=True)
    return None


def keep(data: Dataset, path: Path) -> Dataset:
    """Keep a large data set that was read from there, and give it as it is kept; or give it back as it is.

    Where it cannot be kept, the log says so.
    """
    if len(data.ratings) < KEPT_FROM or data.official:
        return data
    with convenient(f"{data.name} cannot be kept as it was read, so the next start reads it again"):
        files, content = _files(path), _content(path)
        folder = cache_folder() / _FOLDER / f"{data.name}.{content[:16]}"
        beside = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}.new")
        try:
            beside.mkdir(parents=True)
            hashes = {table: _write(beside / f"{table}.arrow", getattr(data, table)) for table in _TABLES}
            write_whole(beside / _ARRAYS, seal({what: getattr(data, what) for what in _COUNTED}))
            manifest = _Manifest(
                _VERSION,
                data.name,
                data.simulated,
                data.scale,
                data.fingerprint,
                data.times_sha256,
                files,
                content,
                hashes,
            )
            _note(beside, manifest)
            for old in _folders(data.name):
                shutil.rmtree(old, ignore_errors=True)
            os.rename(beside, folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return opened(path, data.name) or data
    return data


def forget(name: str) -> None:
    """Remove what is kept of a data set."""
    for folder in _folders(name):
        shutil.rmtree(folder, ignore_errors=True)


def _folders(name: str) -> list[Path]:
    try:
        return [
            path
            for path in (cache_folder() / _FOLDER).iterdir()
            if re.fullmatch(re.escape(name) + r"\.[0-9a-f]{16}", path.name)
        ]
    except OSError:
        return []


def _is_of(manifest: _Manifest, path: Path, folder: Path) -> bool:
    """Whether it was read from what these files hold now."""
    files = _files(path)
    if files == manifest.files:
        return True
    if _content(path) != manifest.content:
        return False
    with convenient("that the same data lie elsewhere now cannot be noted", quiet=True):
        _note(folder, replace(manifest, files=files))
    return True


def _read_from(path: Path) -> Iterator[tuple[str, Path]]:
    """The files of a data set by the names that they have in it."""
    if path.is_dir():
        yield from ((file.relative_to(path).as_posix(), file) for file in files_of(path))
    else:
        yield "", path


def _files(path: Path) -> dict[str, tuple[int, int]]:
    about = {name: file.stat() for name, file in _read_from(path)}
    return {name: (each.st_size, each.st_mtime_ns) for name, each in about.items()}


def _content(path: Path) -> str:
    whole = hashlib.sha256()
    for name, file in _read_from(path):
        with file.open("rb") as stream:
            whole.update(f"{len(name)} {name} {hashlib.file_digest(stream, 'sha256').hexdigest()} ".encode())
    return whole.hexdigest()


def _note(folder: Path, manifest: _Manifest) -> None:
    write_whole(folder / _MANIFEST, seal({"manifest": as_array(json.dumps(asdict(manifest)))}))


def _write(path: Path, table: pd.DataFrame) -> str:
    """Write a table as one batch, so that each column is one piece; returns its hash."""
    batch = pa.RecordBatch.from_pandas(table, preserve_index=False)
    with pa.OSFile(str(path), "wb") as stream, pa.ipc.new_file(stream, batch.schema) as writer:
        writer.write_batch(batch)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _open(folder: Path, manifest: _Manifest) -> Dataset:
    """The kept data set.

    Raises:
        OSError, ValueError, KeyError, pyarrow.ArrowException, DataError: It is damaged.
    """
    tables = {}
    for table in _TABLES:
        with pa.memory_map(str(folder / f"{table}.arrow")) as mapped:
            whole = mapped.read_buffer()
        if hashlib.sha256(whole).hexdigest() != manifest.tables[table]:
            raise ValueError(f"the checksum is not that of its {table}")
        tables[table] = pa.ipc.open_file(whole).read_all()
    counted = look_into(folder / _ARRAYS)
    ratings = {name: tables["ratings"][name].chunk(0).to_numpy() for name in tables["ratings"].column_names}
    data = Dataset(
        name=manifest.name,
        users=_frame(tables["users"]),
        movies=_frame(tables["movies"]),
        ratings=pd.DataFrame(ratings, copy=False),
        scale=manifest.scale,
        simulated=manifest.simulated,
        links=_frame(tables["links"]).astype({str(LINK_COLUMNS[0]): np.int64}),
    )
    # As if it had been asked for them before.
    vars(data).update(
        fingerprint=manifest.fingerprint,
        times_sha256=manifest.times_sha256,
        **{what: counted[what] for what in _COUNTED},
    )
    return data


def _frame(table: pa.Table) -> pd.DataFrame:
    """With whole numbers that may be absent."""
    return table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
