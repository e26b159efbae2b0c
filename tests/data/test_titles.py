"""Titles as people say them, and as they are sorted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcrec_core.data.titles import ARTICLES, fold, in_brackets, names, sort_key, spoken
from lcrec_core.sources import demo


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Shawshank Redemption, The (1994)", "The Shawshank Redemption (1994)"),
        ("Fish Called Wanda, A (1988)", "A Fish Called Wanda (1988)"),
        ("Misérables, Les (1995)", "Les Misérables (1995)"),
        ("Enfer, L' (1994)", "L'Enfer (1994)"),
        ("Vitelloni, I (a.k.a. The Young and the Passionate) (1953)",
         "I Vitelloni (a.k.a. The Young and the Passionate) (1953)"),
        ("Professional, The (a.k.a. Leon: The Professional) (1994)",
         "The Professional (a.k.a. Leon: The Professional) (1994)"),
        ("City of Lost Children, The (Cité des enfants perdus, La) (1995)",
         "The City of Lost Children (La Cité des enfants perdus) (1995)"),
        ("City of the Living Dead (a.k.a. Gates of Hell, The) (Paura, La) (1980)",
         "City of the Living Dead (a.k.a. The Gates of Hell) (La Paura) (1980)"),
        ("Hard 8 (a.k.a. Sydney, The, a.k.a. Eight, An) (1996)", "Hard 8 (a.k.a. The Sydney, a.k.a. An Eight) (1996)"),
        ("Alt (Autre, L') (a.k.a. Other) (1969)", "Alt (L'Autre) (a.k.a. Other) (1969)"),
        ("School of Flesh, The (L' École de la chair) (1998)", "The School of Flesh (L'École de la chair) (1998)"),
        ("Good, The Bad and The Ugly, The (1966)", "The Good, The Bad and The Ugly (1966)"),
        ("Buono, il brutto, il cattivo, Il (1966)", "Il Buono, il brutto, il cattivo (1966)"),
        ("Dr. Jekyll and Mr. Hyde, A (1999)", "A Dr. Jekyll and Mr. Hyde (1999)"),
        ("Autumn Sonata (Höstsonaten ) (1978)", "Autumn Sonata (Höstsonaten) (1978)"),
        ("Associate, The (L'Associe)(1982)", "The Associate (L'Associe) (1982)"),
        ("You Are (Not) Alone, The (2007)", "The You Are (Not) Alone (2007)"),
        ("Woman (Et Dieu&#8230;Créa la Femme) (1956)", "Woman (Et Dieu…Créa la Femme) (1956)"),
        ("Postino, Il", "Il Postino"),
    ],
)  # fmt: skip
def test_the_article_goes_in_front(title, said):
    assert spoken(title) == said


@pytest.mark.parametrize(
    "title",
    ["I, Robot (2004)", "Me, Myself and Irene (2000)", "Paris, Texas (1984)", "Girl, Interrupted (1999)", "Heat (1995)",
     "Yesterday, Today and Tomorrow (Ieri, oggi, domani) (1963)", "Lust, Caution (Se, jie) (2007)", "M (1931)",
     "(500) Days of Summer (2009)", "Frontière(s) (2007)", "Die Hard (1988)", "The Thing, The (1982)",
     "Show One (2006–2007)", "Late (1990", "Odd)", "(", ")", "()", "(1999)", "M*A*S*H (1970)", "東京 (2008)"],
)  # fmt: skip
def test_what_only_looks_like_an_article_stays(title):
    assert spoken(title) == title


def test_sorted_without_article_capitals_and_marks():
    titles = [
        "The Zoo (1990)",
        "Éclair, L' (1991)",
        "Echo, An (1990)",
        "amber (1990)",
        "Die Hard (1988)",
        "A Dot (1950)",
    ]
    assert sorted(titles, key=sort_key) == [
        "amber (1990)", "Die Hard (1988)", "A Dot (1950)", "Echo, An (1990)", "Éclair, L' (1991)", "The Zoo (1990)",
    ]  # fmt: skip
    assert sort_key("Matrix, The (1999)") == sort_key("The Matrix (1999)") == "matrix (1999)"
    assert sort_key("...And Justice for All (1979)").startswith("and")


def test_names_and_brackets_by_hand():
    assert in_brackets("Seven (Se7en) (1995)") == ("Seven", ["Se7en", "1995"])
    assert names("Hard 8 (a.k.a. Sydney, a.k.a. Hard Eight) (1996)") == ["Hard 8", "Sydney", "Hard Eight"]
    assert names("Cité, La (1995-1999)") == ["Cité, La"]


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Søren Łódź ÆGIR Straße œuvre Đặng þing ıI", "soren lodz aegir strasse oeuvre dang thing ii"), ("8½", "8 1/2"),
     ("Alien³", "alien3"), ("Amélie", "amelie"), ("ＷＩＤＥ", "wide"), ("Ждать", "ждать"), ("東京", "東京")],
)  # fmt: skip
def test_folding_by_hand(text, folded):
    assert fold(text) == folded


@given(st.text(alphabet="aB (),'.é&#;", max_size=40), st.sampled_from(sorted(ARTICLES)))
def test_any_text_is_said_without_losing_a_letter(text, article):
    title = f"{text}, {article} (1999)"
    letters = sorted(c for c in title if c.isalnum())
    said = spoken(title)
    assert sorted(c for c in said if c.isalnum()) == letters or ";" in text
    assert sort_key(title) == sort_key(title).casefold()


def test_the_demos_titles_are_said_as_they_are_written():
    for title in demo.load_demo().movies["title"]:
        assert spoken(title) == title
