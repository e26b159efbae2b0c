"""What this machine must have for the tests that need more than Python, and how to get it."""

import os
import shutil
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


def missing_data(name: str) -> str | None:
    """Why a test on the real data set `name` cannot run, or None when it can."""
    folder = os.environ.get("LCREC_DATA", "data")
    if (Path(folder) / f"{name}.zip").exists() or (Path(folder) / name).is_dir():
        return None
    return f"no {name} in {folder}: set LCREC_DATA to a folder that holds {name}.zip, or download it"
