"""Choosing a person of the data set, and the form that describes a created profile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from lcrec_core.data.dataset import AGE_BANDS, AGE_LABELS, GENDERS, Col, Dataset
from lcrec_core.errors import ProfileError
from lcrec_ui.frame import lookups, session
from lcrec_ui.frame.failures import callback
from lcrec_ui.frame.text import clean, count, quoted

MOST_OFFERED = 500
"""People in the list at once; more are found by narrowing the search."""

_CHOSEN = "people_chosen"


@dataclass(frozen=True)
class Description:
    """What a person may tell of themselves; every field may be left out."""

    name: str
    gender: str | None
    age: int | None
    occupation: str | None


def find(
    people: pd.DataFrame, *, user_id: str, gender: str | None, age: int | None, occupation: str | None
) -> list[int]:
    """Ids of the people that fit, by id.

    Args:
        people: What `lookups.people` returns.
        user_id: The id's first digits; '' for everybody. The exact id comes first.
        gender: F, M or None for any.
        age: First year of an age band, or None.
        occupation: Exactly as the data set writes it, or None.
    """
    fits = np.ones(len(people), dtype=bool)
    for column, wanted in ((Col.GENDER, gender), (Col.AGE, age), (Col.OCCUPATION, occupation)):
        if wanted is not None:
            fits &= (people[column] == wanted).fillna(False).to_numpy(dtype=bool)
    ids = people.loc[fits, Col.USER]
    digits = user_id.strip()
    if digits:
        ids = ids[ids.astype(str).str.startswith(digits)]
    return [int(found) for found in ids]


def chooser(data: Dataset) -> None:
    """Search by id, gender, age and occupation, and look as who is picked."""
    people = lookups.people(data.name)
    known = [column for column in (Col.GENDER, Col.AGE, Col.OCCUPATION) if people[column].notna().any()]
    # Where only the id is known of people, it has the whole width.
    left, right = st.columns(2, wrap=False) if known else (st.container(), st.container())
    gender = age = occupation = None
    with left:
        user_id = st.text_input("Id", key="people_id", type="search", live=True, placeholder="any")
        if Col.AGE in known:
            age = _any_of("Age", list(AGE_BANDS), AGE_LABELS)
    with right:
        if Col.GENDER in known:
            gender = _any_of("Gender", list(GENDERS), session.GENDER_WORDS)
        if Col.OCCUPATION in known:
            occupation = _any_of("Occupation", sorted(people[Col.OCCUPATION].dropna().unique()), {})
    found = find(people, user_id=user_id or "", gender=gender, age=age, occupation=occupation)
    if not found:
        st.info("Nobody in this data set is like that. Leave out one of the conditions.", icon=":material/search_off:")
        return
    st.selectbox(
        f"{len(found):,} people fit" if len(found) != 1 else "One person fits",
        found[:MOST_OFFERED],
        index=None,
        key=_CHOSEN,
        format_func=lambda user: _described(people, user),
        placeholder="Choose who to look as",
        on_change=_choose,
        args=(data.name,),
    )
    if len(found) > MOST_OFFERED:
        st.caption(f"The first {MOST_OFFERED} are listed; type an id or narrow the search to reach the others.")


def description_form(
    key: str, data: Dataset, label: str, on_sent: Callable[..., None], args: tuple, start: Description | None = None
) -> None:
    """A form for a profile's name and, where the data set knows them, gender, age and occupation.

    Args:
        key: Of the form; another for each person, so that nobody's fields are kept for somebody else.
        data: What it may ask follows from the data set.
        label: Of its button.
        on_sent: Called with `args` and what was entered, a `Description`.
        args: Whom the form was drawn for.
        start: What the fields hold at first.
    """
    start = start or Description("", None, None, None)
    people = lookups.people(data.name)
    with st.form(key, border=False):
        st.text_input("Name", value=start.name, max_chars=60, placeholder="optional", key=f"{key}_name")
        if people[Col.GENDER].notna().any():
            _optional(key, "Gender", list(GENDERS), start.gender, session.GENDER_WORDS)
        if people[Col.AGE].notna().any():
            _optional(key, "Age", list(AGE_BANDS), start.age, AGE_LABELS)
        if people[Col.OCCUPATION].notna().any():
            occupations = sorted(people[Col.OCCUPATION].dropna().unique())
            _optional(key, "Occupation", occupations, start.occupation, {})
        st.form_submit_button(label, type="primary", on_click=_sent, args=(key, on_sent, args, start))


@callback
def _sent(key: str, on_sent: Callable[..., None], args: tuple, start: Description) -> None:
    # What this data set does not know is not asked for, and stays as it is.
    entered = {
        field: st.session_state.get(f"{key}_{field}", getattr(start, field))
        for field in ("gender", "age", "occupation")
    }
    on_sent(*args, Description(st.session_state.get(f"{key}_name") or "", **entered))


def _any_of(label: str, options: list, words: Mapping[Any, str]) -> Any:
    return st.selectbox(
        label,
        options,
        index=None,
        placeholder="any",
        format_func=lambda option: clean(words.get(option, option)),
        key=f"people_{label.lower()}",
    )


def _optional(key: str, label: str, options: list, start: object, words: Mapping[Any, str]) -> None:
    if start is not None and start not in options:
        # What is stored is offered too: shown as "not given" it would be gone with the next save.
        options = [*options, start]
    st.selectbox(
        label,
        options,
        index=None if start is None else options.index(start),
        placeholder="not given",
        format_func=lambda option: clean(words.get(option, option)),
        key=f"{key}_{label.lower()}",
    )


def _described(people: pd.DataFrame, user_id: int) -> str:
    row = people.iloc[int(np.searchsorted(people[Col.USER].to_numpy(), user_id))]
    parts = [f"User {user_id}"]
    if not pd.isna(row[Col.GENDER]):
        parts.append(session.GENDER_WORDS[row[Col.GENDER]])
    if not pd.isna(row[Col.AGE]):
        parts.append(AGE_LABELS[int(row[Col.AGE])])
    if not pd.isna(row[Col.OCCUPATION]):
        parts.append(clean(row[Col.OCCUPATION]))
    return " · ".join([*parts, count(int(row["ratings"]), "rating")])


@callback
def _choose(data_name: str) -> None:
    chosen = st.session_state[_CHOSEN]
    if chosen is None:
        return
    st.session_state[_CHOSEN] = None
    if not isinstance(chosen, int):
        raise ProfileError(f"{quoted(chosen)} is not a user id")
    if data_name != session.current_data().name:
        raise ProfileError("the data on the screen changed in between; choose again")
    session.set_user(chosen)
    st.rerun()
