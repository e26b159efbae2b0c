"""A training run is killed and taken up again: there is never half a bundle, and the end is that of a quiet run."""

import contextlib
import json
import os
import signal
import time
from functools import cache
from pathlib import Path

import numpy as np

from lcrec_core.errors import TrainingError
from lcrec_core.models.bundle import LoadedBundle
from lcrec_core.models.bundles import list_bundles, list_damaged, load_bundle
from lcrec_core.models.registry import family
from lcrec_core.models.settings import configured
from lcrec_core.training import jobs
from lcrec_core.training.jobs import Job, JobRequest, JobState
from lcrec_core.training.run import TrainRequest, train
from tests.faults.dying import LATER, OPERATION, Death, Say, count_operations, failures, run, spread
from tests.faults.outcome import Kind
from tests.faults.same import same
from tests.faults.sandbox import PATIENCE_SECONDS
from tests.made_up import made_up

DATA = made_up(people=24, films=40, ratings_each=20)
MODELS = ("paper", "lcrec")
NAME = "made-up/mine"
SETTINGS = {
    "paper": {
        **{"embedding_size": 4, "filters": 2, "feature_size": 8, "state_size": 6},
        **{"epochs": 2, "learning_rate": 0.01, "batch_size": 64},
    },
    "lcrec": {
        **{"embedding_size": 4, "filters": 2, "feature_size": 6, "state_size": 5, "hidden_size": 8},
        **{"folds": 2, "epochs": 1, "targets_per_step": 100},
        **{"factors": 2, "iterations": 6, "burn_in": 2, "samples": 2},
    },
}


def request(model: str, folder: Path, *, resume: bool) -> TrainRequest:
    """A run of a second on made-up data."""
    return TrainRequest(
        data=DATA,
        family=family(model),
        config=configured(family(model).default_config(), **SETTINGS[model]),
        name="mine",
        replace=True,
        resume=resume,
        progress_file=folder / "progress.json",
    )


def train_once(say: Say, folder: str, model: str, resume: bool) -> None:
    """Train into a folder of its own."""
    os.environ["LCREC_ARTIFACTS"] = str(Path(folder) / "artifacts")
    say("started")
    asked = request(model, Path(folder), resume=resume)
    try:
        train(asked)
    except TrainingError as error:
        # It was killed before its first checkpoint.
        if not resume or "nothing to resume" not in str(error):
            raise
        train(request(model, Path(folder), resume=False))
    say("done")


def training_killed(seed: int, index: int, place: Path) -> str | None:
    model = MODELS[index % 2]
    operations, whole, milliseconds = _undisturbed(place.parent, model)
    rng = np.random.default_rng([seed, index])
    turn = index // 2
    death = Death(LATER, rng.uniform(0, milliseconds)) if turn % 2 else Death(OPERATION, spread(turn, operations))
    ended = run(train_once, str(place), model, False, death=death)
    if ended.error:
        return f"{model}, {death}: {ended.error}"
    problem = _no_half_bundle(place, whole) or (None if "done" in ended.said else _no_false_word(place))
    if problem:
        return f"{model}, {death}: {problem}"
    again = run(train_once, str(place), model, True)
    if again.error or again.said[-1] != "done":
        return f"{model}, {death}: it cannot be taken up again: {again.error}"
    root = place / "artifacts"
    if not same(learnt(load_bundle(NAME, root)), learnt(whole)):
        return f"{model}, {death}: taken up again it ends otherwise than a quiet run"
    return _no_half_bundle(place, whole)


def learnt(bundle: LoadedBundle) -> tuple:
    """What a run came to, without the seconds it took."""
    history = [{name: value for name, value in row.items() if name != "seconds"} for row in bundle.history]
    weights = tuple((name, bundle.weights[name].tobytes()) for name in sorted(bundle.weights))
    return weights, bundle.movie_features.tobytes(), history


def _no_half_bundle(place: Path, whole: LoadedBundle) -> str | None:
    root = place / "artifacts"
    if list_damaged(root):
        return f"half a bundle: {[str(why) for why in list_damaged(root).values()]}"
    for bundle in list_bundles(root):
        if bundle.name != NAME or not same(learnt(load_bundle(NAME, root)), learnt(whole)):
            return f"another bundle than a quiet run makes: {bundle.name}"
    return None


def _no_false_word(place: Path) -> str | None:
    """Its progress is whole, and does not say that it is done before there is a bundle."""
    with contextlib.suppress(FileNotFoundError):
        said = json.loads((place / "progress.json").read_text())["state"]
        if said == "done" and not list_bundles(place / "artifacts"):
            return "the progress says done, and there is no bundle"
    return None


@cache
def _undisturbed(folder: Path, model: str) -> tuple[int, LoadedBundle, float]:
    """Operations and bundle of a run that nobody kills, and how long it takes."""
    scratch = folder / f"undisturbed-{model}"
    scratch.mkdir()
    started = time.monotonic()
    operations = count_operations(train_once, str(scratch), model, False)
    return operations, load_bundle(NAME, scratch / "artifacts"), (time.monotonic() - started) * 1000


def job_killed(seed: int, index: int, place: Path) -> str | None:
    """A real run, as a page starts it, killed after a while; and the page's view of it."""
    root, model = place / "artifacts", MODELS[index % 2]
    seconds = np.random.default_rng([seed, index]).uniform(0, 8)
    job = jobs.start(JobRequest("demo", "mine", model=model, epochs=1), root)
    until = time.monotonic() + seconds
    while time.monotonic() < until and jobs.load(job.id, root).state.active:
        time.sleep(0.05)
    state = kill_job(job, root).state
    there = [bundle.name for bundle in list_bundles(root)]
    told = f"{model}, killed after {seconds:.1f} s: the job is {state}, bundles {there}"
    if list_damaged(root) or jobs.running(root) is not None:
        return f"{told}, damaged {list_damaged(root)}, running {jobs.running(root)}"
    # It may die between the bundle and its last word; never the other way round.
    if (state, there) not in [(JobState.FAILED, []), (JobState.FAILED, ["demo/mine"]), (JobState.DONE, ["demo/mine"])]:
        return told
    if state is JobState.FAILED and not jobs.load(job.id, root).error:
        return f"{told}, and the page has no reason to show"
    if there:
        load_bundle("demo/mine", root)
    kill_job(jobs.start(JobRequest("demo", "next", model=model, epochs=1), root), root)
    return None


def kill_job(job: Job, root: Path) -> Job:
    """End a job's process, and wait until it is seen to have ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(int(json.loads((job.path / "job.json").read_text())["pid"]), signal.SIGKILL)
    until = time.monotonic() + PATIENCE_SECONDS
    while jobs.load(job.id, root).state.active and time.monotonic() < until:
        time.sleep(0.02)
    return jobs.load(job.id, root)


KINDS = [
    Kind(
        "killed-training",
        "a training run killed and taken up again",
        lambda indices, seed, folder: failures(training_killed, indices, seed, folder),
        short=2,
        long=60,
    ),
    Kind(
        "killed-job",
        "a training run that a page started, killed",
        lambda indices, seed, folder: failures(job_killed, indices, seed, folder),
        short=1,
        long=12,
    ),
]
