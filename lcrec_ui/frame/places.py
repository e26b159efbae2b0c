"""What a link may ask for by name: `?show=table-7` opens the tab that has it and scrolls to it.

The tables and figures of the paper have names, and so have the views of the Compare page and of the Laboratory. The
name is taken out of the address once it has been followed, so that it does not undo what a visitor does next; the open
tab has a query parameter of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lcrec_ui.frame import in_browser
from lcrec_ui.frame.text import plain, quoted

SHOW = "show"
"""The query parameter."""
_ASKED = "lcrec_place"


@dataclass(frozen=True)
class _Page:
    """A page that has places."""

    file: str
    """Below `pages/`."""
    title: str
    tabs_key: str = ""
    """Of its tabs, and the query parameter that names the open one."""
    tabs: tuple[str, ...] = ()
    """Their labels; the first is open unless another is named."""


DATA = _Page("4_data.py", "Data", "data_view", ("Charts", "From files to numbers", "Get MovieLens"))
_TRAINING = _Page("5_training.py", "Training")
COMPARE = _Page(
    "6_compare.py",
    "Compare",
    "compare_view",
    ("Table VII", "Every model", "Lists", "Where they err", "How sure", "Parts of LCRec", "All bundles"),
)
LAB = _Page(
    "10_lab.py",
    "Laboratory",
    "lab_view",
    ("One prediction", "Switch parts off", "Top five", "Equations", "The paper by number"),
)


@dataclass(frozen=True)
class Place:
    """Something on a page that has a name."""

    page: _Page
    tab: str = ""
    """Label of the tab that has it."""
    label: str = ""
    """What it is called in the paper; empty where it is no table or figure of it."""
    about: str = ""
    """What the paper shows there."""


PLACES = {
    "table-1": Place(DATA, DATA.tabs[1], "Table I", "Users as the file has them"),
    "table-2": Place(DATA, DATA.tabs[1], "Table II", "Users as numbers"),
    "table-3": Place(DATA, DATA.tabs[1], "Table III", "Movies as the file has them"),
    "table-4": Place(DATA, DATA.tabs[1], "Table IV", "Movies as numbers"),
    "table-5": Place(DATA, DATA.tabs[1], "Table V", "The ratings of user 1"),
    "table-6": Place(_TRAINING, "", "Table VI", "Settings of the training"),
    "table-7": Place(COMPARE, COMPARE.tabs[0], "Table VII", "MSE and MAE of six models"),
    "figure-3": Place(LAB, LAB.tabs[0], "Figure 3", "The network, from a person and a movie to a rating"),
    "figure-4": Place(DATA, DATA.tabs[0], "Figure 4", "How the ratings are spread"),
    "figure-5": Place(_TRAINING, "", "Figure 5", "MSE over the training"),
    "figure-6": Place(_TRAINING, "", "Figure 6", "MAE over the training"),
    "figure-7": Place(LAB, LAB.tabs[2], "Figure 7", "The five movies recommended to a user"),
    **dict(
        zip(
            ("models", "lists", "errors", "certainty", "parts", "measured"),
            (Place(COMPARE, tab) for tab in COMPARE.tabs[1:]),
            strict=True,
        )
    ),
    **dict(
        zip(
            ("prediction", "switches", "top-five", "equations", "paper"),
            (Place(LAB, tab) for tab in LAB.tabs),
            strict=True,
        )
    ),
}
"""Everything that a link may ask for."""


def follow(title: str) -> None:
    """Follow what the visitor's link asks for: open its tab. Once per full run, before the address is written.

    Args:
        title: Of the page that is drawn.
    """
    name = st.session_state[_ASKED] = st.query_params.get(SHOW)
    if name is None:
        return
    page = PLACES[name].page if name in PLACES else None
    if page is None or page.title != title or not page.tabs:
        in_browser.set_query({}, [SHOW], tell=False)
        return
    tab = st.session_state[page.tabs_key] = PLACES[name].tab
    # The first tab has no parameter.
    in_browser.set_query({} if tab == page.tabs[0] else {page.tabs_key: tab}, [SHOW, page.tabs_key], tell=False)


def asked() -> str | None:
    """What the link that is followed in this run asks for; None: nothing that there is."""
    name = st.session_state.get(_ASKED)
    return name if name in PLACES else None


def elsewhere(title: str) -> None:
    """Where the link asks for what is on another page, or nowhere, say so and show the way.

    Args:
        title: Of the page that is drawn.
    """
    name = st.session_state.get(_ASKED)
    if name is None:
        return
    if name not in PLACES:
        st.info(
            f"The link asks for {plain(quoted(name))}, and nothing here has that name. The Laboratory lists the "
            "paper's tables and figures.",
            icon=":material/link_off:",
        )
    elif PLACES[name].page.title != title:
        link(name, f"{_called(name)} is on the page {PLACES[name].page.title}")


def _called(name: str) -> str:
    return PLACES[name].label or PLACES[name].tab


def link(name: str, label: str | None = None) -> None:
    """A link to a place, on this page or another.

    Args:
        name: Of the place.
        label: What it says; the place's own unless given.
    """
    st.page_link(
        f"pages/{PLACES[name].page.file}",
        label=label or _called(name),
        icon=":material/arrow_forward:",
        query_params={SHOW: name},
    )


def views(page: _Page, draw: Sequence[Callable[[], None]]) -> None:
    """The tabs of a page; only the open one is drawn.

    Args:
        page: Whose.
        draw: What draws each, in the order of the tabs.
    """
    tabs = st.tabs(list(page.tabs), key=page.tabs_key, on_change="rerun", bind="query-params")
    for tab, draw_view in zip(tabs, draw, strict=True):
        if tab.open:
            with tab:
                draw_view()


def place(name: str) -> DeltaGenerator:
    """A container that a link can ask for."""
    return st.container(key=name)


def arrive() -> None:
    """Scroll to the table or figure that is asked for, or to a row that the address names; at the end of a page.

    What is still being drawn is waited for in the browser.
    """
    name = asked()
    if name is not None and PLACES[name].label:
        in_browser.scroll_to(f".st-key-{name}")
    else:
        in_browser.scroll_to_row()
