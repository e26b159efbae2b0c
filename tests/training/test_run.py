import itertools
import json
import math
import os
import shutil
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from lcrec_core.data.split import Protocol
from lcrec_core.errors import BundleError, TrainingError
from lcrec_core.evaluation import compare, results
from lcrec_core.files import as_array, seal, unseal
from lcrec_core.models import bundles, registry
from lcrec_core.models.lcrec.config import LCRecConfig
from lcrec_core.models.paper import fit as paper_fit
from lcrec_core.models.paper.config import PaperConfig
from lcrec_core.models.paper.family import PaperFamily
from lcrec_core.models.settings import configured
from lcrec_core.serving.recommender import Recommender
from lcrec_core.training import resumable
from lcrec_core.training.run import Cancelled, TrainRequest, fit, train
from tests.made_up import made_up

DATA = made_up(people=30, films=80, ratings_each=40)
SETTINGS = {
    **{"embedding_size": 4, "filters": 2, "feature_size": 8, "state_size": 6},
    **{"epochs": 2, "learning_rate": 0.01, "batch_size": 64},
}


@pytest.fixture(autouse=True)
def artifacts(monkeypatch, tmp_path):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path / "artifacts"))


def request(settings=None, **changes):
    family = registry.family("paper")
    config = configured(family.default_config(), **(SETTINGS | (settings or {})))
    return TrainRequest(DATA, family, config, **({"replace": True} | changes))


@dataclass(frozen=True, kw_only=True)
class Failing(PaperFamily):
    """A model whose training ends with an error."""

    error: Exception

    def fit(self, *_):
        raise self.error


def same_weights(one, other):
    return all(one.weights[name].tobytes() == other.weights[name].tobytes() for name in one.weights)


def test_the_defaults_are_the_papers_table_vi():
    config = PaperConfig()
    assert (config.epochs, config.batches.batch_size, config.learning_rate) == (5, 256, 0.0001)
    assert request().protocol == "random"


def test_a_config_of_another_model_is_refused():
    with pytest.raises(TrainingError, match="paper takes a PaperConfig, not a LCRecConfig"):
        TrainRequest(DATA, registry.family("paper"), LCRecConfig())
    with pytest.raises(TrainingError, match="lcrec takes a LCRecConfig, not a PaperConfig"):
        TrainRequest(DATA, registry.family("lcrec"), PaperConfig())


def test_what_is_there_to_compare_with_is_not_trained_into_a_bundle():
    family = registry.family("svd")
    with pytest.raises(TrainingError, match="svd is there to compare with: no bundle is made of it"):
        TrainRequest(DATA, family, family.default_config())


def test_the_same_seed_gives_the_same_weights_and_another_does_not():
    one, again, other = train(request()), train(request()), train(request({"seed": 1}))
    assert same_weights(one, again)
    assert not same_weights(one, other)


class Stop(Exception):
    pass


def test_a_cooldown_lets_the_learning_rate_fall_to_nought_at_the_end():
    config = PaperConfig(epochs=4, learning_rate=0.1, cooldown=0.5)
    assert [config.rate_at(passes) for passes in (0, 2, 3, 4)] == [0.1, 0.1, 0.05, 0.0]
    assert PaperConfig().rate_at(4.9) == 0.0001


@pytest.mark.parametrize("stop_at", [1, 3, 6])
def test_a_stopped_run_resumes_to_the_same_weights_and_figures(stop_at):
    whole = train(request({"cooldown": 0.5}, name="whole"))

    def stop(progress):
        if len(progress.history) > stop_at:
            raise Stop

    with pytest.raises(Stop):
        train(request({"cooldown": 0.5}, name="stopped"), stop)
    resumed = train(request({"cooldown": 0.5}, name="stopped", resume=True))
    assert same_weights(whole, resumed)
    for mine, theirs in zip(whole.history, resumed.history, strict=True):
        assert {k: v for k, v in mine.items() if k != "seconds"} == {k: v for k, v in theirs.items() if k != "seconds"}


def test_a_long_way_between_two_points_of_the_curve_is_not_lost(monkeypatch):
    monkeypatch.setattr(paper_fit, "KEPT_EVERY", -1.0)
    whole = train(request({"evaluations_per_epoch": 1}, name="whole"))
    real, steps = paper_fit._Fitting._learn, []

    def stop_in_the_fourth(fitting, batch, epoch, step):
        steps.append((epoch, step))
        if len(steps) == 4:
            raise Stop
        real(fitting, batch, epoch, step)

    monkeypatch.setattr(paper_fit._Fitting, "_learn", stop_in_the_fourth)
    with pytest.raises(Stop):
        train(request({"evaluations_per_epoch": 1}, name="stopped"))
    assert same_weights(whole, train(request({"evaluations_per_epoch": 1}, name="stopped", resume=True)))
    assert steps[3:5] == [(0, 3), (0, 3)]


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    def stop(progress):
        if len(progress.history) > 2:
            raise Stop

    with pytest.raises(Stop):
        train(request(), stop)
    with pytest.raises(TrainingError, match="another train"):
        train(request({"seed": 5}, resume=True))
    with pytest.raises(TrainingError, match="another training part"):
        train(request(resume=True, protocol=Protocol.GLOBAL_TIME))
    (checkpoint,) = (tmp_path / "artifacts" / "made-up").glob(".checkpoint-paper/test/*.safetensors")
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    with pytest.raises(TrainingError, match="damaged"):
        train(request(resume=True))


def test_there_must_be_something_to_resume():
    with pytest.raises(TrainingError, match="nothing to resume"):
        train(request(resume=True))


def test_it_learns():
    history = train(request({"epochs": 6})).history
    assert history[-1]["train_mse"] < 0.9 * history[0]["train_mse"]


def test_errors_are_drawn_several_times_a_pass_and_fit_each_other():
    bundle = train(request())
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
    bundle = train(request(validate=True))
    assert not [name for name in bundle.metrics if name.startswith("test")]
    assert bundle.metrics["valid_ratings"] == 48
    assert bundles.list_bundles() == []


def test_what_is_saved_predicts_what_was_measured():
    train(request())
    recommender = Recommender.load("made-up", DATA)
    again = train(request(name="again"))
    np.testing.assert_array_equal(recommender.bundle.movie_features, again.movie_features)


def test_progress_file_tells_how_it_ended(tmp_path):
    path = tmp_path / "progress.json"
    train(request(progress_file=path))
    told = json.loads(path.read_text())
    assert (told["state"], told["epoch"], told["step"]) == ("done", 2.0, told["steps"])
    assert len(told["history"]) == 9

    def fail(progress):
        if progress.step and progress.state == "running":
            raise TrainingError("one line\nand another")

    with pytest.raises(TrainingError):
        train(request(progress_file=path), fail)
    assert (json.loads(path.read_text())["state"], json.loads(path.read_text())["error"]) == ("failed", "one line")


def test_sigterm_cancels_and_writes_no_bundle(tmp_path):
    path = tmp_path / "progress.json"

    def terminate(progress):
        if progress.step and progress.state == "running":
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Cancelled):
        train(request(progress_file=path), terminate)
    assert json.loads(path.read_text())["state"] == "cancelled"
    assert bundles.list_bundles() == []
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_loss_that_is_no_number_stops_the_run(monkeypatch):
    real = paper_fit.predict_batch
    monkeypatch.setattr(paper_fit, "predict_batch", lambda network, batch: real(network, batch) * math.nan)
    with pytest.raises(TrainingError, match="smaller --learning-rate"):
        train(request())


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"learning_rate": 0.0}, {"seed": -1}, {"evaluations_per_epoch": 0}, {"cooldown": 2}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must"):
        PaperConfig(**wrong)


def stop_after(rows):
    def stop(progress):
        if len(progress.history) > rows:
            raise Stop

    return stop


def test_what_is_kept_of_a_stopped_run_goes_when_it_is_done_or_begun_afresh(tmp_path):
    folder = tmp_path / "artifacts/made-up"
    with pytest.raises(Stop):
        train(request(), stop_after(2))
    assert [kept.bundle for kept in resumable.list_kept()] == ["made-up/paper"]
    assert resumable.is_kept("made-up/paper")
    left = next(resumable.folder_of("made-up/paper").iterdir()).stat().st_mtime_ns
    with pytest.raises(Stop):
        train(request(), stop_after(0))
    assert not resumable.is_kept("made-up/paper"), "a run from the start does not go on from an earlier one's"
    with pytest.raises(Stop):
        train(request(), stop_after(2))
    assert next(resumable.folder_of("made-up/paper").iterdir()).stat().st_mtime_ns != left
    train(request(resume=True))
    assert sorted(os.listdir(folder)) == ["paper"]
    assert resumable.list_kept() == []


def stop_at_step(number, monkeypatch):
    """Stop whatever trains the paper's network at its step of that number, from 1."""
    real, steps = paper_fit.predict_batch, itertools.count(1)

    def predict_batch(network, batch):
        if next(steps) == number:
            raise Stop
        return real(network, batch)

    monkeypatch.setattr(paper_fit, "predict_batch", predict_batch)


def test_a_fit_without_a_bundle_goes_on_from_where_it_was_stopped(tmp_path, monkeypatch):
    asked, rows = request(), np.arange(0, len(DATA.ratings), 2)
    whole, _ = fit(DATA, rows, asked.family, asked.config)
    stop_at_step(10, monkeypatch)
    with pytest.raises(Stop):
        fit(DATA, rows, asked.family, asked.config, tmp_path)
    with pytest.raises(TrainingError, match="another training part"):
        fit(DATA, rows + 1, asked.family, asked.config, tmp_path)
    resumed, _ = fit(DATA, rows, asked.family, asked.config, tmp_path)
    for name, weight in whole.tensors().items():
        np.testing.assert_array_equal(resumed.tensors()[name], weight)


def test_a_comparison_that_was_stopped_leaves_nothing_in_the_way_of_another(monkeypatch):
    (undisturbed,) = compare.measure(DATA, Protocol.GLOBAL_TIME, "paper", 0)
    shutil.rmtree(results.results_folder(DATA.name, Protocol.GLOBAL_TIME))
    stop_at_step(10, monkeypatch)
    with pytest.raises(Stop):
        compare.measure(DATA, Protocol.RANDOM, "paper", 0)
    (other,) = compare.measure(DATA, Protocol.GLOBAL_TIME, "paper", 0)
    assert other.mse == undisturbed.mse
    compare.measure(DATA, Protocol.RANDOM, "paper", 0)
    assert resumable.list_kept() == []


def test_what_lcrec_keeps_goes_when_it_is_done(tmp_path):
    few = {"folds": 2, "epochs": 1, "targets_per_step": 100, "factors": 2, "iterations": 6, "burn_in": 2, "samples": 2}
    ours = TrainRequest(DATA, registry.family("lcrec"), configured(LCRecConfig(), **few))

    def stop(progress):
        if progress.step:
            raise Stop

    with pytest.raises(Stop):
        train(ours, stop)
    assert resumable.is_kept("made-up/lcrec")
    train(ours)
    assert sorted(os.listdir(tmp_path / "artifacts/made-up")) == ["lcrec"]


def test_what_nobody_came_back_to_goes_after_a_month():
    for name in ("old", "new"):
        with pytest.raises(Stop):
            train(request(name=name), stop_after(2))
    for path in (resumable.folder_of("made-up/old"), *resumable.folder_of("made-up/old").iterdir()):
        os.utime(path, (time.time() - 31 * 86_400,) * 2)
    train(request())
    assert [kept.bundle for kept in resumable.list_kept()] == ["made-up/new"]


def test_a_bundle_that_is_there_is_not_trained_over():
    train(request())
    told = []
    with pytest.raises(BundleError, match=r"already a bundle made-up/paper.*--replace"):
        train(request(replace=False), told.append)
    assert (len(told), told[-1].state, told[-1].step) == (2, "failed", 0)
    assert "--" not in told[-1].error
    train(request(replace=False, validate=True))


def test_a_bundle_that_appears_during_a_run_is_left_alone_and_the_run_is_not_lost(tmp_path):
    place = tmp_path / "artifacts/made-up/paper"

    def appear(progress):
        if progress.step == progress.steps and progress.steps and not place.exists():
            place.mkdir()
            (place / "mine").touch()

    with pytest.raises(BundleError, match=r"already a bundle made-up/paper.*--resume"):
        train(request(replace=False), appear)
    assert os.listdir(place) == ["mine"]
    resumed = train(request(resume=True))
    assert same_weights(resumed, train(request(name="whole")))


def test_what_is_convenient_does_not_stop_a_run(tmp_path, monkeypatch, caplog):
    """Neither the cache, nor a checkpoint, nor the progress can be written; the bundle can."""
    real = os.replace

    def full(source, target):
        if Path(target).suffix in (".safetensors", ".json"):
            raise OSError(28, "No space left on device", str(target))
        return real(source, target)

    monkeypatch.setattr(os, "replace", full)
    train(request(progress_file=tmp_path / "progress.json"))
    assert [bundle.name for bundle in bundles.list_bundles()] == ["made-up/paper"]
    assert not (tmp_path / "progress.json").exists()
    assert not list((tmp_path / "artifacts").rglob("*.new"))
    assert caplog.text.count("progress cannot be written") == 1
    assert "no checkpoint can be written" in caplog.text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device", "/srv/secret/x"), "a file could not be read or written: No space left"),
        (KeyError("/srv/secret"), "something unexpected went wrong (KeyError)"),
        (TrainingError("it diverged", where=Path("/srv/secret/x"), advice="run it again"), "x: it diverged"),
    ],
)
def test_why_a_run_failed_is_told_without_paths_or_commands(error, said):
    told = []
    with pytest.raises(type(error)):
        train(replace(request(), family=Failing(name="failing", label="", error=error)), told.append)
    assert told[-1].error.startswith(said)
    assert "secret" not in told[-1].error
    assert "again" not in told[-1].error


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_flipped_bit_of_a_checkpoint_is_noticed(share):
    with pytest.raises(Stop):
        train(request(), stop_after(2))
    (kept,) = resumable.folder_of("made-up/paper").iterdir()
    content = bytearray(kept.read_bytes())
    content[int(share * len(content))] ^= 4
    kept.write_bytes(content)
    with pytest.raises(TrainingError, match=r"checkpoint is damaged.*without --resume"):
        train(request(resume=True))


def test_a_checkpoint_of_a_wrong_form_is_one_error():
    with pytest.raises(Stop):
        train(request(), stop_after(2))
    (kept,) = resumable.folder_of("made-up/paper").iterdir()
    arrays = unseal(kept.read_bytes())
    for wrong in ({"state": None}, {"state": as_array("[1]")}, {"network.rating_out.weight": np.zeros(3)}):
        changed = {name: array for name, array in (arrays | wrong).items() if array is not None}
        kept.write_bytes(seal(changed))
        with pytest.raises(TrainingError, match="checkpoint is damaged"):
            train(request(resume=True))
