"""The app as a visitor meets it: a server of its own in a process of its own, and a real browser.

Used by the browser tests, the benchmarks and the screenshots.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Playwright, expect

from lcrec_ui.serve import end

REPOSITORY = Path(__file__).resolve().parent.parent
START_SECONDS = 60
SETTLE_MS = 60_000
"""Patience for the slowest machine; a page is usually settled within a second."""

SETTLED = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
ALONE = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
"""Chromium flags: run as root in a container, and talk to nobody but the app."""


@dataclass(frozen=True)
class Server:
    """A running app."""

    url: str
    process: subprocess.Popen
    log: Path
    started: float
    """`time.perf_counter()` when the process was started."""


@contextmanager
def serve(
    folder: Path,
    *arguments: str,
    script: str = "app.py",
    address: str | None = "127.0.0.1",
    servers: int | None = None,
    base: str = "",
    **environment: str,
) -> Iterator[Server]:
    """Start a fresh server with its own profile store in `folder`; stopped at the end.

    Args:
        folder: Where the log and the profiles go.
        arguments: More options for `streamlit run`.
        script: What to run, below the repository's root.
        address: What to listen at, an address that 127.0.0.1 reaches; None for what the app's own settings say.
        servers: So many of them behind one address, see `lcrec_ui.serve`; script, address and arguments do not count.
        base: The path that the app has at its address, such as /lcrec.
        environment: More environment variables, such as LCREC_DATA.

    Raises:
        RuntimeError: The server ended or did not answer in time; the message holds its log.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "streamlit", "run", script]
    command += ["--server.port", str(port), "--server.headless", "true"]
    command += ["--server.address", address] if address else []
    command += ["--server.fileWatcherType", "none", "--browser.gatherUsageStats", "false", *arguments]
    if servers is not None:
        command = [sys.executable, "-m", "lcrec_ui.serve", "--servers", str(servers)]
        command += ["--port", str(port), "--address", "127.0.0.1"]
    settings = {**os.environ, "LCREC_STORE": f"sqlite:///{folder / 'profiles.sqlite'}", **environment}
    if base:
        settings["STREAMLIT_SERVER_BASE_URL_PATH"] = base
    log = folder / "server.log"
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=REPOSITORY, env=settings, stdout=output, stderr=subprocess.STDOUT)
    server = Server(f"http://127.0.0.1:{port}{base}", process, log, started)
    try:
        _wait_until_healthy(server)
        yield server
    finally:
        end(process)


def _wait_until_healthy(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"the app did not start:\n{server.log.read_text(errors='replace')}")


def launch(playwright: Playwright, executable: str) -> Browser:
    """A headless Chromium that talks to nobody else."""
    return playwright.chromium.launch(executable_path=executable, args=list(ALONE))


def settle(page: Page) -> None:
    """Wait until the page's script has ended and nothing is left to be drawn."""
    page.wait_for_selector(SETTLED, timeout=SETTLE_MS)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=SETTLE_MS)


def requests_of(page: Page) -> list[str]:
    """The address of everything that the page asks for from now on, as it asks; its websockets too."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    return asked


def of_others(asked: list[str], page: Page) -> list[str]:
    """The addresses that lead to another host than the page came from."""
    own = urlsplit(page.url).netloc
    return [url for url in asked if not url.startswith(("data:", "blob:")) and urlsplit(url).netloc != own]


_FOREIGN = """() => [...document.querySelectorAll("a[href], svg a, img, image, iframe, script, link, object, embed")]
    .map(e => e.href?.baseVal ?? e.href ?? e.src ?? e.data ?? "")
    .filter(url => url && !/^(data|blob|about):/.test(url) && new URL(url, location.href).host !== location.host)"""


def assert_names_nobody(page: Page) -> None:
    """No link, picture or script on the page leads to another host."""
    assert page.evaluate(_FOREIGN) == []


def assert_no_traceback(page: Page) -> None:
    """No visitor ever sees an exception of ours."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert "Traceback" not in page.inner_text("body")
