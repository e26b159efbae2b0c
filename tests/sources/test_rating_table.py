"""The table of ratings is judged by one rule, whichever way it is read; and hostile tables cost little."""

import io
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lcrec_core.data import rows
from lcrec_core.errors import DataError
from lcrec_core.sources import archive, movielens, rating_table
from lcrec_core.sources.rating_table import read_ratings, whole_number
from tests.movielens_files import csv_files, dat_files, write_folder, write_zip

MOVIES, USERS = np.arange(1, 13), np.arange(1, 13)
TABLES = {b",": movielens.CSV_RATINGS, b"::": movielens.DAT_RATINGS, b"\t": movielens.U_RATINGS}


def verdict(folder: Path, separator: bytes, rows: list[list[str]], *, walked: bool, end: str = "\n") -> object:
    """The ratings as lists, or the complaint; as a table is read, or walked from its first line on."""
    table = TABLES[separator]
    lines = [separator.decode().join(row) for row in rows]
    content = (table.header + b"\n" if table.header else b"") + (end.join(lines) + end).encode("latin-1")
    (folder / table.file_name).write_bytes(content)
    with archive.Archive(folder) as opened:
        try:
            read = rating_table._walk if walked else read_ratings
            frame = read(opened, table, MOVIES, USERS)
        except DataError as error:
            return error.message
    assert [str(t) for t in frame.dtypes] == ["int32", "int32", "float32", "int64"]
    return frame.to_numpy(np.float64).tolist()


FIELD = st.one_of(
    st.integers(0, 13).map(str),
    st.sampled_from(
        [
            *[
                "1.0",
                "2.",
                ".5",
                "01",
                "1e0",
                "1E+1",
                "+1",
                "-1",
                "-0",
                " 1",
                "1 ",
                "",
                ".",
                "1.5",
                "4.0",
                "4,0",
                '"1"',
            ],
            *["nan", "inf", "1.5E+09", "1.500000101E+09", "0x1", "1_0", "٣", "3.9999999", "1" * 25, "0" * 25 + "1"],
        ]
    ),
)
ROW = st.tuples(st.integers(1, 12).map(str), st.integers(1, 12).map(str), st.integers(1, 5).map(str), st.just("7"))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(ROW, min_size=1, max_size=5),
    at=st.integers(0, 4),
    column=st.integers(0, 3),
    field=FIELD,
    separator=st.sampled_from(list(TABLES)),
    end=st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
)
def test_both_ways_of_reading_give_one_verdict(
    tmp_path: Path, rows: list, at: int, column: int, field: str, separator: bytes, end: str
) -> None:
    rows = [list(row) for row in rows]
    rows[at % len(rows)][column] = field.encode("utf-8").decode("latin-1")
    fast = verdict(tmp_path, separator, rows, walked=False, end=end)
    assert fast == verdict(tmp_path, separator, rows, walked=True, end=end)


@pytest.mark.parametrize("separator", TABLES)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
def test_a_table_passes_in_pieces_of_any_size(separator: bytes, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rating_table, "_BLOCK_BYTES", size)
    rows = [separator.join(row) for row in ((b"1", b"2", b"3", b"4"), (b"11", b"22", b"3", b"44"))]
    for end in (b"\n", b"\r\n"):
        plain = rating_table._Plain(io.BytesIO(end.join(rows) + end), replace(TABLES[separator], header=b""))
        pieces = list(plain)
        assert all(piece.endswith(b"\n") for piece in pieces)
        passed = b"".join(pieces)
        wanted = b"\n".join(rows) + b"\n"
        assert passed == (wanted.replace(b"::", b"\t") if separator == b"::" else wanted)
        assert (plain.is_plain, plain.ended, plain.separators) == (True, True, 6)


def read(tmp_path: Path, content: bytes) -> pd.DataFrame:
    return movielens.read(write_folder(tmp_path / "x", csv_files() | {"ratings.csv": content})).ratings


def complaint(tmp_path: Path, content: bytes) -> str:
    with pytest.raises(DataError) as caught:
        read(tmp_path, content)
    return caught.value.message


HEADER = b"userId,movieId,rating,timestamp\n"
PLAIN = HEADER + b"4,1,0.5,1500000000\n4,2,5.0,1500000001\n9,30,3.5,1500000002\n"


@pytest.mark.parametrize(
    "saved",
    [
        b'"userId","movieId","rating","timestamp"\n"4","1","0.5","1500000000"\n"4","2","5.0","1500000001"\n'
        b'"9","30","3.5","1500000002"\n',
        PLAIN.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + PLAIN,
        PLAIN.replace(b",1500000", b".0,1500000")
        .replace(b"0.5.0", b"0.50")
        .replace(b"5.0.0", b"5")
        .replace(b"5.0,", b"5,"),
        PLAIN.replace(b"4,", b"4.0,").replace(b"1500000002", b"1500000002.0"),
        PLAIN.replace(b"1500000002", b"1.500000002E+09"),
        PLAIN.replace(b"userId,movieId", b"user_id, MovieID"),
        PLAIN.replace(b"4,2,", b" 4 ,2 , "),
        PLAIN.replace(b"4,2,", b"04,002,"),
        PLAIN.replace(b"4,2", b"\n\n4,2"),
    ],
    ids=["quoted", "windows", "bom", "decimals", "whole decimals", "exact", "header", "blanks", "zeros", "blank lines"],
)
def test_what_says_the_same_in_another_way_reads_the_same(tmp_path: Path, saved: bytes) -> None:
    assert read(tmp_path, saved).equals(read(tmp_path, PLAIN))


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        (PLAIN.replace(b"1500000001", b"1.5E+09"), "line 3 has time '1.5E+09', which is no whole number"),
        (PLAIN.replace(b"1500000001", b"1.5E+09"), "a spreadsheet has rounded it"),
        (PLAIN.replace(b"1500000001", b"1500000001000"), "line 3 has time '1500000001000'"),
        (PLAIN.replace(b"1500000001", b"1500000001000"), "milliseconds"),
        (PLAIN.decode().encode("utf-16"), "line 1 is saved as UTF-16; save it as UTF-8"),
        (PLAIN.decode().encode("utf-16-le"), "line 1 is saved as UTF-16"),
        (PLAIN.replace(b",", b";").replace(b".", b","), "line 1 reads 'userId;movieId;rating;timestamp'"),
        (PLAIN.replace(b",", b";").replace(b".", b","), "commas between its columns and points in its numbers"),
        (PLAIN.replace(b",5.0,", b",5,0,"), "line 3 has 5 fields"),
        (PLAIN.replace(b",5.0,", b",5,0,"), "points, not commas, in its numbers"),
        (PLAIN.replace(b",5.0,", b',"5,0",'), "line 3 has the rating '5,0'"),
        (PLAIN.replace(b"4,2,", b"4,1.0,"), "line 3 is a second rating of one movie by one person"),
        (PLAIN.replace(b"4,2,", b"4,01,"), "line 3 is a second rating of one movie by one person"),
        (PLAIN.replace(b"\n", b"\r"), "line 1 reads"),
        (PLAIN.replace(b"4,2,", b"4," + b"2" * 5000 + b","), "line 3 has movie id '2222"),
        (HEADER + b"4,1,0.5,1\n4,1,2.0,2\n4,2,99,3\n", "line 3 is a second rating"),
    ],
)
def test_what_is_ambiguous_is_refused_with_its_line(tmp_path: Path, saved: bytes, said: str) -> None:
    text = complaint(tmp_path, saved)
    assert text.startswith("ratings.csv line ")
    assert said in text


def test_whole_numbers_have_all_their_digits() -> None:
    assert [whole_number(text) for text in ("12", "12.0", "012", "1.2E+01", "1.500000101E+09")] == [
        12, 12, 12, 12, 1500000101,
    ]  # fmt: skip
    for text in ("", "1.5", "1.5E+09", "12E+00", "1e400", "-1", "+1", "1_0", "٣", "9" * 5000, "0x1"):
        assert whole_number(text) is None


@pytest.mark.parametrize("files", [dat_files(), csv_files()])
@pytest.mark.parametrize("start", ["movies", "users", "ratings"])
def test_a_table_cut_in_its_last_line_is_refused(tmp_path: Path, files: dict[str, bytes], start: str) -> None:
    for name in [name for name in files if name.startswith(start)]:
        cut = files | {name: files[name].rstrip(b"\r\n")}
        for path in (write_folder(tmp_path / "x", cut), write_zip(tmp_path / "x.zip", cut)):
            with pytest.raises(DataError, match=rf"{name} line \d+ has no end of line"):
                movielens.read(path)


def test_a_movie_id_of_any_length_is_a_clear_error(tmp_path: Path) -> None:
    for digits in (30, 4400, 9000):
        movies = b"movieId,title,genres\n" + b"1" * digits + b",Kite (1993),Drama\n"
        with pytest.raises(DataError, match="line 2 has movie id '1111"):
            movielens.read(write_folder(tmp_path / "x", csv_files() | {"movies.csv": movies}))


HOSTILE = {
    "one line": b"1" * 60_000_000,
    "quotes": b'"' * 60_000_000,
    "newlines": b"\n" * 60_000_000,
    "blanks": b" \n" * 30_000_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("file_name", ["ratings.csv", "movies.csv"])
def test_a_table_made_to_fill_the_memory_is_refused_without_reading_it(
    tmp_path: Path, kind: str, packed: bool, file_name: str
) -> None:
    files = csv_files()
    files[file_name] = files[file_name].split(b"\n")[0] + b"\n" + HOSTILE[kind]
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED, compresslevel=1) as made:
        for name, content in files.items():
            made.writestr(name, content)
    del files
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="not a MovieLens file"):
            movielens.read(path)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 20_000_000


@pytest.mark.parametrize("file_name", ["movies.csv", "movies.dat", "users.dat"])
def test_small_tables_have_bounded_lines(tmp_path: Path, file_name: str) -> None:
    files = csv_files() if file_name.endswith("csv") else dat_files()
    first = files[file_name].split(b"\n")[0] + b"\n"
    many = first + b"\n" * (archive.LINES_LIMIT + 1)
    with pytest.raises(DataError, match=r"has 500,00\d lines, more than"):
        movielens.read(write_folder(tmp_path / "x", files | {file_name: many}))
    long = first + b"2" * (archive.LINE_LIMIT + 1) + b"\n"
    with pytest.raises(DataError, match=r"line 2 has more than 10,000 characters"):
        movielens.read(write_folder(tmp_path / "x", files | {file_name: long}))


def test_a_zip_of_a_hundred_thousand_files_is_not_even_listed(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as made:
        for number in range(25_000):
            made.writestr(f"{number:06}", b"")
    with pytest.raises(DataError, match="more files than any published data set"):
        movielens.read(path)


def test_a_table_is_read_alike_in_blocks_of_any_size_and_its_ratings_need_no_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(tmp_path, PLAIN)
    lines = PLAIN.splitlines(keepends=True)
    monkeypatch.setattr(rating_table, "_BLOCK_BYTES", 30)
    monkeypatch.setattr(rows, "BLOCK", 1)
    assert read(tmp_path, PLAIN).equals(whole)
    assert read(tmp_path, b"".join([lines[0], *reversed(lines[1:])])).equals(whole)
    assert "line 4 is a second rating" in complaint(tmp_path, b"".join([*lines[:3], lines[1], lines[3]]))
    assert "line 4 names movie 31" in complaint(tmp_path, PLAIN.replace(b"9,30", b"9,31"))
