"""Layers and inputs that the networks of several families share."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from lcrec_core.data.encode import PAD, MovieFeatures


class TitleSizes(Protocol):
    """What a network's settings say about titles."""

    @property
    def embedding_size(self) -> int:
        """Width E of a word's embedding."""
        ...

    @property
    def filter_widths(self) -> tuple[int, ...]:
        """Words each group of filters looks at."""
        ...

    @property
    def filters(self) -> int:
        """Filters per width."""
        ...

    @property
    def keep_probability(self) -> float:
        """Share of title features that dropout keeps."""
        ...


class TitleCNN(nn.Module):
    """Convolutions of several widths over a title's words, max pooling, dropout (equations 7-9)."""

    def __init__(self, config: TitleSizes, words: int) -> None:
        super().__init__()
        self.widths = config.filter_widths
        self.words = nn.Embedding(words, config.embedding_size, padding_idx=PAD)
        self.filters = nn.ModuleList(nn.Conv1d(config.embedding_size, config.filters, width) for width in self.widths)
        self.dropout = nn.Dropout(1 - config.keep_probability)

    def forward(self, words: Tensor) -> Tensor:
        """(M, W) -> (M, filters x widths)."""
        # A convolution over a transposed view takes twice the time.
        matrix = self.words(words).transpose(1, 2).contiguous()  # (M, E, W)
        # All widths in one call, a third faster: a narrow filter is a wide one that begins with zeros.
        widest = max(self.widths)
        weights = [self.filters.get_parameter(f"{i}.weight") for i in range(len(self.widths))]
        kernels = torch.cat([F.pad(weight, (widest - weight.shape[2], 0)) for weight in weights])
        biases = torch.cat([self.filters.get_parameter(f"{i}.bias") for i in range(len(self.widths))])
        return self.dropout(F.relu(F.conv1d(matrix, kernels, biases, padding=widest - 1)).amax(dim=2))


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Average the real steps: (N, T, D), (N, T) -> (N, D); zeros where there are none."""
    weights = mask.unsqueeze(2).to(x.dtype)
    return (x * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def movie_tensors(movies: MovieFeatures, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The whole catalogue as arguments of `movie_features`: ids (M,), genres (M, G), words (M, W)."""
    ids, genres, words = (torch.from_numpy(part).to(device) for part in (movies.ids, movies.genres, movies.words))
    return ids, genres, words


class Planned(TorchFunctionMode):
    """Networks made in this block have shapes and no values, so that they take no memory.

    Nor are values drawn for them: on the meta device PyTorch does that through its compiler, whose import alone takes
    over a second and some hundred megabytes.
    """

    def __enter__(self) -> "Planned":
        self._device = torch.device("meta")
        self._device.__enter__()
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._device.__exit__(*error)

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        """See `TorchFunctionMode`."""
        if getattr(func, "__name__", "") in ("normal_", "uniform_"):
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def check_tensors(given: Mapping[str, np.ndarray], planned: nn.Module) -> None:
    """Compare names, shapes and types of saved tensors with those of a network, before they take any memory there.

    Args:
        given: What was saved.
        planned: The network that the settings describe, made within `Planned`.

    Raises:
        ValueError: The message names the tensor.
    """
    wanted = planned.state_dict()
    if differing := sorted(wanted.keys() ^ given.keys()):
        raise ValueError(f"weights.safetensors lacks {differing[0]}, or has it and should not")
    for name, tensor in wanted.items():
        one, other = _form(tensor.shape, tensor.dtype), _form(given[name].shape, given[name].dtype)
        if one != other:
            raise ValueError(f"weights.safetensors has {name} as {other} where the settings say {one}")


def check_features(given: np.ndarray | None, movies: int, width: int) -> Tensor:
    """Saved movie features as a tensor (M, D).

    Raises:
        ValueError: They are missing or of another shape.
    """
    if given is None or given.shape != (movies, width):
        form = "none" if given is None else _form(given.shape, given.dtype)
        raise ValueError(f"movie_features.safetensors has {form} where the data and the settings say {(movies, width)}")
    return torch.from_numpy(given)


def _form(shape: tuple[int, ...], dtype: object) -> str:
    return f"{tuple(shape)} {str(dtype).removeprefix('torch.')}"


def with_decay(network: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weight decay for matrices and embeddings, none for biases."""
    matrices = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
