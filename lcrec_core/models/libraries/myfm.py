"""myFM's Bayesian factorization machines, with SVD++'s sets; they need `requirements-compare.txt`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.models.libraries.library import Fitted, LibraryFamily, library

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


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
        block = library("myfm").RelationBlock
        users, of_people = table[Col.USER].to_numpy(), self.of_people
        who, what = np.searchsorted(self.people, users), np.searchsorted(self.movies, table[Col.MOVIE])
        known = np.isin(users, self.people)
        if not known.all():
            # Of somebody new nothing is known: a row of zeros behind all others.
            who = np.where(known, who, len(self.people))
            of_people = _one_row_more(of_people)
        blocks = [block(who.tolist(), of_people), block(what.tolist(), self.of_movies)]
        return _positions(self.days, table[Col.TIME].to_numpy() // _DAY), blocks


FM_RANK = 24
FM_ITERATIONS = 220
FM_BURN_IN = 44


def _factorization_machine(data: Dataset, rows: np.ndarray, seed: int) -> Fitted:
    inputs = _FactorizationInputs.of(data, rows)
    machine = library("myfm").MyFMRegressor(rank=FM_RANK, random_seed=seed)
    _fit_machine(machine, inputs, data.ratings.iloc[rows], lambda ratings: ratings.astype(np.float64))

    def predict(table: pd.DataFrame) -> np.ndarray:
        return np.asarray(machine.predict(*inputs(table)))

    return Fitted(predict, 1 + sum(inputs.groups) * (FM_RANK + 1))


def _ordered_factorization_machine(data: Dataset, rows: np.ndarray, seed: int) -> Fitted:
    inputs, values = _FactorizationInputs.of(data, rows), data.scale.values
    machine = library("myfm").MyFMOrderedProbit(rank=FM_RANK, random_seed=seed)
    _fit_machine(machine, inputs, data.ratings.iloc[rows], lambda ratings: data.scale.class_index(ratings))

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


def _one_row_more(matrix: csr_matrix) -> csr_matrix:
    from scipy import sparse

    return sparse.vstack([matrix, sparse.csr_matrix((1, matrix.shape[1]))], format="csr")


def _fields(data: Dataset) -> list[csr_matrix]:
    columns = [data.users[name].astype("string").fillna("") for name in (Col.GENDER, Col.AGE, Col.OCCUPATION)]
    return [_positions(np.unique(column.to_numpy(str)), column.to_numpy(str)) for column in columns]


def _genres(data: Dataset) -> csr_matrix:
    from scipy import sparse

    return sparse.csr_matrix(data.movies[Col.GENRES].str.get_dummies("|").to_numpy(np.float64))


def _decades(data: Dataset) -> csr_matrix:
    decade = data.movies[Col.YEAR].astype("float64").fillna(0).to_numpy() // 10
    return _positions(np.unique(decade), decade)


FAMILIES = (
    LibraryFamily(
        name="fm",
        label="Bayesian FM (myFM)",
        in_words=(
            f"myFM regression, rank {FM_RANK}, {FM_ITERATIONS} iterations: day, ids, sets both ways, side information"
        ),
        train=_factorization_machine,
        slow=True,
        landmark=True,
    ),
    LibraryFamily(
        name="fm-ordered",
        label="Bayesian FM, ordered (myFM)",
        in_words=f"myFM ordered probit, rank {FM_RANK}, {FM_ITERATIONS} iterations: the same inputs",
        train=_ordered_factorization_machine,
        slow=True,
        one_seed=True,
    ),
)
