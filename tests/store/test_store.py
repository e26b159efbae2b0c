"""What a store keeps, and for whom: the same on every database."""

import inspect
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lcrec_core.data.dataset import HALF_STARS, WHOLE_STARS
from lcrec_core.errors import ProfileError
from lcrec_core.store.checks import NAME_LENGTH, free_name
from lcrec_core.store.profiles import NOT_INTERESTED, SAVED, SEEN, ProfileStore, StoredRating, Undone
from tests.store.places import Place, rated

# What is kept


def test_a_profile_comes_back_as_it_was_made_also_in_a_new_process_of_the_app(
    store: ProfileStore, place: Place
) -> None:
    token = store.create("ml-1m", name="Ada", gender="F", age=35, occupation="writer", scale=WHOLE_STARS)
    store.rate(token, 318, 5.0, 1_000, scale=WHOLE_STARS)
    profile = ProfileStore(place.url).get(token)
    assert (profile.token, profile.data, profile.name) == (token, "ml-1m", "Ada")
    assert (profile.gender, profile.age, profile.occupation, profile.copied_from) == ("F", 35, "writer", None)
    assert abs(profile.created_at - time.time()) < 60
    assert profile.ratings == (StoredRating(318, 5.0, 1_000),)


def test_every_field_is_optional(store: ProfileStore) -> None:
    profile = store.get(store.create("demo"))
    assert (profile.name, profile.gender, profile.age, profile.occupation) == ("", None, None, None)
    assert profile.ratings == ()


def test_update_changes_only_what_is_given_and_none_empties(store: ProfileStore) -> None:
    token = store.create("demo", name="Ada", gender="F", age=35, occupation="writer")
    store.update(token, age=45, gender=None)
    store.update(token)
    profile = store.get(token)
    assert (profile.name, profile.gender, profile.age, profile.occupation) == ("Ada", None, 45, "writer")


def test_the_recommender_gets_the_copied_person_and_the_history_in_time_order(store: ProfileStore) -> None:
    token = store.create("demo", gender="M", copied_from=11, ratings=[(1, 4.0, 300), (2, 3.0, 100), (3, 5.0, 100)])
    store.rate(token, 9, 2.0)
    profile = store.get(token).profile
    assert (profile.user_id, profile.gender) == (11, "M")
    assert profile.movie_ids.tolist() == [2, 3, 1, 9]
    assert profile.ratings.tolist() == [3.0, 5.0, 4.0, 2.0]


# Time and order


def test_ratings_of_one_second_keep_the_order_they_were_given_in(store: ProfileStore) -> None:
    token = store.create("demo", ratings=[(50, 3.0, 100), (40, 4.0, 100)])
    for movie_id in (30, 10, 20):
        store.rate(token, movie_id, 4.0, 100)
    assert [m for m, _ in rated(store, token)] == [50, 40, 30, 10, 20]


def test_a_changed_rating_counts_as_new_and_moves_to_the_end(store: ProfileStore) -> None:
    token = store.create("demo")
    for movie_id in (1, 2, 3):
        store.rate(token, movie_id, 4.0)
    store.rate(token, 1, 5.0)
    assert rated(store, token) == [(2, 4.0), (3, 4.0), (1, 5.0)]


def test_a_rating_with_an_earlier_time_takes_its_place_in_time(store: ProfileStore) -> None:
    token = store.create("demo", ratings=[(1, 3.0, 100), (2, 3.0, 300)])
    store.rate(token, 3, 3.0, 200)
    assert [m for m, _ in rated(store, token)] == [1, 3, 2]


def test_a_clock_set_back_does_not_put_a_new_rating_into_the_past(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = store.create("demo")
    store.rate(token, 1, 4.0)
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    store.rate(token, 2, 4.0)
    assert [m for m, _ in rated(store, token)] == [1, 2]


def test_giving_the_same_rating_again_needs_no_second_undo(store: ProfileStore) -> None:
    token = store.create("demo")
    store.rate(token, 1, 4.0)
    store.rate(token, 1, 4.0)
    assert store.undo(token) == Undone(1, rating=None, was=4.0)
    assert not store.get(token).can_undo


# Undo


def test_undo_walks_back_through_ratings_changes_and_clearings(store: ProfileStore) -> None:
    token = store.create("demo")
    store.rate(token, 1, 4.0)
    store.rate(token, 2, 3.0)
    store.rate(token, 1, 2.0)
    store.clear(token, 2)
    assert store.undo(token) == Undone(2, rating=3.0, was=None)
    assert store.undo(token) == Undone(1, rating=4.0, was=2.0)
    assert rated(store, token) == [(1, 4.0), (2, 3.0)]
    store.rate(token, 3, 5.0)
    assert store.undo(token) == Undone(3, rating=None, was=5.0)
    assert store.undo(token) == Undone(2, rating=None, was=3.0)
    assert store.undo(token) == Undone(1, rating=None, was=4.0)
    assert store.undo(token) is None
    assert rated(store, token) == []


def test_undo_stops_at_the_copied_ratings(store: ProfileStore) -> None:
    token = store.create("demo", copied_from=11, ratings=[(1, 4.0, 100), (2, 3.0, 100)])
    assert not store.get(token).can_undo
    assert store.undo(token) is None
    before = store.get(token)
    store.rate(token, 1, 1.0)
    store.clear(token, 2)
    assert store.get(token).can_undo
    store.undo(token)
    store.undo(token)
    assert store.get(token) == before


def test_clearing_what_is_not_rated_does_nothing(store: ProfileStore) -> None:
    token = store.create("demo")
    store.clear(token, 5)
    assert not store.get(token).can_undo


def test_undo_takes_back_only_what_this_profile_did(store: ProfileStore) -> None:
    mine, theirs = store.create("demo"), store.create("demo")
    store.rate(mine, 1, 4.0)
    store.rate(theirs, 1, 5.0)
    store.undo(mine)
    assert store.undo(mine) is None
    assert rated(store, theirs) == [(1, 5.0)]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("rate"), st.integers(1, 4), st.sampled_from(HALF_STARS.values.tolist()), st.integers(1, 3)),
        st.tuples(st.just("clear"), st.integers(1, 5)),
        st.tuples(st.just("undo")),
    ),
    max_size=15,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_undo_restores_each_earlier_state_and_the_log_only_grows(
    store: ProfileStore, place: Place, steps: list[tuple]
) -> None:
    token = store.create("demo", ratings=[(1, 4.0, 2), (5, 3.0, 2)])
    states, log = [store.get(token).ratings], []
    for kind, *values in steps:
        if kind == "undo":
            assert (store.undo(token) is not None) == (len(states) > 1)
            states = states[:-1] or states
        else:
            getattr(store, kind)(token, *values)
            now = store.get(token).ratings
            states += [now] if now != states[-1] else []
        assert store.get(token).ratings == states[-1]
        assert store.get(token).can_undo == (len(states) > 1)
        grown = place.run("SELECT * FROM events WHERE profile_id = (SELECT max(id) FROM profiles) ORDER BY id")
        assert grown[: len(log)] == log
        log = grown


# Whose profile it is


def test_tokens_are_long_all_different_and_only_their_hash_is_written(store: ProfileStore, place: Place) -> None:
    tokens = {store.create("demo") for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) >= 32 for token in tokens)
    assert not [token for token in tokens if token.encode() in place.content()]


@pytest.mark.parametrize("token", ["", "x", "x" * 32, "' OR 1=1 --", "\ud800" * 32, "x" * 10**6, None, 7, b"x" * 32])
def test_a_token_that_opens_nothing_is_the_same_friendly_error_everywhere(store: ProfileStore, token: str) -> None:
    store.create("demo")
    calls = (
        lambda: store.get(token),
        lambda: store.update(token, name="Eve"),
        lambda: store.rate(token, 1, 4.0),
        lambda: store.clear(token, 1),
        lambda: store.undo(token),
        lambda: store.delete(token),
    )
    messages = set()
    for call in calls:
        with pytest.raises(ProfileError, match="this link opens no profile") as caught:
            call()
        messages.add(str(caught.value))
    assert len(messages) == 1


def test_the_hash_that_is_kept_does_not_open_the_profile(store: ProfileStore, place: Place) -> None:
    store.create("demo")
    ((stored,),) = place.run("SELECT token_hash FROM profiles")
    for guess in (stored, stored[:32]):
        with pytest.raises(ProfileError):
            store.get(guess)


def test_there_is_no_call_that_lists_profiles() -> None:
    public = {name for name, _ in inspect.getmembers(ProfileStore, callable) if not name.startswith("_")}
    assert public == {"create", "get", "update", "delete", "rate", "clear", "mark", "bring", "undo"}


def test_deleting_leaves_no_trace_and_no_other_profile_changes(store: ProfileStore, place: Place) -> None:
    gone, stays = store.create("demo", name="Leave No Trace"), store.create("demo", name="Stay With Us")
    for token in (gone, stays):
        for movie_id in range(1, 10):
            store.rate(token, movie_id, 4.0)
        store.undo(token)
    before = store.get(stays)
    store.delete(gone)
    with pytest.raises(ProfileError, match="this link opens no profile"):
        store.get(gone)
    assert store.get(stays) == before
    assert b"Leave No Trace" not in place.content()
    assert b"Stay With Us" in place.content()
    counts = [place.run(f"SELECT count(*) FROM {table}")[0][0] for table in ("profiles", "ratings", "events")]
    assert counts == [1, 8, 10]


# What is allowed


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("  Ada \n Lovelace\t", "Ada Lovelace"),
        ("A\x00d\x1ba\u202e\u200b", "Ada"),
        ("Zoe\u0308", "Zoë"),
        ("小林", "小林"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("\ud800Ada", "Ada"),
        (None, ""),
        ("x" * 60 + " ", "x" * 60),
        ("<b>'; DROP TABLE profiles; --", "<b>'; DROP TABLE profiles; --"),
    ],
)
def test_a_name_is_kept_tidied(store: ProfileStore, given_name: str, kept: str) -> None:
    token = store.create("demo", name=given_name)
    assert store.get(token).name == kept
    store.update(token, name=f"{given_name or ''}")
    assert store.get(token).name == kept


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 61),
        ("name", 7),
        ("gender", "X"),
        ("gender", ""),
        ("gender", ["F"]),
        ("age", 33),
        ("age", True),
        ("age", "18"),
        ("age", float("nan")),
        ("occupation", "x" * 41),
        ("occupation", 3),
    ],
)
def test_a_field_outside_the_rules_is_refused_by_name_and_nothing_is_written(
    store: ProfileStore, field: str, value: object
) -> None:
    token = store.create("demo", name="Ada")
    before = store.get(token)
    with pytest.raises(ProfileError, match=field):
        store.create("demo", **{field: value})
    with pytest.raises(ProfileError, match=field):
        store.update(token, **{field: value})
    assert store.get(token) == before


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, 0.4, 5.1, 9, -1, True, "4", None, 10**400, [4.0]])
def test_a_rating_outside_half_a_star_to_five_is_refused(store: ProfileStore, value: float) -> None:
    token = store.create("demo")
    with pytest.raises(ProfileError, match="rating cannot be"):
        store.rate(token, 1, value)
    with pytest.raises(ProfileError, match="rating cannot be"):
        store.create("demo", ratings=[(1, value, 1)])
    assert not store.get(token).can_undo


def test_the_scale_of_the_data_set_is_enforced_when_given(store: ProfileStore) -> None:
    token = store.create("demo")
    store.rate(token, 1, 3.5, scale=HALF_STARS)
    for value in (0.5, 3.5):
        with pytest.raises(ProfileError, match="1 to 5 in steps of 1"):
            store.rate(token, 2, value, scale=WHOLE_STARS)
    assert rated(store, token) == [(1, 3.5)]


@pytest.mark.parametrize("movie_id", [0, -1, 2**63, 1.5, "1", True, None, float("nan")])
def test_a_movie_id_is_a_positive_whole_number(store: ProfileStore, movie_id: int) -> None:
    token = store.create("demo")
    for call in (lambda: store.rate(token, movie_id, 4.0), lambda: store.clear(token, movie_id)):
        with pytest.raises(ProfileError, match="movie_id must be"):
            call()


@pytest.mark.parametrize("timestamp", [-1, 1_700_000_000_000, 1.5, "now", True])
def test_a_time_is_whole_seconds(store: ProfileStore, timestamp: int) -> None:
    with pytest.raises(ProfileError, match="timestamp"):
        store.rate(store.create("demo"), 1, 4.0, timestamp)


def test_values_out_of_arrays_are_taken(store: ProfileStore) -> None:
    token = store.create("demo", age=np.int64(18), copied_from=np.int64(11))
    store.rate(token, np.int64(2**63 - 1), np.float32(3.5), np.int64(5))
    assert store.get(token).ratings == ((2**63 - 1, 3.5, 5),)
    assert store.get(token).age == 18


def test_a_start_with_a_movie_twice_and_an_unnamed_data_set_are_refused(store: ProfileStore) -> None:
    with pytest.raises(ProfileError, match="movie 7 twice"):
        store.create("demo", ratings=[(7, 3.0, 1), (7, 4.0, 2)])
    with pytest.raises(ProfileError, match="data must name"):
        store.create(" ")


# Names


@pytest.mark.parametrize(
    ("wanted", "taken", "free"),
    [
        ("Ada", [], "Ada"),
        ("Ada", ["Ada"], "Ada (2)"),
        ("Ada", ["Ada", "Ada (2)", "Ada (4)"], "Ada (3)"),
        ("x" * 60, ["x" * 60], "x" * 56 + " (2)"),
        ("Copy of " + "x" * 60, [], "Copy of " + "x" * 52),
    ],
)
def test_a_free_name_is_new_and_fits(wanted, taken, free):
    assert free_name(wanted, taken) == free
    assert len(free) <= NAME_LENGTH


# Marks


def test_marks_are_kept_by_kind_the_latest_first_and_keep_movies_out_of_lists(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = store.create("demo")
    for second, (movie, mark) in enumerate([(3, SAVED), (5, SAVED), (7, SEEN), (9, NOT_INTERESTED), (3, SEEN)]):
        monkeypatch.setattr(time, "time", lambda second=second: 1_000.0 + second)
        store.mark(token, movie, mark)
    profile = store.get(token)
    assert profile.marks == {SAVED: (5, 3), SEEN: (3, 7), NOT_INTERESTED: (9,)}
    assert profile.unwanted == {3, 7, 9}
    assert profile.ratings == ()
    store.mark(token, 3, SEEN, on=False)
    assert store.get(token).marks == {SAVED: (5, 3), SEEN: (7,), NOT_INTERESTED: (9,)}


def test_undo_takes_marks_and_stars_back_in_the_order_they_were_given(store: ProfileStore) -> None:
    token = store.create("demo")
    store.mark(token, 3, SAVED)
    store.rate(token, 3, 4.0, 1_000)
    store.mark(token, 3, SAVED, on=False)
    store.mark(token, 3, SAVED, on=False)  # once is enough
    assert store.undo(token) == Undone(3, rating=1.0, was=None, mark=SAVED)
    assert store.get(token).marks == {SAVED: (3,)}
    assert store.undo(token) == Undone(3, rating=None, was=4.0)
    assert store.undo(token) == Undone(3, rating=None, was=1.0, mark=SAVED)
    assert store.undo(token) is None
    assert (store.get(token).marks, store.get(token).ratings) == ({}, ())


@pytest.mark.parametrize("mark", ["", "loved", "SEEN", None, 3])
def test_a_mark_that_there_is_not_is_refused(store: ProfileStore, mark: object) -> None:
    token = store.create("demo")
    with pytest.raises(ProfileError, match="there is no mark"):
        store.mark(token, 3, mark)  # type: ignore[arg-type]
    assert store.get(token).marks == {}


def test_marks_go_with_their_profile(store: ProfileStore, place: Place) -> None:
    token = store.create("demo")
    store.mark(token, 3, SAVED)
    store.delete(token)
    assert place.run("SELECT count(*) FROM marks") == [(0,)]


def test_a_damaged_mark_is_one_error_and_nothing_is_served(store: ProfileStore, place: Place) -> None:
    token = store.create("demo")
    store.mark(token, 3, SAVED)
    place.run("UPDATE marks SET mark = 'sawed'")
    with pytest.raises(ProfileError, match="damaged"):
        store.get(token)
