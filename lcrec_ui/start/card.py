"""The card of the movie that is asked about, and what an answer does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from lcrec_core.errors import ProfileError
from lcrec_core.serving.onboarding import Answer, rating_of
from lcrec_ui.frame import lookups, movie_link, notices, profiles, read_out, session, sidebar
from lcrec_ui.frame.failures import callback, said
from lcrec_ui.frame.text import plain, quoted
from lcrec_ui.posters import shown
from lcrec_ui.start import rounds
from lcrec_ui.start.rounds import LENGTH, Round

if TYPE_CHECKING:
    from lcrec_core.data.dataset import Dataset
    from lcrec_core.serving.recommender import Recommender

START = "start"
"""Key of the page's fragment."""
_POSTER = 96
"""Pixels of width."""
_ANSWER = "answer"
"""What notices of answers are about."""

_LABELS = {
    Answer.LOVED: ("Loved it", ":material/favorite:"),
    Answer.FINE: ("It was fine", ":material/thumb_up:"),
    Answer.NOT_FOR_ME: ("Not for me", ":material/thumb_down:"),
    Answer.NOT_SEEN: ("Not seen", ":material/visibility_off:"),
}

# A card keeps its height whatever the title, so that neither the buttons nor the list below it move. The buttons are
# new with every movie and deaf for a moment: the second click of a double one would answer about a movie nobody read.
STYLE = """<style>
.st-key-question h2 { padding: 0 0 1.2rem; font-size: 1.5rem; line-height: 1.2; }
.st-key-asked { flex-wrap: nowrap; align-items: flex-start; }
.st-key-asked > [data-testid=stElementContainer]:has(.lcrec-poster) { flex: none; }
.st-key-about { flex: 1 1 0; min-width: 0; min-height: 5.6rem; }
.st-key-answers { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0.5rem; }
.st-key-answers > * { width: 100% !important; }
.st-key-answers button { width: 100%; min-height: 3rem; animation: deaf 0.35s; }
/* It moves nothing, and stays where less motion is asked for. */
[data-testid=stMain] .st-key-answers button { animation-duration: 0.35s !important; }
@keyframes deaf { from, 99% { pointer-events: none; } }
@media (max-width: 640px) {
    .st-key-answers { grid-template-columns: repeat(2, 1fr); }
    .st-key-question h2 { font-size: 1.25rem; }
    .st-key-asked > [data-testid=stElementContainer]:has(.lcrec-poster) { width: 4rem !important; }
    .st-key-about { min-height: 6rem; }
    .st-key-question, .st-key-top_five { padding: 0.75rem; gap: 0.5rem; }
    .st-key-beside > [data-testid=stLayoutWrapper] > [data-testid=stHorizontalBlock] { row-gap: 0.5rem; }
}
</style>"""


def question(recommender: Recommender, person: session.Person, asked: Round) -> bool:
    """Ask about one movie; whether there was one left.

    Args:
        recommender: Of the model in use.
        person: Who is on the screen, as whom ratings are kept.
        asked: The round they are in.
    """
    movie_id = rounds.next_movie(recommender, person)
    if movie_id is None:
        return False
    movie = lookups.movies(recommender.data.name)[movie_id]
    with st.container(key="question", border=True):
        progress(person, asked)
        with st.container(key="asked", horizontal=True, gap="medium"):
            shown.show(shown.images(recommender.data.name, [movie_id])[movie_id], _POSTER)
            with st.container(key="about", gap="xsmall"):
                st.markdown(f"## {plain(movie.title)}", anchors=False)
                genres = f" :small[:gray[{plain(', '.join(movie.genres))}]]" if movie.genres else ""
                movie_link.title_link(f"**About it**{genres}", movie_id)
        with st.container(key="answers"):
            for answer, (label, icon) in _LABELS.items():
                st.button(
                    read_out.button_label(label, movie.title),
                    icon=icon,
                    key=f"{answer}_{movie_id}",
                    on_click=_on_answer,
                    args=(person.owner, movie_id, str(answer)),
                )
        notices.here(_ANSWER, START)
        _keep_focus(asked, movie_id)
    return True


def progress(person: session.Person, asked: Round) -> None:
    """How far the round is, with the way back."""
    done = len(asked.answered)
    with st.container(horizontal=True, vertical_alignment="center", key="back"):
        st.progress(min(done / LENGTH, 1.0), text=f"{done} of {LENGTH}")
        last = lookups.movies(asked.owner.data)[asked.answered[-1].movie_id].title if done else ""
        st.button(
            read_out.button_label("Back", f"to {last}") if done else "Back",
            icon=":material/undo:",
            type="tertiary",
            key="answer_back",
            disabled=not done,
            on_click=_on_back,
            args=(person.owner,),
        )


def stars_of(data: Dataset) -> str:
    """What the answers count as: `5, 3 and 2 stars`."""
    loved, fine, not_for_me = (
        rating_of(answer, data.scale) for answer in (Answer.LOVED, Answer.FINE, Answer.NOT_FOR_ME)
    )
    return f"{loved:g}, {fine:g} and {not_for_me:g} stars"


def _keep_focus(asked: Round, movie_id: int) -> None:
    """The button that was pressed is gone with its movie: the keyboard goes on at the same answer of the next."""
    place = f".st-key-{asked.answered[-1].answer}_{movie_id} button" if asked.answered else ""
    st.html("<style>.st-key-focus { display: none; }</style>")
    with st.container(key="focus"):
        # Nothing from outside gets in but a number.
        st.html(f"<script>{_FOCUS.replace('PLACE', place)}</script>", unsafe_allow_javascript=True)


# What is drawn before this line may come to be a moment after it.
_FOCUS = """{
    const until = performance.now() + 1000, place = "PLACE";
    const look = () => {
        const button = place && document.querySelector(place), now = document.activeElement;
        if (button && (!now || now === document.body)) button.focus({ preventScroll: true });
        else if (place && performance.now() < until) requestAnimationFrame(look);
    };
    look();
}"""


@callback
def _on_answer(owner: session.Owner, movie_id: int, words: str) -> None:
    with said(_ANSWER, "Your answer was not kept. "), sidebar.gone_is_shown(START):
        if words not in list(Answer):
            raise ProfileError(f"{quoted(words)} is no answer")
        answer, asked = Answer(words), rounds.current(session.current_owner())
        rating = rating_of(answer, session.current_data().scale)
        begun = rating is not None and profiles.rate(owner, movie_id, rating)
        rounds.note(asked, movie_id, answer)
        notices.unsay(_ANSWER)
        sidebar.redraw(START, begun=begun)


@callback
def _on_back(owner: session.Owner) -> None:
    with said(_ANSWER, "Nothing was taken back. "), sidebar.gone_is_shown(START):
        asked = rounds.current(session.current_owner())
        if asked.answered:
            last = asked.answered[-1]
            if last.answer != Answer.NOT_SEEN:
                profiles.rate(owner, last.movie_id, None)
            rounds.take_back(asked)
        sidebar.redraw(START)
