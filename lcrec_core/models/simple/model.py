"""How often movies were rated, and chance, as models of lists."""

from dataclasses import replace

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import Encoded, Histories, histories_of
from lcrec_core.data.profile import Profile
from lcrec_core.models.contract import Prediction
from lcrec_core.models.queries import rated_before

UNSEEN = 0.5
"""Ratings that every movie is counted besides, so that one without any has a logarithm."""


class NotKept:
    """What these models have in common: they know nothing of movies, and are fitted anew rather than kept."""

    item_features = None
    device = "cpu"

    def tensors(self) -> dict[str, np.ndarray]:
        """See `Model`; it is fitted again in a second."""
        raise ValueError("a list of counts or of chance is not kept in a bundle")


class PopularityModel(NotKept):
    """Everybody's list is the same: the logarithm of each movie's share of the ratings."""

    def __init__(self, counts: np.ndarray, data: Dataset) -> None:
        """Of float64 counts (M,)."""
        self._data = data
        self._scores = np.log((counts + UNSEEN) / (counts + UNSEEN).sum()).astype(np.float32)
        self.parameters = len(counts)

    def rows(self, rows: np.ndarray, *, context: np.ndarray | None = None, use_future: bool = True) -> Prediction:
        """See `Model`."""
        return Prediction(self._scores[self._data.movie_rows(self._data.ratings[Col.MOVIE].iloc[rows])])

    def catalogue(self, profile: Profile) -> Prediction:
        """See `Model`."""
        return Prediction(self._scores.copy())


def popularity(data: Dataset, encoded: Encoded) -> PopularityModel:
    """By the number of ratings."""
    return PopularityModel(np.bincount(encoded.histories.movies, minlength=len(data.movies)).astype(float), data)


def recent_popularity(data: Dataset, encoded: Encoded, days: int) -> PopularityModel:
    """By the number of ratings in the last days; of equals, the one with more before that comes first."""
    histories, movies = encoded.histories, len(data.movies)
    recent = histories.times > histories.times.max(initial=0) - days * 86_400
    ever = np.bincount(histories.movies, minlength=movies)
    # Far less than one rating in all, and enough to break ties in single precision.
    return PopularityModel(np.bincount(histories.movies[recent], minlength=movies) + ever / (10 * ever.max()), data)


class RandomModel(NotKept):
    """A list drawn by chance, another for each person and after each rating, yet the same whenever it is asked for.

    A score is a hash of the movie, of the set of movies that the person had rated by then, and of the seed.
    """

    parameters = 0

    def __init__(self, data: Dataset, encoded: Encoded, seed: int) -> None:
        self._data, self._encoded = data, encoded
        self._hashes = _scrambled(np.arange(len(data.movies), dtype=np.uint64) + (np.uint64(seed) << np.uint64(32)))

    def rows(self, rows: np.ndarray, *, context: np.ndarray | None = None, use_future: bool = True) -> Prediction:
        """See `Model`."""
        encoded = self._encoded
        if context is not None:
            encoded = replace(encoded, histories=histories_of(self._data.ratings.iloc[context], self._data))
        asked = self._data.ratings.iloc[rows]
        movies = self._data.movie_rows(asked[Col.MOVIE])
        return Prediction(self._scores(movies, self._known(encoded.histories, asked)))

    def catalogue(self, profile: Profile) -> Prediction:
        """See `Model`."""
        _, rated = self._data.known_movies(profile.movie_ids)
        return Prediction(self._scores(np.arange(len(self._hashes)), self._hashes[rated].sum()))

    def _known(self, histories: Histories, asked: pd.DataFrame) -> np.ndarray:
        """uint64 (N,): a hash of what each row's person had rated by then."""
        people = self._data.user_rows(asked[Col.USER])
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(self._hashes[histories.movies], dtype=np.uint64)])
        start = histories.offsets[people]
        return sums[start + rated_before(histories, people, asked[Col.TIME].to_numpy())] - sums[start]

    def _scores(self, movies: np.ndarray, known: np.ndarray) -> np.ndarray:
        mixed = _scrambled(self._hashes[movies] ^ _scrambled(known))
        return ((mixed >> np.uint64(40)) / 2.0**24).astype(np.float32)


def _scrambled(values: np.ndarray) -> np.ndarray:
    """Splitmix64's last step: uint64 (N,) in which every bit of the input moves half of the output's."""
    with np.errstate(over="ignore"):
        values = np.asarray(values, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return values ^ (values >> np.uint64(31))
