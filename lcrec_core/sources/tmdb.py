"""Real posters from TMDB, for whoever has a key of their own; nothing is asked without it.

The key stands in `LCREC_TMDB_KEY`; where it does not, there is no `Posters`. A picture is asked for by the movie's TMDB
id, which data sets with a links.csv know. Everything is fetched by this process in threads of its own, kept on disk and
served from there: nobody's browser asks TMDB. Whatever goes wrong, there is no picture, and the caller draws one.

TMDB allows keeping what it sends for six months, and asks for the words of `ATTRIBUTION` where its pictures are shown.
"""

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from lcrec_core.files import cache_folder, write_whole

KEY_ENV, BASE_ENV = "LCREC_TMDB_KEY", "LCREC_TMDB_URL"
"""Environment variables: the person's own key, and another address that answers like TMDB's (a mirror, or a test's)."""
ATTRIBUTION = "This product uses the TMDB API but is not endorsed or certified by TMDB."
KEPT_SECONDS = 180 * 24 * 3600
"""As long as TMDB allows."""
MISSING_SECONDS = 30 * 24 * 3600
"""So long a movie without a poster there is not asked for again."""
RETRY_SECONDS = 600
"""So long nothing is asked after TMDB could not be reached or refused the key."""
CONNECT_SECONDS, READ_SECONDS = 3, 5
LARGEST = 1 << 20
"""Bytes of a picture; what is larger is none of the size that was asked for."""
_API, _IMAGES, _SIZE = "https://api.themoviedb.org", "https://image.tmdb.org", "w342"
_LARGEST_ANSWER = 1 << 18
_THREADS = 4
_PATH = re.compile(r"/[A-Za-z0-9_-]{1,100}\.(?:jpg|jpeg|png|webp)")
_KINDS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
_LOG = logging.getLogger("lcrec")

Fetch = Callable[[str, dict[str, str], dict[str, str], int], bytes | None]
"""Address, query, headers and most bytes -> what it answers; None where it answers that there is no such thing.

Raises:
    OSError: It could not be reached, or refuses.
"""


def key() -> str:
    """The key that the environment names; empty where there is none, and then nothing is ever asked."""
    return os.environ.get(KEY_ENV, "").strip()


def kind_of(picture: bytes) -> str | None:
    """The media type of a picture by its first bytes; None for what is no picture that browsers show."""
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _KINDS.items() if picture.startswith(start)), None)


class Posters:
    """Posters by TMDB id, from disk or fetched in the background. Shared by all sessions and threads."""

    def __init__(self, key: str, folder: Path | None = None, fetch: Fetch | None = None) -> None:
        """Ask nothing yet.

        Args:
            key: The person's own, of either kind that TMDB gives out.
            folder: Where pictures are kept; in the cache unless given.
            fetch: Gets an address; over the network unless given.
        """
        if not key:
            raise ValueError("posters are asked for with a key, and there is none")
        self._key = key
        self._folder = folder or cache_folder() / "tmdb"
        self._fetch = fetch or _fetched
        self._lock = threading.Lock()
        self._going: dict[int, Future[None]] = {}
        self._not_before = 0.0
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="tmdb")

    def get(self, tmdb_ids: Iterable[int], seconds: float = 0.0) -> dict[int, bytes]:
        """The pictures that are there; those missing are fetched in the background and are there the next time.

        Args:
            tmdb_ids: Of the movies.
            seconds: How long to wait, in all, for what is not there yet.
        """
        wanted = list(dict.fromkeys(tmdb_ids))
        found = {tmdb_id: picture for tmdb_id in wanted if (picture := self._kept(tmdb_id)) is not None}
        going = [self._begin(tmdb_id) for tmdb_id in wanted if tmdb_id not in found and self._may_ask(tmdb_id)]
        if not going or seconds <= 0:
            return found
        wait(going, seconds)
        return {tmdb_id: picture for tmdb_id in wanted if (picture := found.get(tmdb_id) or self._kept(tmdb_id))}

    def _kept(self, tmdb_id: int) -> bytes | None:
        path = self._folder / f"{tmdb_id}.picture"
        if not _is_younger(path, KEPT_SECONDS):
            return None
        try:
            picture = path.read_bytes()
        except OSError:
            return None
        return picture if kind_of(picture) else None

    def _may_ask(self, tmdb_id: int) -> bool:
        if time.monotonic() < self._not_before:
            return False
        return not _is_younger(self._folder / f"{tmdb_id}.none", MISSING_SECONDS)

    def _begin(self, tmdb_id: int) -> Future[None]:
        with self._lock:
            going = self._going.get(tmdb_id)
            if going is None:
                going = self._going[tmdb_id] = self._threads.submit(self._bring, tmdb_id)
            return going

    def _bring(self, tmdb_id: int) -> None:
        """Fetch and keep one picture. Nothing is raised: whoever wanted it draws one of their own."""
        try:
            if time.monotonic() >= self._not_before:
                picture = self._asked(tmdb_id)
                if picture is None:
                    write_whole(self._folder / f"{tmdb_id}.none", b"")
                else:
                    write_whole(self._folder / f"{tmdb_id}.picture", picture)
        except (OSError, ValueError) as error:
            self._not_before = time.monotonic() + RETRY_SECONDS
            # Without the error's own words, in which the key may stand.
            _LOG.warning("no posters from TMDB for %d minutes: %s", RETRY_SECONDS // 60, type(error).__name__)
        finally:
            with self._lock:
                self._going.pop(tmdb_id, None)

    def _asked(self, tmdb_id: int) -> bytes | None:
        base = os.environ.get(BASE_ENV, "").strip().rstrip("/")
        # The longer kind of key is a token for a header, the shorter one a parameter.
        token = "." in self._key
        query = {} if token else {"api_key": self._key}
        headers = {"Authorization": f"Bearer {self._key}"} if token else {}
        answer = self._fetch(f"{base or _API}/3/movie/{int(tmdb_id)}", query, headers, _LARGEST_ANSWER)
        if answer is None:
            return None
        said: Any = json.loads(answer)
        path = said.get("poster_path") if isinstance(said, dict) else None
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            return None
        picture = self._fetch(f"{base or _IMAGES}/t/p/{_SIZE}{path}", {}, {}, LARGEST)
        return picture if picture is not None and kind_of(picture) else None


def _is_younger(path: Path, seconds: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime < seconds
    except OSError:
        return False


def _fetched(url: str, query: dict[str, str], headers: dict[str, str], most: int) -> bytes | None:
    # Imported late: most servers have no key.
    import requests

    patience = (CONNECT_SECONDS, READ_SECONDS)
    deadline = time.monotonic() + CONNECT_SECONDS + 2 * READ_SECONDS
    with requests.get(
        url, params=query, headers=headers, timeout=patience, stream=True, allow_redirects=False
    ) as answer:
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise OSError(f"status {answer.status_code}")
        content = bytearray()
        for block in answer.iter_content(1 << 14):
            content += block
            if len(content) > most or time.monotonic() > deadline:
                raise OSError("too large or too slow")
        return bytes(content)
