"""Surprise's models: the paper's rivals, and what one would pick today. It needs `requirements-compare.txt`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.models.libraries.library import Fitted, LibraryFamily, library

if TYPE_CHECKING:
    import surprise


def _surprise(make: Callable[[int], surprise.AlgoBase], parameters: Callable[[Any], int]) -> Callable[..., Fitted]:
    def fit(data: Dataset, rows: np.ndarray, seed: int) -> Fitted:
        surprise_library = library("surprise")
        columns = [Col.USER, Col.MOVIE, Col.RATING]
        reader = surprise_library.Reader(rating_scale=(data.scale.low, data.scale.high))
        table = data.ratings.iloc[rows][columns]
        algorithm = make(seed)
        algorithm.fit(surprise_library.Dataset.load_from_df(table, reader).build_full_trainset())

        def predict(asked: pd.DataFrame) -> np.ndarray:
            pairs = zip(asked[Col.USER].tolist(), asked[Col.MOVIE].tolist(), strict=True)
            return np.array([algorithm.predict(user, movie, clip=False).est for user, movie in pairs])

        return Fitted(predict, parameters(algorithm))

    return fit


def _bias_only(seed: int) -> surprise.AlgoBase:
    options = {"method": "als", "n_epochs": 20, "reg_u": 5, "reg_i": 2}
    return library("surprise").BaselineOnly(bsl_options=options, verbose=False)


def _user_cf(seed: int) -> surprise.AlgoBase:
    return library("surprise").KNNWithMeans(
        k=40, sim_options={"name": "pearson_baseline", "user_based": True}, verbose=False
    )


def _item_cf(seed: int) -> surprise.AlgoBase:
    return library("surprise").KNNWithMeans(
        k=40, sim_options={"name": "pearson_baseline", "user_based": False}, verbose=False
    )


def _item_knn(seed: int) -> surprise.AlgoBase:
    return library("surprise").KNNBaseline(
        k=40, sim_options={"name": "pearson_baseline", "user_based": False}, verbose=False
    )


def _svd(seed: int) -> surprise.AlgoBase:
    return library("surprise").SVD(random_state=seed)


@dataclass(frozen=True)
class _Tuned:
    """What somebody else found best for a factor model: many epochs from small first values, well regularised."""

    factors: int
    learning_rate: float
    regularisation: float

    def make(self, algorithm: str, seed: int) -> surprise.AlgoBase:
        more = {"cache_ratings": True} if algorithm == "SVDpp" else {}
        return getattr(library("surprise"), algorithm)(
            n_factors=self.factors,
            n_epochs=100,
            init_std_dev=0.001,
            lr_all=self.learning_rate,
            reg_all=self.regularisation,
            random_state=seed,
            **more,
        )

    def __str__(self) -> str:
        rates = f"learning rate {self.learning_rate}, regularisation {self.regularisation}"
        return f"{self.factors} factors, 100 epochs, first values N(0, 0.001), {rates}, as gorse's benchmark has them"


_ON_ML_1M = _Tuned(80, 0.005, 0.05)


def _tuned(name: str, label: str, algorithm: str, on_ml_100k: _Tuned, **more: Any) -> LibraryFamily:
    settings = {"ml-100k": on_ml_100k}

    def train(data: Dataset, rows: np.ndarray, seed: int) -> Fitted:
        chosen = settings.get(data.name, _ON_ML_1M)
        return _surprise(partial(chosen.make, algorithm), _factors)(data, rows, seed)

    kind = label.partition(",")[0]
    elsewhere = {data: f"Surprise {kind}, {own}" for data, own in settings.items()}
    return LibraryFamily(
        name=name, label=label, in_words=f"Surprise {kind}, {_ON_ML_1M}", elsewhere=elsewhere, train=train, **more
    )


def _svdpp(seed: int) -> surprise.AlgoBase:
    return library("surprise").SVDpp(random_state=seed, cache_ratings=True)


def _biases(algorithm: Any) -> int:
    return algorithm.trainset.n_users + algorithm.trainset.n_items + 1


def _similarities(algorithm: Any) -> int:
    return int(algorithm.sim.size)


def _factors(algorithm: Any) -> int:
    parts = ("bu", "bi", "pu", "qi", "yj")
    return 1 + sum(getattr(algorithm, part).size for part in parts if hasattr(algorithm, part))


RIVALS = (
    LibraryFamily(
        name="user-cf",
        compares="users",
        label="User-based CF",
        in_words="Surprise KNNWithMeans, 40 people, Pearson baseline similarity",
        train=_surprise(_user_cf, _similarities),
    ),
    LibraryFamily(
        name="item-cf",
        compares="movies",
        label="Item-based CF",
        in_words="Surprise KNNWithMeans, 40 movies, Pearson baseline similarity",
        train=_surprise(_item_cf, _similarities),
    ),
    LibraryFamily(
        name="svd",
        label="SVD",
        in_words="Surprise SVD, its defaults: 100 factors, 20 epochs",
        train=_surprise(_svd, _factors),
    ),
)
"""The paper's (Table VII)."""

TODAY = (
    LibraryFamily(
        name="bias",
        label="Bias only",
        in_words="Surprise BaselineOnly, ALS, 20 epochs",
        train=_surprise(_bias_only, _biases),
        landmark=True,
    ),
    _tuned("svd-tuned", "SVD, tuned", "SVD", _Tuned(50, 0.01, 0.1), landmark=True),
    LibraryFamily(
        name="svdpp",
        label="SVD++",
        in_words="Surprise SVD++, its defaults: 20 factors, 20 epochs",
        train=_surprise(_svdpp, _factors),
        slow=True,
    ),
    _tuned("svdpp-tuned", "SVD++, tuned", "SVDpp", _Tuned(50, 0.005, 0.05), slow=True, one_seed=True),
    LibraryFamily(
        name="item-knn",
        compares="movies",
        label="Item kNN, baseline",
        in_words="Surprise KNNBaseline, 40 movies, Pearson baseline similarity",
        train=_surprise(_item_knn, _similarities),
    ),
)
"""What one would pick today."""
