"""The networks, one file each, and the one place that knows them by name."""

from dataclasses import asdict
from typing import Any

from lcrec_core.networks.paper import PaperConfig, PaperNetwork

MODELS = ("paper", "lstm", "cnn")
"""Names for `--model`: the paper's LSTM & CNN, and its two halves (Table VII)."""

_HALVES: dict[str, dict[str, Any]] = {"lstm": {"reads_titles": False}, "cnn": {"reads_history": False}}


def build(model: str, config: dict[str, Any], sizes: dict[str, int]) -> PaperNetwork:
    """The network of a given name, untrained.

    Args:
        model: One of `MODELS`.
        config: Its settings, as saved with a bundle; missing ones take their defaults.
        sizes: Number of indices of each vocabulary, see `encode.Vocabularies.sizes`.
    """
    return PaperNetwork(checked_config(model, config), sizes)


def checked_config(model: str, config: dict[str, Any]) -> PaperConfig:
    """Settings of a model as its network takes them.

    Raises:
        ValueError: There is no such model, or a setting is impossible.
    """
    if model not in MODELS:
        raise ValueError(f"unknown model {model!r}; there are {', '.join(MODELS)}")
    # JSON has no tuples.
    settings: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in config.items()}
    return PaperConfig(**{**settings, **_HALVES.get(model, {})})


def config_dict(network: PaperNetwork) -> dict[str, Any]:
    """Settings of a network as plain values, the inverse of `build`."""
    return asdict(network.config)
