"""Why a movie stands on the list: what the person's own ratings do to its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lcrec_core.data.profile import Profile
from lcrec_core.serving.explain import Sentence, in_words
from lcrec_core.serving.lists import RATING, Wish

if TYPE_CHECKING:
    from lcrec_core.serving.recommender import Recommendation, Recommender


def sentences(recommender: Recommender, profile: Profile, movies: list[Recommendation], wish: Wish) -> list[Sentence]:
    """A sentence for each movie; where no rating moves it, what it is near to."""
    ids = [movie.movie_id for movie in movies]
    found = recommender.reasons(profile, ids, wish)
    said = [in_words(reasons, of_stars=wish.by == RATING) for reasons in found]
    return [words or recommender.explain(profile, movie_id).sentence for words, movie_id in zip(said, ids, strict=True)]
