"""Where everything lies, and files that are written whole or not at all and believed only after a check.

Arrays that a process leaves for a later one are sealed: a safetensors file with a checksum in it. It shows damage; it
does not prove who wrote the file, so shapes and types are for the reader to check.
"""

import contextlib
import hashlib
import json
import logging
import math
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError
from safetensors.numpy import load, save

REPOSITORY = Path(__file__).resolve().parent.parent
"""The checkout: everything of ours lies below it unless an environment variable names another place."""

ARTIFACTS_ENV, DATA_ENV = "LCREC_ARTIFACTS", "LCREC_DATA"

_LOG = logging.getLogger("lcrec")
_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
"""A number is no text, a setting nobody knows is no setting, and NaN is no figure."""

Plain = bool | int | float | str | None
"""What a setting or a figure may be."""


def artifacts_root() -> Path:
    """The folder bundles and results live in: `$LCREC_ARTIFACTS`, or `artifacts/` of the checkout."""
    return _named(ARTIFACTS_ENV, REPOSITORY / "artifacts")


def data_folder() -> Path:
    """The folder data sets are looked for in: `$LCREC_DATA`, or `data/` of the checkout; it need not exist."""
    return _named(DATA_ENV, REPOSITORY / "data")


def cache_folder() -> Path:
    """What is made again when it is missing."""
    return artifacts_root() / ".cache"


def _named(variable: str, default: Path) -> Path:
    named = os.environ.get(variable)
    return Path(named).expanduser() if named else default


def write_whole(path: Path, content: bytes | str | Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there; a file that cannot be written leaves nothing behind.

    Args:
        path: Its place; the folder is made.
        content: What it holds, or what writes it when given a path.

    Raises:
        OSError: The folder cannot be written to, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid4().hex}.new")
    try:
        if callable(content):
            content(beside)
        else:
            beside.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(beside, path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


@contextlib.contextmanager
def convenient(what: str, *, quiet: bool = False) -> Iterator[None]:
    """For writing what is nice to have: where it cannot be written, the log says so and the work goes on.

    Args:
        what: What cannot be done then, in words.
        quiet: Nobody needs to know: it only makes the next start slower.
    """
    try:
        yield
    except OSError as error:
        _LOG.log(logging.INFO if quiet else logging.WARNING, "%s: %s", what, error.strerror or error)


_CHECKSUM = "sha256"


def seal(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Named arrays as a file, with the checksum of their names, types, shapes and values."""
    whole = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()}
    return save({**whole, _CHECKSUM: np.frombuffer(_checksum(whole), dtype=np.uint8)})


def unseal(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of `seal`.

    Raises:
        ValueError: The file is damaged, or none of ours.
    """
    try:
        arrays = dict(load(content))
        checksum = arrays.pop(_CHECKSUM).tobytes()
    except Exception as error:  # whatever the library makes of what is no such file
        raise ValueError("not a sealed file") from error
    if _checksum(arrays) != checksum:
        raise ValueError("the checksum is not that of the contents")
    return arrays


def look_into(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a sealed file, which stay in it: no memory holds them, and whoever changes one has it alone.

    Raises:
        OSError: There is no such file, or it cannot be read.
        ValueError: It is damaged, or none of ours.
    """
    content = np.memmap(path, dtype=np.uint8, mode="c")
    try:
        start = 8 + int.from_bytes(content[:8].tobytes(), "little")
        header = json.loads(content[8:start].tobytes())
        arrays = {
            name: np.frombuffer(
                content[start:], _NUMPY[about["dtype"]], math.prod(about["shape"]), about["data_offsets"][0]
            ).reshape(about["shape"])
            for name, about in header.items()
        }
        checksum = arrays.pop(_CHECKSUM).tobytes()
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError("not a sealed file") from error
    if _checksum(arrays) != checksum:
        raise ValueError("the checksum is not that of the contents")
    return arrays


_NUMPY = {"U8": np.uint8, "I32": np.int32, "I64": np.int64, "F32": np.float32, "F64": np.float64, "BOOL": np.bool_}
"""What a safetensors file calls the types of arrays that are looked into."""


def _checksum(arrays: Mapping[str, np.ndarray]) -> bytes:
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{len(name)} {name} {array.dtype} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def as_array(text: str) -> np.ndarray:
    """Text among sealed arrays."""
    return np.frombuffer(text.encode(), dtype=np.uint8)


class NotJSON(ValueError):
    """What should be JSON is not."""


def parse(content: bytes | str, kind: Any) -> Any:
    """JSON as a value of that type: a dataclass, a list of them, a dict of plain values.

    Types are taken at their word, dataclasses get no field they do not know, and no number is infinite or NaN.

    Raises:
        ValueError: It is not; the message is one line that names the field.
    """
    try:
        text = content.decode() if isinstance(content, bytes) else content
    except UnicodeDecodeError:
        raise NotJSON("is not JSON (no UTF-8)") from None
    try:
        # A dataclass takes these rules over only as a part of something else.
        return _adapter(kind).validate_json(f"[{text}]")[0]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"][1:] if not _names_a_type(part))
        said = first["msg"].removeprefix("Value error, ")
        if first["type"] == "json_invalid":
            raise NotJSON(f"is not JSON ({said.removeprefix('Invalid JSON: ')})") from None
        raise ValueError(f"{field}: {said}" if field else said) from None


def as_kind(value: object, kind: Any) -> Any:
    """`parse` for what has been read from JSON already."""
    return parse(json.dumps(value), kind)


@cache
def _adapter(kind: Any) -> TypeAdapter:
    return TypeAdapter(tuple[kind], config=_STRICT)


def _names_a_type(part: int | str) -> bool:
    """Which of several types was tried, in the place of an error: of no use to who reads it."""
    return isinstance(part, str) and (part in ("bool", "int", "float", "str", "none") or "[" in part)
