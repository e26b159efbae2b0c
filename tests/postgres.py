"""A PostgreSQL server of the tests' own, in a temporary folder, heard on a unix socket alone."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from lcrec_ui.serve import end
from tests.needs import postgres_programs

USER = "lcrec"
_START_SECONDS = 60
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""What outlives a power cut is the server's business; how a client's death ends is the same without."""
_SMALL = ("shared_buffers=16MB", "max_connections=60", "autovacuum=off", "jit=off", "listen_addresses=")


@contextmanager
def server(*settings: str) -> Iterator[sa.URL]:
    """Start a server; the URL of its first database. Stopped, and its folder removed, at the end.

    Args:
        settings: As in postgresql.conf; without any, those that make it fast and forgetful.
    """
    programs = postgres_programs()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="lcrec-pg-"))
    as_user = _as_user(folder)
    try:
        data = folder / "data"
        making: list[Any] = [programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"]
        making += ["--no-sync", "--wal-segsize=1"]  # A sixteenth of the usual log to write and to remove.
        subprocess.run(making, check=True, cwd=folder, stdout=subprocess.DEVNULL, **as_user)
        command: list[Any] = [programs / "postgres", "-D", data, "-k", folder]
        for setting in (*_SMALL, *(settings or _FAST)):
            command += ["-c", setting]
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **as_user)
        try:
            url = sa.URL.create("postgresql", USER, database="postgres", query={"host": str(folder)})
            _wait(url, running, folder / "log")
            yield url
        finally:
            running.send_signal(signal.SIGQUIT)  # At once: nothing of it is kept.
            end(running)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def query(url: sa.URL, statement: str, *values: object) -> list[tuple]:
    """Run a statement beside the store; its rows, if it has any."""
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        answer = connection.execute(statement, values or None)
        return answer.fetchall() if answer.description else []


def _as_user(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: whom else to run as, who then owns the folder."""
    if os.geteuid() != 0:
        return {}
    import pwd

    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _wait(url: sa.URL, running: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and running.poll() is None:
        try:
            query(url, "SELECT 1")
            return
        except psycopg.OperationalError:
            time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
