"""The networks, one file each, and the one place that knows them by name."""

from dataclasses import asdict
from typing import Any

from lcrec_core.files import as_kind
from lcrec_core.models.lcrec.config import LCREC, MODELS, LCRecConfig
from lcrec_core.models.paper.network import PaperConfig, PaperNetwork

__all__ = ["LCREC", "MODELS"]

_HALVES: dict[str, dict[str, Any]] = {"lstm": {"reads_titles": False}, "cnn": {"reads_history": False}}


def build(model: str, config: dict[str, Any], sizes: dict[str, int]) -> PaperNetwork:
    """The paper's network, or half of it, untrained; LCRec's comes with its backbone, see `lcrec`.

    Args:
        model: One of `MODELS`.
        config: Its settings, as saved with a bundle; missing ones take their defaults.
        sizes: Number of indices of each vocabulary, see `encode.Vocabularies.sizes`.
    """
    checked = checked_config(model, config)
    if not isinstance(checked, PaperConfig):
        raise ValueError(f"{model} is not the paper's network")
    return PaperNetwork(checked, sizes)


def checked_config(model: str, config: dict[str, Any]) -> PaperConfig | LCRecConfig:
    """Settings of a model as its network takes them.

    Raises:
        ValueError: There is no such model, or a setting is impossible.
    """
    if model not in MODELS:
        raise ValueError(f"unknown model {model!r}; there are {', '.join(MODELS)}")
    if model == LCREC:
        return as_kind(config, LCRecConfig)
    return as_kind({**config, **_HALVES.get(model, {})}, PaperConfig)


def config_dict(network: PaperNetwork) -> dict[str, Any]:
    """Settings of a network as plain values, the inverse of `build`."""
    return asdict(network.config)
