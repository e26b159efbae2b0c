"""Chains on a cluster of this machine's processes: the same bits as without, though one is killed midway."""

import os
import signal
import sys
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest

from lcrec_core import cluster
from lcrec_core.data.encode import encode
from lcrec_core.data.split import Protocol, make_split
from lcrec_core.errors import TrainingError
from lcrec_core.models.contract import Silent
from lcrec_core.models.lcrec import fit
from lcrec_core.models.lcrec.model import interactions_of
from lcrec_core.models.lcrec.sampler import Chain
from tests.made_up import made_up
from tests.models.test_lcrec import CONFIG

DATA = made_up(people=24, films=40, ratings_each=20)
INTERACTIONS = interactions_of(DATA, encode(DATA, make_split(DATA, Protocol.RANDOM, 0).fitting))
FOLD_OF = fit.draw_folds(len(INTERACTIONS.ratings), CONFIG)


def sampled(scratch: Path | None, watch: Silent | None = None) -> list[fit.Arrays]:
    return fit.sample_backbones(INTERACTIONS, FOLD_OF, CONFIG, scratch, watch or Silent())


def assert_same(one: list[fit.Arrays], other: list[fit.Arrays]) -> None:
    for mine, theirs in zip(one, other, strict=True):
        assert mine.keys() == theirs.keys()
        for name, array in mine.items():
            np.testing.assert_array_equal(array, theirs[name], err_msg=name)


def die_in_the_third_round(place: Path) -> int:
    """Of a worker: the first that comes to it kills itself with signal 9, and leaves word of it."""
    real, rounds = Chain.round, []

    def round_or_death(chain: Chain) -> None:
        rounds.append(chain)
        if len(rounds) == 3 and not (place / "died").exists():
            (place / "died").write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        real(chain)

    Chain.round = round_or_death  # type: ignore[method-assign]
    return os.getpid()


def test_chains_on_dask_are_those_of_this_process_though_a_worker_is_killed(tmp_path, monkeypatch):
    from distributed import get_client

    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    with cluster.on(cluster.DASK):
        assert cluster.workers(5) == 2
        before = get_client().run(die_in_the_third_round, tmp_path)
        arrays = sampled(tmp_path / "scratch")
    assert int((tmp_path / "died").read_text()) in before.values()
    assert_same(arrays, sampled(None))
    # Nothing but the finished backbones stays.
    assert {path.name.partition("-")[0] for path in (tmp_path / "scratch").iterdir()} == {"backbone"}


@pytest.mark.ray
def test_chains_on_ray_are_those_of_this_process_though_a_worker_is_killed(tmp_path, monkeypatch):
    import ray

    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # which workers do not find by its name
    with cluster.on(cluster.RAY):
        assert cluster.workers(5) == 2
        # The pool's processes are begun by each call, so the killer comes along with the chains.
        monkeypatch.setattr(fit, "_sample_of", partial(_dying, tmp_path, fit._sample_of))
        arrays = sampled(tmp_path / "scratch")
    assert (tmp_path / "died").exists()
    monkeypatch.undo()
    assert_same(arrays, sampled(None))


def _dying(place: Path, sample, *arguments):
    die_in_the_third_round(place)
    return sample(*arguments)


@pytest.mark.parametrize(("engine", "missing"), [(cluster.DASK, "distributed"), (cluster.RAY, "ray")])
def test_an_engine_that_is_not_installed_is_named_with_what_brings_it(monkeypatch, engine, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(TrainingError, match=f"{engine.title()} is not installed.*requirements-cluster.txt"):
        cluster.on(engine).__enter__()


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 0.2)
    with (
        pytest.raises(TrainingError, match=r"Dask scheduler at tcp://127\.0\.0\.1:9 does not answer"),
        cluster.on(cluster.DASK, "tcp://127.0.0.1:9"),
    ):
        pass


def test_a_worker_that_does_not_see_the_runs_folder_says_so(tmp_path):
    shared = cluster.Shared.of({"numbers": np.arange(3), "none": np.zeros((5, 0), np.float32)}, tmp_path)
    assert shared.arrays()["numbers"].tolist() == [0, 1, 2]
    assert shared.arrays()["none"].shape == (5, 0)
    with pytest.raises(TrainingError, match="LCREC_ARTIFACTS"):
        cluster.Shared(tmp_path / "elsewhere").arrays()
