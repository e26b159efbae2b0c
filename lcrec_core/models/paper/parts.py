"""The parts that the paper's network is looked at by, and how a prediction is shared out among them. No torch."""

from collections.abc import Callable, Collection
from enum import StrEnum
from itertools import combinations
from math import comb


class Part(StrEnum):
    """What can be switched off."""

    HISTORY = "history"
    """U_pf, the LSTM over what the person liked."""
    FIELDS = "fields"
    """U_ef: who the person is."""
    TITLE = "title"
    """The CNN over the movie's title."""
    GENRES = "genres"
    MOVIE = "movie"
    """The movie's own embedding."""


def fair_shares(parts: Collection[Part], value: Callable[[frozenset[Part]], float]) -> dict[Part, float]:
    """Shapley values: what each part adds, so that `value(nothing)` and they make `value(all)`.

    Args:
        parts: All of them.
        value: What some parts make together.
    """
    shares = dict.fromkeys(parts, 0.0)
    for part in parts:
        others = [other for other in parts if other is not part]
        for before in choices_of(others):
            # Of all orders, so many have just these parts before this one.
            weight = 1 / (len(parts) * comb(len(others), len(before)))
            shares[part] += weight * (value(before | {part}) - value(before))
    return shares


def choices_of(parts: Collection[Part]) -> list[frozenset[Part]]:
    """Every set of some of the parts, from none to all."""
    return [frozenset(some) for count in range(len(parts) + 1) for some in combinations(parts, count)]
