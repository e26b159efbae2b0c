"""A movie's page: by its link, by search and from every title; what it says, and what a star or a mark does there."""

import re

import pytest

from lcrec_core.data.dataset import WHOLE_STARS
from lcrec_core.data.movie_ratings import ratings_of
from lcrec_core.data.profile import Profile
from lcrec_core.models.bundles import load_bundle
from lcrec_core.serving.recommender import Recommender
from lcrec_core.sources import demo, tmdb
from lcrec_core.store.profiles import SAVED, SEEN, ProfileStore
from lcrec_ui.frame import loaders, lookups
from lcrec_ui.frame.text import read_aloud
from lcrec_ui.movie import charts, search
from lcrec_ui.posters import real
from tests import half_stars
from tests.app_support import assert_sound, go, links, visit, words
from tests.data.test_movie_ratings import FOUR, data_of

MATRIX = next(row.movie_id for row in demo.load_demo().movies.itertuples() if row.title == "The Matrix (1999)")


def own_visit(movie: object = MATRIX):
    """Somebody with a profile of their own on a movie's page."""
    token = ProfileStore().create("demo", name="Ada", ratings=[(1, 5.0, 1), (2, 4.0, 2)])
    return visit("movie", profile=token, movie=str(movie))


def metrics(app) -> dict[str, str]:
    return {shown.label: shown.value for shown in app.metric}


def stored(app):
    return ProfileStore().get(app.query_params["profile"])


def test_a_link_opens_the_movie_with_its_prediction_and_what_everybody_gave():
    app = visit("movie", movie=str(MATRIX))
    assert_sound(app)
    assert app.title[0].value.replace("\\", "") == "The Matrix (1999)"
    recommender = Recommender(load_bundle("demo/lcrec"), demo.load_demo())
    person = Profile.from_dataset(recommender.data, 11)
    without = person.only(person.movie_ids != MATRIX)
    shown = metrics(app)
    guess = f"{recommender.predict(without, [MATRIX])[0]:.2f}"
    assert guess in (shown.get("We would have guessed"), shown.get("Predicted for you", "").removesuffix(" ★"))
    assert shown["Everybody's average"] == f"{recommender.catalogue.stats['mean_rating'][MATRIX]:.2f}"
    assert re.search(r"\*\*(Quite sure|Fairly sure|A guess)\.\*\* The model sees a \d+% chance", words(app))
    assert len(app.get("plotly_chart")) == 3
    # By what people like together, or by features until that is there.
    asked = recommender, loaders.recommender("demo/lcrec")
    near = [{movie for movie, _ in each.similar(MATRIX, 6, min_ratings=30)} for each in asked]
    assert any(some <= set(links(app).values()) for some in near)


@pytest.mark.parametrize("wrong", ["0", "999999", "x", "-1", "1" * 400, "**x** http://a.b", "１", "1.0", ""])
def test_a_link_to_no_movie_says_so_and_offers_the_search(wrong):
    app = visit("movie", movie=wrong)
    assert_sound(app)
    (said,) = [shown.value for shown in app.warning]
    assert "has no movie" in said
    assert len(said) < 200
    assert app.title[0].value == search.NO_MOVIE
    app.text_input(key="movie_query").set_value("matrix").run()
    assert MATRIX in links(app).values()


def test_without_an_id_it_is_a_search_whose_titles_are_links():
    app = visit("movie")
    assert_sound(app)
    assert not app.warning
    app.text_input(key="movie_query").set_value("zzzzzzzz").run()
    assert "No title is like" in words(app)
    app.text_input(key="movie_query").set_value("the matrix").run()
    first = next(label for label in links(app) if "Matrix" in label)
    assert links(app)[first] == MATRIX


def test_a_link_keeps_who_is_looking_and_at_what():
    app = visit("movie", user="12", model="demo/paper", movie=str(MATRIX))
    assert_sound(app)
    linked = next(link for link in app.get("page_link") if "movie=" in link.proto.query_string)
    assert "user=12" in linked.proto.query_string
    assert "model=demo%2Fpaper" in linked.proto.query_string


def test_a_star_counts_at_once_and_can_be_changed_cleared_and_taken_back():
    app = own_visit()
    before = metrics(app)["Predicted for you"]
    app.radio(key=f"stars_{MATRIX}").set_value(1.0).run()
    assert_sound(app)
    assert {rated.movie_id: rated.rating for rated in stored(app).ratings}[MATRIX] == 1.0
    now = metrics(app)
    assert now["You gave"] == "1 ★"
    assert f"{now['We would have guessed']} ★" == before, "the guess is the one without the star"
    assert next(shown.delta for shown in app.metric if shown.label == "We would have guessed").startswith("-")
    assert "**The Matrix \\(1999\\)** has 1 star from you." in words(app)
    app.button(key=f"clear_{MATRIX}").click().run()
    assert metrics(app)["Predicted for you"] == before
    app.button(key="undo_mark").click().run()
    assert metrics(app)["You gave"] == "1 ★"


def test_the_first_star_of_somebody_without_a_profile_begins_one():
    app = visit("movie", movie=str(MATRIX))
    app.radio(key=f"stars_{MATRIX}").set_value(4.0).run()
    assert_sound(app)
    assert [(rated.movie_id, rated.rating) for rated in stored(app).ratings] == [(MATRIX, 4.0)]
    assert "A private profile of your own began with it" in words(app)


def test_marks_are_kept_here_as_on_a_card():
    app = own_visit()
    for mark in (SAVED, SEEN):
        app.button(key=f"mark_{mark}_{MATRIX}").click().run()
    assert_sound(app)
    assert stored(app).marks == {SAVED: (MATRIX,), SEEN: (MATRIX,)}
    app.button(key="undo_mark").click().run()
    assert stored(app).marks == {SAVED: (MATRIX,)}


def test_another_data_set_shows_the_search_and_not_another_movie_of_that_number(tmp_path, monkeypatch):
    half_stars.bring_in(tmp_path, monkeypatch)
    app = visit("movie", data="demo", movie="7")
    app.selectbox(key="sidebar_data").set_value(half_stars.NAME).run()
    assert_sound(app)
    assert app.title[0].value == search.NO_MOVIE
    assert "movie" not in app.query_params


def test_half_stars_are_given_and_shown(tmp_path, monkeypatch):
    half_stars.bring_in(tmp_path, monkeypatch)
    token = ProfileStore().create(half_stars.NAME, name="Ada")
    app = visit("movie", profile=token, movie="7")
    app.radio(key="stars_7").set_value(3.5).run()
    assert_sound(app)
    assert metrics(app)["You gave"] == "3.5 ★"
    assert "does not say how sure it is" in words(app) or "A guess" in words(app), "the paper's model says no chances"


def test_every_title_leads_to_its_movie():
    app = visit()
    known = lookups.movies("demo")
    cards = {label: movie_id for label, movie_id in links(app).items() if label.startswith("About ")}
    assert all(label == f"About {read_aloud(known[movie_id].title)}" for label, movie_id in cards.items())
    assert len(cards) == 5
    assert sum(movie_id is not None for movie_id in links(app).values()) == 5
    go(app, "rate")
    assert sum(movie_id is not None for movie_id in links(app).values()) == 5 + 8


def test_charts_leave_out_what_there_is_too_little_of():
    ratings = ratings_of(data_of(FOUR), 20)
    assert charts.groups(ratings) is None
    drawn = charts.in_time(ratings, WHOLE_STARS)
    assert "Ratings each month from January 2001 to March 2001" in drawn.alt
    assert charts.in_time(ratings_of(data_of(FOUR), 30), WHOLE_STARS) is None
    alone = charts.chances(ratings.values, None)
    assert alone.alt == "Everybody's ratings: everybody most often gave 2, 67%."


def pictures(app) -> list[str]:
    return [shown.proto.body for shown in app.get("html") if "<img" in shown.proto.body]


@pytest.fixture
def linked(tmp_path, monkeypatch):
    """The demo as if it had a links.csv: every movie's TMDB id is its own. Nothing is asked of anybody."""
    asked = []

    def answer(url: str, query: dict, headers: dict, most: int) -> bytes:
        asked.append(url)
        return b'{"poster_path": "/a.jpg"}' if "/3/movie/" in url else b"\xff\xd8\xff a picture"

    monkeypatch.setattr(tmdb, "_fetched", answer)
    monkeypatch.setattr(tmdb, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(real, "_tmdb_ids", lambda name: {movie_id: movie_id for movie_id in lookups.movies(name)})
    real._posters.clear()
    yield asked
    real._posters.clear()


def test_real_posters_are_shown_with_tmdbs_words_where_there_is_a_key(linked, monkeypatch):
    monkeypatch.setenv(tmdb.KEY_ENV, "key")
    app = visit("movie", movie=str(MATRIX))
    assert_sound(app)
    assert all('src="data:image/jpeg;base64,' in shown for shown in pictures(app))
    assert 'alt="Poster: The Matrix (1999), Action"' in pictures(app)[0]
    assert tmdb.ATTRIBUTION in words(app)
    assert linked


def test_nothing_is_asked_without_a_key(linked, monkeypatch):
    monkeypatch.delenv(tmdb.KEY_ENV, raising=False)
    app = visit("movie", movie=str(MATRIX))
    assert len(pictures(app)) == 7
    assert all('src="data:image/svg+xml;base64,' in shown for shown in pictures(app))
    assert tmdb.ATTRIBUTION not in words(app)
    assert linked == []
