"""The trained pick network with the ratings that it was fitted on, ready to answer."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded, encode_profile
from lcrec_core.data.profile import Profile
from lcrec_core.models.contract import Prediction
from lcrec_core.models.layers import Planned, check_tensors
from lcrec_core.models.pick.config import NetworkConfig
from lcrec_core.models.pick.network import PickNetwork, embedding_and_bias
from lcrec_core.models.pick.sequences import (
    FIELDS,
    History,
    People,
    Window,
    events_of,
    history_of,
    of_similar_length,
    window_start,
)
from lcrec_core.models.queries import moments_of

EVENTS_AT_ONCE, LOGITS_AT_ONCE = 16_384, 16_000_000
"""What one call of the network holds: some tens of megabytes."""


class PickModel:
    """See `contract.Model`. A score is the logarithm of the probability that the movie is picked next."""

    item_features = None
    device = "cpu"

    def __init__(self, network: PickNetwork, data: Dataset, encoded: Encoded) -> None:
        self.network, self.data, self.encoded = network.eval(), data, encoded

    @property
    def parameters(self) -> int:
        """See `Model`."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def tensors(self) -> dict[str, np.ndarray]:
        """See `Model`."""
        return {name: value.numpy() for name, value in self.network.state_dict().items()}

    def catalogue(self, profile: Profile) -> Prediction:
        """See `Model`."""
        return Prediction(self.catalogues([profile])[0])

    @torch.inference_mode()
    def catalogues(self, profiles: Sequence[Profile]) -> np.ndarray:
        """Log-probabilities of every movie for each of some people, float32 (P, M), read side by side."""
        return torch.log_softmax(self.network.logits(self._tastes_of(profiles)), dim=1).numpy()

    @torch.inference_mode()
    def movies(self, profiles: Sequence[Profile], positions: np.ndarray) -> Prediction:
        """See `queries.of_movies`: everybody is read side by side."""
        tastes = self._tastes_of(profiles)
        chosen = self.network.logits(tastes, torch.from_numpy(positions))
        return Prediction((chosen - self._log_sums(tastes)[:, None]).ravel().numpy())

    @torch.inference_mode()
    def rows(self, rows: np.ndarray, *, context: np.ndarray | None = None, use_future: bool = True) -> Prediction:
        """See `Model`. What somebody rated later is never read: a list is made before it."""
        moments = moments_of(self.data, self.encoded, rows, context)
        everybody, person_of = np.unique(moments.people, return_inverse=True)
        people = People(moments.histories, self.encoded, self.data.scale)
        tastes = self._tastes([people.of(person) for person in everybody], person_of, moments.counts)
        normaliser = self._log_sums(tastes)
        scores = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), EVENTS_AT_ONCE):
            part = slice(start, start + EVENTS_AT_ONCE)
            moment = torch.from_numpy(moments.of_row[part])
            target = embedding_and_bias(self.network, torch.from_numpy(moments.movies[part]))
            chosen = (tastes[moment] * target[:, :-1]).sum(dim=1) + target[:, -1]
            scores[part] = (chosen - normaliser[moment]).numpy()
        return Prediction(scores)

    def _log_sums(self, tastes: Tensor) -> Tensor:
        """Logarithm of what a softmax over the catalogue divides by: (N, E) -> (N,)."""
        at_once = max(1, LOGITS_AT_ONCE // len(self.network.popularity))
        return torch.cat([self.network.logits(part).logsumexp(dim=1) for part in tastes.split(at_once)])

    def _tastes_of(self, profiles: Sequence[Profile]) -> Tensor:
        """Tastes (P, E) of people after their last rating."""
        histories = [self._history_of(profile) for profile in profiles]
        moments = np.array([len(history.movies) for history in histories])
        return self._tastes(histories, np.arange(len(moments)), moments)

    @torch.inference_mode()
    def _tastes(self, histories: Sequence[History], people: np.ndarray, moments: np.ndarray) -> Tensor:
        """Tastes (N, E) of people after so many of their ratings; moments of one window share one reading.

        Args:
            histories: Of some people.
            people: int64 (N,), positions among them.
            moments: int64 (N,), how many ratings have been read.
        """
        starts = np.array([window_start(count, self.network.longest) for count in moments], dtype=np.int64)
        windows, window_of = np.unique(np.stack([people, starts], axis=1), axis=0, return_inverse=True)
        stops = np.zeros(len(windows), dtype=np.int64)
        np.maximum.at(stops, window_of, moments)
        tastes = torch.empty(len(moments), self.network.movies.embedding_dim)
        by_window = np.argsort(window_of, kind="stable")
        first = np.searchsorted(window_of[by_window], np.arange(len(windows) + 1))
        for group in of_similar_length(stops - windows[:, 1], EVENTS_AT_ONCE):
            parts = zip(windows[group], stops[group], strict=True)
            read = self.network(events_of([Window(histories[person], start, stop) for (person, start), stop in parts]))
            for row, window in enumerate(group):
                which = by_window[first[window] : first[window + 1]]
                tastes[torch.from_numpy(which)] = read[row, torch.from_numpy(moments[which] - windows[window, 1])]
        return tastes

    def _history_of(self, profile: Profile) -> History:
        known, movies = self.data.known_movies(profile.movie_ids)
        fields = encode_profile(profile, self.encoded.vocabularies)[FIELDS]
        return history_of(movies, profile.ratings[known], profile.timestamps[known], fields, self.data.scale)


def empty_network(config: NetworkConfig, data: Dataset, encoded: Encoded) -> PickNetwork:
    """One that has learnt nothing, of the sizes that the data have."""
    sizes = list(encoded.vocabularies.sizes().values())[FIELDS]
    return PickNetwork(config, len(data.movies), len(data.scale.values), sizes)


def opened(tensors: Mapping[str, np.ndarray], config: NetworkConfig, data: Dataset, encoded: Encoded) -> PickModel:
    """The model that `PickModel.tensors` took apart; see `contract.Family.load`."""
    with Planned():
        network = empty_network(config, data, encoded)
    check_tensors(tensors, network)
    network.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in tensors.items()}, assign=True)
    return PickModel(network, data, encoded)
