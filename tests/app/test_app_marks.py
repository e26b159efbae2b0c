"""What a visitor says of a recommended movie without rating it, and what becomes of it."""

import pytest

from lcrec_core.store.profiles import NOT_INTERESTED, SAVED, SEEN, ProfileStore
from tests.app_support import assert_sound, go, top_titles, visit, words


def own_visit(page: str = "for-you"):
    token = ProfileStore().create("demo", name="Ada", ratings=[(1, 5.0, 1), (2, 4.0, 2)])
    return visit(page, profile=token)


def button(app, mark: str, place: int = 0):
    """The button of that mark on a card, by the card's place."""
    return [shown for shown in app.button if (shown.key or "").startswith(f"mark_{mark}_")][place]


def saved(app):
    """The section of what is saved."""
    return next(section for section in app.expander if section.label.startswith("Saved"))


def movie_of(shown) -> int:
    return int(shown.key.rpartition("_")[2])


@pytest.mark.parametrize("mark", [NOT_INTERESTED, SEEN])
def test_a_movie_that_is_not_wanted_leaves_every_list_and_comes_back_by_undo(mark):
    app = own_visit()
    before, movie = top_titles(app), movie_of(button(app, mark))
    button(app, mark).click().run()
    assert_sound(app)
    assert top_titles(app)[0] == before[1]
    assert before[0] not in top_titles(app)
    assert before[0] not in app.dataframe[0].value["title"].tolist()
    assert f"**{before[0]}** is kept out of your lists" in words(app)
    assert ProfileStore().get(app.query_params["profile"]).unwanted == {movie}
    assert before[0] not in words(go(app, "rate"))
    app = go(app, "for-you")
    button(app, mark).click().run()
    app.button(key="undo_mark").click().run()
    assert_sound(app)
    assert "Taken back" in words(app)
    assert top_titles(app)[0] == before[1]


def test_what_is_saved_is_listed_best_first_and_can_be_removed():
    app = own_visit()
    titles = top_titles(app)
    for place in (2, 0):
        button(app, SAVED, place).click().run()
    assert_sound(app)
    assert top_titles(app) == titles, "what is saved stays in the list until it is rated or seen"
    section = saved(app)
    assert section.label == "Saved for later: 2 movies"
    listed = [shown.proto.label.split("**")[1] for shown in section.get("page_link")]
    assert sorted(listed) == sorted([titles[0], titles[2]])
    guessed = [float(shown.proto.label.split("[")[2].split()[0]) for shown in section.get("page_link")]
    assert guessed == sorted(guessed, reverse=True)
    next(shown for shown in app.button if (shown.key or "").startswith("unsave_")).click().run()
    assert saved(app).label == "Saved for later: 1 movie"


def test_the_first_mark_of_somebody_without_a_profile_begins_one_as_a_star_does():
    app = visit()
    movie = movie_of(button(app, SAVED))
    button(app, SAVED).click().run()
    assert_sound(app)
    profile = ProfileStore().get(app.query_params["profile"])
    assert (profile.ratings, profile.marks, profile.copied_from) == ((), {SAVED: (movie,)}, None)
    assert "A private profile of your own began with it" in words(app)


def test_a_mark_that_cannot_be_kept_is_said(monkeypatch):
    app = own_visit()
    before = top_titles(app)
    ProfileStore().delete(app.query_params["profile"])
    button(app, NOT_INTERESTED).click().run()
    assert top_titles(app) == before or "deleted" in words(app)
    assert "Nothing was changed" in words(app) or "deleted" in words(app)
