"""One canonical form for every data set: users, movies, ratings, and the scale they are on.

Readers produce a `Dataset`; everything after them speaks nothing else. A `Dataset` is
validated when it is built, so code behind this line never checks a rating or an id again.
"""

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
import pandas as pd

from lcrec_core.data.rows import are_known, ascend, blocks, people_blocks, rows_of
from lcrec_core.errors import DataError


class Col(StrEnum):
    """Every column name, spelled once."""

    USER = "user_id"
    GENDER = "gender"
    AGE = "age"
    OCCUPATION = "occupation"
    MOVIE = "movie_id"
    TITLE = "title"
    YEAR = "year"
    GENRES = "genres"
    RATING = "rating"
    TIME = "timestamp"
    IMDB = "imdb_id"
    TMDB = "tmdb_id"


USER_COLUMNS = [Col.USER, Col.GENDER, Col.AGE, Col.OCCUPATION]
MOVIE_COLUMNS = [Col.MOVIE, Col.TITLE, Col.YEAR, Col.GENRES]
RATING_COLUMNS = [Col.USER, Col.MOVIE, Col.RATING, Col.TIME]
LINK_COLUMNS = [Col.MOVIE, Col.IMDB, Col.TMDB]

GENDERS = ("F", "M")
AGE_BANDS = (1, 18, 25, 35, 45, 50, 56)
"""First year of each of MovieLens' seven age bands; the paper's levels 0-6 are positions in this tuple."""

AGE_LABELS = {
    1: "under 18", 18: "18-24", 25: "25-34", 35: "35-44", 45: "45-49", 50: "50-55", 56: "56 and over",
}  # fmt: skip

GENRE_SEPARATOR = "|"

LARGEST_ID = 2**31 - 1
"""Of people and movies: in a rating, each takes four bytes."""

FIRST_YEAR, LAST_YEAR = 1870, 2050
"""Years of release that can be: the oldest film of any release is of 1874. Others are mistakes and count as unknown."""

_YEAR_IN_TITLE = re.compile(
    r"\(([0-9]{4})(?:\s*[-\u2010-\u2015]\s*(?:[0-9]{4})?)?\s*\)"  # one year, from one to another, or from one on
    r"(?:\s*\((?:TV|V|VG)\))?"  # made for television, for video, or a game
    r"[\s\u200b-\u200f\ufeff]*$"
)


@dataclass(frozen=True)
class RatingScale:
    """The values a rating may take: `low`, `low + step`, ..., `high`."""

    low: float
    high: float
    step: float

    def __post_init__(self) -> None:
        if not (self.low < self.high and self.step > 0):
            raise ValueError(f"not a rating scale: {self.low} to {self.high} by {self.step}")

    @property
    def values(self) -> np.ndarray:
        """All allowed ratings in ascending order, float64."""
        return np.arange(self.low, self.high + self.step / 2, self.step)

    @property
    def middle(self) -> float:
        """Half way between the lowest and the highest."""
        return (self.low + self.high) / 2

    @property
    def like_threshold(self) -> float:
        """The lowest value in the upper quarter: from here on somebody liked it; four of five stars."""
        return float(self.values[self.values >= self.low + 0.75 * (self.high - self.low) - 1e-9][0])

    def p_at_least(self, probabilities: np.ndarray) -> np.ndarray:
        """How likely a good rating is, given how likely each of the values is: (..., V) -> (...)."""
        return probabilities[..., self.values >= self.like_threshold].sum(axis=-1)

    def contains(self, ratings: np.ndarray) -> np.ndarray:
        """Boolean mask of the ratings that lie on the scale; NaN does not."""
        ratings = np.asarray(ratings, dtype=np.float64)
        steps = (ratings - self.low) / self.step
        on_grid = np.abs(steps - np.round(steps)) < 1e-6
        return on_grid & (ratings >= self.low - 1e-6) & (ratings <= self.high + 1e-6)

    def class_index(self, ratings: np.ndarray) -> np.ndarray:
        """Positions among `values`, int64, of ratings that are on the scale."""
        return np.round((np.asarray(ratings, dtype=np.float64) - self.low) / self.step).astype(np.int64)

    def clip(self, predicted: np.ndarray) -> np.ndarray:
        """Predictions moved to the nearest value the scale covers."""
        return np.clip(predicted, self.low, self.high)


WHOLE_STARS = RatingScale(1.0, 5.0, 1.0)
HALF_STARS = RatingScale(0.5, 5.0, 0.5)


def year_of_title(title: str) -> int | None:
    """The year in brackets at the end of a MovieLens title, or None: `Heat (1995)` -> 1995.

    Of several years (`Show (2011-2012)`, `Show (2011- )`) it is the first.
    """
    found = _YEAR_IN_TITLE.search(title)
    return plausible_year(int(found.group(1))) if found else None


def plausible_year(year: int) -> int | None:
    """The year, or None for one in which no film can have been released, such as 0 or 9999."""
    return year if FIRST_YEAR <= year <= LAST_YEAR else None


def age_band(age: int) -> int:
    """First year of the band an age in years falls in: 33 -> 25."""
    if age < 0:
        raise ValueError(f"age must not be negative, got {age}")
    return max(band for band in AGE_BANDS if band <= max(age, 1))


def no_links() -> pd.DataFrame:
    """The links of a data set that has none."""
    columns: dict[str, pd.Series] = {str(Col.MOVIE): pd.Series(dtype=np.int64)}
    return pd.DataFrame(columns | {str(name): pd.Series(dtype="Int64") for name in (Col.IMDB, Col.TMDB)})


@dataclass(frozen=True)
class Fingerprint:
    """What a data set is, independent of the order of its rows and of its timestamps.

    Timestamps are left out on purpose: copies of ML-1M differ in them, and no weight
    depends on more than their order.
    """

    movies: str
    users: str
    ratings: str


@dataclass(frozen=True)
class Dataset:
    """Users, movies and ratings of one data set, validated.

    Rows are put into one canonical order when built: users by id, movies by id, ratings by
    (user id, movie id). A split made from a seed is therefore the same for every copy of the
    same data, whatever the order of lines in its file.
    """

    name: str
    """Short name as used on the command line: demo, ml-1m, ml-100k, ml-latest-small, ..."""
    users: pd.DataFrame
    """user_id int64; gender F/M, age (a band of AGE_BANDS, Int64), occupation (text); each may be <NA>."""
    movies: pd.DataFrame
    """movie_id int64, title (with the year in brackets), year Int64 or <NA>, genres joined with | ('' if none)."""
    ratings: pd.DataFrame
    """user_id int32, movie_id int32, rating float32, timestamp int64 (seconds since 1970, UTC)."""
    scale: RatingScale
    simulated: bool = False
    """True when the people are made up; pages say so while they show them."""
    official: tuple[np.ndarray, ...] = field(default=(), repr=False)
    """Test parts that the data set was published with: int64 (N, 2) each, ids of user and movie."""
    links: pd.DataFrame = field(default_factory=no_links, repr=False)
    """Ids of the movies elsewhere, where the data set has them: movie_id int64, imdb_id and tmdb_id Int64 or <NA>."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "users", _canonical_users(self.name, self.users))
        object.__setattr__(self, "movies", _canonical_movies(self.name, self.movies))
        object.__setattr__(self, "ratings", _canonical_ratings(self.name, self.ratings))
        _check_references(self)

    @property
    def genres(self) -> list[str]:
        """Every genre that occurs, sorted."""
        return sorted({g for joined in self.movies[Col.GENRES].unique() for g in split_genres(joined)})

    @cached_property
    def movie_ids(self) -> np.ndarray:
        """Of every movie, int64 (M,), ascending: a row of `movies` each."""
        return self.movies[Col.MOVIE].to_numpy(np.int64)

    @cached_property
    def user_ids(self) -> np.ndarray:
        """Of every person, int64 (P,), ascending: a row of `users` each."""
        return self.users[Col.USER].to_numpy(np.int64)

    def user_rows(self, ids: pd.Series | np.ndarray) -> np.ndarray:
        """Rows of `users` of ids that are there, int64, same length."""
        return rows_of(self.user_ids, np.asarray(ids))

    def movie_rows(self, ids: pd.Series | np.ndarray) -> np.ndarray:
        """Rows of `movies`, which is an index into the catalogue, of ids that are there, int64, same length."""
        return rows_of(self.movie_ids, np.asarray(ids))

    def known_movies(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which ids (H,) are of movies that are there, as a mask (H,), and the rows of those."""
        row = np.minimum(np.searchsorted(self.movie_ids, ids), len(self.movie_ids) - 1)
        known = self.movie_ids[row] == ids
        return known, row[known]

    @cached_property
    def offsets(self) -> np.ndarray:
        """Person `p`, a row of `users`, has the rows `offsets[p]:offsets[p + 1]` of `ratings`: int64 (P + 1,)."""
        users = self.ratings[Col.USER].to_numpy()
        return np.append(np.searchsorted(users, self.user_ids.astype(users.dtype)), len(users)).astype(np.int64)

    @cached_property
    def value_counts(self) -> np.ndarray:
        """How often each movie was given each value of the scale: int64 (M, V)."""
        shape = (len(self.movie_ids), len(self.scale.values))
        counts = np.zeros(shape[0] * shape[1], dtype=np.int64)
        ids, given = self.ratings[Col.MOVIE].to_numpy(), self.ratings[Col.RATING].to_numpy()
        for block in blocks(len(ids)):
            place = self.movie_rows(ids[block]) * shape[1] + self.scale.class_index(given[block])
            counts += np.bincount(place, minlength=len(counts))
        return counts.reshape(shape)

    @cached_property
    def num_ratings(self) -> np.ndarray:
        """How many ratings each movie has: int64 (M,)."""
        return self.value_counts.sum(axis=1)

    @cached_property
    def mean_ratings(self) -> np.ndarray:
        """What each movie was given on average: float64 (M,), NaN where nobody rated it."""
        return self.value_counts @ self.scale.values / np.where(self.num_ratings, self.num_ratings, np.nan)

    @cached_property
    def by_movie(self) -> np.ndarray:
        """Rows of `ratings` in the order of the movies, then of the people: int32 (R,)."""
        rows = self.movie_rows(self.ratings[Col.MOVIE])
        return np.argsort(rows.astype(np.int32), kind="stable").astype(np.int32)

    @cached_property
    def movie_offsets(self) -> np.ndarray:
        """Movie `m` owns `by_movie[movie_offsets[m]:movie_offsets[m + 1]]`: int64 (M + 1,)."""
        return np.concatenate([[0], np.cumsum(self.num_ratings)])

    @cached_property
    def months(self) -> np.ndarray:
        """Months since January 1970, ratings, people; every month from the first rating to the last: int64 (K, 3)."""
        return _months(self)

    @cached_property
    def time_span(self) -> np.ndarray:
        """Time of the first rating and of the last: int64 (2,), seconds since 1970, UTC."""
        times = self.ratings[Col.TIME].to_numpy()
        return np.array([times.min(), times.max()], dtype=np.int64)

    @cached_property
    def times_sha256(self) -> str:
        """Hash of the ratings' times, which the fingerprint leaves out."""
        return hashlib.sha256(np.ascontiguousarray(self.ratings[Col.TIME].to_numpy()).data).hexdigest()

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """Hashes of the movies (id, title), the users' fields, and (user, movie, rating)."""
        return Fingerprint(
            movies=_hash_columns(self.movies[[Col.MOVIE, Col.TITLE]]),
            users=_hash_columns(self.users[USER_COLUMNS]),
            ratings=_hash_columns(self.ratings[[Col.USER, Col.MOVIE, Col.RATING]]),
        )


def split_genres(joined: str) -> list[str]:
    """`Action|Drama` -> [Action, Drama]; an empty text -> []."""
    return [genre for genre in joined.split(GENRE_SEPARATOR) if genre]


def _months(data: Dataset) -> np.ndarray:
    first, last = (int(each) for each in _month_of(data.time_span))
    ratings, people = np.zeros((2, last - first + 1), dtype=np.int64)
    users, times = data.ratings[Col.USER].to_numpy(), data.ratings[Col.TIME].to_numpy()
    for block in people_blocks(users):
        month = _month_of(times[block]) - first
        ratings += np.bincount(month, minlength=len(ratings))
        # A person counts once in a month, however much they rated.
        once = np.unique(data.user_rows(users[block]) * len(people) + month) % len(people)
        people += np.bincount(once, minlength=len(people))
    return np.stack([np.arange(first, last + 1), ratings, people], axis=1)


def _month_of(times: np.ndarray) -> np.ndarray:
    return times.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def _hash_columns(frame: pd.DataFrame) -> str:
    digest = hashlib.sha256()
    for name in frame.columns:
        values = frame[name]
        if values.dtype in (np.float32, np.float64, np.int32, np.int64):
            # In the types that a fingerprint has always been made of, whatever takes less room.
            kind = np.float32 if pd.api.types.is_float_dtype(values.dtype) else np.int64
            for block in blocks(len(values)):
                digest.update(np.ascontiguousarray(values.to_numpy()[block], dtype=kind).data)
        else:
            text = values.astype("string").fillna("\x00")
            digest.update("\x1f".join(text).encode())
        digest.update(b"\x1e")
    return digest.hexdigest()


def _require_columns(name: str, table: str, frame: pd.DataFrame, columns: list[Col]) -> pd.DataFrame:
    missing = [str(c) for c in columns if c not in frame.columns]
    if missing:
        raise DataError(f"{name}: the table of {table} has no column {', '.join(missing)}")
    if frame.empty:
        raise DataError(f"{name}: the table of {table} is empty")
    return frame[columns].rename(columns=str)


def _require_unique(name: str, table: str, frame: pd.DataFrame, keys: list[Col]) -> None:
    duplicated = frame.duplicated(keys)
    if duplicated.any():
        first = frame.loc[duplicated, keys].iloc[0]
        what = ", ".join(f"{key} {first[key]}" for key in keys)
        raise DataError(f"{name}: {table} has two rows for {what}; keep one of them")


def _canonical_users(name: str, users: pd.DataFrame) -> pd.DataFrame:
    users = _require_columns(name, "users", users, USER_COLUMNS)
    _require_unique(name, "users", users, [Col.USER])
    users = pd.DataFrame(
        {
            Col.USER: users[Col.USER].astype(np.int64),
            Col.GENDER: users[Col.GENDER].astype("string"),
            Col.AGE: users[Col.AGE].astype("Int64"),
            Col.OCCUPATION: users[Col.OCCUPATION].astype("string"),
        }
    ).rename(columns=str)
    for column, allowed in ((Col.GENDER, GENDERS), (Col.AGE, AGE_BANDS)):
        wrong = users[column].notna() & ~users[column].isin(allowed)
        if wrong.any():
            row = users[wrong].iloc[0]
            raise DataError(
                f"{name}: user {row[Col.USER]} has {column} {row[column]}; "
                f"allowed are {', '.join(map(str, allowed))} or nothing"
            )
    return users.sort_values(Col.USER, ignore_index=True)


def _canonical_movies(name: str, movies: pd.DataFrame) -> pd.DataFrame:
    movies = _require_columns(name, "movies", movies, MOVIE_COLUMNS)
    _require_unique(name, "movies", movies, [Col.MOVIE])
    movies = pd.DataFrame(
        {
            Col.MOVIE: movies[Col.MOVIE].astype(np.int64),
            Col.TITLE: movies[Col.TITLE].astype("string"),
            Col.YEAR: movies[Col.YEAR].astype("Int64"),
            Col.GENRES: movies[Col.GENRES].astype("string").fillna(""),
        }
    ).rename(columns=str)
    untitled = movies[Col.TITLE].isna() | (movies[Col.TITLE].str.strip() == "")
    if untitled.any():
        raise DataError(f"{name}: movie {movies.loc[untitled, Col.MOVIE].iloc[0]} has no title")
    return movies.sort_values(Col.MOVIE, ignore_index=True)


def _canonical_ratings(name: str, ratings: pd.DataFrame) -> pd.DataFrame:
    ratings = _require_columns(name, "ratings", ratings, RATING_COLUMNS)
    users, movies = (_narrow(name, ratings[column]) for column in (Col.USER, Col.MOVIE))
    stars, times = ratings[Col.RATING].to_numpy(np.float32), ratings[Col.TIME].to_numpy(np.int64)
    repeated = False
    if not ascend(users, movies):
        order = np.lexsort((movies, users))
        users, movies, stars, times = users[order], movies[order], stars[order], times[order]
        repeated = not ascend(users, movies)
    columns = (users, movies, stars, times)
    # Not copied: they may be a file that is only looked at.
    canonical = pd.DataFrame(
        {str(column): values for column, values in zip(RATING_COLUMNS, columns, strict=True)}, copy=False
    )
    if repeated:
        _require_unique(name, "ratings", canonical, [Col.USER, Col.MOVIE])
    return canonical


def _narrow(name: str, ids: pd.Series) -> np.ndarray:
    """Ids as int32."""
    values = ids.to_numpy()
    if values.dtype != np.int32:
        wide = values.astype(np.int64)
        if wide.max() > LARGEST_ID or wide.min() < -LARGEST_ID:
            raise DataError(f"{name}: a rating has an id beyond {LARGEST_ID}, which no data set of MovieLens has")
        values = wide.astype(np.int32)
    return values


def _check_references(data: Dataset) -> None:
    for column, known in ((Col.USER, data.user_ids), (Col.MOVIE, data.movie_ids)):
        ids = data.ratings[column].to_numpy()
        for block in blocks(len(ids)):
            found = are_known(known, ids[block])
            if not found.all():
                unknown = ids[block][~found][0]
                raise DataError(f"{data.name}: a rating names {column} {unknown}, which no table lists")
    ratings = data.ratings[Col.RATING].to_numpy()
    for block in blocks(len(ratings)):
        on_scale = data.scale.contains(ratings[block])
        if not on_scale.all():
            row = data.ratings.iloc[block.start + int((~on_scale).argmax())]
            scale = data.scale
            raise DataError(
                f"{data.name}: user {int(row[Col.USER])} gave movie {int(row[Col.MOVIE])} a rating of "
                f"{row[Col.RATING]:g}; allowed are {scale.low:g} to {scale.high:g} in steps of {scale.step:g}"
            )
