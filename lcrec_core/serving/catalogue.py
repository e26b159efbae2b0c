"""What is known of movies alone, worked out once: counts, genres, years, and which ids are one film."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset, split_genres
from lcrec_core.data.profile import Profile
from lcrec_core.errors import ProfileError
from lcrec_core.serving.filters import Filters
from lcrec_core.serving.twins import most_rated_twins

MEAN_RATING, NUM_RATINGS = "mean_rating", "num_ratings"
"""Columns of `Catalogue.stats`."""

WELL_KNOWN = 120
"""How many of the most rated unrated movies suggestions are taken from."""


class Catalogue:
    """The M movies of a data set, in its order. A position is a row of `Dataset.movies`."""

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self.movie_ids = data.movies[Col.MOVIE].to_numpy(np.int64)
        self.stats = pd.DataFrame({MEAN_RATING: data.mean_ratings, NUM_RATINGS: data.num_ratings}, index=self.movie_ids)
        self.stats.index.name = Col.MOVIE.value
        self.num_ratings = self.stats[NUM_RATINGS].to_numpy()
        self.mean_rating = self.stats[MEAN_RATING].to_numpy(np.float64)
        self.film = most_rated_twins(data)  # (M,), the position that stands for each movie's film
        self.stands_for_film = self.film == np.arange(len(self.film))
        self.years = data.movies[Col.YEAR].to_numpy(np.float64, na_value=np.nan)
        self.titles = [str(title) for title in data.movies[Col.TITLE]]
        self.genres = data.genres
        # Of tens of thousands of movies, some hundred have genres that no other has.
        which, joined = pd.factorize(data.movies[Col.GENRES])
        each = [tuple(split_genres(genres)) for genres in joined]
        self.genres_of = [each[genres] for genres in which.tolist()]
        has_genre = np.array([[genre in genres for genre in self.genres] for genres in each], dtype=bool)
        self.has_genre = has_genre.reshape(len(each), len(self.genres))[which]

    def positions(self, movie_ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Positions int64 (K,) of movies.

        Raises:
            ProfileError: The data set has no movie of that id.
        """
        wanted = np.asarray(movie_ids, dtype=np.int64)
        known, positions = self.data.known_movies(wanted)
        if not known.all():
            raise ProfileError(f"{self.data.name} has no movie {wanted[~known][0]}")
        return positions

    def rated(self, profile: Profile) -> np.ndarray:
        """Whether the person has rated the film, under this id or another: bool (M,)."""
        return self._of_films(profile.movie_ids)

    def _of_films(self, movie_ids: np.ndarray) -> np.ndarray:
        """Whether a movie's film is among those of the ids: bool (M,)."""
        _, positions = self.data.known_movies(movie_ids)
        return np.isin(self.film, self.film[positions])

    def best_first(self, passes: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Positions that pass, the highest score first; see `in_order`.

        Args:
            passes: bool (M,).
            scores: (M,).
        """
        passing = np.flatnonzero(passes)
        return passing[self.in_order(passing, scores[passing])]

    def in_order(self, positions: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Places of some movies (K,), the highest score first; equal ones by number of ratings, then by id.

        Args:
            positions: int64 (K,), catalogue positions.
            scores: (K,).
        """
        return np.lexsort((self.movie_ids[positions], -self.num_ratings[positions], -scores))

    def passes(self, profile: Profile, filters: Filters) -> np.ndarray:
        """Which movies may enter this person's list: bool (M,); of a film listed twice the more rated id alone."""
        names = np.array(self.genres, dtype=object)
        passes = self.stands_for_film & (self.num_ratings >= filters.min_ratings)
        if filters.max_ratings is not None:
            passes &= self.num_ratings <= filters.max_ratings
        if filters.genres_in:
            passes &= self.has_genre[:, np.isin(names, list(filters.genres_in))].any(axis=1)
        if filters.genres_out:
            passes &= ~self.has_genre[:, np.isin(names, list(filters.genres_out))].any(axis=1)
        undated = np.isnan(self.years)
        if filters.year_from is not None:
            passes &= undated | (self.years >= filters.year_from)
        if filters.year_to is not None:
            passes &= undated | (self.years <= filters.year_to)
        if not filters.unknown_year:
            passes &= ~undated
        if filters.without:
            passes &= ~self._of_films(np.fromiter(filters.without, np.int64))
        if not filters.include_rated:
            passes &= ~self.rated(profile)
        return passes

    def suggestions(self, profile: Profile, n: int = 12) -> list[int]:
        """Well-known movies the person has not rated, mixed over genres: something to start rating with."""
        new = self.stands_for_film & ~self.rated(profile)
        candidates = [i for i in np.argsort(-self.num_ratings, kind="stable") if new[i]][:WELL_KNOWN]
        shown = np.zeros(len(self.genres))
        chosen: list[int] = []
        while candidates and len(chosen) < n:
            # Each movie of a genre already shown makes the next one of that genre less welcome.
            repeats = [shown[self.has_genre[i]].mean() if self.has_genre[i].any() else 0.0 for i in candidates]
            welcome = np.log1p(self.num_ratings[candidates]) - 0.5 * np.array(repeats)
            best = candidates.pop(int(np.argmax(welcome)))
            shown += self.has_genre[best]
            chosen.append(int(self.movie_ids[best]))
        return chosen
