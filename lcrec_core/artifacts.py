"""Trained bundles on disk: written whole or not at all, verified on every load, no pickle.

A bundle is the folder `artifacts/<data>/<name>/`:

    weights.safetensors         the network
    movie_features.safetensors  M_f of every movie of the catalogue, in the order of `Dataset.movies`
    bundle.json                 model, data, settings, environment, vocabularies' hashes, the data's fingerprint
    metrics.json                what was measured, and on which part
    history.json                the errors along the way
    manifest.json               sha256 of each of the others

It holds no title, no rating and no person of the data set: those are read from the person's own copy,
which must have the bundle's fingerprint.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from lcrec_core.dataset import Fingerprint
from lcrec_core.errors import BundleError

ARTIFACTS_ENV = "LCREC_ARTIFACTS"
FORMAT = 1
"""Version of the folder's layout."""

_JSON_FILES = ("bundle.json", "metrics.json", "history.json")
_TENSOR_FILES = ("weights.safetensors", "movie_features.safetensors")
_MANIFEST = "manifest.json"
_PREFERRED = ("lcrec", "paper")
"""Which model `resolve` takes for a data set with several, best first."""


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
    movie_features: np.ndarray
    """float32 (M, D)."""


def artifacts_root() -> Path:
    """The folder bundles live in: `$LCREC_ARTIFACTS`, or `artifacts/` of the repository."""
    named = os.environ.get(ARTIFACTS_ENV)
    return Path(named) if named else Path(__file__).resolve().parent.parent / "artifacts"


def save_bundle(bundle: LoadedBundle) -> None:
    """Write a bundle's folder at `bundle.path`: beside it first, then moved into place, replacing an older one."""
    described = {
        "format": FORMAT,
        "model": bundle.model,
        "data": bundle.data,
        "config": bundle.config,
        "environment": bundle.environment,
        "fingerprint": asdict(bundle.fingerprint),
        "vocabularies": bundle.vocabularies,
    }
    files = {
        "weights.safetensors": save_tensors(_contiguous(bundle.weights)),
        "movie_features.safetensors": save_tensors({"movie_features": np.ascontiguousarray(bundle.movie_features)}),
        "bundle.json": _to_json(described),
        "metrics.json": _to_json(bundle.metrics),
        "history.json": _to_json(bundle.history),
    }
    files[_MANIFEST] = _to_json({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})
    bundle.path.parent.mkdir(parents=True, exist_ok=True)
    beside = bundle.path.with_name(f".{bundle.path.name}.{uuid4().hex}.new")
    beside.mkdir()
    try:
        for name, content in files.items():
            (beside / name).write_bytes(content)
        _move_into_place(beside, bundle.path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def list_bundles(root: Path | None = None) -> list[Bundle]:
    """Every sound bundle, sorted by name; tensors are not read. See `list_damaged` for the others."""
    return [found for found in _scan(root or artifacts_root()).values() if isinstance(found, Bundle)]


def list_damaged(root: Path | None = None) -> dict[str, str]:
    """Bundles that cannot be used, by name, with the reason in one line."""
    return {name: str(found) for name, found in _scan(root or artifacts_root()).items() if isinstance(found, str)}


def resolve(name: str, root: Path | None = None) -> str:
    """Full name of a bundle: a data set's name stands for its default bundle, `demo` -> `demo/lcrec`.

    Raises:
        BundleError: There is none; the message has the command that makes one.
    """
    root = root or artifacts_root()
    candidates = [name] if "/" in name else [f"{name}/{model}" for model in _PREFERRED]
    for candidate in candidates:
        _check_name(candidate)
        if (root / candidate / _MANIFEST).is_file():
            return candidate
    if "/" not in name:
        for bundle in list_bundles(root):
            if bundle.data == name:
                return bundle.name
    data, _, model = name.partition("/")
    raise BundleError(f"no model in {root.name}/{name}: run `{_train_command(data, model)}`")


def load_bundle(name: str, root: Path | None = None) -> LoadedBundle:
    """Read a bundle whole, every file checked against the manifest.

    Raises:
        BundleError: It is missing, damaged, or of another version.
    """
    root = root or artifacts_root()
    name = resolve(name, root)
    path = root / name
    contents = _verified(path, name, _JSON_FILES + _TENSOR_FILES)
    described = _describe(path, name, contents)
    return LoadedBundle(
        **vars(described),
        weights=load_tensors(contents["weights.safetensors"]),
        movie_features=load_tensors(contents["movie_features.safetensors"])["movie_features"],
    )


def _scan(root: Path) -> dict[str, Bundle | str]:
    """Every bundle folder by name: what it says, or why it cannot be read."""
    found: dict[str, Bundle | str] = {}
    for manifest in sorted(root.glob(f"[!.]*/[!.]*/{_MANIFEST}")):
        name = manifest.parent.relative_to(root).as_posix()
        try:
            found[name] = _describe(manifest.parent, name, _verified(manifest.parent, name, _JSON_FILES))
        except BundleError as error:
            found[name] = str(error)
    return found


def _check_name(name: str) -> None:
    parts = name.split("/")
    if len(parts) != 2 or any(not part or part.startswith(".") for part in parts) or "\\" in name:
        raise BundleError(f"{name!r} is not a bundle's name; write data/model, such as demo/paper")


def _verified(path: Path, name: str, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Contents of the wanted files, each with the hash the manifest gives it."""
    manifest = _parse_json(name, _MANIFEST, _read(path / _MANIFEST, name))
    if not isinstance(manifest, Mapping):
        raise BundleError(f"bundle {name}: {_MANIFEST} is damaged; {_advice(name)}")
    contents = {}
    for file in wanted:
        contents[file] = _read(path / file, name)
        if hashlib.sha256(contents[file]).hexdigest() != manifest.get(file):
            raise BundleError(f"bundle {name}: {file} is damaged (its sha256 is not the manifest's); {_advice(name)}")
    return contents


def _describe(path: Path, name: str, contents: Mapping[str, bytes]) -> Bundle:
    described, metrics, history = (_parse_json(name, file, contents[file]) for file in _JSON_FILES)
    if described.get("format") != FORMAT:
        raise BundleError(
            f"bundle {name}: bundle.json has format {described.get('format')}, this version reads {FORMAT}; "
            f"{_advice(name)}"
        )
    try:
        return Bundle(
            name=name,
            path=path,
            model=described["model"],
            data=described["data"],
            config=described["config"],
            metrics=metrics,
            history=history,
            environment=described["environment"],
            fingerprint=Fingerprint(**described["fingerprint"]),
            vocabularies=described["vocabularies"],
        )
    except (KeyError, TypeError) as error:
        raise BundleError(f"bundle {name}: bundle.json lacks {error}; {_advice(name)}") from error


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"bundle {name}: cannot read {path.name} ({error.strerror}); {_advice(name)}") from error


def _parse_json(name: str, file: str, content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise BundleError(f"bundle {name}: {file} is not JSON ({error}); {_advice(name)}") from error


def _advice(name: str) -> str:
    data, _, model = name.partition("/")
    return f"restore the folder, or train it again: `{_train_command(data, model)}`"


def _train_command(data: str, name: str) -> str:
    """What makes a bundle of that name; the model's own name needs no `--name`, and paper is the default model."""
    command = f"python -m lcrec_core train --data {data}"
    if name in _PREFERRED:
        return command if name == "paper" else f"{command} --model {name}"
    return f"{command} --name {name}" if name else command


def _to_json(value: object) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _contiguous(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def _move_into_place(beside: Path, path: Path) -> None:
    """A folder cannot replace a full one in one step: the old one steps aside first and is removed last."""
    aside = path.with_name(f".{path.name}.{uuid4().hex}.old")
    had_one = path.exists()
    if had_one:
        path.replace(aside)
    try:
        beside.replace(path)
    except OSError:
        if had_one:
            aside.replace(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)
