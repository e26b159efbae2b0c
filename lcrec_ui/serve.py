"""Several servers behind one address, for more visitors at once than one core can serve.

Streamlit draws in one process, and Python computes on one core of it. Here every core has a server of its own. What
somebody does lives in the process that began it, so the proxy before them marks each browser with a cookie and goes
on sending it to the same server; profiles, data and models are shared by all, for they lie in files.

    python -m lcrec_ui.serve --servers 2 --port 8501
"""

import argparse
import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from streamlit import config
from streamlit.url_util import make_url_path

from lcrec_core.files import REPOSITORY
from lcrec_ui.frame.permissions import MAY_ENV, is_local

HOST = "127.0.0.1"
"""Where the servers listen: nobody reaches them but through the proxy."""
START_SECONDS = 120
LONGEST_HEAD = 1 << 16
_HEAD_ENDS, _LINE = b"\r\n\r\n", b"\r\n"


@dataclass
class Proxy:
    """Sends each connection to one of some servers, and each browser always to the same."""

    ports: Sequence[int]
    """Of the servers."""
    name: str = "lcrec_server"
    """Of the cookie."""
    open: list[int] = field(default_factory=list)
    """How many connections each server has."""

    def __post_init__(self) -> None:
        self.open = [0] * len(self.ports)
        self._marked = re.compile(rb"\r\ncookie:[^\r\n]*\b%s=(\d{1,4})\b" % self.name.encode(), re.IGNORECASE)

    def chosen(self, head: bytes) -> int | None:
        """The server that a request's cookie names; None where it names none."""
        found = self._marked.search(head)
        return int(found[1]) if found and int(found[1]) < len(self.ports) else None

    def least_busy(self) -> int:
        """The server with the fewest connections."""
        return min(range(len(self.ports)), key=lambda server: self.open[server])

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first request to its end."""
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(_HEAD_ENDS)
            known = self.chosen(head)
            server = self.least_busy() if known is None else known
            self.open[server] += 1
            try:
                from_server, to_server = await asyncio.open_connection(HOST, self.ports[server], limit=LONGEST_HEAD)
                peer = writer.get_extra_info("peername")[0]
                to_server.write(with_line(head, f"X-Forwarded-For: {peer}"))
                sending = asyncio.create_task(_pump(reader, to_server))
                try:
                    if known is None:
                        answer = await from_server.readuntil(_HEAD_ENDS)
                        writer.write(
                            with_line(answer, f"Set-Cookie: {self.name}={server}; Path=/; HttpOnly; SameSite=Lax")
                        )
                    await _pump(from_server, writer)
                finally:
                    sending.cancel()
                    to_server.close()
            finally:
                self.open[server] -= 1
        writer.close()


def with_line(head: bytes, line: str) -> bytes:
    """The head of a request or an answer with one header more."""
    first, _, rest = head.partition(_LINE)
    return _LINE.join((first, line.encode("ascii"), rest))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until nothing more does."""
    with suppress(OSError):
        while content := await reader.read(LONGEST_HEAD):
            writer.write(content)
            await writer.drain()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop, or until a server ends; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lcrec_ui.serve", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--servers", type=int, default=os.cpu_count() or 1, help="how many; one a core by default")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--address", default="localhost", help="where to listen; 0.0.0.0 lets others in")
    options = parser.parse_args(arguments)
    if options.servers < 1:
        parser.error(f"--servers must be at least 1, got {options.servers}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    environment = dict(os.environ)
    if not is_local(options.address):
        # The servers listen to this machine alone and would take everybody for whoever runs it.
        environment.setdefault(MAY_ENV, "look")
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        ports = [_free_port() for _ in range(options.servers)]
        servers = [stack.enter_context(_server(port, options.port, environment)) for port in ports]
        if not _healthy(ports, servers):
            print("error: a server did not start", file=sys.stderr)
            return 1
        return asyncio.run(_serve(Proxy(ports, f"lcrec_server_{options.port}"), options, servers))
    return 0


async def _serve(proxy: Proxy, options: argparse.Namespace, servers: Sequence[subprocess.Popen]) -> int:
    listening = await asyncio.start_server(proxy.connected, options.address, options.port, limit=LONGEST_HEAD)
    folder = make_url_path(_base_path(), "")
    print(f"http://{options.address}:{options.port}{folder} ({len(servers)} servers)", file=sys.stderr)
    async with listening:
        while all(server.poll() is None for server in servers):
            await asyncio.sleep(0.5)
    print("error: a server ended", file=sys.stderr)
    return 1


@contextmanager
def _server(port: int, seen: int, environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    """A server at a port of its own; browsers see another, and it knows which."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--browser.serverPort", str(seen), "--server.address", HOST, "--server.headless", "true"]
    running = subprocess.Popen(command, cwd=REPOSITORY, env=environment)
    try:
        yield running
    finally:
        end(running)


def end(process: subprocess.Popen) -> None:
    """Ask a process to end, and make it."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _base_path() -> str:
    """Where the app is at its address, by Streamlit's own setting; only its command line reads the environment."""
    return os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH") or config.get_option("server.baseUrlPath")


def _healthy(ports: Sequence[int], servers: Sequence[subprocess.Popen]) -> bool:
    """Wait until every server answers."""
    health = make_url_path(_base_path(), "_stcore/health")
    until, left = time.monotonic() + START_SECONDS, list(ports)
    while left and time.monotonic() < until and all(server.poll() is None for server in servers):
        with suppress(OSError), urllib.request.urlopen(f"http://{HOST}:{left[0]}{health}", timeout=2):
            left.pop(0)
            continue
        time.sleep(0.05)
    return not left


if __name__ == "__main__":
    sys.exit(main())
