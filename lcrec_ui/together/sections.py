"""What is said of two people: how far they agree, where they differ, and a list for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from lcrec_core.data.titles import spoken
from lcrec_core.serving import together
from lcrec_core.serving.filters import Filters, default_min_ratings
from lcrec_core.serving.together import AVERAGE, CLOSER, FAIRNESS, FARTHER, FEWEST_IN_COMMON, LEAST_MISERY
from lcrec_core.store.profiles import NOT_INTERESTED
from lcrec_ui.frame import lookups, movie_link, session
from lcrec_ui.frame.text import count, plain, signed, stars
from lcrec_ui.posters import shown

if TYPE_CHECKING:
    from lcrec_core.serving.catalogue import Catalogue
    from lcrec_core.serving.recommender import Recommender
    from lcrec_core.serving.together import Agreement, ForBoth

LIST = "together_list"
"""Key of the fragment that makes the list for both."""
LENGTH = 10
"""Movies of it."""
MOST_DIFFERENT = 5

_STRATEGY, _RATED = "together_strategy", "together_rated"
_LABELS = {AVERAGE: "Average", LEAST_MISERY: "Least misery", FAIRNESS: "Fairness"}
_ABOUT = {
    AVERAGE: "Average: by the mean of both predictions.",
    LEAST_MISERY: "Least misery: by the lower of both predictions, so that nobody has to sit through a bad evening.",
    FAIRNESS: "Fairness: you take turns. Each movie is the pick of who has got less of what they like best so far.",
}

STYLE = """<style>
.st-key-for_both { gap: 0.6rem; }
[data-testid=stElementContainer]:has(> .stPageLink) { margin: 0; }
/* What both gave, below the title of the movie and no larger. */
[data-testid=stElementContainer]:has(> .stPageLink) + [data-testid=stElementContainer] p { font-size: 0.875rem; }
[class*='st-key-pair_'] { position: relative; padding-left: 3.4rem; min-height: 4rem; }
[class*='st-key-pair_']::before {
    content: ""; position: absolute; left: 0; top: 0.15rem; width: 2.5rem; height: 3.75rem;
    background-size: cover; border-radius: 0.2rem; box-shadow: 0 0 0 1px rgba(128, 118, 108, 0.28);
}
</style>"""


def agreement(catalogue: Catalogue, people: tuple[session.Person, session.Person]) -> None:
    """How far two people agree about what both have rated.

    Args:
        catalogue: Of the data set.
        people: The two.
    """
    st.header("How far you agree", anchor=False)
    found = together.agreement(catalogue, people[0].profile, people[1].profile)
    with st.container(horizontal=True, gap="large"):
        st.metric("Films in common", f"{found.in_common:,}", width="content")
        if found.difference is not None and found.strangers is not None:
            st.metric("You differ by", f"{found.difference:.2f} stars", width="content")
            st.metric("Two strangers", f"{found.strangers:.2f} stars", width="content")
        if found.correlation is not None:
            st.metric("Correlation", signed(found.correlation), width="content")
    st.markdown(in_words(found))
    if found.correlation is not None:
        st.caption(
            "Correlation: 1 where what one likes more the other does too, 0 where one says nothing of the other, "
            "-1 where it is the opposite."
        )


def in_words(found: Agreement) -> str:
    """An agreement as a sentence."""
    if found.verdict is None:
        films = count(found.in_common, "film") if found.in_common else "no film"
        return f"You have {films} in common: **too few to say** how far you agree. {FEWEST_IN_COMMON} are enough."
    said = {
        CLOSER: "You agree **more than two strangers** would.",
        FARTHER: "You agree **less than two strangers** would.",
    }.get(found.verdict, "You agree **about as far as two strangers** would: the difference may be chance.")
    return (
        f"{said} On average you differ by {found.difference:.2f} stars about a film; two people of the data set, drawn "
        f"at random from those who rated the same {count(found.in_common, 'film')}, differ by {found.strangers:.2f}."
    )


def differences(
    recommender: Recommender, people: tuple[session.Person, session.Person], names: tuple[str, str]
) -> None:
    """Where two people differ: in what both rated, and in what they would probably say of movies that neither has.

    Args:
        recommender: Of the model in use.
        people: The two.
        names: What they are called, in Markdown.
    """
    st.header("Where you differ", anchor=False)
    profiles = people[0].profile, people[1].profile
    left, right = st.columns(2, gap="medium")
    known = lookups.movies(recommender.data.name)
    with left.container(border=True, height="stretch"):
        st.subheader("About films that both rated", anchor=False)
        rated = together.rated_differently(recommender.catalogue, *profiles, n=MOST_DIFFERENT)
        _pictures("rated", recommender.data.name, [film.movie_id for film in rated])
        for film in rated:
            _row("rated", film.movie_id, known[film.movie_id].title, film.ratings, names, spec="g")
        if not rated:
            st.caption("There is none that you rated differently.")
    with right.container(border=True, height="stretch"):
        st.subheader("About films that neither rated, probably", anchor=False)
        found = together.predicted_differently(recommender, profiles, _filters(recommender, people), n=3)
        _pictures("predicted", recommender.data.name, [movie.movie_id for movies in found for movie in movies])
        for name, movies in zip(names, found, strict=True):
            if movies:
                st.markdown(f"Rather for **{name}**")
                for movie in movies:
                    _row("predicted", movie.movie_id, movie.title, movie.predicted, names)


def for_both(recommender: Recommender, people: tuple[session.Person, session.Person], names: tuple[str, str]) -> None:
    """A list for two people, by a strategy of theirs.

    Args:
        recommender: Of the model in use.
        people: The two.
        names: What they are called, in Markdown.
    """
    st.header("A list for both", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.session_state.setdefault(_STRATEGY, AVERAGE)
        strategy = (
            st.segmented_control(
                "Made by",
                list(_LABELS),
                format_func=lambda name: _LABELS[name],
                key=_STRATEGY,
                required=True,
                persist_state="session",
            )
            or AVERAGE
        )
        rated = st.toggle("Also films that one of you has seen", key=_RATED, persist_state="session")
    st.caption(_ABOUT[strategy])
    profiles = people[0].profile, people[1].profile
    filters = _filters(recommender, people, seen=rated)
    movies = together.for_both(recommender, profiles, strategy, LENGTH, filters, include_rated=rated)
    if not movies:
        st.info("There is no movie left that neither of you has rated.", icon=":material/filter_alt_off:")
        return
    _pictures("both", recommender.data.name, [movie.movie_id for movie in movies])
    with st.container(key="for_both"):
        for place, movie in enumerate(movies, 1):
            about = _about(movie, strategy, names)
            _row("both", movie.movie_id, movie.title, movie.predicted, names, before=f"{place}. ", about=about)


def _filters(recommender: Recommender, people: tuple[session.Person, session.Person], *, seen: bool = False) -> Filters:
    """Movies with enough ratings that neither said to be of no interest, nor to have seen unless that is asked for."""
    stored = [person.stored for person in people if person.stored is not None]
    unwanted = [profile.marks.get(NOT_INTERESTED, ()) if seen else profile.unwanted for profile in stored]
    return Filters(min_ratings=default_min_ratings(recommender.data), without=frozenset().union(*unwanted))


def _about(movie: ForBoth, strategy: str, names: tuple[str, str]) -> str:
    """What put it there, what was given, and its genres: in Markdown."""
    if movie.picked_by is not None:
        by = f"{names[movie.picked_by]} picked"
    else:
        by = f"average {movie.average:.2f}" if strategy == AVERAGE else f"lower {movie.lower:.2f}"
    gave = [f"{name} gave {given:g}" for name, given in zip(names, movie.ratings, strict=True) if given is not None]
    return " · ".join([by, *gave, plain(", ".join(movie.genres))])


def _pictures(section: str, data_name: str, movie_ids: list[int]) -> None:
    """Small posters beside the rows of a section."""
    row = f".st-key-pair_{section}_{{}}::before"
    st.html(f"<style>{shown.beside_rows(lookups.movies(data_name), movie_ids, row)}</style>")


def _row(
    section: str,
    movie_id: int,
    title: str,
    numbers: tuple[float, float],
    names: tuple[str, str],
    *,
    spec: str = ".2f",
    before: str = "",
    about: str = "",
) -> None:
    """A movie with what both gave it or are expected to give.

    Args:
        section: Tells its lists from each other.
        movie_id: Of the movie.
        title: As the data set spells it, or as people say it.
        numbers: The ratings or predictions.
        names: What the two are called, in Markdown.
        spec: How the numbers are written.
        before: What stands before the title, in Markdown.
        about: What stands behind it, in Markdown.
    """
    with st.container(gap=None, key=f"pair_{section}_{movie_id}"):
        behind = f" :small[:gray[{about}]]" if about else ""
        movie_link.title_link(f"{before}**{plain(spoken(title))}**{behind}", movie_id)
        said = [f"{name} :yellow[{stars(number)}] {number:{spec}}" for name, number in zip(names, numbers, strict=True)]
        st.markdown(" · ".join(said))
