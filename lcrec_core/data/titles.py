"""Titles as people say them.

A data set spells a title as a card index does: `Matrix, The (1999)`. It keeps its spelling, and files and JSON
have it; wherever a person reads a title, it is `spoken`: `The Matrix (1999)`.
"""

import html
import re
import unicodedata
from functools import lru_cache

ARTICLES = frozenset(
    (
        *("The", "A", "An", "Da"),
        *("Le", "La", "Les", "L'", "L\u2019", "Un", "Une", "Des"),
        *("El", "Los", "Las", "Lo", "Una", "Unos", "Unas"),
        *("Il", "I", "Gli", "Uno"),
        *("Der", "Die", "Das", "Den", "Dem", "Ein", "Eine"),
        *("De", "Het", "Een", "Det", "En", "Et", "Ett"),
        *("O", "Os", "As", "Um", "Uma"),
        *("Els", "Az", "Egy"),
    )
)
"""What may stand after the last comma of a title and belongs in front of it, spelled with a capital."""

_SAID_IN_FRONT = frozenset(("the", "a", "an", "le", "les", "il", "el", "los", "las", "der", "das", "gli"))
"""Articles in front that sorting passes over: they are hardly ever anything else there: not the Die of `Die Hard`."""
_ALSO_KNOWN_AS = re.compile(r"a\.?\s?k\.?\s?a\.?(?:\s+|$)|a/k/a\s+", re.IGNORECASE)
_NEXT_NAME = re.compile(r",\s+(?=a\.k\.a\.)", re.IGNORECASE)
_YEAR = re.compile(r"\d{4}(?:\s*[-\u2013\u2014]\s*(?:\d{4})?)?")
_ELIDED = re.compile(r"^([Ll]['\u2019])\s+(?=\w)")
_ENTITY = re.compile(r"&#?\w{1,8};")

# Letters of Latin scripts that Unicode does not take apart into a plain letter and a mark.
_PLAIN_LETTERS = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i",
        "ŋ": "n", "ŧ": "t", "ĸ": "k", "ƶ": "z", "ɨ": "i", "ɓ": "b", "ɗ": "d", "ə": "e", "ƒ": "f", "ǥ": "g",
        "ƀ": "b", "ʉ": "u",
    }
)  # fmt: skip


@lru_cache(maxsize=1 << 17)
def spoken(title: str) -> str:
    """`Matrix, The (1999)` -> `The Matrix (1999)`; names in brackets likewise; blanks and HTML entities are tidied.

    Remembered, because every list and table asks for it again.
    """
    name, brackets = in_brackets(title)
    return " ".join([_article_in_front(name), *(f"({_spoken_bracket(inner)})" for inner in brackets)])


@lru_cache(maxsize=1 << 17)
def sort_key(title: str) -> str:
    """What a title is sorted by: no article, capitals or marks; `Misérables, Les (1995)` -> `miserables (1995)`."""
    name, brackets = in_brackets(title)
    bare, article = split_article(name)
    if not article:
        bare = without_leading_article(bare)
    return fold(" ".join([bare, *(f"({inner})" for inner in brackets)])).lstrip("\"'(.\u2026¡¿#* ")


def in_brackets(title: str) -> tuple[str, list[str]]:
    """A title's name, and what its brackets at the end hold: `Seven (Se7en) (1995)` -> Seven, [Se7en, 1995].

    Brackets inside the name stay there: `(500) Days of Summer (2009)` -> (500) Days of Summer, [2009].
    """
    rest = " ".join(_ENTITY.sub(lambda found: html.unescape(found.group()), title).split())
    found: list[str] = []
    while rest.endswith(")"):
        start = rest.rfind("(")
        inner = rest[start + 1 : -1]
        # `Frontière(s)` is a name of its own.
        if start <= 0 or rest[start - 1] not in " )" or ")" in inner:
            break
        found.append(inner.strip())
        rest = rest[:start].rstrip()
    return rest, found[::-1]


def names(title: str) -> list[str]:
    """Every name a title gives, with articles where the data set has them: its own, then those in brackets; no year."""
    name, brackets = in_brackets(title)
    others = [other for inner in brackets if not _YEAR.fullmatch(inner) for other in _names_in(inner)]
    return [name, *(other for other in others if other)]


def split_article(name: str) -> tuple[str, str]:
    """`Matrix, The` -> (Matrix, The); (name, "") where no article stands at the end."""
    bare, comma, last = name.rpartition(", ")
    if comma and last in ARTICLES and not bare.casefold().startswith(f"{last.casefold()} "):
        return bare, last
    return name, ""


def without_leading_article(name: str) -> str:
    """`The Man from U.N.C.L.E.` -> `Man from U.N.C.L.E.`; a name that is nothing but an article stays."""
    elided = re.match(r"[Ll]['\u2019]\s*(?=\w)", name)
    if elided:
        return name[elided.end() :]
    first, blank, rest = name.partition(" ")
    return rest if blank and rest and first.casefold() in _SAID_IN_FRONT else name


def fold(text: str) -> str:
    """Lower case, without marks, in plain letters where there are any: `Søndagsengler Ærlig` -> `sondagsengler aerlig`.

    Other scripts stay what they are. A fraction gets a blank in front: `8½` is `8 1/2`.
    """
    spaced = text if text.isascii() else "".join(f" {c}" if _is_fraction(c) else c for c in text)
    if spaced.isascii():
        return spaced.casefold()
    decomposed = unicodedata.normalize("NFKD", spaced.casefold()).replace("\u2044", "/")
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_PLAIN_LETTERS)


def _is_fraction(character: str) -> bool:
    return unicodedata.category(character) == "No" and "\u2044" in unicodedata.normalize("NFKD", character)


def _article_in_front(name: str) -> str:
    bare, article = split_article(name)
    if not article:
        return _ELIDED.sub(r"\1", name)
    return f"{article}{bare}" if article[-1] in "'\u2019" else f"{article} {bare}"


def _spoken_bracket(inner: str) -> str:
    said = []
    for part in _NEXT_NAME.split(inner):
        also = _ALSO_KNOWN_AS.match(part)
        begin = also.end() if also else 0
        said.append(part[:begin] + _article_in_front(part[begin:]))
    return ", ".join(said)


def _names_in(inner: str) -> list[str]:
    return [_ALSO_KNOWN_AS.sub("", part, count=1) for part in _NEXT_NAME.split(inner)]
