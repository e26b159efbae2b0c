"""Films of a history and movies of a data set: what is one movie, what is another, and what is asked.

All movies are made up: each stands for a way in which two sites spell one title.
"""

import numpy as np
import pandas as pd
import pytest

from lcrec_core.data.dataset import HALF_STARS, Dataset, year_of_title
from lcrec_core.serving.matching import Matcher
from lcrec_core.sources.history.entries import Entry

TITLES = {
    1: "Amber Wars: Episode IV - A New Kite (1977)",
    2: "Lantern, The (a.k.a. Lntrn) (1995)",
    3: "Monty Kite's Life of Amber (1979)",
    4: "Garden (1996)",
    5: "Garden (1996)",
    6: "Harbour II (1988)",
    7: "Robin Desert: Prince of Clocks (1991)",
    8: "Island (1953)",
    9: "Island (1997)",
    10: "Crouching Forest, Hidden Bridge (2000)",
    11: "Nameless Echo",
    12: "Desert (1998)",
    13: "Desert (2000)",
}


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher.of(dataset())


def dataset() -> Dataset:
    ids = list(TITLES)
    movies = pd.DataFrame({"movie_id": ids, "title": list(TITLES.values()), "genres": ""})
    movies["year"] = pd.array([year_of_title(title) for title in TITLES.values()], dtype="Int64")
    users = pd.DataFrame({"user_id": [1, 2], "gender": pd.NA, "age": pd.NA, "occupation": pd.NA})
    # The second Garden is the one that more people rated.
    rated = [(1, movie) for movie in ids] + [(2, 5)]
    ratings = pd.DataFrame(rated, columns=["user_id", "movie_id"]).assign(rating=4.0, timestamp=1)
    links = pd.DataFrame(
        {
            "movie_id": np.array([4, 5, 10], dtype=np.int64),
            "imdb_id": pd.array([104, 105, 110], dtype="Int64"),
            "tmdb_id": pd.array([204, pd.NA, 210], dtype="Int64"),
        }
    )
    return Dataset("made-up", users, movies, ratings, HALF_STARS, links=links)


@pytest.mark.parametrize(
    ("name", "year", "movie"),
    [
        ("Amber Wars", 1977, 1),
        ("A New Kite", 1977, 1),
        ("The Lantern", 1995, 2),
        ("lntrn", 1995, 2),
        ("The Lantern", 1996, 2),
        ("The Lantern", 1997, None),
        ("Life of Amber", 1979, 3),
        ("Life of Amber", 1980, None),
        ("Harbor 2", 1988, 6),
        ("Harbour", 1988, None),
        ("Harbour III", 1988, None),
        ("Island", 1953, 8),
        ("Island", 1998, 9),
        ("Island", 1975, None),
        ("Crouching Forests, Hiden Brigde", 2000, None),
        ("Crouching Forrest, Hidden Bridge", 2000, 10),
        ("Crouching Forrest, Hidden Bridge", 2001, None),
        ("Robin Desert", 1991, None),
        ("Prince of Clocks", 1991, 7),
        ("Desert", 2000, 13),
        ("Desert", 1999, None),
        ("No Such Film", 1990, None),
    ],
)
def test_title_and_year(matcher: Matcher, name: str, year: int, movie: int | None):
    (match,) = matcher.match([Entry(name, year)])
    assert match.movie_id == movie, match.why


@pytest.mark.parametrize(
    ("entry", "candidates"),
    [
        (Entry("Garden", 1996), (5, 4)),
        (Entry("Desert", 1999), (12, 13)),
        (Entry("Robin Desert", 1991), (7,)),
        (Entry("Island", None), (8, 9)),
        (Entry("Nameless Echo", 1990), (11,)),
        (Entry("Crouching Forrest, Hidden Bridge", 2001), (10,)),
        (Entry("Crouching Forest, Hidden Bridge", 2000, imdb_id=999), (10,)),
    ],
)
def test_what_is_not_sure_is_asked(matcher: Matcher, entry: Entry, candidates: tuple[int, ...]):
    (match,) = matcher.match([entry])
    assert match.movie_id is None
    assert match.candidates == candidates, "the most rated first"
    assert "please choose" in match.why


def test_an_id_goes_before_every_title(matcher: Matcher):
    entries = [
        Entry("Garden", 1996, imdb_id=104),
        Entry("Whatever", 1900, tmdb_id=210),
        Entry("", movie_id=6),
        Entry("Another Name", 1901, movie_id=9, data="made-up"),
        Entry("Lantern, The", 1995, movie_id=9, data="other"),
    ]
    assert [match.movie_id for match in matcher.match(entries)] == [4, 10, 6, 9, 2]
    (elsewhere,) = matcher.match([Entry("Harbour II", 1988, movie_id=2)])
    assert elsewhere.movie_id == 6, "an id of MovieLens counts where the title agrees"


def test_of_two_films_that_claim_one_movie_the_better_has_it(matcher: Matcher):
    other, exact = matcher.match([Entry("Island", 1998), Entry("Island", 1997)])
    assert (other.movie_id, other.candidates) == (None, (9,))
    assert exact.movie_id == 9


def test_the_reason_says_what_there_is_instead(matcher: Matcher):
    newer, wrong_year = matcher.match([Entry("Later", 2020), Entry("Island", 1975)])
    assert newer.why == "made-up has films up to 2000"
    assert "Island (1953); Island (1997)" in wrong_year.why
