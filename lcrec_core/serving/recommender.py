"""Answer from a trained bundle: predicted ratings, top-N lists, reasons, neighbours.

Everything that depends on movies alone is computed once, when the recommender is built. An answer is
then one pass of each model over the person's history and one matrix product over the catalogue, see `lists` for how
they make a list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.models import registry
from lcrec_core.models.blend.config import BlendConfig
from lcrec_core.models.blend.model import MOST_LIKED, blended, log_expected, log_liked
from lcrec_core.models.bundle import LoadedBundle
from lcrec_core.models.bundles import load_bundle
from lcrec_core.models.contract import Model, Prediction
from lcrec_core.models.queries import of_catalogues, of_movies
from lcrec_core.serving.asked import IN_PARTS_FROM, Asked
from lcrec_core.serving.best import candidates_of_best
from lcrec_core.serving.catalogue import MEAN_RATING, NUM_RATINGS, Catalogue
from lcrec_core.serving.explain import Explanation, Reason, explain, reasons, unit_vectors
from lcrec_core.serving.filters import EVERYTHING, Filters
from lcrec_core.serving.hindsight import Hindsight, look_back
from lcrec_core.serving.lists import (
    DIVERSIFIED,
    FOR_YOU,
    HABITS,
    POPULARITY,
    RATING,
    Wish,
    asked_about,
    diversified,
    log_share,
)
from lcrec_core.serving.onboarding import CANDIDATES, telling_order
from lcrec_core.serving.parts import ListParts
from lcrec_core.sources import datasets

PREDICTED = "predicted"
"""Column of a ranking beside those of the catalogue and its counts."""
SCORE = "score"
"""What the list is sorted by, whatever that is; see `lists.Wish`."""
P_LIKE = "liking"
"""One more, where the model says how likely each rating is: the chance of `RatingScale.like_threshold` or more."""

PICKS = BlendConfig().picks
PICKS_KEPT = 8
"""Of each person: moods and movies that others are to be like."""


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
    score: float
    """What the list is sorted by."""
    probabilities: tuple[float, ...] | None = None
    """How likely each of the scale's values is; None where the model gives ratings alone."""
    p_like: float | None = None
    """The chance that the person gives `RatingScale.like_threshold` or more; None likewise."""


class Recommender:
    """A bundle and its data, ready to answer. Shared by all sessions and threads; no method changes what it answers.

    All questions about one `Profile` object share one pass over the catalogue, kept as long as the object is; so do
    those about what they pick, for each mood and each movie that others are to be like. Of a large catalogue the rating
    model is asked about the movies alone that an answer is about, or may turn out to be about.
    """

    def __init__(
        self, bundle: LoadedBundle, data: Dataset, parts: ListParts | None = None, *, in_parts_from: int = IN_PARTS_FROM
    ) -> None:
        """Rebuild the network and everything that depends on movies alone.

        Args:
            bundle: Of the rating model.
            data: Its data set.
            parts: What tells what people pick. With it lists are For you unless a wish says otherwise, and without it
                sorted by predicted rating.
            in_parts_from: See `IN_PARTS_FROM`.

        Raises:
            BundleError: The data is not what the bundle was trained on, or the bundle does not fit this version.
        """
        self.bundle, self.data, self.parts = bundle, data, parts
        self.usual_wish = Wish(by=RATING if parts is None else FOR_YOU)
        self._model = registry.load(bundle, data)
        self.catalogue = Catalogue(data)
        self._in_parts_from = in_parts_from
        self._predictions: WeakKeyDictionary[Profile, Asked] = WeakKeyDictionary()
        self._picked: WeakKeyDictionary[Profile, dict[tuple, tuple[Prediction | None, Prediction | None]]]
        self._picked = WeakKeyDictionary()
        self._picks_of: WeakKeyDictionary[Profile, Prediction] = WeakKeyDictionary()
        self._reasons: WeakKeyDictionary[Profile, dict[tuple, list[tuple[Reason, ...]]]] = WeakKeyDictionary()
        self._hindsight: WeakKeyDictionary[Profile, Hindsight] = WeakKeyDictionary()
        self._popular = Prediction(log_share(self.catalogue.num_ratings))
        features = self._model.item_features
        self._directions = None if features is None else unit_vectors(features)  # (M, D)
        genres = self.catalogue.has_genre.astype(np.float32)
        self._alike = unit_vectors(genres) if self._directions is None else self._directions

    @classmethod
    def load(cls, bundle_name: str, data: Dataset | None = None) -> "Recommender":
        """From a bundle's name; the data set it names is read unless given."""
        bundle = load_bundle(bundle_name)
        return cls(bundle, data if data is not None else datasets.load(bundle.data))

    @property
    def model(self) -> Model:
        """The trained rating model, for a look inside."""
        return self._model

    def predict(self, profile: Profile, movie_ids: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """What the person is expected to give: float32 (K,), clipped to the scale.

        Args:
            profile: The person; movies the data set does not have are passed over in their history.
            movie_ids: Which movies, in which order; the whole catalogue, in its order, unless given.

        Raises:
            ProfileError: The data set has no movie of that id.
        """
        return self._ratings(self._predicted(profile, movie_ids))

    def probabilities(self, profile: Profile, movie_ids: Sequence[int] | np.ndarray | None = None) -> np.ndarray | None:
        """How likely each of the scale's values is: float32 (K, V); None where the model gives ratings alone.

        Args:
            profile: As for `predict`.
            movie_ids: As for `predict`.

        Raises:
            ProfileError: The data set has no movie of that id.
        """
        probabilities = self._predicted(profile, movie_ids).probabilities
        return None if probabilities is None else probabilities.copy()

    def rank(self, profile: Profile, filters: Filters = EVERYTHING, wish: Wish | None = None) -> pd.DataFrame:
        """Every movie that passes the filters, best first; of a film listed twice the more rated id alone.

        Columns: movie_id, title, year, genres (joined with |), predicted, mean_rating, num_ratings, score, and liking
        where the model says how likely each rating is. Equal scores are ordered by number of ratings, then by
        id, so that a list never depends on chance. With a wish for diversity the scores are not in order.

        Args:
            profile: The person.
            filters: Which movies may enter.
            wish: What they are sorted by; `usual_wish` unless given.

        Raises:
            ProfileError: The data set has no movie of the id that others are to be like.
        """
        order, scores = self._ranked(profile, filters, wish)
        ranking = self.data.movies.take(order).reset_index(drop=True)
        prediction = self._asked(profile).of(order)
        ranking[PREDICTED] = self._ratings(prediction)
        ranking[MEAN_RATING] = self.catalogue.mean_rating[order]
        ranking[NUM_RATINGS] = self.catalogue.num_ratings[order]
        ranking[SCORE] = scores
        if prediction.probabilities is not None:
            ranking[P_LIKE] = self.data.scale.p_at_least(prediction.probabilities)
        return ranking

    def order(
        self, profile: Profile, filters: Filters = EVERYTHING, wish: Wish | None = None, n: int | None = None
    ) -> np.ndarray:
        """The movies of `rank`, or the first `n` of them, as catalogue positions, best first: int64 (N,)."""
        return self._ranked(profile, filters, wish, n)[0]

    def top_n(
        self, profile: Profile, n: int = 5, filters: Filters = EVERYTHING, wish: Wish | None = None
    ) -> list[Recommendation]:
        """The first `n` of `rank`; fewer when fewer pass."""
        if n < 1:
            raise ValueError(f"n must be at least 1, got {n}")
        order, scores = self._ranked(profile, filters, wish, n)
        prediction = self._asked(profile).of(order)
        ratings = self._ratings(prediction)
        return [self._line(prediction, ratings, i, *which) for i, which in enumerate(zip(order, scores, strict=True))]

    def ask_about(self, profiles: Sequence[Profile]) -> None:
        """Ask what some people pick side by side, so that `top_n` of each by the usual wish need not.

        The answers are kept as long as the profiles are.
        """
        if self.parts is not None and self.parts.pick is not None:
            for profile, said in zip(profiles, of_catalogues(self.parts.pick, profiles), strict=True):
                self._picks_of[profile] = said

    def explain(self, profile: Profile, movie_id: int) -> Explanation:
        """Why the movie may fit: the liked movies nearest to it, and its genres that the person favours."""
        return explain(self.catalogue, self._directions, profile, int(self.catalogue.positions([movie_id])[0]))

    def reasons(
        self, profile: Profile, movie_ids: Sequence[int] | np.ndarray, wish: Wish | None = None
    ) -> list[tuple[Reason, ...]]:
        """What the person's own ratings do to the places of K movies, by asking the models again without them.

        An effect is one of the list's score: of For you a logarithm, see `lists`, of a list by rating stars. A list
        that does not depend on the person has no reasons.

        Args:
            profile: The person.
            movie_ids: Of the movies.
            wish: What the list is sorted by; `usual_wish` unless given.

        Raises:
            ProfileError: The data set has no movie of that id.
        """
        wish, positions = wish or self.usual_wish, self.catalogue.positions(movie_ids)
        known, rated = self.data.known_movies(profile.movie_ids)
        if wish.by in (POPULARITY, HABITS) or not len(rated) or not len(positions):
            return [()] * len(positions)
        kept = self._reasons.setdefault(profile, {})
        habits = self._picks(profile, wish)[1] is not None
        key = (wish.by, wish.mood, wish.like_movie, habits, positions.tobytes())
        if key not in kept:
            person = profile.only(known)
            akin = self._alike[rated] @ self._alike[positions].T
            if habits and self.parts and self.parts.habits:
                weights = np.abs(self.parts.habits.weights.between(rated, positions))
                akin = np.maximum(akin, weights / max(weights.max(initial=0), 1e-12))
            if len(kept) >= PICKS_KEPT:
                kept.clear()
            kept[key] = reasons(self.data, person, akin, partial(self._scores_of, positions, wish))
        return kept[key]

    def suggestions(self, profile: Profile, n: int = 12) -> list[int]:
        """Ids of movies that the person has not rated and whose ratings would tell most; see `onboarding`."""
        order = self._telling
        new = order[~self.catalogue.rated(profile)[order]]
        return self.catalogue.movie_ids[new[:n]].tolist()

    def look_back(self, profile: Profile) -> Hindsight:
        """What each of the person's ratings was expected to be from those before it; see `hindsight`."""
        found = self._hindsight.get(profile)
        if found is None:
            found = self._hindsight[profile] = look_back(self._model, self.catalogue, profile)
        return found

    def similar(self, movie_id: int, n: int = 5, *, min_ratings: int = 0) -> list[tuple[int, float]]:
        """The `n` other films most like one, the most alike first, as "more like this" has them: (movie_id, likeness).

        Alike is what people like who like the movie (EASE), and where EASE knows nothing of it or is not there, what is
        near in the model's item features (cosine). A model without item features has no neighbours then.

        Args:
            movie_id: Of the movie.
            n: How many.
            min_ratings: Fewest ratings of a neighbour: what few people rated is near to much by chance.

        Raises:
            ProfileError: The data set has no movie of that id.
        """
        catalogue, position = self.catalogue, self.catalogue.positions([movie_id])[0]
        said = self._picks(Profile.of(), Wish(like_movie=movie_id))[1]
        if said is None or (self._directions is None and not (self.parts and self.parts.habits)):
            return []
        likeness = said.scores
        enough = catalogue.stands_for_film & (catalogue.num_ratings >= min_ratings)
        others = np.flatnonzero(enough & (catalogue.film != catalogue.film[position]))
        nearest = others[np.argsort(-likeness[others], kind="stable")[:n]]
        return [(int(catalogue.movie_ids[i]), float(likeness[i])) for i in nearest]

    @cached_property
    def _telling(self) -> np.ndarray:
        return telling_order(self.catalogue, self._directions, CANDIDATES)

    def _asked(self, profile: Profile) -> Asked:
        found = self._predictions.get(profile)
        if found is None:
            movies = len(self.catalogue.movie_ids)
            found = Asked(self._model, profile, movies, in_parts_from=self._in_parts_from)
            self._predictions[profile] = found
        return found

    def _predicted(self, profile: Profile, movie_ids: Sequence[int] | np.ndarray | None) -> Prediction:
        asked = self._asked(profile)
        return asked.everything() if movie_ids is None else asked.of(self.catalogue.positions(movie_ids))

    def _ratings(self, prediction: Prediction) -> np.ndarray:
        """What the person is expected to give, float32 (K,), clipped; scores where a model only ranks."""
        if prediction.ratings is None:
            return prediction.scores.astype(np.float32)
        return self.data.scale.clip(prediction.ratings).astype(np.float32)

    def _picks(self, profile: Profile, wish: Wish) -> tuple[Prediction | None, Prediction | None]:
        """Log-probabilities of being picked, those of popularity where there is no pick model; and habits."""
        asked = asked_about(profile, wish, self.data.scale)
        # Of somebody who likes nothing it has nothing to say, and need not be there yet.
        likes = bool((asked.ratings >= self.data.scale.like_threshold).any())
        habits = self.parts.habits if self.parts and likes else None
        known = self._picked.setdefault(profile, {})
        key = (wish.mood, wish.like_movie, habits is not None)
        if key not in known:
            if len(known) >= PICKS_KEPT:
                known.clear()
            known[key] = self._pick(asked, wish), self._habits(habits, asked, wish)
        return known[key]

    def _pick(self, asked: Profile, wish: Wish) -> Prediction | None:
        if wish.like_movie is not None:
            return None
        pick = self.parts.pick if self.parts else None
        if asked in self._picks_of:
            return self._picks_of[asked]
        return self._popular if pick is None else pick.catalogue(asked)

    def _habits(self, habits: Model | None, asked: Profile, wish: Wish) -> Prediction | None:
        said = None if habits is None else habits.catalogue(asked)
        if wish.like_movie is None or (said is not None and said.scores.any()):
            return said
        # Few or none liked the movie, or there is nobody to ask: what is like it by its features.
        return Prediction(self._alike @ self._alike[self.catalogue.positions([wish.like_movie])[0]])

    def _scores(self, profile: Profile, wish: Wish, positions: np.ndarray) -> np.ndarray:
        """What some movies (K,) are sorted by, float32 (K,)."""
        if wish.by == POPULARITY:
            return self.catalogue.num_ratings[positions].astype(np.float32)
        if wish.by == HABITS:
            habits = self._picks(profile, wish)[1]
            return habits.scores[positions] if habits else np.zeros(len(positions), dtype=np.float32)
        prediction = self._asked(profile).of(positions)
        if wish.by == RATING or prediction.ratings is None:
            return self._ratings(prediction)
        return self._for_you(profile, wish, positions, log_liked(prediction, self.data.scale))

    def _for_you(
        self, profile: Profile, wish: Wish, positions: np.ndarray, liked: np.ndarray | np.floating
    ) -> np.ndarray:
        """The score of For you, float32 (K,), given the logarithm of the chance that each is liked, or a bound."""
        pick, habits = self._picks(profile, wish)
        scores = log_expected(pick, habits, len(self.catalogue.movie_ids), PICKS)[positions] + liked
        if wish.adventure:
            scores = scores - np.float32(wish.adventure) * np.log1p(self.catalogue.num_ratings[positions])
        return scores.astype(np.float32)

    def _scores_of(self, positions: np.ndarray, wish: Wish, people: Sequence[Profile]) -> np.ndarray:
        """Scores (P, K) of some movies for some people, to be compared with each other; see `queries.of_movies`."""
        shape = len(people), len(positions)
        like = of_movies(self._model, people, positions)
        if wish.by == RATING or like.ratings is None:
            return like.scores.reshape(shape)
        asked = [asked_about(person, wish, self.data.scale) for person in people]
        popular = Prediction(np.tile(self._popular.scores[positions], len(people)))
        pick = self.parts.pick if self.parts else None
        habits = self.parts.habits if self.parts else None
        picked = popular if pick is None else of_movies(pick, asked, positions)
        of_habits = None if habits is None else of_movies(habits, asked, positions)
        return blended(picked, of_habits, like, self.data.scale, PICKS).scores.reshape(shape)

    def _ranked(
        self, profile: Profile, filters: Filters, wish: Wish | None, n: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Catalogue positions that pass, best first, and their scores; the first `n` alone where it is given."""
        wish, catalogue = wish or self.usual_wish, self.catalogue
        passes = catalogue.passes(profile, filters)
        if wish.like_movie is not None:
            passes &= catalogue.film != catalogue.film[catalogue.positions([wish.like_movie])[0]]
        candidates = np.flatnonzero(passes)
        if n is not None and wish.by == FOR_YOU and self._asked(profile).in_parts:
            wanted = max(n, DIVERSIFIED) if wish.diversity else n
            bounds = self._for_you(profile, wish, candidates, MOST_LIKED)
            candidates = candidates_of_best(candidates, bounds, partial(self._scores, profile, wish), wanted)
        scores = self._scores(profile, wish, candidates)
        in_order = catalogue.in_order(candidates, scores)
        order, scores = candidates[in_order], scores[in_order]
        if wish.diversity:
            mixed = diversified(scores[:DIVERSIFIED], self._alike[order[:DIVERSIFIED]], wish.diversity)
            order[:DIVERSIFIED], scores[:DIVERSIFIED] = order[mixed], scores[mixed]
        return order[:n], scores[:n]

    def _line(
        self, prediction: Prediction, ratings: np.ndarray, place: int, position: int, score: float
    ) -> Recommendation:
        """One line, of what was predicted at that place."""
        catalogue = self.catalogue
        year, mean = catalogue.years[position], catalogue.mean_rating[position]
        probabilities = None if prediction.probabilities is None else prediction.probabilities[place]
        return Recommendation(
            movie_id=int(catalogue.movie_ids[position]),
            title=catalogue.titles[position],
            year=None if np.isnan(year) else int(year),
            genres=catalogue.genres_of[position],
            predicted=float(ratings[place]),
            mean_rating=None if np.isnan(mean) else float(mean),
            num_ratings=int(catalogue.num_ratings[position]),
            score=float(score),
            probabilities=None if probabilities is None else tuple(probabilities.tolist()),
            p_like=None if probabilities is None else float(self.data.scale.p_at_least(probabilities)),
        )
