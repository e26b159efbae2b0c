"""Exports of one person: each kind is recognised by its header and read; what is wrong is named by line and field."""

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lcrec_core.data.dataset import HALF_STARS, Dataset
from lcrec_core.errors import DataError
from lcrec_core.sources.history import container, written
from lcrec_core.sources.history.entries import NOT_INTERESTED, SAVED, SEEN, Entry, History
from lcrec_core.sources.history.read import read
from lcrec_core.sources.history.written import Kept
from tests import histories
from tests.histories import letterboxd_zip, zipped
from tests.made_up import made_up

FILE = Path("export.csv")
RATINGS = "Date,Name,Year,Letterboxd URI,Rating\n2024-02-01,Amélie,2001,https://b.example/1,4.5\n"


def of(content: str | bytes, name: Path = FILE) -> History:
    return read(content.encode() if isinstance(content, str) else content, name)


def day(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def told(history: History) -> dict[str, tuple]:
    return {entry.name: (entry.rating, dict(entry.marks)) for entry in history.entries}


@pytest.mark.parametrize("folder", ["", "letterboxd-watchlist-lover/"])
def test_the_whole_letterboxd_export_is_one_entry_a_film(folder: str):
    history = of(letterboxd_zip(folder))
    assert told(history) == {
        "The Matrix": (4.5, {}),  # ratings.csv goes before the diary's later rating
        "Amélie": (3.0, {}),
        "No Such Film": (2.0, {}),
        "Alien": (5.0, {}),  # the later of the diary's two
        "Heat": (None, {SEEN: day("2024-03-05")}),
        "Fargo": (None, {SEEN: day("2024-01-04")}),
        "Casablanca": (None, {SAVED: day("2024-01-03")}),
    }
    assert history.entries[0].rated_at == day("2024-02-01")
    assert not history.bare


def test_imdb_ratings_become_half_stars_and_what_is_no_film_is_left_out():
    history = of(histories.IMDB)
    assert told(history) == {"Amber": (4.5, {}), "Kite": (0.5, {})}
    assert [entry.imdb_id for entry in history.entries] == [101, 102]
    assert history.entries[0].other_name == "Bernstein"
    assert [row.why.partition(":")[0] for row in history.skipped] == ["a series", "an episode", "a game"]
    assert "7 is 3.5" in history.converted


def test_trakt_as_json_and_as_a_table():
    history = of(histories.TRAKT)
    assert told(history) == {
        "Amber": (3.5, {}),
        "Kite": (None, {SEEN: day("2014-10-01")}),
        "Clock": (None, {SAVED: day("2014-11-01")}),
    }
    assert history.entries[0].rated_at == day("2014-09-01T09:10:11")
    assert len(history.skipped) == 1
    table = of(histories.TRAKT_TABLE)
    assert table.entries[0].rating == 3.5
    assert (table.entries[0].imdb_id, table.entries[0].tmdb_id, len(table.skipped)) == (101, 201, 1)


def test_movielens_exports():
    rated, seen = of(histories.MOVIELENS_ORG).entries
    assert (rated.name, rated.year, rated.rating, rated.movie_id, rated.imdb_id) == ("Amber, The", 1995, 3.5, 7, 101)
    assert (seen.rating, seen.marks) == (None, ((SEEN, None),))
    first, _ = of(histories.DATA_SET).entries
    assert (first.name, first.movie_id, first.rating, first.rated_at) == ("", 7, 3.5, 1_500_000_000)
    assert told(of("movieId,rating,timestamp\n7,3.5,1500000000\n")) == {"": (3.5, {})}
    with pytest.raises(DataError, match=r"line 3 is of another person than the first: '4' in the field 'userId'"):
        of("userId,movieId,rating,timestamp\n3,7,3.5,1\n4,8,5.0,2\n")


@pytest.mark.parametrize(("name", "mark"), [("watchlist.csv", SAVED), ("watched.csv", SEEN), ("films.csv", SEEN)])
def test_a_list_without_a_word_on_its_films_asks_its_name_and_can_be_told(name: str, mark: str):
    history = of("Date,Name,Year,Letterboxd URI\n2024-01-03,Amber,1942,x\n", Path(name))
    assert history.bare == mark
    assert told(history.taken_as(SAVED)) == {"Amber": (None, {SAVED: day("2024-01-03")})}


@pytest.mark.parametrize(
    "content",
    [
        RATINGS.encode("utf-8-sig"),
        RATINGS.encode("utf-16"),
        RATINGS.encode("utf-16-le"),
        RATINGS.encode("latin-1"),
        RATINGS.replace("\n", "\r\n").encode(),
        ("sep=;\n" + RATINGS.replace(",", ";").replace("4.5", "4,5")).encode(),
        RATINGS.replace(",", "\t").encode(),
        ("\n" + RATINGS + "\n\n").encode(),
        RATINGS.rstrip().encode(),
    ],
)
def test_files_saved_again_by_other_programs(content: bytes):
    (entry,) = of(content).entries
    assert (entry.name, entry.year, entry.rating, entry.rated_at) == ("Amélie", 2001, 4.5, day("2024-02-01"))


@pytest.mark.parametrize(("text", "rating"), [("", None), ("0", None), ("0.5", 0.5), ("5", 5.0), ("5.0", 5.0)])
def test_no_rating_and_zero_mean_seen(text: str, rating: float | None):
    (entry,) = of(RATINGS.replace("4.5", text)).entries
    assert entry.rating == rating
    assert bool(entry.marks) == (rating is None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (RATINGS + "2024-01-01,Kite,1999,x,six\n", r"line 3 has 'six' in the field 'Rating', which is no rating"),
        (RATINGS + "2024-01-01,Kite,1999,x,5.5\n", r"line 3 has '5.5' in the field 'Rating'"),
        (RATINGS + "2024-01-01,Kite,1999,x,4.3\n", r"line 3 has '4.3' in the field 'Rating'"),
        (RATINGS + "2024-01-01,Kite,MCM,x,4\n", r"line 3 has 'MCM' in the field 'Year'"),
        (RATINGS + "01/02/2024,Kite,1999,x,4\n", r"line 3 has '01/02/2024' in the field 'Date'"),
        (RATINGS + "2024-01-01,,1999,x,4\n", r"line 3 has nothing in the field 'Name'"),
        (RATINGS + "2024-01-01,Kite,1999\n", r"line 3 has 3 fields where the header has 5"),
        (RATINGS + '\n2024-01-01,"Two\nlines",1999,x,4\n2024,"Kite,1,x,4\n', r"line 6 begins a field in quotes"),
        (histories.IMDB.replace(",9,", ",11,"), r"line 2 has '11' in the field 'Your Rating', which is no"),
        (RATINGS.encode() + b"2024-01-01,Kit\xe9,1999,x,4\n", r"line 3 is not UTF-8"),
        ("Date;Something\n1;2\n", r"is no header that is known here; bring"),
        ("", r"the file is empty"),
        (RATINGS.partition("\n")[0], r"it names no film"),
        ("[1, 2]", r"neither an export of LCRec nor one of Trakt"),
        ('{"format": "lcrec-history", "version": 9}', r"of version 9"),
        (histories.TRAKT.replace(": 7", ": 70"), r"entry 1 has '70' in the field 'rating'"),
        ("[" * 100_000, r"JSON"),
        (b"%PDF-1.4 ...", r"this is a PDF document"),
        (letterboxd_zip()[:-30], r"cut short"),
        (zipped({"a.zip": b"PK"}), r"a zip around another zip"),
        (zipped({"a.png": b"x"}), r"holds no table of films"),
        (zipped({"ratings.csv": b"a" * 30_000_000}), r"would unpack to more than any person's history has"),
        (letterboxd_zip(**{"diary.csv": histories.LETTERBOXD["diary.csv"] + "x\n"}), r"diary.csv line 5 has 1 field"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(content: str | bytes, said: str):
    with pytest.raises(DataError, match=said) as caught:
        of(content)
    assert "\n" not in str(caught.value)
    assert caught.value.where == FILE


def test_a_zip_of_too_many_files_and_one_that_lies_about_its_sizes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(container, "_MOST_MEMBERS", 5)
    with pytest.raises(DataError, match="more files than any person's history has"):
        of(letterboxd_zip())
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ratings.csv", RATINGS * 1000)
    content = bytearray(stream.getvalue())
    # The unpacked size in the list of contents, made small.
    place = content.rfind(b"PK\1\2") + 24
    content[place : place + 4] = (100).to_bytes(4, "little")
    with pytest.raises(DataError, match="damaged or cut short"):
        of(bytes(content))


def kept() -> list[Kept]:
    return written.kept(
        [(5, 4.5, 1_500_000_007), (9, 0.5, 1_500_000_007), (2, 3.0, 1_600_000_000)],
        {SEEN: (7, 2), SAVED: (9, 11), NOT_INTERESTED: (12,)},
        {(SEEN, 7): 90, (SEEN, 2): 80, (SAVED, 9): 70, (SAVED, 11): 60, (NOT_INTERESTED, 12): 50},
        top=(20, 21),
    )


@pytest.fixture(scope="module")
def data() -> Dataset:
    return made_up(scale=HALF_STARS)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_our_own_export_loses_nothing_on_the_way_back(data: Dataset, form: str):
    table = written.table(data, kept())
    content = table.to_csv(index=False) if form == "csv" else written.as_json(data, kept())
    history = of(content)
    back = {(entry.movie_id, entry.rating, entry.rated_at, entry.marks, entry.data) for entry in history.entries}
    assert back == {
        (5, 4.5, 1_500_000_007, (), data.name),
        (9, 0.5, 1_500_000_007, ((SAVED, 70),), data.name),
        (2, 3.0, 1_600_000_000, ((SEEN, 80),), data.name),
        (7, None, None, ((SEEN, 90),), data.name),
        (11, None, None, ((SAVED, 60),), data.name),
        (12, None, None, ((NOT_INTERESTED, 50),), data.name),
    }
    # Those of one second keep their order.
    assert [entry.movie_id for entry in history.entries][:3] == [5, 9, 2]


def test_our_tables_have_the_columns_that_letterboxd_takes(data: Dataset):
    table = written.table(data, written.seen_by(kept()))
    assert list(table.columns)[:6] == ["Title", "Year", "Rating", "WatchedDate", "tmdbID", "imdbID"]
    assert set(table["List"]) == {"rated", "seen"}
    assert table["WatchedDate"][0] == "2017-07-14"
    assert json.loads(written.as_json(data, kept()))["lists"]["top"][0]["movie_id"] == 20


@pytest.mark.parametrize("title", ["=1+1", "'=1+1", "-1", "@x", "+ Kite", "'Kite", "Kite"])
def test_a_title_that_a_spreadsheet_would_run_comes_back_as_it_was(title: str):
    cell = written.covered(title)
    assert not cell.startswith(("=", "+", "-", "@"))
    (entry,) = of(f'Title,Year,Rating\n"{cell}",1999,4\n').entries
    assert entry == Entry(title, 1999, 4.0, None, where="export.csv line 2")
