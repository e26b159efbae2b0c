"""The README's figures are the files' figures."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import list_tables
from benchmarks import readme as report
from lcrec_core.data.dataset import Fingerprint
from lcrec_core.data.split import Protocol
from lcrec_core.evaluation import list_results
from lcrec_core.evaluation.list_results import ListResult
from lcrec_core.evaluation.onboarding import Onboarding, OrderResult
from lcrec_core.evaluation.results import Result, VariantResult
from lcrec_core.models.bundle import Bundle
from lcrec_core.models.registry import FAMILIES
from tests.planted import planted_popularity


def bundle(name: str, mse: float, *, seed: int, data: str = "ml-1m", part: str = "test", epochs: int = 5) -> Bundle:
    train = {"epochs": epochs, "batches": {"batch_size": 256}, "learning_rate": 0.0001}
    metrics = {"test_mse": mse, "test_rmse": mse**0.5, "test_mae": 0.7, "seconds_per_epoch": 61.04, "part": part}
    return Bundle(
        name=f"{data}/{name}",
        path=Path(data) / name,
        model="paper",
        data=data,
        config={"model": {"keep_probability": 0.5}, "train": {**train, "seed": seed, "protocol": "random"}},
        metrics=metrics,
        history=[],
        environment={},
        fingerprint=Fingerprint("", "", ""),
        vocabularies={},
    )


def measurement(what: str = "a full catalogue") -> dict:
    machine = {"processor": "Some CPU", "cores": 2}
    return {"figures": [{"what": what, "median": 3.214, "unit": "ms", "decimals": 1}], "machine": machine}


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_the_tables_say_what_the_files_say():
    assert report.main(["--check"]) == 0, "run `make readme`"


def test_every_table_has_its_place():
    assert sorted(name for names in report.PLACES.values() for name in names) == sorted(report.blocks())


def test_the_readme_is_a_front_door():
    assert len((report.REPOSITORY / "README.md").read_text().splitlines()) < 150


def test_the_headline_has_one_row_a_model_with_what_was_measured_of_it():
    random = [result("lcrec", 0, 0.66), result("lcrec", 1, 0.68), result("bias", 0, 0.82)]
    in_time, new = [result("bias", 0, 0.85)], [result("lcrec", 0, 0.84, given=10), result("lcrec", 0, 0.9, given=5)]
    assert rows(report.headline_table(random, in_time, new)) == [
        ["LCRec, ours", "0.670 ± 0.014", "0.335 ± 0.007", "–", "0.840", "61 s", "2 ms"],
        ["Bias only", "0.820", "0.410", "0.850", "–", "61 s", "2 ms"],
    ]


def test_seeds_of_one_setting_become_mean_and_spread():
    first, second = bundle("paper", 0.85, seed=0), bundle("paper-seed1", 0.87, seed=1)
    _, ours = rows(report.results_table([second, first]))
    assert ours == [
        "MovieLens 1M",
        "LSTM & CNN, ours",
        "random 80:20",
        "0, 1",
        "0.860 ± 0.014",
        "0.927 ± 0.008",
        "0.700 ± 0.000",
        "61.0",
    ]


def test_a_single_seed_has_no_spread():
    assert report.mean_and_spread([0.8214]) == "0.821"


def test_other_settings_than_the_papers_are_named():
    _, ours = rows(report.results_table([bundle("long", 0.85, seed=0, epochs=12)]))
    assert ours[1] == "LSTM & CNN, ours (epochs 12)"


def test_figures_of_a_validation_part_are_not_results():
    assert len(rows(report.results_table([bundle("paper", 0.8, seed=0, part="valid")]))) == 1


def test_movielens_comes_before_the_simulated_people():
    table = rows(report.results_table([bundle("paper", 0.5, seed=0, data="demo"), bundle("paper", 0.9, seed=0)]))
    assert [row[0] for row in table] == ["MovieLens 1M", "MovieLens 1M", "Demo (simulated people)"]


def test_speed_table_names_the_machine():
    assert rows(report.speed_table([measurement()])) == [["a full catalogue", "3.2 ms", "Some CPU, 2 cores"]]


def test_fill_replaces_only_what_is_between_the_markers():
    text = "before\n<!-- results:begin -->\nold\n<!-- results:end -->\nafter\n"
    filled = report.fill(text, {"results": "new"})
    assert filled == "before\n<!-- results:begin -->\nnew\n<!-- results:end -->\nafter\n"
    assert report.fill(filled, {"results": "new"}) == filled


@pytest.mark.parametrize("text", ["", "<!-- results:begin -->", "<!-- results:end --> <!-- results:begin -->"])
def test_missing_markers_are_an_error(text: str):
    with pytest.raises(report.ReportError, match="results:begin"):
        report.fill(text, {"results": "new"})


def test_a_broken_measurement_is_named(tmp_path: Path):
    (tmp_path / "good.json").write_text(json.dumps(measurement()))
    assert report.read_measurements(tmp_path) == [measurement()]
    (tmp_path / "predict.json").write_text("{}")
    with pytest.raises(report.ReportError, match=r"predict\.json"):
        report.read_measurements(tmp_path)


def test_faults_are_no_speed_and_have_a_table_of_their_own(tmp_path: Path):
    found = {"a kill -9": {"tried": 1360, "failed": 0}, "a damaged zip": {"tried": 774, "failed": 2}}
    (tmp_path / report.FAULTS.name).write_text(json.dumps(found))
    assert report.read_measurements(tmp_path) == []
    table = report.faults_table(report.read_faults(tmp_path / report.FAULTS.name))
    assert rows(table) == [["a kill -9", "1,360", "0"], ["a damaged zip", "774", "2"]]


@pytest.mark.parametrize("content", [None, "{", "[]", '{"a kill -9": 1}', '{"a kill -9": {"tried": 1}}'])
def test_a_broken_result_of_the_fault_harness_is_named(content: str | None, tmp_path: Path):
    path = tmp_path / "faults.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(report.ReportError, match=r"faults\.json.*make faults"):
        report.read_faults(path)


def test_check_tells_without_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    readme, tables = tmp_path / "README.md", report.blocks()
    readme.write_text("".join(f"<!-- {name}:begin -->\n<!-- {name}:end -->\n" for name in tables))
    monkeypatch.setattr(report, "PLACES", {"README.md": tuple(tables)})
    monkeypatch.setattr(report, "REPOSITORY", tmp_path)
    monkeypatch.setattr(report, "blocks", lambda: tables)
    before = readme.read_text()
    assert report.main(["--check"]) == 1
    assert readme.read_text() == before
    assert report.main([]) == 0
    assert report.main(["--check"]) == 0


def test_measurements_hold_no_paths_of_the_machine():
    for path in report.MEASUREMENTS.glob("*.json"):
        assert str(Path.home()) not in path.read_text()
        assert str(report.REPOSITORY) not in path.read_text()


def result(row: str, seed: int, mse: float, **more) -> Result:
    return Result(row, "ml-1m", "random", seed, "", mse, mse / 2, 61.2, 2.0, True, 1234, 50, {}, **more)


def test_the_comparison_is_the_best_first_with_the_papers_figures_beside():
    found = [result("svd", 0, 0.8), result("svd", 1, 0.82), result("lcrec", 0, 0.6)]
    lines = report.comparison_table(found).split("\n")
    assert lines[2] == "| LCRec, ours | 0.600 | 0.775 | 0.300 | 0 | 61 s | 2.0 ms | yes | 1,234 |  |"
    assert lines[3].startswith("| SVD | 0.810 ± 0.014 | 0.900 ± 0.008 | 0.405 ± 0.007 | 0, 1 |")
    assert lines[3].endswith("| 1.063 / 0.830 |")


def test_other_protocols_are_columns_and_what_nobody_measured_is_left_out():
    first = [result("svd", 0, 0.8), result("lcrec", 0, 0.6)]
    table = report.protocols_table([("A", first), ("B", []), ("C", [result("fm", 0, 0.7)])])
    assert table.split("\n")[0] == "| MSE / MAE | A | C |"
    assert rows(table) == [
        ["LCRec, ours", "0.600 / 0.300", "–"],
        ["SVD", "0.800 / 0.400", "–"],
        ["Bayesian FM (myFM)", "–", "0.700 / 0.350"],
    ]


def test_new_people_are_columns_by_what_is_given():
    found = [result("lcrec", 0, 0.9 - given / 100, given=given, trained_with_them=False) for given in (5, 20)]
    found.append(result("svdpp", 0, 0.95, given=20, trained_with_them=True))
    table = report.new_people_table(found)
    assert table.split("\n")[0].endswith("| 5 | 20 |")
    assert rows(table) == [["LCRec, ours", "0.850", "0.700"], ["SVD++, trained again", "–", "0.950"]]


@pytest.fixture
def popularity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "popularity", planted_popularity())


def lists(row: str, ndcg: float, *, protocol: str = "random", seed: int = 0, given: int | None = None) -> ListResult:
    return ListResult(
        **{"row": row, "data": "ml-1m", "protocol": protocol, "seed": seed, "given": given, "settings": ""},
        **{"people": 90, "judged": 80, "hr_5": 0.4, "ndcg_5": ndcg, "hr_10": 2 * ndcg, "ndcg_10": ndcg},
        **{"recall_10": 0.1, "precision_5": 0.2, "real_rating": 4.256, "rated": 70},
        **{"coverage": 1410, "rare_share": 0.0051, "popularity_rank": 120.0, "diversity": 0.6, "train_seconds": 9.0},
        **{"predict_ms": 1.5, "told_time": False, "parameters": 7, "environment": {}},
    )


def test_lists_have_a_table_for_each_way_and_multiples_of_popularity(popularity: None):
    drawn = [
        lists("popularity", 0.2),
        lists("popularity", 0.3, seed=1),
        lists("lcrec", 0.4),
        lists("lcrec", 0.3, seed=1),
    ]
    last = [lists("lcrec", 0.1, protocol="leave-last-out")]
    tables = list_tables.by_protocol(
        {Protocol.RANDOM: list_results.summaries(drawn), Protocol.LEAVE_LAST_OUT: list_results.summaries(last)}
    )
    random, by_last = (table.partition("\n\n")[2] for table in tables.split("**Random 80:20**")[1].split("\n\n**"))
    ends = ["4.26", "1,410", "0.5%"]
    assert rows(random) == [
        ["LCRec, ours, by rating", "0.350 ± 0.071", "1.50", *ends, "0, 1", "9 s", "1.5 ms"],
        ["Popularity", "0.250 ± 0.071", "1.00", *ends, "0, 1", "9 s", "1.5 ms"],
    ]
    assert rows(by_last) == [["LCRec, ours, by rating", "0.200", "0.100", "–", *ends, "0", "9 s", "1.5 ms"]]


def test_lists_for_new_people_are_columns_by_what_is_given(popularity: None):
    found = [lists("popularity", 0.4, protocol="new-people", given=given) for given in (0, 5)]
    found += [lists("lcrec", 0.5, protocol="new-people", given=5)]
    new = list_results.summaries(found)
    table = list_tables.by_protocol({Protocol.NEW_PEOPLE: new}).partition("\n\n")[2]
    assert rows(table) == [
        ["LCRec, ours, by rating", "–", "0.500 / 1.25 / 4.26", "1,410", "0.5%", "0"],
        ["Popularity", "0.400 / 1.00 / 4.26", "0.400 / 1.00 / 4.26", "1,410", "0.5%", "0"],
    ]
    by_time = list_results.summaries([lists("popularity", 0.2, protocol="global-time")])
    last = list_results.summaries([lists("popularity", 0.02, protocol="leave-last-out")])
    found = {Protocol.NEW_PEOPLE: new, Protocol.GLOBAL_TIME: by_time, Protocol.LEAVE_LAST_OUT: last}
    assert rows(list_tables.headline(found)) == [
        ["LCRec, ours, by rating", "–", "1.25", "–", "–", "–", "–", "–", "–"],
        ["Popularity", "1.00", "1.00", "–", "1.00", "–", "4.26", "1,410", "0.040 / 0.020"],
    ]


def test_where_no_lists_were_measured_their_tables_say_so():
    assert list_tables.by_protocol({}) == list_tables.headline({}) == "Nothing has been measured yet."
    assert list_tables.onboarding(None) == "Nothing has been measured yet."


def test_orders_of_questions_are_rows_and_numbers_of_answers_columns():
    orders = tuple(
        OrderResult(name, answers, 100, 3.4 * answers, mse, 0.31)
        for name, mse in (("most rated", 0.95), ("most telling", 0.9))
        for answers in (5, 10)
    )
    assert rows(list_tables.onboarding(Onboarding("ml-1m", "for-you", 0, "", {}, orders))) == [
        ["most rated", "0.950 / 0.310 (17)", "0.950 / 0.310 (34)"],
        ["most telling", "0.900 / 0.310 (17)", "0.900 / 0.310 (34)"],
    ]


def test_errors_by_group_are_a_line_per_group_and_a_column_per_model():
    by = ["ratings of the person", "ratings of the person", "ratings of the movie", "genre"]
    groups = pd.DataFrame({"by": by, "group": ["20-49", "50-99", "0", "War"], "ratings": [1000, 10, 3, 4]})
    table = report.groups_table(
        {"Ours": groups.assign(mse=[0.61234, 0.6, 0.9, 1]), "Theirs": groups.assign(mse=[0.7, 0.71, 0.95, 1])}
    )
    assert table.split("\n")[0] == "| MSE, seed 0 | asked | Ours | Theirs |"
    assert rows(table) == [
        ["people with 20-49 ratings", "1,000", "0.612", "0.700"],
        ["people with 50-99 ratings", "10", "0.600", "0.710"],
        ["movies with 0 ratings", "3", "0.900", "0.950"],
    ]


def test_only_models_with_a_distribution_are_in_its_table():
    found = [result("fm-ordered", 0, 0.7, log_loss=1.2, calibration_error=0.02), result("svd", 0, 0.8)]
    found += [result("lcrec", seed, 0.6, log_loss=1.1, calibration_error=0.01) for seed in (0, 1)]
    assert rows(report.distribution_table(found)) == [
        ["LCRec, ours", "1.100 ± 0.000", "0.010 ± 0.000", "0, 1"],
        ["Bayesian FM, ordered (myFM)", "1.200", "0.020", "0"],
    ]


def test_a_part_without_a_distribution_has_no_log_loss():
    found = [
        VariantResult("whole", "all", True, 9, 0.61234, 0.5, 1.1),
        VariantResult("b", "some", True, 9, 0.7, 0.6, None),
    ]
    assert rows(report.ablation_table(found)) == [
        ["all", "0.6123", "0.5000", "1.100"],
        ["some", "0.7000", "0.6000", "–"],
    ]
