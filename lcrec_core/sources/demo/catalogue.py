"""The demo's films: real and widely known, written down by us from common knowledge.

`catalogue.csv` has two columns that only the simulation reads: `fame`, how widely a film has been
seen (1 to 5), and `quality`, how it is generally regarded (1 to 5 in halves). Nothing that trains
or recommends sees either of them.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, split_genres

CATALOGUE = Path(__file__).with_name("catalogue.csv")

GENRES = (
    "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
"""The genres a film of the catalogue may have: 1 to 4 of these 18."""

FAME = "fame"
QUALITY = "quality"


def read_catalogue() -> pd.DataFrame:
    """Movie id, title, year, genres, fame and quality of every film, by movie id (1 to N)."""
    return pd.read_csv(CATALOGUE, encoding="utf-8")


def genre_matrix(films: pd.DataFrame) -> np.ndarray:
    """Which genres each film has: 0/1 of shape (films, 18), columns in the order of `GENRES`."""
    position = {genre: column for column, genre in enumerate(GENRES)}
    matrix = np.zeros((len(films), len(GENRES)))
    for row, joined in enumerate(films[Col.GENRES]):
        matrix[row, [position[genre] for genre in split_genres(joined)]] = 1.0
    return matrix
