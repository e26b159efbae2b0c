"""A made data set as files in the published form, written block by block; the folder appears when it is whole."""

import csv
import json
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.csv

from lcrec_core.errors import DataError
from lcrec_core.sources.made.movies import Films, make_films
from lcrec_core.sources.made.shapes import SHAPES, Shape
from lcrec_core.sources.made.simulate import Block, simulate
from lcrec_core.sources.movielens import MADE_MARK

NOWHERE = 900_000_000
"""Ids at IMDb and TMDB begin here, where neither has any: no made film is to be shown as a real one."""


@dataclass(frozen=True)
class Made:
    """What a set was made from, and what came out."""

    like: str
    share: float
    seed: int
    people: int
    movies: int
    ratings: int


def make(
    like: str, folder: Path, share: float = 1.0, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> Made:
    """Write a data set of the shape of a release.

    Args:
        like: The release, one of `SHAPES`.
        folder: Where to; it must not exist yet.
        share: Of the release's people and ratings; a share has the films that somebody rates.
        seed: Of everything drawn.
        progress: Told how many ratings are written, and of how many.

    Raises:
        DataError: There is something in that place, the folder cannot be written, or the share is too small.
    """
    if folder.exists():
        raise DataError("there is something here already", where=folder, advice="name another folder with --out")
    rng = np.random.default_rng(seed)
    beside = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}.part")
    try:
        shape = SHAPES[like].share_of(share)
        beside.mkdir(parents=True)
        films = make_films(shape, rng)
        written = _write_ratings(beside, shape, films, rng, progress)
        listed = np.arange(shape.movies) if share == 1 else np.flatnonzero(written)
        _write_films(beside, shape, films, listed, rng)
        made = Made(like, share, seed, shape.people, len(listed), int(written.sum()))
        (beside / MADE_MARK).write_text(json.dumps(asdict(made), indent=2) + "\n", encoding="utf-8")
        os.replace(beside, folder)
    except ValueError as error:
        raise DataError(f"no such data set can be made: {error}") from error
    except OSError as error:
        raise DataError(f"it cannot be written: {error.strerror or error}", where=folder) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return made


def _write_ratings(
    folder: Path, shape: Shape, films: Films, rng: np.random.Generator, progress: Callable[[int, int], None] | None
) -> np.ndarray:
    """Everybody's ratings; returns how many each film got, int64 (M,)."""
    counts, done = np.zeros(shape.movies, dtype=np.int64), 0
    with ExitStack() as stack:
        # `::` is a field of nothing between two colons.
        path, separator = (folder / "ratings.dat", ":") if shape.dat else (folder / "ratings.csv", ",")
        stream = stack.enter_context(path.open("wb"))
        if not shape.dat:
            stream.write(b"userId,movieId,rating,timestamp\n")
        writer: pa.csv.CSVWriter | None = None
        how = pa.csv.WriteOptions(include_header=False, delimiter=separator, quoting_style="none")
        for block in simulate(shape, films, rng):
            table = _table(block, films, shape.dat)
            if writer is None:
                writer = stack.enter_context(pa.csv.CSVWriter(stream, table.schema, write_options=how))
            writer.write_table(table)
            counts += np.bincount(block.film, minlength=shape.movies)
            done += len(block.film)
            if progress:
                progress(done, shape.ratings)
    return counts


def _table(block: Block, films: Films, dat: bool) -> pa.Table:
    stars = [f"{half / 2:g}" if dat else f"{half / 2:.1f}" for half in range(11)]
    columns = [
        pa.array(block.user_id),
        pa.array(films.ids[block.film]),
        pa.array(stars).take(pa.array(block.halves)),
        pa.array(block.time),
    ]
    if dat:
        nothing = pa.array([""] * len(block.film))
        columns = [part for column in columns for part in (column, nothing)][:-1]
    return pa.table(columns, names=[str(place) for place in range(len(columns))])


def _write_films(folder: Path, shape: Shape, films: Films, listed: np.ndarray, rng: np.random.Generator) -> None:
    rows = [(int(films.ids[film]), films.titles[film], films.genres[film]) for film in listed]
    if shape.dat:
        (folder / "movies.dat").write_text("".join(f"{a}::{b}::{c}\n" for a, b, c in rows), encoding="utf-8")
        return
    _write_csv(folder / "movies.csv", ("movieId", "title", "genres"), rows)
    without = rng.random(len(listed)) < 0.002
    _write_csv(
        folder / "links.csv",
        ("movieId", "imdbId", "tmdbId"),
        [
            (film, NOWHERE + film, "" if missing else NOWHERE + film)
            for (film, *_), missing in zip(rows, without, strict=True)
        ],
    )


def _write_csv(path: Path, header: tuple[str, ...], rows: list[tuple]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
