"""Make it yours: ten questions, the list that follows them, and what is left of them."""

from lcrec_core.serving.onboarding import Answer
from lcrec_core.store.profiles import ProfileStore
from lcrec_ui.frame import loaders, lookups
from tests import half_stars
from tests.app_support import assert_sound, visit, words

PAGE = "pages/9_start.py"
LOVED, FINE, NOT_FOR_ME, NOT_SEEN = Answer


def start(**link: str):
    app = visit(**link).switch_page(PAGE).run()
    assert_sound(app)
    return app


def choices(app) -> dict[str, object]:
    """The buttons of the card by their answer."""
    keys = [shown for shown in app.button if (shown.key or "").split("_")[0] in list(Answer)]
    return {shown.key.split("_")[0]: shown for shown in keys}


def asked(app) -> int:
    """The movie on the card."""
    return int(choices(app)[LOVED].key.split("_")[1])


def answer(app, *answers: Answer) -> list[int]:
    """Give answers, one card after another; the movies they were about."""
    movies = []
    for said in answers:
        movies.append(asked(app))
        choices(app)[said].click().run()
        assert_sound(app)
    return movies


def stored(app):
    return ProfileStore().get(app.query_params["profile"])


def top_five(app) -> str:
    return "\n".join(link.proto.label for link in app.container(key="top_five").get("page_link"))


def progress(app) -> str:
    return app.get("progress")[0].proto.text


def test_somebody_without_a_list_is_led_to_their_own_and_who_has_one_is_not():
    app = visit()
    assert "This is the list of **User 11**, an example person" in words(app)
    assert app.button(key="make_it_yours").label == "Make it yours"
    own = visit(profile=ProfileStore().create("demo", name="Ada"))
    assert not [shown for shown in own.button if shown.key == "make_it_yours"]
    assert "example person" not in words(own)


def test_the_first_answer_begins_a_profile_and_each_one_moves_the_list():
    app = start()
    assert progress(app) == "0 of 10"
    assert app.button(key="answer_back").disabled
    lists = [top_five(app)]
    movies = []
    for said in (LOVED, NOT_FOR_ME, FINE):
        movies += answer(app, said)
        lists.append(top_five(app))
    assert len(set(lists)) == 4
    assert len(set(movies)) == 3
    assert [(row.movie_id, row.rating) for row in stored(app).ratings] == list(
        zip(movies, (5.0, 2.0, 3.0), strict=True)
    )
    assert stored(app).copied_from is None
    assert progress(app) == "3 of 10"


def test_what_is_not_seen_is_kept_nowhere_and_not_asked_again():
    app = start()
    movies = answer(app, NOT_SEEN, NOT_SEEN, LOVED, NOT_SEEN)
    assert len(set(movies)) == 4
    assert asked(app) not in movies
    kept = stored(app)
    assert [row.movie_id for row in kept.ratings] == [movies[2]]
    assert kept.marks == {}
    app.switch_page("pages/2_rate.py").run()
    app.switch_page(PAGE).run()
    assert progress(app) == "4 of 10"
    assert asked(app) not in movies


def test_back_takes_an_answer_back_and_asks_again():
    app = start()
    movies = answer(app, LOVED, NOT_SEEN)
    before = top_five(app)
    for number, movie_id in ((1, movies[1]), (0, movies[0])):
        app.button(key="answer_back").click().run()
        assert_sound(app)
        assert progress(app) == f"{number} of 10"
        assert asked(app) == movie_id
    assert stored(app).ratings == ()
    assert top_five(app) != before
    # What was taken back is in the profile's log, so that undo knows it too.
    assert ProfileStore().undo(stored(app).token).rating == 5.0


def test_after_ten_answers_there_is_the_link_a_name_and_ten_more():
    app = start()
    movies = answer(app, *[LOVED, NOT_SEEN, NOT_FOR_ME, FINE, NOT_SEEN] * 2)
    assert not choices(app)
    assert len(stored(app).ratings) == 6
    assert "The list is yours" in words(app)
    assert app.code[0].value.endswith(f"/?profile={stored(app).token}")
    app.text_input(key="start_name").set_value("Ada **x**").run()
    assert_sound(app)
    assert stored(app).name == "Ada **x**"
    assert r"Ada \*\*x\*\*" in words(app)
    app.button(key="ten_more").click().run()
    assert progress(app) == "0 of 10"
    assert asked(app) not in movies


def test_who_has_seen_none_is_told_so_and_has_no_profile_yet():
    app = start()
    answer(app, *[NOT_SEEN] * 10)
    assert "You have seen none of these" in words(app)
    assert "profile" not in app.query_params
    app.button(key="ten_more").click().run()
    assert choices(app)


def test_another_person_begins_another_round():
    app = start()
    answer(app, LOVED, NOT_SEEN)
    app.query_params.clear()
    app.query_params["user"] = "12"
    app.run()
    assert progress(app) == "0 of 10"


def test_where_nothing_is_left_to_ask_the_round_is_over(monkeypatch):
    app = start()
    answer(app, LOVED)
    monkeypatch.setattr(type(loaders.recommender("demo")), "suggestions", lambda *_: [])
    app.run()
    assert_sound(app)
    assert "The list is yours" in words(app)
    assert not [shown for shown in app.button if shown.key == "ten_more"]


def test_an_answer_for_a_profile_that_is_gone_is_not_kept_and_said():
    app = start(profile=ProfileStore().create("demo", name="Ada"))
    ProfileStore().delete(app.query_params["profile"])
    choices(app)[LOVED].click().run()
    assert "is gone" in words(app)


def test_half_stars_make_fine_a_little_better(tmp_path, monkeypatch):
    half_stars.bring_in(tmp_path, monkeypatch)
    app = start(data=half_stars.NAME)
    answer(app, FINE)
    assert [row.rating for row in stored(app).ratings] == [3.5]


def test_what_is_read_out_names_the_movie():
    app = start()
    title = lookups.movies("demo")[asked(app)].title.split(" ")[0]
    assert all(title in shown.label for shown in choices(app).values())
