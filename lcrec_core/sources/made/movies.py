"""The films of a made data set: genres that go together, titles that hint at them, hidden traits, worth and fame."""

import re
from dataclasses import dataclass

import numpy as np

from lcrec_core.data.dataset import Col, split_genres
from lcrec_core.sources.demo.catalogue import GENRES, read_catalogue
from lcrec_core.sources.demo.tastes import TASTES, genre_weights
from lcrec_core.sources.made.shapes import Shape

HIDDEN = 8
"""Traits that no genre names, on which people differ."""
OLDEST = 1890
AGE_YEARS = 22.0
"""Mean age of a film at the end of the data."""
FAMOUS, OBSCURE = 3.2, 1.3
"""Standard deviation of the log of how often a film is picked, above its median and below it: MovieLens's skew."""
LIMIT = 14.0
"""No film is more famous than this, in the same log."""
WORTH_STARS = 0.45
FAME_IS_WORTH = 0.3
"""Stars that a film picked e times as often as the median is better by, over `FAMOUS`."""
DRIFT = 0.3
"""Standard deviation of how a film's log popularity moves in ten years."""
AGEING_STARS = 0.08
"""Standard deviation of how a film's worth moves in ten years."""
NO_GENRES = "(no genres listed)"

GENRE_NAMES = tuple(name.replace("Children's", "Children") for name in GENRES)
_SHARES = np.array(
    [.18, .12, .05, .05, .34, .11, .07, .44, .07, .01, .11, .03, .05, .15, .08, .17, .04, .02]
)  # fmt: skip
"""Of the films that have each of `GENRES`, about."""
_HOW_MANY = (0.04, 0.37, 0.31, 0.20, 0.06, 0.02)
"""Share of films with 0, 1, ... 5 genres."""
_LENGTHS = (0.18, 0.34, 0.28, 0.14, 0.06)
"""Share of titles of 1, 2, ... 5 words."""
_INVENTED = 0.3
"""Share of a title's words that are names nobody knows, for as long a list of rare words as real titles have."""
_WITH_ARTICLE = 0.2
_WORD = re.compile(r"(?!The\b)[^\W\d_]{3,}")
_FIRSTS = (*"bdfghklmnprstvz", "br", "dr", "gr", "kr", "st")
_SYLLABLES = [first + vowel for first in _FIRSTS for vowel in "aeiou"]


@dataclass(frozen=True, eq=False)
class Films:
    """The catalogue, M films by id."""

    ids: np.ndarray  # int64 (M,), ascending
    titles: list[str]
    genres: list[str]  # joined by |
    released: np.ndarray  # (M,) years
    pull: np.ndarray  # (M,) log of how often it is picked
    drift: np.ndarray  # (M,) change of that a year
    worth: np.ndarray  # (M,) stars
    ageing: np.ndarray  # (M,) change of that a year
    appeal: np.ndarray  # float32 (M, T): to the followers of each taste, by its genres
    hidden: np.ndarray  # float32 (M, HIDDEN)


def make_films(shape: Shape, rng: np.random.Generator) -> Films:
    """Draw the catalogue."""
    count = shape.movies
    released = _release_dates(count, shape.last_year, rng)
    has = _genres(count, rng)
    fame = rng.standard_normal(count)
    length = np.sqrt(np.maximum(has.sum(axis=1, keepdims=True), 1))
    # Part of the hidden traits follows the genres, so that a film nobody rated is not a blank.
    traits = has / length @ rng.standard_normal((len(GENRES), HIDDEN)) * 0.6 + rng.standard_normal((count, HIDDEN))
    traits = (traits - traits.mean(axis=0)) / traits.std(axis=0)
    return Films(
        ids=np.sort(rng.choice(np.arange(1, shape.largest_movie_id + 1), count, replace=False)),
        titles=_titles(has, released, rng),
        genres=["|".join(np.array(GENRE_NAMES)[row]) or NO_GENRES for row in has],
        released=released,
        pull=LIMIT * np.tanh(np.where(fame > 0, FAMOUS, OBSCURE) * fame / LIMIT),
        drift=DRIFT / 10 * rng.standard_normal(count),
        worth=WORTH_STARS * rng.standard_normal(count) + FAME_IS_WORTH * fame,
        ageing=AGEING_STARS / 10 * rng.standard_normal(count),
        appeal=(has / length @ genre_weights().T).astype(np.float32),
        hidden=traits.astype(np.float32),
    )


def _release_dates(count: int, last_year: float, rng: np.random.Generator) -> np.ndarray:
    """In the order of the ids, as films enter a data set: the new ones when they come out, older ones at any time."""
    age = AGE_YEARS * rng.standard_exponential(count)
    age = np.where(age > last_year - OLDEST, (last_year - OLDEST) * rng.random(count), age)
    released = last_year - age
    return released[np.argsort(np.maximum(released, last_year - 35 * rng.random(count)), kind="stable")]


def _genres(count: int, rng: np.random.Generator) -> np.ndarray:
    """Which genres each film has: bool (M, 18). Those that one taste likes come together."""
    kind = rng.integers(0, len(TASTES), count)
    urge = np.log(_SHARES) + 0.9 * genre_weights()[kind] + rng.gumbel(size=(count, len(GENRES)))
    rank = np.argsort(np.argsort(-urge, axis=1), axis=1)
    return rank < rng.choice(len(_HOW_MANY), count, p=_HOW_MANY)[:, None]


def _titles(has: np.ndarray, released: np.ndarray, rng: np.random.Generator) -> list[str]:
    """Titles with the year: words that the demo's films of the genre have in theirs, and invented names."""
    words = _words_by_genre()
    everything = sorted({word for of_genre in words for word in of_genre})
    titles = []
    lengths = 1 + rng.choice(len(_LENGTHS), len(has), p=_LENGTHS)
    articles = rng.random(len(has)) < _WITH_ARTICLE
    invented = rng.random((len(has), len(_LENGTHS))) < _INVENTED
    # Squared and more: the first words of a list are the common ones, as in any language.
    place = rng.random((len(has), len(_LENGTHS))) ** 2
    genre = np.where(has.any(axis=1), np.argmax(has * rng.random(has.shape), axis=1), -1)
    for film, length in enumerate(lengths):
        known = words[genre[film]] if genre[film] >= 0 else everything
        chosen = [
            _name(int(100_000 * place[film, i])) if invented[film, i] else known[int(place[film, i] * len(known))]
            for i in range(length)
        ]
        titles.append(f"{' '.join(chosen)}{', The' if articles[film] else ''} ({int(released[film])})")
    return titles


def _words_by_genre() -> list[list[str]]:
    films = read_catalogue()
    words: list[dict[str, int]] = [{} for _ in GENRES]
    for title, joined in zip(films[Col.TITLE], films[Col.GENRES], strict=True):
        for word in _WORD.findall(title):
            for genre in split_genres(joined):
                of_genre = words[GENRES.index(genre)]
                of_genre[word.capitalize()] = of_genre.get(word.capitalize(), 0) + 1
    return [sorted(of_genre, key=lambda word: (-of_genre[word], word)) for of_genre in words]


def _name(number: int) -> str:
    """A name for each number: 0 -> Baba."""
    base = len(_SYLLABLES)
    return "".join(_SYLLABLES[part] for part in (number % base, number // base % base)).capitalize() + (
        _SYLLABLES[number // base**2] if number >= base**2 else ""
    )
