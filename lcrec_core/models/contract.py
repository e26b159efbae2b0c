"""The one contract of all models: what a family can do, what a trained model answers, and how a fit reports.

A family is a folder beside this file and a line in `registry.py`. It may predict ratings, how likely each rating is,
only a score that a list is sorted by, or all of them. Everything else (training runs, comparisons, the recommender, the
pages) speaks to it through these types and never by its name.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.data.profile import Profile
from lcrec_core.data.split import Protocol as Protocols
from lcrec_core.metrics.rating import Errors
from lcrec_core.models.settings import configured


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of N ratings, or of N movies for one person."""

    scores: np.ndarray
    """float32 (N,), what a list is sorted by, best highest; the rating, where the family predicts ratings."""
    ratings: np.ndarray | None = None
    """float32 (N,), not clipped to the scale; None of a model that only ranks. A score of its own may stand beside."""
    probabilities: np.ndarray | None = None
    """float32 (N, V), how likely each of the scale's values is; None of a model that gives ratings alone."""

    @classmethod
    def of_ratings(cls, ratings: np.ndarray, probabilities: np.ndarray | None = None) -> "Prediction":
        """Of a model whose lists are sorted by the rating."""
        return cls(ratings, ratings, probabilities)

    def in_order(self, rows: np.ndarray) -> "Prediction":
        """The same with entry `rows[i]` at place i: int64 (N,)."""
        ratings, probabilities = (None if part is None else part[rows] for part in (self.ratings, self.probabilities))
        return Prediction(self.scores[rows], ratings, probabilities)


class Model(Protocol):
    """A trained model. No method changes it, so that sessions and threads may share it."""

    @property
    def parameters(self) -> int:
        """How many numbers were learnt."""
        ...

    @property
    def device(self) -> str:
        """Where it computes: cpu or cuda."""
        ...

    @property
    def item_features(self) -> np.ndarray | None:
        """float32 (M, D), for neighbours and reasons; None where the model has no such thing."""
        ...

    def rows(self, rows: np.ndarray, *, context: np.ndarray | None = None, use_future: bool = True) -> Prediction:
        """Predict rows of the data set's ratings, whose own ratings are never read.

        Args:
            rows: int64 (N,), none of them among the ratings that are read.
            context: Rows that are read as people's histories instead of those the model was fitted on: of people who
                are new. Only of a family that folds new users in.
            use_future: Whether a person's ratings after a row's time may be read.
        """
        ...

    def catalogue(self, profile: Profile) -> Prediction:
        """Predict every movie of the data set, in its order, for one person, known or new, after their last rating."""
        ...

    def tensors(self) -> dict[str, np.ndarray]:
        """Everything learnt, for a bundle's file."""
        ...


@dataclass(frozen=True)
class Variant:
    """A family without something, for an ablation."""

    name: str
    what: str
    """In words, as the table says it."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings that differ from the default."""
    share: float = 1.0
    """Of the training ratings that are used."""
    without_future: bool = False
    """Measured once more, not told what a person rated after the target's time."""


@dataclass(frozen=True, eq=False)
class Step:
    """How far a fit is, reported after every step, and once before the first where errors are drawn there."""

    done: int
    total: int
    ratings: int
    """Predicted and learnt from so far."""
    evaluate: bool
    """Whether the errors are to be drawn here."""
    model: Model
    """As it would be kept now."""
    training_errors: Callable[[], Errors] | None
    """Errors on a sample of the training ratings, each hidden from what predicts it, dropout off; None of a model that
    only ranks."""
    keep: Callable[[], None] = lambda: None
    """Keeps what the fit would go on from, with `Watch.so_far`. The watch calls it once the errors are drawn, before
    it tells anybody, so that a run can be resumed from every point that it was seen to reach."""
    before: float = 0.0
    """Share of the fit's whole cost that lies before its first step, 0 to 1."""

    @property
    def share(self) -> float:
        """Of the fit's whole cost that is done, 0 to 1."""
        return self.before + (1 - self.before) * self.done / max(1, self.total)


@dataclass(frozen=True)
class SoFar:
    """Of a run: its curve, and its time."""

    history: list[dict[str, float]] = field(default_factory=list)
    train_seconds: float = 0.0
    evaluate_seconds: float = 0.0


class Watch(Protocol):
    """What the run that owns a fit is told, and keeps for it."""

    def note(self, text: str, share: float | None = None) -> None:
        """What goes on before the first step, where that takes long, and how much of the fit's whole cost is done."""
        ...

    def step(self, step: Step) -> None:
        """A step is done; where errors are drawn, `Step.keep` is called."""
        ...

    def skip(self, seconds: float) -> None:
        """An earlier run of the same settings had already spent these seconds on what this one takes over."""
        ...

    def so_far(self) -> SoFar:
        """What is known of the run so far: a fit that can be resumed keeps it with its checkpoint."""
        ...

    def go_on(self, so_far: SoFar) -> None:
        """Go on from there."""
        ...


class Silent:
    """A `Watch` that nobody reads."""

    def note(self, text: str, share: float | None = None) -> None:
        """Nothing."""

    def step(self, step: Step) -> None:
        """Nothing is drawn, and all the same it is kept."""
        if step.evaluate:
            step.keep()

    def skip(self, seconds: float) -> None:
        """Nothing."""

    def so_far(self) -> SoFar:
        """Nothing."""
        return SoFar()

    def go_on(self, so_far: SoFar) -> None:
        """Nothing."""


@dataclass(frozen=True, kw_only=True)
class Family(ABC):
    """Models of one kind, trained and opened in one way. Importing one brings no torch; `fit` and `load` do."""

    name: str
    """On the command line, in bundles and results."""
    label: str
    """For people."""
    config: type
    """A frozen dataclass, see `settings.Config`."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Settings that make the family what it is, whatever a config says."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Its own names of settings that Table VI has under another, such as the batch size."""
    by_protocol: Mapping[Protocols, Mapping[str, Any]] = field(default_factory=dict)
    """Settings that were chosen on the validation part of a protocol, where they differ from the default."""
    parts: Mapping[str, "Family"] = field(default_factory=dict)
    """Families whose models this one puts together, see `combine`, by what they tell."""
    variants: tuple[Variant, ...] = ()
    """What an ablation measures; the first is the whole."""
    predicts_ratings: bool = True
    """Otherwise a score that lists are sorted by, and no error of ratings is measured."""
    makes_lists: bool = False
    """Whether it is compared by its lists, too: those of a family that predicts ratings are sorted by them."""
    folds_in_new_users: bool = False
    """Whether somebody who was not there in training gets answers of their own without training again."""
    personal: bool = True
    """Whether what it says depends on who asks; otherwise everybody gets one and the same list."""
    trainable: bool = False
    """Whether a run may write a bundle of it; the others are there to compare with."""
    by_ranks: bool = False
    """Whether the processes of torchrun may share a fit, see `ranks`."""
    landmark: bool = False
    """Shown at first where a chart has no room for all."""
    slow: bool = False
    """Trained again for new people of one number of given ratings only."""
    one_seed: bool = False
    """Compared by one seed: it stands beside another of its kind, or a run takes over half an hour."""

    def default_config(self) -> Any:
        """What it is trained with unless told otherwise."""
        return configured(self.config(), **self.fixed)

    def config_of_part(self, part: str, config: Any) -> Any:
        """Settings of one of its parts, of this family's own."""
        return configured(self.parts[part].default_config(), seed=config.seed)

    def combine(self, models: Mapping[str, Model], data: Dataset, config: Any) -> Model:
        """A model of its parts' models, each fitted on the same ratings with `config_of_part`."""
        raise NotImplementedError(f"{self.name} has no parts")

    def check_memory(self, data: Dataset) -> None:  # noqa: B027 - most families need little
        """Refuse a data set that cannot be fitted here, before anything is done.

        Raises:
            TrainingError: The message says what it needs, what there is, and what works.
        """

    @abstractmethod
    def settings(self, data_name: str) -> str:
        """The default settings in words, as the comparison states them for a data set."""

    @abstractmethod
    def fit(self, data: Dataset, encoded: Encoded, config: Any, scratch: Path | None, watch: Watch) -> Model:
        """Train on the ratings that `encoded` was fitted on, and on nothing else.

        Args:
            data: Whose titles, years and scale may be read, and of its ratings those rows alone.
            encoded: Fitted on the training part.
            config: Of the family's own type.
            scratch: Folder for what a stopped run goes on from; None keeps nothing.
            watch: Told how far it is.

        Raises:
            TrainingError: It cannot be trained here, or the loss is no longer a number.
        """

    @abstractmethod
    def load(
        self,
        tensors: Mapping[str, np.ndarray],
        item_features: np.ndarray | None,
        config: Any,
        data: Dataset,
        encoded: Encoded,
    ) -> Model:
        """The model that `Model.tensors` and `Model.item_features` took apart.

        Raises:
            ValueError: The tensors are not of such a model.
        """
