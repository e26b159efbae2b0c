"""Widely known films as sites spell them, matched with real movies: by title as by their ids at IMDb."""

import pytest

from lcrec_core.serving.matching import Matcher
from lcrec_core.sources import datasets
from lcrec_core.sources.history.entries import Entry

AT_IMDB = {
    ("Se7en", 1995): 114369,
    ("Léon: The Professional", 1994): 110413,
    ("12 Monkeys", 1995): 114746,
    ("The Empire Strikes Back", 1980): 80684,
    ("WALL·E", 2008): 910970,
    ("The Usual Suspects", 1995): 114814,
    ("Pulp Fiction", 1994): 110912,
}
NOT_THERE = (("Star Wars", 1987), ("Solaris", 1999), ("Toy Story 4", 1999), ("The Usual Suspect", 1980))


@pytest.mark.real_data("ml-latest-small")
def test_known_films_are_found_and_others_are_not_taken_for_them():
    matcher = Matcher.of(datasets.load("ml-latest-small"))
    by_title = matcher.match([Entry(*film) for film in AT_IMDB])
    by_id = matcher.match([Entry("", imdb_id=imdb_id) for imdb_id in AT_IMDB.values()])
    assert None not in [match.movie_id for match in by_id]
    assert [match.movie_id for match in by_title] == [match.movie_id for match in by_id]
    assert not [match for match in matcher.match([Entry(*film) for film in NOT_THERE]) if match.movie_id is not None]
