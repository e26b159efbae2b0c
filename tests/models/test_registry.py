"""Bundles edited by hand, with a manifest that fits: one clear error, and nothing is served."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.errors import BundleError
from lcrec_core.evaluation.measure import measure_again
from lcrec_core.models import registry
from lcrec_core.models.bundles import load_bundle
from lcrec_core.models.settings import configured
from lcrec_core.serving.recommender import Recommender
from lcrec_core.training.run import TrainRequest, train
from tests.made_up import made_up

SETTINGS = {
    "paper": {"epochs": 1, "batch_size": 64, "embedding_size": 4, "filters": 2, "feature_size": 8, "state_size": 6},
    "lcrec": {
        **{"epochs": 1, "folds": 2, "targets_per_step": 100},
        **{"factors": 2, "iterations": 6, "burn_in": 2, "samples": 2},
    },
}
MODELS = tuple(SETTINGS)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return made_up(people=20, films=40, ratings_each=20)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory) -> Path:
    """The folder of bundles, one of each model."""
    root = tmp_path_factory.mktemp("artifacts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCREC_ARTIFACTS", str(root))
        for name, settings in SETTINGS.items():
            family = registry.family(name)
            train(TrainRequest(data, family, configured(family.default_config(), **settings)))
    return root


@pytest.fixture
def root(trained, tmp_path, monkeypatch) -> Path:
    shutil.copytree(trained, tmp_path / "artifacts")
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path / "artifacts"))
    return tmp_path / "artifacts"


def seal_again(folder: Path, file: str) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest[file] = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def edit_config(folder: Path, part: str, **changes: object) -> None:
    described = json.loads((folder / "bundle.json").read_text())
    described["config"][part] |= changes
    (folder / "bundle.json").write_text(json.dumps(described))
    seal_again(folder, "bundle.json")


def edit_weights(folder: Path, edit: Callable[[dict[str, np.ndarray]], object], file: str = "weights") -> None:
    tensors = load_file(folder / f"{file}.safetensors")
    edit(tensors)
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, folder / f"{file}.safetensors")
    seal_again(folder, f"{file}.safetensors")


def refused(data: Dataset, name: str, said: str | None = None) -> None:
    for ask in (
        lambda: registry.load(load_bundle(name), data),
        lambda: Recommender.load(name, data),
        lambda: measure_again(load_bundle(name), data),
    ):
        with pytest.raises(BundleError, match=said) as caught:
            ask()
        assert "\n" not in str(caught.value)
        assert "python" not in caught.value.for_visitors
        assert str(caught.value.for_visitors).startswith(f"bundle {name}")


@pytest.mark.parametrize("model", MODELS)
def test_what_is_untouched_is_served(data, root, model):
    predicted = Recommender.load(f"made-up/{model}", data).predict(Profile.of([(1, 5, 1)]))
    assert np.isfinite(predicted).all()
    measure_again(load_bundle(f"made-up/{model}"), data)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("model", {"colour": 1}),
        ("model", {"embedding_size": 0}),
        ("model", {"embedding_size": 5}),
        ("model", {"embedding_size": 65_536}),
        ("model", {"embedding_size": 10**12}),
        ("model", {"embedding_size": "4"}),
        ("model", {"filter_widths": []}),
        ("model", {"filter_widths": [0]}),
        ("model", {"filter_widths": 3}),
        ("model", {"filter_widths": ["a"]}),
        ("model", {"filter_widths": [[2]]}),
        ("model", {"feature_size": None}),
        ("model", {"keep_probability": 0}),
        ("model", {"keep_probability": 2.5}),
        ("model", {"reads_history": False}),
        ("model", {"reads_history": "no"}),
        ("train", {"colour": 1}),
        ("train", {"learning_rate": -1}),
        ("train", {"seed": 2**70}),
        ("train", {"protocol": "lucky"}),
        ("train", {"epochs": 0}),
    ],
)
def test_impossible_settings(data, root, model, part, change):
    edit_config(root / "made-up" / model, part, **change)
    refused(data, f"made-up/{model}")


@pytest.mark.parametrize("change", [{"lstm_layers": 10**9}, {"lstm_layers": 3}, {"factors": -1}, {"max_history": 0}])
def test_impossible_settings_of_the_papers_model(data, root, change):
    edit_config(root / "made-up/paper", "model", **change)
    refused(data, "made-up/paper")


@pytest.mark.parametrize("change", [{"factors": 3}, {"samples": 0}, {"shrinkage": 0}, {"colour": 1}, {"factors": "2"}])
def test_impossible_settings_of_the_backbone(data, root, change):
    described = json.loads((root / "made-up/lcrec/bundle.json").read_text())
    backbone = described["config"]["train"]["backbone"] | change
    edit_config(root / "made-up/lcrec", "train", backbone=backbone)
    refused(data, "made-up/lcrec")


EDITS = {
    "one tensor is missing": lambda w: w.pop(sorted(w)[0]),
    "the last tensor is missing": lambda w: w.pop(sorted(w)[-1]),
    "there is one too many": lambda w: w.update(other=np.zeros(3, np.float32)),
    "one of a known part too many": lambda w: w.update({f"{sorted(w)[-1]}.other": np.zeros(3, np.float32)}),
    "a row is missing": lambda w: w.update({name: w[name][:-1] for name in sorted(w) if w[name].ndim > 1}),
    "they are of another type": lambda w: w.update(
        {name: w[name].astype(np.float64) for name in w if w[name].ndim > 1}
    ),
    "they are of no type": lambda w: w.update({name: w[name].astype(bool) for name in w}),
    "they are none": lambda w: w.clear(),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_weights_of_another_form(data, root, model, edit):
    edit_weights(root / "made-up" / model, edit)
    refused(data, f"made-up/{model}")


@pytest.mark.parametrize("model", MODELS)
def test_weights_that_are_numbers_and_predict_none(data, root, model):
    def enlarge(weights: dict[str, np.ndarray]) -> None:
        weights.update({name: w * np.float32(1e30) + 1e30 for name, w in weights.items() if w.dtype == np.float32})

    edit_weights(root / "made-up" / model, enlarge)
    with pytest.raises(BundleError):
        Recommender.load(f"made-up/{model}", data)


@pytest.mark.parametrize("name", ["numbers", "precision", "movies_scale", "usual_set", "weights"])
def test_a_backbone_of_another_form(data, root, name):
    edit_weights(root / "made-up/lcrec", lambda w: w.update({f"backbone.{name}": w[f"backbone.{name}"][..., :-1]}))
    refused(data, "made-up/lcrec", name)


def test_a_backbone_that_is_no_distribution(data, root):
    edit_weights(root / "made-up/lcrec", lambda w: w.update({"backbone.precision": -w["backbone.precision"]}))
    refused(data, "made-up/lcrec")


def test_spreads_below_zero(data, root):
    edit_weights(root / "made-up/lcrec", lambda w: w.update({"backbone.numbers": -w["backbone.numbers"]}))
    refused(data, "made-up/lcrec", "deviation")


@pytest.mark.parametrize("model", MODELS)
def test_movie_features_of_another_catalogue(data, root, model):
    edit_weights(
        root / "made-up" / model, lambda f: f.update(movie_features=f["movie_features"][:-1]), file="movie_features"
    )
    refused(data, f"made-up/{model}")
