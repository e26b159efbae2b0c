"""Watch together: who is compared with, what is said of two people, and what the address gives away."""

import pytest

from lcrec_core.data.profile import Profile
from lcrec_core.serving import together
from lcrec_core.serving.filters import Filters, default_min_ratings
from lcrec_core.sources import demo
from lcrec_core.store.profiles import NOT_INTERESTED, SEEN, ProfileStore
from lcrec_ui.frame import loaders
from lcrec_ui.together.other import reference
from lcrec_ui.together.sections import in_words
from tests.app_support import assert_sound, visit, words

PAGE = "pages/9_together.py"
ADA = [(movie, 5.0 if movie % 2 else 2.0, movie) for movie in range(1, 13)]
BOB = [(movie, 2.0 if movie % 2 else 5.0, movie) for movie in range(1, 16)]


def pair(**link: str):
    app = visit(**{key: value for key, value in link.items() if key != "with_"})
    if "with_" in link:
        app.query_params["with"] = link["with_"]
    return app.switch_page(PAGE).run()


def profile_of(name: str, ratings=ADA) -> str:
    return ProfileStore().create("demo", name=name, ratings=ratings)


def metrics(app) -> dict[str, str]:
    return {shown.label: shown.value for shown in app.metric}


def listed(app) -> list[str]:
    """Of each movie of the list its title with what is said behind it, and then both predictions."""
    box = app.container(key="for_both")
    titles = [link.proto.label for link in box.get("page_link")]
    return [f"{title} {shown.value}" for title, shown in zip(titles, box.markdown, strict=True)]


def paste(app, text: str):
    app.text_input(key="together_link").set_value(text).run()
    return app


def test_a_friend_s_link_opens_the_pair_and_the_address_gives_no_token_away():
    ada, bob = profile_of("Ada"), profile_of("Bob", BOB)
    app = paste(pair(profile=ada), f"https://movies.example/lcrec/?profile={bob}")
    assert_sound(app)
    assert "**You** and **Bob**" in words(app)
    assert metrics(app)["Films in common"] == "12"
    assert metrics(app)["You differ by"] == "3.00 stars"
    assert metrics(app)["Correlation"] == "-1.00"
    assert "less than two strangers" in words(app)
    assert app.query_params["with"] == reference(bob)
    assert bob not in str(dict(app.query_params))
    assert app.query_params["profile"] == ada
    assert not [text for text in app.sidebar.selectbox if "Bob" in str(text.options)], "Bob is nobody to look as"
    before = ProfileStore().get(bob).ratings
    app.button(key="together_change").click().run()
    assert "with" not in app.query_params
    assert ProfileStore().get(bob).ratings == before


def test_the_address_alone_does_not_open_a_friend_s_profile():
    ada, bob = profile_of("Ada"), profile_of("Bob", BOB)
    app = pair(profile=ada, with_=reference(bob))
    assert "no link of" in words(app)
    assert "Bob" not in words(app)
    paste(app, bob)
    assert_sound(app)
    assert "**You** and **Bob**" in words(app)


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("https://example.org/", "no link of a profile"),
        ("[x](http://a.b) **bold**", "no link of a profile"),
        ("/?profile=" + "x" * 32, "opens no profile"),
        ("?profile=short", "no link of a profile"),
    ],
)
def test_what_is_no_link_is_said_to_be_none(pasted: str, said: str):
    app = paste(pair(), pasted)
    assert not app.exception
    assert said in words(app)
    assert "bold" not in words(app)
    assert app.text_input(key="together_link").value == ""


@pytest.mark.parametrize("asked", ["999999", "x", "p0123456789abcde", "-1", "1" * 50, "<b>"])
def test_an_address_that_names_nobody_is_explained_and_the_choice_stands(asked: str):
    app = pair(with_=asked)
    assert not app.exception
    assert len(app.error) == 1
    assert app.text_input(key="together_number")


def test_oneself_is_nobody_to_compare_with():
    app = pair(user="17", with_="17")
    assert "choose somebody else" in words(app)
    ada = profile_of("Ada")
    assert "choose somebody else" in words(paste(pair(profile=ada), ada))


def test_a_person_of_the_data_set_is_found_by_what_they_have_in_common_or_by_number():
    ada = profile_of("Ada")
    app = pair(profile=ada)
    catalogue = loaders.recommender("demo").catalogue
    ((user, films),) = together.people_with_most_in_common(catalogue, ProfileStore().get(ada).profile, n=1)
    assert app.selectbox(key="together_near").options[0] == f"User {user} · {films} films in common"
    app.text_input(key="together_number").set_value("17").run()
    assert_sound(app)
    assert "**You** and **User 17**" in words(app)
    assert app.query_params["with"] == "17"
    app.button(key="together_change").click().run()
    app.text_input(key="together_number").set_value("seventeen").run()
    assert "“seventeen” is no number of a person" in words(app)


def test_two_of_the_data_set_have_their_names_and_the_list_is_the_core_s():
    app = pair(user="11", with_="17")
    assert_sound(app)
    assert "**User 11** and **User 17**" in words(app)
    recommender, data = loaders.recommender("demo"), demo.load_demo()
    people = Profile.from_dataset(data, 11), Profile.from_dataset(data, 17)
    filters = Filters(min_ratings=default_min_ratings(data))
    for strategy in together.STRATEGIES:
        app.segmented_control(key="together_strategy").set_value(strategy).run()
        assert_sound(app)
        found = together.for_both(recommender, people, strategy, 10, filters)
        for movie, line in zip(found, listed(app), strict=True):
            assert str(movie.year) in line
            assert f"{movie.predicted[0]:.2f} ·" in line
            assert line.endswith(f"{movie.predicted[1]:.2f}")
            if strategy == together.FAIRNESS:
                assert f"User {(11, 17)[movie.picked_by]} picked" in line


def test_marks_of_either_keep_movies_out_and_what_one_has_seen_is_there_where_it_is_asked_for():
    store, ada = ProfileStore(), profile_of("Ada")
    first = pair(profile=ada, with_="17")
    recommender = loaders.recommender("demo")
    people = store.get(ada).profile, Profile.from_dataset(recommender.data, 17)
    filters = Filters(min_ratings=default_min_ratings(recommender.data))
    best, next_best = together.for_both(recommender, people, n=2, filters=filters)
    assert str(best.year) in listed(first)[0]
    store.mark(ada, best.movie_id, SEEN)
    store.mark(ada, next_best.movie_id, NOT_INTERESTED)
    app = pair(profile=ada, with_="17")
    titles = [movie.title.split(" (")[0].partition(",")[0] for movie in (best, next_best)]
    assert not [title for title in titles if f"**{title}" in str(listed(app))]
    app.toggle(key="together_rated").set_value(True).run()
    assert_sound(app)
    assert f"**{titles[1]}" not in str(listed(app))


def test_a_profile_of_one_s_own_and_one_that_was_deleted():
    ada, bob = profile_of("Ada"), profile_of("New profile", BOB)
    app = pair(profile=bob)
    app.query_params["profile"] = ada
    app.run()
    app.selectbox(key="together_own").set_value(bob).run()
    assert_sound(app)
    assert "**You** and **New profile**" in words(app)
    ProfileStore().delete(bob)
    app.run()
    assert "was deleted" in words(app)


def test_a_profile_of_other_data_is_refused():
    other = ProfileStore().create("ml-1m", name="Eve")
    assert "rates the films of MovieLens 1M" in words(paste(pair(), other))


def test_few_films_in_common_are_too_few_to_say_anything():
    said = in_words(together.Agreement(1, None, None, None, None))
    assert said.startswith("You have 1 film in common: **too few to say**")
    app = paste(pair(profile=profile_of("Ada")), profile_of("Eve", [(1, 5.0, 1)]))
    assert metrics(app) == {"Films in common": "1"}
    nobody = paste(pair(profile=profile_of("Ada")), profile_of("Eve", []))
    assert_sound(nobody)
    assert "no film in common" in words(nobody)
