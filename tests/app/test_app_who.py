"""Who is looking, and that nobody else's ratings are touched when that changes midway."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from lcrec_core.errors import ProfileError
from lcrec_core.sources.published import DATA_LABELS
from lcrec_core.store.profiles import ProfileStore
from lcrec_ui.frame import in_browser
from lcrec_ui.frame.in_browser import _quoted
from lcrec_ui.frame.text import distinct
from tests.app_support import assert_sound, go, visit, words
from tests.made_up import made_up, write_ml1m_zip

SESSION = "lcrec_session"


def number_of_profiles(tmp_path: Path) -> int:
    with sqlite3.connect(tmp_path / "profiles.sqlite") as connection:
        return connection.execute("SELECT count(*) FROM profiles").fetchone()[0]


def said(app) -> str:
    """All that a visitor is told, wherever it is drawn."""
    return words(app) + "\n".join(toast.value for toast in app.toast)


def open_with(page: str, *names: str) -> tuple:
    """A visitor who opened these profiles, the last one last, and their tokens."""
    tokens = [ProfileStore().create("demo", name=name, ratings=[(1, 4.0, 100), (2, 2.0, 200)]) for name in names]
    app = visit(page, profile=tokens[-1])
    app.session_state[SESSION].tokens = dict.fromkeys(tokens, "demo")
    app.run()
    assert_sound(app)
    return app, tokens


def first_star(app):
    return next(shown for shown in app.radio if shown.key.startswith("stars_") and shown.value is None)


def write_in_another_tab(action: str) -> Callable:
    """What is clicked on the page that still shows the profile."""

    def rename(app):
        next(field for field in app.text_input if str(field.key).startswith("edit_profile_")).set_value("Grace")
        return next(button for button in app.button if button.label == "Save").click()

    return {
        "star": lambda app: first_star(app).set_value(5.0),
        "clear": lambda app: next(button for button in app.button if str(button.key).startswith("clear_")).click(),
        "undo": lambda app: app.button(key="undo").click(),
        "rename": rename,
        "copy": lambda app: app.button(key="copy_profile").click(),
        "delete": lambda app: app.button(key="delete_profile").click(),
    }[action]


ACTIONS = [("rate", "star"), ("rate", "clear"), ("rate", "undo")]
ACTIONS += [("profile", "rename"), ("profile", "copy"), ("profile", "delete")]


@pytest.mark.parametrize(("page", "action"), ACTIONS)
def test_a_write_for_a_deleted_profile_stops_and_says_so(page, action, tmp_path):
    app, (token,) = open_with(page, "Ada")
    if action == "undo":
        ProfileStore().rate(token, 5, 3.0)
        app.run()
    ProfileStore().delete(token)
    write_in_another_tab(action)(app).run()
    assert not app.exception
    assert "The profile you were using is gone" in said(app)
    assert number_of_profiles(tmp_path) == 0, "nobody else is written to, and nobody is made up to write to"


@pytest.mark.parametrize(("page", "action"), ACTIONS)
def test_a_write_drawn_for_somebody_else_stops_and_says_so(page, action, tmp_path):
    app, (other, token) = open_with(page, "Grace", "Ada")
    if action == "undo":
        ProfileStore().rate(token, 5, 3.0)
        app.run()
    before = [ProfileStore().get(either) for either in (other, token)]
    app.session_state[SESSION].token = other
    write_in_another_tab(action)(app).run()
    assert not app.exception
    assert "othing was saved" in said(app)
    assert [ProfileStore().get(either) for either in (other, token)] == before
    assert number_of_profiles(tmp_path) == 2


def test_a_first_star_given_as_one_person_begins_nothing_as_another(tmp_path):
    app = visit("rate", user="12")
    app.session_state[SESSION].users["demo"] = 13
    first_star(app).set_value(5.0).run()
    assert "othing was saved" in said(app)
    assert "profile" not in app.query_params
    assert not (tmp_path / "profiles.sqlite").exists() or number_of_profiles(tmp_path) == 0


def test_a_star_for_data_that_went_away_begins_nothing_in_the_demo(tmp_path, monkeypatch):
    write_ml1m_zip(tmp_path / "data" / "own" / "films.zip", made_up(name="films"))
    monkeypatch.setenv("LCREC_DATA", str(tmp_path / "data"))
    app = visit("rate")
    drawn_in_the_demo = first_star(app).set_value(5.0)
    app.session_state[SESSION].data = "films"
    drawn_in_the_demo.run()
    assert "othing was saved" in said(app)
    assert not (tmp_path / "profiles.sqlite").exists() or number_of_profiles(tmp_path) == 0


def test_a_store_that_cannot_be_read_is_no_deleted_profile(monkeypatch):
    app, (token,) = open_with("for-you", "Ada")

    def busy(store, token):
        raise ProfileError("the store is busy")

    with monkeypatch.context() as patch:
        patch.setattr(ProfileStore, "get", busy)
        app.run()
        assert "User 11" not in words(app)
        assert "The store is busy" in words(app)
    app.run()
    assert_sound(app)
    assert "Picked for **Ada**" in words(app)
    assert app.query_params["profile"] == token


def test_a_person_who_is_no_longer_in_the_data_gives_way_with_a_notice():
    app = visit(user="12")
    app.session_state[SESSION].users["demo"] = 999_999
    app.run()
    assert_sound(app)
    assert "Picked for **User 11**" in words(app)
    assert "has no user 999999" in app.warning[0].value


def test_a_model_that_is_gone_gives_way_with_a_notice():
    app = visit(model="demo/paper")
    app.session_state[SESSION].bundles["demo"] = "demo/removed"
    app.run()
    assert_sound(app)
    assert "demo/removed is no longer here. Predicting with demo/" in app.warning[0].value
    assert "model" not in app.query_params


def test_another_profile_deleted_elsewhere_only_leaves_the_switch():
    app, (other, token) = open_with("for-you", "Grace", "Ada")
    assert len(app.selectbox(key="sidebar_who").options) == 3
    ProfileStore().delete(other)
    app.run()
    assert_sound(app)
    assert app.selectbox(key="sidebar_who").options == ["User 11", "Ada"]
    assert app.query_params["profile"] == token


def test_names_are_made_unique_when_made_and_when_changed():
    app, (_, second) = open_with("profile", "Ada", "Grace")
    app.button(key="copy_profile").click().run()
    app.selectbox(key="sidebar_who").set_value(second).run()
    app.button(key="copy_profile").click().run()
    assert ProfileStore().get(app.query_params["profile"]).name == "Copy of Grace (2)"
    next(field for field in app.text_input if str(field.key).startswith("edit_profile_")).set_value("Ada")
    next(button for button in app.button if button.label == "Save").click().run()
    assert_sound(app)
    assert ProfileStore().get(app.query_params["profile"]).name == "Ada (2)"


def test_a_copy_of_a_profile_with_the_longest_name_finds_a_name():
    app, _ = open_with("profile", "x" * 60)
    app.button(key="copy_profile").click().run()
    assert_sound(app)
    assert ProfileStore().get(app.query_params["profile"]).name == "Copy of " + "x" * 52


def test_two_of_one_name_are_two_options_and_each_leads_to_its_own():
    app, tokens = open_with("for-you", "Ada", "Ada", "User 11")
    options = app.selectbox(key="sidebar_who").options
    assert options == ["User 11", "Ada", "Ada (2)", "User 11 (2)"]
    for token in tokens:
        # What is sent is the label, as by a browser.
        app.selectbox(key="sidebar_who").set_value(token).run()
        assert app.query_params["profile"] == token


def test_distinct_labels_by_hand():
    assert distinct({1: "Ada", 2: "Ada", 3: "Ada (2)", 4: "Ada"}) == {
        1: "Ada",
        2: "Ada (3)",
        3: "Ada (2)",
        4: "Ada (4)",
    }
    assert distinct({}) == {}


def test_no_two_data_sets_have_one_title():
    assert len(set(DATA_LABELS.values())) == len(DATA_LABELS)


@pytest.fixture
def remember(monkeypatch) -> Callable[[str | None], None]:
    """Lets the visitor's browser bring a cookie."""
    return lambda token: monkeypatch.setattr(in_browser, "remembered_token", lambda: token)


def test_a_bare_address_opens_the_remembered_profile_and_a_link_wins(remember):
    token = ProfileStore().create("demo", name="Ada")
    remember(token)
    app = visit()
    assert_sound(app)
    assert "Picked for **Ada**" in words(app)
    assert app.query_params["profile"] == token
    assert "Picked for **User 12**" in words(visit(user="12"))
    assert "Picked for **User 11**" in words(visit(model="demo/paper"))


@pytest.mark.parametrize("token", ["x" * 32, "nonsense"])
def test_a_remembered_profile_that_opens_nothing_is_forgotten_without_a_word(token, remember):
    remember(token)
    app = visit()
    assert_sound(app)
    assert not app.warning
    assert "Picked for **User 11**" in words(app)


def test_a_remembered_profile_of_data_that_is_not_here_does_not_stand_in_the_way(remember):
    remember(ProfileStore().create("ml-1m", name="Ada"))
    app = visit()
    assert_sound(app)
    assert "Picked for **User 11**" in words(app)


def test_a_star_given_by_the_way_leaves_the_remembered_profile_the_remembered_one(remember):
    token = ProfileStore().create("demo", name="Ada")
    remember(token)
    app = visit("rate", user="12")
    first_star(app).set_value(5.0).run()
    assert_sound(app)
    assert app.query_params["profile"] != token
    assert app.session_state[SESSION].remembered == token


def test_to_be_forgotten_holds_for_the_profiles_made_afterwards():
    app = visit("rate")
    first_star(app).set_value(5.0).run()
    remembered = app.session_state[SESSION]
    assert remembered.remembered == app.query_params["profile"]
    go(app, "profile")
    app.button(key="forget_me").click().run()
    assert remembered.remembered is None
    app.button(key="copy_profile").click().run()
    assert_sound(app)
    assert remembered.remembered is None
    app.button(key="remember_me").click().run()
    assert remembered.remembered == app.query_params["profile"]


@pytest.mark.parametrize("text", ["</script><script>alert(1)//", '"; alert(1)//', "\u2028", "<!--", "a&b"])
def test_what_stands_in_a_script_cannot_end_it(text):
    quoted = _quoted(text)
    assert not set("<>&\u2028") & set(quoted)
    assert quoted.startswith('"')
    assert '"' not in quoted[1:-1].replace('\\"', "")
