"""Why a movie may fit somebody: what they liked that is near to it, and its genres that they favour."""

from dataclasses import dataclass

import numpy as np

from lcrec_core.data.dataset import Col
from lcrec_core.data.profile import Profile
from lcrec_core.data.titles import spoken
from lcrec_core.serving.catalogue import Catalogue


@dataclass(frozen=True)
class LikedMovie:
    """A movie the person liked, and how near it is to the one recommended."""

    movie_id: int
    title: str
    """As the data set spells it."""
    rating: float
    similarity: float
    """Cosine of the model's movie features about the catalogue's mean, -1 to 1."""


@dataclass(frozen=True)
class Explanation:
    """Why a movie may fit, from what the model and the person's ratings say."""

    because: tuple[LikedMovie, ...]
    """At most two movies the person liked, nearest in the model's movie features."""
    shared_genres: tuple[str, ...]
    """Genres of the movie that the person rates above their own average."""
    text: str
    """The same in one plain sentence."""


def explain(catalogue: Catalogue, directions: np.ndarray | None, profile: Profile, position: int) -> Explanation:
    """Reasons for one movie.

    Args:
        catalogue: Of the data set.
        directions: float32 (M, D), see `unit_vectors`; None of a model without item features: no neighbours.
        profile: The person.
        position: Of the movie.
    """
    because = () if directions is None else _nearest_liked(catalogue, directions, profile, position)
    shared = _favoured_genres(catalogue, profile, position)
    return Explanation(because, shared, _sentence(because, shared, int(catalogue.num_ratings[position])))


def unit_vectors(features: np.ndarray) -> np.ndarray:
    """Item features about the catalogue's mean, of length one: (M, D) -> (M, D)."""
    centred = features - features.mean(axis=0)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)


def _nearest_liked(
    catalogue: Catalogue, directions: np.ndarray, profile: Profile, position: int
) -> tuple[LikedMovie, ...]:
    data, film = catalogue.data, catalogue.film
    known, where = data.known_movies(profile.movie_ids)
    given = profile.ratings[known]
    # Four stars of five and more; a strict person's best otherwise.
    enough = data.scale.like_threshold
    liked = (given >= min(enough, given.max(initial=enough))) & (film[where] != film[position])
    cosine = directions[where[liked]] @ directions[position]
    nearest = np.argsort(-cosine, kind="stable")
    # Of a film rated under two ids the nearer one is reason enough.
    _, first = np.unique(film[where[liked]][nearest], return_index=True)
    nearest = nearest[np.sort(first)][:2]
    titles = data.movies[Col.TITLE]
    return tuple(
        LikedMovie(
            movie_id=int(catalogue.movie_ids[where[liked][i]]),
            title=str(titles.iloc[where[liked][i]]),
            rating=float(given[liked][i]),
            similarity=float(cosine[i]),
        )
        for i in nearest
        if cosine[i] > 0
    )


def _favoured_genres(catalogue: Catalogue, profile: Profile, position: int) -> tuple[str, ...]:
    known, where = catalogue.data.known_movies(profile.movie_ids)
    given = profile.ratings[known].astype(np.float64)
    if not len(given):
        return ()
    favoured = []
    for genre in np.flatnonzero(catalogue.has_genre[position]):
        of_genre = given[catalogue.has_genre[where, genre]]
        if len(of_genre) >= 2 and of_genre.mean() > given.mean() + 0.1:
            favoured.append((-of_genre.mean(), catalogue.genres[genre]))
    return tuple(name for _, name in sorted(favoured))


def _sentence(because: tuple[LikedMovie, ...], shared: tuple[str, ...], num_ratings: int) -> str:
    parts = []
    if because:
        named = " and ".join(f"{spoken(liked.title)}, which you gave {liked.rating:g}" for liked in because)
        parts.append(f"near to {named}")
    if shared:
        parts.append(f"you rate {' and '.join(shared)} above your average")
    if not parts:
        return f"Rated by {num_ratings:,} people; rate a few movies to learn why one may fit you."
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."
