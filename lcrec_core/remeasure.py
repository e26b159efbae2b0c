"""Measure a bundle again: the same split, the same histories, the weights alone."""

import numpy as np
import torch

from lcrec_core import lcrec, networks
from lcrec_core.artifacts import LoadedBundle, artifacts_root
from lcrec_core.dataset import Col, Dataset
from lcrec_core.encode import encode_cached
from lcrec_core.evaluate import Errors, answer, question_of_rows
from lcrec_core.recommender import Recommender
from lcrec_core.split import make_split


def measure_again(bundle: LoadedBundle, data: Dataset) -> Errors:
    """Errors on the bundle's test part.

    Raises:
        BundleError: The data, or this version's encoding of it, is not what the bundle was trained on.
    """
    settings = bundle.config["train"]
    test = make_split(data, settings["protocol"], settings["seed"]).test
    return Errors.of(answers(bundle, data, test), data.ratings[Col.RATING].to_numpy()[test])


def answers(bundle: LoadedBundle, data: Dataset, rows: np.ndarray) -> np.ndarray:
    """Predicted ratings (N,) of rows of `data.ratings`; the cached movie features are not used.

    Raises:
        BundleError: As above.
    """
    Recommender(bundle, data)  # for its checks
    settings = bundle.config["train"]
    split = make_split(data, settings["protocol"], settings["seed"])
    encoded = encode_cached(data, split.fitting, artifacts_root() / ".cache")
    if bundle.model == networks.LCREC:
        return lcrec.answer_rows(data, lcrec.from_bundle(bundle, data, encoded), rows).rating
    network = networks.build(bundle.model, bundle.config["model"], encoded.vocabularies.sizes())
    network.load_state_dict({name: torch.from_numpy(value) for name, value in bundle.weights.items()})
    return answer(network, encoded, question_of_rows(data, encoded, rows, network), data.scale)
