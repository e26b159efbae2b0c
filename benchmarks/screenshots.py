"""Take the README's pictures anew: a fresh server on the demo data, seen by a visitor with a browser.

Each page at laptop width, and the first one at phone width and with the lights down.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from tests.needs import NO_BROWSER, browser_path
from tests.serving import REPOSITORY, launch, serve, settle

FOLDER = REPOSITORY / "docs"
LAPTOP, PHONE = (1280, 860), (390, 844)


@dataclass(frozen=True)
class Shot:
    """One picture."""

    file: str
    path: str
    size: tuple[int, int] = LAPTOP
    lights: Literal["light", "dark"] = "light"


SHOTS = (
    Shot("for-you.png", ""),
    Shot("for-you-dark.png", "", lights="dark"),
    Shot("for-you-phone.png", "", PHONE),
    Shot("rate.png", "rate"),
    Shot("profile.png", "profile"),
    Shot("data.png", "data"),
    Shot("training.png", "training"),
    Shot("compare.png", "compare"),
)


def main() -> None:
    """Write `docs/*.png`."""
    executable = browser_path()
    if executable is None:
        raise SystemExit(f"error: {NO_BROWSER}")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright, executable)
        # An empty data folder: the pictures show the demo whatever this machine has.
        with serve(Path(folder), LCREC_DATA=folder) as server:
            for shot in SHOTS:
                take(browser, server.url, shot)
        browser.close()


def take(browser: Browser, url: str, shot: Shot) -> None:
    """One picture of one page by a visitor who was never here before."""
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=shot.lights, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{url}/{shot.path}")
    settle(page)
    # Charts and fonts come after the script has ended.
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    page.screenshot(path=FOLDER / shot.file)
    context.close()


if __name__ == "__main__":
    main()
