"""Finding movies by what people type."""

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.titles import spoken
from lcrec_core.serving.search import TitleIndex, describe, words_of
from lcrec_core.sources import datasets, demo

TITLES = {
    "L.A. Confidential (1997)": 900,
    "L.A. Story (1991)": 300,
    "X-Men (2000)": 800,
    "Spider-Man (2002)": 700,
    "The Amazing Spider-Man (2012)": 750,
    "8 1/2 (8½) (1963)": 200,
    "E.T. the Extra-Terrestrial (1982)": 850,
    "Eternal Sunshine of the Spotless Mind (2004)": 990,
    "M*A*S*H (1970)": 400,
    "WALL·E (2008)": 600,
    "Professional, The (a.k.a. Leon: The Professional) (1994)": 500,
    "Seven (Se7en) (1995)": 650,
    "City of Lost Children, The (Cité des enfants perdus, La) (1995)": 150,
    "Shawshank Redemption, The (1994)": 1000,
    "Psycho (1960)": 510,
    "Psycho (1998)": 520,
    "Terminator, The (1984)": 730,
    "Star Wars: Episode IV - A New Hope (1977)": 980,
    "Lego Star Wars (2009)": 20,
    "Wars of Stars (1950)": 5,
    "Rocky (1976)": 640,
    "Rocky II (1979)": 310,
    "Matrix, The (1999)": 970,
    "Dune (1984)": 230,
    "Romeo & Juliet (1968)": 210,
    "Heat (1995)": 450,
    "Heathers (1989)": 460,
    "Ocean's Eleven (2001)": 470,
    "東京 (2008)": 12,
    "Ждать (1987)": 11,
    "Arabic فيلم (1999)": 10,
    "हिन्दी फ़िल्म (1999)": 9,
    "Sødr, Ægir & Łódź Straße (2005)": 8,
    "??? (1999)": 7,
    "$ (1971)": 6,
    "The Wave, The": 3,
    "Face/Off (1997)": 480,
    "Misérables, Les (1995)": 220,
    "M (1931)": 180,
    "Men in Black (1997)": 815,
}


def index_of(titles: dict[str, int]) -> TitleIndex:
    """Movie ids are 1, 2, ...: places in the dictionary."""
    years = [int(found.group(1)) if (found := re.search(r"\((\d{4})\)$", title)) else None for title in titles]
    return TitleIndex.of_titles(np.arange(1, len(titles) + 1), list(titles), years, np.array(list(titles.values())))


@pytest.fixture(scope="module")
def index() -> TitleIndex:
    return index_of(TITLES)


def found(index: TitleIndex, query: str, limit: int = 12) -> list[str]:
    return [list(TITLES)[movie_id - 1] for movie_id in index.find(query, limit)]


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("la confidential", "L.A. Confidential (1997)"),
        ("LA Confidential", "L.A. Confidential (1997)"),
        ("xmen", "X-Men (2000)"),
        ("x men", "X-Men (2000)"),
        ("spiderman", "Spider-Man (2002)"),
        ("the spidrman", "Spider-Man (2002)"),
        ("the mtrix", "Matrix, The (1999)"),
        ("spidermann", "Spider-Man (2002)"),
        ("amazing spiderman", "The Amazing Spider-Man (2012)"),
        ("8 1/2", "8 1/2 (8½) (1963)"),
        ("8½", "8 1/2 (8½) (1963)"),
        ("et", "E.T. the Extra-Terrestrial (1982)"),
        ("mash", "M*A*S*H (1970)"),
        ("m*a*s*h", "M*A*S*H (1970)"),
        ("wall-e", "WALL·E (2008)"),
        ("walle", "WALL·E (2008)"),
        ("leon", "Professional, The (a.k.a. Leon: The Professional) (1994)"),
        ("leon the professional", "Professional, The (a.k.a. Leon: The Professional) (1994)"),
        ("the professional", "Professional, The (a.k.a. Leon: The Professional) (1994)"),
        ("se7en", "Seven (Se7en) (1995)"),
        ("la cite des enfants perdus", "City of Lost Children, The (Cité des enfants perdus, La) (1995)"),
        ("cité des enfants perdus, la", "City of Lost Children, The (Cité des enfants perdus, La) (1995)"),
        ("shawsh", "Shawshank Redemption, The (1994)"),
        ("the shaw", "Shawshank Redemption, The (1994)"),
        ("shawshenk", "Shawshank Redemption, The (1994)"),
        ("redemtion shawshank", "Shawshank Redemption, The (1994)"),
        ("termnator", "Terminator, The (1984)"),
        ("termiantor", "Terminator, The (1984)"),
        ("termnat", "Terminator, The (1984)"),
        ("psycho 1960", "Psycho (1960)"),
        ("psycho (1960)", "Psycho (1960)"),
        ("psycho 1961", "Psycho (1960)"),
        ("star wras", "Star Wars: Episode IV - A New Hope (1977)"),
        ("starwars", "Star Wars: Episode IV - A New Hope (1977)"),
        ("rocky 2", "Rocky II (1979)"),
        ("rocky two", "Rocky II (1979)"),
        ("matrix, the", "Matrix, The (1999)"),
        ("the matrix", "Matrix, The (1999)"),
        ("romeo and juliet", "Romeo & Juliet (1968)"),
        ("romeo juliet", "Romeo & Juliet (1968)"),
        ("oceans 11", "Ocean's Eleven (2001)"),
        ("ocean’s eleven", "Ocean's Eleven (2001)"),
        ("東", "東京 (2008)"),
        ("京", "東京 (2008)"),
        ("ждать", "Ждать (1987)"),
        ("فيلم", "Arabic فيلم (1999)"),
        ("हिन्दी", "हिन्दी फ़िल्म (1999)"),
        ("sodr aegir lodz strasse", "Sødr, Ægir & Łódź Straße (2005)"),
        ("???", "??? (1999)"),
        ("$", "$ (1971)"),
        ("face off", "Face/Off (1997)"),
        ("faceoff", "Face/Off (1997)"),
        ("les miserables", "Misérables, Les (1995)"),
        ("miserables", "Misérables, Les (1995)"),
        ("m", "M (1931)"),
        ("heat", "Heat (1995)"),
    ],
)
def test_the_film_that_is_meant_comes_first(index, query, title):
    assert found(index, query)[0] == title


def test_alike_well_found_films_come_by_their_number_of_ratings(index):
    assert found(index, "psycho") == ["Psycho (1998)", "Psycho (1960)"]
    assert found(index, "l.a.")[:2] == ["L.A. Confidential (1997)", "L.A. Story (1991)"]
    assert found(index, "wars star")[:3] == [
        "Star Wars: Episode IV - A New Hope (1977)", "Lego Star Wars (2009)", "Wars of Stars (1950)",
    ]  # fmt: skip


def test_a_better_match_comes_before_a_better_known_film(index):
    assert found(index, "heat") == ["Heat (1995)", "Heathers (1989)"]
    assert found(index, "rocky") == ["Rocky (1976)", "Rocky II (1979)"]


def test_what_no_title_is_like_finds_nothing(index):
    for query in ("dune 2021", "zzzzzz", "", "   ", "%%", "matrix heat", "xyz 1995"):
        assert index.search(query).movie_ids == (), query
    assert index.newest == 2012


def test_only_what_is_near_in_spelling_is_called_so(index):
    assert index.search("shawshenk").nearest
    assert not index.search("shawshank").nearest
    assert not index.search("dune 2021").nearest


def test_a_word_that_is_right_is_not_taken_for_another():
    index = index_of({"Heart of Ice (1990)": 50, "Heat (1995)": 5})
    assert index.find("heat") == [2]


def test_inside_words_where_nothing_begins_so():
    index = index_of({"Star Wars (1977)": 3, "Amélie (2001)": 2, "Lone Star (1996)": 1})
    assert index.find("AMELIE") == [2]
    assert index.find("wars star") == [1]
    assert index.find("star") == [1, 3]
    assert index.find("tar wa") == [1]


def test_a_part_of_a_word_is_found_in_every_word_that_has_it():
    index = index_of({"Xxxabc (1990)": 3, "Yabc (1991)": 2, "Zabcz (1992)": 1, "Nothing (1993)": 9})
    assert index.find("abc") == [1, 2, 3]
    assert index.find("abcz") == [3]


def test_words_by_hand():
    assert words_of("L'Été & Moi, The (1995)") == ["lete", "and", "moi", "the", "1995"]
    assert words_of("M*A*S*H") == ["m", "a", "s", "h"]


@given(st.text(max_size=130))
def test_nothing_that_is_typed_is_an_error(index, text):
    assert len(index.find(text, 3)) <= 3


def test_titles_of_signs_alone_make_an_index():
    assert index_of({"??? (1999)": 1}).find("??") == [1]
    assert index_of({"!!!": 1}).find("!") == [1]
    assert index_of({"!!!": 1}).find("abcdef") == []


def test_every_movie_is_described(tiny):
    index = TitleIndex.of(tiny)
    rows = describe(tiny, index.search("cafe 7", 3))
    first = rows[0]
    assert list(first) == ["movie_id", "title", "year", "num_ratings"]
    movie = tiny.movies.set_index("movie_id").loc[first["movie_id"]]
    assert (first["title"], first["year"]) == (movie["title"], movie["year"])
    assert first["num_ratings"] == (tiny.ratings["movie_id"] == first["movie_id"]).sum()
    assert describe(tiny, index.search("zzzzzz")) == []


LATIN = str.maketrans({"ø": "o", "Ø": "O", "æ": "ae", "ß": "ss", "½": " 1/2", "ł": "l", "đ": "d"})


def as_typed(title: str) -> set[str]:
    """The ways in which people type a title without its marks."""
    plain = unicodedata.normalize("NFKD", title.translate(LATIN)).encode("ascii", "ignore").decode()
    return {
        plain,
        plain.lower(),
        # "L.A." -> "LA", "Spider-Man" -> "SpiderMan"
        re.sub(r"[^\w\s]", "", title),
        # "Spider-Man" -> "Spider Man", but "L.A." -> "LA"
        re.sub(r"[^\w\s]", " ", re.sub(r"\b(\w)[.*\u00b7](?=\w\b)", r"\1", title)),
        re.sub(r"[^\w\s]", " ", title),
        spoken(title),
    }


def unfindable(data: Dataset) -> list[tuple[str, str]]:
    """Titles, and how they were typed, that are not among the first three; films of the same name count."""
    index = TitleIndex.of(data)
    titles = dict(zip(data.movies["movie_id"], data.movies["title"], strict=True))

    def same(title: str) -> str:
        return "".join(word for word in words_of(title) if word != "and")

    missed = []
    for movie_id, title in titles.items():
        for typed in as_typed(title):
            # Most come first, which is found faster than three places.
            if not any(
                other == movie_id or same(titles[other]) == same(title)
                for places in (1, 3)
                for other in index.find(typed, places)
            ):
                missed.append((title, typed))
    return missed


def test_every_film_of_the_demo_is_found_without_its_marks():
    assert unfindable(demo.load_demo()) == []


@pytest.mark.real_data("ml-1m")
def test_every_film_of_movielens_1m_is_found_without_its_marks():
    assert unfindable(datasets.load("ml-1m")) == []


@pytest.mark.real_data("ml-100k")
def test_every_film_of_movielens_100k_is_found_without_its_marks():
    assert unfindable(datasets.load("ml-100k")) == []


@pytest.mark.real_data("ml-latest-small")
def test_every_film_of_movielens_latest_small_is_found_without_its_marks():
    assert unfindable(datasets.load("ml-latest-small")) == []
