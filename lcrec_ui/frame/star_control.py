"""The stars that a movie is rated with: whole or half ones, as fine as the data set's scale.

Underneath it is a radio group with an option for each value, so that keyboard, finger and screen reader
find what they know: arrows move, the option says "3.5 stars", the group says which movie it is about.
`STYLE` draws each option as a star or as one half of a star. Giving the same stars again changes
nothing; taking them away is a button of its own. A finger is wider than half a star: there every whole star is one
target, and another tap on the last star that was given takes half of it away, or gives it back; see `hint`.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st

from lcrec_core.data.dataset import RatingScale
from lcrec_ui.frame import read_out
from lcrec_ui.frame.text import count, read_aloud

WIDTH = 240
"""Pixels that five stars take, whole or half."""
PREFIX = "stars_"
"""Begins the key of every star control; `STYLE` finds them by it."""


def control(
    movie_id: int, title: str, scale: RatingScale, given: float | None, on_change: Callable[..., None], owner: object
) -> None:
    """Draw the stars of a movie.

    Args:
        movie_id: Second argument of `on_change`; what was chosen is then at `chosen(movie_id)`.
        title: Names the group for who cannot see it.
        scale: The values that can be given.
        given: What is filled in: the rating as it is stored, or None. A value off the scale fills
            nothing, because every drawing of it would be another value.
        on_change: Called when another value is chosen.
        owner: First argument of `on_change`: whose stars they are.
    """
    values = scale.values.tolist()
    # What is stored decides what is filled in, so that undo, clear and a write that failed show as well.
    st.session_state[f"{PREFIX}{movie_id}"] = given if given in values else None
    st.radio(
        f"Stars for {read_aloud(title)}",
        values,
        index=None,
        format_func=in_words,
        key=f"{PREFIX}{movie_id}",
        on_change=on_change,
        args=(owner, movie_id),
        horizontal=True,
        label_visibility="collapsed",
    )


def hint(scale: RatingScale) -> None:
    """How half stars are given with a finger; in sight only where there is one."""
    if scale.step < 1:
        with st.container(key=_HINT):
            st.caption("Tap a star, and once more for half of it.")


def chosen(movie_id: int) -> Any:
    """What a visitor chose, in the callback of a control. It comes from outside: any value is possible."""
    return st.session_state[f"{PREFIX}{movie_id}"]


def in_words(stars: Any) -> str:
    """`1 star`, `3.5 stars`; what is no number stays as it is, for a browser can send anything."""
    return (count(1, "star") if stars == 1 else f"{stars:g} stars") if isinstance(stars, int | float) else str(stars)


def _drawing(fill: str) -> str:
    """A five-pointed star as the address of an image."""
    path = "M12 2.6l2.9 6 6.6.9-4.8 4.6 1.2 6.6-5.9-3.2-5.9 3.2 1.2-6.6L2.5 9.5l6.6-.9z"
    return (
        "url(\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E"
        f"%3Cpath d='{path}' fill='{fill}' stroke='black' stroke-width='1.6' stroke-linejoin='round'/%3E%3C/svg%3E\")"
    )


_HINT = "half_stars_hint"
_GROUP = f"[class*='st-key-{PREFIX}'] [data-testid=stRadioGroup]"
_OPTION = f"{_GROUP} > div"
_STAR = "label::before"
_HALVES = f"{_GROUP}:has(> :nth-child(6)) > div"
"""Options of a scale of half stars: it has ten of them, whole stars are five."""

# Only what is stored is filled: a pointer merely colours the outlines, for it stays where it clicked, and
# what it clicked may not have been kept.
# A star is 44 px wide and high. A half of one is 24 px wide, enough for a pointer; under a finger the whole star lies
# over its left half, unless it is the last one given: then that half lies over all of it.
STYLE = f"""
{_GROUP} {{ flex-wrap: nowrap; gap: 0; min-height: 2.75rem; margin-left: -0.4rem; }}
{_OPTION} label {{ position: relative; display: block; width: 2.75rem; height: 2.75rem; padding: 0; }}
{_OPTION} label[data-focus-visible] {{
    background: none; outline: 2px solid currentColor; outline-offset: -2px; border-radius: 0.4rem;
}}
{_OPTION} label > div {{ {read_out.HIDDEN} }}
{_OPTION} {_STAR} {{
    content: ""; position: absolute; inset: 0; background: #8A7A6C; background: light-dark(#8A7A6C, #A08F80);
    forced-color-adjust: none;
    -webkit-mask: {_drawing("none")} center / 2rem no-repeat; mask: {_drawing("none")} center / 2rem no-repeat;
}}
{_HALVES} label {{ width: 1.5rem; }}
{_HALVES}:nth-child(odd) {_STAR} {{ -webkit-mask-position: 0.5rem center; mask-position: 0.5rem center; }}
{_HALVES}:nth-child(even) {_STAR} {{ -webkit-mask-position: -1rem center; mask-position: -1rem center; }}
{_OPTION}:has(~ [data-selected]) {_STAR}, {_OPTION}[data-selected] {_STAR} {{
    background: #B07A08; background: light-dark(#B07A08, #F2C35C);
    -webkit-mask-image: {_drawing("black")}; mask-image: {_drawing("black")};
}}
@media (hover: hover) {{
    {_OPTION}:has(~ div label:hover) {_STAR}, {_OPTION}:has(label:hover) {_STAR} {{
        background: #B07A08; background: light-dark(#B07A08, #F2C35C);
    }}
}}
.st-key-{_HINT} {{ display: none; }}
@media (pointer: coarse) {{
    .st-key-{_HINT} {{ display: flex; }}
    {_HALVES}:nth-child(even) label {{ width: 3rem; margin-left: -1.5rem; z-index: 1; }}
    {_HALVES}:nth-child(even) {_STAR} {{ left: 1.5rem; }}
    {_HALVES}:nth-child(odd):has(+ [data-selected]) label {{ width: 3rem; margin-right: -1.5rem; z-index: 2; }}
    {_HALVES}:nth-child(odd):has(+ [data-selected]) {_STAR} {{ right: 1.5rem; }}
}}
@media (forced-colors: active) {{ {_OPTION} {_STAR} {{ background: CanvasText !important; }} }}
"""
