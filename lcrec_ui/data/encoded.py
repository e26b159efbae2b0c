"""Tables I to V of the paper: users, movies and ratings before and after encoding."""

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import FIRST, PAD, UNK, Encoded, encode_fitting
from lcrec_core.data.split import Protocol
from lcrec_core.evaluation import paper_facts
from lcrec_core.files import as_array, cache_folder, convenient, parse, seal, unseal, write_whole
from lcrec_core.sources.movielens import OCCUPATIONS

EXAMPLES = 6
"""Rows shown of each table, as in the paper."""


PADDING = "\u00b7"


UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class BeforeAfter:
    """Some rows of a data set as its files give them, and as the network sees them."""

    before: pd.DataFrame
    after: pd.DataFrame


@dataclass(frozen=True, eq=False)
class PaperTables:
    """Tables I to V for one data set."""

    users: BeforeAfter
    """Tables I and II."""
    movies: BeforeAfter
    """Tables III and IV."""
    ratings: BeforeAfter
    """Table V, and what the network is given of it."""
    are_the_papers_rows: bool
    genre_places: int
    """Length that lists of genres are padded to."""
    word_places: int
    """Length that titles are padded to."""


@dataclass(frozen=True)
class _Kept:
    """`PaperTables` as plain values: each table's columns."""

    users: tuple[dict[str, list[int | str]], dict[str, list[int | str]]]
    movies: tuple[dict[str, list[int | str]], dict[str, list[int | str]]]
    ratings: tuple[dict[str, list[int | str]], dict[str, list[int | str]]]
    are_the_papers_rows: bool
    genre_places: int
    word_places: int


def tables_of(data: Dataset) -> PaperTables:
    """Tables I to V, encoded by the training part of the paper's split: made once for a data set, and kept on disk."""
    key = hashlib.sha256(json.dumps([_MADE_BY, *asdict(data.fingerprint).values(), data.times_sha256]).encode())
    key.update("\x1f".join(data.movies[Col.GENRES]).encode())
    path = cache_folder() / "tables" / f"{data.name}-{key.hexdigest()[:24]}.safetensors"
    try:
        kept = parse(unseal(path.read_bytes())["tables"].tobytes(), _Kept)
    except (OSError, ValueError, KeyError):
        tables = paper_tables(data, encode_fitting(data, Protocol.RANDOM, 0, cache_folder()))
        with convenient("the tables of the Data page cannot be kept", quiet=True):
            write_whole(path, seal({"tables": as_array(json.dumps(_plain(tables)))}))
        return tables
    frames = {name: BeforeAfter(*map(pd.DataFrame, getattr(kept, name))) for name in ("users", "movies", "ratings")}
    return PaperTables(**(vars(kept) | frames))


_MADE_BY = "1"
"""Raise it when `paper_tables` would show the same data differently."""


def _plain(tables: PaperTables) -> dict[str, object]:
    return {
        name: [part.before.to_dict("list"), part.after.to_dict("list")] if isinstance(part, BeforeAfter) else part
        for name, part in vars(tables).items()
    }


def paper_tables(data: Dataset, encoded: Encoded) -> PaperTables:
    """The paper's example rows where the data set has them, else its first ones."""
    same = paper_facts.shows_paper_rows(data)
    people = paper_facts.EXAMPLE_USERS if same else data.users[Col.USER].head(EXAMPLES)
    movies = paper_facts.EXAMPLE_MOVIES if same else data.movies[Col.MOVIE].head(EXAMPLES)
    return PaperTables(
        users=_users(data, encoded, np.flatnonzero(data.users[Col.USER].isin(list(people)))),
        movies=_movies(data, encoded, np.flatnonzero(data.movies[Col.MOVIE].isin(list(movies)))),
        ratings=_ratings(data, encoded, same),
        are_the_papers_rows=same,
        genre_places=encoded.movies.genres.shape[1],
        word_places=encoded.movies.words.shape[1],
    )


def _number(index: int) -> str:
    """The paper's number for an index: it counts from 0 and has neither padding nor unknown."""
    return {PAD: PADDING, UNK: UNKNOWN}.get(int(index), str(int(index) - FIRST))


def _numbers(indices: np.ndarray) -> str:
    return " ".join(_number(index) for index in indices)


def _users(data: Dataset, encoded: Encoded, rows: np.ndarray) -> BeforeAfter:
    people = data.users.iloc[rows]
    fields = encoded.people[rows]  # (6, 4)
    before = pd.DataFrame(
        {
            "User": people[Col.USER].to_numpy(),
            "Gender": people[Col.GENDER].astype(object).fillna("not given").to_numpy(),
            "Age": [UNKNOWN if pd.isna(age) else str(age) for age in people[Col.AGE]],
            "Occupation": [_occupation(data.name, job) for job in people[Col.OCCUPATION]],
        }
    )
    after = pd.DataFrame(
        {name: [_number(index) for index in fields[:, column]] for column, name in enumerate(before.columns)}
    )
    return BeforeAfter(before, after)


def _occupation(data_name: str, occupation: object) -> str:
    """ML-1M's files hold codes; the name is put beside it."""
    if occupation is None or pd.isna(occupation):
        return "not given"
    known = data_name == paper_facts.DATA and occupation in OCCUPATIONS
    return f"{OCCUPATIONS.index(str(occupation))} ({occupation})" if known else str(occupation)


def _movies(data: Dataset, encoded: Encoded, rows: np.ndarray) -> BeforeAfter:
    movies = data.movies.iloc[rows]
    before = pd.DataFrame(
        {
            "Movie": movies[Col.MOVIE].to_numpy(),
            "Title": movies[Col.TITLE].astype(object).to_numpy(),
            "Genres": movies[Col.GENRES].astype(object).to_numpy(),
        }
    )
    features = encoded.movies
    after = pd.DataFrame(
        {
            "Movie": [_number(index) for index in features.ids[rows]],
            "Title words": [_numbers(words) for words in features.words[rows]],
            "Genres": [_numbers(genres) for genres in features.genres[rows]],
        }
    )
    return BeforeAfter(before, after)


def _ratings(data: Dataset, encoded: Encoded, same: bool) -> BeforeAfter:
    user_id = paper_facts.EXAMPLE_RATER if same else int(data.ratings[Col.USER].iloc[0])
    row = int(data.user_rows(np.array([user_id]))[0])
    theirs = data.ratings.iloc[data.offsets[row] : data.offsets[row + 1]]
    order = theirs.sort_values([Col.TIME, Col.MOVIE], kind="stable").index
    place = pd.Series(np.arange(1, len(order) + 1), index=order)
    if same:
        by_movie = theirs.reset_index().set_index(Col.MOVIE)["index"]
        shown = theirs.loc[[by_movie[m] for m in paper_facts.EXAMPLE_RATINGS if m in by_movie.index]]
    else:
        shown = theirs.head(EXAMPLES)
    times = shown[Col.TIME].to_numpy()
    values = [f"{value:g}" for value in shown[Col.RATING]]
    before = pd.DataFrame(
        {
            "User": shown[Col.USER].to_numpy(),
            "Movie": shown[Col.MOVIE].to_numpy(),
            "Rating": values,
            "Timestamp": times,
            "Time (UTC)": [str(t).replace("T", " ") for t in times.astype("datetime64[s]")],
        }
    )
    vocabularies = encoded.vocabularies
    after = pd.DataFrame(
        {
            "User": [_number(i) for i in vocabularies.users.indices_of(shown[Col.USER])],
            "Movie": [_number(i) for i in vocabularies.movies.indices_of(shown[Col.MOVIE])],
            "Rating": values,
            "Place in time": [f"{place[row]} of {len(order)}" for row in shown.index],
            "Read by the LSTM": ["yes" if r >= paper_facts.LIKED_FROM else "no" for r in shown[Col.RATING]],
        }
    )
    return BeforeAfter(before, after)
