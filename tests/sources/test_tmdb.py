"""Posters from a server of our own that answers like TMDB: kept, asked for once, and nothing where anything fails."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lcrec_core.sources import tmdb
from lcrec_core.sources.tmdb import Posters

JPEG = b"\xff\xd8\xff\xe0 a picture"
KEY = "0123456789abcdef"
Answer = tuple[int, bytes]


class Fake:
    """Answers by path, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.headers: list[str | None] = []

    def movie(self, tmdb_id: int, poster_path: object) -> None:
        self.answers[f"/3/movie/{tmdb_id}"] = (200, json.dumps({"poster_path": poster_path}).encode())


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    state = Fake()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            state.headers.append(self.headers.get("Authorization"))
            status, body = state.answers.get(self.path.partition("?")[0], (404, b"{}"))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", body.decode())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv(tmdb.BASE_ENV, f"http://127.0.0.1:{server.server_port}/")
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


LONG = 60.0


def test_a_poster_is_fetched_once_kept_and_there_for_the_next_process(fake: Fake, tmp_path: Path):
    fake.movie(603, "/abc_1.jpg")
    fake.answers["/t/p/w342/abc_1.jpg"] = (200, JPEG)
    assert Posters(KEY, tmp_path).get([603, 603], LONG) == {603: JPEG}
    assert fake.asked == [f"/3/movie/603?api_key={KEY}", "/t/p/w342/abc_1.jpg"]
    assert Posters(KEY, tmp_path).get([603]) == {603: JPEG}
    assert len(fake.asked) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["603.picture"]


def test_without_patience_it_is_there_the_next_time(fake: Fake, tmp_path: Path):
    fake.movie(603, "/a.jpg")
    fake.answers["/t/p/w342/a.jpg"] = (200, JPEG)
    posters = Posters(KEY, tmp_path)
    assert posters.get([603]) == {}
    assert posters.get([603], LONG) == {603: JPEG}
    assert len(fake.asked) == 2, "what is on its way is not asked for again"


def test_the_longer_kind_of_key_goes_into_a_header(fake: Fake, tmp_path: Path):
    fake.movie(603, None)
    Posters("ey.a.b", tmp_path).get([603], LONG)
    assert (fake.asked, fake.headers) == (["/3/movie/603"], ["Bearer ey.a.b"])


def test_a_movie_without_a_poster_is_not_asked_for_again(fake: Fake, tmp_path: Path):
    fake.movie(1, None)
    posters = Posters(KEY, tmp_path)
    assert posters.get([1, 2], LONG) == {}
    assert posters.get([1, 2], LONG) == {}
    assert len(fake.asked) == 2


@pytest.mark.parametrize(
    "path", ["//elsewhere.example/a.jpg", "/../a.jpg", "/a.svg", "/a.jpg?x=1", "http://elsewhere.example/a.jpg", 7, ""]
)
def test_an_answer_that_leads_elsewhere_is_not_followed(path: object, fake: Fake, tmp_path: Path):
    fake.movie(1, path)
    assert Posters(KEY, tmp_path).get([1], LONG) == {}
    assert len(fake.asked) == 1


def say(fake: Fake, status: int, body: bytes) -> None:
    fake.answers["/3/movie/1"] = (status, body)


def picture(fake: Fake, status: int, body: bytes) -> None:
    fake.movie(1, "/a.jpg")
    fake.answers["/t/p/w342/a.jpg"] = (status, body)


@pytest.mark.parametrize(
    ("prepare", "status", "body"),
    [
        (say, 200, b"no json"),
        (say, 200, b"[]"),
        (say, 401, b"{}"),
        (say, 500, b""),
        (say, 302, b"http://127.0.0.1:9/elsewhere"),
        (say, 200, b"x" * (1 << 19)),
        (picture, 200, b"<html>"),
        (picture, 200, JPEG + b"x" * tmdb.LARGEST),
        (picture, 503, b""),
    ],
)
def test_whatever_goes_wrong_there_is_no_picture_and_the_key_is_not_told(
    prepare: Callable[[Fake, int, bytes], None],
    status: int,
    body: bytes,
    fake: Fake,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
):
    prepare(fake, status, body)
    posters = Posters(KEY, tmp_path)
    assert posters.get([1], LONG) == {}
    assert posters.get([1], LONG) == {}
    assert sum(asked.startswith("/3/movie") for asked in fake.asked) == 1, "it waits before it asks again"
    assert KEY not in caplog.text
    assert not list(tmp_path.glob("*.picture"))


def test_who_cannot_be_reached_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    asked = []

    def unreachable(url: str, *_: object) -> bytes:
        asked.append(url)
        raise OSError("no network")

    posters = Posters(KEY, tmp_path, unreachable)
    assert posters.get([1], LONG) == {}
    assert posters.get([2, 3], LONG) == {}
    assert len(asked) == 1


def test_nothing_is_kept_longer_than_tmdb_allows(fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "603.picture").write_bytes(JPEG)
    assert Posters(KEY, tmp_path).get([603]) == {603: JPEG}
    monkeypatch.setattr(tmdb, "KEPT_SECONDS", -1)
    assert Posters(KEY, tmp_path).get([603], LONG) == {}
    assert len(fake.asked) == 1


def test_there_are_no_posters_without_a_key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(tmdb.KEY_ENV, raising=False)
    assert tmdb.key() == ""
    with pytest.raises(ValueError, match="with a key"):
        Posters(tmdb.key())
