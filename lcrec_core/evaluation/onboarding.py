"""Measure which movies to ask somebody new about first, by people whose answers are known.

`python -m lcrec_core onboarding` asks everybody of the protocol `new-people`'s test part about movies in one order,
until they have answered 5, 10 and 15 times: with the rating that they did give, and by passing over what they did not
rate. What they rated besides is then predicted and looked for in their default list. All orders are held against the
same people: those who can give so many answers in each of them.

The orders use the training ratings alone. `artifacts/<data>/onboarding.json` keeps what was measured.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import histories_of
from lcrec_core.data.profile import Profile
from lcrec_core.data.split import Protocol
from lcrec_core.evaluation.compare import frozen_split, trained
from lcrec_core.evaluation.results import ResultError, read_whole
from lcrec_core.files import artifacts_root, write_whole
from lcrec_core.machine import environment, one_thread
from lcrec_core.metrics import ranking
from lcrec_core.models import registry
from lcrec_core.models.contract import Model
from lcrec_core.serving.catalogue import Catalogue
from lcrec_core.serving.explain import unit_vectors
from lcrec_core.serving.onboarding import telling_order

ANSWERS = (5, 10, 15)
LONGEST = 300
"""Questions that an order has."""

Log = Callable[[str], None]


@dataclass(frozen=True)
class OrderResult:
    """One order of questions, after so many answers."""

    order: str
    answers: int
    people: int
    """Who can give so many answers in every order."""
    questions: float
    """Movies asked about until then, mean."""
    mse: float
    """Of the predicted ratings of what each rated besides, mean over people."""
    ndcg_10: float
    """Of the default list, mean over those who liked something besides."""


@dataclass(frozen=True)
class Onboarding:
    """All orders of one data set."""

    data: str
    model: str
    seed: int
    settings: str
    environment: dict[str, object]
    orders: tuple[OrderResult, ...]


def path_of(data_name: str, root: Path | None = None) -> Path:
    """Where a data set's figures are kept."""
    return (root or artifacts_root()) / data_name / "onboarding.json"


def read(data_name: str, root: Path | None = None) -> Onboarding | None:
    """What was measured; None where nothing was.

    Raises:
        ResultError: The file cannot be used.
    """
    path = path_of(data_name, root)
    return read_whole(path, Onboarding) if path.exists() else None


def run(data: Dataset, seed: int, log: Log = lambda line: None) -> Onboarding:
    """Train the default list's model without 500 people, ask them, and keep what was found.

    Raises:
        TrainingError: The training failed.
        ResultError: A saved file cannot be used, or nobody has enough ratings.
    """
    family, split = registry.FOR_YOU, frozen_split(data, Protocol.NEW_PEOPLE, seed)
    log(f"{family.name}, seed {seed}: training on {len(split.fitting):,} ratings")
    model, _ = trained(data, split, family, split.fitting)
    known = replace(data, ratings=data.ratings.iloc[split.fitting].reset_index(drop=True))
    people = _people(data, split.test)
    with one_thread():
        results = _measured(data, model, orders(known, model), people, log)
    found = Onboarding(
        data.name, family.name, seed, family.settings(data.name), environment(gpu=model.device == "cuda"), results
    )
    write_whole(path_of(data.name), json.dumps(asdict(found), indent=1) + "\n")
    return found


def orders(known: Dataset, model: Model) -> dict[str, np.ndarray]:
    """Catalogue positions to ask about, by the order's name.

    Args:
        known: The data set with the training ratings alone.
        model: Trained on those.
    """
    catalogue = Catalogue(known)
    most_rated = np.argsort(-catalogue.num_ratings, kind="stable")
    features = model.item_features
    directions = None if features is None else unit_vectors(features)
    return {
        "most rated": most_rated[catalogue.stands_for_film[most_rated]][:LONGEST],
        "most rated, genres mixed": known.movie_rows(catalogue.suggestions(Profile.of(), LONGEST)),
        "most telling": telling_order(catalogue, directions, LONGEST),
    }


@dataclass(frozen=True, eq=False)
class _Person:
    fields: dict[str, str | int | None]
    given: dict[int, float]
    """Rating by catalogue position."""


def _people(data: Dataset, rows: np.ndarray) -> list[_Person]:
    histories = histories_of(data.ratings.iloc[rows], data)
    found = []
    for person in np.flatnonzero(np.diff(histories.offsets)):
        own = slice(*histories.offsets[person : person + 2])
        user = data.users.iloc[person]
        fields = {
            str(name): None if pd.isna(user[name]) else user[name] for name in (Col.GENDER, Col.AGE, Col.OCCUPATION)
        }
        given = dict(zip(histories.movies[own].tolist(), histories.ratings[own].tolist(), strict=True))
        found.append(_Person(fields, given))
    return found


def _measured(
    data: Dataset, model: Model, asked: dict[str, np.ndarray], people: list[_Person], log: Log
) -> tuple[OrderResult, ...]:
    results = []
    for count in ANSWERS:
        enough = [
            person for person in people if all(sum(i in person.given for i in of) >= count for of in asked.values())
        ]
        if not enough:
            raise ResultError(f"{data.name}: nobody can give {count} answers")
        for name, order in asked.items():
            result = _of_order(data, model, name, order, count, enough)
            log(
                f"{name}, {count} answers: {result.questions:.0f} questions, MSE {result.mse:.4f}, "
                f"NDCG@10 {result.ndcg_10:.4f} over {result.people:,} people"
            )
            results.append(result)
    return tuple(results)


def _of_order(
    data: Dataset, model: Model, name: str, order: np.ndarray, count: int, people: list[_Person]
) -> OrderResult:
    ids, questions, errors, quality = data.movies[Col.MOVIE].to_numpy(np.int64), [], [], []
    everything = np.arange(len(ids))
    for person in people:
        answered = np.flatnonzero([i in person.given for i in order.tolist()])[:count]
        questions.append(int(answered[-1]) + 1)
        known = order[answered].tolist()
        answers = [(int(ids[i]), person.given[i], when) for when, i in enumerate(known)]
        answer = model.catalogue(Profile.of(answers, **person.fields))  # type: ignore[arg-type]
        rest = np.array([i for i in person.given if i not in known], dtype=np.int64)
        if not len(rest):
            continue
        actual = np.array([person.given[i] for i in rest.tolist()], dtype=np.float32)
        assert answer.ratings is not None
        errors.append(float(np.square(data.scale.clip(answer.ratings[rest]) - actual).mean()))
        liked = rest[actual >= data.scale.like_threshold]
        if len(liked):
            best = ranking.best(answer.scores, np.setdiff1d(everything, known), 10)
            quality.append(float(ranking.ndcg(np.isin(best, liked)[None], np.array([len(liked)]), 10)[0]))
    return OrderResult(
        name,
        count,
        len(people),
        round(float(np.mean(questions)), 1),
        round(float(np.mean(errors)), 4),
        round(float(np.mean(quality)), 4) if quality else 0.0,
    )
