"""Start a training run from a page, watch it, cancel it, and see what became of earlier ones.

The run is a process of its own (`lcrec_core.training.jobs`); everything here reads its files, so any session
shows the same.
"""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import pandas as pd
import streamlit as st

from lcrec_core.errors import BundleError, LCRecError
from lcrec_core.models.bundle import Bundle
from lcrec_core.models.registry import FAMILIES, TRAINABLE
from lcrec_core.sources import datasets
from lcrec_core.sources.published import DATA_LABELS
from lcrec_core.training import jobs
from lcrec_core.training.jobs import Job, JobRequest, JobState
from lcrec_ui.frame import failures, permissions
from lcrec_ui.frame.charts import draw
from lcrec_ui.frame.failures import callback
from lcrec_ui.frame.text import clean, plain, with_commands
from lcrec_ui.training.charts import Curve, training_curves

REFRESH_SECONDS = 1.0
SHOWN_AT_FIRST = 4
"""More curves than this in one chart are for the visitor to ask for."""
_WATCHED, _ENDED = "training_watched", "training_ended"
_START = "start a training run"

_BADGES: dict[JobState, tuple[str, Literal["green", "red", "gray"], str]] = {
    JobState.DONE: ("done", "green", ":material/check:"),
    JobState.FAILED: ("failed", "red", ":material/error:"),
    JobState.CANCELLED: ("cancelled", "gray", ":material/cancel:"),
}


def choose_bundles(bundles: Mapping[str, Bundle], data_name: str) -> list[Bundle]:
    """Which bundles to show; at first those of the data set being looked at, then also what a run just made."""
    _notice_end()
    if not bundles:
        return []
    key = _choice_key(data_name)
    if key not in st.session_state:
        own = [name for name, bundle in bundles.items() if bundle.data == data_name]
        st.session_state[key] = (own or list(bundles))[:SHOWN_AT_FIRST]
    # A bundle may have been removed since it was chosen.
    st.session_state[key] = [name for name in st.session_state[key] if name in bundles]
    names = st.multiselect("Bundles shown", list(bundles), format_func=clean, key=key, persist_state="session")
    return [bundles[name] for name in names if name in bundles]


def _choice_key(data_name: str) -> str:
    return f"training_bundles_{data_name}"


def current_run() -> None:
    """The run that is going now, redrawn every second, or how the one that was watched here ended.

    It stands right under the form's button, where whoever pressed that looks.
    """
    going = jobs.running()
    if going is not None:
        st.session_state[_WATCHED] = going.id
        failures.fragment("training_watch", run_every=REFRESH_SECONDS)(_watch)(going.id)
        return
    ended = st.session_state.pop(_ENDED, None)
    if ended is not None:
        _announce(ended)
    elif _WATCHED in st.session_state:
        st.rerun()  # it ended while this page was drawn, and its bundle is not listed yet


def _notice_end() -> None:
    """Note that the run watched here has ended, and choose its bundle, before the choice is drawn."""
    watched = st.session_state.get(_WATCHED)
    going = jobs.running()
    if watched is None or (going is not None and going.id == watched):
        return
    del st.session_state[_WATCHED]
    with contextlib.suppress(LCRecError):
        job = jobs.load(watched)
        st.session_state[_ENDED] = watched
        chosen = st.session_state.get(_choice_key(job.request.data))
        if job.state is JobState.DONE and chosen is not None and job.request.bundle not in chosen:
            st.session_state[_choice_key(job.request.data)] = [*chosen, job.request.bundle]


def _announce(job_id: str) -> None:
    """Say once how a run ended that this session was watching."""
    try:
        job = jobs.load(job_id)
    except LCRecError:
        return
    bundle = job.request.bundle
    if job.state is JobState.DONE:
        st.success(f"Training of {plain(bundle)} is done; its curves are above.", icon=":material/check:")
    elif job.state is JobState.FAILED:
        st.error(f"Training of {plain(bundle)} failed{_why(job)}", icon=":material/error:")
    else:
        left = "; it can be resumed below" if job.id in jobs.can_resume() else ""
        st.info(f"Training of {plain(bundle)} was cancelled; no bundle was written{left}.", icon=":material/cancel:")


def _why(job: Job) -> str:
    """`: the reason` for whoever runs the server: it may name files and commands. Visitors read that it failed."""
    return f": {plain(job.error)}" if job.error and permissions.may_manage() else "."


def _watch(job_id: str) -> None:
    _draw_run(jobs.load(job_id))


def _draw_run(job: Job) -> None:
    if not job.state.active:
        st.rerun()  # the whole page: its result is a bundle to list
    with st.container(border=True):
        st.markdown(f"**Training {plain(job.request.bundle)}**")
        st.progress(job.fraction, text=_in_words(job))
        history = pd.DataFrame(job.progress.get("history") or [])
        # A model that only ranks has no errors to draw.
        if len(history) > 1 and any(str(column).endswith("_mse") for column in history):
            draw(training_curves([Curve("so far", history)], "mse", paper_band=False), key=f"live_{job.id}")
        if not permissions.may_manage():
            st.caption(permissions.only_who_runs_it("cancel it"))
            return
        st.button(
            "Kill it" if job.overdue else "Cancel",
            key="cancel_training",
            icon=":material/stop_circle:",
            help="The run stops at its next step and writes no bundle.",
            disabled=job.state is JobState.STOPPING and not job.overdue,
            on_click=_cancel,
            args=(job.id,),
        )


def _in_words(job: Job) -> str:
    said = job.progress
    if job.state is JobState.STOPPING:
        return "Stopping \u2026"
    if job.state is JobState.STARTING:
        return f"Starting, and reading {plain(job.request.data)} \u2026"
    if said.get("note") and not said.get("step"):
        parts = [plain(str(said["note"]).capitalize()), f"{duration(said.get('seconds') or 0)} so far"]
        return ", ".join([*parts, *_left(said)])
    parts = [f"pass {said.get('epoch') or 0:.2f} of {said.get('epochs') or job.request.epochs or 1}"]
    if said.get("ratings_per_second"):
        parts.append(f"{said['ratings_per_second']:,.0f} ratings per second")
    return ", ".join([*parts, *_left(said)])


def _left(said: dict[str, Any]) -> list[str]:
    seconds = said.get("eta_seconds")
    return [] if seconds is None else [f"{duration(seconds)} left"]


def duration(seconds: float) -> str:
    """`42 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


@callback
def _cancel(job_id: str) -> None:
    permissions.demand("cancel a training run")
    jobs.cancel(job_id)


@callback
def _resume(job_id: str) -> None:
    permissions.demand("resume a training run")
    jobs.resume(job_id)


def start_form(bundles: Sequence[Bundle], data_name: str) -> None:
    """The form for a new run, with the model's settings filled in, for whoever runs this server.

    Args:
        bundles: What there is already, to say how long a pass takes.
        data_name: The data set to offer first.
    """
    if not permissions.may_manage():
        st.info(permissions.only_who_runs_it(_START), icon=":material/lock:")
        return
    names = datasets.available()
    busy = jobs.running() is not None
    # Outside the form: its other fields follow from it.
    model = st.radio("Model", TRAINABLE, format_func=_label, horizontal=True, key="train_model")
    with st.form("training_form"):
        left, right = st.columns(2)
        left.selectbox(
            "Data",
            names,
            index=names.index(data_name) if data_name in names else 0,
            format_func=lambda name: clean(DATA_LABELS.get(name, name)),
            key="train_data",
        )
        right.text_input(
            "Name of the bundle",
            key="train_name",
            max_chars=40,
            placeholder=f"left empty: {model}-seed0 or the like",
            help="Small letters, digits, dots, - and _. A bundle that exists is never overwritten.",
        )
        _number_fields(model)
        st.form_submit_button(
            "Start training", type="primary", icon=":material/play_arrow:", on_click=_start, disabled=busy
        )
    if busy:
        st.caption("One run at a time: wait for the one that is going, or cancel it.")
    else:
        defaults = FAMILIES[model].settings(data_name)
        st.caption(f"Defaults: {defaults}. {plain(_how_long([b for b in bundles if b.model == model]))}")


def _label(model: str) -> str:
    return FAMILIES[model].label


def _number_fields(model: str) -> None:
    """Settings that the model has, and the seed, within the limits of `JobRequest`; each model keeps its own."""
    defaults = jobs.defaults(model)
    *columns, last = st.columns(len(defaults) + 1)
    for column, (name, default) in zip(columns, defaults.items(), strict=True):
        low, high = jobs.LIMITS[name]
        whole = isinstance(default, int)
        column.number_input(
            name.replace("_", " ").capitalize(),
            int(low) if whole else low,
            int(high) if whole else high,
            default,
            _STEPS.get(name),
            format="%d" if whole else "%g",
            key=f"train_{name}_{model}",
            help=_HELP.get(name),
        )
    last.number_input("Seed", *jobs.SEEDS, 0, key="train_seed", help="Of the split and of every random choice.")


_STEPS = {"batch_size": 16, "keep_probability": 0.05, "learning_rate": 1e-4}
_HELP = {"keep_probability": "Share of the title features that dropout lets through in training."}


def _how_long(bundles: Sequence[Bundle]) -> str:
    known = [f"{b.name} {b.metrics['seconds_per_epoch']:,.1f} s" for b in bundles if b.metrics.get("seconds_per_epoch")]
    return f"One pass took: {', '.join(known[:6])}." if known else ""


@callback
def _start() -> None:
    """Start what the form says. Its limits are checked again by `JobRequest`: a browser can send anything."""
    form = st.session_state
    permissions.demand(_START)
    data, model, seed = str(form["train_data"]), str(form["train_model"]), form["train_seed"]
    name = (form["train_name"] or "").strip()
    name = name or jobs.free_name(data, seed if isinstance(seed, int) else 0, model=model)
    request = JobRequest(
        data=data,
        name=name,
        model=model,
        **{setting: form[f"train_{setting}_{model}"] for setting in jobs.defaults(model)},
        seed=seed,
    )
    jobs.start(request)


def damaged(name: str, error: BundleError) -> None:
    """Say that a bundle cannot be used, and to whoever runs the server what to do about it."""
    said = f"{plain(name)} cannot be used: {failures.sentence(error)}"
    if error.advice and permissions.may_manage():
        said = f"{said}; {with_commands(error.advice)}"
    st.warning(said, icon=":material/warning:")


def earlier_runs() -> None:
    """Runs that have ended, newest first, each with its state, if it failed, why, and if it can go on, a button."""
    known = jobs.list_jobs()
    ended, busy = [job for job in known if not job.state.active], any(job.state.active for job in known)
    going_on = jobs.can_resume()
    if not ended:
        st.caption("No run has been started from this page yet.")
    for job in ended[:10]:
        label, colour, icon = _BADGES[job.state]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(label, color=colour, icon=icon, width="content")
            when = datetime.fromtimestamp(job.created_at, UTC)
            epochs = f"{job.request.epochs} epochs, " if job.request.epochs else ""
            st.markdown(f"**{plain(job.request.bundle)}**, {epochs}{when:%Y-%m-%d %H:%M} UTC")
            if job.id in going_on and permissions.may_manage():
                st.button(
                    "Resume",
                    key=f"resume_{job.id}",
                    icon=":material/resume:",
                    help=f"Go on with {plain(job.request.bundle)} from where it was stopped, with the same settings.",
                    disabled=busy,
                    on_click=_resume,
                    args=(job.id,),
                )
        if job.error and permissions.may_manage():
            st.caption(f"Why it failed: {plain(job.error)}")
