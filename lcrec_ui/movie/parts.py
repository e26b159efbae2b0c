"""The parts of a movie's page, from its poster to what everybody gave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lcrec_core.data.dataset import WHOLE_STARS, Dataset
from lcrec_core.data.titles import spoken
from lcrec_core.serving.confidence import Confidence, confidence
from lcrec_core.serving.filters import default_min_ratings
from lcrec_core.serving.lists import RATING, Wish
from lcrec_ui.frame import charts, giving, lookups, marks, movie_link, session
from lcrec_ui.frame.text import count, plain, signed
from lcrec_ui.movie import charts as movie_charts
from lcrec_ui.movie.wall import wall
from lcrec_ui.posters import shown

if TYPE_CHECKING:
    from lcrec_core.data.profile import Profile
    from lcrec_core.serving.recommender import Recommender

MOVIE = "movie_page"
"""Key of the fragment of everything that moves with the person's ratings."""
_NEIGHBOURS = 6
_POSTER = 220
"""Pixels of width."""

STYLE = """<style>
.st-key-movie_head { align-items: flex-start; }
.st-key-movie_head > [data-testid=stElementContainer]:has(.lcrec-poster) { flex: none; }
.st-key-movie_facts { flex: 1 1 20rem; min-width: 0; }
[class*='st-key-reason_'] a strong { font-weight: 600; }
@media (max-width: 640px) {
    .st-key-movie_head { display: grid !important; grid-template-columns: 7rem 1fr; gap: 0.75rem 1rem; }
    .st-key-movie_head > [data-testid=stElementContainer]:has(.lcrec-poster) {
        width: 7rem !important; grid-row: 1 / span 2;
    }
    .st-key-movie_head > :has(> .st-key-movie_facts), .st-key-movie_facts { display: contents !important; }
    .st-key-movie_facts > * { grid-column: 1 / -1; }
    .st-key-movie_facts > :nth-child(-n + 2) { grid-column: 2; }
    .st-key-movie_facts [data-testid=stHorizontalBlock]:has([data-testid=stMetric]) { row-gap: 0.5rem; }
}
</style>"""


@dataclass(frozen=True)
class _Guess:
    """What is predicted for the movie without the person's own rating of it."""

    profile: Profile
    """The person, had they not rated it."""
    rating: float
    probabilities: np.ndarray | None
    p_like: float | None
    confidence: Confidence


def movie(recommender: Recommender, person: session.Person, movie_id: int) -> None:
    """Poster, prediction, stars, the chance of each rating, and why."""
    guess = _guess(recommender, person.profile, movie_id)
    marks.told(person, MOVIE)
    _head(recommender, person, movie_id, guess)
    left, right = st.columns(2, gap="medium")
    with left:
        everybody = lookups.movie_ratings(recommender.data.name, movie_id)
        if guess.probabilities is not None or everybody.number:
            charts.draw(movie_charts.chances(everybody.values, guess.probabilities), "movie_chances")
    with right:
        _why(recommender, guess, movie_id)


def _guess(recommender: Recommender, profile: Profile, movie_id: int) -> _Guess:
    if (profile.movie_ids == movie_id).any():
        profile = profile.only(profile.movie_ids != movie_id)
    scale, probabilities = recommender.data.scale, recommender.probabilities(profile, [movie_id])
    of_this = None if probabilities is None else probabilities[0]
    rating = float(recommender.predict(profile, [movie_id])[0])
    number = int(recommender.catalogue.num_ratings[recommender.catalogue.positions([movie_id])[0]])
    sure = confidence(scale, rating, of_this, number, default_min_ratings(recommender.data))
    return _Guess(profile, rating, of_this, None if of_this is None else float(scale.p_at_least(of_this)), sure)


def _head(recommender: Recommender, person: session.Person, movie_id: int, guess: _Guess) -> None:
    film = lookups.movies(recommender.data.name)[movie_id]
    with st.container(horizontal=True, gap="large", key="movie_head"):
        shown.show(shown.images(recommender.data.name, [movie_id])[movie_id], _POSTER)
        with st.container(key="movie_facts", gap="small"):
            about = [f":gray-badge[{plain(genre)}]" for genre in film.genres]
            if about:
                st.markdown(" ".join(about))
            _numbers(recommender, person, movie_id, guess)
            st.markdown(_in_words(guess.confidence, film.num_ratings))
            with st.container(key="movie_yours", gap="small"):
                giving.stars(person, movie_id, film.title, recommender.data.scale, MOVIE)
                marks.buttons(person, movie_id, film.title, MOVIE)


def _numbers(recommender: Recommender, person: session.Person, movie_id: int, guess: _Guess) -> None:
    film, given = lookups.movies(recommender.data.name)[movie_id], giving.given_by(person, movie_id)
    with st.container(horizontal=True, gap="medium"):
        if given is None:
            st.metric("Predicted for you", f"{guess.rating:.2f} ★", width="content")
        else:
            who = "You gave" if person.stored else f"{plain(person.label)} gave"
            st.metric(who, f"{given:g} ★", width="content")
            # Of a visitor the prediction follows from the rating; of the data set's people it was learnt with it.
            change = _now(recommender, person, movie_id) - guess.rating if person.stored else None
            st.metric(
                "We would have guessed",
                f"{guess.rating:.2f}",
                None if change is None else f"{signed(change)} with your stars",
                delta_color="off",
                delta_arrow="off",
                width="content",
            )
        if guess.p_like is not None:
            st.metric(f"Chance of {WHOLE_STARS.like_threshold:g}+ stars", f"{guess.p_like:.0%}", width="content")
        if film.num_ratings:
            st.metric(
                "Everybody's average",
                f"{film.mean_rating:.2f}",
                count(film.num_ratings, "rating"),
                delta_color="off",
                delta_arrow="off",
                width="content",
            )


def _now(recommender: Recommender, person: session.Person, movie_id: int) -> float:
    """The prediction that counts the person's own rating in."""
    return float(recommender.predict(person.profile, [movie_id])[0])


def _in_words(sure: Confidence, num_ratings: int) -> str:
    """How much the prediction is worth; see `confidence`."""
    people = f"{count(num_ratings, 'person', 'people')} rated it"
    if sure.few:
        return f"**A guess.** Only {people}, and predictions for such movies are mostly luck."
    if sure.sureness is None or sure.p_near is None:
        return f"This model does not say how sure it is. {people}."
    return (
        f"**{sure.sureness}.** The model sees a {sure.p_near:.0%} chance that you give within a star of that; {people}."
    )


def _why(recommender: Recommender, guess: _Guess, movie_id: int) -> None:
    """What the person's own ratings do to the prediction, and what the movie is near to."""
    st.header("Why this prediction", anchor=False)
    (reasons,) = recommender.reasons(guess.profile, [movie_id], Wish(by=RATING))
    for number, reason in enumerate(reasons):
        with st.container(key=f"reason_{number}"):
            gave = f"{reason.rating:g} {'star' if reason.rating == 1 else 'stars'}"
            effect = f":green[{reason.effect:+.2f}]" if reason.effect > 0 else f":red[{reason.effect:+.2f}]"
            movie_link.title_link(
                f"{effect} because you gave **{plain(spoken(reason.title))}** {gave}", reason.movie_id
            )
    if reasons:
        st.caption("In stars: the prediction with that rating less the prediction without it.")
    movie_link.sentence(recommender.explain(guess.profile, movie_id).sentence)


def similar(recommender: Recommender, movie_id: int) -> None:
    """The movies most like one, of those with enough ratings to know."""
    data = recommender.data
    near = recommender.similar(movie_id, _NEIGHBOURS, min_ratings=default_min_ratings(data))
    if not near:
        return
    st.header("Similar movies", anchor=False)
    wall(data.name, [other for other, _ in near], "similar")


def everybody(data: Dataset, movie_id: int) -> None:
    """Who gave what, and when."""
    ratings = lookups.movie_ratings(data.name, movie_id)
    drawn = {"groups": movie_charts.groups(ratings), "time": movie_charts.in_time(ratings, data.scale)}
    there = {name: chart for name, chart in drawn.items() if chart is not None}
    if not there:
        return
    st.header("What everybody gave", anchor=False)
    for column, (name, chart) in zip(st.columns(len(there), gap="medium"), there.items(), strict=True):
        with column:
            charts.draw(chart, f"movie_{name}")
    st.caption(f"Averages of fewer than {movie_charts.FEWEST_IN_GROUP} ratings are left out: they are mostly luck.")
