"""The filters of the For you page leave nothing out that nobody has asked to leave out."""

from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from lcrec_core.data.dataset import Dataset
from lcrec_core.serving.filters import KNOWN, LESSER_KNOWN, Filters, popularity_bounds
from lcrec_ui.frame import lookups
from tests.made_up import made_up

DECADES, WITHOUT, FEWEST = "filter_decades_{}", "filter_without_undated_{}", "filter_min_ratings_{}"


def page(data: "Dataset") -> None:
    import streamlit as st

    from lcrec_ui.for_you import filters

    sizes = data.ratings.groupby("movie_id").size().reindex(data.movies["movie_id"]).fillna(0)
    st.session_state["said"] = filters.panel(data, sizes.to_frame("num_ratings"))


def panel(monkeypatch: pytest.MonkeyPatch, data: Dataset) -> AppTest:
    monkeypatch.setattr(lookups, "dataset", lambda name: data)
    monkeypatch.setattr(lookups, "file_stamp", lambda name: "")
    app = AppTest.from_function(page, args=(data,), default_timeout=30).run()
    assert not app.exception
    return app


def with_years(name: str, years: list[Any]) -> Dataset:
    data = made_up(people=10, films=len(years), ratings_each=4, name=name)
    movies = data.movies.assign(year=pd.array(years, dtype="Int64"))
    return Dataset(name, data.users, movies, data.ratings, data.scale)


def said(app: AppTest) -> Filters:
    return app.session_state["said"]


def test_drawing_and_touching_the_decades_sets_no_bound(monkeypatch):
    app = panel(monkeypatch, with_years("some-years", [1975, 1984, 1999, None, 1975, 2003]))
    slider = app.select_slider(key=DECADES.format("some-years"))
    assert said(app) == Filters(min_ratings=10)
    slider.set_value((1980, 1990)).run()
    assert (said(app).year_from, said(app).year_to, said(app).unknown_year) == (1980, 1999, True)
    slider.set_value((1970, 2000)).run()
    assert said(app) == Filters(min_ratings=10)


def test_movies_without_a_year_are_left_out_when_asked_and_asked_only_where_there_are_some(monkeypatch):
    app = panel(monkeypatch, with_years("some-without", [1975, 1984, None, None, 1975]))
    toggle = app.toggle(key=WITHOUT.format("some-without"))
    assert "2 movies without a year" in toggle.label
    toggle.set_value(True).run()
    assert not said(app).unknown_year
    app.button(key="filter_reset_some-without").click().run()
    assert said(app).unknown_year
    everyone = panel(monkeypatch, with_years("none-without", [1975, 1984, 1991, 1992, 1993]))
    assert [shown.key for shown in everyone.toggle] == ["filter_include_rated_none-without"]


@pytest.mark.parametrize("years", [[1971, 1972, 1975, None, 1979], [None] * 5], ids=["one decade", "no year"])
def test_data_of_one_decade_or_of_no_year_has_no_bounds(monkeypatch, years):
    name = f"{len(set(years))}-years"
    app = panel(monkeypatch, with_years(name, years))
    assert not app.select_slider
    assert said(app) == Filters(min_ratings=10)


def test_an_emptied_field_asks_for_no_ratings_at_all(monkeypatch):
    app = panel(monkeypatch, with_years("emptied", [1971, 1982, 1993, 1994, 1995]))
    app.number_input(key=FEWEST.format("emptied")).set_value(None).run()
    assert (said(app).min_ratings, said(app).max_ratings) == (0, None)


def test_movies_that_nobody_rated_count_as_lesser_known_once_no_ratings_are_asked_for():
    counts = pd.Series([0, 0, 1, 5, 9]).to_numpy()
    assert popularity_bounds(counts, LESSER_KNOWN, 0) == (0, 1)
    assert popularity_bounds(counts, KNOWN, 0) == (5, None)
