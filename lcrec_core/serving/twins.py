"""Films that a data set lists more than once, under ids of their own.

MovieLens 100K holds 18 films twice. Each id has its own ratings and a model predicts it like any other movie; only
lists for people go by the film, for nobody wants to be told to watch what they have rated.
"""

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset, split_genres


def most_rated_twins(data: Dataset) -> np.ndarray:
    """Row of the id that stands for each movie's film: int64 (M,), a movie without a twin stands for itself.

    Two rows are one film when their titles, year included, are the same but for capitals and blanks, and the genres
    of one are all among the other's. A film of the same name and year with other genres is another film, and a title
    without a year tells too little. Of twins the most rated stands for all, of equally rated ones the lowest id.
    """
    ids = data.movies[Col.MOVIE].to_numpy()
    counts = data.num_ratings
    titles = data.movies[Col.TITLE].str.casefold().str.split().str.join(" ").to_numpy(dtype=object)
    stands = np.arange(len(ids))
    namesakes: dict[str, list[int]] = {}
    dated = data.movies[Col.YEAR].notna().to_numpy()
    for row in np.flatnonzero(dated & pd.Series(titles).duplicated(keep=False).to_numpy()).tolist():
        namesakes.setdefault(titles[row], []).append(row)
    genres = data.movies[Col.GENRES].to_numpy(dtype=object)
    for rows in namesakes.values():
        films: list[tuple[int, set[str]]] = []
        for row in sorted(rows, key=lambda row: (-counts[row], row)) if len(rows) > 1 else ():
            own = set(split_genres(genres[row]))
            film = next((first for first, others in films if own <= others or others <= own), None)
            if film is None:
                films.append((row, own))
            else:
                stands[row] = film
    return stands
