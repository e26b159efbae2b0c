"""What the repository says it measured on MovieLens, measured again where the data are."""

import json
import re

import pytest

from lcrec_core.data.dataset import Col
from lcrec_core.data.split import Protocol
from lcrec_core.evaluation.compare import frozen_split
from lcrec_core.evaluation.measure import measure_again
from lcrec_core.evaluation.results import results_folder
from lcrec_core.files import artifacts_root
from lcrec_core.models.bundles import load_bundle, resolve
from lcrec_core.sources import datasets


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.real_data(name)) for name in ("ml-1m", "ml-latest-small")]
)
def test_lcrec_errs_on_the_test_part_as_its_bundle_says(name):
    assert resolve(name) == f"{name}/lcrec"
    bundle = load_bundle(f"{name}/lcrec")
    errors = measure_again(bundle, datasets.load(name))
    assert errors.count == bundle.metrics["test_ratings"]
    assert errors.mse == pytest.approx(bundle.metrics["test_mse"], abs=2e-4)
    assert errors.mae == pytest.approx(bundle.metrics["test_mae"], abs=2e-4)


@pytest.mark.real_data("ml-1m", "ml-latest-small")
@pytest.mark.parametrize("name", ["ml-1m", "ml-latest-small"])
def test_nothing_that_ships_of_real_data_holds_a_title(name):
    """Tensors hold numbers alone; everything that can hold words is read."""
    words = set()
    for path in (artifacts_root() / name).rglob("*"):
        if path.suffix == ".safetensors":
            content = path.read_bytes()
            length = int.from_bytes(content[:8], "little")
            tensors = json.loads(content[8 : 8 + length])
            words.add(" ".join(tensors))
            assert {about["dtype"] for about in tensors.values()} <= {"F32", "F64", "I8", "U8"}
            # Nothing follows the last tensor.
            assert max((about["data_offsets"][1] for about in tensors.values()), default=0) == len(content) - 8 - length
        elif path.is_file() and path.suffix != ".npy":
            words.add(path.read_text(encoding="utf-8"))
    said = "\n".join(words)
    # One word alone, such as a film named Next, may stand anywhere: with its year it is a title.
    assert [title for title in datasets.load(name).movies[Col.TITLE] if "(" in title and title in said] == []


@pytest.mark.real_data("ml-1m", "ml-100k", "ml-latest-small")
@pytest.mark.parametrize("name", ["ml-1m", "ml-100k", "ml-latest-small"])
def test_the_kept_parts_are_those_that_are_drawn_now(name):
    data = datasets.load(name)
    checked = 0
    for protocol in Protocol:
        for path in results_folder(name, protocol).glob("split-seed*.safetensors"):
            seed = int(re.fullmatch(r"split-seed(\d+)", path.stem).group(1))
            frozen_split(data, protocol, seed)
            checked += 1
    assert checked
