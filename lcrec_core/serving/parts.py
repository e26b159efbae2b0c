"""The models beside the rating model that tell what somebody picks, of one data set: opened when first asked for.

The pick model comes from the data set's bundle `pick`. EASE is a matrix of movies by movies, too large to ship and
fitted in seconds: it is fitted on the rating model's training part once per machine and kept beside the encodings.
Neither has to be there: what cannot be had is None, and the log says why.
"""

import hashlib
import json
import logging
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded, encode_fitting
from lcrec_core.errors import LCRecError
from lcrec_core.files import cache_folder, convenient, seal, unseal, write_whole
from lcrec_core.models import registry
from lcrec_core.models.blend.config import BlendConfig
from lcrec_core.models.blend.family import HABITS
from lcrec_core.models.bundle import Bundle
from lcrec_core.models.bundles import load_bundle
from lcrec_core.models.contract import Model, Silent
from lcrec_core.models.linear.model import LinearModel
from lcrec_core.models.linear.weights import opened

PICK = registry.FOR_YOU.parts["pick"].name
"""Of the family, and of the bundle."""
FITTED_AT_ONCE = 2_000
"""Movies up to which a fit takes no longer than anybody notices."""

_LOG = logging.getLogger("lcrec")
_FOLDER, _KEPT, _KEEP = "habits", ".habits.safetensors", 3
_MADE_BY = "2"
"""Raise it when the same settings would be fitted differently."""


class ListParts:
    """What stands beside a rating model. Shared by all sessions and threads."""

    def __init__(self, bundle: Bundle, data: Dataset, *, patient: bool = True) -> None:
        """Nothing is opened or fitted yet.

        Args:
            bundle: The rating model's: EASE is fitted on its training part.
            data: Its data set.
            patient: Whether whoever asks first waits for a fit that takes seconds. Otherwise it goes on by itself, and
                until it is done there is no such model.
        """
        self._data, self._patient = data, patient
        self._protocol, self._seed = bundle.config["train"]["protocol"], bundle.config["train"]["seed"]
        self._pick: Model | None = None
        self._habits: LinearModel | None = None
        self._pick_lock, self._habits_lock = threading.Lock(), threading.Lock()
        self._pick_opened = self._habits_opened = False
        self._fitting: threading.Thread | None = None

    @property
    def pick(self) -> Model | None:
        """Log-probabilities of being picked next; None where there is no bundle of this data."""
        with self._pick_lock:
            if not self._pick_opened:
                self._pick, self._pick_opened = self._open_pick(), True
        return self._pick

    @property
    def habits(self) -> LinearModel | None:
        """Sums over what somebody liked; None of a catalogue that is too large, or while it is being fitted."""
        with self._habits_lock:
            if not self._habits_opened and self._fitting is None:
                self._open_habits()
        return self._habits

    @property
    def being_fitted(self) -> bool:
        """Whether a model is missing now that will be there in a moment."""
        return self._fitting is not None and not self._habits_opened

    def _open_pick(self) -> Model | None:
        name = f"{self._data.name}/{PICK}"
        try:
            bundle = load_bundle(name)
            if bundle.model != PICK:
                _LOG.warning("%s is a bundle of %s and tells nothing of picks", name, bundle.model)
                return None
            return registry.load(bundle, self._data)
        except LCRecError as error:
            _LOG.info("lists without %s: %s", name, error)
            return None

    def _open_habits(self) -> None:
        """Under the lock."""
        family = registry.FOR_YOU.parts[HABITS]
        try:
            family.check_memory(self._data)
        except LCRecError as error:
            _LOG.info("lists without %s: %s", family.label, error)
            self._habits_opened = True
            return
        config = registry.FOR_YOU.config_of_part(HABITS, BlendConfig())
        path = _place(self._data, self._protocol, self._seed, config)
        encoded = encode_fitting(self._data, self._protocol, self._seed, cache_folder())
        self._habits = _kept(path, config, self._data, encoded)
        if self._habits is not None or self._patient or len(self._data.movies) <= FITTED_AT_ONCE:
            self._habits = self._habits or _fitted(path, config, self._data, encoded)
            self._habits_opened = True
            return
        self._fitting = threading.Thread(
            target=self._fit, args=(path, config, encoded), daemon=True, name="lcrec-habits"
        )
        self._fitting.start()

    def _fit(self, path: Path, config: Any, encoded: Encoded) -> None:
        try:
            self._habits = _fitted(path, config, self._data, encoded)
        except Exception:
            _LOG.exception("EASE could not be fitted: lists without it")
        finally:
            self._habits_opened = True


def _place(data: Dataset, protocol: str, seed: int, config: Any) -> Path:
    """The file of a fit: another for other data, another part of them, or other settings."""
    made_of = [_MADE_BY, asdict(data.fingerprint), asdict(config), protocol, seed, data.times_sha256]
    key = hashlib.sha256(json.dumps(made_of).encode())
    # A folder of its own: what is no encoding does not stay among the encodings.
    return cache_folder() / _FOLDER / f"{data.name}-{key.hexdigest()[:24]}{_KEPT}"


def _fitted(path: Path, config: Any, data: Dataset, encoded: Encoded) -> LinearModel:
    """Fitted now, and kept where that can be done."""
    model = registry.FOR_YOU.parts[HABITS].fit(data, encoded, config, None, Silent())
    assert isinstance(model, LinearModel)
    with convenient("EASE cannot be kept", quiet=True):
        write_whole(path, seal({**model.weights.tensors(), "share": model.share}))
        written = sorted(path.parent.glob(f"*{_KEPT}"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in written[_KEEP:]:
            old.unlink(missing_ok=True)
    return model


def _kept(path: Path, config: Any, data: Dataset, encoded: Encoded) -> LinearModel | None:
    """As it was kept; None where it was not, or is damaged: it is fitted again then."""
    try:
        arrays = unseal(path.read_bytes())
        share = arrays.pop("share")
        weights = opened(arrays, len(data.movies))
    except (OSError, KeyError, ValueError):
        return None
    if (share.dtype, share.shape) != (np.float32, (len(data.movies),)) or not np.isfinite(share).all():
        return None
    return LinearModel(weights, share, config.fade, data, encoded, liked_only=config.liked_only)
