"""Other people's models, from the libraries that keep them: the paper's rivals, and what one would pick today.

Each is a function `(data, rows) -> Fitted`: fit on those rows of `data.ratings` and nothing else. They need
`requirements-compare.txt`, and are imported only when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.errors import TrainingError

if TYPE_CHECKING:
    import surprise
    from scipy.sparse import csr_matrix

REQUIREMENTS = "requirements-compare.txt"

Predict = Callable[[pd.DataFrame], np.ndarray]
"""Predicted ratings (N,) for the rows of a table with user, movie and time; not yet clipped to the scale."""


@dataclass(frozen=True)
class Fitted:
    """A trained model."""

    predict: Predict
    parameters: int
    train_seconds: float | None = None
    """Where the model counts them itself; else the whole call to `fit` is timed."""
    catalogue: Callable[[int], np.ndarray] | None = None
    """Every movie for one user id, where there is a faster way than `predict`."""
    distribution: Predict | None = None
    """Probabilities (N, V) of the scale's values, where the model has them; `predict` is then their mean."""
    knowing: Callable[[np.ndarray], Predict] | None = None
    """Answers about people who are new, given the rows of their first ratings; where that needs no training."""


@dataclass(frozen=True)
class Baseline:
    """A model of somebody else's."""

    settings: str
    """As the table states them."""
    fit: Callable[[Dataset, np.ndarray, int], Fitted]
    """(data, rows to fit on, seed) -> the trained model."""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Settings for data sets that have their own, by name."""

    def settings_on(self, data_name: str) -> str:
        """As the table of a data set states them."""
        return self.elsewhere.get(data_name, self.settings)


def _surprise(make: Callable[[int], surprise.AlgoBase], parameters: Callable[[Any], int]) -> Callable[..., Fitted]:
    def fit(data: Dataset, rows: np.ndarray, seed: int) -> Fitted:
        library = _library("surprise")
        columns = [Col.USER, Col.MOVIE, Col.RATING]
        reader = library.Reader(rating_scale=(data.scale.low, data.scale.high))
        table = data.ratings.iloc[rows][columns]
        algorithm = make(seed)
        algorithm.fit(library.Dataset.load_from_df(table, reader).build_full_trainset())

        def predict(asked: pd.DataFrame) -> np.ndarray:
            pairs = zip(asked[Col.USER].tolist(), asked[Col.MOVIE].tolist(), strict=True)
            return np.array([algorithm.predict(user, movie, clip=False).est for user, movie in pairs])

        return Fitted(predict, parameters(algorithm))

    return fit


def _library(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise TrainingError(
            f"{name} is not installed, which this row comes from", advice=f"run `pip install -r {REQUIREMENTS}`"
        ) from error


def _bias_only(seed: int) -> surprise.AlgoBase:
    options = {"method": "als", "n_epochs": 20, "reg_u": 5, "reg_i": 2}
    return _library("surprise").BaselineOnly(bsl_options=options, verbose=False)


def _user_cf(seed: int) -> surprise.AlgoBase:
    return _library("surprise").KNNWithMeans(
        k=40, sim_options={"name": "pearson_baseline", "user_based": True}, verbose=False
    )


def _item_cf(seed: int) -> surprise.AlgoBase:
    return _library("surprise").KNNWithMeans(
        k=40, sim_options={"name": "pearson_baseline", "user_based": False}, verbose=False
    )


def _item_knn(seed: int) -> surprise.AlgoBase:
    return _library("surprise").KNNBaseline(
        k=40, sim_options={"name": "pearson_baseline", "user_based": False}, verbose=False
    )


def _svd(seed: int) -> surprise.AlgoBase:
    return _library("surprise").SVD(random_state=seed)


@dataclass(frozen=True)
class _Tuned:
    """What somebody else found best for a factor model: many epochs from small first values, well regularised."""

    factors: int
    learning_rate: float
    regularisation: float

    def make(self, algorithm: str, seed: int) -> surprise.AlgoBase:
        more = {"cache_ratings": True} if algorithm == "SVDpp" else {}
        return getattr(_library("surprise"), algorithm)(
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


def _tuned(algorithm: str, label: str, on_ml_100k: _Tuned) -> Baseline:
    settings = {"ml-100k": on_ml_100k}

    def fit(data: Dataset, rows: np.ndarray, seed: int) -> Fitted:
        chosen = settings.get(data.name, _ON_ML_1M)
        return _surprise(partial(chosen.make, algorithm), _factors)(data, rows, seed)

    return Baseline(
        f"Surprise {label}, {_ON_ML_1M}", fit, {name: f"Surprise {label}, {own}" for name, own in settings.items()}
    )


def _svdpp(seed: int) -> surprise.AlgoBase:
    return _library("surprise").SVDpp(random_state=seed, cache_ratings=True)


def _biases(algorithm: Any) -> int:
    return algorithm.trainset.n_users + algorithm.trainset.n_items + 1


def _similarities(algorithm: Any) -> int:
    return int(algorithm.sim.size)


def _factors(algorithm: Any) -> int:
    parts = ("bu", "bi", "pu", "qi", "yj")
    return 1 + sum(getattr(algorithm, part).size for part in parts if hasattr(algorithm, part))


@dataclass(frozen=True, eq=False)
class _FactorizationInputs:
    """What both factorization machines see: the day, both ids, what the person rated, who rated the movie, the rest."""

    days: np.ndarray
    people: np.ndarray
    movies: np.ndarray
    of_people: csr_matrix
    of_movies: csr_matrix

    @classmethod
    def of(cls, data: Dataset, rows: np.ndarray) -> _FactorizationInputs:
        seen = data.ratings.iloc[rows]
        people, movies = data.users[Col.USER].to_numpy(), data.movies[Col.MOVIE].to_numpy()
        who, what = np.searchsorted(people, seen[Col.USER]), np.searchsorted(movies, seen[Col.MOVIE])
        rated = _counts(who, what, (len(people), len(movies)))
        watched = _rows_of_length_one(rated.T.tocsr())
        return cls(
            days=np.unique(seen[Col.TIME].to_numpy() // _DAY),
            people=people,
            movies=movies,
            of_people=_side_by_side([_eye(len(people)), _rows_of_length_one(rated), *_fields(data)]),
            of_movies=_side_by_side([_eye(len(movies)), watched, _genres(data), _decades(data)]),
        )

    @property
    def groups(self) -> list[int]:
        return [len(self.days), self.of_people.shape[1], self.of_movies.shape[1]]

    def __call__(self, table: pd.DataFrame) -> tuple[csr_matrix, list[Any]]:
        block = _library("myfm").RelationBlock
        who, what = np.searchsorted(self.people, table[Col.USER]), np.searchsorted(self.movies, table[Col.MOVIE])
        blocks = [block(who.tolist(), self.of_people), block(what.tolist(), self.of_movies)]
        return _positions(self.days, table[Col.TIME].to_numpy() // _DAY), blocks


FM_RANK = 24
FM_ITERATIONS = 220
FM_BURN_IN = 44


def _factorization_machine(data: Dataset, rows: np.ndarray, seed: int) -> Fitted:
    inputs = _FactorizationInputs.of(data, rows)
    machine = _library("myfm").MyFMRegressor(rank=FM_RANK, random_seed=seed)
    _fit_machine(machine, inputs, data.ratings.iloc[rows], lambda ratings: ratings.astype(np.float64))

    def predict(table: pd.DataFrame) -> np.ndarray:
        return np.asarray(machine.predict(*inputs(table)))

    return Fitted(predict, 1 + sum(inputs.groups) * (FM_RANK + 1))


def _ordered_factorization_machine(data: Dataset, rows: np.ndarray, seed: int) -> Fitted:
    inputs, values = _FactorizationInputs.of(data, rows), data.scale.values
    machine = _library("myfm").MyFMOrderedProbit(rank=FM_RANK, random_seed=seed)
    _fit_machine(machine, inputs, data.ratings.iloc[rows], lambda ratings: data.scale.places(ratings))

    def distribution(table: pd.DataFrame) -> np.ndarray:
        return np.asarray(machine.predict_proba(*inputs(table)))

    return Fitted(
        lambda table: distribution(table) @ values,
        len(values) - 1 + sum(inputs.groups) * (FM_RANK + 1),
        distribution=distribution,
    )


def _fit_machine(
    machine: Any, inputs: _FactorizationInputs, seen: pd.DataFrame, target: Callable[[np.ndarray], np.ndarray]
) -> None:
    day, blocks = inputs(seen)
    machine.fit(
        day,
        target(seen[Col.RATING].to_numpy()),
        X_rel=blocks,
        n_iter=FM_ITERATIONS,
        n_kept_samples=FM_ITERATIONS - FM_BURN_IN,
        group_shapes=inputs.groups,
    )


_DAY = 86_400


def _eye(size: int) -> csr_matrix:
    from scipy import sparse

    return sparse.identity(size, format="csr")


def _positions(known: np.ndarray, values: np.ndarray) -> csr_matrix:
    """One-hot rows; zeros for a value that is not known."""
    from scipy import sparse

    at = np.searchsorted(known, values).clip(max=len(known) - 1)
    found = np.flatnonzero(known[at] == values)
    return sparse.csr_matrix((np.ones(len(found)), (found, at[found])), shape=(len(values), len(known)))


def _counts(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> csr_matrix:
    from scipy import sparse

    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)


def _rows_of_length_one(matrix: csr_matrix) -> csr_matrix:
    """A set as SVD++ sums it: each of n members counts 1 / sqrt(n)."""
    from scipy import sparse

    lengths = np.sqrt(np.maximum(np.diff(matrix.indptr), 1))
    return (sparse.diags(1 / lengths) @ matrix).tocsr()


def _side_by_side(parts: list[csr_matrix]) -> csr_matrix:
    from scipy import sparse

    return sparse.hstack(parts, format="csr")


def _fields(data: Dataset) -> list[csr_matrix]:
    columns = [data.users[name].astype("string").fillna("") for name in (Col.GENDER, Col.AGE, Col.OCCUPATION)]
    return [_positions(np.unique(column.to_numpy(str)), column.to_numpy(str)) for column in columns]


def _genres(data: Dataset) -> csr_matrix:
    from scipy import sparse

    return sparse.csr_matrix(data.movies[Col.GENRES].str.get_dummies("|").to_numpy(np.float64))


def _decades(data: Dataset) -> csr_matrix:
    decade = data.movies[Col.YEAR].astype("float64").fillna(0).to_numpy() // 10
    return _positions(np.unique(decade), decade)


BASELINES: dict[str, Baseline] = {
    "user-cf": Baseline(
        "Surprise KNNWithMeans, 40 people, Pearson baseline similarity", _surprise(_user_cf, _similarities)
    ),
    "item-cf": Baseline(
        "Surprise KNNWithMeans, 40 movies, Pearson baseline similarity", _surprise(_item_cf, _similarities)
    ),
    "svd": Baseline("Surprise SVD, its defaults: 100 factors, 20 epochs", _surprise(_svd, _factors)),
    "bias": Baseline("Surprise BaselineOnly, ALS, 20 epochs", _surprise(_bias_only, _biases)),
    "svd-tuned": _tuned("SVD", "SVD", _Tuned(50, 0.01, 0.1)),
    "svdpp": Baseline("Surprise SVD++, its defaults: 20 factors, 20 epochs", _surprise(_svdpp, _factors)),
    "svdpp-tuned": _tuned("SVDpp", "SVD++", _Tuned(50, 0.005, 0.05)),
    "item-knn": Baseline(
        "Surprise KNNBaseline, 40 movies, Pearson baseline similarity", _surprise(_item_knn, _similarities)
    ),
    "fm": Baseline(
        f"myFM regression, rank {FM_RANK}, {FM_ITERATIONS} iterations: day, ids, sets both ways, side information",
        _factorization_machine,
    ),
    "fm-ordered": Baseline(
        f"myFM ordered probit, rank {FM_RANK}, {FM_ITERATIONS} iterations: the same inputs",
        _ordered_factorization_machine,
    ),
}

ONE_SEED = ("fm-ordered", "svdpp-tuned")
"""Rows that are measured with one seed: beside others of their kind, or because a run takes over half an hour."""
SLOW = ("svdpp", "svdpp-tuned", "fm", "fm-ordered")
"""Rows that are trained again for new people of one number of given ratings only."""
