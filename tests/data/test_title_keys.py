"""Two spellings of one title have one key; two titles have two. All titles are made up, or nobody's."""

import pytest

from lcrec_core.data.title_keys import key, keys, parts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Amber, The", "The Amber"),
        ("Haine d'Ambre, La", "La haine d\u2019ambre"),
        ("Léon's Kité", "Leons Kite"),
        ("8½ Lanterns", "8 1/2 Lanterns"),
        ("Amber + Kite", "Amber and Kite"),
        ("Amber & the Kite", "Amber and Kite"),
        ("Amber IV", "Amber 4"),
        ("Amber Part II", "Amber: Part Two"),
        ("Twelve Lanterns", "12 Lanterns"),
        ("One Hundred and One Kites", "101 Kites"),
        ("Twenty-One Kites", "21 Kites"),
        ("Kite the Thirteenth", "Kite the 13th"),
        ("Three Colours: Amber", "3 Colors - Amber"),
        ("Dr. Amber", "Doctor Amber"),
        ("A.M.B.E.R.", "AMBER"),
        ("A*M*B*E*R", "Amber"),
        ("Kite³", "Kite 3"),
        ("KITE\u2014MAN", "Kite-Man"),
        ("Søndags Ærlig", "Sondags Aerlig"),
        ("Амбер", "амбер"),
    ],
)
def test_spellings_of_one_title(one: str, other: str):
    assert set(keys(one)) & set(keys(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Amber II", "Amber III"),
        ("Amber", "Amber 2"),
        ("Kite", "Kites"),
        ("Amber: Part One", "Amber: Part Two"),
        ("The", "A"),
        ("Die Kite", "Kite"),
        ("Амбер", "Кайт"),
    ],
)
def test_two_titles(one: str, other: str):
    assert not set(keys(one)) & set(keys(other))


def test_every_name_of_a_title_is_a_key_and_its_own_comes_first():
    found = keys("Amber, The (a.k.a. Ambr) (Bernstein, Der) (1999)")
    assert next(iter(found)) == key("Amber")
    assert {key("Ambr"), key("Der Bernstein"), key("Bernstein")} <= set(found)
    assert not any("1999" in made for made in found)


@pytest.mark.parametrize(
    ("title", "part", "sure"),
    [
        ("Amber Wars: Episode IV - A New Kite", "Amber Wars", True),
        ("Amber Wars: Episode IV - A New Kite", "A New Kite", True),
        ("Amber Wars: Episode IV - A New Kite", "Amber Wars: A New Kite", True),
        ("Wilma Shakespeare's Amber and Kite", "Amber and Kite", True),
        ("Disney's Lantern", "Lantern", True),
        ("Amber's Lantern", "Lantern", False),
        ("Kiteman or (The Unexpected Virtue)", "Kiteman", True),
        ("Robin Kite: Prince of Lanterns", "Robin Kite", False),
        ("Robin Kite: Prince of Lanterns", "Prince of Lanterns", True),
    ],
)
def test_parts_and_whether_they_are_enough(title: str, part: str, sure: bool):
    assert parts(title)[key(part)] is sure
