"""A trained model as it is kept: what it says of itself, and its tensors. `bundles` reads and writes them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lcrec_core.data.dataset import Fingerprint


@dataclass(frozen=True, eq=False)
class Bundle:
    """What a bundle says of itself; cheap to read, no weights."""

    name: str
    """Folder below `artifacts/`, such as `demo/paper`."""
    path: Path
    model: str
    data: str
    config: dict[str, Any]
    """`{"model": settings of the network, "train": settings of the training}`."""
    metrics: dict[str, Any]
    history: list[dict[str, Any]]
    environment: dict[str, Any]
    fingerprint: Fingerprint
    vocabularies: dict[str, str]
    """sha256 of each vocabulary, see `encode.Vocabularies.hashes`."""


@dataclass(frozen=True, eq=False)
class LoadedBundle(Bundle):
    """A bundle with its tensors, every file verified."""

    weights: dict[str, np.ndarray]
    movie_features: np.ndarray | None
    """float32 (M, D); None of a model that has none."""
