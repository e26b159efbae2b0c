"""LCRec's network: what the last and the next ratings of a person say about this one, beside the backbone.

    title words -> convolutions -> max --+
    movie id, genres -> embeddings ------+-> dense -> M_f
                                                                     of every rating of the person but the target:
    (M_f, residual of the backbone, rating, time since the one before) -> dense -> event

    events before the target's time -> LSTM, forwards --> before --+
    events after it -> LSTM, backwards -> after (often dropped) ---+-> dense x 2 -> offset, precision, class logits
    M_f of the target, backbone's rating and std, gaps, count --+

    rating's distribution over the scale  ~  exp(class logit - precision * (value - backbone - offset)^2)
    predicted rating                      =  its mean

The backbone (backbone.py) knows what people and movies are like; the LSTM knows when: a good or bad mood of
the sitting, a row of films of one kind, tastes that drift. It reads residuals, each with its own rating left out, so
that only what the backbone cannot explain is left to it. The person has no embedding: somebody new is served alike.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lcrec_core.data.encode import PAD
from lcrec_core.models.layers import TitleCNN, masked_mean
from lcrec_core.models.lcrec.config import NetworkConfig


@dataclass(frozen=True, eq=False)
class Events:
    """Ratings of some people in time order, padded at the end. B people, T events."""

    movies: Tensor
    """int64 (B, T), catalogue positions."""
    values: Tensor
    """float32 (B, T, 3): residual, rating less the scale's middle, gap to the one before; see `sequences.gap`."""
    lengths: Tensor
    """int64 (B,)."""


@dataclass(frozen=True, eq=False)
class Targets:
    """Ratings to predict: N movies, each at a time of a person; or N movies at one time of one person (T = N or 1)."""

    people: Tensor
    """int64 (T,): rows of `Events`."""
    before: Tensor
    """int64 (T,): how many of the person's events come before."""
    after: Tensor
    """bool (T,): whether the events after may be read; a live prediction has none."""
    gaps: Tensor
    """float32 (T, 3): gaps to the events before and after, how much is known of the person; see `sequences.known`."""
    movies: Tensor
    """int64 (N,)."""
    backbone: Tensor
    """float32 (N,): the backbone's rating."""
    posterior_std: Tensor
    """float32 (N,): how far the backbone's samples disagree."""


class LCRecNetwork(nn.Module):
    """Distribution of a rating over the scale's values."""

    values: Tensor

    def __init__(self, config: NetworkConfig, sizes: dict[str, int], values: tuple[float, ...]) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("values", torch.tensor(values))
        self.middle = (values[0] + values[-1]) / 2
        width, features, state = config.embedding_size, config.feature_size, config.state_size
        self.movie_ids = nn.Embedding(sizes["movies"], width)
        self.genres = nn.Embedding(sizes["genres"], width, padding_idx=PAD)
        title_size = config.filters * len(config.filter_widths) if config.reads_titles else 0
        if config.reads_titles:
            self.title = TitleCNN(config, sizes["words"])
        self.movie_dense = nn.Linear(2 * width + title_size, features)
        self.event_dense = nn.Linear(features + 3, state)
        if config.reads_history:
            self.forwards = nn.LSTM(state, state, batch_first=True)
            self.backwards = nn.LSTM(state, state, batch_first=True)
        self.hidden_of_time = nn.Linear(2 * state + 3, config.hidden_size)
        self.hidden_of_movie = nn.Linear(features + 2, config.hidden_size)
        # Half the first layer's width; others were not tried.
        self.last = nn.Linear(config.hidden_size, 32)
        self.out = nn.Linear(32, 2 + len(values))
        self._initialise()

    @torch.no_grad()
    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Embedding):
                # From N(0, 1) to N(0, 0.1): ids mean little until they are learnt, and one seen rarely stays near zero.
                module.weight.mul_(0.1)
        # The network begins as the backbone: offset, log-precision and class logits near zero, whatever it reads.
        self.out.weight.mul_(0.1)
        self.out.bias.zero_()

    def movie_features(self, ids: Tensor, genres: Tensor, words: Tensor) -> Tensor:
        """M_f: (M,), (M, G), (M, W) -> (M, D)."""
        return self.movie_from_parts(self.movie_parts(ids, genres, words))

    def movie_parts(self, ids: Tensor, genres: Tensor, words: Tensor) -> list[Tensor]:
        """What M_f is made of: a movie's embedding, that of its genres, and what the CNN finds in its title."""
        parts = [self.movie_ids(ids), masked_mean(self.genres(genres), genres != PAD)]
        return [*parts, self.title(words)] if self.config.reads_titles else parts

    def movie_from_parts(self, parts: list[Tensor]) -> Tensor:
        """M_f (M, D) of its parts."""
        return F.relu(self.movie_dense(torch.cat(parts, dim=1)))

    def states(self, events: Events, features: Tensor, *, use_future: bool) -> tuple[Tensor, Tensor]:
        """States after 0..T events, forwards and (with `use_future`) backwards: (B, T + 1, H); zeros after none."""
        people, length = events.movies.shape
        nothing = features.new_zeros(people, 1, self.config.state_size)
        if not self.config.reads_history or length == 0:
            empty = nothing.expand(-1, length + 1, -1)
            return empty, empty
        mask = torch.arange(length, device=features.device) < events.lengths.unsqueeze(1)
        inputs = torch.cat([F.embedding(events.movies, features), events.values], dim=2)
        inputs = torch.tanh(self.event_dense(inputs)) * mask.unsqueeze(2)
        before = torch.cat([nothing, self.forwards(inputs)[0]], dim=1)
        if not use_future:
            return before, nothing.expand(-1, length + 1, -1)
        # Padding stays at the end for the backwards way too: each person's own events are turned round.
        turned = torch.where(mask, events.lengths.unsqueeze(1) - 1 - torch.arange(length), torch.arange(length))
        backwards = torch.gather(inputs, 1, turned.unsqueeze(2).expand_as(inputs))
        return before, torch.cat([nothing, self.backwards(backwards)[0]], dim=1)

    def forward(self, events: Events, targets: Targets, features: Tensor) -> Tensor:
        """Log-probabilities (N, V) of the scale's values; M_f of the whole catalogue (M, D)."""
        features = F.dropout(features, self.config.dropout, self.training)
        return self.of_movies(self.of_time(events, targets, features), targets, features)

    # One dense layer over everything, in two halves: what is the same for all movies is computed once.

    def of_time(self, events: Events, targets: Targets, features: Tensor) -> Tensor:
        """The half of the first dense layer that no movie makes a difference to: (T, hidden_size)."""
        before, after = self.states(events, features, use_future=bool(targets.after.any()))
        remaining = (events.lengths[targets.people] - targets.before) * targets.after
        of_time = [before[targets.people, targets.before], after[targets.people, remaining], targets.gaps]
        return self.hidden_of_time(torch.cat(of_time, dim=1))

    def of_movies(self, of_time: Tensor, targets: Targets, features: Tensor) -> Tensor:
        """Log-probabilities (N, V) of the scale's values, given that half (T, hidden_size)."""
        of_movie = [
            F.embedding(targets.movies, features),
            (targets.backbone - self.middle).unsqueeze(1),
            targets.posterior_std.unsqueeze(1),
        ]
        hidden = of_time + self.hidden_of_movie(torch.cat(of_movie, dim=1))
        hidden = F.dropout(F.relu(hidden), self.config.dropout, self.training)
        offset, precision, class_logits = self.out(F.relu(self.last(hidden))).split([1, 1, len(self.values)], dim=1)
        distance = self.values - targets.backbone.unsqueeze(1) - offset
        # softplus(0.25) = 0.83 is 1 / (2 * 0.78^2): the network begins with a deviation of 0.78 stars, about what the
        # backbone errs by on ML-1M, so that learning need not find the scale first.
        return F.log_softmax(class_logits - F.softplus(precision + 0.25) * distance.square(), dim=1)

    def mean(self, log_probabilities: Tensor) -> Tensor:
        """Predicted ratings: (N, V) -> (N,)."""
        return log_probabilities.exp() @ self.values
