"""What may be written into the profile store, and so be read from it: every value passes through here.

A browser enforces nothing: a crafted request can carry any value, so the store checks again. A disk, a
tool or another program may have changed the file, so what is read is checked by the same rules.
"""

import hashlib
import math
import operator
import re
import secrets
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from lcrec_core.data.dataset import AGE_BANDS, GENDERS, HALF_STARS, RatingScale
from lcrec_core.errors import ProfileError, UnknownProfileError

NAME_LENGTH = 60
OCCUPATION_LENGTH = 40
DATA_LENGTH = 60

TOKEN_BYTES = 24
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
"""What 24 random bytes look like in URL-safe base 64."""

_LAST_ID = 2**63 - 1
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999; a larger number is most likely milliseconds."""

_JOINERS = "\u200c\u200d"
"""Format characters that Persian, Indic scripts and emoji need; the others can only mislead a reader."""

_FIELDS = {"gender": GENDERS, "age": AGE_BANDS}


def new_token() -> str:
    """An unguessable token: 192 random bits as 32 characters that a URL takes as they are."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """What the store keeps of a token: its SHA-256 in hex.

    The token holds 192 random bits, so that a plain hash cannot be reversed by trying.

    Raises:
        UnknownProfileError: This cannot be a token; the text is not repeated, for it may be most of a real one.
    """
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise unknown_profile()
    return hashlib.sha256(token.encode()).hexdigest()


def unknown_profile() -> UnknownProfileError:
    """The same answer for a malformed, a wrong and a deleted token, so that nothing can be probed."""
    return UnknownProfileError(
        "this link opens no profile: it may be incomplete, or its profile was deleted; "
        "check the link or create a new profile"
    )


def clean_field(field: str, value: Any) -> Any:
    """A profile field as it is stored.

    Args:
        field: "name", "gender", "age" or "occupation".
        value: What came from outside. No name is ''; no gender, age or occupation is None.

    Raises:
        ProfileError: The value is not allowed.
    """
    if field == "name":
        return clean_text("name", value, NAME_LENGTH)
    if field == "occupation":
        return clean_text("occupation", value, OCCUPATION_LENGTH) or None
    allowed = _FIELDS[field]
    if value is None:
        return None
    # True equals 1, which is an age band.
    if isinstance(value, bool) or value not in allowed:
        raise ProfileError(f"{field} cannot be {value!r:.40}; allowed are {', '.join(map(str, allowed))} or nothing")
    return allowed[allowed.index(value)]


def clean_mark(mark: Any, known: Collection[str]) -> str:
    """One of the known marks.

    Raises:
        ProfileError: It is another.
    """
    if not isinstance(mark, str) or mark not in known:
        raise ProfileError(f"there is no mark {mark!r:.40}; there are {', '.join(known)}")
    return mark


def clean_text(field: str, value: Any, longest: int) -> str:
    """One line without control characters, spaces tidied; None becomes ''."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ProfileError(f"{field} must be text, got {type(value).__name__}")
    spaced = "".join(" " if c.isspace() else c for c in unicodedata.normalize("NFC", value))
    # Cc controls, Cf invisible and direction-changing marks, Cs halves of characters that no database takes.
    visible = "".join(c for c in spaced if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    text = " ".join(visible.split())
    if len(text) > longest:
        raise ProfileError(f"{field} has {len(text)} characters; at most {longest} are kept, shorten it")
    return text


def free_name(wanted: str, taken: Collection[str]) -> str:
    """The name itself, or where it is taken the first of `Ada (2)`, `Ada (3)`, ... that is free.

    It is cut where the number would not fit any more, so that a copy of a copy always finds a name.
    """
    name = wanted = " ".join(wanted.split())[:NAME_LENGTH].rstrip()
    number = 1
    while name in taken:
        number += 1
        ending = f" ({number})"
        name = wanted[: NAME_LENGTH - len(ending)].rstrip() + ending
    return name


def clean_data(data: Any) -> str:
    """The name of a data set."""
    name = clean_text("data", data, DATA_LENGTH)
    if not name:
        raise ProfileError("data must name the data set that the movie ids belong to, such as demo or ml-1m")
    return name


def clean_id(field: str, value: Any) -> int:
    """A positive whole number that a database column takes."""
    return _whole(field, value, 1, _LAST_ID)


def clean_timestamp(value: Any) -> int:
    """Whole seconds since 1970, UTC."""
    return _whole("timestamp (seconds since 1970)", value, 0, _LAST_SECOND)


def clean_rating(value: Any, scale: RatingScale | None) -> float:
    """A rating: one of the scale's values, or without a scale anything from half a star to five."""
    try:
        rating = math.nan if isinstance(value, bool | str) else float(value)
    except (TypeError, ValueError, OverflowError):
        rating = math.nan
    low, high = (scale.low, scale.high) if scale else (HALF_STARS.low, HALF_STARS.high)
    # A comparison with NaN is false, so this also turns away what is no number.
    if low <= rating <= high and (scale is None or scale.contains(np.array(rating))):
        return rating
    steps = f" in steps of {scale.step:g}" if scale else ""
    raise ProfileError(f"rating cannot be {value!r:.40}; allowed are {low:g} to {high:g}{steps}")


def clean_start(ratings: Iterable[tuple[int, float, int]], scale: RatingScale | None) -> list[tuple[int, float, int]]:
    """The (movie id, rating, timestamp) rows a profile starts with, in time order; ties keep the order given.

    Raises:
        ProfileError: A value is not allowed, or a movie comes twice.
    """
    rows = [(clean_id("movie_id", m), clean_rating(r, scale), clean_timestamp(t)) for m, r, t in ratings]
    seen: set[int] = set()
    for movie_id, _, _ in rows:
        if movie_id in seen:
            raise ProfileError(f"the ratings to start with hold movie {movie_id} twice; keep one of them")
        seen.add(movie_id)
    return sorted(rows, key=lambda row: row[2])


def check_kept(field: str, value: Any) -> None:
    """Check a profile's field as the database has it: what `clean_field` or `clean_data` can have returned.

    Texts are not tidied again: what counts as invisible changes with the version of Unicode.

    Raises:
        ProfileError: It cannot have.
    """
    if field in _FIELDS:
        clean_field(field, value)
        return
    longest = {"name": NAME_LENGTH, "occupation": OCCUPATION_LENGTH, "data": DATA_LENGTH}[field]
    if value is None and field == "occupation":
        return
    if not isinstance(value, str) or len(value) > longest or (field == "data" and not value):
        raise ProfileError(f"{field} cannot be {value!r:.40}")


def check_position(value: Any) -> None:
    """Check a rating's place among those of its second, which is negative for one that a profile began with."""
    _whole("position", value, -_LAST_ID, _LAST_ID)


def check_kept_ratings(movie_ids: Sequence[Any], ratings: Sequence[Any], timestamps: Sequence[Any]) -> None:
    """Check a whole history as the database has it, by the rules of `clean_id`, `clean_rating`, `clean_timestamp`.

    Raises:
        ProfileError: A value cannot have been written there.
    """
    for field, values, low, high in (
        ("movie_id", movie_ids, 1, _LAST_ID),
        ("timestamp", timestamps, 0, _LAST_SECOND),
    ):
        # A column that holds anything else than whole numbers becomes an array of another kind.
        numbers = np.array(values)
        if numbers.dtype.kind != "i" or numbers.min() < low or numbers.max() > high:
            raise ProfileError(f"{field} is not a whole number from {low} to {high} in each row")
    given = np.array(ratings)
    # Written so that NaN is refused as well.
    if given.dtype.kind not in "if" or not (given.min() >= HALF_STARS.low and given.max() <= HALF_STARS.high):
        raise ProfileError(f"rating is not from {HALF_STARS.low:g} to {HALF_STARS.high:g} in each row")
    if len(set(movie_ids)) < len(movie_ids):
        raise ProfileError("a movie_id comes twice")


def _whole(field: str, value: Any, low: int, high: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = low - 1
    if isinstance(value, bool) or not low <= number <= high:
        raise ProfileError(f"{field} must be a whole number from {low} to {high}, got {value!r:.40}")
    return number
