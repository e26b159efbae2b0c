"""The people of a made data set and what they rate, block by block, in the order in which they join.

A rating is

    generosity + worth of the film, which moves with its age + taste for its genres + hidden likings
    + what the person's time with the site changes + noise

rounded to half stars, or to whole ones by those who never give halves. People pick popular films, new ones, and films
of their tastes, all of which is drawn at the time at which they join. Nothing here loops over ratings.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lcrec_core.sources.demo.tastes import TASTES
from lcrec_core.sources.made.movies import HIDDEN, Films
from lcrec_core.sources.made.shapes import FEWEST_RATINGS, Shape

BLOCKS, BLOCK = 64, 2000
"""At least so many blocks, of at most so many people: films are popular as at one moment of each."""
YEAR = 365.2425 * 86_400

COUNT_SPREAD = 1.38
"""Standard deviation of the log of how many films somebody rates above the fewest: a median of 70, a mean of 150."""
MOST_OF_ALL = 0.4
"""Nobody rates more than this share of the films there are when they join."""
DRAWN_AT_ONCE = 1500
"""Who rates more is given films by weighing every one of them, which costs more and never repeats one."""

NEWNESS, NEW_YEARS = 1.6, 1.5
"""How much more a film is picked when it is new (log), and for how long."""
CHOOSY, CHOOSY_HIDDEN = 0.8, 0.3
"""How strongly people pick what their taste likes, by genres and by hidden traits."""

MEAN_STARS = 2.82
GENEROSITY_STARS = 0.45
TASTE_STARS = 0.55
HIDDEN_STARS = 0.17
MELLOWING_STARS = 0.2
NOISE_STARS = 0.76
WHOLE_STARS_ONLY = 0.25
"""Share of people who give no halves."""
HALVES_SINCE = 2003.1
"""Before, nobody could."""

RETURNING = 0.35
"""Share of people who come back; the others rate everything at one sitting."""
STAY_DAYS, STAY_SPREAD = 60.0, 2.0
"""Median of how long those stay, and the standard deviation of its log."""
SECONDS_BETWEEN = 15


@dataclass(frozen=True, eq=False)
class Block:
    """Ratings of some people, by person and film."""

    user_id: np.ndarray  # int32 (N,)
    film: np.ndarray  # int32 (N,), a row of `Films`
    halves: np.ndarray  # int8 (N,): the rating in half stars, 1 to 10
    time: np.ndarray  # int64 (N,), seconds since 1970


@dataclass(frozen=True, eq=False)
class _People:
    """Those of one block."""

    joined: np.ndarray  # (B,) years
    count: np.ndarray  # int64 (B,)
    mixture: np.ndarray  # (B, T), rows summing to one
    hidden: np.ndarray  # float32 (B, HIDDEN)


def simulate(shape: Shape, films: Films, rng: np.random.Generator) -> Iterator[Block]:
    """Everybody's ratings, in the order of their ids, which is that in which they joined."""
    joined = np.sort(shape.first_year + (shape.last_year - 0.05 - shape.first_year) * rng.random(shape.people))
    count = _counts(shape, joined, films, rng)
    centres = rng.standard_normal((len(TASTES), HIDDEN))
    followers = np.array([taste.followers for taste in TASTES])
    for of_block in np.array_split(np.arange(shape.people), max(min(BLOCKS, shape.people), -(-shape.people // BLOCK))):
        mixture = rng.standard_gamma(0.25 * followers, (len(of_block), len(TASTES))) + 1e-9
        mixture /= mixture.sum(axis=1, keepdims=True)
        hidden = mixture @ centres + rng.standard_normal((len(of_block), HIDDEN))
        people = _People(joined[of_block], count[of_block], mixture, hidden.astype(np.float32))
        person, film = _choose(people, _weights(films, centres, people.joined), rng)
        progress, time = _arrange(person, people, shape, rng)
        yield Block(
            user_id=(of_block[0] + 1 + person).astype(np.int32),
            film=film.astype(np.int32),
            halves=_rate(person, film, progress, time, people, films, rng),
            time=time,
        )


def _counts(shape: Shape, joined: np.ndarray, films: Films, rng: np.random.Generator) -> np.ndarray:
    """How many films everybody rates, int64 (P,), summing to the shape's ratings."""
    there = np.searchsorted(np.sort(films.released), joined)
    most = np.maximum((MOST_OF_ALL * there).astype(np.int64), 1)
    fewest = np.minimum(FEWEST_RATINGS, most)
    if not fewest.sum() <= shape.ratings <= most.sum():
        raise ValueError(f"{shape.people:,} people cannot give {shape.ratings:,} ratings of {shape.movies:,} films")
    urge = rng.lognormal(0.0, COUNT_SPREAD, shape.people)
    for _ in range(20):  # Those at a limit leave the rest to the others.
        count = np.clip(fewest + urge.astype(np.int64), fewest, most)
        urge *= (shape.ratings - fewest.sum()) / max((count - fewest).sum(), 1)
    while missing := shape.ratings - int(count.sum()):
        can = np.flatnonzero(count < most if missing > 0 else count > fewest)
        count[rng.permutation(can)[: abs(missing)]] += np.sign(missing)
    return count


def _weights(films: Films, centres: np.ndarray, joined: np.ndarray) -> np.ndarray:
    """How often the followers of each taste pick each film then: (T, M), zero for what is not out."""
    now = joined.mean()
    age = now - films.released
    popular = films.pull + films.drift * (now - 2010.0) + NEWNESS * np.exp(-np.maximum(age, 0) / NEW_YEARS)
    liked = CHOOSY * films.appeal.T + CHOOSY_HIDDEN * (centres @ films.hidden.T)
    return np.where(films.released <= joined[0], np.exp(popular + liked), 0.0)


def _choose(people: _People, weights: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Who rates what: person and film, int64 (N,) each, by person, then film; nothing twice."""
    movies = weights.shape[1]
    pairs = [_weighed(person, people, weights, rng) for person in np.flatnonzero(people.count > DRAWN_AT_ONCE).tolist()]
    found = np.sort(np.concatenate([np.zeros(0, np.int64), *pairs]))
    chances = np.cumsum(weights, axis=1)
    chances /= chances[:, -1:]
    turns = np.cumsum(people.mixture, axis=1)
    while (missing := people.count - np.bincount(found // movies, minlength=len(people.count))).any():
        draws = np.where(missing > 0, missing + missing // 4 + 2, 0)
        person = np.repeat(np.arange(len(draws)), draws)
        taste = np.minimum((rng.random(len(person))[:, None] > turns[person]).sum(axis=1), len(turns[0]) - 1)
        film = np.zeros(len(person), dtype=np.int64)
        for each in range(len(weights)):
            of_taste = np.flatnonzero(taste == each)
            film[of_taste] = np.searchsorted(chances[each], rng.random(len(of_taste)), side="right")
        new = np.sort(person * movies + np.minimum(film, movies - 1))
        new = new[np.diff(new, prepend=-1) > 0]
        new = new[np.searchsorted(found, new, "right") == np.searchsorted(found, new)]
        # At random among what is new, so that nobody is left the films with the lowest ids.
        new = new[np.lexsort((rng.random(len(new)), new // movies))]
        owner = new // movies
        rank = np.arange(len(new)) - np.searchsorted(owner, owner)
        found = np.sort(np.concatenate([found, new[rank < missing[owner]]]))
    return found // movies, found % movies


def _weighed(person: int, people: _People, weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Somebody's films, drawn without replacement: the highest of log weight plus Gumbel noise."""
    with np.errstate(divide="ignore"):
        urge = np.log(people.mixture[person] @ weights) + rng.gumbel(size=weights.shape[1])
    count = people.count[person]
    return person * weights.shape[1] + np.argpartition(-urge, count - 1)[:count]


def _arrange(
    person: np.ndarray, people: _People, shape: Shape, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """In what order and when everybody rates: progress (N,) from -0.5 to 0.5, and timestamps int64 (N,)."""
    ends = np.cumsum(people.count)
    firsts = ends - people.count
    order = np.lexsort((rng.random(len(person)), person))
    turn = np.arange(len(person)) - firsts[person]
    progress = turn / np.maximum(people.count[person] - 1, 1) - 0.5
    left = (shape.last_year - people.joined) * YEAR
    stay = np.minimum(86_400 * STAY_DAYS * rng.lognormal(0, STAY_SPREAD, len(left)), 0.9 * left)
    stay *= rng.random(len(left)) < RETURNING
    opens = rng.random(len(person)) < 0.1
    opens[firsts] = True
    sitting = np.maximum.accumulate(np.where(opens, np.arange(len(person)), 0))  # the first rating of each one's
    begins = stay[person] * (progress[sitting] + 0.5)
    steps = np.cumsum(1 + np.floor(SECONDS_BETWEEN * rng.standard_exponential(len(person))))
    elapsed = begins + steps - steps[firsts][person]
    # Who joins at the very end hurries.
    last = elapsed[ends - 1]
    elapsed *= np.minimum(1.0, 0.99 * left / np.maximum(last, 1.0))[person]
    time = ((people.joined - 1970.0) * YEAR)[person] + elapsed
    by_film = np.empty(len(person), dtype=np.int64)
    by_film[order] = np.arange(len(person))
    return progress[by_film], time.astype(np.int64)[by_film]


def _rate(
    person: np.ndarray,
    film: np.ndarray,
    progress: np.ndarray,
    time: np.ndarray,
    people: _People,
    films: Films,
    rng: np.random.Generator,
) -> np.ndarray:
    """Ratings in half stars, int8 (N,)."""
    here = len(people.count)
    generosity = GENEROSITY_STARS * rng.standard_normal(here)
    mellowing = MELLOWING_STARS * rng.standard_normal(here)
    whole = rng.random(here) < WHOLE_STARS_ONLY
    year = 1970.0 + time / YEAR
    taste = np.einsum("nt,nt->n", people.mixture.astype(np.float32)[person], films.appeal[film])
    likings = np.einsum("nh,nh->n", people.hidden[person], films.hidden[film])
    stars = (
        MEAN_STARS
        + generosity[person]
        + films.worth[film]
        + films.ageing[film] * (year - films.released[film])
        + 2 * np.tanh(TASTE_STARS * taste / 2)
        + HIDDEN_STARS * likings
        + mellowing[person] * progress
        + NOISE_STARS * rng.standard_normal(len(person))
    )
    in_whole = 2 * np.clip(np.floor(stars + 0.5), 1, 5)
    in_halves = np.clip(np.floor(2 * stars + 0.5), 1, 10)
    return np.where(whole[person] | (year < HALVES_SINCE), in_whole, in_halves).astype(np.int8)
