"""Measure a bundle again: the same split, the same histories, the weights alone."""

from dataclasses import dataclass, replace

import numpy as np

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import encode_cached, histories_of
from lcrec_core.data.split import make_split
from lcrec_core.models import registry as networks
from lcrec_core.models.bundle import LoadedBundle, artifacts_root
from lcrec_core.models.contract import lcrec_model, paper_network
from lcrec_core.models.lcrec import model as lcrec
from lcrec_core.models.paper import model as evaluate
from lcrec_core.models.paper.model import Errors, question_of_rows
from lcrec_core.serving.recommender import Recommender


def measure_again(bundle: LoadedBundle, data: Dataset) -> Errors:
    """Errors on the bundle's test part.

    Raises:
        BundleError: The data, or this version's encoding of it, is not what the bundle was trained on.
    """
    settings = bundle.config["train"]
    test = make_split(data, settings["protocol"], settings["seed"]).test
    return Errors.of(answers(bundle, data, test).ratings, data.ratings[Col.RATING].to_numpy()[test])


@dataclass(frozen=True, eq=False)
class Answers:
    """What a bundle says of N rows of its data set."""

    ratings: np.ndarray
    """float32 (N,), not clipped to the scale."""
    probabilities: np.ndarray | None
    """float32 (N, V), of the scale's values, where the model has them."""


def answers(bundle: LoadedBundle, data: Dataset, rows: np.ndarray, given: np.ndarray | None = None) -> Answers:
    """Predict rows of `data.ratings`; the cached movie features are not used.

    Args:
        bundle: The model.
        data: Its data set.
        rows: int64 (N,), what is asked.
        given: Rows that are read as the histories instead of what the bundle was trained on: of people who are new.

    Raises:
        BundleError: As above.
    """
    Recommender(bundle, data)  # for its checks
    settings = bundle.config["train"]
    split = make_split(data, settings["protocol"], settings["seed"])
    encoded = encode_cached(data, split.fitting, artifacts_root() / ".cache")
    if given is not None:
        encoded = replace(encoded, histories=histories_of(data.ratings.iloc[given], data))
    if bundle.model == networks.LCREC:
        answer = lcrec.answer_rows(data, lcrec_model(bundle, data, encoded), rows, later=given is None)
        return Answers(answer.rating, answer.probabilities)
    network = paper_network(bundle, encoded)
    question = question_of_rows(data, encoded, rows, network)
    return Answers(evaluate.answer(network, encoded, question, data.scale), None)
