import errno
import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from lcrec_core.errors import DataError, DownloadError
from lcrec_core.sources import download, movielens
from lcrec_core.sources.releases import GROUPLENS, RELEASES, licence_text
from tests.movielens_files import csv_files, dat_files, write_zip

pytestmark = pytest.mark.usefixtures("any_counts")


class Server:
    """A little GroupLens on this machine; a test sets what it says next."""

    def __init__(self) -> None:
        self.content = b""
        self.status = 200
        self.cut_after: int | None = None
        self.promised: int | None = None
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                self.send_response(server.status)
                self.send_header("Content-Length", str(server.promised or len(server.content)))
                self.end_headers()
                self.wfile.write(server.content[: server.cut_after])

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/datasets"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LCREC_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def server(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serves a small made-up ml-1m whose md5 counts as the published one."""
    server = Server()
    server.content = write_zip(tmp_path / "published.zip", dat_files(), "ml-1m").read_bytes()
    md5 = hashlib.md5(server.content).hexdigest()
    monkeypatch.setitem(RELEASES, "ml-1m", replace(RELEASES["ml-1m"], md5=md5))
    monkeypatch.setenv("LCREC_DOWNLOAD_URL", server.url)
    yield server
    server.close()


def complaint(name: str = "ml-1m") -> str:
    with pytest.raises(DownloadError) as caught:
        download.download(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def left_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def test_a_download_is_checked_and_put_in_place(server: Server, folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = download.download("ml-1m", progress=lambda done, total: seen.append((done, total)))
    assert path == folder / "ml-1m.zip"
    assert path.read_bytes() == server.content
    assert server.asked == ["/datasets/ml-1m.zip"]
    assert left_in(folder) == ["ml-1m.zip"]
    size = len(server.content)
    assert seen[-1] == (size, size)
    assert all(0 < done <= total == size for done, total in seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_an_address_can_be_given(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LCREC_DOWNLOAD_URL", server.url + "/")
    assert download.download("ml-1m").exists()


def test_without_a_published_md5_the_content_is_checked(server: Server, folder: Path, tmp_path: Path) -> None:
    server.content = write_zip(tmp_path / "x.zip", csv_files(), "ml-latest-small").read_bytes()
    assert movielens.read(download.download("ml-latest-small")).name == "ml-latest-small"
    server.content = write_zip(tmp_path / "y.zip", csv_files() | {"ratings.csv": b"a,b\n"}, "x").read_bytes()
    text = complaint("ml-latest-small")
    assert "ratings.csv line 1" in text
    assert f"{server.url}/ml-latest-small.zip" in text
    assert ".part" not in text


class TestFailures:
    @pytest.fixture(autouse=True)
    def nothing_is_left_behind_and_a_rerun_works(self, server: Server, folder: Path) -> Iterator[None]:
        good = server.content
        yield
        assert left_in(folder) == []
        server.content, server.status, server.cut_after, server.promised = good, 200, None, None
        assert download.download("ml-1m").read_bytes() == good

    def test_a_wrong_md5(self, server: Server, tmp_path: Path) -> None:
        server.content = write_zip(tmp_path / "x.zip", dat_files() | {"README": b"changed"}).read_bytes()
        text = complaint()
        assert "md5" in text
        assert "ml-1m.zip in a browser and put it into" in text

    @pytest.mark.parametrize("share", [0.0, 0.5])
    def test_a_connection_cut_in_the_middle(self, server: Server, share: float) -> None:
        server.cut_after = int(len(server.content) * share)
        assert "cut in the middle" in complaint()

    def test_a_web_page_instead_of_the_zip(self, server: Server) -> None:
        server.content = b"<!DOCTYPE html><html>Please log in to this network</html>"
        assert "is a web page, not a zip" in complaint()

    def test_an_empty_answer(self, server: Server) -> None:
        server.content = b""
        assert "empty" in complaint()

    @pytest.mark.parametrize(("status", "said"), [(404, "404 Not Found"), (503, "503 Service Unavailable")])
    def test_a_refusal(self, server: Server, status: int, said: str) -> None:
        server.status = status
        assert f"the server answered {said}" in complaint()

    def test_a_file_of_absurd_size_is_stopped_at_once(self, server: Server) -> None:
        server.promised = 10**12
        assert "several times the size" in complaint()

    def test_offline(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        with monkeypatch.context() as patch:
            patch.setenv("LCREC_DOWNLOAD_URL", f"http://127.0.0.1:{port}")
            text = complaint()
        assert "127.0.0.1 refused the connection" in text
        assert "https://files.grouplens.org/datasets/movielens/ml-1m.zip in a browser" in text

    @pytest.mark.parametrize(
        ("status", "said"),
        [
            (403, "403 Forbidden: it does not allow this here"),
            (404, "404 Not Found: it has no such file"),
            (407, "407 Proxy Authentication Required: a proxy on the way wants a name and a password"),
            (429, "429 Too Many Requests: it has been asked too often"),
            (500, "500 Internal Server Error: it has a fault of its own"),
        ],
    )
    def test_what_a_status_means(self, server: Server, status: int, said: str) -> None:
        server.status = status
        assert f"the server answered {said}" in complaint()

    def test_a_proxy_that_wants_a_password_is_no_lost_network(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Proxy(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                self.send_response(407)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        with monkeypatch.context() as patch:
            patch.delenv("LCREC_DOWNLOAD_URL")
            patch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_port}")
            patch.setenv("https_proxy", f"http://127.0.0.1:{proxy.server_port}")
            patch.delenv("NO_PROXY", raising=False)
            patch.delenv("no_proxy", raising=False)
            text = complaint()
        proxy.shutdown()
        proxy.server_close()
        assert "the proxy between here and files.grouplens.org wants a name and a password (407" in text

    def test_a_name_that_cannot_be_looked_up(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        with monkeypatch.context() as patch:
            patch.setenv("LCREC_DOWNLOAD_URL", "http://mirror.example")
            patch.setattr(socket, "getaddrinfo", unknown)
            assert "the name mirror.example cannot be looked up from here (DNS)" in complaint()

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (requests.exceptions.ConnectTimeout(), "127.0.0.1 did not answer within"),
            (requests.exceptions.ReadTimeout(), "127.0.0.1 stopped answering"),
            (requests.exceptions.SSLError(), "the certificate of 127.0.0.1 could not be verified"),
            (requests.exceptions.TooManyRedirects(), "from one address to the next"),
            (
                requests.exceptions.ConnectionError(OSError(errno.ENETUNREACH, "Network is unreachable")),
                "no way from here",
            ),
            (requests.exceptions.ConnectionError(ConnectionResetError()), "broke the connection off"),
            (requests.exceptions.ConnectionError("?"), "127.0.0.1 cannot be reached from here"),
            (requests.exceptions.ProxyError("?"), "the proxy between here and 127.0.0.1 cannot be reached"),
            (ValueError("invalid literal for int()"), "an answer that cannot be read"),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
    )
    def test_each_failure_is_called_what_it_is(
        self, server: Server, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(requests, "get", fail)
            text = complaint()
        assert said in text
        assert "online" not in text

    @pytest.mark.parametrize("address", ["nonsense", "ftp://mirror.example", "http://"])
    def test_an_address_that_is_none(self, server: Server, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        with monkeypatch.context() as patch:
            patch.setenv("LCREC_DOWNLOAD_URL", address)
            assert "the address to download from is none" in complaint()

    def test_a_visitor_reads_no_folder_and_no_address_of_ours(self, server: Server, folder: Path) -> None:
        server.status = 503
        with pytest.raises(DownloadError) as caught:
            download.download("ml-1m")
        said = caught.value.for_visitors
        assert "nothing was kept" in said
        for ours in (str(folder), "LCREC_", server.url, "python -m"):
            assert ours not in said
            assert ours in str(caught.value) or ours == "python -m"

    def test_an_interrupt(self, server: Server) -> None:
        def interrupt(done: int, total: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            download.download("ml-1m", progress=interrupt)

    def test_a_full_disk(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_space(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(download, "_fetch", no_space)
            with pytest.raises(DataError, match="No space left"):
                download.download("ml-1m")


def test_a_failed_download_leaves_the_older_file_alone(server: Server, folder: Path) -> None:
    path = download.download("ml-1m")
    before = path.read_bytes()
    server.cut_after = 100
    complaint()
    assert path.read_bytes() == before
    assert left_in(folder) == ["ml-1m.zip"]


def test_a_folder_that_cannot_be_written(server: Server, folder: Path) -> None:
    folder.write_bytes(b"a file where the folder should be")
    with pytest.raises(DataError, match="LCREC_DATA"):
        download.download("ml-1m")


@pytest.mark.parametrize("name", ["demo", "ml-9m", "../x"])
def test_what_cannot_be_downloaded(name: str) -> None:
    with pytest.raises(DownloadError, match="there are ml-1m"):
        download.download(name)


@pytest.mark.parametrize("name", RELEASES)
def test_the_terms_name_what_matters_and_where_they_stand(name: str) -> None:
    text = licence_text(name)
    for word in ("research", "commercial", "endorse", "cite", f"{GROUPLENS}/{name}-README"):
        assert word in text


def test_the_published_addresses_and_checksums() -> None:
    assert RELEASES["ml-1m"].url == "https://files.grouplens.org/datasets/movielens/ml-1m.zip"
    assert RELEASES["ml-1m"].md5 == "c4d9eecfca2ab87c1945afe126590906"
    assert RELEASES["ml-100k"].md5 == "0e33842e24a9c977be4e0107933c0723"
