"""Who is looking at which data: switches, links, and what happens when what they name is gone."""

import shutil
from pathlib import Path

import pytest

from lcrec_core.files import artifacts_root
from lcrec_core.models import registry
from lcrec_core.models.settings import configured
from lcrec_core.sources import datasets
from lcrec_core.store.profiles import ProfileStore
from lcrec_core.training.run import TrainRequest, train
from tests.app_support import assert_sound, go, top_titles, visit, words
from tests.made_up import made_up, write_ml1m_zip

pytestmark = pytest.mark.usefixtures("any_counts")


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a small ML-1M look-alike."""
    folder = tmp_path / "data"
    write_ml1m_zip(folder / "ml-1m.zip", made_up(name="ml-1m"))
    monkeypatch.setenv("LCREC_DATA", str(folder))
    return folder


def test_the_sidebar_switches_the_data_and_the_address_follows(own_data):
    app = visit("profile")
    app.selectbox(key="sidebar_data").set_value("ml-1m").run()
    assert_sound(app)
    assert app.query_params["data"] == "ml-1m"
    assert "Simulated people" not in words(app)
    app.selectbox(key="sidebar_data").set_value("demo").run()
    assert "data" not in app.query_params
    assert "Simulated people" in words(app)


@pytest.fixture
def own_bundle(own_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle trained on `own_data`, beside the demo's."""
    root = tmp_path / "artifacts"
    shutil.copytree(artifacts_root() / datasets.DEMO, root / datasets.DEMO)
    monkeypatch.setenv("LCREC_ARTIFACTS", str(root))
    family = registry.family("paper")
    network = {"embedding_size": 4, "filters": 2, "feature_size": 8, "state_size": 6}
    config = configured(family.default_config(), epochs=1, **network)
    train(TrainRequest(data=datasets.load("ml-1m"), family=family, config=config))


def test_own_data_with_a_model_that_fits_it_is_shown_at_first(own_bundle):
    app = visit()
    assert_sound(app)
    assert app.query_params["data"] == "ml-1m"
    assert "Simulated people" not in words(app)
    app.selectbox(key="sidebar_data").set_value("demo").run()
    assert_sound(app)
    assert app.query_params["data"] == "demo"


def test_a_link_without_a_data_set_means_the_demo_on_any_server(own_bundle):
    app = visit(user="12")
    assert_sound(app)
    assert "Simulated people" in words(app)
    assert "User 12" in words(app)


def test_own_data_that_the_model_was_not_trained_on_waits_to_be_chosen(own_bundle, own_data):
    write_ml1m_zip(own_data / "ml-1m.zip", made_up(name="ml-1m", seed=1))
    app = visit()
    assert_sound(app)
    assert "Simulated people" in words(app)


def test_own_data_that_is_damaged_gives_way_to_the_demo_with_the_reason(own_bundle, own_data):
    (own_data / "ml-1m.zip").write_bytes(b"<html>not a zip</html>")
    app = visit()
    assert_sound(app)
    assert "ml-1m.zip" in app.warning[0].value
    assert "Showing the demo data instead" in app.warning[0].value


def test_data_without_a_model_shows_the_way_to_train_one(own_data):
    app = visit(data="ml-1m")
    assert not app.exception
    assert "python -m lcrec_core train --data ml-1m" in words(app).replace("\\", "")
    assert "train one on this copy on the Training page" in app.error[0].value
    assert "python -m" not in app.error[0].value
    assert any(link.label == "Train one in the app" for link in app.get("page_link"))


def test_a_damaged_data_set_gives_way_to_the_demo_with_the_reason(tmp_path, monkeypatch):
    (tmp_path / "ml-100k.zip").write_bytes(b"<html>not a zip</html>")
    monkeypatch.setenv("LCREC_DATA", str(tmp_path))
    app = visit(data="ml-100k")
    assert_sound(app)
    assert "ml-100k.zip" in app.warning[0].value
    assert "Showing the demo data instead" in app.warning[0].value
    assert len(top_titles(app)) == 5


def test_a_profile_opens_with_the_data_it_belongs_to(own_data):
    token = ProfileStore().create("ml-1m", name="Ada", ratings=[(1, 4.0, 100)])
    app = visit("profile", profile=token)
    assert_sound(app)
    assert "Ada" in words(app)
    assert "Simulated people" not in words(app)


def test_a_profile_of_data_that_is_gone_is_explained(monkeypatch, tmp_path):
    monkeypatch.setenv("LCREC_DATA", str(tmp_path))
    token = ProfileStore().create("ml-1m", name="Ada", ratings=[(1, 4.0, 100)])
    app = visit(profile=token)
    assert_sound(app)
    assert "no data set “ml-1m” here" in app.warning[0].value
    assert str(tmp_path) not in app.warning[0].value
    assert "User 11" in words(app)


def test_a_visitor_goes_back_and_forth_between_a_person_and_own_profiles():
    app = visit("rate")
    app.button(key="start_empty").click().run()
    token = app.query_params["profile"]
    go(app, "profile")
    app.selectbox(key="people_chosen").set_value(27).run()
    assert "profile" not in app.query_params
    app.selectbox(key="sidebar_who").set_value(token).run()
    assert_sound(app)
    assert app.query_params["profile"] == token
    app.selectbox(key="sidebar_who").set_value("").run()
    assert "User 27" in words(app)


def test_two_visitors_do_not_meet():
    first, second = visit(user="12"), visit(user="13")
    first.run()
    second.run()
    assert "User 12" in words(first)
    assert "User 13" not in words(first)
    assert "User 13" in words(second)
