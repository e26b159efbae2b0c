"""The For you page and the frame around every page."""

import io
import json
import re

import pandas as pd
import pytest

from lcrec_core.cli.main import main
from lcrec_core.data.titles import sort_key, spoken
from lcrec_core.serving.filters import ANY, KNOWN, LESSER_KNOWN, popularity_bounds
from lcrec_core.serving.recommender import Recommender
from lcrec_ui.for_you import cards
from tests.app_support import assert_sound, go, top_titles, visit, words


def table(app) -> pd.DataFrame:
    return app.dataframe[0].value


def test_a_visitor_sees_five_movies_for_the_demo_person_at_once():
    app = visit()
    assert_sound(app)
    assert len(top_titles(app)) == 5
    text = words(app)
    assert "User 11" in text
    assert "Simulated people" in text
    assert "predicted for you" in text
    assert "on average" in text


def test_the_command_line_lists_the_same_five(capsys):
    assert main(["recommend", "--bundle", "demo", "--user", "11", "--json"]) == 0
    listed = [spoken(movie["title"]) for movie in json.loads(capsys.readouterr().out)]
    assert [cards.plain(title) for title in listed] == top_titles(visit())


def test_the_table_is_the_whole_list_best_first_and_begins_with_the_cards():
    app = visit()
    shown = table(app)
    assert shown["rank"].tolist() == list(range(1, len(shown) + 1))
    assert [cards.plain(title) for title in shown["title"].head(5)] == top_titles(app)


def test_cards_and_table_say_how_likely_it_is_that_the_visitor_likes_a_movie():
    app = visit()
    assert "Chance of 4+ stars from you: " in words(app)
    assert table(app)["liking"].between(0, 1).all()


def test_the_papers_model_says_no_chances():
    app = visit(model="demo/paper")
    assert_sound(app)
    assert "Chance of" not in words(app)
    assert "liking" not in table(app)


def test_genre_filters_hold_for_cards_and_table():
    app = visit()
    app.multiselect(key="filter_genres_in_demo").set_value(["Sci-Fi"])
    app.multiselect(key="filter_genres_out_demo").set_value(["Action"]).run()
    assert_sound(app)
    shown = table(app)
    assert len(shown) > 0
    assert all("Sci-Fi" in genres and "Action" not in genres for genres in shown["genres"])
    assert app.button(key="filter_reset_demo")


def test_decades_filter_by_year():
    app = visit()
    app.select_slider(key="filter_decades_demo").set_value((1980, 1990)).run()
    assert_sound(app)
    assert table(app)["year"].between(1980, 1999).all()


def test_lesser_known_films_are_rated_by_fewer_people_than_well_known_ones():
    app = visit()
    app.segmented_control(key="filter_popularity_demo").set_value(LESSER_KNOWN).run()
    lesser = table(app)["num_ratings"]
    app.segmented_control(key="filter_popularity_demo").set_value(KNOWN).run()
    known = table(app)["num_ratings"]
    assert lesser.max() < known.min()


def test_rated_movies_come_in_only_when_asked_for():
    app = visit()
    without = len(table(app))
    app.toggle(key="filter_include_rated_demo").set_value(True).run()
    assert len(table(app)) > without


def test_filters_that_leave_nothing_say_so_and_can_be_reset():
    app = visit()
    app.number_input(key="filter_min_ratings_demo").set_value(1_000_000).run()
    assert_sound(app)
    assert "No movie passes these filters" in words(app)
    app.button(key="filter_reset_demo").click().run()
    assert len(top_titles(app)) == 5


def test_filters_are_kept_while_visiting_another_page():
    app = visit()
    app.multiselect(key="filter_genres_in_demo").set_value(["Western"]).run()
    go(app, "profile")
    go(app, "for-you")
    assert all("Western" in genres for genres in table(app)["genres"])


def test_the_export_has_readable_columns_and_opens_as_csv():
    ranked = pd.DataFrame(
        {
            "movie_id": [7],
            "title": ["Amélie, or not (2001)"],
            "year": [2001],
            "genres": ["Comedy|Romance"],
            "predicted": [4.12345],
            "liking": [0.87654],
            "mean_rating": [3.98765],
            "num_ratings": [12],
        }
    )
    table = pd.read_csv(io.BytesIO(cards.as_csv(ranked)), encoding="utf-8-sig")
    assert list(table.columns) == list(cards.EXPORT_COLUMNS.values())
    assert table.iloc[0].tolist() == [1, "Amélie, or not (2001)", 2001, "Comedy, Romance", 4.12, 0.88, 3.99, 12]
    without = pd.read_csv(io.BytesIO(cards.as_csv(ranked.drop(columns="liking"))), encoding="utf-8-sig")
    assert list(without.columns) == [name for name in table.columns if name != cards.LIKING_LABEL]


def test_the_export_says_titles_as_people_do():
    ranked = pd.DataFrame(
        {"movie_id": [7], "title": ["Enfer, L' (1994)"], "year": [1994], "genres": ["Drama"], "predicted": [4.0],
         "mean_rating": [3.0], "num_ratings": [12]}
    )  # fmt: skip
    assert "L'Enfer (1994)" in cards.as_csv(ranked).decode("utf-8-sig")


def test_the_table_can_be_put_in_order_of_its_titles_without_their_articles():
    app = visit()
    app.toggle(key="ranked_by_title").set_value(True).run()
    assert_sound(app)
    titles = table(app)["title"].tolist()
    assert titles == sorted(titles, key=sort_key)
    assert titles != sorted(titles, key=str.casefold), "The and A stand under T and A"
    assert "A to Z" in words(app)
    assert len(top_titles(app)) == 5


@pytest.mark.real_data("ml-1m")
def test_no_page_shows_a_title_with_its_article_at_the_end():
    app = visit(data="ml-1m")
    pages = [words(app) + "\n".join(table(app)["title"])]
    pages.append(words(go(app, "rate")))
    app.text_input(key="rate_query").set_value("miserables").run()
    pages.append(words(app))
    go(app, "profile")
    pages.append(words(app) + "\n".join(table(app)["title"]) + app.get("plotly_chart")[0].proto.spec)
    assert all("The " in page for page in pages)
    assert "Les Misérables" in pages[2]
    for page in pages:
        assert not re.search(r", (?:The|A|An|Les|La|Le|Il|El|Das|Der)\b[\\\\\s]*\(", page)


def test_popularity_bounds_by_hand():
    counts = pd.Series([1, 2, 10, 20, 30, 40, 50]).to_numpy()
    assert popularity_bounds(counts, ANY, 10) == (10, None)
    assert popularity_bounds(counts, LESSER_KNOWN, 10) == (10, 30)
    assert popularity_bounds(counts, KNOWN, 10) == (40, None)
    assert popularity_bounds(counts, KNOWN, 1000) == (1000, None)


def test_a_link_to_another_person_is_followed_and_stays_in_the_address():
    app = visit(user="12")
    assert "User 12" in words(app)
    go(app, "profile")
    assert app.query_params["user"] == "12"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("profile", "x" * 32),
        ("profile", "'; drop table"),
        ("user", "999999"),
        ("user", "eleven"),
        ("data", "ml-99"),
        ("model", "demo/../../etc"),
        ("model", "ml-1m/paper"),
    ],
)
def test_a_link_that_cannot_be_followed_is_explained_and_shows_the_demo_person(key, value):
    app = visit(**{key: value})
    assert_sound(app)
    assert len(app.warning) == 1
    assert len(top_titles(app)) == 5
    assert "User 11" in words(app)
    assert value not in app.query_params.values()


def test_an_unexpected_failure_shows_an_apology_without_a_traceback(monkeypatch, caplog):
    def fail(self, *arguments):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Recommender, "rank", fail)
    app = visit()
    assert not app.exception
    (apology,) = [shown.value for shown in app.error]
    assert "something went wrong" in apology
    assert "secret detail" not in words(app)
    assert apology.split()[-1].rstrip(".") in caplog.text
    assert "secret detail" in caplog.text


def test_data_without_a_model_names_the_page_that_trains_one(monkeypatch, tmp_path):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))
    app = visit()
    assert not app.exception
    assert "python -m lcrec_core train --data demo" in words(app).replace("\\", "")
    assert "the Training page trains one" in app.error[0].value
    assert "python -m" not in app.error[0].value


def test_reset_takes_every_filter_back():
    app = visit()
    everything = len(table(app))
    app.select_slider(key="filter_decades_demo").set_value((1980, 1990))
    app.segmented_control(key="filter_popularity_demo").set_value(KNOWN)
    app.multiselect(key="filter_genres_out_demo").set_value(["Drama"]).run()
    assert len(table(app)) < everything
    app.button(key="filter_reset_demo").click().run()
    assert_sound(app)
    assert len(table(app)) == everything
    assert app.select_slider(key="filter_decades_demo_1").value == (1920, 2020)
