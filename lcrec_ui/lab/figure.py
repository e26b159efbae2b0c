"""Figure 3 of the paper as a live picture: HTML with the numbers of one prediction.

Two ways lead down to the rating, as in the paper: the person's and the movie's. On a phone they stand one below the
other. Rows of bars are the features themselves, one bar a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from lcrec_core.data.dataset import AGE_LABELS
from lcrec_core.data.profile import Profile
from lcrec_core.models.paper.parts import Part
from lcrec_ui.frame import movie_link
from lcrec_ui.frame.charts import BLUE, ORANGE
from lcrec_ui.frame.lookups import Movie
from lcrec_ui.frame.session import GENDER_WORDS
from lcrec_ui.frame.text import clean, count, signed, stars
from lcrec_ui.lab.words import FIELD_LABELS

if TYPE_CHECKING:
    from lcrec_core.models.paper.trace import Trace
    from lcrec_core.serving.recommender import Recommender

LAST_READ = 4
"""Movies of the history that are named in the picture."""
_HEIGHT = 12
"""Of a bar of the largest value, in units of the picture."""
UP, DOWN = BLUE, ORANGE
_FULL = 0.15
"""Stars from which on a word has its full colour."""

STYLE = """<style>
.lab { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.2rem; font-size: 0.9rem; line-height: 1.35; }
.lab > .way { display: flex; flex-direction: column; min-width: 0; }
.lab h3 { font-size: 1rem; padding: 0 0 0.4rem; margin: 0; }
.lab .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0.6rem; flex: 1; }
.lab .pair > div { display: flex; flex-direction: column; min-width: 0; }
.lab .box { border: 1px solid color-mix(in srgb, currentColor 28%, transparent); border-radius: 0.5rem;
    padding: 0.5rem 0.65rem; min-width: 0; overflow-wrap: anywhere; }
.lab .grow { flex: 1; }
.lab .box b { font-weight: 600; }
.lab .box small { display: block; opacity: 0.82; font-size: 0.8rem; }
.lab .learnt { border-left: 4px solid #2F7FC1; } .lab .seen { border-left: 4px solid #8C8C8C; }
.lab .adds { float: right; font-variant-numeric: tabular-nums; font-weight: 600; margin-left: 0.5rem; }
.lab .down { text-align: center; opacity: 0.6; line-height: 1.1; padding: 0.15rem 0; }
.lab .rating { grid-column: 1 / -1; text-align: center; }
.lab .rating .box { display: inline-block; min-width: 60%; border-width: 2px; }
.lab .rating .big { font-size: 1.7rem; font-weight: 600; }
.lab img { display: block; width: 100%; height: 36px; margin-top: 0.25rem; }
.lab .word { display: inline-block; padding: 0.05rem 0.4rem; margin: 0.1rem 0.15rem 0.1rem 0; border-radius: 0.35rem;
    border: 1px solid color-mix(in srgb, currentColor 22%, transparent); }
.lab .word small { opacity: 0.9; }
@media (max-width: 640px) { .lab { grid-template-columns: 1fr; } .lab .way + .way { margin-top: 0.8rem; } }
</style>"""


def figure(
    recommender: Recommender, trace: Trace, profile: Profile, movie_id: int, known: Movie, read: Mapping[int, Movie]
) -> str:
    """The picture of one prediction.

    Args:
        recommender: Of the paper's network.
        trace: The prediction.
        profile: The person that was asked about.
        movie_id: Of the movie.
        known: What is known of it.
        read: What the LSTM read last, by id, in time order.
    """
    scale = recommender.data.scale
    rating = float(scale.clip(np.array([trace.rating]))[0])
    beyond = (
        "" if rating == trace.rating else f"<small>The network says {trace.rating:.2f}; the scale ends there.</small>"
    )
    down = '<div class="down" aria-hidden="true">↓</div>'
    person = (
        f'<div class="way"><h3>The person</h3><div class="pair"><div>{_fields(trace, profile)}{down}'
        f"{_feature('U_ef', trace.explicit, 'Embeddings, dense layers', _adds(trace, Part.FIELDS))}</div>"
        f"<div>{_history(trace, read)}{down}{_lstm(trace)}</div></div>{down}"
        f"{_feature('U_f', trace.user, 'Dense over U_ef and U_pf: the user feature')}</div>"
    )
    movie = (
        f'<div class="way"><h3>The movie: {movie_link.anchor(known.title, movie_id)}</h3>'
        f'<div class="pair"><div>{_embedded(trace, known)}'
        f"{down}{_box('learnt', '<b>Dense, fused</b><small>one layer each, then one over both</small>')}</div>"
        f"<div>{_title(trace)}{down}{_filters(trace)}</div></div>{down}"
        f"{_feature('M_f', trace.movie, 'Dense over both: the movie feature')}</div>"
    )
    result = (
        f'<div class="rating">{down}<div class="box"><small>Dense over U_f and M_f</small>'
        f'<span class="big">{rating:.2f}</span> <span aria-hidden="true">{stars(rating)}</span>'
        f"<small>The average movie for the average person: {trace.average:.2f}</small>{beyond}</div></div>"
    )
    said = "Figure 3 with the numbers of this prediction"
    return f'<div class="lab" role="group" aria-label="{said}">{person}{movie}{result}</div>'


def _box(kind: str, inner: str) -> str:
    return f'<div class="box {kind}">{inner}</div>'


def _adds(trace: Trace, part: Part) -> str:
    if part not in trace.adds:
        return ""
    return f'<span class="adds" title="What this adds to the prediction, in stars">{signed(trace.adds[part])}</span>'


def _feature(name: str, values: np.ndarray, about: str, adds: str = "") -> str:
    return _box("learnt", f"{adds}<b>{name}</b><small>{about}</small>{bars(values, name)}")


def _fields(trace: Trace, profile: Profile) -> str:
    values = {
        "users": "new" if profile.user_id is None else f"User {profile.user_id}",
        "genders": GENDER_WORDS.get(profile.gender or "", "not given"),
        "ages": AGE_LABELS.get(profile.age or 0, "not given"),
        "occupations": profile.occupation or "not given",
    }
    lines = "".join(
        f"<small>{FIELD_LABELS[name]}: {escape(clean(value))}{'' if trace.known_fields[name] else ' (unknown to it)'}"
        "</small>"
        for name, value in values.items()
    )
    return f'<div class="box seen grow"><b>Who it is</b>{lines}</div>'


def _history(trace: Trace, read: Mapping[int, Movie]) -> str:
    if not trace.lstm:
        return '<div class="box seen grow"><b>History</b><small>This network does not read it.</small></div>'
    latest_first = reversed(list(read.items()))
    last = "".join(f"<small>{movie_link.anchor(movie.title, movie_id)}</small>" for movie_id, movie in latest_first)
    some = f"<small>the last of them first:</small>{last}" if last else "<small>a learned start step alone</small>"
    return (
        f'<div class="box seen grow"><b>{count(len(trace.history), "liked movie")}</b><small>each as its M_f, in time '
        f"order</small>{some}</div>"
    )


def _lstm(trace: Trace) -> str:
    if not trace.lstm:
        return _box("learnt", "<b>no LSTM</b>")
    top = trace.lstm[-1]
    gates = (
        f"<small>{count(len(trace.lstm), 'layer')}; the gates on average: forget {float(top.forget.mean()):.2f}, "
        f"input {float(top.let_in.mean()):.2f}, output {float(top.output.mean()):.2f}</small>"
    )
    return _box(
        "learnt",
        f"{_adds(trace, Part.HISTORY)}<b>LSTM → U_pf</b>{gates}{bars(trace.preference, 'U_pf')}",
    )


def _embedded(trace: Trace, known: Movie) -> str:
    itself = "its own embedding" if trace.known_movie else "unknown: nobody rated it in the training part"
    genres = escape(clean(", ".join(known.genres))) or "none"
    return (
        f'<div class="box seen grow">{_adds(trace, Part.MOVIE)}<b>The movie itself</b><small>{itself}</small></div>'
        f'<div class="box seen grow" style="margin-top:.4rem">{_adds(trace, Part.GENRES)}<b>Genres</b>'
        f"<small>{genres}</small></div>"
    )


def _title(trace: Trace) -> str:
    if not trace.firings:
        return '<div class="box seen grow"><b>Title</b><small>This network does not read it.</small></div>'
    words = "".join(word_chip(word.text, word.effect, known=word.known) for word in trace.words)
    return (
        f'<div class="box seen grow"><b>Title words</b><div>{words or "<small>none</small>"}</div>'
        "<small>with what the prediction gains from each, in stars</small></div>"
    )


def _filters(trace: Trace) -> str:
    if not trace.firings:
        return _box("learnt", "<b>no CNN</b>")
    activations = np.array([firing.activation for firing in trace.firings])
    awake = int((activations > 0).sum())
    return _box(
        "learnt",
        f"{_adds(trace, Part.TITLE)}<b>CNN</b><small>convolutions, then the largest of each filter: {awake} of "
        f"{len(activations)} filters fire</small>{bars(activations, 'Title features')}",
    )


def word_chip(text: str, effect: float, *, known: bool) -> str:
    """A word of the title, the more coloured the more it moves the prediction."""
    colour, strength = UP if effect >= 0 else DOWN, min(abs(effect) / _FULL, 1.0)
    background = f"background:color-mix(in srgb, {colour} {strength * 45:.0f}%, transparent)"
    said = signed(effect) if known else "unknown"
    return f'<span class="word" style="{background}">{escape(clean(text))} <small>{said}</small></span>'


def bars(values: np.ndarray, name: str) -> str:
    """A row of numbers as bars, up for positive and down for negative ones, as high as the largest allows.

    An image, because the browser's part of Streamlit takes drawings out of HTML.
    """
    largest = float(np.abs(values).max(initial=0)) or 1.0
    paths = {UP: "", DOWN: ""}
    for place, value in enumerate(values.tolist()):
        height = value / largest * _HEIGHT
        if abs(height) >= 0.05:
            paths[UP if value > 0 else DOWN] += f"M{place}.5 {_HEIGHT}v{-height:.1f}"
    drawn = "".join(f'<path d="{path}" stroke="{colour}" stroke-width=".8"/>' for colour, path in paths.items() if path)
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {max(len(values), 1)} {2 * _HEIGHT}" '
        f'preserveAspectRatio="none">{drawn}</svg>'
    )
    about = f"{name}: {len(values)} numbers from {values.min(initial=0):.2f} to {values.max(initial=0):.2f}"
    return f'<img src="data:image/svg+xml,{quote(picture)}" alt="{escape(about)}">'
