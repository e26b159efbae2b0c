"""What is to be said to a visitor: kept in their session until it has been drawn where they look.

A callback cannot draw: when only a fragment runs, what its callback draws is dropped. So whoever has
something to say, in a callback or elsewhere, calls `say`, and the run that follows draws it: beside the thing
it is about where that calls `here`, else at the top of the fragment that runs, else at the top of the page.
Screen readers are told by the role that Streamlit's boxes have: "alert" for what went wrong, else "status".
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

Kind = Literal["error", "warning", "success"]

PAGE = "page"
"""Where a full run draws: at the page's top."""
ERROR_STAYS_SECONDS = 8.0
"""So long every run draws an error again: the next click may follow at once, and nobody reads that fast."""

_NOTICES, _TOP = "lcrec_notices", "lcrec_notices_top"
_ICONS = {"error": ":material/error:", "warning": ":material/info:", "success": ":material/check_circle:"}

# The page's top may be out of sight; what went wrong is not to be missed.
STYLE = """<style>
[data-testid=stLayoutWrapper]:has(> .st-key-notices [data-testid=stAlertContentError]) {
    position: sticky; top: 4rem; z-index: 20;
}
.st-key-notices > :has([data-testid=stAlertContentError]) { background: Canvas; border-radius: 0.5rem; }
</style>"""


@dataclass
class _Notice:
    text: str
    kind: Kind
    about: str | None
    home: str | None = None
    """Where it was drawn first, and is drawn as long as it stays."""
    drawn: bool = False
    """In the run that is going on, which may be broken off before the browser shows it."""
    since: float | None = None
    """End of the first run that drew it; None until then."""

    @property
    def over(self) -> bool:
        """Whether it has been there to be read."""
        stays = ERROR_STAYS_SECONDS if self.kind == "error" else 0.0
        return self.since is not None and time.monotonic() - self.since >= stays


def say(text: str, kind: Kind = "warning", about: str | None = None) -> None:
    """Have something said by the next run.

    Args:
        text: Markdown; whatever in it comes from outside is escaped.
        kind: What the box looks like.
        about: A thing that only one notice at a time is about, such as a movie's stars; see `here`.
    """
    if about is not None:
        unsay(about)
    said = _notices()
    if not any((notice.text, notice.kind, notice.about) == (text, kind, about) for notice in said):
        said.append(_Notice(text, kind, about))


def unsay(about: str) -> None:
    """Take back what was said about a thing, because it holds no longer."""
    said = _notices()
    said[:] = [notice for notice in said if notice.about != about]


def here(about: str, home: str) -> bool:
    """Draw what is to be said about a thing, in the container that is open; whether there was anything.

    Args:
        about: As `say` had it.
        home: Key of the fragment that calls, see `around`.
    """
    return _draw([notice for notice in _due(home) if notice.about == about], home)


@contextmanager
def around(home: str) -> Iterator[None]:
    """Wraps what a fragment draws: what it does not draw itself comes at its top, when nothing else runs.

    Args:
        home: The fragment's key.
    """
    _begin(home)
    top = st.container()
    yield
    if not _whole_page_runs():
        with top:
            _draw(_due(home), home)
    _end(home)


@contextmanager
def page() -> Iterator[None]:
    """Wraps a full run: what it says after `at_top` comes there as well. One that is broken off says it all again."""
    yield
    top = st.session_state.pop(_TOP, None)
    if top is not None:
        with top:
            _draw(_due(PAGE), PAGE)
        _end(PAGE)


@contextmanager
def inside(home: str) -> Iterator[None]:
    """The same for a fragment within another: what it does not draw is left for the other.

    Args:
        home: The fragment's key.
    """
    _begin(home)
    yield
    _end(home)


def at_top(*, last_chance: bool) -> None:
    """Draw what is to be said, in a full run and before the page's own content.

    Args:
        last_chance: There is no `page` around this run. Else what is about a thing waits for `here`.
    """
    _begin(PAGE)
    st.html(STYLE)
    top = st.session_state[_TOP] = st.container(key="notices")
    with top:
        _draw([notice for notice in _due(PAGE) if last_chance or notice.about is None], PAGE)
    if last_chance:
        _end(PAGE)


def _whole_page_runs() -> bool:
    context = get_script_run_ctx()
    return context is None or not context.fragment_ids_this_run


def _notices() -> list[_Notice]:
    return st.session_state.setdefault(_NOTICES, [])


def _begin(home: str) -> None:
    """A run draws anew what `home` holds, and what has been there to be read goes; a page holds everything."""
    said = _notices()
    for notice in said:
        if home in (PAGE, notice.home):
            notice.drawn = False
            notice.home = None if home == PAGE else notice.home
    said[:] = [notice for notice in said if notice.drawn or not notice.over]


def _due(home: str) -> list[_Notice]:
    return [notice for notice in _notices() if not notice.drawn and notice.home in (None, home)]


def _draw(due: list[_Notice], home: str) -> bool:
    boxes = {"error": st.error, "warning": st.warning, "success": st.success}
    for notice in due:
        notice.home, notice.drawn = home, True
        boxes[notice.kind](notice.text, icon=_ICONS[notice.kind])
    return bool(due)


def _end(home: str) -> None:
    for notice in _notices():
        if notice.home == home and notice.drawn and notice.since is None:
            notice.since = time.monotonic()
