"""The list with parts of a network switched off, and how it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import streamlit as st

from lcrec_core.data.profile import Profile
from lcrec_ui.frame import lookups, movie_link, session
from lcrec_ui.frame.failures import fragment
from lcrec_ui.frame.text import plain, stars
from lcrec_ui.lab import subject
from lcrec_ui.lab.words import LABELS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lcrec_core.serving.recommender import Recommender

SWITCHES = "lab_switches"
"""Key of the fragment."""
TOP = 5
PAPER, LCREC = "The paper's network", "LCRec"
_WHOSE, _OFF = "lab_whose", "lab_off"

_ABOUT = {
    PAPER: "Switch a part off, and the network predicts every movie anew without it: the part says to everybody, or of "
    "every movie, what it says on average. Nothing is trained again; what a network trained without a part reaches is "
    "in Table VII.",
    LCREC: "Switch a part off, and LCRec predicts every movie anew without it. Title, genres and the movie itself say "
    "of every movie what they say on average; without its LSTM the network is asked as before somebody's first rating; "
    "without the backbone it corrects the mean of all ratings instead. Nothing is trained again, so that this is "
    "what a part says in the whole model, and not what it is worth: LCRec trained without each of its parts is on the "
    "Compare page, under Parts of LCRec.",
}


class Switchable(Protocol):
    """A trained model with parts to be switched off."""

    @property
    def parts(self) -> Sequence[str]:
        """Those that it has."""

    def catalogue(self, profile: Profile, off: Collection = ()) -> np.ndarray:
        """Predicted ratings of every movie, float32 (M,), not clipped, without some parts."""


@fragment(key=SWITCHES)
def switches() -> None:
    """The top five of the whole network beside those of what is left of it."""
    person = session.person_of_a_part()
    networks: dict[str, tuple[Recommender, Switchable]] = {PAPER: subject.network()}
    ours = subject.lcrec_switches(networks[PAPER][0].data.name)
    if ours is not None:
        networks[LCREC] = ours
    whose = st.segmented_control(
        "Parts of", list(networks), default=PAPER, required=True, key=_WHOSE, persist_state="session"
    )
    recommender, network = networks[whose if whose in networks else PAPER]
    st.markdown(f"A list for {subject.whose(person)}, by predicted rating. {_ABOUT[whose]}")
    off = st.pills(
        "Switched off",
        network.parts,
        selection_mode="multi",
        format_func=lambda part: LABELS.get(part, ""),
        key=f"{_OFF}_{list(networks).index(whose)}",
        persist_state="session",
    )
    profile, catalogue = person.profile, recommender.catalogue
    passes = catalogue.passes(profile, subject.usual(recommender, person))
    whole, left = network.catalogue(profile), network.catalogue(profile, off)
    before, after = catalogue.best_first(passes, whole), catalogue.best_first(passes, left)
    # The list that moves comes first: on a phone it would be out of sight below the other.
    one, other = st.columns(2, gap="medium")
    with one.container(border=True, height="stretch", key="lab_left"):
        st.header(_without(off), anchor=False)
        _list(recommender, after, left, before)
    with other.container(border=True, height="stretch", key="lab_whole"):
        st.header("The whole network", anchor=False)
        _list(recommender, before, whole, None)
    st.caption(_moved(off, whole[passes], left[passes], before, after))


def _without(off: Sequence[str]) -> str:
    return f"Without {', '.join(LABELS[part] for part in off)}" if off else "With nothing switched off"


def _list(recommender: Recommender, order: np.ndarray, ratings: np.ndarray, before: np.ndarray | None) -> None:
    """The first of an order, each with where it stood before."""
    known, scale = lookups.movies(recommender.data.name), recommender.data.scale
    if not len(order):
        st.caption("Every movie with enough ratings is rated already.")
    with st.container(gap="xsmall"):
        for rank, position in enumerate(order[:TOP].tolist(), 1):
            movie_id = int(recommender.catalogue.movie_ids[position])
            rating = float(scale.clip(ratings[[position]])[0])
            moved = ""
            if before is not None:
                was = int(np.flatnonzero(before == position)[0]) + 1
                moved = "" if was == rank else f" :gray[{'▲' if was > rank else '▼'} from place {was:,}]"
            said = f":small[:yellow[{stars(rating)}] {rating:.2f}{moved}]"
            movie_link.title_link(f"**{rank}. {plain(known[movie_id].title)}** {said}", movie_id)


def _moved(off: Sequence[str], whole: np.ndarray, left: np.ndarray, before: np.ndarray, after: np.ndarray) -> str:
    if not off or not len(whole):
        return "Both lists are the same as long as nothing is switched off."
    stays = len(np.intersect1d(before[:TOP], after[:TOP]))
    return (
        f"{stays:d} of {min(TOP, len(before)):d} movies stay in the list. Over all {len(whole):,} movies that may "
        f"enter it, predictions move by {np.abs(whole - left).mean():.3f} stars on average, by "
        f"{np.abs(whole - left).max():.3f} at most."
    )
