"""Turn a data set into the numbers a network sees (the paper's Tables I-V), fitted on the training part only.

`_id` is what the data set says, `_index` is what the network sees. Index 0 is padding and index 1
"unknown" in every vocabulary, so that an absent field, a new person, a new movie and a new word all
have a place of their own; the paper's number for a value is its index here less two.
"""

import hashlib
import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import AGE_BANDS, GENDERS, Col, Dataset, split_genres
from lcrec_core.data.profile import Profile
from lcrec_core.data.rows import ascend, time_order
from lcrec_core.data.split import make_split
from lcrec_core.files import as_array, convenient, look_into, parse, seal, write_whole

PAD, UNK = 0, 1
FIRST = 2
"""Index of a vocabulary's first value."""

MAX_TITLE_WORDS = 10
"""Longer titles are cut, as one in two hundred is in ML-1M; steps cost by the padded length."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_BRACKETED_YEAR = re.compile(r"\(\d{4}[^)]*\)\s*$")


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The values a field may take, in order; everything else is `UNK`."""

    values: tuple

    def __len__(self) -> int:
        """Number of indices an embedding needs, padding and unknown included."""
        return FIRST + len(self.values)

    @cached_property
    def _lookup(self) -> pd.Index:
        return pd.Index(self.values)

    @cached_property
    def _indices(self) -> dict[object, int]:
        return {value: index for index, value in enumerate(self.values, FIRST)}

    def index_of(self, value: object) -> int:
        """Index of one value; `UNK` for None, <NA> and values never seen."""
        return UNK if value is pd.NA else self._indices.get(value, UNK)

    def indices_of(self, values: Sequence | pd.Series | np.ndarray) -> np.ndarray:
        """Indices of many values, int64, same length; `UNK` for what is unknown."""
        if not self.values:
            return np.full(len(values), UNK, dtype=np.int64)
        position = self._lookup.get_indexer(pd.Index(values))
        return np.where(position < 0, UNK, position + FIRST).astype(np.int64)

    @property
    def sha256(self) -> str:
        """Hash of the values in order: a bundle stores this instead of the values."""
        return hashlib.sha256(json.dumps([str(v) for v in self.values]).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Vocabularies:
    """One vocabulary per field (the paper's dictionaries)."""

    users: Vocabulary
    genders: Vocabulary
    ages: Vocabulary
    occupations: Vocabulary
    movies: Vocabulary
    genres: Vocabulary
    words: Vocabulary

    def sizes(self) -> dict[str, int]:
        """Number of indices of each."""
        return {name: len(vocabulary) for name, vocabulary in vars(self).items()}

    def hashes(self) -> dict[str, str]:
        """Hash of each."""
        return {name: vocabulary.sha256 for name, vocabulary in vars(self).items()}


USER_FIELDS = ("users", "genders", "ages", "occupations")
"""Columns of an encoded person, as named in `Vocabularies`."""


@dataclass(frozen=True, eq=False)
class MovieFeatures:
    """The catalogue as numbers: one row per movie of `Dataset.movies`, in its order."""

    ids: np.ndarray
    """int64 (M,): index of the movie; `UNK` for a movie without a training rating."""
    genres: np.ndarray
    """int64 (M, G), padded."""
    words: np.ndarray
    """int64 (M, W), padded."""


@dataclass(frozen=True, eq=False)
class Histories:
    """Everybody's ratings in time order. Person `p` owns the slice `offsets[p]:offsets[p + 1]` of the rest."""

    offsets: np.ndarray
    """int64 (P + 1,), P people in the order of `Dataset.users`."""
    movies: np.ndarray
    """int64 (R,): catalogue positions, that is rows of `MovieFeatures`."""
    ratings: np.ndarray
    """float32 (R,)."""
    times: np.ndarray
    """int64 (R,), seconds since 1970, ascending within a person."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """Everything of a data set that a network is fitted on or asked about."""

    vocabularies: Vocabularies
    people: np.ndarray
    """int64 (P, 4): encoded fields of each person, columns as in `USER_FIELDS`."""
    movies: MovieFeatures
    histories: Histories
    """Of the rows the encoding was fitted on, and of no others."""
    rows: np.ndarray
    """int64 (R,): those rows of `Dataset.ratings`."""


def title_words(title: str) -> list[str]:
    """Lower-case words of a title without its year: `Heat (1995)` -> [heat]."""
    return _WORD.findall(_BRACKETED_YEAR.sub("", title).lower())[:MAX_TITLE_WORDS]


def encode(data: Dataset, rows: np.ndarray) -> Encoded:
    """Fit vocabularies and histories on the given rating rows (the training part) and encode everybody.

    Args:
        data: The whole data set; only the fields of people and movies are read outside `rows`.
        rows: Row numbers of `data.ratings` that may be seen.
    """
    seen = data.ratings.iloc[rows]
    vocabularies = _fit_vocabularies(data, seen)
    return Encoded(
        vocabularies=vocabularies,
        people=_encode_people(data.users, vocabularies),
        movies=encode_movies(data.movies, vocabularies),
        histories=histories_of(seen, data),
        rows=rows,
    )


def encode_cached(data: Dataset, rows: np.ndarray, cache: Path) -> Encoded:
    """`encode`, kept on disk under `cache`, keyed by the data's fingerprint and the rows.

    The cache is a convenience: one that cannot be read, is damaged or is not of this data means that the encoding is
    made afresh, and one that cannot be written that it is made afresh the next time too.
    """
    path = _place(data, cache, np.ascontiguousarray(rows).data)
    try:
        return _from_arrays(look_into(path), data, rows)
    except (OSError, ValueError):
        encoded = encode(data, rows)
    _keep(path, _as_arrays(encoded))
    return encoded


def encode_fitting(data: Dataset, protocol: str, seed: int, cache: Path) -> Encoded:
    """`encode_cached` of what a split leaves to be fitted on; where it is kept, nothing is split again.

    As long as somebody holds it, everybody else gets the same: the models of one server share one.
    """
    path = _place(data, cache, f"{protocol} {seed}".encode())
    encoded = _HELD.get(path) or _fitting(data, protocol, seed, path)
    _HELD[path] = encoded
    return encoded


_HELD: WeakValueDictionary[Path, Encoded] = WeakValueDictionary()


def _fitting(data: Dataset, protocol: str, seed: int, path: Path) -> Encoded:
    try:
        arrays = look_into(path)
        rows = arrays.pop(_ROWS)
        if rows.dtype != np.int64 or rows.ndim != 1 or (np.diff(rows[[0, -1]]) < 0 or rows[-1] >= len(data.ratings)):
            raise ValueError("not rows of this data")
        return _from_arrays(arrays, data, rows)
    except (OSError, ValueError, LookupError):
        encoded = encode(data, make_split(data, protocol, seed).fitting)
    _keep(path, {**_as_arrays(encoded), _ROWS: encoded.rows})
    return encoded


def _place(data: Dataset, cache: Path, of: bytes | memoryview) -> Path:
    """The file of the encoding of some part of a data set."""
    key = hashlib.sha256(json.dumps([*asdict(data.fingerprint).values(), data.times_sha256, _MADE_BY]).encode())
    key.update("\x1f".join(data.movies[Col.GENRES]).encode())
    key.update(of)
    return cache / f"{data.name}-{key.hexdigest()[:24]}{_KEPT}"


def _keep(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with convenient("the encoding cannot be kept", quiet=True):
        write_whole(path, seal(arrays))
        _forget_others(path.parent)


_ROWS = "rows"

_KEPT = ".encoding.safetensors"
_MADE_BY = "2"
"""Raise it when `encode` would encode the same data differently: what was kept is then made afresh."""
_KEEP = 12
"""Encodings kept on disk; the one written longest ago goes first."""
_ABANDONED = 3600.0
"""Seconds after which a half-written file belongs to a process that was killed."""
_VOCABULARIES = "vocabularies"


@dataclass(frozen=True)
class _Values:
    """What the vocabularies' file must hold."""

    users: tuple[int, ...]
    genders: tuple[str, ...]
    ages: tuple[int, ...]
    occupations: tuple[str, ...]
    movies: tuple[int, ...]
    genres: tuple[str, ...]
    words: tuple[str, ...]


def _as_arrays(encoded: Encoded) -> dict[str, np.ndarray]:
    """To be sealed: the arrays, and the vocabularies as JSON."""
    values = {name: vocabulary.values for name, vocabulary in vars(encoded.vocabularies).items()}
    return {
        _VOCABULARIES: as_array(json.dumps(values)),
        "people": encoded.people,
        **{f"movies.{name}": array for name, array in vars(encoded.movies).items()},
        **{f"histories.{name}": array for name, array in vars(encoded.histories).items()},
    }


def _from_arrays(arrays: dict[str, np.ndarray], data: Dataset, rows: np.ndarray) -> Encoded:
    """The inverse of `_as_arrays`.

    Raises:
        ValueError: It is no encoding of so many rows of this data.
    """
    try:
        values = parse(arrays.pop(_VOCABULARIES).tobytes(), _Values)
        encoded = Encoded(
            Vocabularies(**{name: Vocabulary(kept) for name, kept in vars(values).items()}),
            arrays.pop("people"),
            MovieFeatures(**{name: arrays.pop(f"movies.{name}") for name in ("ids", "genres", "words")}),
            Histories(**{name: arrays.pop(f"histories.{name}") for name in ("offsets", "movies", "ratings", "times")}),
            rows,
        )
        sound = _fits(encoded, len(data.users), len(data.movies), len(rows))
    except (KeyError, IndexError) as error:
        raise ValueError("not an encoding") from error
    if not sound:
        raise ValueError("not an encoding of this data")
    return encoded


def _fits(encoded: Encoded, people: int, films: int, ratings: int) -> bool:
    """Whether every array has the type, the shape and the range that so many people, films and ratings give."""
    sizes, movies, histories = encoded.vocabularies.sizes(), encoded.movies, encoded.histories
    wanted: list[tuple[np.ndarray, tuple[int, ...], int | None]] = [
        *((encoded.people[:, i], (people,), sizes[name]) for i, name in enumerate(USER_FIELDS)),
        (movies.ids, (films,), sizes["movies"]),
        (movies.genres, (films, movies.genres.shape[1]), sizes["genres"]),
        (movies.words, (films, MAX_TITLE_WORDS), sizes["words"]),
        (histories.offsets, (people + 1,), ratings + 1),
        (histories.movies, (ratings,), films),
        (histories.times, (ratings,), None),
    ]
    given = histories.ratings
    return (
        all(
            array.dtype == np.int64
            and array.shape == shape
            and (most is None or not array.size or (array.min() >= 0 and array.max() < most))
            for array, shape, most in wanted
        )
        and (given.dtype, given.shape) == (np.float32, (ratings,))
        and bool(np.isfinite(given).all() and (np.diff(histories.offsets) >= 0).all())
    )


def _forget_others(cache: Path) -> None:
    """Remove what is not worth its place: the oldest encodings, another version's files, half-written ones."""
    files = sorted(((path.stat().st_mtime, path) for path in cache.iterdir() if path.is_file()), reverse=True)
    kept = [path for _, path in files if path.name.endswith(_KEPT)][:_KEEP]
    for written, path in files:
        if path not in kept and (not path.name.endswith(".new") or time.time() - written > _ABANDONED):
            path.unlink(missing_ok=True)


def encode_profile(profile: Profile, vocabularies: Vocabularies) -> np.ndarray:
    """Encoded fields of one person, int64 (4,); what is not known is `UNK`."""
    fields = (profile.user_id, profile.gender, profile.age, profile.occupation)
    return np.array(
        [getattr(vocabularies, name).index_of(value) for name, value in zip(USER_FIELDS, fields, strict=True)],
        dtype=np.int64,
    )


def encode_movies(movies: pd.DataFrame, vocabularies: Vocabularies) -> MovieFeatures:
    """Encode a catalogue; movies, genres and words never seen in training become `UNK`."""
    genres = [_indices(vocabularies.genres, split_genres(joined)) for joined in movies[Col.GENRES]]
    words = [_indices(vocabularies.words, title_words(title)) for title in movies[Col.TITLE]]
    return MovieFeatures(
        ids=vocabularies.movies.indices_of(movies[Col.MOVIE]),
        genres=_pad(genres, max(1, max(map(len, genres)))),
        words=_pad(words, MAX_TITLE_WORDS),
    )


def _indices(vocabulary: Vocabulary, values: list[str]) -> np.ndarray:
    """`indices_of` a few values: looking each up costs a hundredth of an index made for them."""
    return np.array([vocabulary.index_of(value) for value in values], dtype=np.int64)


def _fit_vocabularies(data: Dataset, seen: pd.DataFrame) -> Vocabularies:
    users = data.users[_present(data.user_rows(seen[Col.USER]), len(data.users))]
    movies = data.movies[_present(data.movie_rows(seen[Col.MOVIE]), len(data.movies))]
    return Vocabularies(
        users=Vocabulary(tuple(users[Col.USER].tolist())),
        genders=Vocabulary(GENDERS),
        ages=Vocabulary(AGE_BANDS),
        occupations=Vocabulary(tuple(sorted(users[Col.OCCUPATION].dropna().unique()))),
        movies=Vocabulary(tuple(movies[Col.MOVIE].tolist())),
        genres=_vocabulary_of(split_genres(joined) for joined in movies[Col.GENRES]),
        words=_vocabulary_of(title_words(title) for title in movies[Col.TITLE]),
    )


def _present(rows: np.ndarray, length: int) -> np.ndarray:
    """Which of so many rows are among these: bool (length,)."""
    present = np.zeros(length, dtype=bool)
    present[rows] = True
    return present


def _vocabulary_of(texts: Iterable[list[str]]) -> Vocabulary:
    return Vocabulary(tuple(sorted({value for values in texts for value in values})))


def _encode_people(users: pd.DataFrame, vocabularies: Vocabularies) -> np.ndarray:
    columns = (Col.USER, Col.GENDER, Col.AGE, Col.OCCUPATION)
    encoded = [
        # A plain object array: <NA> must be looked up (and not found), not compared.
        getattr(vocabularies, name).indices_of(users[column].to_numpy(dtype=object, na_value=None))
        for name, column in zip(USER_FIELDS, columns, strict=True)
    ]
    return np.stack(encoded, axis=1)


def _pad(rows: list[np.ndarray], width: int) -> np.ndarray:
    padded = np.full((len(rows), width), PAD, dtype=np.int64)
    for padded_row, row in zip(padded, rows, strict=True):
        padded_row[: min(len(row), width)] = row[:width]
    return padded


def histories_of(seen: pd.DataFrame, data: Dataset) -> Histories:
    """Some of the data set's ratings, person by person in time order."""
    user_ids, movie_ids = seen[Col.USER].to_numpy(), seen[Col.MOVIE].to_numpy()
    times = seen[Col.TIME].to_numpy()
    in_order = ascend(user_ids, movie_ids)
    order = time_order(user_ids, times) if in_order else np.lexsort((movie_ids, times, user_ids))
    counts = np.bincount(data.user_rows(user_ids), minlength=len(data.users))
    return Histories(
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        movies=data.movie_rows(movie_ids[order]),
        ratings=seen[Col.RATING].to_numpy(np.float32)[order],
        times=times[order],
    )
