"""The Laboratory on the demo: its numbers are those of the models, and every number of the paper is found."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lcrec_core.data.profile import Profile
from lcrec_core.evaluation import paper_facts
from lcrec_core.models.lcrec.parts import Part as LCRecPart
from lcrec_core.models.lcrec.trace import Switches
from lcrec_core.models.paper.parts import Part
from lcrec_core.models.paper.trace import Tracer
from lcrec_core.serving.filters import Filters, default_min_ratings
from lcrec_core.serving.recommender import Recommender
from lcrec_core.sources.datasets import DEMO
from lcrec_ui.frame import places
from lcrec_ui.lab import equations, switches
from tests.html_tables import tables
from tests.visiting import APP, open_page, run, visited_before, words

PAGE = "10_lab.py"
SWITCHES, TOP_FIVE, EQUATIONS, INDEX = places.LAB.tabs[1:]


@pytest.fixture(autouse=True)
def without_real_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    visited_before(monkeypatch)
    monkeypatch.setenv("LCREC_DATA", str(tmp_path / "none"))


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return Recommender.load("demo/paper")


@pytest.fixture(scope="module")
def tracer(recommender: Recommender) -> Tracer:
    return Tracer(recommender.model)


def by_link(**query: str) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=60).switch_page(f"pages/{PAGE}")
    for name, value in query.items():
        app.query_params[name] = value
    return run(app)


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_one_prediction_is_what_the_model_predicts_and_its_parts_make_it(recommender: Recommender, tracer: Tracer):
    movie_id = int(recommender.catalogue.movie_ids[12])
    app = by_link(movie=str(movie_id))
    person = Profile.from_dataset(recommender.data, 11)
    person = person.only(person.movie_ids != movie_id)
    trace = tracer.trace(person, 12)
    assert f'<span class="big">{recommender.predict(person, [movie_id])[0]:.2f}</span>' in html(app)
    adds, filters, history = tables(app)
    assert len(adds) == len(Part)
    assert adds["Prediction without it"].tolist() == [f"{rating:.3f}" for rating in trace.without.values()]
    made = trace.average + adds["Adds"].astype(float).sum()
    assert made == pytest.approx(trace.rating, abs=0.003)
    assert history["Prediction"][0] == f"{trace.read[-1]:.3f}"
    strongest = max(zip(trace.firings, trace.usual_firing, strict=True), key=lambda pair: pair[0].activation - pair[1])
    assert filters["Fires with"][0] == f"{strongest[0].activation:.3f}"
    charts = [chart.proto.alt for chart in app.get("plotly_chart")]
    assert f"to Predicted {trace.rating:.2f}" in charts[0]
    assert "from Mean of all ratings" in charts[1]
    assert f"to {trace.read[-1]:.2f} after" in charts[2]


def test_another_movie_is_found_by_its_title_and_a_rated_one_is_left_out_of_the_history(recommender: Recommender):
    app = open_page(PAGE)
    app.text_input(key="lab_query").set_value("matrix")
    app = run(app)
    offered = app.get("button_group")[0].options
    assert any("Matrix" in str(option) for option in offered)
    rated = int(Profile.from_dataset(recommender.data, 11).movie_ids[0])
    assert "That rating is left out here" in words(by_link(movie=str(rated)))


@pytest.mark.parametrize("movie", ["999999999", "x", "1" * 40, "<script>", "-1"])
def test_a_link_to_a_movie_that_there_is_not_is_answered(movie: str):
    app = by_link(movie=movie)
    assert "which is not in this data" in words(app)
    assert tables(app)


def test_a_part_switched_off_moves_the_list_to_what_the_network_predicts_without_it(
    recommender: Recommender, tracer: Tracer
):
    app = open_page(PAGE, lab_view=SWITCHES)
    assert "Both lists are the same" in words(app)
    other, one = lists(app)
    assert [line[0] for line in one] == [line[0] for line in other]
    off = [Part.TITLE, Part.GENRES]
    app = run(app, lab_view=SWITCHES, lab_off_0=off)
    other, one = lists(app)
    person = Profile.from_dataset(recommender.data, 11)
    passes = recommender.catalogue.passes(person, Filters(min_ratings=default_min_ratings(recommender.data)))
    ratings = tracer.catalogue(person, off)
    order = recommender.catalogue.best_first(passes, ratings)[:5]
    scale = recommender.data.scale
    assert [line[1] for line in other] == [f"{scale.clip(ratings[[position]])[0]:.2f}" for position in order]
    assert one != other
    assert "Without Title (CNN), Genres" in [header.value for header in app.header]


def test_lcrecs_parts_are_switched_off_live_too():
    recommender = Recommender.load("demo/lcrec")
    person = Profile.from_dataset(recommender.data, 11)
    app = open_page(PAGE, lab_view=SWITCHES, lab_whose=switches.LCREC)
    assert "Both lists are the same" in words(app)
    assert "Nothing is trained again" in words(app)
    app = run(app, lab_view=SWITCHES, lab_whose=switches.LCREC, lab_off_1=[LCRecPart.BACKBONE])
    other, one = lists(app)
    ratings = Switches(recommender.model).catalogue(person, [LCRecPart.BACKBONE])
    passes = recommender.catalogue.passes(person, Filters(min_ratings=default_min_ratings(recommender.data)))
    best = recommender.catalogue.best_first(passes, ratings)[:5]
    assert [line[1] for line in other] == [f"{recommender.data.scale.clip(ratings[[i]])[0]:.2f}" for i in best]
    assert one != other
    assert "Without Backbone" in [header.value for header in app.header]


def lists(app: AppTest) -> list[list[tuple[str, str]]]:
    """Titles and ratings of each list on the page, whose titles are links."""
    labels = [link.proto.label for link in app.get("page_link")]
    found = [re.search(r"\*\*\d\. (.+?)\*\*.*\] (\d\.\d\d)", label) for label in labels]
    lines = [(line[1], line[2]) for line in found if line]
    return [lines[:5], lines[5:]]


def test_figure_seven_has_the_papers_numbers_and_our_list_in_its_form(recommender: Recommender):
    papers, ours = tables(open_page(PAGE, lab_view=TOP_FIVE))
    assert papers["Movie"].tolist() == [str(movie_id) for movie_id, _ in paper_facts.TOP_FIVE]
    assert papers["Predicted"].tolist() == ["4.28", "4.27", "4.03", "3.96", "3.88"]
    assert ours.columns.tolist() == ["Movie", "Title", "Genres", "Ratings there", "Predicted"]
    assert len(ours) == 5
    person = Profile.from_dataset(recommender.data, 11)
    predicted = recommender.predict(person, [int(movie_id) for movie_id in ours["Movie"]])
    assert ours["Predicted"].tolist() == [f"{rating:.2f}" for rating in predicted]


def test_every_equation_stands_beside_lines_that_compute_it():
    where = equations.sources()
    assert sorted(where) == list(range(1, 12))
    for number, sources in where.items():
        for source in sources:
            lines = (APP.parent / source.file).read_text().splitlines()
            assert lines[source.line - 1].strip() == source.text, number
    assert "torch.sigmoid(f)" in where[1][0].text
    assert "torch.tanh(cell)" in where[6][0].text
    assert "max(dim=0)" in where[8][0].text
    assert "amax(dim=2)" in where[8][1].text
    app = open_page(PAGE, lab_view=EQUATIONS)
    assert len(app.latex) == 11
    for word in ("Gates", "Convolution", "Pooling", "U", "M"):
        assert f"**{word}" in words(app)


def test_every_table_and_figure_has_a_line_and_a_link():
    app = open_page(PAGE, lab_view=INDEX)
    numbers = [f"Table {roman}" for roman in ("I", "II", "III", "IV", "V", "VI", "VII")]
    numbers += [f"Figure {number}" for number in range(3, 8)]
    assert sorted(place.label for place in places.PLACES.values() if place.label) == sorted(numbers)
    links = [link.proto.label for link in app.get("page_link")]
    assert len(links) == len(numbers) + 1
    assert all(any(label.startswith(f"**{number}** ") for label in links) for number in numbers)


def test_a_place_has_a_page_that_there_is_and_a_tab_of_it():
    for name, place in places.PLACES.items():
        assert (APP.parent / "pages" / place.page.file).exists(), name
        assert place.tab in place.page.tabs or not place.page.tabs, name


def test_without_a_model_of_the_paper_the_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path / "artifacts"))
    for view in places.LAB.tabs:
        app = open_page(PAGE, lab_view=view)
        assert view in (EQUATIONS, INDEX) or any(f"no model {DEMO}" in shown.value for shown in app.error)
