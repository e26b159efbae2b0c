"""The list with parts of the paper's network switched off, and how it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lcrec_core.models.paper.parts import Part
from lcrec_ui.frame import lookups, session
from lcrec_ui.frame.failures import fragment
from lcrec_ui.frame.text import plain, stars
from lcrec_ui.lab import subject
from lcrec_ui.lab.words import LABELS

if TYPE_CHECKING:
    from lcrec_core.serving.recommender import Recommender

SWITCHES = "lab_switches"
"""Key of the fragment."""
TOP = 5
_OFF = "lab_off"


@fragment(key=SWITCHES)
def switches() -> None:
    """The top five of the whole network beside those of what is left of it."""
    recommender, tracer = subject.network()
    person = session.person_of_a_part()
    st.markdown(
        f"The paper's list for {subject.whose(person)}, by predicted rating. Switch a part off, and the network "
        "predicts every movie anew without it: the part says to everybody, or of every movie, what it says on "
        "average. Nothing is trained again; what a network trained without a part reaches is in Table VII."
    )
    off = st.pills(
        "Switched off",
        tracer.parts,
        selection_mode="multi",
        format_func=lambda part: LABELS[part],
        key=_OFF,
        persist_state="session",
    )
    profile, catalogue = person.profile, recommender.catalogue
    passes = catalogue.passes(profile, subject.usual(recommender, person))
    whole, left = tracer.catalogue(profile), tracer.catalogue(profile, off)
    before, after = catalogue.best_first(passes, whole), catalogue.best_first(passes, left)
    # The list that moves comes first: on a phone it would be out of sight below the other.
    one, other = st.columns(2, gap="medium")
    with one.container(border=True, height="stretch", key="lab_left"):
        st.header(_without(off), anchor=False)
        st.markdown(_list(recommender, after, left, before))
    with other.container(border=True, height="stretch"):
        st.header("The whole network", anchor=False)
        st.markdown(_list(recommender, before, whole, None))
    st.caption(_moved(off, whole[passes], left[passes], before, after))


def _without(off: list[Part]) -> str:
    return f"Without {', '.join(LABELS[part] for part in off)}" if off else "With nothing switched off"


def _list(recommender: Recommender, order: np.ndarray, ratings: np.ndarray, before: np.ndarray | None) -> str:
    """The first of an order as a list in Markdown, each with where it stood before."""
    known, scale = lookups.movies(recommender.data.name), recommender.data.scale
    lines = []
    for rank, position in enumerate(order[:TOP].tolist(), 1):
        title = plain(known[int(recommender.catalogue.movie_ids[position])].title)
        rating = float(scale.clip(ratings[[position]])[0])
        moved = ""
        if before is not None:
            was = int(np.flatnonzero(before == position)[0]) + 1
            moved = "" if was == rank else f" :gray[{'▲' if was > rank else '▼'} from place {was:,}]"
        lines.append(f"{rank:d}. **{title}**  \n   :yellow[{stars(rating)}] {rating:.2f}{moved}")
    return "\n".join(lines) if lines else "Every movie with enough ratings is rated already."


def _moved(off: list[Part], whole: np.ndarray, left: np.ndarray, before: np.ndarray, after: np.ndarray) -> str:
    if not off or not len(whole):
        return "Both lists are the same as long as nothing is switched off."
    stays = len(np.intersect1d(before[:TOP], after[:TOP]))
    return (
        f"{stays:d} of {min(TOP, len(before)):d} movies stay in the list. Over all {len(whole):,} movies that may "
        f"enter it, predictions move by {np.abs(whole - left).mean():.3f} stars on average, by "
        f"{np.abs(whole - left).max():.3f} at most."
    )
