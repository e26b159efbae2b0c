"""The Rate page: stars, guesses, undo, and the list that follows."""

import numpy as np
import pytest

from lcrec_core import demo
from lcrec_core.profile import Profile
from lcrec_core.store import ProfileStore
from lcrec_ui import loaders
from lcrec_ui.movement import TopList
from lcrec_ui.rating import without
from lcrec_ui.search import TitleIndex, normalise
from tests.app_support import assert_sound, visit, words


def stars(app) -> list:
    return [shown for shown in app.get("feedback") if shown.key.startswith("stars_")]


def unrated(app) -> list:
    return [shown for shown in stars(app) if shown.value is None]


def top_five(app) -> str:
    (shown,) = [text.value for text in app.container(key="top_five").markdown if text.value.startswith("1. ")]
    return shown


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
    assert "We would have guessed" in words(app)


def test_the_first_star_of_a_data_set_person_makes_a_private_copy():
    app = visit("rate")
    before = Profile.from_dataset(demo.load_demo(), 11)
    first = unrated(app)[0]
    movie_id = int(first.key.removeprefix("stars_"))
    first.set_value(0).run()
    assert_sound(app)
    copy = stored(app)
    assert copy.copied_from == 11
    assert len(copy.ratings) == len(before.movie_ids) + 1
    assert {row.movie_id: row.rating for row in copy.ratings}[movie_id] == 1.0
    assert "private profile of your own" in words(app)
    assert f"{len(copy.ratings)} ratings" in words(app)


def test_a_star_is_written_shown_and_moves_the_top_five():
    app = new_profile(visit("rate"))
    before = top_five(app)
    row = unrated(app)[0]
    row.set_value(4).run()
    assert_sound(app)
    assert stored(app).ratings[0].rating == 5.0
    assert top_five(app) != before
    assert app.feedback(key=row.key).value == 4
    assert "We would have guessed" in words(app)
    assert "1 rating" in words(app)


def test_one_star_is_a_rating_and_clicking_it_again_clears_it():
    app = new_profile(visit("rate"))
    row = unrated(app)[0]
    row.set_value(0).run()
    assert stored(app).ratings[0].rating == 1.0
    app.feedback(key=row.key).set_value(None).run()
    assert stored(app).ratings == ()


def test_change_clear_and_undo():
    app = new_profile(visit("rate"))
    key = unrated(app)[0].key
    movie_id = key.removeprefix("stars_")
    app.feedback(key=key).set_value(4).run()
    app.feedback(key=key).set_value(1).run()
    assert [row.rating for row in stored(app).ratings] == [2.0]
    app.button(key=f"clear_{movie_id}").click().run()
    assert stored(app).ratings == ()
    assert app.feedback(key=key).value is None
    app.button(key="undo").click().run()
    assert app.feedback(key=key).value == 1
    app.button(key="undo").click().run()
    assert app.feedback(key=key).value == 4
    app.button(key="undo").click().run()
    assert stored(app).ratings == ()
    assert app.button(key="undo").disabled


def test_five_stars_for_science_fiction_bring_science_fiction():
    data = demo.load_demo()
    genres = data.movies.set_index("movie_id")["genres"]
    known = data.ratings["movie_id"].value_counts().index
    favourites = [movie for movie in known if "Sci-Fi" in genres[movie]][:3]
    app = new_profile(visit("rate"))

    science_fiction = genres.str.contains("Sci-Fi").to_numpy()

    def lead() -> float:
        """How much more the person is expected to like science fiction than everything."""
        predicted = loaders.recommender("demo").predict(stored(app).to_profile())
        return float(predicted[science_fiction].mean() - predicted.mean())

    before = lead()
    for movie in favourites:
        title = data.movies.set_index("movie_id")["title"][movie]
        app.text_input(key="rate_query").set_value(title).run()
        app.feedback(key=f"stars_{movie}").set_value(4).run()
    assert_sound(app)
    assert lead() > before


def test_search_while_typing_finds_titles_and_says_when_there_are_none():
    app = visit("rate")
    app.text_input(key="rate_query").set_value("star wars").run()
    assert_sound(app)
    assert "Star Wars" in words(app)
    app.text_input(key="rate_query").set_value("zzzz **bold**").run()
    assert_sound(app)
    assert "No title has the words" in words(app)


def test_others_brings_other_suggestions():
    app = new_profile(visit("rate"))
    first = {row.key for row in unrated(app)}
    app.button(key="others").click().run()
    assert_sound(app)
    second = {row.key for row in unrated(app)}
    assert len(second) == 8
    assert not first & second


@pytest.mark.parametrize("value", [5, -1, 99])
def test_a_forged_number_of_stars_is_turned_away(value):
    app = new_profile(visit("rate"))
    key = unrated(app)[0].key
    app.session_state[key] = value
    try:
        app.feedback(key=key).set_value(value).run()
    except Exception:
        return
    assert stored(app).ratings == ()


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


def test_titles_are_found_whatever_the_accents_capitals_and_order(tiny):
    assert normalise("L'Été, The (1995)") == " lete the 1995"
    index = TitleIndex(
        np.array([1, 2, 3]), tuple(map(normalise, ("Star Wars (1977)", "Amélie (2001)", "Lone Star (1996)")))
    )
    assert index.find("AMELIE") == [2]
    assert index.find("wars star") == [1]
    assert index.find("star") == [1, 3]
    assert index.find("tar wa") == [1], "inside words where nothing begins so"
    assert index.find("  ") == []
    assert len(TitleIndex.of(tiny).titles) == len(tiny.movies)
