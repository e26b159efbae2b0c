"""The default list, the paper's one click away, what steers it, and two lists beside each other."""

from lcrec_core.serving.lists import FOR_YOU, HABITS, RATING
from lcrec_core.store.profiles import ProfileStore
from lcrec_ui.for_you.side_by_side import LENGTH
from tests.app_support import assert_sound, go, top_titles, visit, words


def own_visit():
    token = ProfileStore().create("demo", name="Ada", ratings=[(1, 5.0, 1), (2, 4.0, 2)])
    return visit(profile=token)


def test_the_default_list_is_for_you_and_the_papers_is_one_click_away():
    app = visit()
    order = app.segmented_control(key="steer_by_demo")
    assert (order.value, order.options) == (FOR_YOU, ["For you", "Highest predicted rating"])
    for_you, predicted = top_titles(app), app.dataframe[0].value["predicted"]
    assert not predicted.is_monotonic_decreasing
    order.set_value(RATING).run()
    assert_sound(app)
    assert app.dataframe[0].value["predicted"].is_monotonic_decreasing
    assert top_titles(app) != for_you
    assert "The paper's list" in words(app)
    assert not [slider for slider in app.select_slider if slider.key.startswith("steer_")]


def test_sliders_move_the_list_at_once_and_are_taken_back_together():
    app = visit()
    straight, counts = top_titles(app), app.dataframe[0].value["num_ratings"].head(50)
    app.select_slider(key="steer_adventure_demo").set_value(1.0).run()
    assert app.dataframe[0].value["num_ratings"].head(50).mean() < counts.mean()
    app.select_slider(key="steer_mood_demo").set_value(5)
    app.select_slider(key="steer_diversity_demo").set_value(0.6).run()
    assert_sound(app)
    assert top_titles(app) != straight
    app.button(key="steer_reset_demo").click().run()
    assert top_titles(app) == straight


def test_more_like_a_movie_shows_a_chip_that_takes_it_back():
    app = own_visit()
    before = top_titles(app)
    card = next(shown for shown in app.button if (shown.key or "").startswith("more_like_"))
    card.click().run()
    assert_sound(app)
    chip = app.button(key="steer_unlike")
    assert chip.label == f"More like {before[0]}"
    assert before[0] not in top_titles(app)
    assert app.select_slider(key="steer_mood_demo").disabled
    chip.click().run()
    assert top_titles(app) == before


def test_the_top_five_of_the_rate_page_is_the_default_list():
    app = own_visit()
    listed = top_titles(app)
    top = go(app, "rate").container(key="top_five").get("page_link")
    assert [link.proto.label.split("**")[1] for link in top] == [f"{i}. {title}" for i, title in enumerate(listed, 1)]


def test_two_lists_stand_beside_each_other_with_what_is_in_both():
    app = visit()
    app.session_state["side_by_side"] = True
    app.run()
    assert_sound(app)
    left, right = app.selectbox(key="left_list_demo"), app.selectbox(key="right_list_demo")
    assert (left.value, right.value) == (FOR_YOU, RATING)
    right.set_value("paper").run()
    assert_sound(app)
    app.selectbox(key="right_list_demo").set_value(HABITS).run()
    lists = [
        [link.proto.label for link in app.container(key=f"list_{side}").get("page_link")] for side in ("left", "right")
    ]
    assert all("predicted" in label for labels in lists for label in labels)
    one, other = ([label.split("**")[1] for label in labels] for labels in lists)
    assert len(one) == len(other) == LENGTH
    assert one[:5] == top_titles(app)
    both = set(one) & set(other)
    assert ["\n".join(labels).count("in both") for labels in lists] == [len(both)] * 2
    assert both
    assert f"{len(both)} movies are in both lists" in words(app)
