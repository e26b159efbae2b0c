"""The shapes above a poster's title, as SVG in the square of 200 by 170 units at its top.

Each is a function of the look's colours and of a `Chance`, which gives the same numbers for the same movie.
"""

import hashlib
import math
from collections.abc import Callable

from lcrec_ui.posters.palettes import Look

WIDTH, HEIGHT = 200, 170


class Chance:
    """Numbers that look random and follow from a text alone, on every machine."""

    def __init__(self, text: str) -> None:
        self._bytes = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        self._next = 0

    def between(self, low: float, high: float) -> float:
        """The next number, from `low` to `high`."""
        value = self._bytes[self._next % len(self._bytes)] / 255
        self._next += 1
        return low + value * (high - low)

    def below(self, count: int) -> int:
        """The next whole number, from 0 to `count - 1`."""
        return min(int(self.between(0, count)), count - 1)


def number(value: float) -> str:
    """A coordinate, to a tenth: shorter text, and no eye sees more."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _circle(x: float, y: float, radius: float, fill: str, more: str = "") -> str:
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{fill}"{more}/>'


def _ring(x: float, y: float, radius: float, stroke: str, width: float) -> str:
    place = f'cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"'
    return f'<circle {place} fill="none" stroke="{stroke}" stroke-width="{number(width)}"/>'


def _box(x: float, y: float, width: float, height: float, fill: str, more: str = "") -> str:
    place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    return f'<rect {place} fill="{fill}"{more}/>'


def _shape(points: list[tuple[float, float]], fill: str, more: str = "") -> str:
    joined = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return f'<polygon points="{joined}" fill="{fill}"{more}/>'


def _sun(look: Look, chance: Chance) -> str:
    x, radius = chance.between(75, 125), chance.between(44, 56)
    lines = [_box(0, 104 + 13 * i, WIDTH, 2 + 1.6 * i, look.ground) for i in range(5)]
    hills = _shape([(0, 170), (0, chance.between(140, 152)), (90, 158), (200, chance.between(138, 150)), (200, 170)],
                   look.second)  # fmt: skip
    return _circle(x, 92, radius, look.ink) + "".join(lines) + hills


def _bands(look: Look, chance: Chance) -> str:
    lean, start = chance.between(50, 80), chance.between(-40, 0)
    made = []
    for place, (width, fill) in enumerate(((34, look.ink), (14, look.second), (22, look.ink), (8, look.second))):
        x = start + 52 * place + 20
        made.append(_shape([(x + lean, 0), (x + lean + width, 0), (x + width, 170), (x, 170)], fill))
    return "".join(made)


def _peaks(look: Look, chance: Chance) -> str:
    sun = _circle(chance.between(40, 160), chance.between(38, 56), 20, look.ink)
    back = _shape([(-20, 170), (chance.between(30, 70), chance.between(70, 90)), (140, 170)], look.second)
    front = _shape([(50, 170), (chance.between(120, 160), chance.between(84, 108)), (230, 170)], look.ink, _FAINT)
    return sun + back + front


def _dots(look: Look, chance: Chance) -> str:
    grows = chance.below(4)
    made = []
    for row in range(5):
        for column in range(6):
            across, down = column / 5, row / 4
            size = (across + down, 1 - across + down, across + 1 - down, 2 - across - down)[grows] / 2
            fill = look.second if chance.between(0, 1) > 0.8 else look.ink
            made.append(_circle(20 + 32 * column, 22 + 32 * row, 3 + 11 * size, fill))
    return "".join(made)


def _rays(look: Look, chance: Chance) -> str:
    x, turn, rays = chance.between(70, 130), chance.between(0, 0.4), 16
    made = []
    for ray in range(rays):
        begin = turn + 2 * math.pi * ray / rays
        end = begin + math.pi / rays
        far = [(x + 260 * math.cos(angle), 96 + 260 * math.sin(angle)) for angle in (begin, end)]
        made.append(_shape([(x, 96), *far], look.second, _FAINT))
    return "".join(made) + _circle(x, 96, chance.between(34, 46), look.ink)


def _blinds(look: Look, chance: Chance) -> str:
    x, y = chance.between(70, 130), chance.between(70, 100)
    moon = _circle(x, y, chance.between(46, 58), look.ink)
    slats = [_box(0, 8 + 18 * place, WIDTH, 8, look.ground) for place in range(9)]
    figure = _shape([(x - 16, 170), (x - 10, 112), (x + 10, 112), (x + 16, 170)], look.second)
    return moon + "".join(slats) + figure + _circle(x, 102, 11, look.second) + _box(x - 19, 94, 38, 4, look.second)


def _columns(look: Look, chance: Chance) -> str:
    made = []
    for place in range(9):
        height = chance.between(30, 140)
        fill = look.second if place == 4 else look.ink
        made.append(_box(14 + 20 * place, 164 - height, 12, height, fill))
    return "".join(made)


def _waves(look: Look, chance: Chance) -> str:
    made = [_circle(chance.between(50, 150), 58, chance.between(22, 32), look.ink)]
    for layer, (fill, more) in enumerate(((look.second, ""), (look.ink, _FAINT), (look.second, _FAINT))):
        y, lift = 92 + 24 * layer, chance.between(14, 26) * (1 if layer % 2 else -1)
        path = f"M0 {number(y)} C 50 {number(y + lift)} 60 {number(y + lift)} 100 {number(y)} "
        path += f"S 160 {number(y - lift)} 200 {number(y)} V170 H0Z"
        made.append(f'<path d="{path}" fill="{fill}"{more}/>')
    return "".join(made)


def _moon(look: Look, chance: Chance) -> str:
    x, y = chance.between(75, 125), chance.between(80, 95)
    moon = _circle(x, y, 50, look.ink) + _circle(x + 20, y - 12, 43, look.ground)
    stars = [
        _circle(chance.between(10, 190), chance.between(12, 156), chance.between(1.2, 3.2), look.second)
        for _ in range(14)
    ]
    return moon + "".join(stars)


def _door(look: Look, chance: Chance) -> str:
    x = chance.between(70, 100)
    light = _shape([(x, 126), (x + 42, 126), (x + chance.between(70, 110), 170), (x - 20, 170)], look.ink, _FAINT)
    frame = _box(x - 7, 24, 56, 102, look.second)
    return light + frame + _box(x, 31, 42, 95, look.ink) + _circle(x + 35, 84, 2.6, look.ground)


def _circles(look: Look, chance: Chance) -> str:
    apart, y, radius = chance.between(26, 40), chance.between(78, 96), chance.between(46, 54)
    return _circle(100 - apart, y, radius, look.second) + _circle(100 + apart, y, radius, look.ink, _SEEN_THROUGH)


def _rings(look: Look, chance: Chance) -> str:
    x, y = chance.between(60, 140), chance.between(76, 100)
    made = [_ring(x, y, 26 + 17 * place, look.ink, 1.5 + 0.4 * place) for place in range(5)]
    made.append(_circle(x, y, 16, look.second))
    angle = chance.between(0, 2 * math.pi)
    made.append(_circle(x + 60 * math.cos(angle), y + 60 * math.sin(angle), 7, look.second))
    return "".join(made)


def _squares(look: Look, chance: Chance) -> str:
    turn, made = chance.between(6, 14), []
    for place in range(7):
        size = 150 - 22 * place
        fill = (look.ink, look.ground, look.second, look.ground)[place % 4]
        more = f' transform="rotate({number(turn * place)} 100 86)"'
        made.append(_box(100 - size / 2, 86 - size / 2, size, size, fill, more))
    return "".join(made)


_FAINT = ' opacity="0.55"'
_SEEN_THROUGH = ' opacity="0.8"'

MOTIFS: dict[str, Callable[[Look, Chance], str]] = {
    "sun": _sun,
    "bands": _bands,
    "peaks": _peaks,
    "dots": _dots,
    "rays": _rays,
    "blinds": _blinds,
    "columns": _columns,
    "waves": _waves,
    "moon": _moon,
    "door": _door,
    "circles": _circles,
    "rings": _rings,
    "squares": _squares,
}
"""By the name that a look has for it."""
