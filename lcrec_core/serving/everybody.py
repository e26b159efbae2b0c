"""Everybody's list in one file, part by part, by as many processes as there are.

A part is some hundred people. Each is written as soon as it is done, so that a run that was stopped goes on with the
others, and all together become one Parquet file: a row is a movie on somebody's list.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import joblib
import numpy as np
import pyarrow as pa
from pyarrow import parquet

from lcrec_core import cluster
from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.files import write_whole
from lcrec_core.models.bundle import Bundle
from lcrec_core.models.bundles import load_rater
from lcrec_core.serving.filters import Filters, default_min_ratings
from lcrec_core.serving.parts import PICK, ListParts
from lcrec_core.serving.recommender import Recommender
from lcrec_core.sources import datasets

SCHEMA = pa.schema(
    [
        pa.field(Col.USER, pa.int64()),
        pa.field("rank", pa.int32()),
        pa.field(Col.MOVIE, pa.int64()),
        pa.field("score", pa.float32()),
        pa.field("predicted", pa.float32()),
    ]
)
"""A row: the movie of that rank, from 1, on the list of that person; see `Recommendation` for the last two."""
PEOPLE_A_PART = 250
CELLS_AT_ONCE = 200_000
"""Movies times people that the models are asked about at once: some ten megabytes."""
_PROCESS, _PER_RATING = 600_000_000, 100
"""Bytes of a process with torch and the models in it, and of a rating of the data beside."""


@dataclass(frozen=True)
class Progress:
    """How far a run is, and what it takes."""

    done: int
    """People, those of an earlier run counted."""
    people: int
    seconds: float
    """Of processors, for the lists that this run has made; without what opening the models took."""
    opening: float
    """Of processors, for opening the models, in each process once."""
    made: int
    """People whose lists this run has made."""

    @property
    def people_per_core_second(self) -> float | None:
        """None where nothing was left to do."""
        return self.made / self.seconds if self.seconds else None


def recommend_all(
    bundle: Bundle,
    data: Dataset,
    out: Path,
    *,
    top: int = 5,
    people: int | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Write the first `top` of everybody's list, as `Recommender.top_n` gives it with the filters of For you.

    Args:
        bundle: Of the rating model.
        data: Its data set, which every process opens by its name.
        out: A Parquet file, see `SCHEMA`: by person as the data set has them, then by rank. Its folder keeps the parts
            until all are there, and has to be one that all machines of a cluster share.
        top: Movies for each.
        people: Only the first so many.
        report: Told after each part.

    Raises:
        TrainingError: Too many workers of a cluster have died.
        OSError: The file cannot be written.
    """
    ids = data.users[Col.USER].to_numpy(np.int64)[:people]
    parts = [ids[start : start + PEOPLE_A_PART] for start in range(0, len(ids), PEOPLE_A_PART)]
    folder = out.absolute().with_name(f".{out.name}.{_identity(bundle, ids, top)}.parts")
    places = [folder / f"{number}.parquet" for number in range(len(parts))]
    missing = [(part, place) for part, place in zip(parts, places, strict=True) if not place.exists()]
    done = len(ids) - sum(len(part) for part, _ in missing)
    so_far = Progress(done, len(ids), 0.0, 0.0, 0)
    report(so_far)
    at_once = cluster.workers(len(missing), _PROCESS + _PER_RATING * len(data.ratings))
    if at_once > 1 and missing:
        # EASE is fitted, and kept for the others, by this process alone.
        _ = ListParts(bundle, data).habits
    calls = [joblib.delayed(_write_part)(bundle.name, part, top, place) for part, place in missing]
    for (part, _), (seconds, opening) in zip(missing, cluster.results(calls, at_once), strict=True):
        so_far = Progress(
            so_far.done + len(part),
            len(ids),
            so_far.seconds + seconds,
            so_far.opening + opening,
            so_far.made + len(part),
        )
        report(so_far)
    write_whole(out, lambda beside: _join(places, beside))
    shutil.rmtree(folder, ignore_errors=True)
    return so_far


def _identity(bundle: Bundle, ids: np.ndarray, top: int) -> str:
    """What must be the same for a part of an earlier run to be taken."""
    digest = hashlib.sha256(json.dumps([bundle.name, top, PEOPLE_A_PART]).encode())
    digest.update(ids.tobytes())
    for path in (bundle.path, bundle.path.with_name(PICK)):
        if (path / "manifest.json").exists():
            digest.update((path / "manifest.json").read_bytes())
    return digest.hexdigest()[:16]


def _write_part(bundle: str, ids: np.ndarray, top: int, place: Path) -> tuple[float, float]:
    """In any process: the lists of some people to a file; seconds of a processor that they took, and opening did."""
    began = time.process_time()
    recommender = _opened(bundle)
    opened = time.process_time()
    table = lists_of(recommender, ids, top)
    write_whole(place, lambda beside: parquet.write_table(table, beside))
    return time.process_time() - opened, opened - began


@lru_cache(maxsize=1)
def _opened(bundle_name: str) -> Recommender:
    import torch

    torch.set_num_threads(1)
    bundle = load_rater(bundle_name)
    data = datasets.load(bundle.data)
    return Recommender(bundle, data, ListParts(bundle, data))


def lists_of(recommender: Recommender, ids: np.ndarray, top: int) -> pa.Table:
    """The lists of some people of the data set, as rows of `SCHEMA`; the models are asked about several at once."""
    data, rows = recommender.data, list[tuple[int, int, int, float, float]]()
    filters = Filters(min_ratings=default_min_ratings(data))
    at_once = max(1, CELLS_AT_ONCE // len(data.movies))
    for start in range(0, len(ids), at_once):
        profiles = [Profile.from_dataset(data, user) for user in ids[start : start + at_once].tolist()]
        recommender.ask_about(profiles)
        for user, profile in zip(ids[start:].tolist(), profiles, strict=False):
            for rank, line in enumerate(recommender.top_n(profile, top, filters), start=1):
                rows.append((user, rank, line.movie_id, line.score, line.predicted))
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], SCHEMA)


def _join(places: list[Path], whole: Path) -> None:
    with parquet.ParquetWriter(whole, SCHEMA) as writer:
        for place in places:
            writer.write_table(parquet.read_table(place, schema=SCHEMA))
