"""Measure a saved bundle again: the same split, the same histories, the weights as they lie on disk."""

import torch

from lcrec_core import networks
from lcrec_core.artifacts import LoadedBundle, artifacts_root
from lcrec_core.dataset import Dataset
from lcrec_core.encode import encode_cached
from lcrec_core.evaluate import Errors, answer, question_of_rows
from lcrec_core.recommender import Recommender
from lcrec_core.split import make_split


def measure_again(bundle: LoadedBundle, data: Dataset) -> Errors:
    """Errors on the bundle's test part, from the weights alone: the cached movie features are not used.

    Raises:
        BundleError: The data, or this version's encoding of it, is not what the bundle was trained on.
    """
    Recommender(bundle, data)  # for its checks
    settings = bundle.config["train"]
    split = make_split(data, settings["protocol"], settings["seed"])
    encoded = encode_cached(data, split.fitting, artifacts_root() / ".cache")
    network = networks.build(bundle.model, bundle.config["model"], encoded.vocabularies.sizes())
    network.load_state_dict({name: torch.from_numpy(value) for name, value in bundle.weights.items()})
    question = question_of_rows(data, encoded, split.test, network)
    return Errors.of(answer(network, encoded, question, data.scale), question.ratings)
