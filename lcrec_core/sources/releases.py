"""What GroupLens publishes: names, sizes, terms."""

from dataclasses import dataclass

from lcrec_core.errors import DownloadError

GROUPLENS = "https://files.grouplens.org/datasets/movielens"


_NO_REDISTRIBUTION = (
    "free for research; do not pass the data on without permission; no commercial use without permission; "
    "do not claim that the University of Minnesota or GroupLens endorses you; cite the data set when you publish"
)


_SAME_TERMS = (
    "free for research; you may pass it on under these same terms; no commercial use without permission; "
    "do not claim that the University of Minnesota or GroupLens endorses you; cite the data set when you publish"
)


@dataclass(frozen=True)
class Release:
    """A data set as GroupLens publishes it."""

    url: str
    readme: str
    """Address of the data set's own README, which has the terms in full."""
    md5: str | None
    """None for a data set that GroupLens renews from time to time; it is then checked by content only."""
    size_mb: int
    licence: str
    """The terms in our words, one line."""


def _release(name: str, readme: str, md5: str | None, size_mb: int, licence: str) -> Release:
    return Release(f"{GROUPLENS}/{name}.zip", f"{GROUPLENS}/{name}-{readme}", md5, size_mb, licence)


RELEASES = {
    "ml-1m": _release("ml-1m", "README.txt", "c4d9eecfca2ab87c1945afe126590906", 6, _NO_REDISTRIBUTION),
    "ml-100k": _release(
        "ml-100k",
        "README.txt",
        "0e33842e24a9c977be4e0107933c0723",
        5,
        _NO_REDISTRIBUTION + "; send GroupLens a copy of what you publish",
    ),
    "ml-latest-small": _release("ml-latest-small", "README.html", None, 1, _SAME_TERMS),
    "ml-10m": _release("ml-10m", "README.html", "ce571fd55effeba0271552578f2648bd", 63, _NO_REDISTRIBUTION),
    "ml-20m": _release("ml-20m", "README.html", "cd245b17a1ae2cc31bb14903e1204af3", 190, _SAME_TERMS),
    "ml-25m": _release("ml-25m", "README.html", "6b51fb2759a8657d3bfcbfc42b592ada", 250, _SAME_TERMS),
    "ml-32m": _release("ml-32m", "README.html", "d472be332d4daa821edc399621853b57", 228, _SAME_TERMS),
    "ml-latest": _release("ml-latest", "README.html", None, 335, _SAME_TERMS),
}


def release_of(name: str) -> Release:
    """The release of that name.

    Raises:
        DownloadError: There is nothing to download under this name.
    """
    if name not in RELEASES:
        raise DownloadError(f"there is no data set {name!r} to download; there are {', '.join(RELEASES)}")
    return RELEASES[name]


def licence_text(name: str) -> str:
    """The terms a person accepts by downloading, in a few lines, with the address of the full text."""
    release = release_of(name)
    terms = "\n".join(f"  - {term.strip()}" for term in release.licence.split(";"))
    return (
        f"{name} (about {release.size_mb} MB) was collected by GroupLens, University of Minnesota. In short:\n"
        f"{terms}\n"
        f"  - there is no warranty of any kind\n"
        f"The terms in full: {release.readme}"
    )
