"""Answer from a trained bundle: predicted ratings, top-N lists, reasons, neighbours.

Everything that depends on movies alone is computed once, when the recommender is built. An answer is
then one pass of the LSTM over the person's history and one matrix product over the catalogue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset, split_genres
from lcrec_core.data.profile import Profile
from lcrec_core.data.titles import spoken
from lcrec_core.errors import ProfileError
from lcrec_core.models import registry
from lcrec_core.models.bundle import LoadedBundle
from lcrec_core.models.bundles import load_bundle
from lcrec_core.models.contract import Prediction
from lcrec_core.serving.twins import most_rated_twins
from lcrec_core.sources import load as sources

PREDICTED, MEAN_RATING, NUM_RATINGS = "predicted", "mean_rating", "num_ratings"
"""Columns of a ranking beside those of the catalogue."""
LIKING = "liking"
"""One more, where the model says how likely each rating is: the chance of `RatingScale.good` or more."""

WELL_KNOWN = 120
"""How many of the most rated unrated movies suggestions are taken from."""


@dataclass(frozen=True)
class Filters:
    """Which movies may enter a list."""

    genres_in: frozenset[str] = frozenset()
    """At least one of these; empty means any."""
    genres_out: frozenset[str] = frozenset()
    """None of these."""
    year_from: int | None = None
    year_to: int | None = None
    """Inclusive."""
    unknown_year: bool = True
    """Whether a movie without a year passes, with bounds or without."""
    min_ratings: int = 0
    max_ratings: int | None = None
    """Bounds on how many people rated the movie; the upper one finds lesser-known films."""
    include_rated: bool = False
    """Films that the person has rated, under whichever id, are left out otherwise."""

    def __post_init__(self) -> None:
        if self.year_from is not None and self.year_to is not None and self.year_from > self.year_to:
            raise ValueError(f"the years run backwards: {self.year_from} to {self.year_to}")
        if self.min_ratings < 0:
            raise ValueError(f"min_ratings must not be negative, got {self.min_ratings}")
        if self.max_ratings is not None and self.max_ratings < self.min_ratings:
            raise ValueError(f"max_ratings {self.max_ratings} is below min_ratings {self.min_ratings}")


@dataclass(frozen=True)
class Recommendation:
    """One line of a list."""

    movie_id: int
    title: str
    """As the data set spells it; `titles.spoken` for people."""
    year: int | None
    genres: tuple[str, ...]
    predicted: float
    """What the person is expected to give, on the data set's scale."""
    mean_rating: float | None
    """What people gave on average; None when nobody rated it."""
    num_ratings: int
    chances: tuple[float, ...] | None = None
    """How likely each of the scale's values is; None where the model gives ratings alone."""
    liking: float | None = None
    """The chance that the person gives `RatingScale.good` or more; None likewise."""


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


class Recommender:
    """A bundle and its data, ready to answer. Shared by all sessions and threads; no method changes what it answers.

    All questions about one `Profile` object share one pass over the catalogue, kept as long as the object is.
    """

    def __init__(self, bundle: LoadedBundle, data: Dataset) -> None:
        """Rebuild the network and everything that depends on movies alone.

        Raises:
            BundleError: The data is not what the bundle was trained on, or the bundle does not fit this version.
        """
        self.bundle, self.data = bundle, data
        self._model = registry.load(bundle, data)
        self.movie_ids = data.movies[Col.MOVIE].to_numpy(np.int64)
        self._predictions: WeakKeyDictionary[Profile, Prediction] = WeakKeyDictionary()
        features = np.zeros((len(self.movie_ids), 1)) if bundle.movie_features is None else bundle.movie_features
        self._directions = _directions(features)  # (M, D), unit length; zeros of a model without features

        counts = data.ratings.groupby(Col.MOVIE.value)[Col.RATING.value].agg(["mean", "size"]).reindex(self.movie_ids)
        self.movie_stats = pd.DataFrame(
            {MEAN_RATING: counts["mean"], NUM_RATINGS: counts["size"].fillna(0).astype(np.int64)}, index=self.movie_ids
        )
        self.movie_stats.index.name = Col.MOVIE.value
        self._num_ratings = self.movie_stats[NUM_RATINGS].to_numpy()
        self._mean_rating = self.movie_stats[MEAN_RATING].to_numpy(np.float64)
        self._film = most_rated_twins(data)  # (M,), the row that stands for each movie's film
        self._stands_for_film = self._film == np.arange(len(self._film))
        self._years = data.movies[Col.YEAR].to_numpy(np.float64, na_value=np.nan)
        self._genre_names = data.genres
        self._has_genre = np.array(
            [[genre in split_genres(joined) for genre in self._genre_names] for joined in data.movies[Col.GENRES]],
            dtype=bool,
        ).reshape(len(self.movie_ids), len(self._genre_names))

    @classmethod
    def load(cls, bundle_name: str, data: Dataset | None = None) -> "Recommender":
        """From a bundle's name; the data set it names is read unless given."""
        bundle = load_bundle(bundle_name)
        return cls(bundle, data if data is not None else sources.load(bundle.data))

    def predict(self, profile: Profile, movie_ids: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """What the person is expected to give: float32 (K,), clipped to the scale.

        Args:
            profile: The person; movies the data set does not have are passed over in their history.
            movie_ids: Which movies, in which order; the whole catalogue in the order of `self.movie_ids` unless given.

        Raises:
            ProfileError: The data set has no movie of that id.
        """
        ratings = self._scores(profile)
        return ratings if movie_ids is None else ratings[self._positions(movie_ids)]

    def chances(self, profile: Profile, movie_ids: Sequence[int] | np.ndarray | None = None) -> np.ndarray | None:
        """How likely each of the scale's values is: float32 (K, V); None where the model gives ratings alone.

        Args:
            profile: As for `predict`.
            movie_ids: As for `predict`.

        Raises:
            ProfileError: The data set has no movie of that id.
        """
        chances = self._prediction(profile).probabilities
        if chances is None:
            return None
        return chances.copy() if movie_ids is None else chances[self._positions(movie_ids)]

    def rank(self, profile: Profile, filters: Filters = Filters()) -> pd.DataFrame:
        """Every movie that passes the filters, best first; of a film listed twice the more rated id alone.

        Columns: movie_id, title, year, genres (joined with |), predicted, mean_rating, num_ratings, and liking
        where the model says how likely each rating is. Equal predictions are ordered by number of ratings, then by
        id, so that a list never depends on chance.
        """
        order, scores = self._ranked(profile, filters)
        ranking = self.data.movies.take(order).reset_index(drop=True)
        ranking[PREDICTED] = scores
        ranking[MEAN_RATING] = self._mean_rating[order]
        ranking[NUM_RATINGS] = self._num_ratings[order]
        chances = self._prediction(profile).probabilities
        if chances is not None:
            ranking[LIKING] = self.data.scale.chance_of_good(chances)[order]
        return ranking

    def top_n(self, profile: Profile, n: int = 5, filters: Filters = Filters()) -> list[Recommendation]:
        """The first `n` of `rank`; fewer when fewer pass."""
        if n < 1:
            raise ValueError(f"n must be at least 1, got {n}")
        order, scores = self._ranked(profile, filters)
        chances = self._prediction(profile).probabilities
        return [
            self._line(i, score, None if chances is None else chances[i])
            for i, score in zip(order[:n], scores[:n], strict=True)
        ]

    def explain(self, profile: Profile, movie_id: int) -> Explanation:
        """Why the movie may fit: the liked movies nearest to it, and its genres that the person favours."""
        position = self._positions([movie_id])[0]
        because = self._nearest_liked(profile, position)
        shared = self._favoured_genres(profile, position)
        return Explanation(because, shared, _sentence(because, shared, self._num_ratings[position]))

    def similar(self, movie_id: int, n: int = 5) -> list[tuple[int, float]]:
        """The `n` other films nearest in the model's movie features: (movie_id, cosine), nearest first."""
        position = self._positions([movie_id])[0]
        cosine = self._directions @ self._directions[position]
        others = np.flatnonzero(self._stands_for_film & (self._film != self._film[position]))
        nearest = others[np.argsort(-cosine[others], kind="stable")[:n]]
        return [(int(self.movie_ids[i]), float(cosine[i])) for i in nearest]

    def suggestions(self, profile: Profile, n: int = 12) -> list[int]:
        """Well-known movies the person has not rated, mixed over genres: something to start rating with."""
        new = self._stands_for_film & ~self._rated(profile)
        candidates = [i for i in np.argsort(-self._num_ratings, kind="stable") if new[i]][:WELL_KNOWN]
        shown = np.zeros(len(self._genre_names))
        chosen: list[int] = []
        while candidates and len(chosen) < n:
            # Each movie of a genre already shown makes the next one of that genre less welcome.
            repeats = [shown[self._has_genre[i]].mean() if self._has_genre[i].any() else 0.0 for i in candidates]
            welcome = np.log1p(self._num_ratings[candidates]) - 0.5 * np.array(repeats)
            best = candidates.pop(int(np.argmax(welcome)))
            shown += self._has_genre[best]
            chosen.append(int(self.movie_ids[best]))
        return chosen

    def _prediction(self, profile: Profile) -> Prediction:
        found = self._predictions.get(profile)
        if found is None:
            found = self._predictions[profile] = self._model.catalogue(profile)
        return found

    def _scores(self, profile: Profile) -> np.ndarray:
        """What the whole catalogue is sorted by, float32 (M,): ratings, clipped, of a model that predicts them."""
        prediction = self._prediction(profile)
        if prediction.ratings is None:
            return prediction.scores
        return self.data.scale.clip(prediction.ratings).astype(np.float32)

    def _ranked(self, profile: Profile, filters: Filters) -> tuple[np.ndarray, np.ndarray]:
        """Catalogue positions that pass, best first, and their predictions."""
        scores = self._scores(profile)
        passing = np.flatnonzero(self._passes(profile, filters))
        order = passing[np.lexsort((self.movie_ids[passing], -self._num_ratings[passing], -scores[passing]))]
        return order, scores[order]

    def _passes(self, profile: Profile, filters: Filters) -> np.ndarray:
        names = np.array(self._genre_names, dtype=object)
        passes = self._stands_for_film & (self._num_ratings >= filters.min_ratings)
        if filters.max_ratings is not None:
            passes &= self._num_ratings <= filters.max_ratings
        if filters.genres_in:
            passes &= self._has_genre[:, np.isin(names, list(filters.genres_in))].any(axis=1)
        if filters.genres_out:
            passes &= ~self._has_genre[:, np.isin(names, list(filters.genres_out))].any(axis=1)
        undated = np.isnan(self._years)
        if filters.year_from is not None:
            passes &= undated | (self._years >= filters.year_from)
        if filters.year_to is not None:
            passes &= undated | (self._years <= filters.year_to)
        if not filters.unknown_year:
            passes &= ~undated
        if not filters.include_rated:
            passes &= ~self._rated(profile)
        return passes

    def _rated(self, profile: Profile) -> np.ndarray:
        """Whether the person has rated the film, under this id or another: bool (M,)."""
        _, where = self.data.known_movies(profile.movie_ids)
        return np.isin(self._film, self._film[where])

    def _positions(self, movie_ids: Sequence[int] | np.ndarray) -> np.ndarray:
        wanted = np.asarray(movie_ids, dtype=np.int64)
        position = np.minimum(np.searchsorted(self.movie_ids, wanted), len(self.movie_ids) - 1)
        unknown = self.movie_ids[position] != wanted
        if unknown.any():
            raise ProfileError(f"{self.data.name} has no movie {wanted[unknown][0]}")
        return position

    def _line(self, position: int, score: float, chances: np.ndarray | None) -> Recommendation:
        movie = self.data.movies.iloc[position]
        mean = self._mean_rating[position]
        return Recommendation(
            movie_id=int(movie[Col.MOVIE]),
            title=str(movie[Col.TITLE]),
            year=None if pd.isna(movie[Col.YEAR]) else int(movie[Col.YEAR]),
            genres=tuple(split_genres(movie[Col.GENRES])),
            predicted=float(score),
            mean_rating=None if np.isnan(mean) else float(mean),
            num_ratings=int(self._num_ratings[position]),
            chances=None if chances is None else tuple(chances.tolist()),
            liking=None if chances is None else float(self.data.scale.chance_of_good(chances)),
        )

    def _nearest_liked(self, profile: Profile, position: int) -> tuple[LikedMovie, ...]:
        known, where = self.data.known_movies(profile.movie_ids)
        given = profile.ratings[known]
        # Four stars of five and more; a strict person's best otherwise.
        enough = self.data.scale.good
        liked = (given >= min(enough, given.max(initial=enough))) & (self._film[where] != self._film[position])
        cosine = self._directions[where[liked]] @ self._directions[position]
        nearest = np.argsort(-cosine, kind="stable")
        # Of a film rated under two ids the nearer one is reason enough.
        _, first = np.unique(self._film[where[liked]][nearest], return_index=True)
        nearest = nearest[np.sort(first)][:2]
        titles = self.data.movies[Col.TITLE]
        return tuple(
            LikedMovie(
                movie_id=int(self.movie_ids[where[liked][i]]),
                title=str(titles.iloc[where[liked][i]]),
                rating=float(given[liked][i]),
                similarity=float(cosine[i]),
            )
            for i in nearest
            if cosine[i] > 0
        )

    def _favoured_genres(self, profile: Profile, position: int) -> tuple[str, ...]:
        known, where = self.data.known_movies(profile.movie_ids)
        given = profile.ratings[known].astype(np.float64)
        if not len(given):
            return ()
        favoured = []
        for genre in np.flatnonzero(self._has_genre[position]):
            of_genre = given[self._has_genre[where, genre]]
            if len(of_genre) >= 2 and of_genre.mean() > given.mean() + 0.1:
                favoured.append((-of_genre.mean(), self._genre_names[genre]))
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


def _directions(features: np.ndarray) -> np.ndarray:
    """Movie features about the catalogue's mean, of length one: (M, D) -> (M, D)."""
    centred = features - features.mean(axis=0)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
