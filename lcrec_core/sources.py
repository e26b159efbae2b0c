"""Find data sets by name: the embedded demo, and MovieLens releases in the data folder."""

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lcrec_core import movielens
from lcrec_core.dataset import Dataset
from lcrec_core.errors import DataError

DATA_ENV = "LCREC_DATA"
"""Environment variable that names the folder to search."""
DEMO = "demo"
_LEFTOVER_AFTER = 3600.0
"""Seconds without a change after which a part of a file belongs to nobody any more."""
NAMES = (DEMO, "ml-1m", "ml-100k", *movielens.CSV_NAMES)


def data_folder() -> Path:
    """The folder named by LCREC_DATA, or `data/` beside the package; it need not exist."""
    named = os.environ.get(DATA_ENV)
    return Path(named).expanduser() if named else Path(__file__).resolve().parents[1] / "data"


def find(name: str) -> Path | None:
    """The zip of that data set in the data folder, or else the folder; None when neither is there.

    The zip comes first because its checksums notice damage. The demo has no file.

    Raises:
        DataError: No data set has this name.
    """
    _check_name(name)
    if name == DEMO:
        return None
    in_zip, in_folder = data_folder() / f"{name}.zip", data_folder() / name
    if in_zip.is_file():
        return in_zip
    return in_folder if in_folder.is_dir() else None


def available() -> list[str]:
    """Names that can be loaded now, the demo first. Looks at file names only."""
    return [name for name in NAMES if name == DEMO or find(name)]


def load(name: str) -> Dataset:
    """Read a data set.

    Raises:
        DataError: It is not there (the message has the command that gets it), or it is damaged.
    """
    path = find(name)
    if path is not None:
        return movielens.read(path, name)
    if name == DEMO:
        # Imported late: reading MovieLens must not pay for the demo, nor the other way round.
        from lcrec_core.demo import load_demo

        return load_demo()
    raise DataError(
        f"{name} is not in {data_folder()}: run `python -m lcrec_core download {name}`, "
        f"or put {name}.zip there, or name its folder with {DATA_ENV}"
    )


def official_fold(name: str, fold: int) -> np.ndarray:
    """Ids (N, 2) of person and movie of every test rating of a published fold, see `movielens.official_fold`.

    Raises:
        DataError: The data set has no such fold, or is not there.
    """
    path = find(name)
    if name != movielens.FOLDED:
        raise DataError(f"{name} has no official split: only {movielens.FOLDED} has, u1 to u{movielens.FOLDS}")
    if path is None:
        raise DataError(f"{name} is not in {data_folder()}: run `python -m lcrec_core download {name}`")
    return movielens.official_fold(path, fold)


def install(zip_path: Path, name: str | None = None) -> str:
    """Put a zip the person has into the data folder, once it has been read to its end without a fault.

    Args:
        zip_path: The zip; it stays where it is and a copy is made.
        name: Which data set it is; recognised from its content when not given.

    Returns:
        The data set's name.

    Raises:
        DataError: The zip is damaged, of no known data set, or the data folder cannot be written to.
    """
    zip_path = Path(zip_path)
    if zip_path.is_dir():
        raise DataError(f"{zip_path} is a folder: give a zip, or name the folder around it with {DATA_ENV}")
    if name is not None:
        _check_name(name)
    found = movielens.read(zip_path, name).name
    if found not in NAMES or found == DEMO:
        raise DataError(
            f"{zip_path} could be any of {', '.join(movielens.CSV_NAMES)}: say which with `--name`, or name the file so"
        )
    place_atomically(data_folder() / f"{found}.zip", lambda part: shutil.copyfile(zip_path, part))
    return found


def place_atomically(target: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside the target, then move it into place; nothing half-written stays.

    What a killed process left beside the target an hour ago or longer is removed too.

    Raises:
        DataError: The folder cannot be written to, or the disk is full.
    """
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target)
        write(part)
        os.replace(part, target)
    except OSError as error:
        raise DataError(
            f"cannot write {target}: {error.strerror or error}; name a folder you may write to with {DATA_ENV}"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _remove_leftovers(target: Path) -> None:
    for part in target.parent.glob(f".{target.name}.*.part"):
        if time.time() - part.stat().st_mtime > _LEFTOVER_AFTER:
            part.unlink(missing_ok=True)


def _check_name(name: str) -> None:
    if name not in NAMES:
        raise DataError(f"there is no data set {name!r}; known are {', '.join(NAMES)}")
