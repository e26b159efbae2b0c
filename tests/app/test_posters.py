"""Drawn posters: the same each time, well-formed, nothing of a stranger's in them, and nothing that sticks out."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcrec_core.data.titles import spoken
from lcrec_core.sources.demo import load_demo
from lcrec_ui.frame.text import clean
from lcrec_ui.posters.drawing import HEIGHT, WIDTH, length, poster, thumbnail, wrapped
from lcrec_ui.posters.palettes import LOOKS, OTHERS, TEXT, named_look
from tests.outside import PAYLOADS

SVG = "{http://www.w3.org/2000/svg}"
KNOWN_TAGS = {f"{SVG}{tag}" for tag in ("svg", "g", "rect", "circle", "polygon", "path", "text")}
ANY_TEXT = st.text(max_size=120)


def said(svg: str) -> list[str]:
    """The words of a poster, a line each."""
    return [shown.text or "" for shown in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@settings(max_examples=40)
@given(title=ANY_TEXT, genre=ANY_TEXT, year=st.none() | st.integers(1870, 2050))
def test_whatever_the_title_it_is_well_formed_and_only_shapes_and_text(title, genre, year):
    for drawn in (poster.__wrapped__(title, year, (genre,)), thumbnail.__wrapped__(title, year, (genre,))):
        root = ElementTree.fromstring(drawn.encode("utf-8"))
        assert {element.tag for element in root.iter()} <= KNOWN_TAGS
        assert not [name for element in root.iter() for name in element.attrib if "href" in name or name[:2] == "on"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_stranger_s_title_stands_there_as_text(payload):
    drawn = poster(f"{payload} (1999)", 1999, (payload,))
    assert {element.tag for element in ElementTree.fromstring(drawn).iter()} <= KNOWN_TAGS
    shown = "".join("".join(said(drawn)[:-1]).split())
    assert shown.removesuffix("…") in "".join(spoken(clean(payload)).split())


def test_the_same_movie_looks_the_same_and_others_do_not():
    first = poster.__wrapped__("Anchor (1990)", 1990, ("Drama",))
    assert poster.__wrapped__("Anchor (1990)", 1990, ("Drama",)) == first
    assert poster("Bridge (1990)", 1990, ("Drama",)) != first
    looks = {genre: poster("Anchor (1990)", 1990, (genre,)) for genre in LOOKS}
    assert len(set(looks.values())) == len(LOOKS)


def test_it_says_title_year_and_genre_as_people_do():
    assert said(poster("Matrix, The (1999)", 1999, ("Action", "Sci-Fi"))) == ["The", "Matrix", "1999 · Action"]
    assert said(poster("Seven (a.k.a. Se7en)", None, ())) == ["Seven", ""]
    assert said(thumbnail("Matrix, The (1999)", 1999, ())) == ["M"]
    assert said(thumbnail("12 Angry Men (1957)", 1957, ())) == ["12"]


def test_genres_with_a_look_lend_it():
    assert named_look(("IMAX", "Children's"), 5, 7) == LOOKS["Children"]
    assert named_look(("IMAX",)) is None
    mixed = named_look(("Comedy", "Crime", "Drama"), colours=1, motif=5)
    assert mixed == replace(LOOKS["Crime"], motif=LOOKS["Drama"].motif)


def test_movies_of_the_same_genres_look_different():
    drawn = {poster(f"Kite {number}", 1990, ("Comedy", "Drama")).count(LOOKS["Drama"].ground) for number in range(20)}
    assert drawn == {0, 1} or len(drawn) > 1


@settings(max_examples=60)
@given(text=ANY_TEXT)
def test_no_line_is_longer_than_its_box_and_none_is_outside_of_it(text):
    size, lines = wrapped(" ".join(text.split()), 168, 84)
    assert all(length(line) * size <= 168 + 1e-6 for line in lines)
    assert len(lines) * size <= 84


def test_short_titles_are_large_and_long_ones_are_whole_as_long_as_they_can_be():
    assert wrapped("Heat", 168, 84) == (30.0, ["Heat"])
    long = "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb"
    size, lines = wrapped(long, 168, 84)
    assert " ".join(lines) == long
    assert size < 20
    endless = wrapped(" ".join(["word"] * 200), 168, 84)[1]
    assert endless[-1].endswith("…")
    assert "".join(wrapped("x" * 30, 168, 84)[1]) == "x" * 30


def test_every_demo_poster_keeps_its_text_in_the_picture():
    for movie in load_demo().movies.itertuples():
        drawn = poster(movie.title, int(movie.year), tuple(movie.genres.split("|")))
        root = ElementTree.fromstring(drawn)
        lines = [float(shown.get("y", 0)) for shown in root.iter(f"{SVG}text")]
        assert all(176 < y < HEIGHT for y in lines)
        assert "…" not in drawn or "…" in movie.title
    assert WIDTH == 200


def luminance(colour: str) -> float:
    """By WCAG 2.1."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("look", [*LOOKS.values(), *OTHERS], ids=lambda look: look.ground)
def test_every_title_can_be_read(look):
    assert (luminance(TEXT) + 0.05) / (luminance(look.ground) + 0.05) >= 5.5
