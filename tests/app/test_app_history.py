"""Bring your history: nothing is written before a visitor says so, and what is written is one step back."""

from pathlib import Path

import pytest

from lcrec_core.data.dataset import HALF_STARS
from lcrec_core.serving import importing
from lcrec_core.serving.matching import Matcher
from lcrec_core.sources import datasets
from lcrec_core.sources.history.read import read
from lcrec_core.store.profiles import NOT_INTERESTED, SAVED, SEEN, ProfileStore, StoredRating
from lcrec_ui.history import take
from tests.app_support import REPOSITORY, assert_sound, visit, words
from tests.histories import letterboxd_zip
from tests.visiting import visited_before

PAGE = "pages/7_history.py"
AMBIGUOUS = b"Title,Year,Rating\nThe Matrix,,4\nNo Such Film,1990,2\n"


@pytest.fixture(autouse=True)
def _visited(monkeypatch: pytest.MonkeyPatch) -> None:
    visited_before(monkeypatch)


def arrive(name: str, content: bytes, **link: str):
    """A visitor who has uploaded a file."""
    app = visit(**link).switch_page(PAGE).run()
    app.file_uploader[0].set_value((name, content, "application/octet-stream")).run()
    assert not app.exception
    return app


def add(app):
    return app.button(key="history_add")


def test_an_export_is_added_on_a_word_undone_in_one_step_and_brings_nothing_a_second_time():
    token = ProfileStore().create("demo", name="Ada")
    app = arrive("letterboxd.zip", letterboxd_zip(), profile=token)
    assert_sound(app)
    assert ProfileStore().get(token).ratings == ()
    assert add(app).label == "Add 3 ratings, 2 seen, 1 saved"
    assert "No Such Film" in words(app)
    add(app).click().run()
    assert_sound(app)
    kept = ProfileStore().get(token)
    assert [row.rating for row in kept.ratings] == [5.0, 5.0, 3.0], "halves go up on the demo's whole stars"
    assert {mark: len(movies) for mark, movies in kept.marks.items()} == {SEEN: 2, SAVED: 1}
    app.file_uploader[0].set_value(("again.zip", letterboxd_zip(), "application/zip")).run()
    assert add(app).label == "Nothing new to add"
    assert add(app).disabled
    ProfileStore().undo(token)
    assert (ProfileStore().get(token).ratings, ProfileStore().get(token).marks) == ((), {})


def test_a_visitor_without_a_profile_begins_one_chooses_and_puts_a_match_right():
    app = arrive("mine.csv", AMBIGUOUS)
    assert add(app).disabled
    choice = app.radio[0]
    assert "The Matrix" in choice.label
    assert choice.options[-1] == "None of these"
    choice.set_value(choice.proto.options and app.session_state["history_brought"].found[0].candidates[0]).run()
    assert add(app).label == "Add 1 rating"
    # The other film is found by the search of the Rate page.
    app.text_input(key="history_query").set_value("casablanca").run()
    next(button for button in app.button if button.label.startswith("Casablanca")).click().run()
    assert add(app).label == "Add 2 ratings"
    add(app).click().run()
    assert_sound(app)
    assert "A private profile of your own began with them" in words(app)
    token = app.query_params["profile"]
    assert len(ProfileStore().get(token).ratings) == 2
    app.button(key="history_undo").click().run()
    assert ProfileStore().get(token).ratings == ()
    assert "Taken back: 2 movies" in words(app)


@pytest.mark.parametrize("content", [b"", b"\x89PNG....", b"Title,Year,Rating\nKite,1999,nine\n"])
def test_a_file_that_cannot_be_read_is_explained(content: bytes):
    app = arrive("mine.csv", content)
    (said,) = app.error
    assert "Nothing was changed" in said.value
    assert str(REPOSITORY) not in said.value


def test_a_round_trip_by_either_file_loses_nothing():
    store, data = ProfileStore(), datasets.load("demo")
    ids = data.movies["movie_id"].tolist()
    token = store.create("demo")
    store.bring(
        token,
        [(ids[5], 4.0, 1_500_000_007), (ids[2], 1.0, 1_500_000_007), (ids[9], 3.0, 90)],
        [(ids[9], SEEN, 95), (ids[20], SAVED, 80), (ids[21], SAVED, 70), (ids[22], NOT_INTERESTED, 60)],
    )
    before = store.get(token)
    matcher = Matcher.of(data)
    for made in (take.everything_csv(data, before), take.everything_json(data, before, None)):
        history = read(made, Path("mine"))
        found = importing.plan(matcher.match(history.entries), None, data.scale)
        again = store.create("demo")
        store.bring(again, found.ratings, found.marks)
        after = store.get(again)
        assert after.ratings == before.ratings
        assert (after.marks, after.marked_at) == (before.marks, before.marked_at)
        assert StoredRating(ids[5], 4.0, 1_500_000_007) in after.ratings
    assert HALF_STARS.contains([row.rating for row in before.ratings]).all()


def test_a_title_of_the_preview_leads_to_its_movie_and_the_preview_is_still_there_afterwards():
    app = arrive("mine.csv", AMBIGUOUS)
    asked = app.session_state["history_brought"].found[0].candidates
    html = "\n".join(element.proto.body for element in app.get("html"))
    assert all(f"movie={movie_id}" in html for movie_id in asked)
    app.radio[0].set_value(asked[0]).run()
    app.switch_page("pages/8_movie.py").run()
    app.switch_page(PAGE).run()
    assert_sound(app)
    assert add(app).label == "Add 1 rating"
    app.button(key="history_away").click().run()
    assert not [button for button in app.button if button.key == "history_add"]
