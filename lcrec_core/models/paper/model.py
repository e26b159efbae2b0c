"""The paper's trained network: it predicts given ratings, or a whole catalogue, from fixed histories."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import Encoded, encode_profile, histories_of
from lcrec_core.data.profile import Profile
from lcrec_core.models.contract import Prediction
from lcrec_core.models.layers import Planned, check_features, check_tensors, movie_tensors
from lcrec_core.models.paper.batches import Pass, groups_of_equal_length, liked_history
from lcrec_core.models.paper.config import NetworkConfig
from lcrec_core.models.paper.network import PaperNetwork
from lcrec_core.models.queries import LastQueries

PEOPLE_AT_ONCE, RATINGS_AT_ONCE = 256, 65_536
"""What one call of the network holds: a few tens of megabytes."""


@dataclass(frozen=True, eq=False)
class Queries:
    """Ratings to predict: histories of some people, and which movie of which of them is asked for."""

    people: np.ndarray
    """int64 (B,): rows of `Encoded.people`."""
    histories: list[np.ndarray]
    """B arrays of catalogue positions in time order."""
    target_person: np.ndarray
    """int64 (N,): position in `people`."""
    target_movie: np.ndarray
    """int64 (N,): catalogue position."""
    ratings: np.ndarray
    """float32 (N,): the answers, never shown to a network."""


def queries_of_rows(data: Dataset, encoded: Encoded, rows: np.ndarray, network: PaperNetwork) -> Queries:
    """Ask for held-out ratings: everybody's history is all that the encoding was fitted on, and no more.

    Args:
        data: The data set the rows belong to.
        encoded: Encoding fitted without `rows`.
        rows: Row numbers of `data.ratings`, such as the test part.
        network: Its settings say what of a history it reads.
    """
    asked = data.ratings.iloc[rows]
    row_of_person = data.user_rows(asked[Col.USER])
    people, target_person = np.unique(row_of_person, return_inverse=True)
    config = network.config
    return Queries(
        people=people,
        histories=[liked_history(encoded.histories, p, config.liked_from, config.max_history) for p in people],
        target_person=target_person,
        target_movie=data.movie_rows(asked[Col.MOVIE]),
        ratings=asked[Col.RATING].to_numpy(np.float32),
    )


def queries_of_tasks(encoded: Encoded, plan: Pass, tasks: np.ndarray, network: PaperNetwork) -> Queries:
    """Ask for hidden portions of the training part, each from the history without it: the training error."""
    histories, config = encoded.histories, network.config
    shown, hidden = [], []
    for task in tasks:
        person = plan.task_person[task]
        own = slice(histories.offsets[person], histories.offsets[person + 1])
        visible = (plan.task_of_rating[own] != task) & (histories.ratings[own] >= config.liked_from)
        shown.append(histories.movies[own][visible][-config.max_history :])
        hidden.append(plan.hidden[plan.task_offsets[task] : plan.task_offsets[task + 1]])
    targets = np.concatenate(hidden)
    return Queries(
        people=plan.task_person[tasks],
        histories=shown,
        target_person=np.repeat(np.arange(len(tasks)), [len(h) for h in hidden]),
        target_movie=histories.movies[targets],
        ratings=histories.ratings[targets],
    )


@torch.inference_mode()
def catalogue_features(network: PaperNetwork, encoded: Encoded) -> Tensor:
    """M_f of the whole catalogue, (M, D); dropout off."""
    network.eval()
    device = next(network.parameters()).device
    return network.movie_features(*movie_tensors(encoded.movies, device))


@torch.inference_mode()
def predict(network: PaperNetwork, encoded: Encoded, queries: Queries, features: Tensor) -> np.ndarray:
    """Predicted ratings float32 (N,), not clipped to the scale; dropout off.

    Args:
        network: Any.
        encoded: The people's fields.
        queries: What is asked.
        features: M_f of the whole catalogue (M, D).
    """
    network.eval()
    users = torch.empty(len(queries.people), network.config.feature_size, device=features.device)
    lengths = np.array([len(history) for history in queries.histories])
    for group in groups_of_equal_length(lengths, PEOPLE_AT_ONCE):
        history = torch.from_numpy(np.stack([queries.histories[i] for i in group])).to(features.device)
        fields = torch.from_numpy(encoded.people[queries.people[group]]).to(features.device)
        users[torch.from_numpy(group).to(features.device)] = network.user_features(
            fields, F.embedding(history, features)
        )
    predicted = torch.empty(len(queries.ratings), device=features.device)
    for start in range(0, len(predicted), RATINGS_AT_ONCE):
        part = slice(start, start + RATINGS_AT_ONCE)
        person = torch.from_numpy(queries.target_person[part]).to(features.device)
        movie = torch.from_numpy(queries.target_movie[part]).to(features.device)
        predicted[part] = network.rating(users[person], features[movie])
    return predicted.cpu().numpy()


class PaperModel:
    """The paper's network, or half of it, ready to answer; see `contract.Model`."""

    def __init__(
        self,
        network: PaperNetwork,
        data: Dataset,
        encoded: Encoded,
        *,
        features: Tensor | None = None,
        asked: LastQueries[Queries] | None = None,
    ) -> None:
        self.network, self.data, self.encoded = network.eval(), data, encoded
        self._features = features
        self._asked: LastQueries[Queries] = asked or LastQueries()

    @cached_property
    def features(self) -> Tensor:
        """M_f of every movie (M, D), on the network's device."""
        return catalogue_features(self.network, self.encoded) if self._features is None else self._features

    @cached_property
    def _movie_half(self) -> Tensor:
        with torch.inference_mode():
            return self.network.movie_half(self.features)  # (M, D + factors)

    @property
    def device(self) -> str:
        """See `Model`."""
        return self.features.device.type

    @property
    def parameters(self) -> int:
        """See `Model`."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    @property
    def item_features(self) -> np.ndarray:
        """See `Model`."""
        return self.features.cpu().numpy()

    def rows(self, rows: np.ndarray, *, context: np.ndarray | None = None, use_future: bool = True) -> Prediction:
        """See `Model`. The network knows no times: `use_future` changes nothing."""
        encoded = self.encoded
        if context is None:
            queries = self._asked.of(rows, lambda: queries_of_rows(self.data, encoded, rows, self.network))
        else:
            encoded = replace(encoded, histories=histories_of(self.data.ratings.iloc[context], self.data))
            queries = queries_of_rows(self.data, encoded, rows, self.network)
        return Prediction.of_ratings(predict(self.network, encoded, queries, self.features))

    @torch.inference_mode()
    def catalogue(self, profile: Profile) -> Prediction:
        """See `Model`."""
        fields, liked = self.reads(profile)
        history = self.features[torch.from_numpy(liked).to(self.features.device)].unsqueeze(0)  # (1, T, D)
        user = self.network.user_features(fields, history)  # (1, D)
        return Prediction.of_ratings(self.network.rating_from_halves(user, self._movie_half).cpu().numpy())

    def reads(self, profile: Profile) -> tuple[Tensor, np.ndarray]:
        """What the network reads of somebody: encoded fields int64 (1, 4); the last movies they liked, int64 (T,)."""
        config = self.network.config
        known, movies = self.data.known_movies(profile.movie_ids)
        liked = movies[profile.ratings[known] >= config.liked_from][-config.max_history :]
        # A model that was just fitted may be on the GPU.
        fields = torch.from_numpy(encode_profile(profile, self.encoded.vocabularies)).to(self.features.device)
        return fields.unsqueeze(0), liked

    def tensors(self) -> dict[str, np.ndarray]:
        """See `Model`."""
        return {name: tensor.cpu().numpy() for name, tensor in self.network.state_dict().items()}


def opened(
    tensors: Mapping[str, np.ndarray],
    item_features: np.ndarray | None,
    config: NetworkConfig,
    data: Dataset,
    encoded: Encoded,
) -> PaperModel:
    """The model of saved tensors; see `contract.Family.load`."""
    sizes = encoded.vocabularies.sizes()
    with Planned():
        check_tensors(tensors, PaperNetwork(config, sizes))
    features = check_features(item_features, len(encoded.movies.ids), config.feature_size)
    network = PaperNetwork(config, sizes)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    return PaperModel(network.requires_grad_(False), data, encoded, features=features)
