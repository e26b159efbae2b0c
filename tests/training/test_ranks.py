"""A fit shared by the processes of torchrun: the same figures as of one process, also after one is killed."""

import os
import signal
from datetime import timedelta

import numpy as np
import pytest
import torch
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from lcrec_core.data.encode import encode
from lcrec_core.data.split import Protocol, make_split
from lcrec_core.errors import TrainingError
from lcrec_core.models import bundles, ranks, registry
from lcrec_core.models.paper import fit as paper_fit
from lcrec_core.models.paper.batches import make_batch, plan_pass, share_of
from lcrec_core.models.paper.network import PaperNetwork
from lcrec_core.models.settings import configured
from lcrec_core.training.run import TrainRequest, assist, train
from tests.made_up import made_up

DATA = made_up(people=30, films=80, ratings_each=40)
SMALL = {"embedding_size": 4, "filters": 2, "feature_size": 8, "state_size": 6, "keep_probability": 1.0}
PAPER = configured(registry.family("paper").default_config(), **SMALL, epochs=2, learning_rate=0.01, batch_size=128)
PICK = configured(
    registry.family("pick").default_config(),
    **{"embedding_size": 4, "state_size": 6, "epochs": 2, "dropout": 0.0, "events_per_step": 100},
)
CONFIGS = {"paper": PAPER, "pick": PICK}
"""Without dropout, which each process draws for itself, two differ from one by rounding alone."""


def fit_both() -> None:
    """What each process of torchrun does here: the second one dies, after the first checkpoint, the first time."""
    learn, learnt = paper_fit._Fitting._learn, []

    def learn_or_die(fitting, *step):
        learnt.append(step)
        if len(learnt) == 12 and fitting.ranks.rank == 1 and not ranks.begun_anew():
            os.kill(os.getpid(), signal.SIGKILL)
        learn(fitting, *step)

    paper_fit._Fitting._learn = learn_or_die
    with ranks.joined() as team:
        for name, config in CONFIGS.items():
            (train if team.leads else assist)(TrainRequest(DATA, registry.family(name), config))


@pytest.fixture
def own_signals():
    """torchrun's agent runs in this process and takes its signals over."""
    before = {
        number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_two_processes_give_the_weights_of_one_though_one_is_killed(tmp_path, monkeypatch, own_signals):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path / "artifacts"))
    # In a sandbox two processes may miss each other; that they are started anew need not take a minute each time.
    monkeypatch.setattr(ranks, "MEETING", timedelta(seconds=2))
    # What `torchrun --standalone --nproc-per-node 2 --max-restarts 20` makes of its arguments, but that the processes
    # are forked: that spares them the seconds of importing torch.
    launch = LaunchConfig(
        **{"min_nodes": 1, "max_nodes": 1, "nproc_per_node": 2, "max_restarts": 20, "monitor_interval": 0.1},
        **{"rdzv_backend": "c10d", "rdzv_endpoint": "localhost:0", "run_id": tmp_path.name, "start_method": "fork"},
    )
    elastic_launch(launch, fit_both)()
    assert not list((tmp_path / "artifacts").rglob("*checkpoint*"))
    for name, config in CONFIGS.items():
        shared = bundles.load_bundle(f"made-up/{name}")
        alone = train(TrainRequest(DATA, registry.family(name), config, save=False))
        for tensor, values in alone.weights.items():
            np.testing.assert_allclose(shared.weights[tensor], values, rtol=1e-4, atol=1e-4, err_msg=tensor)
        for mine, theirs in zip(shared.history, alone.history, strict=True):
            for figure in mine.keys() - {"seconds"}:
                assert mine[figure] == pytest.approx(theirs[figure], rel=1e-4)


def test_shares_of_a_step_are_its_people_and_ratings_once_each():
    encoded = encode(DATA, make_split(DATA, Protocol.RANDOM, 0).fitting)
    network = PaperNetwork(PAPER.network, encoded.vocabularies.sizes()).eval()
    plan = plan_pass(encoded.histories, PAPER.batches, 3.0, 50, np.random.default_rng(0))
    tasks = max(plan.steps, key=len)
    batch = make_batch(encoded, plan, tasks, PAPER.batches, 3.0, np.random.default_rng(1))
    shares = [share_of(batch, rank, 2) for rank in range(2)]
    assert [len(share.fields) for share in shares] == [-(-len(tasks) // 2), len(tasks) // 2]
    with torch.inference_mode():
        whole = paper_fit.predict_batch(network, batch)
        for rank, share in enumerate(shares):
            own = batch.target_person % 2 == rank
            torch.testing.assert_close(share.ratings, batch.ratings[own], rtol=0, atol=0)
            torch.testing.assert_close(paper_fit.predict_batch(network, share), whole[own])


def test_a_family_that_cannot_share_a_fit_says_so_before_it_begins(monkeypatch, tmp_path):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))
    monkeypatch.setattr(ranks, "current", lambda: ranks.Ranks(0, 2))
    family = registry.family("lcrec")
    with pytest.raises(TrainingError, match=r"cannot share the training of lcrec; .*--backend dask or ray"):
        train(TrainRequest(DATA, family, family.default_config()))
