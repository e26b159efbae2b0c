"""The server by itself: it listens to its own machine, and asks nobody outside for anything."""

import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from benchmarks.visitor import Visitor
from tests.serving import serve

# Put before every import of the server's process: notes whom it asks for, and lets nobody outside answer.
WATCH = """
    import ipaddress, os, socket

    asked = socket.getaddrinfo
    joined = socket.socket.connect

    def note(host):
        host = host.decode() if isinstance(host, bytes) else str(host)
        try:
            here = ipaddress.ip_address(host).is_loopback
        except ValueError:
            here = host in ("localhost", "None", "")
        if not here:
            with open(os.environ["OUTSIDE"], "a") as notes:
                notes.write(host + "\\n")
            raise OSError("nobody outside is asked in this test")

    def getaddrinfo(host, *rest, **options):
        note(host)
        return asked(host, *rest, **options)

    def connect(self, address):
        # Joining a datagram socket sends nothing; Streamlit learns the machine's own address so.
        if isinstance(address, tuple) and self.type != socket.SOCK_DGRAM:
            note(address[0])
        return joined(self, address)

    socket.getaddrinfo = getaddrinfo
    socket.socket.connect = connect
"""


def test_neither_a_start_nor_a_foreign_page_makes_it_ask_anybody(tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(WATCH))
    notes = tmp_path / "outside"
    with serve(tmp_path / "server", PYTHONPATH=str(tmp_path), OUTSIDE=str(notes)) as server:
        with Visitor(server.url) as visitor:
            visitor.visit()
        port = server.url.rpartition(":")[2]
        with pytest.raises(InvalidStatus):
            connect(f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=["streamlit"], origin="http://evil.example")
    assert not notes.exists(), notes.read_text()


def test_the_watch_of_this_file_sees_who_is_asked(tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(WATCH))
    notes = tmp_path / "outside"
    ask = "import socket; socket.create_connection(('outside.example', 80))"
    environment = {"PYTHONPATH": str(tmp_path), "OUTSIDE": str(notes)}
    subprocess.run([sys.executable, "-c", ask], env=environment, check=False, capture_output=True)
    assert notes.read_text() == "outside.example\n"


def test_it_listens_to_its_own_machine_unless_told_otherwise(tmp_path: Path):
    with serve(tmp_path, address=None) as server:
        port = int(server.url.rpartition(":")[2])
        with socket.socket() as visitor:
            visitor.settimeout(2)
            # Another address of this same machine: what listens to everybody answers there.
            assert visitor.connect_ex(("127.0.0.2", port)) != 0
