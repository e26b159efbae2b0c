"""The Rate page: stars, guesses, undo, and the list that follows."""

import json
import sqlite3
from pathlib import Path

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.testing.v1.element_tree import ElementTree

from lcrec_core.cli import main
from lcrec_core.data.profile import Profile
from lcrec_core.data.titles import spoken
from lcrec_core.sources import demo
from lcrec_core.store.profiles import ProfileStore
from lcrec_ui.frame import loaders, text
from lcrec_ui.frame.text import read_aloud
from lcrec_ui.rate.movement import TopList
from lcrec_ui.rate.rating import without
from tests import half_stars as half_stars_data
from tests.app_support import assert_sound, links, visit, words
from tests.visiting import visited_before

RANKS = [f"**{rank}" for rank in range(1, 6)]


def stars(app) -> list:
    return [shown for shown in app.radio if (shown.key or "").startswith("stars_")]


def unrated(app) -> list:
    return [shown for shown in stars(app) if shown.value is None]


def top_five(app) -> str:
    shown = [label for label in links(app) if label[:3] in RANKS]
    assert len(shown) == len(RANKS)
    return "\n".join(shown)


def new_profile(app):
    app.button(key="start_empty").click().run()
    assert_sound(app)
    return app


def stored(app):
    return ProfileStore().get(app.query_params["profile"])


def test_suggestions_have_titles_guesses_and_empty_stars():
    app = visit("rate")
    assert_sound(app)
    assert len(unrated(app)) == 8
    assert "We guess" in words(app)
    unrated(app)[0].set_value(5.0).run()
    assert "We would have guessed" in words(app)


@pytest.mark.parametrize("link", [{}, {"user": "12"}])
def test_the_first_star_begins_a_profile_with_nothing_but_that_star(link):
    app = visit("rate", **link)
    assert len(stars(app)) == len(unrated(app)), "nothing is filled in before the first star"
    assert "Rated so far: 0" in words(app)
    row = unrated(app)[0]
    row.set_value(1.0).run()
    assert_sound(app)
    begun = stored(app)
    assert begun.copied_from is None
    assert [(f"stars_{rated.movie_id}", rated.rating) for rated in begun.ratings] == [(row.key, 1.0)]
    assert "You rate as **New profile**, a private profile of your own" in words(app)
    assert "Rated so far: 1" in words(app)
    app.button(key="undo").click().run()
    assert stored(app).ratings == ()


def test_a_copy_is_made_where_it_is_asked_for():
    app = visit("rate", user="12")
    app.button(key="copy_person").click().run()
    assert_sound(app)
    copy = stored(app)
    assert copy.copied_from == 12
    assert len(copy.ratings) == len(Profile.from_dataset(demo.load_demo(), 12).movie_ids)
    assert copy.name == "Copy of User 12"


def test_a_star_is_written_shown_and_moves_the_top_five():
    app = new_profile(visit("rate"))
    before = top_five(app)
    row = unrated(app)[0]
    row.set_value(5.0).run()
    assert_sound(app)
    assert stored(app).ratings[0].rating == 5.0
    assert top_five(app) != before
    assert app.radio(key=row.key).value == 5.0
    assert "We would have guessed" in words(app)
    assert "1 rating" in words(app)


def test_one_star_is_a_rating_and_clear_takes_it_away():
    app = new_profile(visit("rate"))
    row = unrated(app)[0]
    row.set_value(1.0).run()
    assert stored(app).ratings[0].rating == 1.0
    app.button(key=row.key.replace("stars", "clear")).click().run()
    assert stored(app).ratings == ()


def test_change_clear_and_undo():
    app = new_profile(visit("rate"))
    key = unrated(app)[0].key
    movie_id = key.removeprefix("stars_")
    app.radio(key=key).set_value(5.0).run()
    app.radio(key=key).set_value(2.0).run()
    assert [row.rating for row in stored(app).ratings] == [2.0]
    app.button(key=f"clear_{movie_id}").click().run()
    assert stored(app).ratings == ()
    assert app.radio(key=key).value is None
    app.button(key="undo").click().run()
    assert app.radio(key=key).value == 2.0
    app.button(key="undo").click().run()
    assert app.radio(key=key).value == 5.0
    app.button(key="undo").click().run()
    assert stored(app).ratings == ()
    assert app.button(key="undo").disabled


def test_stars_that_could_not_be_kept_are_said_in_the_row_and_not_filled_in(tmp_path: Path, monkeypatch):
    visited_before(monkeypatch)
    app = new_profile(visit("rate"))
    first, second = (row.key for row in unrated(app)[:2])
    app.radio(key=first).set_value(3.0).run()
    held = sqlite3.connect(tmp_path / "profiles.sqlite")
    held.execute("BEGIN IMMEDIATE")
    app.radio(key=second).set_value(5.0).run()
    (shown,) = app.container(key=second.replace("stars", "movie")).error
    assert shown.value == (
        "5 stars not saved. The profile store is held by another program; nothing was changed, try again in a moment"
    )
    assert app.radio(key=second).value is None
    app.radio(key=first).set_value(4.0).run()
    assert app.radio(key=first).value == 3.0, "what is stored is filled in"
    assert app.container(key=first.replace("stars", "movie")).error
    assert len(app.error) == 2, "an error stays long enough to be read, whatever is clicked next"
    held.close()
    app.radio(key=second).set_value(5.0).run()
    assert app.radio(key=second).value == 5.0
    assert len(app.error) == 1, "what was kept after all is no longer said to be lost"


def test_undo_says_what_it_took_back_once_and_where_the_button_is():
    app = new_profile(visit("rate"))
    row = unrated(app)[0]
    app.radio(key=row.key).set_value(4.0).run()
    app.radio(key=row.key).set_value(1.0).run()
    app.button(key="undo").click().run()
    (shown,) = app.container(key="undone").success
    assert "has 4 stars again" in shown.value
    app.button(key="undo").click().run()
    (shown,) = app.container(key="undone").success
    assert "is unrated again" in shown.value
    app.radio(key=row.key).set_value(2.0).run()
    assert not app.success


def test_each_group_of_stars_is_named_after_its_movie_and_each_option_by_its_stars():
    titles = set(demo.load_demo().movies["title"])
    app = visit("rate")
    app.button(key="copy_person").click().run()
    shown = stars(app)
    assert len({group.label for group in shown}) == len(shown) == 16
    assert {group.label.removeprefix("Stars for ") for group in shown} <= {
        read_aloud(spoken(title)) for title in titles
    }
    assert shown[0].options == ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Star Wars: Episode IV - A New Hope (1977)", "Star Wars, Episode IV - A New Hope (1977)"),
        ("M*A*S*H (1970)", "M A S H (1970)"),
        ("![x](http://a.b/c.png)", "! x (http, a.b c.png)"),
        (":red[**Heat**] $x$ `y` <b>", "red Heat x y b"),
        ("www.heat.com a@b.de :star:", "heat.com a b.de star"),
        ("WWW.Heat.com", "Heat.com"),
        ("L'Été", "L'Été"),
    ],
)
def test_a_name_that_is_read_out_has_no_mark_that_markdown_follows(title: str, name: str):
    assert read_aloud(title) == name


@pytest.mark.parametrize(
    ("rating", "shown"),
    [
        (0.0, "☆☆☆☆☆"),
        (0.5, "½☆☆☆☆"),
        (1.24, "★☆☆☆☆"),
        (2.25, "★★½☆☆"),
        (2.5, "★★½☆☆"),
        (2.75, "★★★☆☆"),
        (3.5, "★★★½☆"),
        (4.5, "★★★★½"),
        (4.76, "★★★★★"),
        (5.3, "★★★★★"),
    ],
)
def test_stars_are_filled_to_the_nearest_half_and_half_way_goes_up(rating: float, shown: str):
    assert text.stars(rating) == shown


@pytest.fixture
def half_stars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data with half stars and a bundle trained on it."""
    half_stars_data.bring_in(tmp_path, monkeypatch)


def test_half_stars_are_given_kept_and_shown_as_they_are(half_stars):
    app = new_profile(visit("rate", data=half_stars_data.NAME))
    first, second = unrated(app)[:2]
    assert first.options[:3] == ["0.5 stars", "1 star", "1.5 stars"]
    assert len(first.options) == 10
    app.radio(key=first.key).set_value(4.5).run()
    app.radio(key=second.key).set_value(0.5).run()
    assert_sound(app)
    assert [row.rating for row in stored(app).ratings] == [4.5, 0.5]
    assert (app.radio(key=first.key).value, app.radio(key=second.key).value) == (4.5, 0.5)
    app.radio(key=first.key).set_value(4.0).run()
    assert app.radio(key=first.key).value == 4.0
    app.button(key="undo").click().run()
    assert app.radio(key=first.key).value == 4.5
    assert "has 4.5 stars again" in app.success[0].value


def test_a_rating_that_no_star_can_show_is_told_in_words_and_fills_none():
    token = ProfileStore().create("demo", ratings=[(1, 3.5, 1)])
    app = visit("rate", profile=token)
    assert_sound(app)
    app.text_input(key="rate_query").set_value(demo.load_demo().movies["title"].iloc[0]).run()
    assert app.radio(key="stars_1").value is None
    assert "You gave 3.5" in words(app)
    assert [row.rating for row in ProfileStore().get(token).ratings] == [3.5], "being looked at changes nothing"


def test_five_stars_for_science_fiction_bring_science_fiction():
    data = demo.load_demo()
    genres = data.movies.set_index("movie_id")["genres"]
    known = data.ratings["movie_id"].value_counts().index
    favourites = [movie for movie in known if "Sci-Fi" in genres[movie]][:3]
    app = new_profile(visit("rate"))

    science_fiction = genres.str.contains("Sci-Fi").to_numpy()

    def lead() -> float:
        """How much more the person is expected to like science fiction than everything."""
        predicted = loaders.recommender("demo").predict(stored(app).profile)
        return float(predicted[science_fiction].mean() - predicted.mean())

    before = lead()
    for movie in favourites:
        title = data.movies.set_index("movie_id")["title"][movie]
        app.text_input(key="rate_query").set_value(title).run()
        app.radio(key=f"stars_{movie}").set_value(5.0).run()
        app.run()  # Only what moves with a star was drawn, and the tool forgets what was not.
    assert_sound(app)
    assert lead() > before


def test_search_while_typing_finds_titles_and_says_when_there_are_none():
    app = visit("rate")
    app.text_input(key="rate_query").set_value("star wars").run()
    assert_sound(app)
    assert "Star Wars" in words(app)
    app.text_input(key="rate_query").set_value("zzzz **bold**").run()
    assert_sound(app)
    assert r"No title is like “zzzz \*\*bold\*\*”. The demo has films up to 2024." in words(app)


def test_a_misspelled_search_shows_the_nearest_and_says_so():
    app = visit("rate")
    app.text_input(key="rate_query").set_value("shawshenk").run()
    assert_sound(app)
    assert "No title has “shawshenk”; these are nearest in spelling" in words(app)
    assert "The Shawshank Redemption" in words(app)


def test_the_page_finds_what_the_command_line_finds(capsys):
    app = visit("rate")
    for query in ("la confidential", "wars star", "godfther", "the man"):
        app.text_input(key="rate_query").set_value(query).run()
        assert_sound(app)
        shown = [int(row.key.removeprefix("stars_")) for row in stars(app)][:8]
        capsys.readouterr()
        assert main.main(["search", query, "--json", "-n", "8"]) == 0
        found = [row["movie_id"] for row in json.loads(capsys.readouterr().out)]
        assert shown[: len(found)] == found


def test_others_brings_other_suggestions():
    app = new_profile(visit("rate"))
    first = {row.key for row in unrated(app)}
    app.button(key="others").click().run()
    assert_sound(app)
    second = {row.key for row in unrated(app)}
    assert len(second) == 8
    assert not first & second


@pytest.mark.parametrize("value", ["6 stars", "0 stars", "3.5 stars", "", "**x**", "nan stars"])
def test_a_forged_number_of_stars_is_turned_away_and_said_in_the_row(value, monkeypatch):
    visited_before(monkeypatch)
    app = new_profile(visit("rate"))
    row = unrated(app)[0]
    # What a browser sends is the option's text, and it can send any.
    forged = WidgetStates(widgets=[WidgetState(id=row.id, string_value=value)])
    with monkeypatch.context() as patch:
        patch.setattr(ElementTree, "get_widget_states", lambda tree: forged)
        app.run()
    assert stored(app).ratings == ()
    assert app.radio(key=row.key).value is None
    (shown,) = app.container(key=row.key.replace("stars", "movie")).error
    assert "not saved" in shown.value


def test_without_takes_out_one_movie_and_nothing_else():
    profile = Profile.of([(1, 5.0, 10), (2, 3.0, 20), (3, 1.0, 30)], gender="F")
    fewer = without(profile, 2)
    assert fewer.movie_ids.tolist() == [1, 3]
    assert fewer.ratings.tolist() == [5.0, 1.0]
    assert fewer.gender == "F"
    assert profile.movie_ids.tolist() == [1, 2, 3]


def test_marks_of_the_top_five_by_hand():
    top = TopList()
    top.follow(1, {10: 4.5, 20: 4.0, 30: 3.9})
    assert [top.mark(movie) for movie in (10, 20, 30)] == ["", "", ""]
    top.follow(2, {20: 4.4, 10: 4.3, 40: 4.1})
    assert top.mark(20) == ":green[▲ 1]"
    assert top.mark(10) == ":red[▼ 1]"
    assert top.mark(40) == ":green-badge[new]"
    assert top.change(20) == "+0.40"
    assert top.change(10) == "-0.20"
    assert top.change(40) == ""
    top.follow(2, {20: 4.4, 10: 4.3, 40: 4.1})
    assert top.mark(20) == ":green[▲ 1]", "being drawn again is no change"


def test_a_star_of_what_is_to_be_rated_draws_no_row_of_what_is_rated_again():
    app = visit("rate", profile=ProfileStore().create("demo", ratings=[(movie, 4.0, movie) for movie in (700, 701)]))
    offered = [radio.key for radio in app.radio if radio.key.startswith("stars_")]
    assert {"stars_700", "stars_701"} <= set(offered)
    app.radio(key=offered[0]).set_value(5.0).run()
    assert_sound(app)
    drawn = {radio.key for radio in app.radio}
    assert offered[0] in drawn
    assert not drawn & {"stars_700", "stars_701"}
    assert "Rated so far: 3" in [shown.value for shown in app.header]
    assert "Your top 5 now" in [shown.value for shown in app.header]
