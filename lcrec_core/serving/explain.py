"""Why a movie may fit somebody: what they liked that is near to it, and its genres that they favour."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.data.titles import spoken
from lcrec_core.serving.catalogue import Catalogue


@dataclass(frozen=True)
class Title:
    """A movie named in a sentence."""

    movie_id: int
    spoken: str
    """As people say it."""


Sentence = tuple[str | Title, ...]
"""Words of ours, genres, and movies, to be written one after another; empty where there is nothing to say."""


def as_text(sentence: Sentence) -> str:
    """A sentence as it is read."""
    return "".join(piece.spoken if isinstance(piece, Title) else piece for piece in sentence)


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
    sentence: Sentence
    """The same in plain words."""

    @property
    def text(self) -> str:
        """The sentence as it is read."""
        return as_text(self.sentence)


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


def _sentence(because: tuple[LikedMovie, ...], shared: tuple[str, ...], num_ratings: int) -> Sentence:
    if not because and not shared:
        return (f"Rated by {num_ratings:,} people; rate a few movies to learn why one may fit you.",)
    near: list[Sentence] = [
        (Title(liked.movie_id, spoken(liked.title)), f", which you gave {liked.rating:g}") for liked in because
    ]
    favoured = f"{'; you' if near else 'You'} rate {' and '.join(shared)} above your average" if shared else ""
    return (*(["Near to "] if near else []), *_joined(near, " and "), f"{favoured}.")


def _joined(parts: Sequence[Sentence], between: str) -> Sentence:
    """Parts of a sentence one after another, with some words between them."""
    return tuple(piece for part in parts for piece in (between, *part))[1:]


@dataclass(frozen=True)
class Reason:
    """What one of the person's own ratings does to a movie's place, by the model itself."""

    movie_id: int
    """Of the movie that was rated."""
    title: str
    """As the data set spells it."""
    rating: float
    effect: float
    """The movie's score with this rating less its score without."""


CONSIDERED = 12
"""Ratings without which the score is worked out again: those of movies most akin to what is explained."""
MOST_REASONS = 3
LEAST_EFFECT = 0.005
"""Half a hundredth of a star, or half a per cent of a chance: less is no reason."""

ScoresOf = Callable[[Sequence[Profile]], np.ndarray]
"""P people -> the scores of the K movies that are explained, float32 (P, K)."""


def reasons(data: Dataset, profile: Profile, affinity: np.ndarray, scores_of: ScoresOf) -> list[tuple[Reason, ...]]:
    """For each of K movies at most three of the person's ratings that move its score most, the strongest first.

    Every effect is worked out by asking the model again without the rating; for all movies and ratings at once.

    Args:
        data: Where the rated movies are from.
        profile: The person, with H ratings of movies that the data set has.
        affinity: float (H, K), how akin each rated movie is to each that is explained, to choose whom to ask without.
        scores_of: The model.
    """
    considered = _most_akin(affinity)
    if not len(considered):
        return [()] * affinity.shape[1]
    scores = scores_of([profile, *(without(profile, i) for i in considered)])
    effects = scores[0] - scores[1:]
    titles = data.movies[Col.TITLE.value].iloc[data.movie_rows(profile.movie_ids[considered])].tolist()
    found = []
    for of_movie in effects.T:
        strongest = np.argsort(-np.abs(of_movie), kind="stable")[:MOST_REASONS]
        found.append(
            tuple(
                Reason(
                    movie_id=int(profile.movie_ids[considered[i]]),
                    title=str(titles[i]),
                    rating=float(profile.ratings[considered[i]]),
                    effect=float(of_movie[i]),
                )
                for i in strongest
                if abs(of_movie[i]) >= LEAST_EFFECT
            )
        )
    return found


def without(profile: Profile, rating: int) -> Profile:
    """The same person, had they not given one of their ratings."""
    return profile.only(np.arange(len(profile.ratings)) != rating)


def _most_akin(affinity: np.ndarray) -> np.ndarray:
    """Rows, at most `CONSIDERED`, in turn for each column the row of its next largest value."""
    in_turn = np.argsort(-affinity, axis=0, kind="stable").ravel()
    _, first = np.unique(in_turn, return_index=True)
    return in_turn[np.sort(first)][:CONSIDERED]


def in_words(found: Sequence[Reason], *, of_stars: bool) -> Sentence:
    """Reasons in one sentence; empty where there are none.

    Args:
        found: The reasons.
        of_stars: Whether an effect is one of stars; otherwise it is the logarithm of what the chance is multiplied by.
    """

    def said(reason: Reason) -> Sentence:
        effect = f"{reason.effect:+.2f} stars" if of_stars else f"{np.expm1(reason.effect):+.0%}"
        stars = "star" if reason.rating == 1 else "stars"
        return Title(reason.movie_id, spoken(reason.title)), f" {reason.rating:g} {stars} ({effect})"

    def listed(each: list[Sentence]) -> Sentence:
        return _joined([part for part in (_joined(each[:-1], ", "), each[-1]) if part], " and ")

    for_it = [said(reason) for reason in found if reason.effect > 0]
    against = [said(reason) for reason in found if reason.effect < 0]
    words: Sentence = ("Because you gave ", *listed(for_it)) if for_it else ()
    if against:
        begin = ", in spite of " if for_it else "It would stand higher, had you not given "
        words = (*words, begin, *listed(against))
    return (*words, ".") if words else ()
