"""Made-up data sets for tests and benchmarks: no row of them comes from anywhere.

People have a taste for a few genres and films have a quality, so that a model has something to
learn; a seed gives the same data set on every machine.
"""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import AGE_BANDS, GENDERS, WHOLE_STARS, Dataset, RatingScale

GENRES = ("Action", "Comedy", "Crime", "Drama", "Romance", "Sci-Fi", "Thriller", "War")
WORDS = (
    "Amber",
    "Bridge",
    "Clock",
    "Desert",
    "Echo",
    "Forest",
    "Garden",
    "Harbour",
    "Island",
    "Journey",
    "Kite",
    "Lantern",
)
OCCUPATION_CODES = 21
FIRST_TIME = 978_300_000


def made_up(
    people: int = 40,
    films: int = 60,
    ratings_each: int = 20,
    *,
    seed: int = 0,
    name: str = "made-up",
    scale: RatingScale = WHOLE_STARS,
) -> Dataset:
    """A valid data set with demographics; everybody rates `ratings_each` different films."""
    rng = np.random.default_rng(seed)
    has_genre = rng.random((films, len(GENRES))) < 0.25
    has_genre[np.arange(films), rng.integers(len(GENRES), size=films)] = True
    quality = rng.normal(0.0, 0.7, films)
    taste = rng.normal(0.0, 1.0, (people, len(GENRES)))
    popularity = 1.0 / np.arange(1, films + 1) ** 0.6
    popularity /= popularity.sum()

    chosen = np.stack([rng.choice(films, ratings_each, replace=False, p=popularity) for _ in range(people)])
    person = np.repeat(np.arange(people), ratings_each)
    film = chosen.ravel()
    liking = 3.5 + quality[film] + (taste[person] * has_genre[film]).sum(1) / has_genre[film].sum(1)
    liking += rng.normal(0.0, 0.6, len(film))
    rating = scale.clip(np.round((liking - scale.low) / scale.step) * scale.step + scale.low)
    starts = FIRST_TIME + rng.integers(0, 10_000_000, people)
    timestamps = starts[:, None] + np.cumsum(rng.integers(0, 120, (people, ratings_each)), axis=1)
    return Dataset(
        name=name,
        users=_people(people, rng),
        movies=_films(has_genre, rng),
        ratings=pd.DataFrame(
            {"user_id": person + 1, "movie_id": film + 1, "rating": rating, "timestamp": timestamps.ravel()}
        ),
        scale=scale,
    )


def _people(people: int, rng: np.random.Generator) -> pd.DataFrame:
    """Occupations are codes as text here; `write_ml1m_zip` needs them as codes anyway."""
    return pd.DataFrame(
        {
            "user_id": np.arange(1, people + 1),
            "gender": rng.choice(GENDERS, people),
            "age": rng.choice(AGE_BANDS, people),
            "occupation": rng.integers(OCCUPATION_CODES, size=people).astype(str),
        }
    )


def _films(has_genre: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    films = len(has_genre)
    first, second = rng.choice(WORDS, (2, films))
    years = rng.integers(1950, 2000, films)
    return pd.DataFrame(
        {
            "movie_id": np.arange(1, films + 1),
            # The number keeps titles apart; "é" is there because ML-1M is Latin-1.
            "title": [
                f"{a} and the {b} Café {i} ({year})"
                for i, (a, b, year) in enumerate(zip(first, second, years, strict=True), start=1)
            ],
            "year": years,
            "genres": ["|".join(np.array(GENRES)[row]) for row in has_genre],
        }
    )


def write_ml1m_zip(path: Path, data: Dataset) -> Path:
    """Write `data` in the format of ML-1M's zip: `.dat` files, `::` between fields, Latin-1."""
    occupation = data.users["occupation"]
    users = data.users["user_id"].astype(str) + "::" + data.users["gender"] + "::" + data.users["age"].astype(str)
    users = users + "::" + occupation + "::00000"
    movies = data.movies["movie_id"].astype(str) + "::" + data.movies["title"] + "::" + data.movies["genres"]
    whole = data.ratings.astype({"rating": int}).astype(str)
    ratings = whole["user_id"] + "::" + whole["movie_id"] + "::" + whole["rating"] + "::" + whole["timestamp"]
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in (("users", users), ("movies", movies), ("ratings", ratings)):
            archive.writestr(f"ml-1m/{name}.dat", ("\n".join(lines) + "\n").encode("latin-1"))
    return path
