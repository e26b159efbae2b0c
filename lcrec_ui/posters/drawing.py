"""A poster drawn from what is known of a movie: a typographic card of its title, year and genre, as SVG.

The same movie gives the same text of SVG on every machine. It names no font file, no link and no other host; whatever
comes from outside is escaped. Which serif face a viewer has is not known, so that lines are broken by the widths of a
wide one.
"""

import re
import unicodedata
from functools import lru_cache
from html import escape

from lcrec_core.data.titles import in_brackets, spoken, without_leading_article
from lcrec_ui.frame.text import clean
from lcrec_ui.posters import motifs
from lcrec_ui.posters.motifs import Chance
from lcrec_ui.posters.palettes import OTHERS, TEXT, Look, named_look

WIDTH, HEIGHT = 200, 300
"""Units of a poster: two to three, as posters are."""
_SIDE, _TITLE_TOP, _TITLE_BOTTOM, _FOOT = 16, 182, 266, 286
_SIZES = (30.0, 26.0, 23.0, 20.0, 17.5, 15.0, 13.0)
_LEADING = 1.14
_GENRES = 12
"""A circle of as many steps comes to each of one to four genres equally often."""
_SERIF = "Georgia, 'Times New Roman', 'DejaVu Serif', serif"
_SANS = "'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"

# Widths in em of DejaVu Serif, the widest face that is common.
_NARROW, _WIDE, _WIDEST = frozenset("iljftIrJ.,:;'’!|()[]/-–\" "), frozenset("mwMW@%&—"), 1.06
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@lru_cache(maxsize=8192)
def poster(title: str, year: int | None, genres: tuple[str, ...]) -> str:
    """A whole poster as SVG, 200 by 300 units; see the module.

    Args:
        title: As the data set or as people say it; years and other names in brackets are left out.
        year: Of release; None where nobody knows it.
        genres: One that has a look of its own lends its colours and one its motif; the first is named below.
    """
    name = _name(title)
    look, chance = _look(name, year, genres), Chance(f"{name}|{year}")
    size, lines = wrapped(name, WIDTH - 2 * _SIDE, _TITLE_BOTTOM - _TITLE_TOP)
    first = _TITLE_BOTTOM - (len(lines) - 1) * size * _LEADING - 0.22 * size
    spans = "".join(
        f'<text x="{_SIDE}" y="{first + place * size * _LEADING:.1f}">{_safe(line)}</text>'
        for place, line in enumerate(lines)
    )
    foot = " · ".join(filter(None, [str(year) if year else "", clean(genres[0], 22) if genres else ""]))
    return (
        f'{_head(look, chance)}<rect x="{_SIDE}" y="172" width="24" height="2" fill="{look.ink}"/>'
        f'<g fill="{TEXT}" font-family="{_SERIF}" font-size="{size:g}">{spans}</g>'
        f'<text x="{_SIDE}" y="{_FOOT}" fill="{TEXT}" font-family="{_SANS}" font-size="10.5" '
        f'letter-spacing="0.6" opacity="0.85">{_safe(foot)}</text></svg>'
    )


@lru_cache(maxsize=8192)
def thumbnail(title: str, year: int | None, genres: tuple[str, ...]) -> str:
    """The same movie where a title could not be read: its motif, and the letter or number that it begins with."""
    name = _name(title)
    look, chance = _look(name, year, genres), Chance(f"{name}|{year}")
    letter = re.match(r"\d{1,2}|\w", without_leading_article(name).lstrip("\"'(.…¡¿#* "))
    initial = letter.group().upper() if letter else "·"
    return (
        f'{_head(look, chance)}<text x="100" y="276" text-anchor="middle" fill="{TEXT}" font-family="{_SERIF}" '
        f'font-size="120">{_safe(initial)}</text></svg>'
    )


def wrapped(text: str, width: float, height: float) -> tuple[float, list[str]]:
    """The largest size at which a text fits a box, and its lines; what fits at no size ends with an ellipsis.

    Args:
        text: One line of words.
        width: Of the box, in units.
        height: Likewise.

    Returns:
        Size in units, and at least one line.
    """
    for size in _SIZES:
        lines = _broken(text.split(), width / size)
        if lines is not None and len(lines) * size * _LEADING <= height:
            return size, lines or [""]
    size = _SIZES[-1]
    most = int(height // (size * _LEADING))
    pieces = [piece for word in text.split() for piece in _cut(word, width / size)]
    lines = _broken(pieces, width / size) or [""]
    if len(lines) > most:
        last = lines[most - 1]
        while last and length(f"{last}…") > width / size:
            last = last[:-1].rstrip()
        lines = [*lines[: most - 1], f"{last}…"]
    return size, lines


def length(text: str) -> float:
    """How wide a text is in a wide serif face, in em; rather too much than too little."""
    return sum(_width(character) for character in text)


def _width(character: str) -> float:
    base = unicodedata.normalize("NFD", character)[0]
    if unicodedata.combining(character):
        return 0.0
    if base in _NARROW:
        return 0.45
    if base in _WIDE or unicodedata.east_asian_width(character) in "WF":
        return _WIDEST
    if base.isdigit() or (base.islower() and base.isascii()):
        return 0.64
    return 0.82


def _broken(words: list[str], most: float) -> list[str] | None:
    """Words in lines of at most so many em; None where a word is longer than a line."""
    lines: list[str] = []
    for word in words:
        if length(word) > most:
            return None
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and length(longer) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _cut(word: str, most: float) -> list[str]:
    """A word in pieces that each fit a line."""
    pieces = [""]
    for character in word:
        if pieces[-1] and length(pieces[-1] + character) > most:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _name(title: str) -> str:
    """Without the brackets at its end: year, and other names."""
    return in_brackets(spoken(clean(title)))[0] or clean(title)


def _look(name: str, year: int | None, genres: tuple[str, ...]) -> Look:
    chance = Chance(f"look {name}|{year}")
    named = named_look(genres, chance.below(_GENRES), chance.below(_GENRES))
    return named or OTHERS[Chance(genres[0] if genres else name).below(len(OTHERS))]


def _safe(text: str) -> str:
    """Text from outside, for XML."""
    return escape(_NOT_XML.sub("", clean(text)), quote=True)


def _head(look: Look, chance: Chance) -> str:
    """All but the text: the ground, and the motif, which the inner picture cuts off at its edge."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{look.ground}"/>'
        f'<svg width="{motifs.WIDTH}" height="{motifs.HEIGHT}">{motifs.MOTIFS[look.motif](look, chance)}</svg>'
    )
