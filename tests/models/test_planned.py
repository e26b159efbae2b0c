"""Networks that are only planned: shapes without values, and without PyTorch's compiler."""

import sys

import torch
from torch import nn

from lcrec_core.models.layers import Planned


def test_a_planned_network_has_shapes_takes_no_memory_and_draws_nothing(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # Any import of it fails.
    before = torch.get_rng_state()
    with Planned():
        network = nn.Sequential(nn.Embedding(10**9, 8), nn.Linear(8, 4), nn.LSTM(4, 4))
        nn.init.normal_(network[0].weight, std=0.1)
    assert all(parameter.is_meta for parameter in network.parameters())
    assert network[0].weight.shape == (10**9, 8)
    assert torch.equal(before, torch.get_rng_state())
    assert not nn.Linear(2, 2).weight.is_meta
