"""Download MovieLens from GroupLens, on the person's word that they accept its terms.

The file is fetched beside its place in the data folder, checked (is it a zip, is its md5 the
published one, can it be read to its end) and only then moved there: whatever goes wrong, the
data folder is as it was, and the next try starts afresh.
"""

import errno
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from lcrec_core.errors import DataError, DownloadError
from lcrec_core.files import DATA_ENV, data_folder
from lcrec_core.sources import movielens, published
from lcrec_core.sources.archive import MEGABYTE, check_is_zip
from lcrec_core.sources.datasets import place_atomically
from lcrec_core.sources.releases import Release, release_of

BASE_ENV = "LCREC_DOWNLOAD_URL"
"""Environment variable that names another address (a mirror) to download from."""

SECONDS_WITHOUT_ANSWER = 30


Progress = Callable[[int, int], None]
"""Called with the bytes fetched so far and the bytes in all (0 when the server does not say)."""


def download(name: str, *, progress: Progress | None = None) -> Path:
    """Fetch a data set into the data folder; call it only once the person has accepted the terms.

    Args:
        name: One of RELEASES.
        progress: Told about every block that arrives.

    Returns:
        The zip in the data folder.

    Raises:
        DownloadError: Offline, cut off, not the published file, or not readable; nothing is left behind.
        DataError: The data folder cannot be written to.
    """
    release = release_of(name)
    base = os.environ.get(BASE_ENV)
    url = f"{base.rstrip('/')}/{name}.zip" if base else release.url
    target = data_folder() / f"{name}.zip"

    def fetch_and_check(part: Path) -> None:
        _fetch(url, part, release, _Relay(progress, release.size_mb))
        _check(url, part, name, release)

    place_atomically(target, fetch_and_check)
    return target


class _Relay:
    """The progress bar pooch talks to; it passes the count on and stops a file of absurd size."""

    def __init__(self, progress: Progress | None, size_mb: int) -> None:
        self._total = self._done = 0
        self._progress = progress
        self._limit = (4 * size_mb + 10) * MEGABYTE

    @property
    def total(self) -> int:
        """Bytes in all, set by pooch from what the server says; 0 when it does not say."""
        return self._total

    @total.setter
    def total(self, count: int) -> None:
        self._total = count
        self._refuse_absurd(count)

    def _refuse_absurd(self, count: int) -> None:
        if count > self._limit:
            raise DownloadError(
                f"the server offers more than {self._limit // MEGABYTE} MB, several times the size of the data set; "
                f"nothing was kept",
                advice=f"check the address that {BASE_ENV} names, if you set it",
            )

    def update(self, count: int) -> None:
        self._done += count
        self._refuse_absurd(self._done)
        if self._progress:
            self._progress(min(self._done, self._total) if self._total else self._done, self._total)

    def reset(self) -> None:
        """Pooch starts again from 0 to fill the bar to its end; without a known size there is no end."""
        if self._total:
            self._done = 0

    def close(self) -> None:
        pass


def _fetch(url: str, part: Path, release: Release, relay: _Relay) -> None:
    # Imported late: both take a while, and most runs download nothing.
    import requests
    from pooch import HTTPDownloader

    fetch = HTTPDownloader(progressbar=relay, chunk_size=1 << 16, timeout=SECONDS_WITHOUT_ANSWER)
    try:
        fetch(url, str(part), None)
    # pooch reads the size that the server states as a number, which it need not be.
    except (requests.RequestException, ValueError) as error:
        raise DownloadError(f"{_reason(error, url)}; {_NOTHING_KEPT}", advice=_by_hand(release, url)) from error


def _check(url: str, part: Path, name: str, release: Release) -> None:
    """What arrived must be a zip, the published one where its md5 is known, and readable to its end."""
    from pooch import file_hash

    try:
        check_is_zip(part)
        md5 = file_hash(str(part), alg="md5")
        if release.md5 and md5 != release.md5:
            raise DownloadError(
                f"what arrived has the md5 {md5}, but the published file has {release.md5}: it was changed or damaged "
                f"on its way; {_NOTHING_KEPT}",
                advice=_by_hand(release, url),
            )
        published.check(movielens.read(part, name), part)
    except DataError as error:
        advice = "; ".join(filter(None, (error.advice, _by_hand(release, url))))
        raise DownloadError(f"the download is not usable: {error.message}; {_NOTHING_KEPT}", advice=advice) from error


_NOTHING_KEPT = "nothing was kept"
_STATUS = {
    401: "it wants a name and a password",
    403: "it does not allow this here",
    404: "it has no such file",
    407: "a proxy on the way wants a name and a password",
    408: "it has waited too long",
    410: "it has no such file any more",
    429: "it has been asked too often, wait a while",
}


def _reason(error: Exception, url: str) -> str:
    """What went wrong, as far as the error says it."""
    import requests

    host = urlsplit(url).hostname or "the server"
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return _of_status(error.response.status_code, error.response.reason)
    if isinstance(error, requests.exceptions.ProxyError):
        status = re.search(r"Tunnel connection failed: (\d{3}) ?([\w -]*)", str(error), re.ASCII)
        if status and status.group(1) == "407":
            return f"the proxy between here and {host} wants a name and a password (407 {status.group(2).strip()})"
        if status:
            return f"the proxy between here and {host} answered {status.group(1)} {status.group(2)}".rstrip()
        return f"the proxy between here and {host} cannot be reached"
    if isinstance(error, requests.exceptions.SSLError):
        return f"the certificate of {host} could not be verified"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"{host} did not answer within {SECONDS_WITHOUT_ANSWER} seconds"
    if isinstance(error, requests.Timeout):
        return f"{host} stopped answering for {SECONDS_WITHOUT_ANSWER} seconds"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection was cut in the middle of the file"
    if isinstance(error, requests.TooManyRedirects):
        return f"{host} sends from one address to the next without an end"
    if isinstance(error, requests.RequestException) and isinstance(error, ValueError):  # InvalidURL, MissingSchema, ...
        return "the address to download from is none"
    if isinstance(error, requests.ConnectionError):
        return _of_connection(error, host)
    return f"{host} gave an answer that cannot be read"


def _of_status(code: int, reason: str) -> str:
    meaning = _STATUS.get(code, "it has a fault of its own, try again later" if code >= 500 else "")
    return f"the server answered {code} {reason}".rstrip() + (f": {meaning}" if meaning else "")


def _of_connection(error: Exception, host: str) -> str:
    """Which way a connection failed, from the error that lies at its bottom."""
    causes: list[BaseException] = []
    cause: object = error
    while isinstance(cause, BaseException) and cause not in causes:
        causes.append(cause)
        inner = next((arg for arg in cause.args if isinstance(arg, BaseException)), None)
        cause = getattr(cause, "reason", None) or cause.__cause__ or cause.__context__ or inner
    for each in causes:
        if isinstance(each, socket.gaierror) or type(each).__name__ == "NameResolutionError":
            return f"the name {host} cannot be looked up from here (DNS)"
        if isinstance(each, ConnectionRefusedError):
            return f"{host} refused the connection"
        if isinstance(each, ConnectionResetError | BrokenPipeError) or type(each).__name__ in _CUT:
            return f"{host} broke the connection off"
        if isinstance(each, OSError) and each.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return f"there is no way from here to {host} ({each.strerror})"
    return f"{host} cannot be reached from here"


_CUT = ("RemoteDisconnected", "ProtocolError", "IncompleteRead")


def _by_hand(release: Release, url: str) -> str:
    return (
        f"it was asked for at {url}; try again, or get {release.url} in a browser and put it into {data_folder()} "
        f"(or the folder you name with {DATA_ENV})"
    )
