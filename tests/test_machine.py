from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lcrec_core import machine
from lcrec_core.data.split import Protocol
from lcrec_core.errors import TrainingError
from lcrec_core.evaluation import compare
from lcrec_core.models import registry
from lcrec_core.models.lcrec.fit import memory_need
from lcrec_core.models.paper.config import PaperConfig
from lcrec_core.models.paper.family import PaperFamily
from lcrec_core.training.run import TrainRequest, train
from tests.made_up import made_up

LARGE = made_up(people=60_000, films=300, ratings_each=1)


@pytest.fixture(autouse=True)
def sixteen_gigabytes(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "free_bytes", lambda: 16_000_000_000)
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))


def fitted_by(monkeypatch: pytest.MonkeyPatch, row: str, fit: Callable[..., Any]) -> None:
    """Let this train a library's model from now on."""
    monkeypatch.setitem(registry.FAMILIES, row, replace(registry.family(row), train=fit))


def test_what_does_not_fit_is_refused_before_it_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "free_bytes", lambda: 500_000_000)
    told, lcrec = [], registry.family("lcrec")
    request = TrainRequest(LARGE, lcrec, lcrec.default_config())
    with pytest.raises(TrainingError, match=r"60,000 people.* needs about 7.. MB.* 500 MB are free.*paper's") as caught:
        train(request, told.append)
    assert told[-1].error == caught.value.for_visitors
    assert not (tmp_path / ".cache").exists(), "not even encoded"


def test_neighbours_of_too_many_people_are_refused_too(monkeypatch):
    fitted_by(monkeypatch, "user-cf", lambda *_: pytest.fail("fitted"))
    with pytest.raises(TrainingError, match=r"user-cf on made-up needs about 172\.. GB"):
        compare.measure(LARGE, Protocol.RANDOM, "user-cf", 0)


def test_a_row_that_ran_out_of_memory_says_so(monkeypatch):
    def fit(*_):
        raise MemoryError

    fitted_by(monkeypatch, "svd", fit)
    with pytest.raises(TrainingError, match="svd on made-up: there was not enough memory"):
        compare.measure(LARGE, Protocol.RANDOM, "svd", 0)


def test_what_is_known_to_fit_is_not_refused():
    """MovieLens 1M trained in 4 GB, 100K and latest-small in one; of 32M a chain takes three."""
    assert memory_need(6040, 3883, 1_000_209) < 4e9
    assert memory_need(943, 1682, 100_000) < 1e9
    assert memory_need(610, 9742, 100_836) < 1e9
    # Two chains side by side, and twice the ratings twice the memory.
    assert 2 * memory_need(200_948, 87_585, 32_000_204) < 14e9
    assert memory_need(400_000, 170_000, 64_000_000) < 2 * memory_need(200_000, 85_000, 32_000_000)


@dataclass(frozen=True, kw_only=True)
class TooLarge(PaperFamily):
    """A model for which memory runs out on the way."""

    def fit(self, *_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 14408641296 bytes.")


def test_memory_that_ran_out_in_spite_of_that_is_one_line():
    told = []
    with pytest.raises(TrainingError, match="not enough memory"):
        train(TrainRequest(made_up(), TooLarge(name="too-large", label=""), PaperConfig()), told.append)
    assert told[-1].error == machine.RAN_OUT


class TerminatedWorkerError(Exception):
    """As joblib's is called."""


@pytest.mark.parametrize(
    ("error", "memory_s"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: not enough memory"), True),
        (TerminatedWorkerError("A worker process was unexpectedly terminated"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("not enough memory of last summer"), False),
    ],
)
def test_what_says_that_memory_ran_out(error, memory_s):
    assert machine.ran_out(error) is memory_s


@pytest.mark.parametrize(
    ("limit", "used", "stat", "free"),
    [
        ("1000\n", "400\n", "anon 300\ninactive_file 100\n", 700),
        ("max\n", "400\n", "", 5000),
        ("1000\n", "1400\n", "", 0),
        ("9223372036854771712\n", "400\n", "", 5000),
    ],
)
def test_a_containers_limit_counts(monkeypatch, tmp_path: Path, limit, used, stat, free):
    monkeypatch.undo()
    files = [tmp_path / name for name in ("limit", "used", "stat")]
    for path, content in zip(files, (limit, used, stat), strict=True):
        path.write_text(content)
    monkeypatch.setattr(machine, "_CGROUPS", [tuple(map(str, files)), ("none", "none", "none")])
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: type("Memory", (), {"available": 5000})())
    assert machine.free_bytes() == free
