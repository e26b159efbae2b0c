"""An import: many ratings and marks in one step, which undo takes back as one."""

import pytest

from lcrec_core.data.dataset import WHOLE_STARS
from lcrec_core.errors import ProfileError
from lcrec_core.store.profiles import NOT_INTERESTED, SAVED, SEEN, ProfileStore, StoredRating

RATINGS = [(7, 4.0, 300), (8, 2.0, 100), (9, 5.0, 100)]
MARKS = [(11, SAVED, 50), (12, SEEN, None)]


def state(store: ProfileStore, token: str) -> tuple:
    stored = store.get(token)
    return stored.ratings, stored.marks, stored.marked_at


def test_an_import_is_one_step_and_undo_takes_it_back(store: ProfileStore):
    token = store.create("demo", ratings=[(7, 1.0, 10)])
    store.rate(token, 8, 3.0, timestamp=20)
    store.mark(token, 13, NOT_INTERESTED)
    before = state(store, token)
    assert store.bring(token, RATINGS, MARKS) == 5
    after = store.get(token)
    assert after.ratings == (StoredRating(8, 2.0, 100), StoredRating(9, 5.0, 100), StoredRating(7, 4.0, 300))
    assert after.marks == {SEEN: (12,), SAVED: (11,), NOT_INTERESTED: (13,)}
    assert after.marked_at[SAVED, 11] == 50
    undone = store.undo(token)
    assert undone is not None
    assert undone.movies == 5
    assert state(store, token) == before
    # What came before the import is the next to be taken back, one by one.
    undone = store.undo(token)
    assert undone is not None
    assert (undone.movies, undone.mark) == (1, NOT_INTERESTED)
    undone = store.undo(token)
    assert undone is not None
    assert (undone.movie_id, undone.rating) == (8, None)
    assert store.get(token).ratings == (StoredRating(7, 1.0, 10),)
    assert store.undo(token) is None


def test_the_same_import_again_changes_nothing(store: ProfileStore):
    token = store.create("demo")
    store.bring(token, RATINGS, MARKS)
    before = state(store, token)
    assert store.bring(token, RATINGS, MARKS) == 0
    assert state(store, token) == before
    undone = store.undo(token)
    assert undone is not None
    assert undone.movies == 5
    assert store.undo(token) is None


def test_a_star_given_after_an_import_is_taken_back_first(store: ProfileStore):
    token = store.create("demo")
    store.bring(token, RATINGS)
    store.rate(token, 7, 1.0)
    undone = store.undo(token)
    assert undone is not None
    assert (undone.movies, undone.rating) == (1, 4.0)
    store.bring(token, [(8, 5.0, 400)])
    for movies in (1, 3):
        undone = store.undo(token)
        assert undone is not None
        assert undone.movies == movies
    assert store.get(token).ratings == ()


@pytest.mark.parametrize(
    ("ratings", "marks"),
    [([(7, 4.5, 1)], []), ([(7, 4, 1), (7, 5, 2)], []), ([(7, 4, -1)], []), ([(0, 4, 1)], []), ([], [(7, "liked", 1)])],
)
def test_one_wrong_row_and_nothing_is_written(store: ProfileStore, ratings: list, marks: list):
    token = store.create("demo")
    with pytest.raises(ProfileError):
        store.bring(token, [*ratings, (20, 3.0, 5)], marks, scale=WHOLE_STARS)
    assert store.get(token).ratings == ()
    assert not store.get(token).can_undo
