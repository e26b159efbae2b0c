"""Training jobs, with a stand-in for the training command that does what its name says."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lcrec_core.evaluation.bundle_results import table_six
from lcrec_core.models import registry
from lcrec_core.models.bundles import list_bundles
from lcrec_core.sources import datasets
from lcrec_core.training import jobs, resumable
from lcrec_core.training.jobs import Job, JobError, JobRequest, JobState
from tests.made_up import made_up, write_ml1m_zip

# Plays the part of `python -m lcrec_core train`: the bundle's name says how the run goes.
STAND_IN = """
import argparse, json, os, signal, sys, time
parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("--progress-file")
parser.add_argument("--name")
given, _ = parser.parse_known_args()
path, name = given.progress_file, given.name
def say(**what):
    with open(path + ".part", "w") as file:
        json.dump({"bundle": "demo/" + name, "epochs": 4, "epoch": 1.0, "share": 0.25, "history": [], **what}, file)
    os.replace(path + ".part", path)
def stop(*_):
    say(state="cancelled")
    sys.exit(143)
if name == "silent":
    time.sleep(60)
if name == "broken":
    print("12%|#  | 3/25", end="\\r")
    print("no model named broken; choose paper", file=sys.stderr)
    sys.exit(2)
if name == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, stop)
say(state="running")
if name == "unlucky":
    say(state="failed", error="demo: the data set changed while it was read")
    sys.exit(3)
if name == "quick":
    say(state="done", epoch=4.0)
    sys.exit(0)
time.sleep(60)
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN)
    monkeypatch.setattr(jobs, "TRAIN_COMMAND", (sys.executable, str(script)))
    monkeypatch.setattr(datasets, "available", lambda: ["demo"])
    yield tmp_path / "artifacts"
    for job in jobs.list_jobs(tmp_path / "artifacts"):
        if job.state.active:
            os.kill(json.loads((job.path / "job.json").read_text())["pid"], signal.SIGKILL)


def wait_for(root: Path, job: Job, condition: Callable[[Job], bool], seconds: int = 20) -> Job:
    for _ in range(20 * seconds):
        job = jobs.load(job.id, root)
        if condition(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"still {job.state}: {(job.path / 'log.txt').read_text()}")


def begin(root: Path, name: str) -> Job:
    return jobs.start(JobRequest(data="demo", name=name), root)


def start_and_end(root: Path, name: str) -> Job:
    return wait_for(root, begin(root, name), lambda job: not job.state.active)


def test_a_run_is_seen_by_whoever_reads_the_folder_and_ends_done(root: Path):
    job = start_and_end(root, "quick")
    assert job.state is JobState.DONE
    assert job.fraction == 1
    assert job.request == JobRequest(data="demo", name="quick")
    assert [seen.id for seen in jobs.list_jobs(root)] == [job.id]
    assert jobs.running(root) is None


def test_progress_is_the_share_of_the_runs_cost(root: Path):
    job = wait_for(root, begin(root, "slow"), lambda job: job.state is JobState.RUNNING)
    assert job.fraction == 0.25
    assert jobs.running(root) is not None


def test_only_one_run_at_a_time(root: Path):
    first = begin(root, "slow")
    with pytest.raises(JobError, match=r"already going \(demo/slow\)"):
        begin(root, "quick")
    wait_for(root, first, lambda job: job.state is JobState.RUNNING)
    jobs.cancel(first.id, root)
    wait_for(root, first, lambda job: not job.state.active)
    assert start_and_end(root, "quick").state is JobState.DONE


def test_cancel_lets_the_run_say_so_itself(root: Path):
    job = wait_for(root, begin(root, "slow"), lambda job: job.state is JobState.RUNNING)
    assert jobs.cancel(job.id, root).state in (JobState.STOPPING, JobState.CANCELLED)
    assert wait_for(root, job, lambda job: not job.state.active).state is JobState.CANCELLED


def test_cancel_before_the_run_listens_is_still_cancelled(root: Path):
    job = begin(root, "silent")
    assert job.state is JobState.STARTING
    jobs.cancel(job.id, root)
    assert wait_for(root, job, lambda job: not job.state.active).state is JobState.CANCELLED


def test_cancelling_again_after_a_while_kills_a_run_that_does_not_listen(root: Path, monkeypatch: pytest.MonkeyPatch):
    job = wait_for(root, begin(root, "deaf"), lambda job: job.state is JobState.RUNNING)
    assert jobs.cancel(job.id, root).state is JobState.STOPPING
    assert jobs.cancel(job.id, root).state is JobState.STOPPING
    monkeypatch.setattr(jobs, "PATIENCE_SECONDS", 0)
    jobs.cancel(job.id, root)
    assert wait_for(root, job, lambda job: not job.state.active).state is JobState.CANCELLED


def test_cancelling_a_finished_run_changes_nothing(root: Path):
    job = start_and_end(root, "quick")
    assert jobs.cancel(job.id, root).state is JobState.DONE


def test_a_failed_run_shows_its_own_line(root: Path):
    job = start_and_end(root, "unlucky")
    assert (job.state, job.error) == (JobState.FAILED, "demo: the data set changed while it was read")


def test_what_a_run_printed_before_any_progress_is_for_whoever_runs_the_server(root: Path):
    job = start_and_end(root, "broken")
    assert (job.state, job.last_words) == (JobState.FAILED, "no model named broken; choose paper")
    assert job.error == "the training process ended before it had begun; the server's log of the run has the reason"


def test_a_run_whose_process_is_gone_is_failed_whatever_its_progress_says(root: Path):
    job = wait_for(root, begin(root, "slow"), lambda job: job.state is JobState.RUNNING)
    os.kill(json.loads((job.path / "job.json").read_text())["pid"], signal.SIGKILL)
    job = wait_for(root, job, lambda job: not job.state.active)
    assert job.state is JobState.FAILED
    assert "ended before it was done" in (job.error or "")


def test_another_process_with_the_same_pid_is_not_taken_for_the_run(root: Path):
    job = wait_for(root, begin(root, "slow"), lambda job: job.state is JobState.RUNNING)
    path = job.path / "job.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "process": "another boot:1"}))
    assert jobs.load(job.id, root).state is JobState.FAILED
    assert jobs.cancel(job.id, root).state is JobState.FAILED
    path.write_text(json.dumps(record))
    assert jobs.load(job.id, root).state is JobState.RUNNING


def test_a_process_has_a_mark_until_it_ends():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        mark = jobs.process_mark(process.pid)
        assert mark is not None
        assert mark == jobs.process_mark(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert jobs.process_mark(process.pid) is None  # a zombie has ended


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"data": "netflix"}, "unknown data set"),
        ({"model": "oracle"}, "unknown model"),
        ({"name": "../escape"}, "cannot name a bundle"),
        ({"name": ""}, "cannot name a bundle"),
        ({"name": ".jobs"}, "cannot name a bundle"),
        ({"epochs": 0}, "epochs must be between 1 and 100"),
        ({"epochs": True}, "epochs must be"),
        ({"learning_rate": float("nan")}, "learning rate must be"),
        ({"learning_rate": "1"}, "learning rate must be"),
        ({"batch_size": 1}, "batch size must be"),
        ({"keep_probability": 0.0}, "keep probability must be"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_settings_are_checked_here_too(wrong: dict, message: str):
    with pytest.raises(JobError, match=message):
        JobRequest(**{"data": "demo", "name": "paper", **wrong})


def test_a_data_set_that_is_not_here_is_refused(root: Path):
    with pytest.raises(JobError, match=r"ml-1m is not here; get it on the Data page"):
        jobs.start(JobRequest(data="ml-1m", name="paper"), root)


def test_a_bundle_is_never_overwritten(root: Path):
    (root / "demo" / "paper").mkdir(parents=True)
    with pytest.raises(JobError, match="already a bundle demo/paper"):
        begin(root, "paper")
    assert jobs.free_name("demo", 0, model="paper", root=root) == "paper-seed0"
    (root / "demo" / "paper-seed0").mkdir()
    assert jobs.free_name("demo", 0, model="paper", root=root) == "paper-seed0-2"


def test_unreadable_and_foreign_folders_are_passed_over(root: Path):
    job = start_and_end(root, "quick")
    broken = root / ".jobs" / "20200101-000000-000000-abcdef"
    broken.mkdir()
    (broken / "job.json").write_text("{")
    assert [seen.id for seen in jobs.list_jobs(root)] == [job.id]
    for unknown in ("../../etc", "20200101-000000-000000-ffffff", broken.name):
        with pytest.raises(JobError, match="training job"):
            jobs.load(unknown, root)


def test_only_the_latest_finished_jobs_are_kept(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jobs, "KEEP_FINISHED", 1)
    kept = [start_and_end(root, "quick").id for _ in range(3)]
    assert len({*kept} & {job.id for job in jobs.list_jobs(root)}) == 2
    assert jobs.list_jobs(root)[0].id == kept[-1]


def test_no_artifacts_means_no_jobs(tmp_path: Path):
    assert jobs.list_jobs(tmp_path / "nothing") == []


def test_the_real_training_command_understands_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_ml1m_zip(tmp_path / "data" / "own" / "films.zip", made_up())
    monkeypatch.setenv("LCREC_DATA", str(tmp_path / "data"))
    root = tmp_path / "artifacts"
    request = JobRequest("films", "tiny", epochs=1, learning_rate=0.002, batch_size=64, keep_probability=0.9, seed=3)
    job = wait_for(root, jobs.start(request, root), lambda job: not job.state.active, seconds=120)
    assert (job.state, job.error) == (JobState.DONE, None)
    (bundle,) = list_bundles(root)
    assert (bundle.name, bundle.config["train"]["seed"]) == ("films/tiny", 3)
    assert table_six(bundle) == {"epochs": 1, "batch_size": 64, "keep_probability": 0.9, "learning_rate": 0.002}
    assert job.progress["history"] == bundle.history


@pytest.mark.parametrize("model", registry.TRAINABLE)
def test_a_models_defaults_are_settings_that_a_run_can_have(model):
    request = JobRequest("demo", "x", model, **jobs.defaults(model))
    assert ["--model", model] == request.arguments(Path("p"))[2:4]


def test_a_setting_that_is_not_given_is_left_to_the_model():
    arguments = JobRequest("demo", "x", "cnn", epochs=2).arguments(Path("p"))
    assert [option for option in arguments if option.startswith(("--e", "--l", "--b", "--k"))] == ["--epochs=2"]


def leave_a_checkpoint(root: Path, bundle: str) -> None:
    folder = resumable.folder_of(bundle, root)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "checkpoint.safetensors").touch()


def test_a_cancelled_run_that_left_something_goes_on(root: Path):
    first = wait_for(root, begin(root, "slow"), lambda job: job.state is JobState.RUNNING)
    jobs.cancel(first.id, root)
    wait_for(root, first, lambda job: not job.state.active)
    with pytest.raises(JobError, match="left nothing to go on from"):
        jobs.resume(first.id, root)
    assert jobs.can_resume(root) == set()
    leave_a_checkpoint(root, "demo/slow")
    assert jobs.can_resume(root) == {first.id}
    again = jobs.resume(first.id, root)
    assert again.request == first.request
    assert jobs.can_resume(root) == set(), "it goes on now"
    wait_for(root, again, lambda job: job.state is JobState.RUNNING)
    command = Path(f"/proc/{json.loads((again.path / 'job.json').read_text())['pid']}/cmdline").read_bytes()
    assert b"--resume" in command
    jobs.cancel(again.id, root)
    wait_for(root, again, lambda job: not job.state.active)
    assert jobs.can_resume(root) == {again.id}, "only the latest of a bundle"
    (root / "demo/slow").mkdir()
    assert jobs.can_resume(root) == set(), "a bundle took its place"
    with pytest.raises(JobError, match="already a bundle demo/slow"):
        jobs.resume(again.id, root)


def test_a_run_that_is_done_is_not_resumed(root: Path):
    job = start_and_end(root, "quick")
    leave_a_checkpoint(root, "demo/quick")
    with pytest.raises(JobError, match="nothing to go on from"):
        jobs.resume(job.id, root)


@pytest.mark.parametrize("write", [1, 2])
def test_a_run_that_cannot_be_recorded_is_not_left_to_itself(root: Path, monkeypatch: pytest.MonkeyPatch, write: int):
    """The disk is full at the first or the second writing of the record."""
    begun, written, real = [], [], os.replace

    def full(source, target):
        if Path(target).name == "job.json":
            written.append(target)
            if len(written) == write:
                raise OSError(28, "No space left on device", str(target))
        return real(source, target)

    class Spy(subprocess.Popen):
        def __init__(self, *arguments, **more) -> None:
            super().__init__(*arguments, **more)
            begun.append(self)

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(subprocess, "Popen", Spy)
    with pytest.raises(JobError, match=r"cannot be recorded .No space left on device.") as caught:
        begin(root, "slow")
    assert str(root) not in caught.value.for_visitors
    assert len(begun) == write - 1
    assert all(process.poll() is not None for process in begun), "the process works on and nobody sees it"
    assert [path.name for path in (root / ".jobs").iterdir()] == ["lock"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path, root: Path):
    (tmp_path / "artifacts").write_text("a file")
    with pytest.raises(JobError, match="cannot be recorded"):
        begin(root, "slow")


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"[]",
        b"null",
        b'{"state": 1}',
        b'{"state": "running", "epoch": "x"}',
        b'{"state": "running", "epoch": NaN}',
        b'{"state": "running", "history": [1]}',
        b'{"state": "running", "epoch": 1e999}',
    ],
)
def test_a_progress_file_of_nonsense_is_none(root: Path, content: bytes):
    job = start_and_end(root, "quick")
    (job.path / "progress.json").write_bytes(content)
    seen = wait_for(root, job, lambda job: not job.state.active)
    assert (seen.progress, seen.state, seen.fraction) == ({}, JobState.FAILED, 0.0)


@pytest.mark.parametrize("change", [{"pid": "1"}, {"created_at": 10**30}, {"request": []}, {"process": 5}, {"more": 1}])
def test_a_record_of_nonsense_is_no_job(root: Path, change: dict):
    job = start_and_end(root, "quick")
    record = json.loads((job.path / "job.json").read_text())
    (job.path / "job.json").write_text(json.dumps(record | change))
    assert jobs.list_jobs(root) == []
    with pytest.raises(JobError, match="no readable training job"):
        jobs.load(job.id, root)


def test_folders_that_hold_no_job_are_removed_after_a_while(root: Path, monkeypatch: pytest.MonkeyPatch):
    start_and_end(root, "quick")
    broken = root / ".jobs" / "20200101-000000-000000-abcdef"
    broken.mkdir()
    start_and_end(root, "quick")
    assert broken.exists(), "it may be being made now"
    monkeypatch.setattr(jobs, "UNREADABLE_SECONDS", -1)
    start_and_end(root, "quick")
    assert not broken.exists()
    assert len(jobs.list_jobs(root)) == 3
