"""A store's file with flipped bits: every call answers with something that can be true, or says that it failed.

What a flipped bit makes of one allowed value is another allowed value, which nobody can tell. Everything else is
damage, and no part of it is given out.
"""

import contextlib
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lcrec_core.data.dataset import AGE_BANDS, GENDERS
from lcrec_core.errors import ProfileError
from lcrec_core.store.profiles import ProfileStore, StoredProfile, Undone
from lcrec_core.store.sqlite import sqlite_url
from tests.faults.errors import unclear
from tests.faults.killed_store import integrity
from tests.faults.outcome import Kind
from tests.faults.sandbox import attempt, one_line

FILMS = 60


def make_store(file: Path) -> list[str]:
    """Three people with everything a profile can have; their tokens."""
    store = ProfileStore(sqlite_url(file))
    start = [(film, 0.5 * (1 + film % 10), 1_400_000_000 + film) for film in range(1, FILMS)]
    tokens = [
        store.create("demo", name="Ada Łovelace", gender="F", age=25, occupation="programmer", ratings=start),
        store.create("ml-1m", name="Bo", copied_from=7, ratings=start[:9]),
        store.create("demo"),
    ]
    for film in range(1, 30):
        for who in (0, 2):
            store.rate(tokens[who], 2 * film, 4.5, 1_500_000_000 + film)
    for who in (0, 2):
        store.clear(tokens[who], 4)
        store.undo(tokens[who])
        store.undo(tokens[who])
    return tokens


def _calls(tokens: list[str]) -> list[tuple[str, Callable[[ProfileStore], Any]]]:
    first, second, third = tokens
    return [
        ("get", lambda store: store.get(first)),
        ("get", lambda store: store.get(second)),
        ("get", lambda store: store.get(third)),
        ("undo", lambda store: store.undo(third)),
        ("rate", lambda store: store.rate(first, 5, 3.5)),
        ("rate a new film", lambda store: store.rate(first, 10_000, 0.5)),
        ("clear", lambda store: store.clear(first, 6)),
        ("undo", lambda store: store.undo(first)),
        ("undo", lambda store: store.undo(first)),
        ("undo", lambda store: store.undo(first)),
        ("undo", lambda store: store.undo(first)),
        ("update", lambda store: store.update(second, name="Cy", age=35)),
        ("create", lambda store: store.create("demo", name="new")),
        ("get", lambda store: store.get(first)),
        ("delete", lambda store: store.delete(first)),
    ]


def check_one(seed: int, index: int, place: Path) -> str | None:
    shared, file = place.parent / "sound.sqlite", place / "profiles.sqlite"
    tokens = (place.parent / "tokens.txt").read_text().split()
    rng = np.random.default_rng([seed, index])
    content = np.frombuffer(shared.read_bytes(), np.uint8).copy()
    # Most of a page is empty; every other try aims at bytes that say something.
    places = np.flatnonzero(content) if index % 2 else np.arange(len(content))
    for place_of_byte in rng.choice(places, size=(1, 1, 1, 8)[index % 4]):
        content[place_of_byte] ^= 1 << int(rng.integers(8))
    file.write_bytes(content.tobytes())
    try:
        store = ProfileStore(sqlite_url(file))
    except ProfileError as error:
        return unclear(error, place)
    for name, call in _calls(tokens):
        problem = _answer(store, call, place)
        if problem:
            return f"{name}: {problem}"
    return None


def _answer(store: ProfileStore, call: Callable[[ProfileStore], Any], place: Path) -> str | None:
    try:
        answer = call(store)
    except ProfileError as error:
        return unclear(error, place)
    except Exception as error:
        return one_line(error)
    return _impossible(answer)


def _impossible(answer: Any) -> str | None:
    """What no store could have been told."""
    if isinstance(answer, StoredProfile):
        texts = {"data": answer.data, "name": answer.name, "occupation": answer.occupation or ""}
        if not all(isinstance(text, str) and len(text) <= 60 and "\0" not in text for text in texts.values()):
            return f"an impossible text: {str(texts)[:200]!a}"
        if answer.gender not in (None, *GENDERS) or answer.age not in (None, *AGE_BANDS):
            return f"an impossible person: {answer.gender!a}, {answer.age!a}"
        if answer.copied_from is not None and not _whole(answer.copied_from, 1):
            return f"a copy of {answer.copied_from!a}"
        if len({rating.movie_id for rating in answer.ratings}) < len(answer.ratings):
            return "a film rated twice"
        return next(filter(None, (_impossible_rating(*rating) for rating in answer.ratings)), None)
    if isinstance(answer, Undone):
        stars = [value for value in (answer.rating, answer.was) if value is not None]
        return next(filter(None, (_impossible_rating(answer.movie_id, value, 0) for value in stars)), None)
    return None


def _impossible_rating(film: Any, rating: Any, time: Any) -> str | None:
    sound = isinstance(rating, float) and math.isfinite(rating) and 0.5 <= rating <= 5
    if sound and _whole(film, 1) and _whole(time, 0):
        return None
    return f"an impossible rating: film {film!a}, {rating!a} stars, at {time!a}"


def _whole(value: Any, low: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value < 2**63


def check(indices: range, seed: int, folder: Path) -> dict[int, str]:
    with contextlib.suppress(FileNotFoundError):
        (folder / "sound.sqlite").unlink()
    tokens = make_store(folder / "making.sqlite")
    if integrity(folder / "making.sqlite") != "ok":
        raise RuntimeError("no sound store")
    shutil.copyfile(folder / "making.sqlite", folder / "sound.sqlite")
    (folder / "tokens.txt").write_text(" ".join(tokens))
    return attempt(check_one, indices, seed, folder)


KIND = Kind("stores", "a profile store with flipped bits", check, short=30, long=600)
