"""The Profile page, and what keeps a created profile private."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lcrec_core.data.profile import Profile
from lcrec_core.data.summary import summarise
from lcrec_core.data.titles import sort_key
from lcrec_core.errors import ProfileError
from lcrec_core.store.profiles import ProfileStore
from lcrec_ui.profile import taste
from lcrec_ui.profile.people import find
from tests import half_stars
from tests.app_support import assert_sound, go, visit, words


def create(app, name: str = "Ada"):
    go(app, "profile")
    form = app.form("create_profile")
    form.text_input[0].set_value(name)
    form.selectbox[0].set_value("F")
    form.button[0].click().run()
    assert_sound(app)
    return app


def rename(app, name: str) -> None:
    """By the form, whose key is the person's own."""
    field = next(shown for shown in app.text_input if shown.key and shown.key.startswith("edit_profile_"))
    field.set_value(name)
    next(button for button in app.button if button.label == "Save").click().run()


def test_the_demo_persons_history_and_tastes_are_drawn():
    app = visit("profile")
    assert_sound(app)
    assert len(app.get("plotly_chart")) == 6
    assert all(chart.proto.alt for chart in app.get("plotly_chart"))
    assert len(app.dataframe[0].value) > 10
    assert "User 11" in words(app)
    # What was expected of each rating before it was given, beside what averages would have said.
    assert "| **The model**, from the ratings before it |" in words(app)
    assert "were among those that the model learnt from" in words(app)
    slider = app.slider(key="looking_back_at_demo")
    assert (slider.min, slider.max, slider.value) == (0, 160, 5)
    assert "top five after 5 ratings" in words(app)
    assert [shown.label for shown in app.metric if "model" in shown.label] == ["MAE of the model", "MSE of the model"]
    slider.set_value(160).run()
    assert_sound(app)
    assert "Everything that was rated is known" in words(app)
    assert "given" not in words(app).partition("top five after 160 ratings")[2].partition("Everything")[0]


def test_any_person_can_be_picked():
    app = visit("profile")
    app.selectbox(key="people_chosen").set_value(27).run()
    assert_sound(app)
    assert "User 27" in words(app)
    assert app.query_params["user"] == "27"


def test_the_search_narrows_the_people_and_says_when_nobody_fits():
    app = visit("profile")
    app.selectbox(key="people_gender").set_value("F")
    app.selectbox(key="people_age").set_value(25).run()
    options = app.selectbox(key="people_chosen").options
    assert options
    assert all("woman" in option and "25-34" in option for option in options)
    app.text_input(key="people_id").set_value("99999").run()
    assert_sound(app)
    assert "Nobody in this data set is like that" in words(app)


def test_create_describe_and_open_again_by_the_link():
    app = create(visit())
    token = app.query_params["profile"]
    assert ProfileStore().get(token).gender == "F"
    assert "Ada" in words(app)
    again = visit("profile", profile=token)
    assert_sound(again)
    assert "Ada" in words(again)
    assert token in again.code[0].value


def test_saving_a_new_name_keeps_what_the_form_cannot_offer():
    token = ProfileStore().create("demo", name="Ada", gender="F", age=35, occupation="lion tamer")
    app = visit("profile", profile=token)
    assert "lion tamer" in [shown.value for shown in app.selectbox]
    rename(app, "Grace")
    assert_sound(app)
    kept = ProfileStore().get(token)
    assert (kept.name, kept.gender, kept.age, kept.occupation) == ("Grace", "F", 35, "lion tamer")


def test_saving_a_new_name_keeps_what_the_data_set_does_not_ask_for(tmp_path, monkeypatch):
    half_stars.bring_in(tmp_path, monkeypatch)
    token = ProfileStore().create(half_stars.NAME, name="Ada", gender="F", age=35, occupation="writer")
    app = visit("profile", profile=token)
    assert not [shown for shown in app.selectbox if str(shown.key).startswith("edit_profile_")]
    rename(app, "Grace")
    assert_sound(app)
    kept = ProfileStore().get(token)
    assert (kept.name, kept.gender, kept.age, kept.occupation) == ("Grace", "F", 35, "writer")


def test_rename():
    app = go(create(visit()), "profile")
    rename(app, "Grace *Hopper*")
    assert_sound(app)
    assert ProfileStore().get(app.query_params["profile"]).name == "Grace *Hopper*"
    assert r"Grace \*Hopper\*" in words(app)


def test_copy_has_its_own_ratings():
    app = create(visit())
    first = app.query_params["profile"]
    ProfileStore().rate(first, 1, 4.0)
    go(app, "profile")
    app.button(key="copy_profile").click().run()
    assert_sound(app)
    second = app.query_params["profile"]
    assert second != first
    ProfileStore().rate(second, 1, 2.0)
    assert ProfileStore().get(first).ratings[0].rating == 4.0


def test_delete_is_for_good_and_leads_back_to_a_data_set_person():
    app = go(create(visit()), "profile")
    token = app.query_params["profile"]
    app.button(key="delete_profile").click().run()
    assert_sound(app)
    assert "was deleted" in words(app)
    assert "profile" not in app.query_params
    assert "User 11" in words(app)
    with pytest.raises(ProfileError):
        ProfileStore().get(token)


def test_nobody_else_sees_a_created_profile():
    owner = create(visit(), "Secret Name")
    token = owner.query_params["profile"]
    for page in ("for-you", "rate", "profile"):
        other = visit(page)
        everything = words(other) + str([box.options for box in other.selectbox]) + str(other.query_params)
        assert "Secret Name" not in everything
        assert token not in everything


def test_a_new_profile_without_ratings_is_no_failure():
    app = go(create(visit()), "profile")
    assert_sound(app)
    assert "Nothing is rated yet" in words(app)
    token = app.query_params["profile"]
    for movie_id in (1, 2):
        ProfileStore().rate(token, movie_id, 4.0)
    go(app, "profile")
    assert_sound(app)
    assert "With 1 more rating you see here how well the model guesses yours" in words(app)
    ProfileStore().rate(token, 3, 2.0)
    go(app, "profile")
    assert_sound(app)
    assert app.slider(key="looking_back_at_demo").value == 3


def test_a_profile_deleted_elsewhere_gives_way_with_an_explanation():
    app = create(visit())
    ProfileStore().delete(app.query_params["profile"])
    go(app, "for-you")
    assert_sound(app)
    assert "opens no profile" in words(app)
    assert "User 11" in words(app)


def test_find_by_every_field():
    people = pd.DataFrame(
        {
            "user_id": [1, 11, 12, 111],
            "gender": pd.array(["F", "M", None, "F"], dtype="string"),
            "age": pd.array([25, 25, 18, None], dtype="Int64"),
            "occupation": pd.array(["artist", "writer", "artist", "artist"], dtype="string"),
        }
    )
    anybody = {"user_id": "", "gender": None, "age": None, "occupation": None}
    assert find(people, **anybody) == [1, 11, 12, 111]
    assert find(people, **{**anybody, "user_id": "11"}) == [11, 111]
    assert find(people, **{**anybody, "gender": "F"}) == [1, 111]
    assert find(people, **{**anybody, "age": 25, "occupation": "artist"}) == [1]


def test_rating_shares_and_genre_tastes_agree_with_a_count_by_hand(tiny):
    everybody = summarise(tiny)
    profile = Profile.from_dataset(tiny, 3)
    shares = taste.rating_shares(profile, everybody)
    assert shares["theirs"].sum() == pytest.approx(1)
    assert shares.loc[shares["rating"] == 4, "count"].item() == (profile.ratings == 4).sum()
    genres = tiny.movies.set_index("movie_id")["genres"]
    table = taste.genres(tiny, profile, everybody)
    for row in table.itertuples():
        given = [
            r for m, r in zip(profile.movie_ids, profile.ratings, strict=True) if row.genre in genres[m].split("|")
        ]
        assert row.ratings == len(given) >= taste.FEWEST_PER_GENRE
        assert row.theirs == pytest.approx(np.mean(given))


def test_tastes_by_decade_agree_with_a_count_by_hand(tiny):
    everybody, profile = summarise(tiny), Profile.from_dataset(tiny, 3)
    years = tiny.movies.set_index("movie_id")["year"]
    decades = tiny.ratings["movie_id"].map(years) // 10 * 10
    table = taste.decades(tiny, profile, everybody)
    assert table["decade"].is_monotonic_increasing
    for row in table.itertuples():
        first = int(row.decade[:4])
        given = [r for m, r in zip(profile.movie_ids, profile.ratings, strict=True) if years[m] // 10 * 10 == first]
        assert row.ratings == len(given) >= taste.FEWEST_PER_GENRE
        assert row.theirs == pytest.approx(np.mean(given))
        assert row.everybodys == pytest.approx(tiny.ratings["rating"][decades == first].mean())


def test_nobody_has_a_taste_by_decade_in_data_without_years(tiny):
    undated = replace(tiny, movies=tiny.movies.assign(year=pd.array([None] * len(tiny.movies), dtype="Int64")))
    assert taste.decades(undated, Profile.from_dataset(tiny, 3), summarise(undated)).empty


def test_the_history_can_be_put_in_order_of_its_titles():
    app = visit("profile")
    app.toggle(key="history_by_title").set_value(True).run()
    assert_sound(app)
    titles = app.dataframe[0].value["title"].tolist()
    assert titles == sorted(titles, key=sort_key)
    assert "Everything rated, A to Z" in words(app)


def test_history_says_titles_as_people_do_and_knows_their_order(tiny):
    movies = tiny.movies.copy()
    movies["title"] = [f"Wave {number}, The (1990)" for number in movies["movie_id"]]
    data = replace(tiny, movies=movies)
    table = taste.history(data, Profile.of([(1, 5.0, 1), (2, 4.0, 2)]), pd.Series(dtype=float))
    assert table["title"].tolist() == ["The Wave 2 (1990)", "The Wave 1 (1990)"]
    assert table["sort_key"].tolist() == ["wave 2 (1990)", "wave 1 (1990)"]


def test_history_is_the_latest_first_with_titles(tiny):
    profile = Profile.from_dataset(tiny, 3)
    means = tiny.ratings.groupby("movie_id")["rating"].mean()
    table = taste.history(tiny, profile, means)
    assert table["time"].is_monotonic_decreasing
    titles = tiny.movies.set_index("movie_id")["title"]
    assert table["title"].iloc[0] == titles[profile.movie_ids[-1]]
    assert table["mean_rating"].iloc[0] == pytest.approx(means[profile.movie_ids[-1]])
