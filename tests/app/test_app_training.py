"""The Training page: curves of what there is, and a run started, watched, cancelled and found again."""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lcrec_core.evaluation import paper_facts
from lcrec_core.files import REPOSITORY
from lcrec_core.training import jobs, resumable
from lcrec_core.training.jobs import Job
from tests.bundles import write_bundle
from tests.html_tables import tables
from tests.training.test_jobs import STAND_IN
from tests.visiting import open_page, run, visited_before, words

PAGE = "5_training.py"


@pytest.fixture(autouse=True)
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    visited_before(monkeypatch)
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN)
    root = tmp_path / "artifacts"
    monkeypatch.setattr(jobs, "TRAIN_COMMAND", (sys.executable, str(script)))
    monkeypatch.setenv("LCREC_ARTIFACTS", str(root))
    yield root
    going = jobs.running(root)
    if going is not None:
        os.kill(json.loads((going.path / "job.json").read_text())["pid"], signal.SIGKILL)


def of_the_paper(app: AppTest) -> AppTest:
    app.radio(key="train_model").set_value("paper")
    return run(app)


def start(app: AppTest, name: str) -> AppTest:
    app.text_input(key="train_name").set_value(name)
    return submit(app)


def submit(app: AppTest) -> AppTest:
    app.form_submit_button[0].click()
    return run(app)


def wait_until(condition: Callable[[Job], bool]) -> None:
    for _ in range(400):
        if condition(jobs.list_jobs()[0]):
            return
        time.sleep(0.05)
    raise AssertionError(f"still {jobs.list_jobs()[0].state}")


def test_without_any_bundle_the_page_says_how_to_get_one():
    app = open_page(PAGE)
    assert "No model has been trained here yet" in words(app)
    assert not app.get("plotly_chart")


def test_curves_settings_and_cost_of_every_bundle_chosen(artifacts: Path):
    write_bundle(artifacts, "demo/paper", mse=0.8)
    write_bundle(artifacts, "demo/long", mse=0.7, epochs=9, seed=3)
    app = open_page(PAGE)
    mse, mae = (chart.proto.alt for chart in app.get("plotly_chart"))
    assert "demo/long ends at" in mse
    assert mae.startswith("MAE")
    runs, settings = tables(app)
    found = runs.set_index("Bundle").loc["demo/long", ["MSE", "Seed", "Parameters"]]
    assert found.tolist() == ["0.7000", "3", "54,321"]
    assert settings.set_index("Setting (Table VI)").loc["Epochs"].tolist() == ["5", "9", "5"]
    assert settings.set_index("Setting (Table VI)").loc["Learning rate"].tolist() == ["0.0001"] * 3
    assert "simulated people" in words(app)


def test_a_model_that_only_ranks_has_no_error_and_the_page_says_so(artifacts: Path):
    shutil.copytree(REPOSITORY / "artifacts" / "demo" / "pick", artifacts / "demo" / "pick")
    app = open_page(PAGE)
    assert "Without a curve: demo/pick." in words(app)
    assert not app.get("plotly_chart")
    runs, settings = tables(app)
    assert runs.loc[0, ["MSE", "MAE", "Measured on"]].tolist() == ["", "", ""]
    assert settings.set_index("Setting (Table VI)").loc["Epochs", "demo/pick"] == "3"
    write_bundle(artifacts, "demo/paper")
    both = open_page(PAGE)
    assert len(both.get("plotly_chart")) == 2
    assert "demo/pick ends" not in both.get("plotly_chart")[0].proto.alt


def test_bundles_of_the_data_looked_at_are_shown_first_and_others_can_be_added(artifacts: Path):
    write_bundle(artifacts, "demo/paper")
    write_bundle(artifacts, "ml-1m/paper")
    app = open_page(PAGE)
    choice = app.multiselect(key="training_bundles_demo")
    assert choice.value == ["demo/paper"]
    choice.select("ml-1m/paper")
    run(app)
    assert len(tables(app)[0]) == 2


def test_a_damaged_bundle_is_named_with_the_reason(artifacts: Path):
    write_bundle(artifacts, "demo/paper")
    (artifacts / "demo/paper/metrics.json").write_text("{}")
    assert any("demo/paper cannot be used" in warning.value for warning in open_page(PAGE).warning)


def test_a_run_is_started_with_the_papers_settings_and_seen_by_everybody():
    app = start(of_the_paper(open_page(PAGE)), "slow")
    request = jobs.list_jobs()[0].request
    assert {name: getattr(request, name) for name in paper_facts.SETTINGS} == paper_facts.SETTINGS
    wait_until(lambda job: job.fraction > 0)
    for session in (run(app), open_page(PAGE)):
        assert "Training demo/slow" in words(session)
        assert session.get("progress")[0].value == 25
        assert session.form_submit_button[0].disabled


def test_cancel_stops_the_run_and_says_so():
    app = start(open_page(PAGE), "slow")
    wait_until(lambda job: job.fraction > 0)
    run(app).button(key="cancel_training").click()
    seen = words(run(app))
    wait_until(lambda job: not job.state.active)
    seen += words(run(app))
    assert seen.count("Training of demo/slow was cancelled") == 1
    assert "was cancelled" not in words(run(app))


def test_a_run_that_ends_is_announced_and_its_bundle_listed(artifacts: Path):
    write_bundle(artifacts, "demo/paper")
    app = start(open_page(PAGE), "slow")
    wait_until(lambda job: job.fraction > 0)
    going = jobs.list_jobs()[0]
    run(app)
    write_bundle(artifacts, "demo/slow")
    os.kill(json.loads((going.path / "job.json").read_text())["pid"], signal.SIGKILL)
    (going.path / "progress.json").write_text(json.dumps({"state": "done", "epoch": 5, "epochs": 5}))
    run(app)
    assert "Training of demo/slow is done" in words(app)
    assert app.multiselect(key="training_bundles_demo").value == ["demo/paper", "demo/slow"]


def test_a_failed_run_shows_its_one_line():
    app = start(open_page(PAGE), "unlucky")
    wait_until(lambda job: not job.state.active)
    assert "Why it failed: demo: the data set changed while it was read" in words(run(app))


def test_a_name_left_empty_is_chosen(artifacts: Path):
    write_bundle(artifacts, "demo/paper")
    submit(of_the_paper(open_page(PAGE)))
    assert jobs.list_jobs()[0].request.name == "paper-seed0"


def test_our_own_model_is_offered_first_with_its_own_settings():
    submit(open_page(PAGE))
    request = jobs.list_jobs()[0].request
    assert (request.model, request.name) == ("lcrec", "lcrec")
    assert {name: getattr(request, name) for name in jobs.defaults("lcrec")} == jobs.defaults("lcrec")


def test_what_a_run_does_before_its_first_pass_is_said():
    app = start(open_page(PAGE), "slow")
    wait_until(lambda job: job.fraction > 0)
    going = jobs.list_jobs()[0]
    os.kill(json.loads((going.path / "job.json").read_text())["pid"], signal.SIGSTOP)
    said = {"state": "running", "epochs": 3, "seconds": 65.0, "note": "2 of 6 backbones sampled"}
    (going.path / "progress.json").write_text(json.dumps(said))
    assert run(app).get("progress")[0].proto.text == "2 of 6 backbones sampled, 1 min 05 s so far"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("../../escape", "cannot name a bundle"), ("paper", "already a bundle demo/paper")],
)
def test_what_cannot_be_started_is_explained_in_one_line(artifacts: Path, name: str, complaint: str):
    write_bundle(artifacts, "demo/paper")
    app = start(open_page(PAGE), name)
    (error,) = app.error
    assert complaint in error.value
    assert jobs.list_jobs() == []


def positions(app: AppTest) -> dict[str, int]:
    """Where things stand on the page, from the top."""
    found = {}
    for number, element in enumerate(app.main):
        if element.type == "header" and element.value.startswith("Start"):
            found["heading"] = number
        if element.type == "progress" or (element.type == "markdown" and element.value.startswith("**Training ")):
            found.setdefault("run", number)
        if element.type == "button" and element.proto.is_form_submitter:
            found["button"] = number
        if element.type == "header" and element.value.startswith("Runs"):
            found["earlier"] = number
    return found


def test_the_run_stands_right_under_the_form_where_it_was_started():
    app = start(open_page(PAGE), "slow")
    wait_until(lambda job: job.fraction > 0)
    at = positions(run(app))
    assert at["heading"] < at["button"] < at["run"] < at["earlier"]


def test_a_cancelled_run_is_resumed_from_the_page(artifacts: Path):
    app = start(open_page(PAGE), "slow")
    wait_until(lambda job: job.state is jobs.JobState.RUNNING)
    run(app).button(key="cancel_training").click()
    run(app)
    wait_until(lambda job: not job.state.active)
    first = jobs.list_jobs()[0]
    assert not [button for button in run(app).button if button.label == "Resume"], "it left nothing"
    folder = resumable.folder_of("demo/slow", artifacts)
    folder.mkdir(parents=True)
    (folder / "checkpoint.safetensors").touch()
    (resume,) = [button for button in run(app).button if button.label == "Resume"]
    resume.click()
    app = run(app)
    assert not app.error
    again = jobs.list_jobs()[0]
    assert (again.id != first.id, again.request) == (True, first.request)
    assert "Training demo/slow" in words(app)


def test_what_cannot_be_resumed_any_more_is_said_where_the_run_would_stand(artifacts: Path):
    app = start(open_page(PAGE), "unlucky")
    wait_until(lambda job: not job.state.active)
    folder = resumable.folder_of("demo/unlucky", artifacts)
    folder.mkdir(parents=True)
    (folder / "checkpoint.safetensors").touch()
    (resume,) = [button for button in run(app).button if button.label == "Resume"]
    resumable.discard("demo/unlucky", artifacts)
    resume.click()
    (error,) = [shown.value for shown in run(app).error if "nothing to go on from" in shown.value]
    assert "demo/unlucky" in error


def test_a_full_disk_is_said_without_the_servers_paths(artifacts: Path):
    app = open_page(PAGE)
    artifacts.write_text("a file where the folder would be")
    (error,) = start(app, "slow").error
    assert "cannot be recorded" in error.value
    assert str(artifacts) not in error.value


def test_what_a_log_says_and_what_a_damaged_bundle_advises_is_not_for_visitors(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch
):
    write_bundle(artifacts, "demo/paper")
    (artifacts / "demo/paper/metrics.json").write_text("{}")
    app = start(open_page(PAGE), "broken")
    wait_until(lambda job: not job.state.active)
    seen = words(run(app))
    assert "the training process ended before it had begun" in seen
    assert "choose paper" not in seen
    monkeypatch.setenv("LCREC_VISITORS_MAY", "look")
    seen = words(run(app))
    assert "metrics.json is damaged" in seen
    for private in ("python -m", "--replace", str(artifacts)):
        assert private not in seen
