"""Equations (1) to (11) beside the lines of code that compute them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from lcrec_core.evaluation.paper_facts import EQUATIONS
from lcrec_core.files import REPOSITORY
from lcrec_ui.frame.text import plain
from lcrec_ui.lab.words import GLOSSARY


@dataclass(frozen=True)
class Source:
    """A line of our code."""

    file: str
    """Below the repository."""
    line: int
    name: str
    """Of the function or class that it stands in."""
    text: str


def sources() -> dict[int, list[Source]]:
    """Where each equation is computed, by its number: the line written out, and the layer that the models use."""
    from lcrec_core.metrics.rating import Errors
    from lcrec_core.models.layers import TitleCNN
    from lcrec_core.models.paper.network import PaperNetwork
    from lcrec_core.models.paper.steps import lstm_steps, title_firings

    cnn = source_of(TitleCNN.forward, ".amax(")
    found = {number: [source_of(lstm_steps, f"# ({number})")] for number in range(1, 7)}
    # What every prediction takes from the layer is the cell state.
    found[5].append(source_of(PaperNetwork.preference, "self.history_lstm("))
    found |= {number: [source_of(title_firings, f"({number})"), cnn] for number in (7, 8, 9)}
    found[9].append(source_of(PaperNetwork.movie_from_parts, "F.relu(self.movie_dense"))
    found[10] = [source_of(_getter(Errors.mse), "return"), source_of(Errors.of, "np.square")]
    found[11] = [source_of(_getter(Errors.mae), "return"), source_of(Errors.of, "np.abs")]
    return found


def source_of(function: Callable[..., Any], mark: str) -> Source:
    """The first line of a function that has a mark.

    Raises:
        LookupError: None has.
    """
    lines, first = inspect.getsourcelines(function)
    for offset, line in enumerate(lines):
        if mark in line:
            file = Path(inspect.getfile(function)).resolve().relative_to(REPOSITORY)
            return Source(file.as_posix(), first + offset, function.__qualname__, line.strip())
    raise LookupError(f"{function.__qualname__} has no line with {mark}")


def _getter(of: Any) -> Callable[..., Any]:
    """The function behind a property."""
    return of.fget


def equations() -> None:
    """What the words of the figure mean; then each equation, what it says, and its code."""
    st.header("In plain words", anchor=False)
    for word, meaning in GLOSSARY.items():
        st.markdown(f"**{plain(word)}.** {plain(meaning)}")
    st.header("Equations (1) to (11)", anchor=False)
    st.markdown(
        "Each equation of the paper beside the line of this program that computes it, and the layer that does so for "
        "every prediction. A test holds the two against each other."
    )
    where = sources()
    for equation in EQUATIONS:
        with st.container(border=True, key=f"equation_{equation.number}"):
            left, right = st.columns([2, 3], gap="medium", vertical_alignment="center")
            with left:
                st.markdown(f"**({equation.number:d})** {equation.about}")
                st.latex(equation.latex)
            with right:
                for source in where[equation.number]:
                    st.caption(f"`{source.name}` in `{source.file}`, line {source.line:d}")
                    # Colours of a language would be too faint on our grounds.
                    st.code(source.text, language=None, wrap_lines=True)
