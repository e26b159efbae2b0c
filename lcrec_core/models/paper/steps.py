"""The paper's equations 1 to 9 written out, step by step, as PyTorch's layers compute them: for a look inside."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lcrec_core.models.layers import TitleCNN


@dataclass(frozen=True, eq=False)
class LSTMSteps:
    """One layer of an LSTM over T steps: its gates, in (0, 1), and its states. All (T, H)."""

    forget: Tensor
    """f: how much of the memory is kept."""
    let_in: Tensor
    """i: how much of the candidate is written to it."""
    output: Tensor
    """o: how much of the memory is told to the layer above."""
    candidate: Tensor
    """What would be written, in (-1, 1)."""
    cell: Tensor
    """c: the memory."""
    hidden: Tensor
    """h: what is told."""


def lstm_steps(lstm: nn.LSTM, inputs: Tensor) -> list[LSTMSteps]:
    """Equations 1 to 6: the steps of every layer, the lowest first, over inputs (T, D)."""
    layers = []
    for layer in range(lstm.num_layers):
        w_x, w_h, b_x, b_h = (
            lstm.get_parameter(f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        cell = hidden = inputs.new_zeros(lstm.hidden_size)
        steps = []
        for of_input in inputs @ w_x.T + (b_x + b_h):
            i, f, g, o = (of_input + w_h @ hidden).chunk(4)
            forget = torch.sigmoid(f)  # (1)
            let_in = torch.sigmoid(i)  # (2)
            output = torch.sigmoid(o)  # (3)
            candidate = torch.tanh(g)  # (4)
            cell = forget * cell + let_in * candidate  # (5)
            hidden = output * torch.tanh(cell)  # (6)
            steps.append((forget, let_in, output, candidate, cell, hidden))
        layers.append(LSTMSteps(*(torch.stack(of_steps) for of_steps in zip(*steps, strict=True))))
        inputs = layers[-1].hidden
    return layers


@dataclass(frozen=True, eq=False)
class Firing:
    """What one filter of the title CNN found: the window of words at which it is largest."""

    width: int
    """Words that the filter looks at."""
    number: int
    """Of the filter among those of its width, from 0."""
    first: int
    """Place of the window's first word in the title, from 0; a window may begin before the title or end after it."""
    by_word: tuple[float, ...]
    """What each place of the window adds; padding adds nothing."""
    bias: float
    activation: float
    """The bias and what the places add, or 0 where that is negative: the filter's feature of the title."""

    @property
    def places(self) -> range:
        """Places of the window's words, of which some may lie outside the title."""
        return range(self.first, self.first + self.width)


def title_firings(title: TitleCNN, words: Tensor) -> list[Firing]:
    """Equations 7 to 9 for one title: encoded words (W,) -> every filter, in the order of the CNN's features."""
    outside = max(title.widths) - 1
    matrix = F.pad(title.words(words), (0, 0, outside, outside))  # (W + 2 * outside, E)
    found = []
    for i, width in enumerate(title.widths):
        weight, bias = (title.filters.get_parameter(f"{i}.{name}") for name in ("weight", "bias"))
        windows = matrix[outside + 1 - width :].unfold(0, width, 1)  # (P, E, width), the first ends at the first word
        by_word = torch.einsum("pew,few->pfw", windows, weight)
        features = F.relu(by_word.sum(dim=2) + bias)  # (7) and (9): (P, filters)
        largest, places = features.max(dim=0)  # (8)
        for number, (activation, place) in enumerate(zip(largest.tolist(), places.tolist(), strict=True)):
            added = tuple(by_word[place, number].tolist())
            found.append(Firing(width, number, place + 1 - width, added, bias[number].item(), activation))
    return found
