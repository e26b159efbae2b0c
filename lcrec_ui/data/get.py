"""Choose the data set to look at, download one from GroupLens, or bring a zip along."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from lcrec_core.errors import DataError, LCRecError
from lcrec_core.sources import datasets, download
from lcrec_core.sources.published import DATA_LABELS
from lcrec_core.sources.releases import RELEASES, licence_text
from lcrec_core.training import jobs
from lcrec_ui.frame import failures, permissions, session
from lcrec_ui.frame.failures import callback
from lcrec_ui.frame.text import clean, plain

_SWITCH = "data_switch"
_ARRIVED = "data_arrived"
_REMOVED = "data_removed"
_RECOGNISE = "recognise it"
_OWN = "data of my own, in the form of one"
_GET = "bring in a data set"
LARGEST_DOWNLOAD_MB = 50
"""Larger releases are for the command line: a page is no place to wait for them."""
_BUSY = "Somebody is bringing in a data set right now; try again in a moment."
_OWN_HELP = "Up to 40 small letters, digits, dots, - and _, a letter or digit first. It must not be a release's name."
_one_at_a_time = threading.Lock()


def switch() -> None:
    """Which data set the whole app shows, among those that are here."""
    names = datasets.available()
    arrived = st.session_state.pop(_ARRIVED, None)
    if arrived:
        st.success(f"{plain(_title(arrived))} is here, and the app shows it now.", icon=":material/check:")
    removed = st.session_state.pop(_REMOVED, None)
    if removed:
        st.success(f"{plain(_title(removed))} was removed.", icon=":material/check:")
    st.session_state[_SWITCH] = session.state().data
    st.segmented_control(
        "Data shown in the whole app",
        names,
        format_func=lambda name: plain(_title(name)),
        key=_SWITCH,
        required=True,
        on_change=_switch,
    )
    if len(names) == 1:
        more = " *Get MovieLens*, below, brings in real people's ratings." if permissions.may_manage() else ""
        st.caption(f"Only the demo is here so far.{more}")


@callback
def _switch() -> None:
    session.set_data(st.session_state[_SWITCH])


def get_data() -> None:
    """Download a release, bring the zip of one or of data of one's own, remove one: for whoever runs this server."""
    if not permissions.may_manage():
        st.info(permissions.only_who_runs_it(f"{_GET}, or replace one that is here"), icon=":material/lock:")
        return
    left, right = st.columns(2)
    with left, st.container(border=True):
        st.header("Download", anchor=False)
        _download()
    with right, st.container(border=True):
        st.header("Bring a zip you have", anchor=False)
        _upload()
    removable = [name for name in datasets.available() if name != datasets.DEMO]
    if removable:
        with st.container(border=True):
            st.subheader("Remove", anchor=False)
            _remove(removable)


def _download() -> None:
    here = datasets.available()
    for name in (name for name in RELEASES if name in here):
        st.markdown(f":green-badge[:material/check: here] {DATA_LABELS[name]}")
    small = [name for name, release in RELEASES.items() if release.size_mb <= LARGEST_DOWNLOAD_MB]
    offered = [name for name in small if name not in here]
    if not offered:
        st.caption("Every release that the app offers for download is here.")
        return
    name = st.selectbox("Release", offered, format_func=_offer, key="download_release")
    if name not in offered:  # a browser can send anything
        return
    with st.container(border=True):
        st.markdown(_as_markdown(licence_text(name)))
    accepted = st.checkbox("I have read these terms and accept them", key=f"accept_{name}")
    if st.button("Download", icon=":material/download:", disabled=not accepted, key="download_start") and accepted:
        _fetch(name)
    st.caption("Larger releases: `python -m lcrec_core download ml-25m`, where this server runs.")


def _as_markdown(text: str) -> str:
    """The terms as paragraphs and a list: an item goes on until a blank line ends it."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line if line.startswith("- ") else f"\n{line}\n" for line in lines)


def _offer(name: str) -> str:
    return f"{DATA_LABELS[name]} ({RELEASES[name].size_mb:g} MB)"


def _fetch(name: str) -> None:
    """Download with a bar. Leaving the page stops it, and nothing half-done stays."""
    bar = st.progress(0.0, text="Asking files.grouplens.org …")

    def show(done: int, total: int) -> None:
        share = min(done / total, 1.0) if total else 0.0
        bar.progress(share, text=f"{done / 1e6:.1f} of {total / 1e6:.1f} MB")

    try:
        permissions.demand(_GET)
        with _alone():
            download.download(name, progress=show)
    except LCRecError as error:
        bar.empty()
        failures.explain(error)
        return
    _show_new(name)


def _upload() -> None:
    st.markdown(
        "Any MovieLens release as GroupLens publishes it, or data of your own in the form of one, under their own "
        "name. It is read to its end and checked before it is kept, and stays on this server."
    )
    # Any kind of file: what it is, and what to do, is said better than by a list of endings.
    st.file_uploader("Zip file", key="upload_zip")
    choices = [_RECOGNISE, *(name for name in datasets.NAMES if name != datasets.DEMO), _OWN]
    chosen = st.selectbox("What it is", choices, format_func=lambda name: clean(_title(name)), key="upload_name")
    if chosen == _OWN:
        st.text_input("Its name", key="upload_own", max_chars=40, placeholder="my-films", help=_OWN_HELP)
    st.checkbox("Replace one of that name that is here", key="upload_replace")
    if st.button("Check and use it", icon=":material/upload_file:", key="upload_start"):
        uploaded = st.session_state["upload_zip"]
        if uploaded is None:
            st.warning("Choose a zip file first.", icon=":material/info:")
            return
        name = {_RECOGNISE: None, _OWN: st.session_state.get("upload_own", "").strip()}.get(chosen, chosen)
        if name == "":
            st.warning("Give your data a name first, such as my-films.", icon=":material/info:")
            return
        try:
            with st.spinner("Reading it to its end …"):
                replace = bool(st.session_state["upload_replace"])
                name = install_upload(uploaded.name, uploaded.getbuffer(), name, replace=replace)
        except LCRecError as error:
            failures.explain(error, "Nothing was changed.")
            return
        _show_new(name)


def install_upload(file_name: str, content: bytes | memoryview, name: str | None, *, replace: bool = False) -> str:
    """Check a zip from outside and keep it.

    Args:
        file_name: What the visitor's file is called; only ever compared with the known names.
        content: The bytes of the zip.
        name: Which release it is, or a name of the visitor's own; recognised when None.
        replace: Put it in the place of a sound data set of that name.

    Returns:
        The data set's name.

    Raises:
        DataError: The zip is not a sound data set, or that data set is here already.
        NotAllowedError: It is not for this visitor to bring data in.
    """
    permissions.demand(_GET)
    stem = Path(file_name).stem
    with _alone(), tempfile.TemporaryDirectory(prefix="lcrec-upload-") as folder:
        path = Path(folder) / f"{stem if stem in datasets.NAMES else 'upload'}.zip"
        path.write_bytes(content)
        try:
            return datasets.install(path, name, replace=replace)
        except DataError as error:
            # Where the copy lay for a moment means nothing to anybody.
            where = Path(clean(file_name) or path.name) if error.where else None
            message = error.message.replace(str(path), file_name)
            raise DataError(message, where=where, advice=error.advice.replace(str(path), file_name)) from error


def _remove(names: list[str]) -> None:
    st.markdown("Deletes the file from this server. Models trained on it stay, and wait for it.")
    name = st.selectbox("Data set", names, format_func=lambda name: clean(_title(name)), key="remove_name")
    sure = st.checkbox("Delete its file", key=f"remove_sure_{name}")
    if st.button("Remove", icon=":material/delete:", disabled=not sure, key="remove_start") and sure:
        try:
            remove(name)
        except LCRecError as error:
            failures.explain(error, "Nothing was changed.")
            return
        st.session_state[_REMOVED] = name
        st.rerun()


def remove(name: str) -> None:
    """Delete a data set from this server; whoever looks at it here sees the demo instead.

    Raises:
        DataError: It is not here, or cannot be deleted.
        JobError: A training run on it is going.
        NotAllowedError: It is not for this visitor to remove data.
    """
    permissions.demand("remove a data set")
    jobs.refuse_while_training_on(name)
    with _alone():
        datasets.remove(name)
    if session.state().data == name and name not in datasets.available():
        session.set_data(datasets.DEMO)


@contextmanager
def _alone() -> Iterator[None]:
    """Two visitors must not write the same file; the second one is told so instead of waiting unseen."""
    if not _one_at_a_time.acquire(blocking=False):
        raise DataError(_BUSY)
    try:
        yield
    finally:
        _one_at_a_time.release()


def _title(name: str) -> str:
    return DATA_LABELS.get(name, name)


def _show_new(name: str) -> None:
    session.set_data(name)
    st.session_state[_ARRIVED] = name
    st.rerun()
