"""Whose prediction of which movie is looked into, and by which networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from lcrec_core.data.profile import Profile
from lcrec_core.errors import BundleError
from lcrec_core.models import bundles
from lcrec_core.models.paper.family import PaperFamily
from lcrec_core.models.registry import FAMILIES
from lcrec_core.serving.filters import Filters, default_min_ratings
from lcrec_core.serving.lists import RATING, Wish
from lcrec_ui.frame import failures, in_browser, loaders, lookups, permissions, search, session
from lcrec_ui.frame.failures import callback
from lcrec_ui.frame.text import count, distinct, plain, quoted

if TYPE_CHECKING:
    from lcrec_core.models.lcrec.trace import Switches
    from lcrec_core.models.paper.trace import Tracer
    from lcrec_core.serving.recommender import Recommender

MOVIE = "movie"
"""The query parameter that names a movie."""
LCREC = "lcrec"
"""Name of the bundle that stands beside the paper's."""
FOUND = 8
"""Movies that a search shows."""
_CHOSEN, _QUERY, _PICK = "lab_chosen", "lab_query", "lab_pick"
_NAMED, _LONGEST_ID = "lab_named", 12


@dataclass(frozen=True)
class Subject:
    """One prediction."""

    profile: Profile
    """The person, without a rating of this very movie."""
    movie_id: int
    position: int
    """Of the movie in the catalogue."""
    given: float | None
    """The person's own stars for it."""


def papers_bundle(data_name: str) -> str:
    """The bundle of the paper's network: the one in use where it is one, or the data set's own.

    Raises:
        BundleError: There is none.
    """
    of_paper = [
        bundle.name for bundle in bundles.list_raters(data_name) if isinstance(FAMILIES[bundle.model], PaperFamily)
    ]
    in_use = session.current_bundle()
    if in_use in of_paper:
        return in_use
    return bundles.resolve(next(iter(of_paper), f"{data_name}/paper"))


def network() -> tuple[Recommender, Tracer]:
    """The paper's network, to answer and to be looked into.

    Raises:
        BundleError: There is none that fits.
    """
    return _tracer(loaders.recommender(papers_bundle(session.current_data().name)))


def with_network(draw: Callable[[], None]) -> None:
    """Draw what looks into the network; where there is none that fits, say so.

    The first visitor waits here for torch and the bundles.
    """
    slot = st.container()
    with slot.skeleton(height=420), slot:
        try:
            network()
        except BundleError as error:
            failures.explain(error)
            if permissions.may_manage():
                st.page_link("pages/5_training.py", label="Train one in the app", icon=":material/model_training:")
            else:
                st.caption(permissions.only_who_runs_it("train one"))
        else:
            draw()


# A recommender is told from another by being another object; the cached value holds on to it.
@st.cache_resource(
    max_entries=3,
    show_spinner="Looking into the network…",
    hash_funcs={"lcrec_core.serving.recommender.Recommender": id},
)
def _tracer(recommender: Recommender) -> tuple[Recommender, Tracer]:
    from lcrec_core.models.paper.model import PaperModel
    from lcrec_core.models.paper.trace import Tracer

    model = recommender.model
    assert isinstance(model, PaperModel)
    return recommender, Tracer(model)


def lcrec_switches(data_name: str) -> tuple[Recommender, Switches] | None:
    """LCRec of a data set with its parts to be switched off; where it is not there, that is said."""
    try:
        # Another model's name may stand for it where it is missing.
        return _switches(loaders.recommender(bundles.resolve(f"{data_name}/{LCREC}")))
    except BundleError as error:
        st.caption(f"LCRec cannot be shown beside it. {failures.sentence(error)}")
        return None


@st.cache_resource(max_entries=3, show_spinner=False, hash_funcs={"lcrec_core.serving.recommender.Recommender": id})
def _switches(recommender: Recommender) -> tuple[Recommender, Switches] | None:
    from lcrec_core.models.lcrec.model import LCRecModel
    from lcrec_core.models.lcrec.trace import Switches

    model = recommender.model
    return (recommender, Switches(model)) if isinstance(model, LCRecModel) else None


def usual(recommender: Recommender, person: session.Person) -> Filters:
    """Which movies may enter the lists of this page: well enough known, and not unwanted."""
    unwanted = person.stored.unwanted if person.stored else frozenset()
    return Filters(min_ratings=default_min_ratings(recommender.data), without=unwanted)


def choose(recommender: Recommender, person: session.Person) -> Subject:
    """Draw the choice of a movie and return the prediction that is meant."""
    data_name = recommender.data.name
    known = lookups.movies(data_name)
    best = recommender.top_n(person.profile, 5, usual(recommender, person), Wish(by=RATING))
    chosen = st.session_state.setdefault(_CHOSEN, {})
    if chosen.get(data_name) not in known:
        chosen[data_name] = best[0].movie_id if best else int(recommender.catalogue.movie_ids[0])
    query = search.typed("Movie to be predicted", _QUERY)
    if query:
        offered = list(lookups.title_index(data_name).search(query, FOUND).movie_ids)
        if not offered:
            st.caption(f"No title is like “{plain(query)}”.")
    else:
        offered = [movie.movie_id for movie in best]
    st.session_state[_PICK] = chosen[data_name]
    labels = distinct({movie_id: plain(known[movie_id].title) for movie_id in [chosen[data_name], *offered]})
    st.pills(
        "Movies",
        list(labels),
        format_func=lambda movie_id: labels.get(movie_id, ""),
        key=_PICK,
        on_change=_choose,
        args=(data_name,),
        label_visibility="collapsed",
    )
    return _subject(recommender, person.profile, chosen[data_name])


def _subject(recommender: Recommender, profile: Profile, movie_id: int) -> Subject:
    given = dict(zip(profile.movie_ids.tolist(), profile.ratings.tolist(), strict=True)).get(movie_id)
    position = int(recommender.catalogue.positions([movie_id])[0])
    if given is not None:
        profile = profile.only(profile.movie_ids != movie_id)
    return Subject(profile, movie_id, position, given)


@callback
def _choose(data_name: str) -> None:
    picked = st.session_state[_PICK]
    if picked is not None:
        st.session_state[_CHOSEN][data_name] = picked
        st.session_state[_NAMED] = str(picked)
        in_browser.set_query({MOVIE: str(picked)}, [MOVIE], tell=True)


def follow_link() -> None:
    """Take up the movie that a link names; once per full run."""
    named = st.query_params.get(MOVIE)
    if named is None or named == st.session_state.get(_NAMED):
        return
    st.session_state[_NAMED] = named
    data = session.current_data()
    movie_id = int(named) if named.isascii() and named.isdigit() and len(named) <= _LONGEST_ID else None
    if movie_id in lookups.movies(data.name):
        st.session_state.setdefault(_CHOSEN, {})[data.name] = movie_id
    else:
        st.info(
            f"The link names the movie {plain(quoted(named))}, which is not in this data.", icon=":material/link_off:"
        )


def whose(person: session.Person) -> str:
    """Whose predictions they are, in a line of Markdown."""
    return f"**{plain(person.label)}**, {count(len(person.profile.movie_ids), 'rating')}"
