"""The pick network: from somebody's ratings in time order to how likely each movie is what they pick next.

    (movie, rating, time since the one before, how many before) -> event -> LSTM -> dense ---+
    movie x rating -> mean over all ratings so far -> dense ---------------------------------+-> taste
    gender, age, occupation -> the LSTM's first event, and a part of the taste --------------+

    P(movie is picked) = softmax over the catalogue of (taste . embedding + bias)

The embedding that an event is read by is the one that the taste is compared with. It starts small, so that it hardly
moves a gate: the LSTM learns slowly what follows on what, and the mean has its time. Times sqrt(E), as in a
Transformer, the LSTM learns that in a quarter of the passes, and relies on it. The bias starts at the logarithm of the
movie's popularity, so that the network begins as a list of what everybody likes. The mean beside the LSTM carries what
was rated long ago; what it knows grows with the number of ratings. The person has no embedding: somebody new is served
alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lcrec_core.models.pick.config import NetworkConfig

GAPS = (1, 15, 60, 300, 1_800, 21_600, 172_800, 2_592_000)
"""Seconds since the rating before, up to a month, that begin a class of gaps."""
GAP_CLASSES = len(GAPS) + 2
UNKNOWN_GAP = GAP_CLASSES - 1
"""Class of a gap where the order is not that of time."""

_TEN = 10.0
"""Ratings at which the mean over them counts half."""


@dataclass(frozen=True, eq=False)
class Events:
    """Ratings of some people in order, padded at the end. B people, T events."""

    movies: Tensor
    """int64 (B, T), catalogue positions."""
    levels: Tensor
    """int64 (B, T): the rating, as a position among the scale's values."""
    gaps: Tensor
    """int64 (B, T), see `GAPS`."""
    fields: Tensor
    """int64 (B, F), encoded fields of the person."""
    counts: Tensor
    """float32 (B,): how many ratings come before the first of these, which only the mean reads."""
    earlier: tuple[Tensor, Tensor, Tensor] | None = None
    """Those ratings of everybody, flat: row of the person, movie, level; None where there are none."""


class PickNetwork(nn.Module):
    """Tastes of people, and the log-probability of every movie by them."""

    def __init__(self, config: NetworkConfig, movies: int, levels: int, fields: Sequence[int]) -> None:
        super().__init__()
        width, state, self.longest = config.embedding_size, config.state_size, config.longest
        self.input_scale = config.input_scale
        self.movies = nn.Embedding(movies, width)
        self.popularity = nn.Parameter(torch.zeros(movies))
        self.levels, self.gaps = nn.Embedding(levels, width), nn.Embedding(GAP_CLASSES, width)
        self.count = nn.Linear(1, width, bias=False)
        self.first = nn.Parameter(torch.zeros(width))
        self.fields_in = nn.ModuleList(nn.Embedding(size, width) for size in fields)
        self.lstm = nn.LSTM(width, state, batch_first=True)
        self.of_state = nn.Linear(state, width)
        self.summed, self.summed_levels = nn.Embedding(movies, width), nn.Embedding(levels, width)
        self.of_mean = nn.Linear(width, width)
        self.fields_out = nn.ModuleList(nn.Embedding(size, width) for size in fields)
        self.dropout = nn.Dropout(0.0)
        self._initialise()

    @torch.no_grad()
    def _initialise(self) -> None:
        width, state = self.of_mean.in_features, self.lstm.hidden_size
        # The taste starts small beside the popularity.
        nn.init.normal_(self.movies.weight, std=0.5 * width**-0.5)
        nn.init.normal_(self.summed.weight, std=0.02)
        nn.init.ones_(self.summed_levels.weight)
        for weights in (self.levels.weight, self.gaps.weight, *self.fields_in.parameters()):
            nn.init.normal_(weights, std=0.05)
        for weights in self.fields_out.parameters():
            nn.init.zeros_(weights)
        self.lstm.get_parameter("bias_ih_l0")[state : 2 * state] = 1  # the forget gate starts open

    def forward(self, events: Events) -> Tensor:
        """Tastes after 0..T events, (B, T + 1, E)."""
        people, length = events.movies.shape
        counts = events.counts.unsqueeze(1) + torch.arange(length + 1)  # (B, T + 1)
        read = self.input_scale * self.movies(events.movies) + self.levels(events.levels) + self.gaps(events.gaps)
        start = self.first.expand(people, -1) + self._of_fields(self.fields_in, events.fields)
        read = torch.cat([start.unsqueeze(1), read], dim=1) + self.count(0.3 * counts.log1p().unsqueeze(2))
        states, _ = self.lstm(self.dropout(read))
        each = self.summed(events.movies) * self.summed_levels(events.levels)
        total = torch.cat([self._earlier(events).unsqueeze(1), each], dim=1).cumsum(dim=1)
        mean = 3 * total / (counts + _TEN).unsqueeze(2)
        fields = self._of_fields(self.fields_out, events.fields).unsqueeze(1)
        return self.of_state(self.dropout(states)) + self.of_mean(self.dropout(mean)) + fields

    def logits(self, tastes: Tensor, movies: Tensor | None = None) -> Tensor:
        """(N, E) -> (N, M): log-probabilities of picking each movie, up to a constant of each row.

        Args:
            tastes: Any.
            movies: int64 (K,), of some movies alone: (N, K).
        """
        if movies is None:
            return torch.addmm(self.popularity, tastes, self.movies.weight.T)
        return torch.addmm(self.popularity[movies], tastes, self.movies(movies).T)

    def _earlier(self, events: Events) -> Tensor:
        total = self.of_mean.weight.new_zeros(len(events.movies), self.of_mean.in_features)
        if events.earlier is None:
            return total
        people, movies, levels = events.earlier
        return total.index_add(0, people, self.summed(movies) * self.summed_levels(levels))

    @staticmethod
    def _of_fields(embeddings: nn.ModuleList, fields: Tensor) -> Tensor:
        return torch.stack([embedding(fields[:, i]) for i, embedding in enumerate(embeddings)]).sum(dim=0)


@dataclass(frozen=True, eq=False)
class Drawn:
    """Some movies that stand for the whole catalogue in a softmax's sum."""

    movies: Tensor
    """int64 (K,)."""
    log_chances: Tensor
    """float32 (K,): logarithm of how likely each was to be among them."""


def weighted_log_likelihood(
    network: PickNetwork, tastes: Tensor, targets: Tensor, weights: Tensor, drawn: Drawn | None = None
) -> Tensor:
    """Mean over moments of the log-probability of a target drawn by its weight: what training makes large.

    Args:
        network: Any.
        tastes: (N, E).
        targets: (N, E + 1), sums over a moment's targets of weight x (embedding, bias).
        weights: (N,), sums of those weights.
        drawn: What the softmax is over; all movies where it is None. A movie that is drawn counts for all those that
            it stands for, one over its chance, so that the sum is right in the mean (Horvitz and Thompson).
    """
    chosen = ((tastes * targets[:, :-1]).sum(dim=1) + targets[:, -1]) / weights
    logits = network.logits(tastes) if drawn is None else network.logits(tastes, drawn.movies) - drawn.log_chances
    return (chosen - logits.logsumexp(dim=1)).mean()


def embedding_and_bias(network: PickNetwork, movies: Tensor) -> Tensor:
    """(...,) -> (..., E + 1)."""
    return torch.cat([network.movies(movies), F.embedding(movies, network.popularity.unsqueeze(1))], dim=-1)
