import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from lcrec_core.evaluation.ablation import VARIANTS

from lcrec_core.evaluation import ablate, ablation
from lcrec_core.evaluation.results import AblationError, ablation_path, read_ablation
from lcrec_core.models import bundles
from lcrec_core.models.lcrec import fit, model
from lcrec_core.models.lcrec.backbone import merge_chains
from lcrec_core.models.lcrec.config import BackboneConfig, LCRecConfig, LCRecTrainConfig
from lcrec_core.models.lcrec.sequences import UserRatings
from lcrec_core.models.lcrec.side_information import Interactions
from tests.made_up import made_up

NETWORK = LCRecConfig(embedding_size=4, filters=2, feature_size=6, state_size=5, hidden_size=8)
TRAIN = LCRecTrainConfig(
    folds=2, epochs=1, targets_per_step=100, backbone=BackboneConfig(factors=2, iterations=6, burn_in=2, samples=2)
)


@pytest.fixture(autouse=True)
def world(monkeypatch, tmp_path):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))


def measure(data, monkeypatch, names):
    chosen = tuple(replace(variant) for variant in VARIANTS if variant.name in names)
    monkeypatch.setattr(ablation, "VARIANTS", chosen)
    return ablate.run(data, 0, lambda line: None, NETWORK, TRAIN)


def test_every_variant_is_measured_once_and_the_whole_with_and_without_what_came_later(monkeypatch):
    data = made_up(people=30, films=40, ratings_each=20)
    names = {variant.name for variant in VARIANTS}
    found = measure(data, monkeypatch, names)
    assert {entry.name for entry in found} == names
    assert len(found) == len(names) + 1
    assert [entry.later for entry in found if entry.name == "whole"] == [True, False]
    assert all(np.isfinite([entry.mse, entry.mae]).all() for entry in found)
    assert [entry.ratings for entry in found if entry.name.startswith("share")] == [46, 114, 228]
    monkeypatch.setattr(fit, "train_network", None)
    assert ablate.run(data, 0, lambda line: None, NETWORK, TRAIN) == found


def test_what_was_measured_is_not_lost_when_a_later_variant_fails(monkeypatch):
    data = made_up(people=20, films=30, ratings_each=20)

    def stop(*of):
        raise KeyboardInterrupt

    monkeypatch.setattr(fit, "train_network", stop)
    with pytest.raises(KeyboardInterrupt):
        measure(data, monkeypatch, {"only-backbone", "share-10"})
    assert [entry.name for entry in read_ablation(data.name)] == ["only-backbone"]


def test_no_backbone_says_the_mean_in_learning_and_predicting_alike():
    people = np.array([0, 0, 1])
    ratings = np.array([5, 2, 5], dtype=np.float32)
    fields, item_features = np.ones((2, 3), np.float32), np.ones((4, 2), np.float32)
    evidence = Interactions(people, np.array([0, 1, 2]), ratings, fields, item_features)
    nothing = ablate.no_backbone(evidence)
    targets = UserRatings(np.array([0, 1, 2]), np.array([3, 3]), np.array([5, 5]))
    for backbone in (nothing, merge_chains([nothing, nothing], evidence, TRAIN.backbone)):
        made = model.build_queries(backbone, evidence, np.array([1, 2, 3]), targets, 3.0, TRAIN.backbone)
        np.testing.assert_allclose(made.backbone, [4, 4], atol=1e-4)
        np.testing.assert_allclose(made.values[:, 0], [1, -2, 1], atol=1e-4)
        torch.testing.assert_close(torch.from_numpy(made.spread), torch.zeros(2), atol=1e-3, rtol=0)


def test_a_damaged_file_is_named(tmp_path):
    path = ablation_path("demo")
    path.parent.mkdir()
    path.write_text(json.dumps({"variants": [{"name": "whole"}]}))
    with pytest.raises(AblationError, match=r"ablation\.json: it is no saved ablation"):
        read_ablation("demo")
    assert bundles.list_bundles() == []
