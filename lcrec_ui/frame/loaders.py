"""What is loaded once per server and shared by all sessions, so nobody may change it.

Importing this module is cheap; torch comes in with the first recommender.
"""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from lcrec_core import files
from lcrec_core.data.dataset import Dataset
from lcrec_core.models import bundles, registry
from lcrec_core.sources import datasets
from lcrec_core.store.profiles import ProfileStore, default_url
from lcrec_ui.frame import once

PICK = registry.FOR_YOU.parts["pick"].name
"""Name of the bundle that tells what is picked, which is no rating model's."""
CLICK_SECONDS = 1.2
"""How long a click waits for the profile store: who clicked is told within two seconds if it was not kept."""

T = TypeVar("T")

if TYPE_CHECKING:
    from lcrec_core.serving.recommender import Recommender


@once.a_run
def dataset(name: str) -> Dataset:
    """A data set, read again only when its file changes.

    Raises:
        DataError: It is not there or damaged.
    """
    return _dataset(name, file_stamp(name))


@once.a_run
def recommender(bundle_name: str) -> Recommender:
    """The recommender of a bundle, made anew when the bundle is trained anew.

    Raises:
        BundleError: It is missing, damaged, or not of the data set there is.
    """
    name = resolved(bundle_name)
    data_name = name.partition("/")[0]
    return _recommender(name, _trained(name), _trained(f"{data_name}/{PICK}"), file_stamp(data_name))


@once.a_run
def resolved(name: str) -> str:
    """The full name of a bundle, see `bundles.resolve`.

    Raises:
        BundleError: There is none of that name.
    """
    return bundles.resolve(name)


@once.a_run
def store() -> ProfileStore:
    """The profile store named by the environment."""
    return _store(default_url())


@st.cache_resource(max_entries=3, show_spinner="Opening the data set…")
def _dataset(name: str, stamp: str) -> Dataset:
    return _settled(datasets.load(name))


def _trained(name: str) -> str:
    """Changes when a bundle is trained anew; empty where there is none."""
    manifest = files.artifacts_root() / name / "manifest.json"
    try:
        return f"{manifest} {manifest.stat().st_mtime_ns}"
    except OSError:
        return ""


@st.cache_resource(max_entries=4, show_spinner=False)
def _recommender(name: str, trained: str, pick_trained: str, stamp: str) -> Recommender:
    # oneDNN keeps what it compiled for every length of a history that it has met, 1,024 of them unless told, and those
    # who come have all lengths: some hundred megabytes. It reads this when torch is first imported.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32")
    import torch

    from lcrec_core.serving.parts import ListParts
    from lcrec_core.serving.recommender import Recommender

    # One answer is a few milliseconds of small products: more threads would only wait for each other,
    # and for a training run on the same machine.
    torch.set_num_threads(1)
    loaded = bundles.load_rater(name)
    data = dataset(loaded.data)
    return _settled(Recommender(loaded, data, ListParts(loaded, data, patient=False)))


@st.cache_resource(max_entries=4, show_spinner=False)
def _store(url: str) -> ProfileStore:
    return ProfileStore(url, busy_seconds=CLICK_SECONDS)


def _settled(loaded: T) -> T:
    """Streamlit collects garbage after every run; what stays for good is taken out of its sight first.

    With torch imported a collection takes about 150 ms, more than everything a star click needs.
    """
    gc.collect()
    gc.freeze()
    return loaded


def file_stamp(name: str) -> str:
    """Changes when the data set's file does; empty for the demo."""
    path = datasets.find(name)
    if path is None:
        return ""
    about = path.stat()
    return f"{path} {about.st_size} {about.st_mtime_ns}"
