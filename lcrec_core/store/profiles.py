"""The profile store: what people told LCRec about themselves and how they rated, kept across restarts.

A profile belongs to whoever holds its token, which is part of the person's link. The store keeps only
a hash of the token, and there is no call that lists profiles: who reads the file cannot open one.

Every rating given or cleared is also a row of an append-only log; undo reads it and adds a row that
compensates. Rows leave the log only when their profile is deleted, and then all of them.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import EllipsisType
from typing import Any, NamedTuple

import sqlalchemy as sa

from lcrec_core.data.dataset import RatingScale
from lcrec_core.data.profile import Profile
from lcrec_core.errors import ProfileError
from lcrec_core.files import REPOSITORY
from lcrec_core.store import checks
from lcrec_core.store.database import Database, UnsoundError, events, marks, profiles, ratings
from lcrec_core.store.sqlite import sqlite_url

STORE_ENV = "LCREC_STORE"
RATE, CLEAR, UNDO, MARK = "rate", "clear", "undo", "mark"
NOT_INTERESTED, SEEN, SAVED = "not_interested", "seen", "saved"
MARKS = (NOT_INTERESTED, SEEN, SAVED)
"""What somebody can say of a movie without rating it. The first two keep it out of lists."""


class StoredRating(NamedTuple):
    """A rating as it stands now. A tuple, because a history of thousands is read after every click."""

    movie_id: int
    rating: float
    timestamp: int
    """Seconds since 1970, UTC."""


@dataclass(frozen=True)
class StoredProfile:
    """A profile and its ratings at one moment."""

    token: str
    """The token it was asked for with; the store itself knows only its hash."""
    data: str
    """Name of the data set that the movie ids belong to."""
    name: str
    """'' when none was given."""
    gender: str | None
    age: int | None
    """First year of an age band, see `dataset.AGE_BANDS`."""
    occupation: str | None
    copied_from: int | None
    """The person of the data set whose ratings it started with."""
    created_at: int
    ratings: tuple[StoredRating, ...]
    """In time order; those of one second in the order they were given."""
    marks: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Movies by mark, the latest first; a mark that no movie has is left out."""
    marked_at: dict[tuple[str, int], int] = field(default_factory=dict)
    """When each mark was set, by mark and movie: seconds since 1970, UTC."""
    can_undo: bool = False
    """Whether `ProfileStore.undo` would take something back."""

    @property
    def unwanted(self) -> frozenset[int]:
        """Movies that no list should offer: those marked as seen or as of no interest."""
        return frozenset(self.marks.get(NOT_INTERESTED, ())) | frozenset(self.marks.get(SEEN, ()))

    @cached_property
    def profile(self) -> Profile:
        """What the recommender needs of it; one object."""
        return Profile.of(
            self.ratings,
            gender=self.gender,
            age=self.age,
            occupation=self.occupation,
            user_id=self.copied_from,
        )


@dataclass(frozen=True)
class Undone:
    """What an undo did to one movie."""

    movie_id: int
    rating: float | None
    """The rating that holds again; None: the movie is unrated again."""
    was: float | None
    """What was taken back; None: it had been cleared."""
    mark: str | None = None
    """One of MARKS where a mark was taken back: 1 says that the movie has it again, None that it has not."""
    movies: int = 1
    """How many movies an import had changed that was taken back as a whole; the other fields are then one of them."""


def default_url() -> str:
    """LCREC_STORE (a database URL or the path of a file), else `var/profiles.sqlite` in the checkout."""
    named = os.environ.get(STORE_ENV, "").strip()
    if "://" in named:
        return named
    file = Path(named).expanduser() if named else REPOSITORY / "var" / "profiles.sqlite"
    return sqlite_url(file.resolve())


class ProfileStore:
    """Profiles in a database. Threads may share a store; a process opens its own.

    Every method raises UnknownProfileError for a token that opens no profile, and ProfileError for a value that
    is not allowed and a database that cannot be used. A call that returned has been written to disk.
    """

    def __init__(self, url: str | None = None, *, busy_seconds: float | None = None) -> None:
        """Open the store, creating or migrating its tables.

        Args:
            url: A SQLAlchemy URL of SQLite or PostgreSQL, such as `sqlite:////folder/profiles.sqlite`; by default
                `default_url()`.
            busy_seconds: How long a write waits while others hold the file or the profile; by default
                `database.BUSY_SECONDS`, which suits whoever can wait.
        """
        self._database = Database(url or default_url(), busy_seconds)

    def create(
        self,
        data: str,
        *,
        name: str | None = "",
        gender: str | None = None,
        age: int | None = None,
        occupation: str | None = None,
        copied_from: int | None = None,
        ratings: Sequence[tuple[int, float, int]] = (),
        scale: RatingScale | None = None,
    ) -> str:
        """Make a profile and return its token, which nobody can look up again.

        Args:
            data: Name of the data set that the movie ids belong to.
            name: Up to 60 characters.
            gender: One of GENDERS, or None.
            age: One of AGE_BANDS, or None.
            occupation: Up to 40 characters, or None.
            copied_from: The person of the data set that this is a copy of.
            ratings: (movie id, rating, timestamp) to start with; undo does not reach behind them.
            scale: The data set's scale, to check the ratings against; without it, 0.5 to 5.
        """
        given = {"name": name, "gender": gender, "age": age, "occupation": occupation}
        values = {field: checks.clean_field(field, value) for field, value in given.items()}
        values["data"] = checks.clean_data(data)
        values["copied_from"] = None if copied_from is None else checks.clean_id("copied_from", copied_from)
        start = checks.clean_start(ratings, scale)
        token = checks.new_token()
        with self._database.write() as connection:
            row = profiles.insert().values(token_hash=checks.token_hash(token), created_at=_now(), **values)
            profile_id = _new_key(connection.execute(row))
            _insert_start(connection, profile_id, start)
        return token

    def get(self, token: str) -> StoredProfile:
        """The profile as it stands, ratings in time order."""
        with self._database.read() as connection:
            found = _find(connection, token)
            rows = _sound_rows(connection.execute(_RATINGS_IN_TIME, {"profile": found.id}).all())
            marked, marked_at = _sound_marks(connection.execute(_MARKS_IN_TIME, {"profile": found.id}).all())
            last = connection.execute(_LAST_NOT_UNDONE, {"profile": found.id}).first()
        return StoredProfile(
            token=token,
            data=found.data,
            name=found.name,
            gender=found.gender,
            age=found.age,
            occupation=found.occupation,
            copied_from=found.copied_from,
            created_at=found.created_at,
            ratings=rows,
            marks=marked,
            marked_at=marked_at,
            can_undo=last is not None,
        )

    def update(
        self,
        token: str,
        *,
        name: str | EllipsisType | None = ...,
        gender: str | EllipsisType | None = ...,
        age: int | EllipsisType | None = ...,
        occupation: str | EllipsisType | None = ...,
    ) -> None:
        """Change the fields that are given; None empties a field, one left out stays as it is."""
        given = {"name": name, "gender": gender, "age": age, "occupation": occupation}
        values = {field: checks.clean_field(field, value) for field, value in given.items() if value is not ...}
        with self._database.write() as connection:
            profile_id = _find(connection, token, lock=True).id
            if values:
                connection.execute(profiles.update().where(profiles.c.id == profile_id).values(values))

    def delete(self, token: str) -> None:
        """Remove the profile, its ratings and its log; there is no way back.

        A SQLite file holds no byte of them afterwards; PostgreSQL overwrites them when its autovacuum comes by.
        """
        with self._database.write() as connection:
            profile_id = _find(connection, token, lock=True).id
            for table in (events, ratings, marks):
                connection.execute(table.delete().where(table.c.profile_id == profile_id))
            connection.execute(profiles.delete().where(profiles.c.id == profile_id))
        self._database.forget_deleted()

    def rate(
        self,
        token: str,
        movie_id: int,
        rating: float,
        timestamp: int | None = None,
        *,
        scale: RatingScale | None = None,
    ) -> None:
        """Give a movie a rating, or change the one it has.

        A changed rating counts as new: it takes the new time and so moves to the end of the history. Giving
        again the rating that is there changes nothing, so that a double click does not need two undos.

        Args:
            token: Opens the profile.
            movie_id: Id in the profile's data set; the caller knows which ids that has.
            rating: The stars.
            timestamp: Seconds since 1970; by default now, and never before the profile's newest rating, so that
                a clock set back cannot put a new rating into the past.
            scale: The data set's scale, to check the rating against; without it, 0.5 to 5.
        """
        movie_id, rating = checks.clean_id("movie_id", movie_id), checks.clean_rating(rating, scale)
        given_at = None if timestamp is None else checks.clean_timestamp(timestamp)
        with self._database.write() as connection:
            profile_id = _find(connection, token, lock=True).id
            before = _current(connection, profile_id, movie_id)
            if before is not None and before.rating == rating and given_at in (None, before.timestamp):
                return
            if given_at is None:
                given_at = max(_now(), _newest(connection, profile_id))
            event_id = _log(connection, profile_id, RATE, movie_id, before, rating, given_at)
            _put(connection, profile_id, movie_id, rating, given_at, event_id, replaces=before is not None)

    def clear(self, token: str, movie_id: int) -> None:
        """Take a movie's rating away; nothing happens when it has none."""
        movie_id = checks.clean_id("movie_id", movie_id)
        with self._database.write() as connection:
            profile_id = _find(connection, token, lock=True).id
            before = _current(connection, profile_id, movie_id)
            if before is None:
                return
            _log(connection, profile_id, CLEAR, movie_id, before, None, None)
            _remove(connection, profile_id, movie_id)

    def mark(self, token: str, movie_id: int, mark: str, *, on: bool = True) -> None:
        """Mark a movie, or with `on=False` take the mark away; nothing happens when it is so already.

        Args:
            token: Opens the profile.
            movie_id: Id in the profile's data set; the caller knows which ids that has.
            mark: One of MARKS.
            on: Whether the movie is to have the mark.
        """
        movie_id, mark = checks.clean_id("movie_id", movie_id), checks.clean_mark(mark, MARKS)
        with self._database.write() as connection:
            profile_id = _find(connection, token, lock=True).id
            if _has_mark(connection, profile_id, movie_id, mark) == on:
                return
            values = {"rating": 1.0 if on else None, "previous_rating": None if on else 1.0}
            _log_mark(connection, profile_id, MARK, movie_id, mark, **values)
            _set_mark(connection, profile_id, movie_id, mark, on=on)

    def bring(
        self,
        token: str,
        ratings: Sequence[tuple[int, float, int]],
        marks: Sequence[tuple[int, str, int | None]] = (),
        *,
        scale: RatingScale | None = None,
    ) -> int:
        """Give many ratings and marks in one step, which undo takes back as one.

        What is there already, as it is, changes nothing.

        Args:
            token: Opens the profile.
            ratings: (movie id, rating, timestamp), each movie once; in the order they count as given in one second.
            marks: (movie id, one of MARKS, when it was set or None for now).
            scale: The data set's scale, to check the ratings against; without it, 0.5 to 5.

        Returns:
            How many ratings and marks were new or changed.
        """
        given = checks.clean_start(ratings, scale)
        marked = {
            (checks.clean_id("movie_id", movie), checks.clean_mark(mark, MARKS)): (
                None if at is None else checks.clean_timestamp(at)
            )
            for movie, mark, at in marks
        }
        with self._database.write() as connection:
            profile_id = _find(connection, token, lock=True).id
            return _bring(connection, profile_id, given, marked)

    def undo(self, token: str) -> Undone | None:
        """Take back the last rating, clearing, mark or import that still holds; None when there is none.

        Repeated calls go back one by one as far as the state the profile was created with. The rating that
        returns has its old time and place in the history.
        """
        with self._database.write() as connection:
            profile_id = _find(connection, token, lock=True).id
            last = _last_not_undone(connection, profile_id)
            if last is None:
                return None
            if last.batch is not None:
                return _undo_batch(connection, profile_id, last)
            if last.kind == MARK:
                again = last.previous_rating is not None
                values = {"rating": last.previous_rating, "previous_rating": last.rating, "undoes": last.id}
                _log_mark(connection, profile_id, UNDO, last.movie_id, last.mark, **values)
                _set_mark(connection, profile_id, last.movie_id, last.mark, on=again)
                return Undone(last.movie_id, rating=last.previous_rating, was=last.rating, mark=last.mark)
            before = _current(connection, profile_id, last.movie_id)
            old = (last.previous_rating, last.previous_timestamp)
            _log(connection, profile_id, UNDO, last.movie_id, before, *old, undoes=last.id)
            if last.previous_rating is None:
                _remove(connection, profile_id, last.movie_id)
            else:
                there = before is not None
                _put(connection, profile_id, last.movie_id, *old, last.previous_position, replaces=there)
        return Undone(last.movie_id, rating=last.previous_rating, was=last.rating)


_PROFILE = sa.bindparam("profile", type_=sa.BigInteger)

# Made once: to put a statement together takes longer than to execute it.
_FIND = sa.select(profiles).where(profiles.c.token_hash == sa.bindparam("token_hash"))
_FIND_LOCKED = _FIND.with_for_update()

_CURRENT = sa.select(ratings).where(ratings.c.profile_id == _PROFILE, ratings.c.movie_id == sa.bindparam("movie"))

_RATINGS_IN_TIME = (
    sa.select(ratings.c.movie_id, ratings.c.rating, ratings.c.timestamp)
    .where(ratings.c.profile_id == _PROFILE)
    .order_by(ratings.c.timestamp, ratings.c.position)
)

_MARKS_IN_TIME = (
    sa.select(marks.c.mark, marks.c.movie_id, marks.c.timestamp)
    .where(marks.c.profile_id == _PROFILE)
    .order_by(marks.c.timestamp.desc(), marks.c.movie_id)
)

_NEWEST = sa.select(sa.func.max(ratings.c.timestamp)).where(ratings.c.profile_id == _PROFILE)

_later = events.alias("later")
_LAST_NOT_UNDONE = (
    sa.select(events)
    .where(
        events.c.profile_id == _PROFILE,
        events.c.kind.in_((RATE, CLEAR, MARK)),
        ~sa.exists().where(_later.c.undoes == events.c.id),
    )
    .order_by(events.c.id.desc())
    .limit(1)
)


def _now() -> int:
    return int(time.time())


def _new_key(result: sa.CursorResult[Any]) -> int:
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def _find(connection: sa.Connection, token: str, *, lock: bool = False) -> sa.Row[Any]:
    """The profile's row; with `lock`, other writers of this profile wait (in SQLite all writers do anyway)."""
    query = _FIND_LOCKED if lock else _FIND
    found = connection.execute(query, {"token_hash": checks.token_hash(token)}).first()
    if found is None:
        raise checks.unknown_profile()
    given = {field: getattr(found, field) for field in ("name", "gender", "age", "occupation", "data")}
    with _as_written(f"profile {found.id}"):
        checks.clean_id("id", found.id)
        checks.clean_timestamp(found.created_at)
        for field, value in given.items():
            checks.check_kept(field, value)
        if found.copied_from is not None:
            checks.clean_id("copied_from", found.copied_from)
    return found


def _current(connection: sa.Connection, profile_id: int, movie_id: int) -> sa.Row[Any] | None:
    found = connection.execute(_CURRENT, {"profile": profile_id, "movie": movie_id}).first()
    if found is not None:
        _check_rating(found.movie_id, found.rating, found.timestamp, found.position)
    return found


def _newest(connection: sa.Connection, profile_id: int) -> int:
    """When the profile's newest rating was given; 0 without any."""
    newest = connection.scalar(_NEWEST, {"profile": profile_id})
    with _as_written("the newest rating"):
        return 0 if newest is None else checks.clean_timestamp(newest)


def _last_not_undone(connection: sa.Connection, profile_id: int) -> sa.Row[Any] | None:
    last = connection.execute(_LAST_NOT_UNDONE, {"profile": profile_id}).first()
    if last is not None:
        _check_event(last)
    return last


def _check_event(event: sa.Row[Any]) -> None:
    with _as_written("an event"):
        checks.clean_id("id", event.id)
        checks.clean_id("movie_id", event.movie_id)
        if event.rating is not None:
            checks.clean_rating(event.rating, None)
        if event.kind == MARK:
            checks.clean_mark(event.mark, MARKS)
        if event.batch is not None:
            checks.clean_id("batch", event.batch)
    if event.previous_rating is not None and event.kind != MARK:
        _check_rating(event.movie_id, event.previous_rating, event.previous_timestamp, event.previous_position)


@contextmanager
def _as_written(what: str) -> Iterator[None]:
    """What is read obeys the rules by which it was written, or the file is damaged."""
    try:
        yield
    except ProfileError as error:
        raise UnsoundError(f"{what}: {error}") from error


def _check_rating(movie_id: Any, rating: Any, timestamp: Any, position: Any) -> None:
    with _as_written("a rating"):
        checks.clean_id("movie_id", movie_id)
        checks.clean_rating(rating, None)
        checks.clean_timestamp(timestamp)
        checks.check_position(position)


def _sound_rows(rows: Sequence[Any]) -> tuple[StoredRating, ...]:
    """A history as it was read, checked in one go: it may have thousands of rows."""
    if not rows:
        return ()
    with _as_written("the ratings"):
        checks.check_kept_ratings(*zip(*rows, strict=True))
    return tuple(map(StoredRating._make, rows))


def _sound_marks(rows: Sequence[Any]) -> tuple[dict[str, tuple[int, ...]], dict[tuple[str, int], int]]:
    """Marked movies as they were read, by mark; and when they were marked."""
    found: dict[str, list[int]] = {}
    times: dict[tuple[str, int], int] = {}
    with _as_written("a mark"):
        for mark, movie_id, at in rows:
            found.setdefault(checks.clean_mark(mark, MARKS), []).append(checks.clean_id("movie_id", movie_id))
            times[mark, movie_id] = checks.clean_timestamp(at)
    return {mark: tuple(movies) for mark, movies in found.items()}, times


def _has_mark(connection: sa.Connection, profile_id: int, movie_id: int, mark: str) -> bool:
    query = sa.select(marks.c.mark).where(*_this_mark(profile_id, movie_id, mark))
    return connection.execute(query).first() is not None


def _set_mark(connection: sa.Connection, profile_id: int, movie_id: int, mark: str, *, on: bool) -> None:
    if on:
        values = {"profile_id": profile_id, "movie_id": movie_id, "mark": mark, "timestamp": _now()}
        connection.execute(marks.insert().values(values))
    else:
        connection.execute(marks.delete().where(*_this_mark(profile_id, movie_id, mark)))


def _this_mark(profile_id: int, movie_id: int, mark: str) -> tuple[sa.ColumnElement[bool], ...]:
    return marks.c.profile_id == profile_id, marks.c.movie_id == movie_id, marks.c.mark == mark


def _log_mark(
    connection: sa.Connection, profile_id: int, kind: str, movie_id: int, mark: str, **values: float | int | None
) -> None:
    event = {"profile_id": profile_id, "kind": kind, "happened_at": _now(), "movie_id": movie_id, "mark": mark}
    connection.execute(events.insert().values(event | values))


def _insert_start(connection: sa.Connection, profile_id: int, start: list[tuple[int, float, int]]) -> None:
    """The ratings a profile begins with, at positions that lie before every event's."""
    rows = [
        {"profile_id": profile_id, "movie_id": movie, "rating": rating, "timestamp": at, "position": i - len(start)}
        for i, (movie, rating, at) in enumerate(start)
    ]
    if rows:
        connection.execute(ratings.insert(), rows)


def _log(
    connection: sa.Connection,
    profile_id: int,
    kind: str,
    movie_id: int,
    before: sa.Row[Any] | None,
    rating: float | None,
    timestamp: int | None,
    undoes: int | None = None,
) -> int:
    """Append an event; its id, which grows from event to event."""
    shared = {"profile_id": profile_id, "happened_at": _now(), "batch": None}
    event = _event(shared, kind, movie_id, before, rating=rating, timestamp=timestamp) | {"undoes": undoes}
    return _new_key(connection.execute(events.insert(), event))


def _put(
    connection: sa.Connection,
    profile_id: int,
    movie_id: int,
    rating: float,
    timestamp: int,
    position: int,
    *,
    replaces: bool,
) -> None:
    values = {"rating": rating, "timestamp": timestamp, "position": position}
    if replaces:
        there = (ratings.c.profile_id == profile_id, ratings.c.movie_id == movie_id)
        connection.execute(ratings.update().where(*there).values(values))
    else:
        connection.execute(ratings.insert(), {"profile_id": profile_id, "movie_id": movie_id, **values})


def _remove(connection: sa.Connection, profile_id: int, movie_id: int) -> None:
    connection.execute(ratings.delete().where(ratings.c.profile_id == profile_id, ratings.c.movie_id == movie_id))


_Event = dict[str, Any]


def _bring(
    connection: sa.Connection,
    profile_id: int,
    given: list[tuple[int, float, int]],
    marked: dict[tuple[int, str], int | None],
) -> int:
    """Write an import: a few statements for any number of rows."""
    before = _rows_of(connection, profile_id)
    has = {(movie_id, mark) for mark, movie_id, _ in connection.execute(_MARKS_IN_TIME, {"profile": profile_id})}
    now = _now()
    shared = {"profile_id": profile_id, "happened_at": now, "batch": _next_batch(connection, profile_id)}
    changes: list[_Event] = []
    for movie_id, rating, at in given:
        old = before.get(movie_id)
        if old is None or old.rating != rating:
            changes.append(_event(shared, RATE, movie_id, old, rating=rating, timestamp=at))
    new_marks = [(movie_id, mark, at) for (movie_id, mark), at in marked.items() if (movie_id, mark) not in has]
    for movie_id, mark, _ in new_marks:
        changes.append(_event(shared, MARK, movie_id, None, rating=1.0, timestamp=None, mark=mark))
    ids = _log_all(connection, changes)
    # In one second they stand in the order in which they were given.
    written = [
        {"movie_id": c["movie_id"], "rating": c["rating"], "timestamp": c["timestamp"], "position": event_id}
        for c, event_id in zip(changes, ids, strict=True)
        if c["kind"] == RATE
    ]
    _put_all(connection, profile_id, [row for row in written if row["movie_id"] in before], replaces=True)
    _put_all(connection, profile_id, [row for row in written if row["movie_id"] not in before], replaces=False)
    rows = [
        {"profile_id": profile_id, "movie_id": movie_id, "mark": mark, "timestamp": now if set_at is None else set_at}
        for movie_id, mark, set_at in new_marks
    ]
    if rows:
        connection.execute(marks.insert(), rows)
    return len(changes)


def _undo_batch(connection: sa.Connection, profile_id: int, last: sa.Row[Any]) -> Undone:
    """Take back an import. It is the last thing that holds: every movie is as the import left it."""
    query = sa.select(events).where(events.c.profile_id == profile_id, events.c.batch == last.batch)
    batch = connection.execute(query.order_by(events.c.id)).all()
    now_there = _rows_of(connection, profile_id)
    shared = {"profile_id": profile_id, "happened_at": _now(), "batch": None}
    undone: list[_Event] = []
    for event in batch:
        _check_event(event)
        old = None if event.kind == MARK else now_there.get(event.movie_id)
        values = {"rating": event.previous_rating, "timestamp": event.previous_timestamp, "mark": event.mark}
        made = _event(shared, UNDO, event.movie_id, old, **values)
        undone.append(made | {"undoes": event.id, "previous_rating": event.rating})
    _log_all(connection, undone)
    rated = [event for event in batch if event.kind == RATE]
    back = [
        {
            "movie_id": event.movie_id,
            "rating": event.previous_rating,
            "timestamp": event.previous_timestamp,
            "position": event.previous_position,
        }
        for event in rated
        if event.previous_rating is not None
    ]
    _put_all(connection, profile_id, back, replaces=True)
    gone = [{"gone": event.movie_id} for event in rated if event.previous_rating is None]
    if gone:
        here = (ratings.c.profile_id == profile_id, ratings.c.movie_id == sa.bindparam("gone"))
        connection.execute(ratings.delete().where(*here), gone)
    unmarked = [{"gone": event.movie_id, "of": event.mark} for event in batch if event.kind == MARK]
    if unmarked:
        marked = (marks.c.movie_id == sa.bindparam("gone"), marks.c.mark == sa.bindparam("of"))
        connection.execute(marks.delete().where(marks.c.profile_id == profile_id, *marked), unmarked)
    movies = len({event.movie_id for event in batch})
    return Undone(last.movie_id, rating=last.previous_rating, was=last.rating, mark=last.mark, movies=movies)


def _rows_of(connection: sa.Connection, profile_id: int) -> dict[int, sa.Row[Any]]:
    """Every rating of a profile, checked."""
    rows = connection.execute(sa.select(ratings).where(ratings.c.profile_id == profile_id)).all()
    for row in rows:
        _check_rating(row.movie_id, row.rating, row.timestamp, row.position)
    return {row.movie_id: row for row in rows}


def _next_batch(connection: sa.Connection, profile_id: int) -> int:
    """A number that none of the profile's imports has: its log only grows, and nobody else writes to it now."""
    newest = connection.scalar(sa.select(sa.func.max(events.c.id)).where(events.c.profile_id == profile_id))
    with _as_written("the newest event"):
        return 1 if newest is None else checks.clean_id("id", newest) + 1


def _event(
    shared: _Event,
    kind: str,
    movie_id: int,
    before: sa.Row[Any] | None,
    *,
    rating: float | None,
    timestamp: int | None,
    mark: str | None = None,
) -> _Event:
    return shared | {
        "kind": kind,
        "movie_id": movie_id,
        "rating": rating,
        "timestamp": timestamp,
        "previous_rating": None if before is None else before.rating,
        "previous_timestamp": None if before is None else before.timestamp,
        "previous_position": None if before is None else before.position,
        "undoes": None,
        "mark": mark,
    }


def _log_all(connection: sa.Connection, rows: list[_Event]) -> list[int]:
    """Append events; their ids, which grow in the order given."""
    if not rows:
        return []
    insert = events.insert().returning(events.c.id, sort_by_parameter_order=True)
    return list(connection.scalars(insert, rows))


def _put_all(connection: sa.Connection, profile_id: int, rows: list[_Event], *, replaces: bool) -> None:
    if not rows:
        return
    if not replaces:
        connection.execute(ratings.insert(), [{"profile_id": profile_id, **row} for row in rows])
        return
    there = (ratings.c.profile_id == profile_id, ratings.c.movie_id == sa.bindparam("of_movie"))
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in ("rating", "timestamp", "position")}
    changed = [
        {"of_movie": row["movie_id"], **{f"new_{name}": row[name] for name in ("rating", "timestamp", "position")}}
        for row in rows
    ]
    connection.execute(ratings.update().where(*there).values(values), changed)
