"""Predict given ratings from fixed histories, and sum the errors: MSE (equation 10), MAE (equation 11)."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lcrec_core.data.dataset import Col, Dataset, RatingScale
from lcrec_core.data.encode import Encoded
from lcrec_core.models.paper.batches import Pass, groups_of_equal_length, liked_history, movie_tensors
from lcrec_core.models.paper.network import PaperNetwork

PEOPLE_AT_ONCE = 256


@dataclass(frozen=True)
class Errors:
    """Sums of errors, divided once."""

    squared: float
    absolute: float
    count: int

    @classmethod
    def of(cls, predicted: np.ndarray, actual: np.ndarray) -> "Errors":
        """Errors of predictions (N,) against ratings (N,), summed in float64."""
        difference = predicted.astype(np.float64) - actual.astype(np.float64)
        return cls(float(np.square(difference).sum()), float(np.abs(difference).sum()), len(difference))

    @property
    def mse(self) -> float:
        """Mean squared error (equation 10)."""
        return self.squared / self.count

    @property
    def rmse(self) -> float:
        """Root of the mean squared error, of the whole and not of batches."""
        return self.mse**0.5

    @property
    def mae(self) -> float:
        """Mean absolute error (equation 11)."""
        return self.absolute / self.count


@dataclass(frozen=True, eq=False)
class Question:
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


def question_of_rows(data: Dataset, encoded: Encoded, rows: np.ndarray, network: PaperNetwork) -> Question:
    """Ask for held-out ratings: everybody's history is all that the encoding was fitted on, and no more.

    Args:
        data: The data set the rows belong to.
        encoded: Encoding fitted without `rows`.
        rows: Row numbers of `data.ratings`, such as the test part.
        network: Its settings say what of a history it reads.
    """
    asked = data.ratings.iloc[rows]
    row_of_person = np.searchsorted(data.users[Col.USER].to_numpy(), asked[Col.USER].to_numpy())
    people, target_person = np.unique(row_of_person, return_inverse=True)
    config = network.config
    return Question(
        people=people,
        histories=[liked_history(encoded.histories, p, config.liked_from, config.max_history) for p in people],
        target_person=target_person,
        target_movie=np.searchsorted(data.movies[Col.MOVIE].to_numpy(), asked[Col.MOVIE].to_numpy()),
        ratings=asked[Col.RATING].to_numpy(np.float32),
    )


def question_of_tasks(encoded: Encoded, plan: Pass, tasks: np.ndarray, network: PaperNetwork) -> Question:
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
    return Question(
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
def answer(
    network: PaperNetwork, encoded: Encoded, question: Question, scale: RatingScale, features: Tensor | None = None
) -> np.ndarray:
    """Predicted ratings (N,) float32, clipped to the scale, dropout off."""
    network.eval()
    if features is None:
        features = catalogue_features(network, encoded)
    users = torch.empty(len(question.people), network.config.feature_size, device=features.device)
    lengths = np.array([len(history) for history in question.histories])
    for group in groups_of_equal_length(lengths, PEOPLE_AT_ONCE):
        history = torch.from_numpy(np.stack([question.histories[i] for i in group])).to(features.device)
        fields = torch.from_numpy(encoded.people[question.people[group]]).to(features.device)
        users[torch.from_numpy(group).to(features.device)] = network.user_features(
            fields, F.embedding(history, features)
        )
    predicted = torch.empty(len(question.ratings), device=features.device)
    for start in range(0, len(predicted), 65_536):
        part = slice(start, start + 65_536)
        person = torch.from_numpy(question.target_person[part]).to(features.device)
        movie = torch.from_numpy(question.target_movie[part]).to(features.device)
        predicted[part] = network.rating(users[person], features[movie])
    return scale.clip(predicted.cpu().numpy()).astype(np.float32)
