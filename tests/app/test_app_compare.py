"""The Compare page: the paper's Table VII beside what was measured, and nothing made up."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lcrec_core.evaluation import list_results
from lcrec_core.evaluation.paper_facts import RESULTS
from lcrec_core.evaluation.results import Result, results_folder
from lcrec_core.models import registry
from tests.bundles import write_bundle
from tests.html_tables import tables
from tests.planted import planted_popularity
from tests.visiting import APP, open_page, run, visited_before, words

PAGE = "6_compare.py"
SEVEN, MODELS, LISTS = "Table VII", "Every model", "Lists"
ERRORS, SURE, PARTS, BUNDLES = "Where they err", "How sure", "Parts of LCRec", "All bundles"


def view(name: str) -> AppTest:
    """The page with one of its views open."""
    return open_page(PAGE, compare_view=name)


def chart_words(app: AppTest) -> list[str]:
    return [chart.proto.alt for chart in app.get("plotly_chart")]


@pytest.fixture(autouse=True)
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    visited_before(monkeypatch)
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path / "artifacts"))
    return tmp_path / "artifacts"


def test_what_we_have_not_measured_says_so_and_has_no_figure():
    (table,) = tables(open_page(PAGE))
    assert table["Model"].tolist() == [row.label for row in RESULTS]
    assert table["MSE, the paper"].tolist() == ["0.876", "0.945", "1.022", "1.063", "0.920", "0.935"]
    assert set(table["MSE, ours"]) == set(table["MAE, ours"]) == {"not measured by us"}


def test_our_figure_stands_beside_the_papers_with_its_spread(artifacts: Path):
    write_bundle(artifacts, "ml-1m/paper", mse=0.90)
    write_bundle(artifacts, "ml-1m/paper-seed1", mse=0.92, seed=1)
    write_bundle(artifacts, "demo/paper", mse=0.5)
    row = tables(open_page(PAGE))[0].iloc[0]
    assert row["MSE, ours"] == "0.910 ± 0.014"
    assert row["Seeds, ours"] == "2"
    app = view(BUNDLES)
    (everything,) = tables(app)
    assert everything["Data"].tolist() == ["demo", "ml-1m"]
    assert "simulated" in words(app)


def test_other_data_protocols_and_settings_do_not_stand_in_for_the_papers(artifacts: Path):
    write_bundle(artifacts, "demo/paper")
    write_bundle(artifacts, "ml-1m/later", protocol="global-time")
    assert set(tables(open_page(PAGE))[0]["MSE, ours"]) == {"not measured by us"}
    assert len(tables(view(BUNDLES))[0]) == 2


def test_settings_of_table_six_are_preferred_to_others(artifacts: Path):
    write_bundle(artifacts, "ml-1m/a-long-one", mse=0.7, epochs=9)
    write_bundle(artifacts, "ml-1m/paper", mse=0.9)
    assert tables(open_page(PAGE))[0]["MSE, ours"].iloc[0] == "0.900"
    assert tables(view(BUNDLES))[0]["Settings"].tolist() == ["as in Table VI", "epochs 9"]


def test_what_was_compared_on_the_same_parts_is_a_table_and_stands_in_table_seven(artifacts: Path):
    for row, mse in (("svd", 0.80), ("fm", 0.70)):
        for seed in (0, 1):
            write_result(artifacts, row, seed, mse + seed / 100)
    write_bundle(artifacts, "ml-1m/paper", mse=0.90)
    seven, same_parts = (tables(view(name))[0] for name in (SEVEN, MODELS))
    assert seven.set_index("Model")["MSE, ours"][["SVD", "LSTM & CNN", "CNN"]].tolist() == [
        "0.805 ± 0.007",
        "0.900",
        "not measured by us",
    ]
    assert same_parts["Model"].tolist() == ["Bayesian FM (myFM)", "SVD"]
    assert same_parts["MSE"].tolist() == ["0.705 ± 0.007", "0.805 ± 0.007"]
    assert same_parts["Seeds"].tolist() == ["2", "2"]


def test_a_damaged_result_is_a_remark_and_not_the_end_of_the_page(artifacts: Path):
    write_result(artifacts, "svd", 0, 0.8)
    (results_folder("ml-1m", "random", artifacts) / "svd-seed0.json").write_text("{")
    app = open_page(PAGE)
    assert any("svd-seed0.json" in warning.value.lower() for warning in app.warning)
    assert len(tables(app)[0]) == len(RESULTS)


def write_result(artifacts: Path, row: str, seed: int, mse: float, protocol: str = "random", **more) -> Path:
    result = Result(row, "ml-1m", protocol, seed, "made up", mse, mse / 2, 10.0, 2.0, False, 100, 50, {}, **more)
    folder = results_folder("ml-1m", protocol, artifacts)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{result.stem}.json").write_text(json.dumps(asdict(result)))
    return folder


def test_every_way_of_cutting_that_was_measured_can_be_chosen(artifacts: Path):
    write_result(artifacts, "svd", 0, 0.8)
    write_result(artifacts, "lcrec", 0, 0.7, "user-last", log_loss=1.1)
    for given, mse in ((5, 0.9), (50, 0.8)):
        write_result(artifacts, "lcrec", 0, mse, "new-people", given=given, trained_with_them=False)
        write_result(artifacts, "svd", 0, mse + 0.1, "new-people", given=given, trained_with_them=True)
    app = view(MODELS)
    choice = app.segmented_control(key="compare_part")
    assert choice.options == ["Random 80:20", "Each person's last 20 %", "New people"]
    assert "Log loss" not in tables(app)[0]
    choice.set_value("Each person's last 20 %")
    table = tables(run(app, compare_view=MODELS))[0]
    assert table[["Model", "MSE", "Log loss"]].to_numpy().tolist() == [["LCRec, ours", "0.700", "1.100"]]
    app.segmented_control(key="compare_part").set_value("New people")
    table = tables(run(app, compare_view=MODELS))[0]
    assert table["Model"].tolist() == [
        "LCRec, ours, 5 given",
        "SVD, trained again, 5 given",
        "LCRec, ours, 50 given",
        "SVD, trained again, 50 given",
    ]
    (said,) = chart_words(app)
    assert "LCRec, ours 0.800 with 50 given" in said


def test_errors_by_group_and_calibration_are_drawn_from_their_files(artifacts: Path):
    folder = write_result(artifacts, "lcrec", 0, 0.7)
    groups = (
        "by,group,ratings,mse,mae\nratings of the person,20-49,10,0.9,0.7\nratings of the person,50-99,90,0.6,0.6\n"
    )
    (folder / "lcrec-seed0.groups.csv").write_text(groups + "genre,Drama,100,0.65,0.6\n")
    (folder / "lcrec-seed0.calibration.csv").write_text("ratings,confidence,right\n60,0.4,0.42\n40,0.8,0.75\n")
    app = view(SURE)
    assert "LCRec, ours is off by 0.032" in words(app)
    (sure,) = chart_words(app)
    app = view(ERRORS)
    (by_group,) = chart_words(app)
    assert "from 0.60 (50-99) to 0.90 (20-49)" in by_group
    assert "LCRec, ours says 80% where 75% are right" in sure
    app.segmented_control(key="compare_by").set_value("genre")
    assert "0.65 (Drama)" in chart_words(run(app, compare_view=ERRORS))[0]


def test_the_chance_that_for_you_shows_is_checked_where_it_was_measured(artifacts: Path):
    folder = write_result(artifacts, "lcrec", 0, 0.7)
    (folder / "lcrec-seed0.calibration.csv").write_text("ratings,confidence,right\n60,0.4,0.42\n40,0.8,0.75\n")
    (folder / "lcrec-seed0.liking.csv").write_text("ratings,confidence,right\n50,0.1,0.2\n50,0.9,0.9\n")
    app = view(SURE)
    assert "It is off on average: LCRec, ours by 0.050." in words(app)
    assert "LCRec, ours says 90% where 90% are right" in app.get("plotly_chart")[-1].proto.alt


def test_the_ablation_is_a_table_against_the_whole_and_a_learning_curve(artifacts: Path):
    parts = [
        {
            "name": "whole",
            "what": "LCRec, whole",
            "later": True,
            "ratings": 1000,
            "mse": 0.6,
            "mae": 0.6,
            "log_loss": 1.1,
        },
        {
            "name": "no-titles",
            "what": "no CNN",
            "later": True,
            "ratings": 1000,
            "mse": 0.63,
            "mae": 0.6,
            "log_loss": 1.2,
        },
        {"name": "share-10", "what": "a tenth", "later": True, "ratings": 100, "mse": 0.8, "mae": 0.7, "log_loss": 1.3},
    ]
    path = artifacts / "ml-1m" / "ablation.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"variants": parts}))
    app = view(PARTS)
    (table,) = tables(app)
    assert table["Variant"].tolist() == ["LCRec, whole", "no CNN"]
    assert table["Against the whole"].tolist() == ["", "+5.0%"]
    assert "from 0.800 with 100 to 0.600 with 1,000" in chart_words(app)[0]
    path.write_text("{")
    assert any("ablation.json" in warning.value.lower() for warning in run(app, compare_view=PARTS).warning)


def test_the_impossible_figures_are_remarked_on():
    app = open_page(PAGE)
    (remark,) = [warning.value for warning in app.warning if "cannot be right" in warning.value]
    assert "at most 0.959, but 1.273" in remark
    assert "at most 0.967, but 0.979" in remark
    assert [row for row in tables(app)[0]["MAE, the paper"] if "impossible" in row] == [
        "1.273 (impossible)",
        "0.979 (impossible)",
    ]


def test_charts_say_in_words_what_they_show(artifacts: Path):
    write_bundle(artifacts, "ml-1m/paper", mse=0.90)
    mse, mae = chart_words(open_page(PAGE))
    assert "0.876 for LSTM & CNN" in mse
    assert "we measured 0.900" in mse
    assert "we measured 0.720" in mae


def write_list(
    artifacts: Path, row: str, protocol: str, ndcg: float, *, seed: int = 0, given: int | None = None
) -> Path:
    """A made-up result of lists; what is not asked about here is the same for everybody."""
    result = list_results.ListResult(
        **{"row": row, "data": "ml-1m", "protocol": protocol, "seed": seed, "given": given, "settings": "made up"},
        **{"people": 90, "judged": 80, "hr_5": 0.4, "ndcg_5": ndcg, "hr_10": 2 * ndcg, "ndcg_10": ndcg},
        **{"recall_10": 0.1, "precision_5": 0.2, "real_rating": None if given == 0 else 4.25, "rated": 70},
        **{"coverage": 410, "rare_share": 0.005, "popularity_rank": 120.0, "diversity": 0.6, "train_seconds": 9.0},
        **{"predict_ms": 1.5, "told_time": False, "parameters": 7, "environment": {}},
    )
    folder = list_results.lists_folder("ml-1m", protocol, artifacts)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.stem}.json"
    path.write_text(json.dumps(asdict(result)))
    return path


@pytest.fixture
def popularity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.FAMILIES, "popularity", planted_popularity())


def test_where_no_list_was_measured_the_page_says_so():
    app = view(LISTS)
    assert "Lists" in [header.value for header in app.header]
    assert "No lists have been measured here yet" in words(app)


def test_lists_are_a_line_a_model_for_new_people_and_a_table_for_each_way(artifacts: Path, popularity: None):
    for given, base, better in ((0, 0.4, 0.42), (20, 0.3, 0.39)):
        write_list(artifacts, "popularity", "new-people", base, given=given)
        write_list(artifacts, "lcrec", "new-people", better, given=given)
    for seed, ndcg in ((0, 0.2), (1, 0.3)):
        write_list(artifacts, "popularity", "random", ndcg, seed=seed)
        write_list(artifacts, "lcrec", "random", 2 * ndcg, seed=seed)
    app = view(LISTS)
    choice = app.segmented_control(key="compare_lists")
    assert choice.options == ["New people", "Random 80:20"]
    (table,) = tables(app)
    figures = ["Model", "NDCG@10", "Times popularity's", "Real rating"]
    assert table[figures].to_numpy().tolist() == [
        ["LCRec, ours, by rating", "0.420", "1.05", ""],
        ["Popularity", "0.400", "1.00", ""],
    ]
    app.segmented_control(key="compare_given").set_value(20)
    app = run(app, compare_view=LISTS)
    assert tables(app)[0][figures].to_numpy().tolist() == [
        ["LCRec, ours, by rating", "0.390", "1.30", "4.25"],
        ["Popularity", "0.300", "1.00", "4.25"],
    ]
    said = chart_words(app)[0]
    assert "LCRec, ours, by rating from 0.420 with 0 to 0.390 with 20" in said
    assert "Popularity from 0.400 with 0 to 0.300 with 20" in said
    app.segmented_control(key="compare_lists").set_value("Random 80:20")
    app = run(app, compare_view=LISTS)
    (table,) = tables(app)
    assert table["NDCG@10"].tolist() == ["0.500 ± 0.141", "0.250 ± 0.071"]
    assert table["Times popularity's"].tolist() == ["2.00", "1.00"]
    assert not chart_words(app)


def test_a_damaged_list_result_is_a_remark(artifacts: Path, popularity: None):
    write_list(artifacts, "popularity", "random", 0.2)
    write_list(artifacts, "popularity", "global-time", 0.2).write_text("{")
    app = view(LISTS)
    assert any("popularity-seed0.json" in warning.value.lower() for warning in app.warning)
    assert app.segmented_control(key="compare_lists").options == ["Random 80:20"]


@pytest.mark.parametrize(("asked", "opened"), [("lists", LISTS), ("table-7", SEVEN), ("certainty", SURE)])
def test_a_link_opens_what_it_asks_for(asked: str, opened: str):
    app = AppTest.from_file(APP, default_timeout=60).switch_page(f"pages/{PAGE}")
    app.query_params["show"] = asked
    run(app)
    assert app.session_state["compare_view"] == opened
    # Once it has been followed it is out of the way of the next click.
    assert "show" not in app.query_params


@pytest.mark.parametrize(
    ("asked", "said"), [("table-6", "Table VI is on the page Training"), ("table-<b>9", "nothing here has that name")]
)
def test_a_link_to_what_is_elsewhere_or_nowhere_is_answered(asked: str, said: str):
    app = AppTest.from_file(APP, default_timeout=60).switch_page(f"pages/{PAGE}")
    app.query_params["show"] = asked
    run(app)
    shown = [words(app), *(element.proto.label for element in app.get("page_link"))]
    assert any(said in text for text in shown)


@pytest.mark.parametrize("name", [MODELS, ERRORS, SURE, PARTS, BUNDLES])
def test_a_view_of_what_was_not_measured_says_so(name: str):
    assert "measured" in words(view(name))
