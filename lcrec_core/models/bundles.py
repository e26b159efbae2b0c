"""Trained bundles on disk: written whole or not at all, verified on every load, no pickle.

A bundle is the folder `artifacts/<data>/<name>/`:

    weights.safetensors         the network
    movie_features.safetensors  M_f of every movie of the catalogue, in the order of `Dataset.movies`
    bundle.json                 model, data, settings, environment, vocabularies' hashes, the data's fingerprint
    metrics.json                what was measured, and on which part
    history.json                the errors along the way
    manifest.json               sha256 of each of the others

It holds no title, no rating and no person of the data set: those are read from the person's own copy,
which must have the bundle's fingerprint. The manifest shows damage; it proves nothing about who wrote the files, so
what they say is checked too before it is believed: every field here, what the model needs by `registry.load`.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, Required
from uuid import uuid4

import numpy as np
from pydantic import ConfigDict, Field, with_config
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors
from typing_extensions import TypedDict

from lcrec_core.data.dataset import Fingerprint
from lcrec_core.data.split import Protocol
from lcrec_core.errors import BundleError
from lcrec_core.files import NotJSON, artifacts_root, parse
from lcrec_core.models import registry
from lcrec_core.models.bundle import Bundle, LoadedBundle
from lcrec_core.models.settings import from_saved
from lcrec_core.sources import datasets

FORMAT = 1
"""Version of the folder's layout."""

_JSON_FILES = ("bundle.json", "metrics.json", "history.json")
_TENSOR_FILES = ("weights.safetensors", "movie_features.safetensors")
_MANIFEST = "manifest.json"
_PART_OF_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NEW_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_RESERVED = ("comparison",)
"""Folders beside the bundles of a data set that are none, see `results`."""
_ABANDONED = 3600.0
"""Seconds after which a half-written bundle belongs to a process that was killed."""


_OPEN = ConfigDict(strict=True, allow_inf_nan=False, extra="allow")
"""What else a later version may say is passed over."""
_Amount = Annotated[float, Field(ge=0)]
_Count = Annotated[int, Field(ge=0)]


@with_config(_OPEN)
class _Train(TypedDict, total=False):
    seed: Required[_Count]
    protocol: Required[Protocol]
    epochs: Required[Annotated[int, Field(ge=1)]]


@with_config(_OPEN)
class _Config(TypedDict):
    model: dict[str, Any]
    train: _Train


@with_config(_OPEN)
class _Environment(TypedDict, total=False):
    python: str
    torch: str
    numpy: str
    platform: str
    processor: str
    device: str
    cores: int | None
    threads: int | None


@with_config(_OPEN)
class _Metrics(TypedDict, total=False):
    part: Literal["test", "valid"]
    test_mse: _Amount
    test_mae: _Amount
    test_rmse: _Amount
    train_mse: _Amount
    train_mae: _Amount
    test_ratings: _Count
    train_ratings: _Count
    seconds_total: _Amount
    seconds_per_epoch: Required[_Amount]
    seconds_evaluating: _Amount
    parameters: Required[_Count]


@with_config(_OPEN)
class _Described(TypedDict):
    """bundle.json; the settings are then checked by the family that they are of."""

    model: str
    data: Annotated[str, Field(pattern=f"^{_PART_OF_NAME.pattern}$")]
    config: _Config
    environment: _Environment
    fingerprint: Fingerprint
    vocabularies: dict[str, str]


_ERRORS = ("test_mse", "test_mae")
"""In the metrics of every model that predicts ratings, and of no other."""


_KINDS: dict[str, Any] = {
    "bundle.json": _Described,
    "metrics.json": _Metrics,
    "history.json": list[dict[str, float]],
    _MANIFEST: dict[str, str],
}


def is_new_name(name: str) -> bool:
    """Whether a bundle may be given this name inside its data set's folder."""
    return bool(_NEW_NAME.fullmatch(name)) and name not in _RESERVED


NEW_NAME_RULE = "use up to 40 small letters, digits, dots, - and _, a letter or digit first, and not “comparison”"


def is_taken(name: str, root: Path | None = None) -> bool:
    """Whether there is something at a bundle's place, sound or not."""
    return os.path.lexists((root or artifacts_root()) / name)


def save_bundle(bundle: LoadedBundle, *, replace: bool = False) -> None:
    """Write a bundle's folder at `bundle.path`: beside it first, then moved into place.

    Args:
        bundle: What to write.
        replace: Put it in the place of an older one; otherwise what is there is left alone, whenever it appeared.

    Raises:
        BundleError: There is already something at its place.
        OSError: It cannot be written.
    """
    described = {
        "format": FORMAT,
        "model": bundle.model,
        "data": bundle.data,
        "config": bundle.config,
        "environment": bundle.environment,
        "fingerprint": asdict(bundle.fingerprint),
        "vocabularies": bundle.vocabularies,
    }
    features = {} if bundle.movie_features is None else {"movie_features": bundle.movie_features}
    files = {
        "weights.safetensors": save_tensors(_contiguous(bundle.weights)),
        "movie_features.safetensors": save_tensors(_contiguous(features)),
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
        if replace:
            _move_into_place(beside, bundle.path)
        else:
            _move_to_free_place(beside, bundle)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def list_bundles(root: Path | None = None) -> list[Bundle]:
    """Every sound bundle, sorted by name; tensors are not read. See `list_damaged` for the others."""
    return [found for found in _scan(root or artifacts_root()).values() if isinstance(found, Bundle)]


def list_damaged(root: Path | None = None) -> dict[str, BundleError]:
    """Bundles that cannot be used, by name, with the reason."""
    return {name: found for name, found in _scan(root or artifacts_root()).items() if isinstance(found, BundleError)}


def resolve(name: str, root: Path | None = None) -> str:
    """Full name of a bundle: a data set's name stands for its default bundle, `demo` -> `demo/lcrec`.

    The default bundle predicts ratings: one that only ranks is asked for by its own name.

    Raises:
        BundleError: There is none; the message names those that there are, the advice has the command that makes one.
    """
    root = root or artifacts_root()
    _put_back(root)
    candidates = [name] if "/" in name else [f"{name}/{model}" for model in registry.TRAINABLE if _rates(model)]
    for candidate in candidates:
        _check_name(candidate)
        if (root / candidate / _MANIFEST).is_file():
            return candidate
    there = list_bundles(root)
    if "/" not in name:
        for bundle in there:
            if bundle.data == name and _rates(bundle.model):
                return bundle.name
    data, _, model = name.partition("/")
    names = ", ".join(bundle.name for bundle in there)
    known = f"choose one of {names}" if names else "none has been trained yet; the Training page trains one"
    advice = ""
    if data in (*datasets.NAMES, *datasets.available()) and (not model or is_new_name(model)):
        advice = f"or make it: run `{registry.train_command(data, model)}`"
    elif not names:
        advice = f"run `{registry.train_command(datasets.DEMO, '')}`"
    raise BundleError(f"there is no model {name}: {known}", advice=advice)


def list_raters(data_name: str, root: Path | None = None) -> list[Bundle]:
    """Sound bundles of a data set that predict ratings: those that somebody may choose to be served by."""
    return [bundle for bundle in list_bundles(root) if bundle.data == data_name and _rates(bundle.model)]


def load_rater(name: str, root: Path | None = None) -> LoadedBundle:
    """`load_bundle`, of a model that predicts ratings.

    Raises:
        BundleError: As there, or it only ranks.
    """
    bundle = load_bundle(name, root)
    if not _rates(bundle.model):
        others = ", ".join(rater.name for rater in list_raters(bundle.data, root))
        raise BundleError(
            f"bundle {bundle.name} tells what is picked next and predicts no rating",
            advice=f"name one that does: {others}" if others else f"run `{registry.train_command(bundle.data)}`",
        )
    return bundle


def _rates(model: str) -> bool:
    return registry.FAMILIES[model].predicts_ratings


def load_bundle(name: str, root: Path | None = None) -> LoadedBundle:
    """Read a bundle whole, every file checked against the manifest and every number for being one.

    Raises:
        BundleError: It is missing, damaged, or of another version.
    """
    root = root or artifacts_root()
    name = resolve(name, root)
    path = root / name
    contents = _verified(path, name, _JSON_FILES + _TENSOR_FILES)
    described = _describe(path, name, contents)
    weights, features = (_tensors(path, name, file, contents[file]) for file in _TENSOR_FILES)
    movie_features = features.get("movie_features")
    # A model that has no features leaves the file empty; whether its family may is for `load` to say.
    if features and (movie_features is None or movie_features.ndim != 2 or movie_features.dtype != np.float32):
        raise _damaged(path, name, _TENSOR_FILES[1], "is damaged: it holds no table of movie features")
    return LoadedBundle(**vars(described), weights=weights, movie_features=movie_features)


def tidy(root: Path | None = None) -> None:
    """Remove what a process that was killed left of a bundle it was writing; put an older one back that had made way.

    Raises:
        OSError: The folder cannot be written to.
    """
    root = root or artifacts_root()
    _put_back(root)
    for left in root.glob("[!.]*/.*"):
        found = _LEFT_BEHIND.fullmatch(left.name)
        if found and left.is_dir() and time.time() - left.stat().st_mtime >= _ABANDONED:
            shutil.rmtree(left, ignore_errors=True)


_LEFT_BEHIND = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{32}\.(?:new|old)")


def _scan(root: Path) -> dict[str, Bundle | BundleError]:
    """Every bundle folder by name: what it says, or why it cannot be read."""
    found: dict[str, Bundle | BundleError] = {}
    _put_back(root)
    for manifest in sorted(root.glob(f"[!.]*/[!.]*/{_MANIFEST}")):
        name = manifest.parent.relative_to(root).as_posix()
        if not _is_name(name):
            continue
        try:
            found[name] = _describe(manifest.parent, name, _verified(manifest.parent, name, _JSON_FILES))
        except BundleError as error:
            found[name] = error
    return found


def _is_name(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 2 and all(_PART_OF_NAME.fullmatch(part) for part in parts)


def _check_name(name: str) -> None:
    if not _is_name(name):
        raise BundleError(f"{name[:100]!r} is not a bundle's name; write data/model, such as demo/paper")


def _verified(path: Path, name: str, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Contents of the wanted files, each with the hash the manifest gives it."""
    manifest = _parsed(path, name, _MANIFEST, _read(path, name, _MANIFEST))
    contents = {}
    for file in wanted:
        contents[file] = _read(path, name, file)
        if hashlib.sha256(contents[file]).hexdigest() != manifest.get(file):
            raise _damaged(path, name, file, "is damaged (its sha256 is not the manifest's)")
    return contents


def _describe(path: Path, name: str, contents: Mapping[str, bytes]) -> Bundle:
    described = _parsed(path, name, "bundle.json", contents["bundle.json"], dict[str, Any])
    if described.get("format") != FORMAT:
        said = str(described.get("format"))[:20]
        raise _damaged(path, name, "bundle.json", f"has format {said}, this version reads {FORMAT}")
    described, metrics, history = (_parsed(path, name, file, contents[file]) for file in _JSON_FILES)
    if any("epoch" not in row for row in history):
        raise _damaged(path, name, "history.json", "is damaged: a row has no epoch")
    if described["model"] not in registry.TRAINABLE:
        raise _damaged(path, name, "bundle.json", f"is of a model {described['model'][:40]!r}, which there is not")
    family = registry.FAMILIES[described["model"]]
    try:
        from_saved(family.config, described["config"])
    except ValueError as error:
        raise _damaged(path, name, "bundle.json", f"is damaged: {error}") from error
    lacking = [error for error in _ERRORS if error not in metrics] if family.predicts_ratings else []
    if lacking:
        raise _damaged(path, name, "metrics.json", f"is damaged: {lacking[0]}: Field required")
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


def _read(path: Path, name: str, file: str) -> bytes:
    try:
        return (path / file).read_bytes()
    except OSError as error:
        raise _damaged(path, name, file, f"cannot be read ({error.strerror})") from error


def _parsed(path: Path, name: str, file: str, content: bytes, kind: Any = None) -> Any:
    """JSON as it stands in the file, once it has been found to be of its kind."""
    try:
        parse(content, kind or _KINDS[file])
        return json.loads(content)
    except ValueError as error:
        said = str(error) if isinstance(error, NotJSON) else f"is damaged: {error}"
        raise _damaged(path, name, file, said) from error


def _tensors(path: Path, name: str, file: str, content: bytes) -> dict[str, np.ndarray]:
    try:
        tensors = load_tensors(content)
    except Exception as error:  # whatever the library makes of what is no such file
        raise _damaged(path, name, file, f"is no safetensors file ({type(error).__name__})") from error
    for tensor, values in tensors.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise _damaged(path, name, file, f"is damaged: {tensor} holds a value that is no number")
    return tensors


def _damaged(path: Path, name: str, file: str, why: str) -> BundleError:
    data, _, model = name.partition("/")
    advice = f"restore the folder {path}"
    if data in datasets.NAMES:
        advice += f", or train it again: `{registry.train_command(data, model)} --replace`"
    return BundleError(f"bundle {name}: {file} {why}", advice=advice)


def _to_json(value: object) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _contiguous(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def _move_to_free_place(beside: Path, bundle: LoadedBundle) -> None:
    """One step, which the system refuses where there is a folder with something in it."""
    try:
        beside.rename(bundle.path)
    except OSError as error:
        if not os.path.lexists(bundle.path):
            raise
        raise BundleError(
            f"there is already a bundle {bundle.name}, which was left as it is",
            advice="what was trained is in its checkpoint: run the command again with --resume and --replace, "
            "or move the other away and leave --replace out",
        ) from error


def _move_into_place(beside: Path, path: Path) -> None:
    """A folder cannot replace a full one in one step: the old one steps aside first and is removed last."""
    for left in reversed(range(_ATTEMPTS)):
        aside = path.with_name(f".{path.name}.{uuid4().hex}.old")
        with contextlib.suppress(FileNotFoundError):
            path.replace(aside)
        try:
            beside.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                aside.replace(path)
            # A reader may have put the old one back in between, see `_put_back`.
            if not left:
                raise
        else:
            shutil.rmtree(aside, ignore_errors=True)
            return


_ATTEMPTS = 3
_A_MOMENT = 0.1
"""Seconds: a process that lives has taken both its steps by then."""


def _put_back(root: Path) -> None:
    """Give bundles back the place that they had left when the process that replaced them was killed."""
    for left in root.glob("[!.]*/.*.old"):
        found = _LEFT_BEHIND.fullmatch(left.name)
        place = left.with_name(found["name"]) if found else left
        if not os.path.lexists(place):
            time.sleep(_A_MOMENT)
            if not os.path.lexists(place):
                with contextlib.suppress(OSError):
                    left.rename(place)
