"""Two app servers with the image's files, behind HAProxy with our settings, over PostgreSQL: compose.yaml undocked."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests

from benchmarks.visitor import Visitor
from lcrec_core.files import REPOSITORY
from lcrec_core.store.profiles import ProfileStore
from lcrec_ui.serve import end
from tests import postgres
from tests.deploy.image import command, copied, health_command

BASE = "/lcrec"
START_SECONDS = 120


def free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@contextmanager
def running(words: list[str], folder: Path, **environment: str) -> Iterator[subprocess.Popen]:
    with (folder / f"{Path(words[0]).name}-{time.monotonic_ns()}.log").open("wb") as log:
        process = subprocess.Popen(
            words, cwd=folder, env={**os.environ, **environment}, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        end(process)


def until_well(url: str, folder: Path, *processes: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and all(process.poll() is None for process in processes):
        with suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
            return
        time.sleep(0.05)
    raise AssertionError("\n".join(path.read_text() for path in folder.glob("*.log")))


@pytest.mark.postgres
@pytest.mark.haproxy
def test_a_visitor_stays_with_a_server_and_when_it_ends_goes_on_at_the_other(tmp_path: Path) -> None:
    folder = copied(tmp_path / "app")
    outside, *ports = free_ports(3)
    url = f"http://127.0.0.1:{outside}{BASE}"
    python = [sys.executable, *command()[1:]]
    with ExitStack() as stack:
        database = stack.enter_context(postgres.server()).render_as_string(hide_password=False)
        settings = {"LCREC_STORE": database, "STREAMLIT_SERVER_BASE_URL_PATH": BASE}
        servers = [
            stack.enter_context(
                running([*python, "--server.address", "127.0.0.1", "--server.port", str(port)], folder, **settings)
            )
            for port in ports
        ]
        proxy = [shutil.which("haproxy") or "haproxy", "-f", str(REPOSITORY / "deploy" / "haproxy.cfg")]
        where = {f"LCREC_APP_{number}": f"127.0.0.1:{port}" for number, port in enumerate(ports, 1)}
        before = running(proxy, folder, LCREC_BIND=f"127.0.0.1:{outside}", LCREC_BASE_PATH=BASE, **where)
        front = stack.enter_context(before)
        for port, server in zip(ports, servers, strict=True):
            until_well(f"http://127.0.0.1:{port}{BASE}", folder, server, front)
        until_well(url, folder, front)
        health = [sys.executable, *health_command()[1:]]
        health[-1] = health[-1].replace("8501", str(ports[0]))
        assert subprocess.run(health, env={**os.environ, **settings}).returncode == 0

        store = ProfileStore(database)
        token = store.create("demo", name="Ada")
        with requests.Session() as browser:
            answered = {browser.get(f"{url}/_stcore/health").cookies.get("lcrec_server") for _ in range(4)}
            mine = browser.cookies["lcrec_server"]
            assert answered == {mine, None}, "marked once"
            with Visitor(url, "rate", profile=token) as visitor:
                visitor.visit()
                visitor.set_stars(visitor.star_ids()[0], 4)
                deadline = time.monotonic() + 30
                while not store.get(token).ratings and time.monotonic() < deadline:
                    time.sleep(0.02)
            assert [rated.rating for rated in store.get(token).ratings] == [4.0]

            end(servers[int(mine) - 1])
            assert browser.get(f"{url}/_stcore/health").text == "ok"
            assert browser.cookies["lcrec_server"] != mine
        with Visitor(url, "rate", profile=token) as visitor:
            visitor.visit()
            assert "Rated so far: 1" in visitor.headings()
