"""Looking back on a person's ratings: what the model expected of each, and its list after the first few of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lcrec_core.data.titles import spoken
from lcrec_core.metrics.rating import Errors
from lcrec_core.serving.filters import Filters, default_min_ratings
from lcrec_core.serving.hindsight import EVERYBODYS_MEAN, MODEL, MOVIE_MEAN, OWN_MEAN, Hindsight
from lcrec_ui.frame import charts, lookups, movie_link, session
from lcrec_ui.frame.text import count, plain, stars
from lcrec_ui.profile import charts as profile_charts

if TYPE_CHECKING:
    from lcrec_core.serving.recommender import Recommendation, Recommender

LOOKING_BACK = "looking_back"
"""Key of the fragment of the slider."""
FEWEST = 3
"""Ratings from which there is something to look back on."""
WINDOW = 20
"""Ratings that the error over time is a mean of."""
SURPRISES = 3
_FIRST_STOP = 5

_BY = {
    MODEL: "**The model**, from the ratings before it",
    MOVIE_MEAN: "The movie's average",
    OWN_MEAN: "The own average until then",
    EVERYBODYS_MEAN: "The average of all ratings",
}


def expected_and_given(recommender: Recommender, person: session.Person) -> None:
    """Each rating beside what the model expected before it was given, and its errors beside those of averages."""
    found = recommender.look_back(person.profile)
    st.header("Expected, and given", anchor="expected-and-given")
    if len(found) < FEWEST:
        st.info(
            f"With {count(FEWEST - len(found), 'more rating')} you see here how well the model guesses yours.",
            icon=":material/query_stats:",
        )
        return
    known = lookups.movies(recommender.data.name)
    titles = [known[movie_id].title for movie_id in found.movie_ids.tolist()]
    st.markdown(_verdict(found))
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(_table(found.errors()))
        st.caption(_how(recommender, person))
        _surprises(found, titles)
    with right:
        chart = profile_charts.expected_and_given(found, titles, recommender.data.scale)
        charts.draw(chart, "profile_expected")
    if len(found) >= 2 * WINDOW:
        charts.draw(profile_charts.error_over_time(found, WINDOW), "profile_errors")


def _verdict(found: Hindsight) -> str:
    errors = found.errors()
    gain = 1 - errors[MODEL].mae / errors[MOVIE_MEAN].mae if errors[MOVIE_MEAN].mae else 0.0
    off = f"The model's guesses were **{errors[MODEL].mae:.2f} stars** off on average"
    if gain > 0.005:
        return f"{off}, {gain:.0%} nearer than the movies' averages."
    if gain < -0.005:
        return f"{off}, {-gain:.0%} further than the movies' averages: it does not know you yet."
    return f"{off}, just as the movies' averages."


def _table(errors: dict[str, Errors]) -> str:
    lines = ["| Each rating guessed by | MSE | MAE |", "|---|---:|---:|"]
    lines += [f"| {_BY[by]} | {of.mse:.3f} | {of.mae:.3f} |" for by, of in errors.items()]
    return "\n".join(lines)


def _how(recommender: Recommender, person: session.Person) -> str:
    text = "MSE is the mean of the squared differences, MAE of the differences, in stars. Less is better."
    measured = recommender.bundle.metrics.get("test_mse")
    if measured is not None:
        text += f" Over everybody's test ratings this model has an MSE of {measured:.3f}."
    if person.profile.user_id is not None:
        text += (
            f" User {person.profile.user_id}'s ratings were among those that the model learnt from, so that it guesses "
            "them a little better than it would guess yours; the averages are of other people."
        )
    return text


def _surprises(found: Hindsight, titles: list[str]) -> None:
    st.markdown("**What surprised the model most**")
    with st.container(gap="xsmall", key="surprises"):
        for place in found.surprises(SURPRISES).tolist():
            given, expected = found.ratings[place], found.expected[MODEL][place]
            line = f"**{plain(titles[place])}** :small[:gray[given {given:g}, expected {expected:.1f}]]"
            movie_link.title_link(line, int(found.movie_ids[place]))


def after_so_many(recommender: Recommender, person: session.Person) -> None:
    """A slider over the person's own history: the list as it was then, and how near it came to what followed."""
    found = recommender.look_back(person.profile)
    if len(found) < FEWEST:
        return
    st.header("What it has learnt since the first rating", anchor="since-the-first-rating")
    key = f"looking_back_at_{recommender.data.name}"
    if not 0 <= st.session_state.get(key, 0) <= len(found):
        del st.session_state[key]
    known = st.slider(
        "Had you stopped after so many ratings",
        0,
        len(found),
        min(_FIRST_STOP, len(found)),
        key=key,
        help="The list and the guesses are made anew from these first ratings alone.",
    )
    profile = person.profile.only(np.isin(person.profile.movie_ids, found.movie_ids)).only(slice(0, known))
    best = recommender.top_n(profile, 5, Filters(min_ratings=default_min_ratings(recommender.data)))
    later = dict(zip(found.movie_ids[known:].tolist(), found.ratings[known:].tolist(), strict=True))
    # What is said of guesses takes its room also where there are none left: at the page's end nothing moves then.
    st.html("<style>.st-key-errors_then { min-height: 19.25rem; }</style>")
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch", key="list_then"):
        st.markdown(f"**The top five after {count(known, 'rating')}**")
        with st.container(gap="xsmall"):
            for rank, movie in enumerate(best, 1):
                movie_link.title_link(_line(rank, movie, later), movie.movie_id)
    with right.container(border=True, height="stretch", key="errors_then"):
        _errors_then(recommender.predict(profile, found.movie_ids[known:]), found, known)


def _line(rank: int, movie: Recommendation, later: dict[int, float]) -> str:
    given = later.get(movie.movie_id)
    said = "" if given is None else f" :green-badge[given {given:g} later]"
    title = plain(spoken(movie.title))
    return f"{rank}\\. **{title}** :small[:yellow[{stars(movie.predicted)}] {movie.predicted:.2f}]{said}"


def _errors_then(expected: np.ndarray, found: Hindsight, known: int) -> None:
    missing = len(found) - known
    if not missing:
        st.markdown("**Everything that was rated is known.**")
        st.caption("Move the slider back: what was rated later then shows how good the guesses were.")
        return
    later = found.ratings[known:]
    model, average = Errors.of(expected, later), found.errors(slice(known, None))[MOVIE_MEAN]
    st.markdown(f"**Its guesses of the {count(missing, 'rating')} that came later**")
    with st.container(horizontal=True):
        for name, value, other in (("MAE", model.mae, average.mae), ("MSE", model.mse, average.mse)):
            st.metric(
                f"{name} of the model",
                f"{value:.3f}",
                f"{value - other:+.3f} against the movies' averages",
                delta_color="inverse",
                width="content",
            )
    within = np.mean(np.abs(expected - later) <= 0.5)
    st.caption(f"{within:.0%} of them within half a star.")
