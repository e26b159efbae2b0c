"""One prediction laid open: Figure 3 with its numbers, what each part adds, and what the LSTM and the filters did."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from lcrec_ui.frame import charts, lookups, places, session
from lcrec_ui.frame.failures import fragment
from lcrec_ui.frame.tables import html_table
from lcrec_ui.frame.text import clean, count, plain, signed
from lcrec_ui.lab import charts as lab_charts
from lcrec_ui.lab import figure, subject
from lcrec_ui.lab.words import LABELS

if TYPE_CHECKING:
    from lcrec_core.models.lcrec.trace import LCRecTrace
    from lcrec_core.models.paper.steps import Firing
    from lcrec_core.models.paper.trace import Trace
    from lcrec_core.serving.recommender import Recommender

PREDICTION = "lab_prediction"
"""Key of the fragment."""
STRONGEST, LAST_STEPS = 8, 12
"""Filters, and movies of the history, that are listed at once."""


@fragment(key=PREDICTION)
def prediction() -> None:
    """Everything about one prediction."""
    recommender, tracer = subject.network()
    person = session.person_of_a_part()
    st.markdown(f"What the paper's network makes of one movie for {subject.whose(person)}, with every number of it.")
    chosen = subject.choose(recommender, person)
    trace = tracer.trace(chosen.profile, chosen.position)
    known = lookups.movies(recommender.data.name)
    titles = [known[movie_id].title for movie_id in recommender.catalogue.movie_ids[trace.history].tolist()]
    _figure(recommender, trace, chosen, titles)
    _adds_up(recommender, trace, chosen)
    if trace.firings:
        _filters(trace)
    if trace.lstm:
        _history(recommender, trace, titles)


def _figure(recommender: Recommender, trace: Trace, chosen: subject.Subject, titles: list[str]) -> None:
    known = lookups.movies(recommender.data.name)
    last = recommender.catalogue.movie_ids[trace.history[-figure.LAST_READ :]].tolist()
    movie = known[chosen.movie_id]
    with places.place("figure-3"):
        st.html(figure.STYLE)
        st.header(f"Figure 3, live: {plain(movie.title)}", anchor=False)
        if chosen.given is not None:
            st.caption(
                f"Rated with {chosen.given:g} stars already. That rating is left out here: nothing is predicted from "
                "itself."
            )
        read = {movie_id: known[movie_id] for movie_id in last}
        drawn = figure.figure(recommender, trace, chosen.profile, chosen.movie_id, movie, read)
        st.html(drawn)
    st.caption(
        "Grey edges: what the network reads. Blue edges: what it has learnt to make of it. Bars are the numbers "
        "themselves, up for positive ones and down for negative ones. A signed number is what a part adds to the "
        "prediction, in stars."
    )


def _adds_up(recommender: Recommender, trace: Trace, chosen: subject.Subject) -> None:
    st.header("What each part adds", anchor=False)
    parts = {LABELS[part]: added for part, added in trace.adds.items()}
    left, right = st.columns(2)
    with left:
        start = "Average movie and person", trace.average
        charts.draw(lab_charts.adds_up("The paper's network", start, parts, "Predicted"), "lab_paper_adds")
        table = pd.DataFrame(
            {
                "Part": [LABELS[part] for part in trace.adds],
                "Adds": [signed(added, ".3f") for added in trace.adds.values()],
                "Prediction without it": [f"{trace.without[part]:.3f}" for part in trace.adds],
            }
        )
        html_table(table, "What each part of the paper's network adds to this prediction")
        st.caption(
            "A part is left out by letting it say what it says on average, of all movies or of people; nothing is "
            "trained again. What parts do only together is shared out between them (Shapley values: the mean over all "
            f"orders of switching them on), so that {trace.average:.3f} and what they add make exactly "
            f"{trace.rating:.3f}."
        )
    with right:
        terms = _lcrec(recommender, chosen)
        if terms is not None:
            named = {
                "The movie": terms.movie,
                "The person": terms.person,
                "Taste": terms.taste,
                "Network, movie": terms.network,
                "Network, LSTM": terms.history,
            }
            chart = lab_charts.adds_up("LCRec", ("Mean of all ratings", terms.mean), named, "Predicted")
            charts.draw(chart, "lab_lcrec_adds")
            st.caption(
                f"The backbone is a sum: the mean, how well the movie is liked, how kindly the person rates, and how "
                f"the movie fits their taste make {terms.backbone:.3f}. The network then corrects it by "
                f"{terms.network + terms.history:+.3f}: first by the movie and by how sure the backbone is, "
                "then by what its LSTM read of the last ratings."
            )


def _lcrec(recommender: Recommender, chosen: subject.Subject) -> LCRecTrace | None:
    """LCRec's prediction of the same, where it is trained on this data."""
    ours = subject.lcrec_switches(recommender.data.name)
    if ours is None:
        return None
    from lcrec_core.models.lcrec.trace import trace

    return trace(ours[1].model, chosen.profile, chosen.position)


def _filters(trace: Trace) -> None:
    st.header("Which filters fire on which words", anchor=False)
    usual = trace.usual_firing.tolist()
    awake = [pair for pair in zip(trace.firings, usual, strict=True) if pair[0].activation > 0]
    awake.sort(key=lambda pair: pair[1] - pair[0].activation)
    st.markdown(
        f"Each of the CNN's {count(len(usual), 'filter')} looks at some words in a row. Marked is the window at which "
        "it is largest, the more strongly the more a word adds there; below zero it is silent. Words stand as the "
        "data set spells the title."
    )
    words = [word.text for word in trace.words]
    st.html(_firing_table(awake[:STRONGEST], words))
    if len(awake) > STRONGEST:
        with st.expander(f"The other {len(awake) - STRONGEST:d} that fire"):
            st.html(_firing_table(awake[STRONGEST:], words))


def _firing_table(firings: list[tuple[Firing, float]], words: list[str]) -> str:
    """Filters, each with its usual activation, and the title's words with its window marked."""
    most = max((added for firing, _ in firings for added in firing.by_word), default=0.0) or 1.0
    rows = []
    for firing, mean in firings:
        marked = " ".join(_marked(firing, place, word, most) for place, word in enumerate(words))
        rows.append(
            f'<tr><th scope="row">{firing.width} words, no. {firing.number + 1}</th><td>{marked}</td>'
            f'<td class="number">{firing.activation:.3f}</td><td class="number">{mean:.3f}</td></tr>'
        )
    said = "Filters of the title CNN, the strongest first, and the words that each fires on"
    return (
        f'<div class="lcrec-table" role="region" tabindex="0" aria-label="{said}"><table><caption>{said}</caption>'
        '<thead><tr><th scope="col">Filter</th><th scope="col">Fires on</th><th scope="col" '
        'class="number">Fires with</th><th scope="col" class="number">Usually</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _marked(firing: Firing, place: int, word: str, most: float) -> str:
    text = escape(clean(word))
    if place not in firing.places:
        return f'<span style="opacity:.75">{text}</span>'
    added = firing.by_word[place - firing.first]
    strength = 15 + 45 * min(max(added, 0.0) / most, 1.0)
    style = f"background:color-mix(in srgb, #2F7FC1 {strength:.0f}%, transparent);color:inherit;padding:.05rem .25rem"
    return f'<mark style="{style}" title="adds {signed(added, ".3f")}">{text}</mark>'


def _history(recommender: Recommender, trace: Trace, titles: list[str]) -> None:
    st.header("How the LSTM reads the history", anchor=False)
    top, read = trace.lstm[-1], trace.read.tolist()
    charts.draw(lab_charts.as_it_reads(read, titles), "lab_reads")
    forget, let_in = top.forget.mean(dim=1).tolist(), top.let_in.mean(dim=1).tolist()
    read_ids = recommender.catalogue.movie_ids[trace.history]
    steps = range(len(titles), max(0, len(titles) - LAST_STEPS), -1)
    table = pd.DataFrame(
        {
            "Movie read": [clean(titles[step - 1]) for step in steps],
            "Kept of the memory": [f"{forget[step]:.0%}" for step in steps],
            "Let in": [f"{let_in[step]:.0%}" for step in steps],
            "Prediction": [f"{read[step]:.3f}" for step in steps],
            "Changed by": [signed(read[step] - read[step - 1], ".3f") for step in steps],
        }
    )
    if len(table):
        html_table(
            table,
            "The last movies that the LSTM read, the latest first",
            {
                "Kept of the memory": "The forget gate of the upper layer, its mean.",
                "Let in": "The input gate of the upper layer, its mean.",
                "Prediction": "Of the movie chosen above, were the history over here.",
            },
            {"Movie read": [int(read_ids[step - 1]) for step in steps]},
        )
    st.caption(
        "Read are the movies of 3 stars and more, by the paper's rule; at most the last 200. What changes at each of "
        "them, from the start step on, makes up all that the history does."
    )
