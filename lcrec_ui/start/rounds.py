"""A round of ten questions: what was asked and answered, and what is asked next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from lcrec_core.serving.onboarding import Answer
from lcrec_core.store.profiles import NOT_INTERESTED
from lcrec_ui.frame import session

if TYPE_CHECKING:
    from lcrec_core.serving.recommender import Recommender

LENGTH = 10
"""Questions of a round."""
_ROUND, _NOT_SEEN = "start_round", "start_not_seen"


@dataclass(frozen=True)
class Answered:
    """A movie and what was said of it."""

    movie_id: int
    answer: Answer


@dataclass
class Round:
    """What somebody has answered so far."""

    owner: session.Owner
    """As whom."""
    answered: list[Answered] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether every question is answered."""
        return len(self.answered) >= LENGTH

    @property
    def rated(self) -> int:
        """How many of the movies they have seen."""
        return sum(said.answer != Answer.NOT_SEEN for said in self.answered)


def current(owner: session.Owner) -> Round:
    """The round that the person on the screen is in; another person begins another."""
    kept: Round | None = st.session_state.get(_ROUND)
    begun = session.state().begun
    if kept is not None and begun is not None and (kept.owner, owner.token) == begun:
        kept.owner = owner  # The profile began with an answer.
    if kept is None or kept.owner != owner:
        return begin(owner)
    return kept


def begin(owner: session.Owner) -> Round:
    """Ask ten more."""
    begun = st.session_state[_ROUND] = Round(owner)
    return begun


def note(asked: Round, movie_id: int, answer: Answer) -> None:
    """Keep an answer. One that comes twice, by a double click, counts once."""
    if asked.answered and asked.answered[-1].movie_id == movie_id:
        return
    asked.answered.append(Answered(movie_id, answer))
    if answer == Answer.NOT_SEEN:
        _not_seen(asked.owner.data).add(movie_id)


def take_back(asked: Round) -> None:
    """Forget the last answer, so that its movie is asked about again."""
    last = asked.answered.pop()
    _not_seen(asked.owner.data).discard(last.movie_id)


def next_movie(recommender: Recommender, person: session.Person) -> int | None:
    """The movie to ask about next: the one that tells most of those neither rated nor said to be unseen; or None."""
    skipped = set(_not_seen(recommender.data.name))
    if person.stored is not None:
        skipped.update(person.stored.marks.get(NOT_INTERESTED, ()))
    offered = recommender.suggestions(person.profile, 1 + len(skipped))
    return next((movie_id for movie_id in offered if movie_id not in skipped), None)


def _not_seen(data_name: str) -> set[int]:
    """What is not asked about again in this session."""
    return st.session_state.setdefault(_NOT_SEEN, {}).setdefault(data_name, set())
