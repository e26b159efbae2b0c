"""The file that a visitor brought: what it says, which movies its films are, and what the visitor decided of them.

It lives in the session until it is added, put away, or another file takes its place; a look at another page in between
loses nothing. Nothing of it is written before it is added.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from lcrec_core.errors import LCRecError
from lcrec_core.serving.importing import Holds
from lcrec_core.serving.matching import Fit, Match, Matcher
from lcrec_core.sources.history.entries import History
from lcrec_core.sources.history.read import read
from lcrec_ui.frame import lookups
from lcrec_ui.frame.text import clean

_BROUGHT, _ROUND = "history_brought", "history_round"


@dataclass
class Brought:
    """A file and what was decided of it."""

    file_id: str
    name: str
    """The file's, in one line."""
    history: History | None
    error: LCRecError | None = None
    """Why it could not be read."""
    data: str = ""
    """The data set that its films were matched with."""
    found: list[Match] = field(default_factory=list)
    """As they were matched."""
    chosen: dict[int, int | None] = field(default_factory=dict)
    """By place among the films: the movie that the visitor chose, or None where a film is to be left out."""
    holds: Holds = Holds.LATER

    def matches(self) -> list[Match]:
        """Each film with what the visitor decided."""
        return [
            replace(match, movie_id=self.chosen[place], candidates=(), why=_why(self.chosen[place]), fit=Fit.ID)
            if place in self.chosen
            else match
            for place, match in enumerate(self.found)
        ]

    def match_with(self, matcher: Matcher) -> None:
        """Match with a data set; where it is another than before, what was decided is void."""
        if self.history is not None and self.data != matcher.data_name:
            self.data, self.chosen = matcher.data_name, {}
            self.found = matcher.match(self.history.entries)

    def take_as(self, mark: str) -> None:
        """Take a list of films for those seen, or for those to see; the movies stay what they are."""
        if self.history is not None and self.history.bare and self.history.bare != mark:
            self.history = self.history.taken_as(mark)
            self.found = [
                replace(match, entry=entry) for match, entry in zip(self.found, self.history.entries, strict=True)
            ]


def _why(movie_id: int | None) -> str:
    return "left out by you" if movie_id is None else "chosen by you"


def uploader_key() -> str:
    """The key of the upload; another one after each file that was dealt with, so that it begins empty."""
    return f"history_file_{st.session_state.get(_ROUND, 0)}"


def current(uploaded: UploadedFile | None, data_name: str) -> Brought | None:
    """What was brought, read and matched once."""
    brought = held()
    # Who comes back from another page finds the upload empty, and what they brought still here.
    if uploaded is not None and (brought is None or brought.file_id != uploaded.file_id):
        brought = st.session_state[_BROUGHT] = _read(uploaded)
    if brought is None:
        return None
    brought.match_with(lookups.matcher(data_name))
    return brought


def taken_away() -> None:
    """In the upload's callback: a file that the visitor took away there is put away here."""
    if st.session_state.get(uploader_key()) is None:
        st.session_state.pop(_BROUGHT, None)


def held() -> Brought | None:
    """The same in a callback."""
    return st.session_state.get(_BROUGHT)


def done() -> None:
    """Put the file away, and what was decided of it."""
    st.session_state.pop(_BROUGHT, None)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def _read(uploaded: UploadedFile) -> Brought:
    name = clean(uploaded.name, 80) or "the file"
    try:
        return Brought(uploaded.file_id, name, read(uploaded.getvalue(), Path(name)))
    except LCRecError as error:
        return Brought(uploaded.file_id, name, None, error)
