"""Find data sets by name: the embedded demo, MovieLens releases in the data folder, and data of one's own beside them.

A release's name stands for that release and nothing else, see `published.py`. Data of one's own in the form of a
release have a name of their own and lie in the folder `own` inside the data folder, so that other zips and folders
that happen to lie in the data folder are never taken for data sets.
"""

import contextlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from lcrec_core.data.dataset import Dataset
from lcrec_core.errors import DataError
from lcrec_core.files import DATA_ENV, data_folder
from lcrec_core.sources import kept, movielens, published

DEMO = "demo"
OWN = "own"
"""The folder inside the data folder for data of one's own."""
_LEFTOVER_AFTER = 3600.0
"""Seconds without a change after which a part of a file belongs to nobody any more."""
NAMES = (DEMO, *movielens.RELEASE_NAMES)
"""What is known without looking: the demo and the releases."""
_OWN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


def is_name(name: str) -> bool:
    """Whether a data set can have this name, here or not: the demo's, a release's, or one of somebody's own."""
    return bool(name in NAMES or _OWN_NAME.fullmatch(name))


def own_names() -> list[str]:
    """Names of the data of one's own that are here, sorted. Looks at file names only."""
    try:
        entries = [(path.name.removesuffix(".zip"), path) for path in (data_folder() / OWN).iterdir()]
    except OSError:
        return []
    names = {name for name, path in entries if path.suffix == ".zip" or path.is_dir()}
    return sorted(name for name in names if name not in NAMES and _OWN_NAME.fullmatch(name))


def own_folder(name: str) -> Path:
    """Where data of one's own lie as a folder."""
    return data_folder() / OWN / name


def find(name: str) -> Path | None:
    """The zip of that data set in the data folder, or else the folder; None when neither is there.

    The zip comes first because its checksums notice damage. The demo has no file.

    Raises:
        DataError: No data set has this name.
    """
    if name == DEMO:
        return None
    if not is_name(name):
        raise _unknown(name)
    in_zip = _zip_of(name)
    in_folder = in_zip.with_name(name)
    if in_zip.is_file():
        return in_zip
    if in_folder.is_dir():
        return in_folder
    if name not in NAMES:
        raise _unknown(name)
    return None


def available() -> list[str]:
    """Names that can be loaded now, the demo first. Looks at file names only."""
    return [*(name for name in NAMES if name == DEMO or find(name)), *own_names()]


def load(name: str) -> Dataset:
    """Read a data set.

    Raises:
        DataError: It is not there (the advice has the command that gets it), it is damaged, or it is not the release
            whose name it has.
    """
    path = find(name)
    if path is not None:
        data = kept.opened(path, name)
        if data is None:
            data = movielens.read(path, name)
            published.check(data, path)
            data = kept.keep(data, path)
        return data
    if name == DEMO:
        # Imported late: reading MovieLens must not pay for the demo, nor the other way round.
        from lcrec_core.sources.demo import load_demo

        return load_demo()
    raise absent(name)


def absent(name: str) -> DataError:
    """The error about a data set that is not here."""
    return DataError(
        f"{name} is not in the data folder",
        advice=f"run `python -m lcrec_core download {name}`, or put {name}.zip into {data_folder()}, "
        f"or name its folder with {DATA_ENV}",
    )


def is_sound(name: str) -> bool:
    """Whether the data set is here and can be read to its end."""
    if name not in available():
        return False
    try:
        load(name)
    except DataError:
        return False
    return True


def install(zip_path: Path, name: str | None = None, *, replace: bool = False) -> str:
    """Put a zip the person has into the data folder, once it has been read to its end without a fault.

    Args:
        zip_path: The zip; it stays where it is and a copy is made.
        name: Which data set it is: a release, or a name of the person's own for data in the form of one. Recognised
            from its content when not given.
        replace: Put it in the place of a sound data set of that name. One that cannot be read is replaced anyway.

    Returns:
        The data set's name.

    Raises:
        DataError: The zip is damaged, of no known form, not the release whose name it has, or nameless; a sound data
            set of that name is here already; or the data folder cannot be written to.
    """
    zip_path = Path(zip_path)
    if zip_path.is_dir():
        raise DataError(
            "this is a folder: give a zip of it", where=zip_path, advice=f"or name its folder with {DATA_ENV}"
        )
    if name is not None:
        check_new_name(name)
    data = movielens.read(zip_path, name)
    found = data.name if data.name in NAMES or name else _release_by_counts(data, zip_path)
    published.check(data, zip_path)
    if not replace and is_sound(found):
        raise DataError(
            f"{published.TITLES.get(found, found)} is here already, and was left as it is",
            advice="add --replace to put this in its place",
        )
    place_atomically(_zip_of(found), lambda part: shutil.copyfile(zip_path, part))
    return found


def remove(name: str) -> Path:
    """Delete the zip of a data set from the data folder; bundles trained on it stay.

    Returns:
        The file that was deleted.

    Raises:
        DataError: There is none, it is the demo or a folder, or it cannot be deleted.
    """
    path = find(name)
    if name == DEMO:
        raise DataError("the demo comes with LCRec and stays")
    if path is None:
        raise absent(name)
    if path.is_dir():
        raise DataError(f"{name} lies here as a folder, not as a zip; delete that folder by hand", where=path)
    try:
        path.unlink()
    except OSError as error:
        raise DataError(f"{name} cannot be removed: {error.strerror or error}", where=path) from error
    kept.forget(name)
    return path


def check_new_name(name: str) -> None:
    """Whether data can go in under this name.

    Raises:
        DataError: It is the demo's, or neither a release's nor a possible name of one's own.
    """
    if name == DEMO:
        raise DataError("demo is the name of the data that come with LCRec; choose another name")
    if not is_name(name):
        raise DataError(
            f"{name[:60]!r} cannot name a data set: use up to 40 small letters, digits, dots, - and _, "
            f"starting with a letter or digit"
        )


def _release_by_counts(data: Dataset, zip_path: Path) -> str:
    """The release that data without a release's name are."""
    counts = published.Counts.of(data)
    release = published.named_by(counts)
    if release is None:
        raise DataError(
            f"this has {counts} in the form of {', '.join(movielens.CSV_NAMES)}, and is none of them as published: "
            f"say which name it shall have",
            where=zip_path,
            advice="for instance with `--name my-films`",
        )
    return release


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
            f"it cannot be written: {error.strerror or error}",
            where=target,
            advice=f"name a folder you may write to with {DATA_ENV}",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _remove_leftovers(target: Path) -> None:
    for part in target.parent.glob(f".{target.name}.*.part"):
        if time.time() - part.stat().st_mtime > _LEFTOVER_AFTER:
            part.unlink(missing_ok=True)


def _zip_of(name: str) -> Path:
    """Where the zip of a data set lies or would lie."""
    folder = data_folder() if name in NAMES else data_folder() / OWN
    return folder / f"{name}.zip"


def _unknown(name: str) -> DataError:
    return DataError(f"there is no data set {name[:60]!r}; known are {', '.join((*NAMES, *own_names()))}")
