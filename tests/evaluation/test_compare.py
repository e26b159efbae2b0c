import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import mean_absolute_error, mean_squared_error

from lcrec_core.data.dataset import Col
from lcrec_core.data.split import Protocol, make_split
from lcrec_core.errors import TrainingError
from lcrec_core.evaluation import compare, results
from lcrec_core.models import bundles, registry
from lcrec_core.models.libraries.library import Fitted
from lcrec_core.training.run import TrainRequest, train
from tests.made_up import made_up


@pytest.fixture(scope="module")
def data():
    return made_up(people=30, films=40, ratings_each=20)


@pytest.fixture(autouse=True)
def world(monkeypatch, tmp_path):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))


def stand_in(monkeypatch, **changed):
    """Another library's model in the place of SVD."""
    monkeypatch.setitem(registry.FAMILIES, "svd", replace(registry.FAMILIES["svd"], **changed))


def count_fits(monkeypatch, row):
    """How many ratings a family is fitted on, each time that it is."""
    family, fits = registry.FAMILIES[row], []

    class Counting(type(family)):
        def fit(self, data, encoded, *more):
            fits.append(len(encoded.rows))
            return super().fit(data, encoded, *more)

    monkeypatch.setitem(registry.FAMILIES, row, Counting(**vars(family)))
    return fits


@pytest.fixture
def always_four(monkeypatch):
    """A model that gives everything four stars, and counts how often it was trained."""
    trained = []

    def fit(data, rows, seed):
        trained.append((len(rows), seed))
        return Fitted(lambda table: np.full(len(table), 4.0), parameters=1)

    stand_in(monkeypatch, in_words="always four", train=fit)
    return trained


@pytest.mark.parametrize("row", ["cnn", "lcrec"])
def test_what_is_saved_is_what_another_library_measures(data, row):
    """A network of ours: MSE and MAE from the saved predictions, by scikit-learn."""
    (result,) = compare.measure(data, Protocol.RANDOM, row, 0)
    predicted = np.load(results.results_folder(data.name, Protocol.RANDOM) / f"{row}-seed0.npy")
    actual = data.ratings[Col.RATING].to_numpy()[make_split(data, Protocol.RANDOM, 0).test]
    assert result.mse == pytest.approx(mean_squared_error(actual, predicted))
    assert result.mae == pytest.approx(mean_absolute_error(actual, predicted))
    assert result.test_ratings == len(actual) == 120
    assert bundles.list_bundles() == []


def test_a_model_is_fitted_on_everything_but_the_test_part_and_only_once(data, always_four):
    (first,) = compare.measure(data, Protocol.RANDOM, "svd", 0)
    (again,) = compare.measure(data, Protocol.RANDOM, "svd", 0)
    assert always_four == [(480, 0)]
    assert again == first
    actual = data.ratings[Col.RATING].to_numpy()[make_split(data, Protocol.RANDOM, 0).test]
    assert first.mse == pytest.approx(((actual - 4) ** 2).mean())


def test_seeds_become_one_row_with_mean_and_spread(data, always_four):
    measured = [compare.measure(data, Protocol.RANDOM, "svd", seed)[0] for seed in (0, 1, 2)]
    (row,) = results.summaries(results.saved(data.name, Protocol.RANDOM))
    errors = [result.mse for result in measured]
    assert row.mean("mse") == pytest.approx(np.mean(errors))
    assert row.std("mse") == pytest.approx(np.std(errors, ddof=1))
    assert results.table([row])[1][:2] == ["SVD", "0, 1, 2"]


def test_every_row_shares_a_split_that_no_later_version_changes(data, always_four):
    compare.measure(data, Protocol.RANDOM, "svd", 0)
    other = made_up(people=30, films=40, ratings_each=19)
    with pytest.raises(results.ResultError, match="holds other parts"):
        compare.frozen_split(other, Protocol.RANDOM, 0)


def test_a_damaged_file_is_named(data, always_four):
    compare.measure(data, Protocol.RANDOM, "svd", 0)
    folder = results.results_folder(data.name, Protocol.RANDOM)
    (folder / "svd-seed0.json").write_text("{")
    with pytest.raises(results.ResultError, match=r"svd-seed0\.json"):
        results.saved(data.name, Protocol.RANDOM)
    (folder / "split-seed0.safetensors").write_bytes(b"nothing")
    with pytest.raises(results.ResultError, match=r"split-seed0\.safetensors: it is damaged"):
        compare.measure(data, Protocol.RANDOM, "bias", 0)


def test_a_model_that_predicts_no_number_is_refused(data, monkeypatch):
    def fit(data, rows, seed):
        return Fitted(lambda table: np.full(len(table), np.nan), parameters=1)

    stand_in(monkeypatch, in_words="broken", train=fit)
    with pytest.raises(results.ResultError, match="no number"):
        compare.measure(data, Protocol.RANDOM, "svd", 0)


def test_splits_by_time_and_slow_rows_are_measured_once():
    assert compare.seeds_of("svd", Protocol.RANDOM, [0, 1, 2]) == [0, 1, 2]
    assert compare.seeds_of("fm-ordered", Protocol.RANDOM, [0, 1, 2]) == [0]
    assert compare.seeds_of("svd", Protocol.RANDOM_90, [0, 1, 2]) == [0, 1, 2]
    assert compare.seeds_of("svd", Protocol.GLOBAL_TIME, [0, 1, 2]) == [0]
    assert compare.seeds_of("svd", Protocol.OFFICIAL, [1, 2]) == [1, 2]


def test_new_people_are_asked_about_after_their_first_ratings(data, always_four, monkeypatch):
    monkeypatch.setattr(compare, "CONTEXT_SIZES", (2, 5, 50))
    with pytest.raises(results.ResultError, match="nobody of the test part has more than the 50"):
        compare.measure(data, Protocol.NEW_PEOPLE, "svd", 0)
    monkeypatch.setattr(compare, "CONTEXT_SIZES", (2, 5))
    measured = compare.measure(data, Protocol.NEW_PEOPLE, "svd", 0)
    split = make_split(data, Protocol.NEW_PEOPLE, 0)
    ratings = data.ratings.iloc[split.test].sort_values(["user_id", "timestamp", "movie_id"])
    for result, given in zip(measured, (2, 5), strict=True):
        rest = np.concatenate([theirs["rating"].to_numpy()[given:] for _, theirs in ratings.groupby("user_id")])
        assert result.given == given
        assert result.trained_with_them
        assert result.mse == pytest.approx(((rest - 4) ** 2).mean())
    assert [rows for rows, _ in always_four] == [540 + 3 * 2, 540 + 3 * 5]


@pytest.mark.parametrize("row", ["lcrec", "paper"])
def test_our_networks_serve_new_people_without_training_again(data, row, monkeypatch):
    monkeypatch.setattr(compare, "CONTEXT_SIZES", (2, 5))
    fits = count_fits(monkeypatch, row)
    two, five = compare.measure(data, Protocol.NEW_PEOPLE, row, 0)
    assert fits == [540]
    assert (two.given, five.given) == (2, 5)
    assert two.mse != five.mse
    assert not two.trained_with_them


@pytest.mark.parametrize(
    ("protocol", "fits"), [(Protocol.RANDOM, []), (Protocol.NEW_PEOPLE, [540 + 3 * 2, 540 + 3 * 5])]
)
def test_a_bundle_is_taken_over_where_it_learnt_from_the_same_ratings(data, protocol, fits, monkeypatch):
    """The CNN reads no history: about new people it is asked after it was trained again with their first ratings."""
    monkeypatch.setattr(compare, "CONTEXT_SIZES", (2, 5))
    family = registry.family("cnn")
    train(TrainRequest(data=data, family=family, config=family.default_config(), protocol=protocol))
    counted = count_fits(monkeypatch, "cnn")
    measured = compare.measure(data, protocol, "cnn", 0)
    assert counted == fits
    assert [result.trained_with_them for result in measured] == ([True, True] if fits else [None])


def test_a_missing_library_is_named_with_the_command_that_brings_it(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "surprise", None)
    with pytest.raises(TrainingError, match=r"pip install -r requirements-compare\.txt"):
        compare.measure(data, Protocol.RANDOM, "svd", 0)


def test_a_distribution_is_checked_in_both_ways_and_a_catalogue_timed_on_one_core(data, monkeypatch):
    threads = []

    def distribution(table):
        threads.append(torch.get_num_threads())
        return np.tile([0, 0, 0.25, 0.5, 0.25], (len(table), 1))

    fitted = Fitted(lambda table: distribution(table) @ data.scale.values, parameters=1, distribution=distribution)
    stand_in(monkeypatch, in_words="one guess", train=lambda *known: fitted)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        (result,) = compare.measure(data, Protocol.RANDOM, "svd", 0)
    finally:
        torch.set_num_threads(before)
    assert threads == [2] + [1] * compare.REPEATS
    actual = data.ratings[Col.RATING].to_numpy()[make_split(data, Protocol.RANDOM, 0).test]
    folder = results.results_folder(data.name, Protocol.RANDOM)
    for kind, chance, right in (("calibration", 0.5, actual == 4), ("liking", 0.75, actual >= 4)):
        (line,) = pd.read_csv(folder / f"svd-seed0.{kind}.csv").to_numpy().tolist()
        assert line == [120, chance, pytest.approx(right.mean(), abs=1e-5)]
    assert result.calibration_error == pytest.approx(abs((actual == 4).mean() - 0.5), abs=1e-5)


@pytest.mark.parametrize(("row", "algorithm"), [("svd-tuned", "SVD"), ("svdpp-tuned", "SVDpp")])
def test_tuned_rows_begin_with_small_values_as_published(data, monkeypatch, row, algorithm):
    asked = []

    class Asked(Exception):
        """Enough is known."""

    def make(**settings):
        asked.append(settings)
        raise Asked

    library = SimpleNamespace(**{algorithm: make}, Reader=lambda **scale: None)
    monkeypatch.setitem(sys.modules, "surprise", library)
    with pytest.raises(Asked):
        compare.measure(data, Protocol.RANDOM, row, 0)
    (settings,) = asked
    assert (settings["n_factors"], settings["n_epochs"], settings["init_std_dev"]) == (80, 100, 0.001)
    assert (settings["lr_all"], settings["reg_all"]) == (0.005, 0.05)


def test_tuned_rows_state_the_settings_of_the_data_set():
    tuned = registry.FAMILIES["svd-tuned"]
    assert "80 factors" in tuned.settings("ml-1m")
    assert "50 factors" in tuned.settings("ml-100k")


@pytest.mark.parametrize("row", ["bias", "svd", "svd-tuned", "user-cf", "item-cf", "item-knn", "svdpp", "svdpp-tuned"])
def test_a_library_model_beats_the_mean_rating(data, row):
    pytest.importorskip("surprise", reason="needs requirements-compare.txt")
    (result,) = compare.measure(data, Protocol.RANDOM, row, 0)
    actual = data.ratings[Col.RATING].to_numpy()[make_split(data, Protocol.RANDOM, 0).test]
    assert result.mse < 1.1 * actual.var()
    assert result.parameters > 0


def test_results_hold_no_rating_and_no_path(data, always_four):
    compare.measure(data, Protocol.RANDOM, "svd", 0)
    text = (results.results_folder(data.name, Protocol.RANDOM) / "svd-seed0.json").read_text()
    assert "/" not in text
    assert set(json.loads(text)) == set(results.Result.__dataclass_fields__)
