"""The demo's people and ratings as files beside this module: read at start-up, written from a seed."""

import gzip
import io
import os
from pathlib import Path

import pandas as pd

from lcrec_core.data.dataset import RATING_COLUMNS, WHOLE_STARS, Col, Dataset
from lcrec_core.errors import DataError
from lcrec_core.sources.demo.catalogue import read_catalogue

FOLDER = Path(__file__).parent
USERS_FILE = "users.csv"
RATINGS_FILE = "ratings.csv.gz"


def load_demo(folder: Path = FOLDER) -> Dataset:
    """The demo data set as it ships, or as `generate` wrote it into `folder`.

    Raises:
        DataError: one of its files is missing or damaged.
    """
    for name in (USERS_FILE, RATINGS_FILE):
        if not (folder / name).is_file():
            raise DataError(f"demo: {folder / name} is missing; make it again with `python -m lcrec_core make-demo`")
    try:
        users = pd.read_csv(folder / USERS_FILE, encoding="utf-8")
        ratings = pd.read_csv(folder / RATINGS_FILE)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(
            f"demo: the files in {folder} cannot be read ({error}); make them again with "
            "`python -m lcrec_core make-demo`"
        ) from error
    movies = read_catalogue()
    return Dataset(name="demo", users=users, movies=movies, ratings=ratings, scale=WHOLE_STARS, simulated=True)


def generate(seed: int = 0, folder: Path = FOLDER) -> None:
    """Simulate the demo's people and write `users.csv` and `ratings.csv.gz` into `folder`.

    Each file is written beside its place and moved there. `python -m lcrec_core make-demo
    [--seed N] [--folder PATH]` calls this; seed 0 gives the data set that ships.
    """
    from lcrec_core.sources.demo.simulate import simulate

    data = simulate(seed)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / USERS_FILE, _csv(data.users))
    ratings = data.ratings.sort_values([Col.USER, Col.TIME], kind="stable")[RATING_COLUMNS]
    # No time and no name in the header: the same data give the same bytes.
    _write(folder / RATINGS_FILE, gzip.compress(_csv(ratings.astype({Col.RATING: int})), compresslevel=9, mtime=0))


def _csv(frame: pd.DataFrame) -> bytes:
    text = io.StringIO()
    frame.to_csv(text, index=False, lineterminator="\n")
    return text.getvalue().encode()


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
