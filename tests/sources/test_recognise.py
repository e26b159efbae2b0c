"""Files that are no MovieLens data set are named for what they are, with what to do; and none of the old guesses."""

import zipfile
from pathlib import Path

import pytest

from lcrec_core.errors import DataError
from lcrec_core.sources import movielens, recognise
from tests.movielens_files import csv_files, dat_files, u_files, write_folder, write_zip

GUESSES = ("download the data set again", "Latin-1", "are you online")

LETTERBOXD = b"Date,Name,Year,Letterboxd URI,Rating\r\n2020-01-01,Kite,1993,https://boxd.example/1,4.5\r\n"
IMDB = b"Const,Your Rating,Date Rated,Title,URL,Title Type,Year\ntt1,10,2024-01-02,Kite,https://x,Movie,1993\n"
TRAKT = b'[{"rated_at":"2024-01-02","rating":8,"type":"movie","movie":{"ids":{"trakt":1}}}]'
TWEETS = {
    "movies.dat": "0000008::Écho (1894)::Documentary|Short\n0114508::Kite (1995)::Sci-Fi\n".encode(),
    "users.dat": b"1::139564917\n2::17528189\n",
    "ratings.dat": b"1::0114508::8::1381006850\n2::0000008::10::1381006851\n",
}
RATINGS = csv_files()["ratings.csv"]


def complaint(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        movielens.read(path)
    assert "\n" not in str(caught.value)
    assert caught.value.where == path
    assert str(path.parent) not in caught.value.for_visitors
    return caught.value.message


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"ratings.csv": LETTERBOXD, "watched.csv": LETTERBOXD, "likes/films.csv": LETTERBOXD}, "a Letterboxd export"),
        ({"diary.csv": LETTERBOXD}, "a Letterboxd export"),
        ({"ratings.csv": b"\xef\xbb\xbf" + IMDB}, "an IMDb ratings export"),
        ({"title.ratings.tsv": b"tconst\taverageRating\tnumVotes\ntt1\t5.7\t20\n"}, "IMDb's data sets"),
        ({"me/ratings-movies.json": b"[]"}, "a Trakt export"),
        ({"export.json": TRAKT}, "a Trakt export"),
        (TWEETS, "another site's .dat data set"),
        ({name: content for name, content in TWEETS.items() if name != "users.dat"}, "another site's .dat data set"),
        (dat_files() | {"movies.dat": b"1\tAmber Bridge\t1971\n"}, "another site's .dat data set"),
        ({"combined_data_1.txt": b"1:\n1488844,3,2005-09-06\n"}, "the Netflix Prize data set"),
        ({"movies.dat": b"id\ttitle\n", "user_ratedmovies.dat": b"userID\tmovieID\n"}, "HetRec 2011"),
        ({"[Content_Types].xml": b"<", "xl/workbook.xml": b"<"}, "an Office document"),
        ({"ml-1m.zip": b"PK"}, "a zip around another zip; unpack"),
    ],
)
def test_an_archive_of_something_else(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    text = complaint(write_zip(tmp_path / "x.zip", files)).replace(", not a MovieLens data set", "")
    assert said in text
    assert not any(guess in text for guess in GUESSES)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ratings.csv", RATINGS, "ratings.csv of a MovieLens data set on its own; its films are in movies.csv"),
        ("ratings.csv", LETTERBOXD, "a Letterboxd export"),
        ("ratings.csv", IMDB, "an IMDb ratings export"),
        ("movies.csv", csv_files()["movies.csv"], "movies.csv of a MovieLens data set on its own"),
        ("ratings.dat", dat_files()["ratings.dat"], "ratings.dat of a MovieLens data set on its own"),
        ("users.dat", dat_files()["users.dat"], "users.dat of a MovieLens data set on its own"),
        ("movies.dat", dat_files()["movies.dat"], "movies.dat of a MovieLens data set on its own"),
        ("u.data", u_files()["u.data"], "u.data of a MovieLens data set on its own"),
        ("ratings.dat", TWEETS["ratings.dat"], "another site's .dat data set"),
        ("trakt.json", TRAKT, "a Trakt export"),
        ("paper.pdf", b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        ("ml-1m.tar.gz", b"\x1f\x8b\x08\x00", "a gzip archive (.gz); unpack it"),
        ("ml-1m.7z", b"7z\xbc\xaf\x27\x1c\x00", "a 7z archive; unpack it"),
        ("films.db", b"SQLite format 3\x00", "an SQLite database"),
        ("films.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "an old Office document"),
        ("cat.jpg", b"\xff\xd8\xff\xe0", "a picture"),
    ],
)
def test_a_file_that_is_no_zip(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    text = complaint(path)
    assert text.startswith("this is not a zip but ")
    assert said in text
    assert not any(guess in text for guess in GUESSES)


def test_an_unknown_zip_is_described_by_what_it_holds(tmp_path: Path) -> None:
    text = complaint(write_zip(tmp_path / "x.zip", {f"holiday/{n}.txt": b"hello" for n in range(9)}))
    assert "it holds 0.txt, 1.txt, 2.txt, 3.txt and 5 more" in text
    assert "ml-10m" in text


def test_somebody_elses_ratings_csv_is_not_said_to_be_half_of_a_release(tmp_path: Path) -> None:
    text = complaint(write_zip(tmp_path / "x.zip", {"ratings.csv": b"film;points\nKite;7\n"}))
    assert "no MovieLens data set" in text
    assert not any(guess in text for guess in GUESSES)


def test_names_of_files_cannot_break_the_line(tmp_path: Path) -> None:
    text = complaint(write_zip(tmp_path / "x.zip", {"a\nb\x1b[31m.txt": b"x", "c" * 500 + ".txt": b"x"}))
    assert len(text) < 500


@pytest.mark.parametrize("files", [dat_files(), u_files(), csv_files()])
def test_other_peoples_files_beside_a_whole_release_do_not_matter(tmp_path: Path, files: dict[str, bytes]) -> None:
    assert movielens.read(write_zip(tmp_path / "x.zip", files | {"diary.csv": LETTERBOXD})).movies is not None
    assert movielens.read(write_folder(tmp_path / "x", files | {"mine.json": TRAKT})).movies is not None


def test_text_is_told_by_its_first_line_whatever_follows() -> None:
    assert recognise.of_content(b"\n\n" + IMDB) is not None
    assert recognise.of_content(b"Dear diary,\n" + IMDB) is None
    assert recognise.of_content(b"") is None


def test_a_zip_packed_in_an_unusual_way_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as packed:
        for name, content in csv_files().items():
            packed.writestr(name, content)
    assert "zip the files again" in complaint(path)
