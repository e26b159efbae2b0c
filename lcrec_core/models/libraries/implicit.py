"""implicit's alternating least squares, iALS (Hu, Koren and Volinsky 2008); it needs `requirements-compare.txt`.

A like counts with confidence alpha, every other movie as a dislike of confidence one. Of somebody with likes L, known
or new, the factors are solved for in closed form, of the movies' factors Y, and a score is a product (the fit itself
comes near the closed form by a few steps of conjugate gradients):

    x = (Y'Y + (alpha - 1) * sum over i in L of y_i y_i' + regularisation * I)^-1 * alpha * sum over i in L of y_i
    score(j) = x . y_j

Of somebody without a like x is zero: score(j) is then the share of people who liked j.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.data.profile import Profile
from lcrec_core.machine import require
from lcrec_core.models.contract import Family, Prediction, Watch
from lcrec_core.models.libraries.library import LibraryConfig, library
from lcrec_core.models.queries import Moments, moments_of
from lcrec_core.models.settings import check_numbers

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NOT_KEPT = "a library's model is not kept in a bundle"


@dataclass(frozen=True)
class IalsConfig(LibraryConfig):
    """Settings of iALS."""

    factors: int = 128
    """Of a movie, and of a person."""
    iterations: int = 15
    """Each solves for all people, then for all movies."""
    regularisation: float = 100.0
    """Of the squared length of every vector, beside a confidence of one for each movie that was not liked."""
    alpha: float = 10.0
    """Confidence of a like."""

    def __post_init__(self) -> None:
        check_numbers(self)
        for name in ("factors", "iterations", "regularisation", "alpha"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")


class IalsModel:
    """Factors of the movies with the ratings that they were fitted on; see `contract.Model`."""

    device = "cpu"

    def __init__(self, solver: Any, share: np.ndarray, data: Dataset, encoded: Encoded) -> None:
        """Of a fitted `AlternatingLeastSquares`, and of the share float32 (M,) of people who liked each movie."""
        self._solver, self._share, self._data, self._encoded = solver, share, data, encoded
        self.item_features: np.ndarray = solver.item_factors
        self.parameters = int(solver.user_factors.size + solver.item_factors.size)
        solver.YtY  # noqa: B018 - the solver keeps it when first asked, which no session may find half done

    def rows(self, rows: np.ndarray, *, context: np.ndarray | None = None, use_future: bool = True) -> Prediction:
        """See `Model`. What somebody liked later is never read: a list is made before it."""
        moments = moments_of(self._data, self._encoded, rows, context)
        liked = [self._liked(moments, moment) for moment in range(len(moments.people))]
        factors = self._factors(liked)[moments.of_row]
        scores = np.einsum("nk,nk->n", factors, self.item_features[moments.movies])
        nothing = np.array([not len(each) for each in liked], dtype=bool)[moments.of_row]
        return Prediction(np.where(nothing, self._share[moments.movies], scores).astype(np.float32))

    def catalogue(self, profile: Profile) -> Prediction:
        """See `Model`."""
        known, movies = self._data.known_movies(profile.movie_ids)
        liked = movies[profile.ratings[known] >= self._data.scale.like_threshold]
        return Prediction(self.item_features @ self._factors([liked])[0] if len(liked) else self._share.copy())

    def tensors(self) -> dict[str, np.ndarray]:
        """See `Model`; a library's model is not kept."""
        raise ValueError(NOT_KEPT)

    def _liked(self, moments: Moments, moment: int) -> np.ndarray:
        """Catalogue positions int64 (L,) of what was liked by then."""
        histories, own = moments.histories, moments.ratings_of(moment)
        liked: np.ndarray = histories.movies[own][histories.ratings[own] >= self._data.scale.like_threshold]
        return liked

    def _factors(self, liked: list[np.ndarray]) -> np.ndarray:
        """float32 (N, K), of people who liked these movies and no others."""
        offsets = np.concatenate([[0], np.cumsum([len(each) for each in liked])])
        likes = _matrix(offsets, np.concatenate([np.zeros(0, np.int64), *liked]), len(self._share))
        factors: np.ndarray = self._solver.recalculate_user(np.arange(len(liked)), likes)
        return factors


def _matrix(offsets: np.ndarray, movies: np.ndarray, width: int) -> csr_matrix:
    """A one for each liked movie; person `p` liked `movies[offsets[p]:offsets[p + 1]]`, at most once each."""
    from scipy import sparse

    shape = (len(offsets) - 1, width)
    # The library's solvers take no wider indices.
    likes = sparse.csr_matrix(
        (np.ones(len(movies), np.float32), movies.astype(np.int32), offsets.astype(np.int32)), shape=shape
    )
    likes.sort_indices()
    return likes


class IalsFamily(Family):
    """See `contract.Family`."""

    def check_memory(self, data: Dataset) -> None:
        """See `Family`. Likes are there both ways round, and factors once as they are drawn."""
        vectors = len(data.users) + len(data.movies)
        require(
            16 * IalsConfig.factors * vectors + 40 * len(data.ratings),
            f"{self.name} on {data.name}",
            "leave this model out",
        )

    def settings(self, data_name: str) -> str:
        """See `Family`."""
        config = IalsConfig()
        return (
            f"implicit's ALS on likes, {config.factors} factors, {config.iterations} iterations, "
            f"confidence {config.alpha:g}, regularisation {config.regularisation:g}"
        )

    def fit(self, data: Dataset, encoded: Encoded, config: IalsConfig, scratch: Path | None, watch: Watch) -> IalsModel:
        """See `Family`."""
        histories = encoded.histories
        counts = histories.ratings >= data.scale.like_threshold
        offsets = np.concatenate([[0], np.cumsum(counts)])[histories.offsets]
        likes = _matrix(offsets, histories.movies[counts], len(data.movies))
        # Not the factory in `implicit.als`, which takes a GPU where there is one: a seed has to give the same factors.
        als = library("implicit.cpu.als")
        with library("threadpoolctl").threadpool_limits(1, "blas"):
            solver = als.AlternatingLeastSquares(
                factors=config.factors,
                regularization=config.regularisation,
                alpha=config.alpha,
                iterations=config.iterations,
                num_threads=1,
                random_state=config.seed,
            )
            solver.fit(likes, show_progress=False)
        people = int((np.diff(histories.offsets) > 0).sum())
        share = np.bincount(histories.movies[counts], minlength=len(data.movies)) / max(people, 1)
        return IalsModel(solver, share.astype(np.float32), data, encoded)

    def load(
        self,
        tensors: Mapping[str, np.ndarray],
        item_features: np.ndarray | None,
        config: IalsConfig,
        data: Dataset,
        encoded: Encoded,
    ) -> IalsModel:
        """See `Family`."""
        raise ValueError(NOT_KEPT)


IALS = IalsFamily(
    name="ials",
    label="iALS (implicit)",
    config=IalsConfig,
    predicts_ratings=False,
    makes_lists=True,
    folds_in_new_users=True,
    landmark=True,
)
