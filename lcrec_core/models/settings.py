"""Settings of a family as one frozen dataclass: checked, changed by name, kept in a bundle and read from one."""

import math
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from typing import Any, ClassVar, Protocol

from lcrec_core.files import as_kind

LARGEST = 65_536
"""Of a size, a count or a width: more is a slip of the keyboard, and would fill the memory."""


def check_numbers(config: object) -> None:
    """Refuse a number that no setting can have: NaN, the infinite, a size beyond all measure.

    Raises:
        ValueError: The message names the setting.
    """
    for name, value in vars(config).items():
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, float) and not math.isfinite(each):
                raise ValueError(f"{name} must be a finite number, got {each}")
            if isinstance(each, int) and name not in _UNBOUNDED and each > LARGEST:
                raise ValueError(f"{name} must be at most {LARGEST:,}")
    if isinstance(seed := getattr(config, "seed", 0), int) and not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"seed must lie between 0 and {LARGEST_SEED:,}")


_UNBOUNDED = ("seed", "batch_size", "targets_per_step", "epochs")
LARGEST_SEED = 2**31 - 1


class Config(Protocol):
    """Settings of a family: one frozen dataclass of plain values and of further such dataclasses, names unique."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def seed(self) -> int:
        """Of the split and of every random choice."""
        ...

    @property
    def epochs(self) -> int:
        """Passes over the training ratings; 1 where a fit has none."""
        ...


def flat(config: Any) -> dict[str, Any]:
    """Every setting of a config by its name alone: `{"epochs": 5, "batch_size": 256, ...}`."""
    found: dict[str, Any] = {}
    for each in fields(config):
        value = getattr(config, each.name)
        found |= flat(value) if is_dataclass(value) else {each.name: value}
    return found


def configured(config: Any, **settings: Any) -> Any:
    """The config with some settings changed, wherever in it they stand.

    Raises:
        ValueError: There is no such setting, or a value is impossible.
    """
    known = flat(config)
    for name in settings:
        if name not in known:
            raise ValueError(f"there is no setting {name!r}; there are {', '.join(known)}")
    changed: dict[str, Any] = {}
    for each in fields(config):
        value = getattr(config, each.name)
        if is_dataclass(value) and not isinstance(value, type):
            inner = {name: settings[name] for name in flat(value) if name in settings}
            changed |= {each.name: configured(value, **inner)} if inner else {}
        elif each.name in settings:
            changed[each.name] = settings[each.name]
    return replace(config, **changed)


def saved(config: Any) -> dict[str, dict[str, Any]]:
    """A config as a bundle keeps it: the network's settings under `model`, all others under `train`."""
    whole = asdict(config)
    for name, old in _saved_names(type(config)).items():
        whole[old] = whole.pop(name)
    return {"model": whole.pop("network", {}), "train": whole}


def from_saved(kind: type, kept: Mapping[str, Mapping[str, Any]]) -> Any:
    """The inverse of `saved`; a setting that is younger than the bundle has its default.

    Raises:
        ValueError: A value is impossible, or there is no such setting; the message names it.
    """
    train = {name: value for name, value in kept["train"].items() if name != _PROTOCOL}
    for name, old in _saved_names(kind).items():
        if old in train:
            train[name] = train.pop(old)
    network = {"network": kept["model"]} if "network" in {each.name for each in fields(kind)} else kept["model"]
    return as_kind({**train, **network}, kind)


def _saved_names(kind: type) -> dict[str, str]:
    """Settings that bundles keep under another name: the one they had when the format was made."""
    return {each.name: each.metadata[SAVED_AS] for each in fields(kind) if SAVED_AS in each.metadata}


SAVED_AS = "saved_as"
"""Key of a field's metadata, see `_saved_names`."""
_PROTOCOL = "protocol"
"""Kept beside the settings of training, though it is the run's: how the test part was chosen."""
