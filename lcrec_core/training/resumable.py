"""What stopped training runs left to go on from, and when it goes.

Everything that a run keeps for that lies in `artifacts/<data>/.checkpoint-<name>/<part>/`, where the part is what the
run is measured on: weights and optimizer in one file (models/checkpoint.py), of LCRec also its chains, its finished
backbones and its folds. The folder goes when the run is done, and when the same bundle is trained afresh; a run that
was cancelled or killed leaves it to be resumed from, for `KEEP_DAYS`. No torch here: the pages ask too.
"""

import contextlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from lcrec_core.files import artifacts_root

KEEP_DAYS = 30
_PREFIX = ".checkpoint-"
_KEPT = ".safetensors"


@dataclass(frozen=True)
class Kept:
    """What one stopped run left."""

    bundle: str
    """The bundle that it was to make, such as `demo/paper`."""
    path: Path
    size: int
    """Bytes."""
    saved_at: float
    """Seconds since 1970, of the latest file."""


def folder_of(bundle: str, root: Path | None = None, *, part: str = "test") -> Path:
    """Where a run that makes this bundle and is measured on that part keeps what it would go on from."""
    data, _, name = bundle.partition("/")
    return (root or artifacts_root()) / data / f"{_PREFIX}{name}" / part


def is_kept(bundle: str, root: Path | None = None, *, part: str = "test") -> bool:
    """Whether a run of this bundle can be resumed."""
    with contextlib.suppress(OSError):
        return any(path.name.endswith(_KEPT) for path in folder_of(bundle, root, part=part).iterdir())
    return False


def list_kept(root: Path | None = None) -> list[Kept]:
    """What every stopped run left, the latest first."""
    found = []
    for folder in (root or artifacts_root()).glob(f"[!.]*/{_PREFIX}*"):
        with contextlib.suppress(OSError):
            files = [path.stat() for path in folder.rglob("*") if path.is_file()]
            name = f"{folder.parent.name}/{folder.name.removeprefix(_PREFIX)}"
            latest = max((file.st_mtime for file in files), default=folder.stat().st_mtime)
            found.append(Kept(name, folder, sum(file.st_size for file in files), latest))
    return sorted(found, key=lambda kept: -kept.saved_at)


def discard(bundle: str, root: Path | None = None, *, part: str = "test") -> None:
    """Remove what runs of this bundle left, and the folder once nothing of another part is in it."""
    folder = folder_of(bundle, root, part=part)
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def forget_old(root: Path | None = None) -> None:
    """Remove what nobody has come back to for `KEEP_DAYS`, and folders with nothing in them."""
    for kept in list_kept(root):
        if time.time() - kept.saved_at > KEEP_DAYS * 86_400:
            shutil.rmtree(kept.path, ignore_errors=True)
