"""What a visitor sees when something fails: the error's own line, or an apology with a number to quote.

Nothing else reaches the browser; the traceback goes to the log under the same number.
"""

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec
from uuid import uuid4

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from lcrec_core.errors import LCRecError
from lcrec_ui.frame import notices, once, permissions
from lcrec_ui.frame.text import plain, with_commands

_LOG = logging.getLogger("lcrec")
P = ParamSpec("P")


@contextmanager
def shown() -> Iterator[None]:
    """Show what goes wrong in this block where the block draws, and carry on after it.

    Streamlit's own signals (rerun, stop) are no errors and pass through.
    """
    try:
        yield
    except Exception as error:
        _shown(error)


def show_in_this_run() -> None:
    """The same for all that is left of this run, where no block can be put around it."""
    context = get_script_run_ctx()
    if context is not None:
        context.on_script_error = _shown


def fragment(
    key: str, *, run_every: float | None = None, within: bool = False
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """`st.fragment` that shows what goes wrong in it and what is to be said, inside the fragment.

    Its own reruns do not pass through `page.route`.

    Args:
        key: What `st.rerun` names it by.
        run_every: As for `st.fragment`.
        within: It is drawn by another fragment, which says what this one does not.
    """

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(draw)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            with notices.inside(key) if within else notices.around(key), shown():
                draw(*args, **kwargs)

        return st.fragment(guarded, key=key, run_every=run_every)

    return decorate


@contextmanager
def said(about: str | None = None, before: str = "") -> Iterator[None]:
    """For a callback, which cannot draw: what goes wrong in this block is said by the run that follows.

    Args:
        about: What the block is about, see `notices.say`.
        before: Words before the error's own.
    """
    try:
        yield
    except Exception as error:
        notices.say(f"{before}{sentence(error)}", "error", about)


def callback(act: Callable[P, None]) -> Callable[P, None]:
    """For `on_click` and `on_change`: a failure is said by the run that follows, and the page is drawn as it stands."""

    @functools.wraps(act)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with said():
                act(*args, **kwargs)
        finally:
            once.forget()

    return guarded


def explain(error: Exception, then: str = "") -> None:
    """Show an error here, and to whoever may do something about it what can be done.

    Args:
        error: What went wrong.
        then: What follows from it, as another sentence of ours.
    """
    said = sentence(error)
    if then:
        said = f"{said if said.endswith('.') else f'{said}.'} {then}"
    st.error(said, icon=":material/error:")
    if isinstance(error, LCRecError) and error.advice and permissions.may_manage():
        st.caption(f"What you can do, as whoever runs this server: {with_commands(error.advice)}")


def _shown(error: Exception) -> bool:
    """Show an error in Streamlit's place; True: it need not do so itself."""
    st.error(sentence(error), icon=":material/error:")
    return True


def sentence(error: Exception) -> str:
    """One line of Markdown for a visitor; anything but our own errors is logged with its traceback.

    Messages are plain text, and whatever somebody put into a link or a file may stand in them.
    """
    if isinstance(error, LCRecError):
        text = error.for_visitors
        begins_with_a_word = text.partition(" ")[0].rstrip(",:;").isalpha()  # `ml-1m.zip` is a file's name
        return plain(text[:1].upper() + text[1:] if begins_with_a_word else text)
    number = uuid4().hex[:8]
    _LOG.error("unexpected error %s", number, exc_info=error)
    return plain(
        f"Sorry, something went wrong here. Reload the page to try again; the log has the details under {number}."
    )
