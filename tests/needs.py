"""What this machine must have for the tests that need more than Python, and how to get it."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The shell first: without windows of its own to draw it takes a third of the time for the same pages."""
NO_BROWSER = (
    "no chromium found: install it (Debian and Ubuntu: apt-get install chromium-headless-shell, or chromium) "
    "or name a Chrome or Chromium with LCREC_BROWSER=/path/to/it"
)
NO_POSTGRES = (
    "no PostgreSQL server found: install it (Debian and Ubuntu: apt-get install postgresql) or name the folder of its "
    "programs with LCREC_POSTGRES=/path/to/bin"
)
NO_HAPROXY = "no haproxy found: install it (Debian and Ubuntu: apt-get install haproxy)"
NO_RAY = "no Ray: python -m pip install -r requirements-cluster.txt brings it"
NO_DOCKER = "no docker that answers to `docker compose version` and `docker info`"


def browser_path() -> str | None:
    """The installed Chromium or Chrome to drive, or None."""
    named = os.environ.get("LCREC_BROWSER")
    if named:
        return shutil.which(named)
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def postgres_programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest there is, or None."""
    named = os.environ.get("LCREC_POSTGRES")
    # Debian keeps them out of the PATH, a folder for each version.
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: float(each.parent.name), reverse=True)
    found = shutil.which("initdb", path=named or os.pathsep.join(map(str, (*kept, os.environ.get("PATH", "")))))
    return Path(found).parent if found else None


def docker_answers() -> bool:
    """Whether images can be built and run here."""
    asked = ("docker", "compose", "version"), ("docker", "info")
    # Other programs of that name may answer to anything else.
    return shutil.which("docker") is not None and all(
        subprocess.run(each, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0 for each in asked
    )


def missing_data(name: str) -> str | None:
    """Why a test on the real data set `name` cannot run, or None when it can."""
    folder = os.environ.get("LCREC_DATA", "data")
    if (Path(folder) / f"{name}.zip").exists() or (Path(folder) / name).is_dir():
        return None
    return f"no {name} in {folder}: set LCREC_DATA to a folder that holds {name}.zip, or download it"


NEEDS: dict[str, tuple[Callable[[], object], str]] = {
    "browser": (browser_path, NO_BROWSER),
    "postgres": (postgres_programs, NO_POSTGRES),
    "haproxy": (lambda: shutil.which("haproxy"), NO_HAPROXY),
    "ray": (lambda: importlib.util.find_spec("ray"), NO_RAY),
    "docker": (docker_answers, NO_DOCKER),
}
"""By the mark of a test: what finds its program, and what to say where there is none."""
