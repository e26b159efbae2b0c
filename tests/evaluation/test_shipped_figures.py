"""What the repository says it measured on MovieLens, measured again where the data are."""

import re

import pytest

from lcrec_core.data.split import Protocol
from lcrec_core.evaluation.compare import frozen_split
from lcrec_core.evaluation.measure import measure_again
from lcrec_core.evaluation.results import results_folder
from lcrec_core.models.bundles import load_bundle, resolve
from lcrec_core.sources import datasets


@pytest.mark.real_data("ml-1m")
def test_lcrec_of_movielens_1m_errs_on_the_test_part_as_its_bundle_says():
    assert resolve("ml-1m") == "ml-1m/lcrec"
    bundle = load_bundle("ml-1m/lcrec")
    errors = measure_again(bundle, datasets.load("ml-1m"))
    assert errors.count == bundle.metrics["test_ratings"]
    assert errors.mse == pytest.approx(bundle.metrics["test_mse"], abs=2e-4)
    assert errors.mae == pytest.approx(bundle.metrics["test_mae"], abs=2e-4)


@pytest.mark.real_data("ml-1m", "ml-100k")
@pytest.mark.parametrize("name", ["ml-1m", "ml-100k"])
def test_the_kept_parts_are_those_that_are_drawn_now(name):
    data = datasets.load(name)
    checked = 0
    for protocol in Protocol:
        for path in results_folder(name, protocol).glob("split-seed*.safetensors"):
            seed = int(re.fullmatch(r"split-seed(\d+)", path.stem).group(1))
            frozen_split(data, protocol, seed)
            checked += 1
    assert checked
