"""What the Dockerfile says, read for tests that have no docker."""

import json
import shutil
from pathlib import Path

from lcrec_core.files import REPOSITORY

DOCKERFILE = REPOSITORY / "Dockerfile"


def instructions(kind: str) -> list[str]:
    """What follows each COPY, CMD, ... in the Dockerfile."""
    lines = DOCKERFILE.read_text().replace("\\\n", " ").splitlines()
    return [line.removeprefix(kind).strip() for line in lines if line.startswith(f"{kind} ")]


def command() -> list[str]:
    """What a container runs."""
    (words,) = instructions("CMD")
    return json.loads(words)


def health_command() -> list[str]:
    """What tells docker whether a container is well."""
    (words,) = instructions("HEALTHCHECK")
    return json.loads(words.partition(" CMD ")[2])


def copied(folder: Path) -> Path:
    """Put into a folder what the image has of this repository, and nothing else."""
    for line in instructions("COPY"):
        *sources, target = line.split()
        for source in sources:
            found = REPOSITORY / source
            place = folder / target / found.name if target.endswith("/") else folder / target
            place.parent.mkdir(parents=True, exist_ok=True)
            # Only read: a link says that it is there.
            place.symlink_to(found) if source == "artifacts" else _copy(found, place)
    return folder


def _copy(found: Path, place: Path) -> None:
    if found.is_dir():
        shutil.copytree(found, place, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(found, place)
