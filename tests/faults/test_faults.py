"""A few tries of every kind of fault, and the harness itself tried on code that is wrong."""

import os
from pathlib import Path
from typing import Any

import pytest

from lcrec_core.data.dataset import Dataset
from lcrec_core.errors import DataError, LCRecError
from tests.faults import damaged_zips, dying, sandbox
from tests.faults.damaged_zips import FORMS, Damage
from tests.faults.dying import BYTE, LATER, OPERATION, Death
from tests.faults.errors import unclear
from tests.faults.hostile_titles import words_of
from tests.faults.kinds import KINDS
from tests.faults.outcome import Kind
from tests.faults.replay import Write, replay

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked and killed")


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.short])
def test_nothing_fails(name: str, tmp_path: Path):
    outcome = KINDS[name].run(KINDS[name].short, seed=0, folder=tmp_path / name)
    assert not outcome.failures, str(outcome)


# What the harness says of code that is wrong


def dies_hangs_and_fills_the_memory(seed: int, index: int, place: Path) -> str | None:
    if index == 1:
        os._exit(3)
    if index == 2:
        raise ValueError("two\nlines")
    if index == 3:
        held = bytearray(sandbox.MEMORY + (8 << 20))
        held[:: 1 << 12] = b"x" * len(held[:: 1 << 12])
    return "always" if index == 4 else None


def test_a_process_that_dies_raises_or_fills_the_memory_is_a_failure_and_the_next_try_goes_on(tmp_path: Path):
    found = sandbox.attempt(dies_hangs_and_fills_the_memory, range(7), 0, tmp_path, lambda index: f"try {index}")
    assert list(found) == [1, 2, 3, 4]
    assert found[1].startswith("try 1: its process ended with 3")
    assert found[2] == "try 2: ValueError: two lines"
    assert found[3].startswith("try 3: took 2")
    assert found[4] == "try 4: always"


def writes_in_place(say: Any, folder: str, last: int) -> None:
    """What nobody must do: write over what is there."""
    say(-1)
    for number in range(last):
        (Path(folder) / "file").write_text(f"{number} " * 1000)
        say(number)


@pytest.mark.parametrize("death", [Death(OPERATION, 3), Death(BYTE, 1001), Death(LATER, 5)], ids=str)
def test_a_process_dies_where_it_shall(death: Death, tmp_path: Path):
    ended = dying.run(writes_in_place, str(tmp_path), 10**6, death=death)
    assert ended.died
    assert ended.error is None
    if death.how == OPERATION:
        assert ended.said == [-1, 0, 1, 2]
    if death.how == BYTE:
        assert ended.said == [-1]
        assert (tmp_path / "file").stat().st_size == 1001


def test_operations_are_counted(tmp_path: Path):
    assert dying.count_operations(writes_in_place, str(tmp_path), 5) == 5
    assert [dying.spread(turn, 7) for turn in range(7)] == [0, 3, 6, 2, 5, 1, 4]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DataError("a line\nand another"), "several lines"),
        (DataError("damaged", where=Path("/srv/data/x.zip")), None),
        (DataError("/srv/data/x.zip: damaged"), "a visitor reads a path"),
        (DataError("x" * 5000), "5000 characters"),
    ],
)
def test_an_error_nobody_can_read_is_a_failure(error: LCRecError, said: str | None):
    found = unclear(error, Path("/srv/data"))
    assert (found is None) if said is None else said in str(found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: replace_ratings(data, 1.0), "where the file has"),
        (lambda data: (_ for _ in ()).throw(KeyError("rating")), "KeyError"),
    ],
)
def test_a_reader_that_is_wrong_is_a_failure(change: Any, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    read = damaged_zips.movielens.read
    monkeypatch.setattr(damaged_zips.movielens, "read", lambda path: change(read(path)))
    zipped = damaged_zips.write_zip(tmp_path / "ml-1m.zip", FORMS[0].files, "ml-1m")
    try:
        found = damaged_zips._read(Damage(FORMS[0], "nothing", lambda *_: zipped), zipped, tmp_path)
    except Exception as error:
        found = sandbox.one_line(error)
    assert said in str(found)


def replace_ratings(data: Dataset, value: float) -> Dataset:
    return Dataset(data.name, data.users, data.movies, data.ratings.assign(rating=value), data.scale)


def test_the_same_try_is_the_same_damage(tmp_path: Path):
    contents = []
    for again in ("one", "two"):
        (tmp_path / again).mkdir()
        damage = damaged_zips._damage(5)
        contents.append(damage.make(tmp_path / again, damaged_zips.np.random.default_rng([3, 5])))
    one, two = (path.read_bytes() if path.is_file() else sorted(path.iterdir()) for path in contents)
    assert one == two


def test_a_replay_knows_what_undo_and_clear_do():
    done = [
        Write("create", 0, ("Ada",)),
        Write("rate", 0, (1, 4.0, 10)),
        Write("rate", 0, (2, 3.0, 10)),
        Write("rate", 0, (1, 5.0, 11)),
        Write("rate", 0, (1, 5.0, 11)),
        Write("clear", 0, (2,)),
        Write("undo", 0),
        Write("undo", 0),
    ]
    assert replay(done) == {0: ("Ada", ((1, 4.0, 10), (2, 3.0, 10)))}
    assert replay([*done, Write("undo", 0)]) == {0: ("Ada", ((1, 4.0, 10),))}
    assert replay([*done, Write("delete", 0)]) == {0: None}


@pytest.mark.parametrize(
    "alive",
    [
        "[x](http://y.z)",
        "![](x)",
        "http://x.y",
        "see www.x.y",
        "a@b.c",
        "<b>",
        ":smile:",
        "$x$",
        ":red[x]",
        "- x",
        "# x",
    ],
)
def test_what_becomes_more_than_text_is_seen(alive: str):
    assert words_of(alive)[1]


def test_what_is_escaped_is_text():
    seen, alive = words_of(r"\[x\]\(y\) M\*A\*S\*H 10:30 \$5 \<b\> \:red\[x\]")
    assert (seen, alive) == ("[x](y) M*A*S*H 10:30 $5 <b> :red[x]", [])


def test_a_failure_says_how_to_try_it_again(tmp_path: Path):
    kind = Kind("some", "some", lambda indices, seed, folder: {2: "lost"}, short=1, long=2)
    assert kind.run(3, 7, tmp_path).failures == ("`python -m tests.faults some --seed 7 --only 2`: lost",)
