"""Where a training run stands, in one sealed file, so that a stop loses at most what was done since."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lcrec_core.errors import TrainingError
from lcrec_core.files import as_array, parse, seal, unseal, write_whole
from lcrec_core.models.contract import SoFar

_GENERATOR = "generator"
AFRESH = "run without --resume to begin afresh"


@dataclass(frozen=True)
class State:
    """How far a run was, beside its tensors."""

    epoch: int
    step: int
    """The next one, of that pass."""
    ratings_seen: int
    so_far: SoFar
    random: dict[str, Any] = field(default_factory=dict)
    """States of generators, of a run whose random choices are not a function of the pass alone."""


def save_checkpoint(
    path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, state: State, run: dict[str, Any]
) -> None:
    """Write weights, optimizer and `state`; `run` identifies the run that may resume from it.

    Raises:
        OSError: It cannot be written.
    """
    tensors = {f"network.{name}": tensor.detach() for name, tensor in network.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors.update({f"optimizer.{index}.{name}": tensor for name, tensor in moments.items()})
    arrays = {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
    about = {"state": as_array(json.dumps(asdict(state))), "run": as_array(json.dumps(run, sort_keys=True))}
    write_whole(path, seal(arrays | about | {_GENERATOR: torch.get_rng_state().numpy()}))


def load_checkpoint(path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, run: dict[str, Any]) -> State:
    """Put network, optimizer and torch's generator back to where `save_checkpoint` found them; returns its `state`.

    Raises:
        TrainingError: There is no checkpoint, it is damaged, or another run's.
    """
    if not path.is_file():
        raise TrainingError("nothing to resume: no run of this bundle was stopped here", advice=AFRESH)
    try:
        arrays = unseal(path.read_bytes())
        state, saved_run = parse(arrays["state"].tobytes(), State), parse(arrays["run"].tobytes(), dict[str, Any])
        run = json.loads(json.dumps(run))
        differing = sorted(name for name in run.keys() | saved_run.keys() if run.get(name) != saved_run.get(name))
        if not differing:
            torch.set_rng_state(torch.from_numpy(arrays.pop(_GENERATOR).copy()))
            _restore(network, optimizer, arrays)
            return state
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        why = str(error).partition("\n")[0][:200]
        raise TrainingError(f"the checkpoint is damaged ({why})", where=path, advice=AFRESH) from error
    raise TrainingError(
        f"the checkpoint belongs to a run with another {', '.join(differing)}",
        advice=f"give the same settings as then, or {AFRESH}",
    )


def _restore(network: nn.Module, optimizer: torch.optim.Optimizer, arrays: dict[str, np.ndarray]) -> None:
    tensors = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    weights = {name.removeprefix("network."): t for name, t in tensors.items() if name.startswith("network.")}
    network.load_state_dict(weights)
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            moments.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
