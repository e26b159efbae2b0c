"""Profiles that visitors make: new ones, and private copies of people whose own ratings never change."""

from lcrec_core.dataset import Col
from lcrec_core.errors import ProfileError
from lcrec_ui import loaders, session


def create(name: str = "", *, gender: str | None = None, age: int | None = None, occupation: str | None = None) -> str:
    """Make an empty profile for the current data and look as it from now on; its token."""
    data = session.current_data()
    token = loaders.store().create(data.name, name=name, gender=gender, age=age, occupation=occupation)
    session.set_profile(token)
    return token


def copy(name: str | None = None) -> str:
    """Continue as a private copy of the current person, with all their ratings; its token."""
    data, person = session.current_data(), session.current_person()
    profile = person.profile
    rows = zip(profile.movie_ids.tolist(), profile.ratings.tolist(), profile.timestamps.tolist(), strict=True)
    token = loaders.store().create(
        data.name,
        name=f"Copy of {person.label}" if name is None else name,
        gender=profile.gender,
        age=profile.age,
        occupation=profile.occupation,
        copied_from=profile.user_id,
        ratings=list(rows),
        scale=data.scale,
    )
    session.set_profile(token)
    return token


def delete(token: str) -> None:
    """Delete a profile for good and look as a person of the data set again."""
    loaders.store().delete(token)
    session.forget_profile(token)


def rate(movie_id: int, rating: float | None) -> bool:
    """Give a movie stars, or take them away (None), as the current person.

    A data-set person is never changed: their first star makes a private copy.

    Returns:
        Whether such a copy was made, which changes more on the page than the lists.

    Raises:
        ProfileError: The data has no such movie, or the rating is not on its scale.
    """
    data = session.current_data()
    if not (data.movies[Col.MOVIE].to_numpy() == movie_id).any():
        raise ProfileError(f"{data.name} has no movie {movie_id}")
    token = session.state().token
    made = token is None
    if token is None:
        token = copy()
    if rating is None:
        loaders.store().clear(token, movie_id)
    else:
        loaders.store().rate(token, movie_id, rating, scale=data.scale)
    return made
