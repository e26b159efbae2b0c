"""Bundles as rows of Table VII, and what the paper's table can and cannot be."""

from pathlib import Path

import pytest

from lcrec_core.data.dataset import Fingerprint
from lcrec_core.evaluation import paper_facts
from lcrec_core.evaluation.bundle_results import measured, table_six
from lcrec_core.models.bundle import Bundle


def bundle(name: str, mse: float, *, seed: int = 0, part: str = "test", model: str = "paper", **train) -> Bundle:
    settings = {"epochs": 5, "learning_rate": 0.0001, "batches": {"batch_size": 256}, "protocol": "random", **train}
    return Bundle(
        name=name,
        path=Path(name),
        model=model,
        data=name.split("/")[0],
        config={"model": {"keep_probability": 0.5}, "train": {**settings, "seed": seed}},
        metrics={"part": part, "test_mse": mse, "test_mae": mse / 2},
        history=[],
        environment={},
        fingerprint=Fingerprint("m", "u", "r"),
        vocabularies={},
    )


def test_seeds_of_one_model_are_one_row_with_mean_and_spread():
    (row,) = measured([bundle("ml-1m/a", 1.0), bundle("ml-1m/b", 2.0, seed=1), bundle("ml-1m/c", 3.0, seed=2)])
    assert (row.mse, row.mae, row.seeds) == (2.0, 1.0, (0, 1, 2))
    assert (row.mse_std, row.mae_std) == (1.0, 0.5)
    assert row.bundles == ("ml-1m/a", "ml-1m/b", "ml-1m/c")


def test_a_single_seed_has_no_spread():
    (row,) = measured([bundle("ml-1m/a", 1.0)])
    assert row.mse_std is None


def test_the_same_seed_counts_once():
    (row,) = measured([bundle("ml-1m/a", 1.0), bundle("ml-1m/again", 1.0)])
    assert row.seeds == (0,)


@pytest.mark.parametrize(
    "other",
    [
        bundle("demo/a", 2.0, seed=1),
        bundle("ml-1m/b", 2.0, seed=1, epochs=9),
        bundle("ml-1m/b", 2.0, seed=1, protocol="global-time"),
        bundle("ml-1m/b", 2.0, seed=1, model="lstm"),
    ],
)
def test_what_differs_in_more_than_the_seed_is_another_row(other: Bundle):
    assert len(measured([bundle("ml-1m/a", 1.0), other])) == 2


def test_settings_of_table_six_come_first_and_others_say_what_differs():
    first, second = measured([bundle("demo/a", 1.0, epochs=9), bundle("ml-1m/b", 2.0)])
    assert (first.by_default, first.deviations) == (True, {})
    assert (second.by_default, second.deviations) == (False, {"epochs": 9})


def test_a_bundle_older_than_a_setting_had_its_default():
    assert len(measured([bundle("ml-1m/old", 1.0), bundle("ml-1m/new", 1.0, seed=1, cooldown=0.0)])) == 1


@pytest.mark.parametrize("half", ["lstm", "cnn"])
def test_what_makes_a_model_what_it_is_is_no_deviation(half):
    (row,) = measured([bundle("ml-1m/a", 1.0, model=half)])
    assert (row.by_default, row.deviations) == (True, {})


def test_what_the_paper_does_not_name_is_told_when_it_is_not_our_default():
    (row,) = measured([bundle("ml-1m/a", 1.0, cooldown=0.5, batches={"batch_size": 256, "unknown_rate": 0.1})])
    assert (row.by_default, row.deviations) == (False, {"cooldown": 0.5})


def test_settings_are_found_where_a_bundle_keeps_them():
    assert table_six(bundle("ml-1m/a", 1.0)) == paper_facts.SETTINGS
    assert table_six(bundle("ml-1m/a", 1.0, model="lstm", batches={}))["batch_size"] == 256


def test_validation_figures_are_no_test_figures():
    assert measured([bundle("ml-1m/a", 1.0, part="valid")]) == []


def test_two_of_the_papers_errors_are_impossible():
    assert [row.label for row in paper_facts.impossible_results()] == ["LSTM", "CNN"]
    lstm, cnn = paper_facts.impossible_results()
    assert f"{lstm.largest_mae:.3f}" == "0.959"
    assert f"{cnn.largest_mae:.3f}" == "0.967"
