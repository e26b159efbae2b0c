"""Made-up people who rate the demo's films, from a seed.

Every person has tastes (see `tastes.py`), a favourite era, a generosity and a few hidden likings
that no genre names; every film has its quality and hidden traits. A rating is

    generosity + quality + taste for its genres + era + hidden likings + mood of the sitting + noise

on a latent scale, rounded to whole stars. Tastes and generosity drift over a person's time.
People mostly see famous films, and films they will like. They rate in sittings: several films
within minutes, days apart, often of one kind, and in one mood.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import WHOLE_STARS, Col, Dataset
from lcrec_core.sources.demo.catalogue import FAME, GENRES, QUALITY, genre_matrix, read_catalogue
from lcrec_core.sources.demo.tastes import AGE_SHARES, OCCUPATIONS, TASTES, genre_weights, leanings

NAME = "demo"
PEOPLE = 1200
FEWEST_RATINGS = 20
MOST_RATINGS = 600
GUIDE = 11
"""User id of the person the app shows first; given a rich mixture of tastes whatever the seed."""
GUIDE_RATINGS = 160
GUIDE_GENEROSITY = -0.1
GUIDE_TASTES = {"science fiction": 0.55, "classics and art-house": 0.30, "family and animation": 0.15}

START = 1_640_995_200
"""1 January 2022, UTC."""
END = 1_735_603_200
"""31 December 2024, UTC."""
DAY = 86_400

NEVER_SEEN = 7
"""Films that nobody has rated."""
CHOOSY = 0.9
"""How strongly people see what they will like."""
HIDDEN = 3
"""Number of likings that no genre names."""

# Sizes of the parts of a rating, in stars (standard deviations, or stars per unit of what they multiply).
MEAN = 3.28
QUALITY_STARS = 0.50
FILM_STARS = 0.18
GENEROSITY_STARS = 0.38
TASTE_STARS = 1.75
TASTE_LIMIT = 2.1
"""However many favourite genres a film has, it gains or loses no more than this."""
ERA_STARS = 0.5
HIDDEN_STARS = 0.20
MOOD_STARS = 0.30
MELLOWING_STARS = 0.25
DRIFT = 0.4
"""How much of another taste most people take on, as a share of a full taste."""
NOISE_STARS = 0.86

SAFE_DIGITS = 6
"""Scores are rounded to this before they are compared, so that machines that differ in the last bit agree."""


@dataclass(frozen=True)
class _Films:
    """The catalogue as arrays, M films."""

    movie_id: np.ndarray  # (M,)
    year: np.ndarray  # (M,)
    genres: np.ndarray  # (M, 18), each row of length 1
    era: np.ndarray  # (M,) about -2 (1920s) to 1 (2020s)
    worth: np.ndarray  # (M,) stars above or below an ordinary film
    hidden: np.ndarray  # (M, HIDDEN)
    pull: np.ndarray  # (M,) log weight of being seen; -inf for those never seen


@dataclass(frozen=True)
class _People:
    """P people as arrays."""

    women: np.ndarray  # (P,) bool
    age: np.ndarray  # (P,) first year of the band
    occupation: np.ndarray  # (P,) text
    taste: np.ndarray  # (P, 18) weight of each genre
    shift: np.ndarray  # (P, 18) what their time with the app changes in it
    era: np.ndarray  # (P,) slope over the films' era
    hidden: np.ndarray  # (P, HIDDEN)
    generosity: np.ndarray  # (P,) stars
    mellowing: np.ndarray  # (P,) stars of generosity gained from the first rating to the last
    count: np.ndarray  # (P,) how many films they set out to rate


def simulate(seed: int = 0) -> Dataset:
    """The demo data set for a seed: about 1,200 people, each with at least 20 ratings of the catalogue."""
    films = read_catalogue()
    users, ratings = simulate_people(films, seed)
    return Dataset(name=NAME, users=users, movies=films, ratings=ratings, scale=WHOLE_STARS, simulated=True)


def simulate_people(catalogue: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Users and ratings.

    The ratings have two columns more than a data set's: `expected`, the rating the person would
    give on average over the noise (no model can do better than it), and `sitting`.
    """
    rng = np.random.default_rng(seed)
    films = _films(catalogue, rng)
    people = _people(rng)
    user, film = _choose(people, films, rng)
    user, film, time, sitting = _arrange(user, film, people, films, rng)
    progress = _progress(user)
    latent = _latent(user, film, progress, people, films)
    latent = latent + MOOD_STARS * rng.standard_normal(sitting[-1] + 1)[sitting]
    score = np.round(latent + NOISE_STARS * rng.standard_normal(len(user)), SAFE_DIGITS)
    ratings = pd.DataFrame(
        {
            Col.USER: user + 1,
            Col.MOVIE: films.movie_id[film],
            Col.RATING: WHOLE_STARS.clip(np.floor(score + 0.5)),
            Col.TIME: time,
            "expected": _expected_stars(latent),
            "sitting": sitting,
        }
    ).rename(columns=str)
    return _users(people, rng), ratings


def _films(catalogue: pd.DataFrame, rng: np.random.Generator) -> _Films:
    genres = genre_matrix(catalogue)
    fame = catalogue[FAME].to_numpy()
    year = catalogue[Col.YEAR].to_numpy()
    count = len(catalogue)
    pull = fame + 0.35 * rng.standard_normal(count)
    unknown = np.flatnonzero(fame == 1)
    pull[rng.choice(unknown, NEVER_SEEN, replace=False)] = -np.inf
    # Part of the hidden traits follows the genres, so that a new film is not a blank.
    traits = genres @ rng.standard_normal((len(GENRES), HIDDEN)) * 0.5 + rng.standard_normal((count, HIDDEN))
    return _Films(
        movie_id=catalogue[Col.MOVIE].to_numpy(),
        year=year,
        genres=genres / np.sqrt(genres.sum(axis=1, keepdims=True)),
        era=(year - 1995) / 30.0,
        worth=QUALITY_STARS * (catalogue[QUALITY].to_numpy() - 3.75) + FILM_STARS * rng.standard_normal(count),
        hidden=(traits - traits.mean(axis=0)) / traits.std(axis=0),
        pull=pull,
    )


def _people(rng: np.random.Generator) -> _People:
    women = rng.random(PEOPLE) < 0.42
    age = rng.choice(list(AGE_SHARES), PEOPLE, p=list(AGE_SHARES.values()))
    occupation = _occupations(age, rng)
    mixture = _mixtures(leanings(women, age, occupation), rng)
    weights = genre_weights()
    taste = mixture @ weights + 0.15 * rng.standard_normal((PEOPLE, len(GENRES)))
    later = rng.integers(0, len(TASTES), PEOPLE)
    shift = DRIFT * weights[later] * (rng.random(PEOPLE) < 0.6)[:, None]
    lean = mixture @ np.array([taste.era for taste in TASTES])
    era = lean + np.clip(35 - age, -20, 15) / 50 + 0.3 * rng.standard_normal(PEOPLE)
    generosity = GENEROSITY_STARS * rng.standard_normal(PEOPLE)
    generosity[GUIDE - 1] = GUIDE_GENEROSITY
    count = FEWEST_RATINGS + np.round(rng.lognormal(np.log(49), 0.95, PEOPLE), 3).astype(np.int64)
    count = np.minimum(count, MOST_RATINGS)
    count[GUIDE - 1] = GUIDE_RATINGS
    return _People(
        women=women,
        age=age,
        occupation=occupation,
        taste=taste,
        shift=shift,
        era=era,
        hidden=rng.standard_normal((PEOPLE, HIDDEN)),
        generosity=generosity,
        mellowing=MELLOWING_STARS * rng.standard_normal(PEOPLE),
        count=count,
    )


def _occupations(age: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Occupations that go with the age: school below 18, no pupils above, pensioners from 56 on."""
    names = np.array(list(OCCUPATIONS))
    shares = np.array(list(OCCUPATIONS.values()), dtype=np.float64)
    shares[(names == "K-12 student") | (names == "retired")] = 0
    drawn = rng.choice(names, len(age), p=shares / shares.sum())
    drawn[age == 1] = "K-12 student"
    drawn[(age == 56) & (rng.random(len(age)) < 0.5)] = "retired"
    drawn[(age >= 35) & (drawn == "college/grad student")] = "other"
    return drawn


def _mixtures(likely: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How much of each taste a person has, rows summing to one: few tastes each (a sparse Dirichlet)."""
    concentration = 1.0 * likely / likely.sum(axis=1, keepdims=True)
    drawn = rng.standard_gamma(concentration)
    mixture = drawn / drawn.sum(axis=1, keepdims=True)
    mixture[GUIDE - 1] = [GUIDE_TASTES.get(taste.name, 0.0) for taste in TASTES]
    return mixture


def _choose(people: _People, films: _Films, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Who sees what: indices of people and films, (N,) each, grouped by person.

    Drawing without replacement by weight: the highest of log weight plus Gumbel noise.
    """
    liking = people.taste @ films.genres.T + 0.4 * people.era[:, None] * films.era
    weight = films.pull + CHOOSY * liking + rng.gumbel(size=liking.shape)
    order = np.argsort(-np.round(weight, SAFE_DIGITS), axis=1, kind="stable")  # (P, M)
    # A few more than needed: films that were not out yet are dropped once there are times.
    wanted = people.count + 10
    user = np.repeat(np.arange(PEOPLE), wanted)
    rank = np.arange(len(user)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    return user, order[user, rank]


def _arrange(
    user: np.ndarray, film: np.ndarray, people: _People, films: _Films, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Put each person's films in time order: user, film, timestamp, sitting, (N,) each.

    Films of a kind come near each other, famous ones rather early.
    """
    kind = films.genres @ rng.standard_normal((len(GENRES), 4))  # (M, 4)
    urge = rng.standard_normal((PEOPLE, 4))
    key = (kind[film] * urge[user]).sum(axis=1) - 0.3 * films.pull[film] + rng.standard_normal(len(film))
    order = np.lexsort((np.round(key, SAFE_DIGITS), user))
    user, film = user[order], film[order]
    time, sitting = _times(user, rng)
    out = time >= START + (films.year[film] - 2022 + 0.5) * 365.25 * DAY
    user, film, time, sitting = user[out], film[out], time[out], sitting[out]
    # The spare films that were not needed go from the end.
    first = np.searchsorted(user, np.arange(PEOPLE))
    needed = np.arange(len(user)) - first[user] < people.count[user]
    sitting = np.unique(sitting[needed], return_inverse=True)[1]
    return user[needed], film[needed], time[needed], sitting


def _times(user: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Timestamps and sitting numbers of everybody's ratings, given in order: (N,) -> (N,), (N,).

    A sitting holds about nine films some 40 seconds apart; the next comes days later.
    """
    count = len(user)
    first = np.r_[True, user[1:] != user[:-1]]
    opens = first | (rng.random(count) < 0.11)
    sitting = np.cumsum(opens) - 1
    person = user[opens]  # (S,) whose sitting it is
    pace = np.exp(1.7 + 0.9 * rng.standard_normal(PEOPLE))  # days between a person's sittings
    gap = 0.5 + pace[person] * rng.standard_exponential(len(person))
    gap[first[opens]] = 0.0
    day = np.cumsum(gap)
    day -= day[first[opens]][person]
    last = np.r_[first[opens][1:], True]
    window = (END - START) / DAY - 1.0
    squeeze = np.minimum(1.0, 0.9 * window / np.maximum(day[last], 1e-9))
    day *= squeeze[person]
    join = rng.random(PEOPLE) * (window - day[last])
    begins = START + np.round((join[person] + day) * DAY, 3).astype(np.int64)
    step = 8 + np.round(32 * rng.standard_exponential(count), 3).astype(np.int64)
    elapsed = np.cumsum(step)
    elapsed -= elapsed[opens][sitting]
    return begins[sitting] + elapsed, sitting


def _progress(user: np.ndarray) -> np.ndarray:
    """How far along a person is at each rating: -0.5 at the first, 0.5 at the last."""
    first = np.searchsorted(user, np.arange(PEOPLE))
    size = np.bincount(user, minlength=PEOPLE)
    return (np.arange(len(user)) - first[user]) / (size[user] - 1) - 0.5


def _latent(user: np.ndarray, film: np.ndarray, progress: np.ndarray, people: _People, films: _Films) -> np.ndarray:
    """Everything in a rating but mood and noise, in stars, not yet rounded: (N,)."""
    taste = people.taste[user] + progress[:, None] * people.shift[user]
    liking = (taste * films.genres[film]).sum(axis=1)
    stars = TASTE_LIMIT * np.tanh(TASTE_STARS * liking / TASTE_LIMIT)
    era = ERA_STARS * people.era[user] * films.era[film]
    hidden = HIDDEN_STARS * (people.hidden[user] * films.hidden[film]).sum(axis=1)
    mellowing = people.mellowing[user] * progress
    return MEAN + people.generosity[user] + films.worth[film] + stars + era + hidden + mellowing


def _expected_stars(latent: np.ndarray) -> np.ndarray:
    """Mean of the rounded, clipped rating over the noise: 1 plus the chance of passing each half star."""
    grid = np.linspace(-4, 4, 401)
    density = np.exp(-0.5 * grid**2)
    density /= density.sum()
    expected = np.ones_like(latent)
    tail = np.cumsum(density[::-1])[::-1]  # chance that the noise is at least grid
    for threshold in WHOLE_STARS.values[:-1] + 0.5:
        expected += np.interp((threshold - latent) / NOISE_STARS, grid, tail)
    return expected


def _users(people: _People, rng: np.random.Generator) -> pd.DataFrame:
    """The table of users; a few have not said their gender, age or occupation."""
    said = rng.random((3, PEOPLE)) >= 0.03
    said[:, GUIDE - 1] = True
    return pd.DataFrame(
        {
            Col.USER: np.arange(1, PEOPLE + 1),
            Col.GENDER: pd.Series(np.where(people.women, "F", "M"), dtype="string").where(said[0]),
            Col.AGE: pd.Series(people.age, dtype="Int64").where(said[1]),
            Col.OCCUPATION: pd.Series(people.occupation, dtype="string").where(said[2]),
        }
    ).rename(columns=str)
