"""What a profile store must hold after a sequence of writes, worked out in plain Python."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lcrec_core.errors import ProfileError
from lcrec_core.store.profiles import ProfileStore

FIRST_TIME = 1_500_000_000


class Write(NamedTuple):
    """One call: its name, which profile in the order of their making, and its arguments."""

    call: str
    who: int
    arguments: tuple = ()


def writes(rng: np.random.Generator, films: int = 12) -> Iterator[Write]:
    """Endless random writes, each of which is allowed after those before it."""
    made, alive = 1, [0]
    yield Write("create", 0, ("person 0",))
    while True:
        call = str(rng.choice(_CALLS, p=_SHARES))
        if call == "create" and len(alive) < 4:
            alive.append(made)
            yield Write("create", made, (f"person {made}",))
            made += 1
        elif call == "delete" and len(alive) > 1:
            yield Write("delete", alive.pop(int(rng.integers(len(alive)))))
        elif call in _ARGUMENTS:
            who = alive[int(rng.integers(len(alive)))]
            yield Write(call, who, _ARGUMENTS[call](rng, films))


_ARGUMENTS: dict[str, Any] = {
    # Few different times, so that several ratings share a second.
    "rate": lambda rng, films: (
        int(rng.integers(1, films + 1)),
        float(rng.integers(1, 11)) / 2,
        FIRST_TIME + int(rng.integers(30)),
    ),
    "clear": lambda rng, films: (int(rng.integers(1, films + 1)),),
    "undo": lambda rng, films: (),
    "rename": lambda rng, films: (f"name {rng.integers(1000)}",),
}
_CALLS = ["rate", "clear", "undo", "rename", "create", "delete"]
_SHARES = [0.56, 0.12, 0.16, 0.06, 0.06, 0.04]


def apply(store: ProfileStore, tokens: dict[int, str], write: Write) -> str | None:
    """Make the call; a new profile's token is kept in `tokens` and returned."""
    if write.call == "create":
        tokens[write.who] = store.create("demo", name=write.arguments[0])
        return tokens[write.who]
    token = tokens[write.who]
    if write.call == "rename":
        store.update(token, name=write.arguments[0])
    else:
        getattr(store, write.call)(token, *write.arguments)
    return None


@dataclass
class _Person:
    name: str
    ratings: dict[int, tuple[float, int, int]] = field(default_factory=dict)
    """Rating, time and place among those of one second."""
    log: list[tuple[int, tuple[float, int, int] | None]] = field(default_factory=list)
    """What each write that still holds changed: the film, and what it had before."""
    events: int = 0

    def rate(self, film: int, rating: float, time: int) -> None:
        before = self.ratings.get(film)
        if before is None or before[:2] != (rating, time):
            self.log.append((film, before))
            self.events += 1
            self.ratings[film] = (rating, time, self.events)

    def clear(self, film: int) -> None:
        if film in self.ratings:
            self.log.append((film, self.ratings.pop(film)))
            self.events += 1

    def undo(self) -> None:
        if self.log:
            film, before = self.log.pop()
            self.events += 1
            self.ratings.pop(film, None)
            if before is not None:
                self.ratings[film] = before

    def rename(self, name: str) -> None:
        self.name = name


State = dict[int, tuple[str, tuple[tuple[int, float, int], ...]] | None]
"""By profile: its name and its (film, rating, time) in order; None once it was deleted."""


def replay(done: list[Write]) -> State:
    """What the store must hold once these writes were made."""
    people: dict[int, _Person | None] = {}
    for write in done:
        if write.call == "create":
            people[write.who] = _Person(*write.arguments)
        elif write.call == "delete":
            people[write.who] = None
        else:
            getattr(people[write.who], write.call)(*write.arguments)
    return {who: None if person is None else (person.name, _in_time(person)) for who, person in people.items()}


def _in_time(person: _Person) -> tuple[tuple[int, float, int], ...]:
    ordered = sorted(person.ratings.items(), key=lambda item: item[1][1:])
    return tuple((film, rating, time) for film, (rating, time, _) in ordered)


def held(store: ProfileStore, tokens: dict[int, str]) -> State:
    """What the store holds of these profiles."""
    state: State = {}
    for who, token in tokens.items():
        try:
            profile = store.get(token)
        except ProfileError:
            state[who] = None
        else:
            state[who] = (profile.name, tuple(tuple(rating) for rating in profile.ratings))
    return state
