"""Profiles that visitors make: new ones, private copies, and every change to them.

People of a data set never change. Whatever writes here is told whose control was used (`session.Owner`), and
refuses where somebody else is on the screen by now, or where that profile or data set is gone: a rating must
not end up with anybody but the person it was given for.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from lcrec_core.data.dataset import Dataset
from lcrec_core.errors import ProfileError, UnknownProfileError
from lcrec_core.sources.published import DATA_LABELS
from lcrec_core.store import checks
from lcrec_core.store.profiles import Undone
from lcrec_ui.frame import loaders, session
from lcrec_ui.frame.session import Owner


def create(name: str = "", *, gender: str | None = None, age: int | None = None, occupation: str | None = None) -> str:
    """Make an empty profile for the current data and look as it from now on; its token."""
    data = session.current_data()
    token = loaders.store().create(
        data.name, name=_free_name(name, data), gender=gender, age=age, occupation=occupation
    )
    _go_on_as(token)
    return token


def copy(owner: Owner, name: str | None = None) -> str:
    """Continue as a private copy of the person a control was drawn for, with all their ratings; its token."""
    token = _token_of(owner)
    data, person = session.current_data(), session.current_person()
    if token != person.token:  # It was deleted a moment ago.
        raise _somebody_else()
    profile = person.profile
    rows = zip(profile.movie_ids.tolist(), profile.ratings.tolist(), profile.timestamps.tolist(), strict=True)
    made = loaders.store().create(
        data.name,
        name=_free_name(f"Copy of {person.label}"[: checks.NAME_LENGTH] if name is None else name, data),
        gender=profile.gender,
        age=profile.age,
        occupation=profile.occupation,
        copied_from=profile.user_id,
        ratings=list(rows),
        scale=data.scale,
    )
    _go_on_as(made)
    return made


def describe(
    owner: Owner, *, name: str, gender: str | None = None, age: int | None = None, occupation: str | None = None
) -> None:
    """Change what a profile tells of a person."""
    token = _own_token_of(owner)
    name = _free_name(name, session.current_data(), but=token)
    session.read_again()
    loaders.store().update(token, name=name, gender=gender, age=age, occupation=occupation)


def delete(owner: Owner) -> None:
    """Delete a profile for good and look as a person of the data set again."""
    token = _own_token_of(owner)
    session.read_again()
    loaders.store().delete(token)
    session.forget_profile(token)


def rate(owner: Owner, movie_id: int, rating: float | None) -> bool:
    """Give a movie stars, or take them away (None), as the person a control was drawn for.

    The first star of somebody who looks as a person of the data set begins a profile of their own, from nothing.

    Returns:
        Whether such a profile was begun, which changes more on the page than the lists.

    Raises:
        ProfileError: Somebody else is on the screen by now, the data has no such movie, the rating is not
            on its scale, or it could not be stored.
        UnknownProfileError: The profile was deleted. The session does not use it any more and stops, see
            `session.lose_profile`: the caller redraws what the visitor looks at.
    """
    token, data = _token_of(owner), _data_with(movie_id)
    if token is None:
        return rating is not None and _begin(owner, data, movie_id, rating)
    with _kept_by(token):
        if rating is None:
            loaders.store().clear(token, movie_id)
        else:
            loaders.store().rate(token, movie_id, rating, scale=data.scale)
    return False


def mark(owner: Owner, movie_id: int, mark: str, *, on: bool = True) -> bool:
    """Mark a movie, or take the mark away, as the person a control was drawn for; see `store.profiles.MARKS`.

    The first mark of somebody who looks as a person of the data set begins a profile of their own, as a star does.

    Returns:
        Whether such a profile was begun.

    Raises:
        ProfileError: As for `rate`.
    """
    token, data = _token_of(owner), _data_with(movie_id)
    begins = token is None
    if token is None:
        token = loaders.store().create(data.name, name=_free_name("", data))
    with _kept_by(token):
        loaders.store().mark(token, movie_id, mark, on=on)
    if begins:
        _go_on_as(token)
        session.state().begun = (owner, token)
    return begins


def bring(
    owner: Owner, ratings: Sequence[tuple[int, float, int]], marks: Sequence[tuple[int, str, int | None]]
) -> bool:
    """Give many ratings and marks in one step, as the person a control was drawn for; see `ProfileStore.bring`.

    Somebody who looks as a person of the data set begins a profile of their own with them.

    Returns:
        Whether such a profile was begun.

    Raises:
        ProfileError: As for `rate`; nothing was written then.
    """
    token, data = _token_of(owner), session.current_data()
    ids = np.array([row[0] for row in (*ratings, *marks)], dtype=np.int64)
    known, _ = data.known_movies(ids)
    if not known.all():
        raise ProfileError(f"{data.name} has no movie {ids[~known][0]}")
    begins = token is None
    if token is None:
        # Before anything is made; the store says what is allowed.
        checks.clean_start(ratings, data.scale)
        token = loaders.store().create(data.name, name=_free_name("", data))
    with _kept_by(token):
        loaders.store().bring(token, ratings, marks, scale=data.scale)
    if begins:
        _go_on_as(token)
        session.state().begun = (owner, token)
    return begins


def undo(owner: Owner) -> Undone | None:
    """Take back the last star, clearing, mark or import of the person a control was drawn for; None when there is none.

    Raises:
        ProfileError: As for `rate`.
    """
    token = _token_of(owner)
    if token is None:
        return None
    with _kept_by(token):
        return loaders.store().undo(token)


def _data_with(movie_id: int) -> Dataset:
    """The current data set, which has the movie."""
    data = session.current_data()
    if not data.known_movies(np.array([movie_id]))[0].all():
        raise ProfileError(f"{data.name} has no movie {movie_id}")
    return data


@contextmanager
def _kept_by(token: str) -> Iterator[None]:
    """For a write: where the profile was deleted, the session does not use it any more."""
    session.read_again()
    try:
        yield
    except UnknownProfileError as error:
        session.lose_profile(token, error, in_part=True)
        raise


def _begin(owner: Owner, data: Dataset, movie_id: int, rating: float) -> bool:
    """A profile that holds one rating, and nothing of the person it was given as."""
    if not data.scale.contains(np.array(rating)):
        # Before anything is made; the store says what is allowed.
        checks.clean_rating(rating, data.scale)
    token = loaders.store().create(data.name, name=_free_name("", data))
    loaders.store().rate(token, movie_id, rating, scale=data.scale)
    _go_on_as(token)
    session.state().begun = (owner, token)
    return True


def _go_on_as(token: str) -> None:
    """Use a profile that was just made; this browser comes back to it unless it was told to forget.

    A profile that it comes back to already stays the one: who looks at a friend's link, and gives a star there, does
    not lose the way to their own.
    """
    session.set_profile(token)
    chosen = session.state()
    chosen.replaces = True
    if not chosen.forget and chosen.remembered is None:
        session.remember(token)


def _token_of(owner: Owner) -> str | None:
    """Opens the profile that a control changes; None where its first star would begin one.

    Raises:
        ProfileError: Another person or data set is on the screen by now.
    """
    begun = session.state().begun
    now = session.current_owner()
    if owner == now:
        return owner.token
    if begun is not None and begun[0] == owner and begun[1] == now.token:
        return now.token  # A second star, given before the page showed what the first one began.
    raise _somebody_else()


def _own_token_of(owner: Owner) -> str:
    token = _token_of(owner)
    if token is None:
        raise ProfileError("people of a data set never change; make a copy first")
    return token


def _somebody_else() -> ProfileError:
    title = DATA_LABELS.get(session.state().data, session.state().data)
    return ProfileError(
        "nothing was saved: the person or the data on the screen changed in between; "
        f"you are looking at {title} as {session.current_person().label} now"
    )


def _free_name(name: str, data: Dataset, but: str | None = None) -> str:
    """A name that none of the visitor's other profiles has; two must never look alike."""
    taken = {label for token, label in session.own_profiles(data.name).items() if token != but}
    name = checks.clean_field("name", name)
    if not name:
        return "" if session.UNNAMED not in taken else checks.free_name(session.UNNAMED, taken)
    return checks.free_name(name, taken)
