import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from lcrec_core.evaluation import ablate, results
from lcrec_core.evaluation.results import AblationError
from lcrec_core.models import bundles, registry
from lcrec_core.models.lcrec import model
from lcrec_core.models.lcrec.backbone import merge_chains, no_backbone
from lcrec_core.models.lcrec.config import BackboneConfig
from lcrec_core.models.lcrec.family import LCREC, LCRecFamily
from lcrec_core.models.lcrec.sequences import UserRatings
from lcrec_core.models.lcrec.side_information import Interactions
from lcrec_core.models.settings import configured
from lcrec_core.training import resumable
from tests.made_up import made_up

NETWORK = {"embedding_size": 4, "filters": 2, "feature_size": 6, "state_size": 5, "hidden_size": 8}
BACKBONE = {"factors": 2, "iterations": 6, "burn_in": 2, "samples": 2}
SMALL = {"folds": 2, "epochs": 1, "targets_per_step": 100, **NETWORK, **BACKBONE}


class OnlyBackbones(LCRecFamily):
    """LCRec, interrupted where it would train a network."""

    def fit(self, data, encoded, config, scratch, watch):
        if config.has_network:
            raise KeyboardInterrupt
        return super().fit(data, encoded, config, scratch, watch)


class NeverAgain(LCRecFamily):
    """LCRec that must not be fitted."""

    def fit(self, data, encoded, config, scratch, watch):
        raise AssertionError("it was fitted again")


@pytest.fixture(autouse=True)
def world(monkeypatch, tmp_path):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))


def measure(data, family):
    return ablate.run(data, family, 0, lambda line: None, SMALL)


def test_every_variant_is_measured_once_and_the_whole_with_and_without_what_came_later():
    data = made_up(people=30, films=40, ratings_each=20)
    names = {variant.name for variant in LCREC.variants}
    found = measure(data, LCREC)
    assert {entry.name for entry in found} == names
    assert len(found) == len(names) + 1
    assert [entry.later for entry in found if entry.name == "whole"] == [True, False]
    assert all(np.isfinite([entry.mse, entry.mae]).all() for entry in found)
    assert [entry.ratings for entry in found if entry.name.startswith("share")] == [46, 114, 228]
    assert measure(data, NeverAgain(**vars(LCREC))) == found
    assert resumable.list_kept() == []


def test_what_was_measured_is_not_lost_when_a_later_variant_fails():
    data = made_up(people=20, films=30, ratings_each=20)
    chosen = tuple(variant for variant in LCREC.variants if variant.name in ("only-backbone", "share-10"))
    family = OnlyBackbones(**vars(replace(LCREC, variants=chosen)))
    with pytest.raises(KeyboardInterrupt):
        measure(data, family)
    assert [entry.name for entry in results.read_ablation(data.name, family)] == ["only-backbone"]


def test_no_variant_has_a_setting_that_the_family_has_not():
    for family in registry.FAMILIES.values():
        for variant in family.variants:
            configured(family.default_config(), **variant.settings)


def test_no_backbone_says_the_mean_in_learning_and_predicting_alike():
    config = BackboneConfig(**BACKBONE)
    people = np.array([0, 0, 1])
    ratings = np.array([5, 2, 5], dtype=np.float32)
    fields, item_features = np.ones((2, 3), np.float32), np.ones((4, 2), np.float32)
    evidence = Interactions(people, np.array([0, 1, 2]), ratings, fields, item_features)
    nothing = no_backbone(evidence)
    targets = UserRatings(np.array([0, 1, 2]), np.array([3, 3]), np.array([5, 5]))
    for backbone in (nothing, merge_chains([nothing, nothing], evidence, config)):
        made = model.build_queries(backbone, evidence, np.array([1, 2, 3]), targets, 3.0, config)
        np.testing.assert_allclose(made.backbone, [4, 4], atol=1e-4)
        np.testing.assert_allclose(made.values[:, 0], [1, -2, 1], atol=1e-4)
        torch.testing.assert_close(torch.from_numpy(made.posterior_std), torch.zeros(2), atol=1e-3, rtol=0)


def test_a_damaged_file_is_named():
    path = results.ablation_path("demo")
    path.parent.mkdir()
    path.write_text(json.dumps({"variants": [{"name": "whole"}]}))
    with pytest.raises(AblationError, match=r"ablation\.json: it is no saved ablation"):
        results.read_ablation("demo", LCREC)
    assert bundles.list_bundles() == []
