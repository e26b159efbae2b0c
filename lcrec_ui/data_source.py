"""Choose the data set to look at, download one from GroupLens, or bring a zip along."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from lcrec_core import download, movielens, sources
from lcrec_core.errors import DataError, LCRecError
from lcrec_ui import failures, permissions, session
from lcrec_ui.failures import callback
from lcrec_ui.text import DATA_TITLES, clean, plain

_SWITCH = "data_switch"
_ARRIVED = "data_arrived"
_RECOGNISE = "recognise it"
_GET = "bring in a data set"
LARGEST_DOWNLOAD_MB = 50
"""Larger releases are for the command line: a page is no place to wait for them."""
_BUSY = "Somebody is bringing in a data set right now; try again in a moment."
_one_at_a_time = threading.Lock()


def switch() -> None:
    """Which data set the whole app shows, among those that are here."""
    names = sources.available()
    arrived = st.session_state.pop(_ARRIVED, None)
    if arrived:
        st.success(f"{plain(_title(arrived))} is here, and the app shows it now.", icon=":material/check:")
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
    """Download a release, or bring the zip of one: for whoever runs this server."""
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


def _download() -> None:
    here = sources.available()
    for name in (name for name in download.RELEASES if name in here):
        st.markdown(f":green-badge[:material/check: here] {DATA_TITLES[name]}")
    small = [name for name, release in download.RELEASES.items() if release.size_mb <= LARGEST_DOWNLOAD_MB]
    offered = [name for name in small if name not in here]
    if not offered:
        st.caption("Every release that the app offers for download is here.")
        return
    name = st.selectbox("Release", offered, format_func=_offer, key="download_release")
    if name not in offered:  # a browser can send anything
        return
    with st.container(border=True):
        st.markdown(_as_markdown(download.licence_text(name)))
    accepted = st.checkbox("I have read these terms and accept them", key=f"accept_{name}")
    if st.button("Download", icon=":material/download:", disabled=not accepted, key="download_start") and accepted:
        _fetch(name)
    st.caption("Larger releases: `python -m lcrec_core download ml-25m`, where this server runs.")


def _as_markdown(text: str) -> str:
    """The terms as paragraphs and a list: an item goes on until a blank line ends it."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line if line.startswith("- ") else f"\n{line}\n" for line in lines)


def _offer(name: str) -> str:
    return f"{DATA_TITLES[name]} ({download.RELEASES[name].size_mb:g} MB)"


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
        "Any MovieLens release as GroupLens publishes it. It is read to its end and checked before it is kept, "
        "and stays on this server."
    )
    st.file_uploader("Zip file", type="zip", key="upload_zip")
    choices = [_RECOGNISE, *(name for name in sources.NAMES if name != sources.DEMO)]
    st.selectbox("Which release it is", choices, format_func=lambda name: clean(_title(name)), key="upload_name")
    if st.button("Check and use it", icon=":material/upload_file:", key="upload_start"):
        uploaded = st.session_state["upload_zip"]
        if uploaded is None:
            st.warning("Choose a zip file first.", icon=":material/info:")
            return
        chosen = st.session_state["upload_name"]
        try:
            with st.spinner("Reading it to its end …"):
                name = install_upload(uploaded.name, uploaded.getbuffer(), None if chosen == _RECOGNISE else chosen)
        except LCRecError as error:
            failures.explain(error, "Nothing was changed.")
            return
        _show_new(name)


def install_upload(file_name: str, content: bytes | memoryview, name: str | None) -> str:
    """Check a zip from outside and keep it; a sound data set that is here already is never replaced.

    Args:
        file_name: What the visitor's file is called; only ever compared with the known names.
        content: The bytes of the zip.
        name: Which release it is; recognised when None.

    Returns:
        The data set's name.

    Raises:
        DataError: The zip is not a sound data set, or that data set is here already.
        NotAllowedError: It is not for this visitor to bring data in.
    """
    permissions.demand(_GET)
    stem = Path(file_name).stem
    with _alone(), tempfile.TemporaryDirectory(prefix="lcrec-upload-") as folder:
        path = Path(folder) / f"{stem if stem in sources.NAMES else 'upload'}.zip"
        path.write_bytes(content)
        try:
            found = movielens.read(path, name).name
            if _is_sound(found):
                raise DataError(f"{_title(found)} is here already; choose it above")
            return sources.install(path, name)
        except DataError as error:
            # Where the copy lay for a moment means nothing to anybody.
            where = Path(clean(file_name) or path.name) if error.where else None
            message = error.message.replace(str(path), file_name)
            raise DataError(message, where=where, advice=error.advice.replace(str(path), file_name)) from error


@contextmanager
def _alone() -> Iterator[None]:
    """Two visitors must not write the same file; the second one is told so instead of waiting unseen."""
    if not _one_at_a_time.acquire(blocking=False):
        raise DataError(_BUSY)
    try:
        yield
    finally:
        _one_at_a_time.release()


def _is_sound(name: str) -> bool:
    if name not in sources.available():
        return False
    try:
        sources.load(name)
    except DataError:
        return False
    return True


def _title(name: str) -> str:
    return DATA_TITLES.get(name, name)


def _show_new(name: str) -> None:
    session.set_data(name)
    st.session_state[_ARRIVED] = name
    st.rerun()
