"""Where a training run stands, in one safetensors file, so that a stop loses at most a quarter of a pass."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from lcrec_core.errors import TrainingError


def save_checkpoint(
    path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any], run: dict[str, Any]
) -> None:
    """Write weights, optimizer and `state`; `run` identifies the run that may resume from it."""
    tensors = {f"network.{name}": tensor.detach().cpu() for name, tensor in network.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors.update({f"optimizer.{index}.{name}": tensor.cpu() for name, tensor in moments.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    save_file(tensors, beside, metadata={"state": json.dumps(state), "run": json.dumps(run, sort_keys=True)})
    beside.replace(path)


def load_checkpoint(
    path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, run: dict[str, Any]
) -> dict[str, Any]:
    """Put network and optimizer back to where `save_checkpoint` found them; returns its `state`.

    Raises:
        TrainingError: There is no checkpoint, it is damaged, or another run's.
    """
    if not path.is_file():
        raise TrainingError(f"nothing to resume: no checkpoint {path.parent.name}/{path.name}; run without --resume")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        state, saved_run = json.loads(metadata["state"]), json.loads(metadata["run"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise TrainingError(f"{path}: the checkpoint is damaged ({error}); run without --resume") from error
    run = json.loads(json.dumps(run))
    if saved_run != run:
        differing = sorted(name for name in run.keys() | saved_run.keys() if run.get(name) != saved_run.get(name))
        raise TrainingError(
            f"the checkpoint belongs to a run with another {', '.join(differing)}; "
            "give the same settings as then, or run without --resume"
        )
    weights = {name.removeprefix("network."): t for name, t in tensors.items() if name.startswith("network.")}
    network.load_state_dict(weights)
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            moments.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    return state
