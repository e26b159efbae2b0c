"""What an import writes into a profile that has something already."""

from lcrec_core.data.dataset import HALF_STARS, WHOLE_STARS
from lcrec_core.serving.importing import Holds, on_scale, plan
from lcrec_core.serving.matching import Match
from lcrec_core.sources.history import entries
from lcrec_core.sources.history.entries import Entry
from lcrec_core.store import profiles
from lcrec_core.store.profiles import SAVED, SEEN, StoredProfile, StoredRating


def match(movie_id: int | None, rating: float | None = None, at: int | None = None, *marks: str) -> Match:
    entry = Entry("A film", 1999, rating, at, tuple((mark, at) for mark in marks))
    return Match(entry, movie_id, (), "")


def stored(*ratings: tuple[int, float, int], **marks: tuple[int, ...]) -> StoredProfile:
    rows = tuple(StoredRating(*row) for row in ratings)
    return StoredProfile("t", "demo", "", None, None, None, None, 0, rows, dict(marks))


def test_the_marks_are_those_of_the_store():
    assert {entries.SEEN, entries.SAVED, entries.NOT_INTERESTED} == set(profiles.MARKS)


def test_halves_are_kept_where_there_are_some_and_rounded_up_where_not():
    given = [0.5, 1.0, 1.5, 2.5, 3.5, 4.5, 5.0]
    assert [on_scale(stars, HALF_STARS) for stars in given] == given
    assert [on_scale(stars, WHOLE_STARS) for stars in given] == [1, 1, 2, 3, 4, 5, 5]


def test_the_later_rating_holds_unless_the_visitor_says_otherwise():
    here = stored((1, 2.0, 100), (2, 2.0, 100), (3, 2.0, 100))
    brought = [match(1, 5, 99), match(2, 5, 101), match(3, 5, None), match(4, 5, 50), match(None, 1, 200)]
    later = plan(brought, here, HALF_STARS)
    assert [row[0] for row in later.ratings] == [4, 2]
    assert (later.changed, later.kept) == (1, 2)
    assert {row[0] for row in plan(brought, here, HALF_STARS, Holds.FILE).ratings} == {1, 2, 3, 4}
    assert [row[0] for row in plan(brought, here, HALF_STARS, Holds.HERE).ratings] == [4]


def test_of_two_films_that_are_one_movie_the_later_holds():
    made = plan([match(1, 5, 200), match(1, 1, 100)], None, HALF_STARS)
    assert [row[:2] for row in made.ratings] == [(1, 5.0)]
    assert made.twice == 1


def test_what_is_there_already_changes_nothing():
    here = stored((1, 4.0, 100), saved=(2,))
    brought = [match(1, 3.5, 900), match(2, None, 5, SAVED), match(1, None, 7, SEEN)]
    made = plan(brought, here, WHOLE_STARS)
    assert made.writes == 0
    assert made.same == 3


def test_a_date_ahead_of_today_is_today():
    made = plan([match(1, 4, 4_000_000_000)], None, HALF_STARS)
    assert made.ratings[0][2] < 4_000_000_000
