"""What the demo's made-up people like, and who is a little more likely to like it.

A person is a mixture of a few of these tastes. A taste gives each genre a weight (how much more or
less its followers enjoy a film of it), and may lean towards old or recent films.
"""

from dataclasses import dataclass, field

import numpy as np

from lcrec_core.sources.demo.catalogue import GENRES


@dataclass(frozen=True)
class Taste:
    """One kind of filmgoer."""

    name: str
    genres: dict[str, float]
    """Weight of each genre that matters to it; the others count zero."""
    era: float = 0.0
    """Above 0: likes recent films; below 0: likes old ones."""
    followers: float = 1.0
    """How common it is, relative to the other tastes."""
    women: float = 1.0
    """How much more common it is among women; men get the inverse."""
    young: float = 1.0
    """How much more common it is below 25; from 45 on, the inverse."""
    occupations: tuple[str, ...] = field(default=())
    """Occupations in which it is half as common again."""


TASTES = (
    Taste(
        "science fiction",
        {"Sci-Fi": 1.9, "Adventure": 0.4, "Fantasy": 0.3, "Romance": -0.7, "Musical": -0.8, "War": -0.2},
        era=0.2, followers=1.5, women=0.8, young=1.2,
        occupations=("programmer", "technician/engineer", "scientist"),
    ),
    Taste(
        "family and animation",
        {"Animation": 1.2, "Children's": 1.0, "Fantasy": 0.4, "Musical": 0.3, "Horror": -1.3, "Crime": -0.6,
         "War": -0.5, "Thriller": -0.5},
        era=0.2, followers=1.3, women=1.15, young=1.2, occupations=("homemaker", "K-12 student", "clerical/admin"),
    ),
    Taste(
        "classics and art-house",
        {"Drama": 0.6, "Film-Noir": 1.0, "War": 0.3, "Mystery": 0.2, "Action": -0.8, "Sci-Fi": -0.8, "Fantasy": -0.3,
         "Children's": -0.4},
        era=-1.0, followers=1.3, young=0.75, occupations=("artist", "writer", "academic/educator", "retired"),
    ),
    Taste(
        "horror",
        {"Horror": 1.6, "Mystery": 0.4, "Thriller": 0.5, "Romance": -0.7, "Children's": -1.0, "Musical": -0.8},
        followers=1.1, women=0.9, young=1.25, occupations=("unemployed", "college/grad student"),
    ),
    Taste(
        "romance and musicals",
        {"Romance": 1.1, "Musical": 1.2, "Comedy": 0.2, "Horror": -1.0, "Action": -0.7, "Sci-Fi": -0.9,
         "Western": -0.4},
        followers=1.2, women=1.4, occupations=("homemaker", "customer service", "sales/marketing"),
    ),
    Taste(
        "action and adventure",
        {"Action": 1.2, "Adventure": 0.7, "Thriller": 0.3, "Drama": -0.4, "Documentary": -0.7, "Romance": -0.5,
         "Musical": -0.7},
        era=0.5, followers=1.4, women=0.75, young=1.2, occupations=("tradesman/craftsman", "K-12 student"),
    ),
    Taste(
        "documentary and true stories",
        {"Documentary": 2.2, "War": 0.5, "Drama": 0.3, "Fantasy": -0.7, "Horror": -0.5, "Action": -0.5},
        followers=0.7, young=0.85, occupations=("scientist", "lawyer", "academic/educator"),
    ),
    Taste(
        "crime and mystery",
        {"Crime": 1.0, "Mystery": 0.8, "Film-Noir": 0.8, "Thriller": 0.8, "Musical": -0.8, "Sci-Fi": -0.3,
         "Children's": -0.7, "Fantasy": -0.5},
        followers=1.3, women=0.9, occupations=("lawyer", "executive/managerial"),
    ),
    Taste(
        "westerns and war",
        {"Western": 1.6, "War": 1.1, "Action": 0.3, "Musical": -0.5, "Animation": -0.7, "Sci-Fi": -0.5,
         "Romance": -0.3},
        era=-0.6, followers=0.7, women=0.7, young=0.7, occupations=("farmer", "retired", "self-employed"),
    ),
    Taste(
        "comedy",
        {"Comedy": 1.2, "Romance": 0.3, "War": -0.6, "Film-Noir": -0.4, "Drama": -0.3, "Horror": -0.4},
        era=0.3, followers=1.3, occupations=("sales/marketing", "college/grad student", "customer service"),
    ),
    Taste(
        "fantasy and legend",
        {"Fantasy": 1.4, "Adventure": 0.8, "Animation": 0.4, "Crime": -0.6, "Documentary": -0.5, "War": -0.2},
        followers=1.0, women=1.1, young=1.2, occupations=("artist", "K-12 student", "college/grad student"),
    ),
)  # fmt: skip

OCCUPATIONS = {
    "other": 11, "academic/educator": 9, "artist": 5, "clerical/admin": 3, "college/grad student": 12,
    "customer service": 3, "doctor/health care": 4, "executive/managerial": 10, "farmer": 1, "homemaker": 2,
    "K-12 student": 4, "lawyer": 3, "programmer": 8, "retired": 3, "sales/marketing": 6, "scientist": 4,
    "self-employed": 5, "technician/engineer": 8, "tradesman/craftsman": 2, "unemployed": 2, "writer": 5,
}  # fmt: skip
"""Common names of occupations and how many people of a hundred have each, about."""

AGE_SHARES = {1: 0.04, 18: 0.18, 25: 0.33, 35: 0.20, 45: 0.10, 50: 0.09, 56: 0.06}
"""Share of each age band."""


def genre_weights() -> np.ndarray:
    """Each taste's weight for each genre, shape (tastes, 18)."""
    return np.array([[taste.genres.get(genre, 0.0) for genre in GENRES] for taste in TASTES])


def leanings(women: np.ndarray, age: np.ndarray, occupation: np.ndarray) -> np.ndarray:
    """How likely each person is to follow each taste, given who they are: (people,) x 3 -> (people, tastes)."""
    side = np.where(women, 1.0, -1.0)
    youth = np.select([age < 25, age >= 45], [1.0, -1.0], 0.0)
    columns = []
    for taste in TASTES:
        fitting = np.where(np.isin(occupation, taste.occupations), 1.5, 1.0)
        columns.append(taste.followers * taste.women**side * taste.young**youth * fitting)
    return np.stack(columns, axis=1)
