"""When two spellings are one title: keys that are equal for them, and the parts under which a title is known too.

`8½` and `8 1/2`, `Romeo + Juliet` and `Romeo and Juliet`, `Rocky II` and `Rocky 2`, `Three Colours: Red` and
`Three Colors: Red`, `Twelve Monkeys` and `12 Monkeys` have one key each. A key says nothing about the year.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from lcrec_core.data.titles import fold, in_brackets, names, split_article, spoken, without_leading_article

_APOSTROPHES = str.maketrans("", "", "'\u2019\u02bc`\u00b4\u2018")
_INITIALS = re.compile(r"(?<=\b\w)[.*\u00b7](?=\w\b)")
_LEFT_OUT = frozenset(("the", "a", "an", "and", "aka"))

_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBERS = {word: number for number, word in enumerate(_SMALL)} | {word: 20 + 10 * i for i, word in enumerate(_TENS)}
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi")
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", "thirteenth", "fourteenth", "fifteenth"),
)
_ORDINAL_ENDINGS = {1: "st", 2: "nd", 3: "rd"}

_SPELLINGS = {
    "colour": "color", "colours": "colors", "coloured": "colored", "grey": "gray", "theatre": "theater",
    "centre": "center", "honour": "honor", "honourable": "honorable", "favour": "favor", "favourite": "favorite",
    "neighbour": "neighbor", "neighbours": "neighbors", "harbour": "harbor", "labour": "labor", "armour": "armor",
    "rumour": "rumor", "saviour": "savior", "traveller": "traveler", "travellers": "travelers",
    "travelling": "traveling", "defence": "defense", "programme": "program", "pyjamas": "pajamas", "mum": "mom",
    "tyre": "tire", "doughnut": "donut", "jewellery": "jewelry", "sceptre": "scepter", "spectre": "specter",
    "dr": "doctor", "mr": "mister", "mrs": "missus", "st": "saint", "vs": "versus", "pt": "part",
    "vol": "volume", "n": "and", "okay": "ok", "goodbye": "goodby", "til": "till", "ep": "episode",
}  # fmt: skip
_SPELLINGS |= {word: f"{number}{_ORDINAL_ENDINGS.get(number, 'th')}" for number, word in enumerate(_ORDINALS, start=1)}
"""Spellings of one word: British and American, short and long."""

_BREAK = re.compile(r"\s*:\s+|\s+[-\u2013\u2014]\s+")
_OR = re.compile(r"\s*[,:;]?\s+or[,:;]?\s+", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:episode|part|chapter|volume|vol\.?)\s+\w+\b", re.IGNORECASE)
_OWNED = re.compile(r"((?:[^\W\d_][\w.&'\u2019-]*\s+){0,3}[^\W\d_][\w.-]*(?:['\u2019]s|s['\u2019]))\s+(\S.*)")
_OWNERS = frozenset(
    (
        *("william shakespeares", "shakespeares", "monty pythons", "mary shelleys", "bram stokers", "wes cravens"),
        *("john carpenters", "national lampoons", "tyler perrys", "dr seuss", "dr seusss", "walt disneys", "disneys"),
        *("lee daniels", "tim burtons", "stephen kings", "clive barkers", "agatha christies", "jane austens"),
        *("roald dahls", "tom clancys", "guillermo del toros", "zack snyders", "marvels", "jim hensons", "hg wells"),
        *("jules vernes", "lewis carrolls", "emily brontes", "charlotte brontes", "charles dickens", "ken russells"),
        *("peter benchleys", "rudyard kiplings", "victor hugos", "edgar allan poes", "dean koontzs", "andy warhols"),
        *("federico fellinis", "fellinis", "george orwells", "hans christian andersens"),
    )
)
"""Whose name stands before a title as often as not."""


@lru_cache(maxsize=1 << 17)
def key(name: str) -> str:
    """What a name comes to; `Matrix, The`, `The Matrix` and `matrix` have the same."""
    return "".join(key_words(name))


def key_words(name: str) -> list[str]:
    """The words of a key: folded, numbers as digits, without English articles and `and`."""
    words = _numbered([_SPELLINGS.get(word, word) for word in _words(_INITIALS.sub("", name))])
    return [word for word in words if word not in _LEFT_OUT] or words


def digits(key_of_a_name: str) -> list[str]:
    """The numbers in a key: where two differ in them, they are two films."""
    return re.findall(r"\d+", key_of_a_name)


def keys(name: str) -> dict[str, str]:
    """Every key of a title, and the name that has it: its own and those in brackets, articles wherever they stand.

    The title's own key comes first. A year in brackets is no part of it.
    """
    found: dict[str, str] = {}
    for other in names(name):
        bare, article = split_article(other)
        forms = [spoken(other), *([bare] if article else []), without_leading_article(other)]
        for form in forms:
            _add(found, key(form), other)
    # Brackets may be part of the name: `Birdman or (The Unexpected Virtue of Ignorance)`.
    own, brackets = in_brackets(name)
    kept = [inner for inner in brackets if not inner[:4].isdigit()]
    if kept:
        _add(found, key(" ".join([own, *kept])), own)
    return found


def _add(found: dict[str, str], made: str, name: str) -> None:
    # One letter in brackets is a note such as (V), and no name.
    if made and (len(made) > 1 or not found):
        found.setdefault(made, name)


def parts(title: str) -> dict[str, bool]:
    """Keys of the parts under which a title may be known, and whether a part with the right year is enough to say so.

    `Star Wars: Episode IV - A New Hope` is `Star Wars` and `A New Hope`; `Monty Python's Life of Brian` is `Life of
    Brian`. `Robin Hood: Prince of Thieves` may be `Robin Hood`, but of that name there was another in its year.
    """
    found: dict[str, bool] = {}
    for name in names(title):
        for part, sure in _parts(spoken(name)):
            made = key(part)
            if len(made) > 2:
                found[made] = found.get(made, False) or sure
    return found


def _parts(name: str) -> Iterator[tuple[str, bool]]:
    # What stands in brackets comes after the last break: `Birdman: Or (...)`.
    before_or = _OR.split(f"{name} ", maxsplit=1)[0].strip()
    if before_or != name.strip():
        yield before_or, True
    pieces = [piece for piece in _BREAK.split(name) if piece]
    if len(pieces) > 1:
        numbered = [bool(_NUMBERED.match(piece)) for piece in pieces]
        yield pieces[0], numbered[1]
        last = ": ".join(pieces[1:])
        yield last, len(last.split()) > 2 and not numbered[1]
        if len(pieces) > 2:
            yield pieces[-1], numbered[-2] or len(pieces[-1].split()) > 2
            if any(numbered[1:-1]):
                unnumbered = (piece for piece, is_number in zip(pieces, numbered, strict=True) if not is_number)
                yield ": ".join(unnumbered), True
    owned = _OWNED.match(name)
    if owned:
        owner, rest = owned.groups()
        yield rest, "".join(f"{word} " for word in _words(owner)).strip() in _OWNERS or len(rest.split()) > 1


def _words(text: str) -> list[str]:
    folded = fold(text.replace("&", " and ").replace("+", " and ")).translate(_APOSTROPHES)
    if folded.isascii():
        return re.findall(r"[a-z0-9]+", folded)
    return "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in folded).split()


def _numbered(words: list[str]) -> list[str]:
    """Numbers in words and in Roman digits as digits; `part` before one is left out."""
    made: list[str] = []
    place = 0
    while place < len(words):
        number, used = _spelled_number(words[place:])
        if not used and words[place] in _ROMAN:
            number, used = _ROMAN.index(words[place]) + 1, 1
        if used:
            made.append(str(number))
            place += used
        else:
            made.append(words[place])
            place += 1
    return [word for word, after in zip(made, [*made[1:], ""], strict=True) if word != "part" or not after.isdigit()]


def _spelled_number(words: list[str]) -> tuple[int, int]:
    """The number that some words begin with, and how many words it takes: `one hundred and one` -> 101, 4."""
    total = current = used = 0
    for place, word in enumerate(words):
        if word in _NUMBERS:
            number = _NUMBERS[word]
            # `seven ten` are two numbers, `twenty one` is one.
            if used and current % 100 and not (current % 100 >= 20 and number < 10 and current % 10 == 0):
                break
            current += number
        elif word == "hundred" and (current or not used):
            current = (current or 1) * 100
        elif word == "thousand" and (current or not used):
            total, current = total + (current or 1) * 1000, 0
        elif word == "and" and used and words[place - 1] in ("hundred", "thousand"):
            continue
        else:
            break
        used = place + 1
    return total + current, used
