import json
import math
import os
import signal

import numpy as np
import pytest

from lcrec_core import artifacts, sources, train
from lcrec_core.batches import BatchConfig
from lcrec_core.errors import TrainingError
from lcrec_core.recommender import Recommender
from tests.made_up import made_up

NETWORK = {"embedding_size": 4, "filters": 2, "feature_size": 8, "state_size": 6}


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path):
    data = made_up(people=30, films=80, ratings_each=40)
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setattr(sources, "load", lambda name: data)
    return data


def request(**changes):
    given = {"epochs": 2, "learning_rate": 0.01, "batches": BatchConfig(batch_size=64)} | changes.pop("train", {})
    changes = {"replace": True} | changes
    return train.TrainRequest("made-up", train=train.TrainConfig(**given), network=NETWORK, **changes)


def same_weights(one, other):
    return all(one.weights[name].tobytes() == other.weights[name].tobytes() for name in one.weights)


def test_the_defaults_are_the_papers_table_vi():
    config = train.TrainConfig()
    assert (config.epochs, config.batches.batch_size, config.learning_rate) == (5, 256, 0.0001)
    assert config.protocol == "random"


def test_the_same_seed_gives_the_same_weights_and_another_does_not():
    one, again, other = train.run(request()), train.run(request()), train.run(request(train={"seed": 1}))
    assert same_weights(one, again)
    assert not same_weights(one, other)


class Stop(Exception):
    pass


def test_a_cooldown_lets_the_learning_rate_fall_to_nought_at_the_end():
    config = train.TrainConfig(epochs=4, learning_rate=0.1, cooldown=0.5)
    assert [config.rate_at(passes) for passes in (0, 2, 3, 4)] == [0.1, 0.1, 0.05, 0.0]
    assert train.TrainConfig().rate_at(4.9) == 0.0001


@pytest.mark.parametrize("stop_at", [1, 3, 6])
def test_a_stopped_run_resumes_to_the_same_weights_and_figures(stop_at):
    whole = train.run(request(name="whole", train={"cooldown": 0.5}))

    def stop(progress):
        if len(progress.history) > stop_at:
            raise Stop

    with pytest.raises(Stop):
        train.run(request(name="stopped", train={"cooldown": 0.5}), stop)
    resumed = train.run(request(name="stopped", resume=True, train={"cooldown": 0.5}))
    assert same_weights(whole, resumed)
    for mine, theirs in zip(whole.history, resumed.history, strict=True):
        assert {k: v for k, v in mine.items() if k != "seconds"} == {k: v for k, v in theirs.items() if k != "seconds"}


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    def stop(progress):
        if len(progress.history) > 2:
            raise Stop

    with pytest.raises(Stop):
        train.run(request(), stop)
    with pytest.raises(TrainingError, match="another train"):
        train.run(request(resume=True, train={"seed": 5}))
    (checkpoint,) = (tmp_path / "artifacts" / "made-up").glob(".checkpoint-paper/*.safetensors")
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    with pytest.raises(TrainingError, match="damaged"):
        train.run(request(resume=True))


def test_there_must_be_something_to_resume():
    with pytest.raises(TrainingError, match="nothing to resume"):
        train.run(request(resume=True))


def test_it_learns():
    history = train.run(request(train={"epochs": 6})).history
    assert history[-1]["train_mse"] < 0.9 * history[0]["train_mse"]


def test_errors_are_drawn_several_times_a_pass_and_fit_each_other():
    bundle = train.run(request())
    assert [row["epoch"] for row in bundle.history][:1] == [0.0]
    assert len(bundle.history) == 1 + 2 * 4
    assert bundle.history[-1]["epoch"] == 2.0
    for row in bundle.history:
        for part in ("train", "test"):
            assert row[f"{part}_mae"] <= math.sqrt(row[f"{part}_mse"])
    assert bundle.metrics["test_rmse"] == math.sqrt(bundle.metrics["test_mse"])
    assert bundle.metrics["test_ratings"] + bundle.metrics["train_ratings"] == 1200
    assert bundle.metrics["parameters"] == sum(weight.size for weight in bundle.weights.values())


def test_validation_leaves_the_test_part_alone_and_saves_nothing():
    bundle = train.run(request(validate=True))
    assert not [name for name in bundle.metrics if name.startswith("test")]
    assert bundle.metrics["valid_ratings"] == 48
    assert artifacts.list_bundles() == []


def test_what_is_saved_predicts_what_was_measured(data):
    train.run(request())
    recommender = Recommender.load("made-up", data)
    again = train.run(request(name="again"))
    np.testing.assert_array_equal(recommender.bundle.movie_features, again.movie_features)


def test_progress_file_tells_how_it_ended(tmp_path):
    path = tmp_path / "progress.json"
    train.run(request(progress_file=path))
    told = json.loads(path.read_text())
    assert (told["state"], told["epoch"], told["step"]) == ("done", 2.0, told["steps"])
    assert len(told["history"]) == 9

    def fail(progress):
        if progress.step and progress.state == "running":
            raise TrainingError("one line\nand another")

    with pytest.raises(TrainingError):
        train.run(request(progress_file=path), fail)
    assert (json.loads(path.read_text())["state"], json.loads(path.read_text())["error"]) == ("failed", "one line")


def test_sigterm_cancels_and_writes_no_bundle(tmp_path):
    path = tmp_path / "progress.json"

    def terminate(progress):
        if progress.step and progress.state == "running":
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(train.Cancelled):
        train.run(request(progress_file=path), terminate)
    assert json.loads(path.read_text())["state"] == "cancelled"
    assert artifacts.list_bundles() == []
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_loss_that_is_no_number_stops_the_run(monkeypatch):
    real = train.predict_batch
    monkeypatch.setattr(train, "predict_batch", lambda network, batch: real(network, batch) * math.nan)
    with pytest.raises(TrainingError, match="smaller --learning-rate"):
        train.run(request())


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"learning_rate": 0.0}, {"seed": -1}, {"evaluations_per_epoch": 0}, {"cooldown": 2}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must"):
        train.TrainConfig(**wrong)
