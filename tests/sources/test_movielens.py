import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lcrec_core.data.dataset import HALF_STARS, WHOLE_STARS, Dataset, year_of_title
from lcrec_core.errors import DataError
from lcrec_core.sources import archive, movielens
from tests.movielens_files import Files, csv_files, dat_files, u_files, write_folder, write_zip

FORMATS = {"ml-1m": dat_files, "ml-100k": u_files, "ml-latest-small": csv_files}


def complaint(path: Path, name: str | None = None) -> str:
    """The one line a reader says about a bad data set."""
    with pytest.raises(DataError) as caught:
        movielens.read(path, name)
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def complaint_about(tmp_path: Path, files: Files, **changed: bytes) -> str:
    """The complaint when some files (`.` written as `_`) are replaced; the same for a zip and a folder."""
    files = dict(files)
    for key, content in changed.items():
        name = key.replace("_", ".")
        assert name in files
        files[name] = content
    in_folder = complaint(write_folder(tmp_path / "folder", files))
    in_zip = complaint(write_zip(tmp_path / "some.zip", files, "inner"))
    assert in_zip.replace(str(tmp_path / "some.zip"), "X") == in_folder.replace(str(tmp_path / "folder"), "X")
    return in_folder


def same(a: Dataset, b: Dataset) -> bool:
    return a.fingerprint == b.fingerprint and a.ratings.equals(b.ratings) and a.users.equals(b.users)


class TestFormats:
    def test_dat(self, tmp_path: Path) -> None:
        data = movielens.read(write_zip(tmp_path / "x.zip", dat_files(), "ml-1m"))
        assert data.name == "ml-1m"
        assert data.scale == WHOLE_STARS
        assert not data.simulated
        assert data.users.astype(object).to_numpy().tolist() == [
            [1, "F", 25, "programmer"],
            [2, "M", 56, "other"],
            [7, "M", 1, "writer"],
        ]
        assert data.movies.astype(object).to_numpy().tolist() == [
            [1, "Amber Bridge (1971)", 1971, "Drama|War"],
            [2, "Café Écho, The (1982)", 1982, "Comedy"],
            [5, "Kite (1993)", 1993, "Sci-Fi"],
            [9, "Unseen Harbour (1999)", 1999, "Drama"],
        ]
        assert data.ratings.to_numpy().tolist() == [
            [1, 1, 5, 978300300],
            [1, 2, 4, 978300400],
            [2, 1, 1, 978300200],
            [2, 5, 3, 978300100],
            [7, 2, 2, 978300500],
            [7, 5, 5, 978300600],
        ]

    def test_u(self, tmp_path: Path) -> None:
        data = movielens.read(write_zip(tmp_path / "x.zip", u_files(), "ml-100k"))
        assert data.name == "ml-100k"
        assert data.users["age"].tolist() == [18, 1, 56]
        assert data.users["occupation"].tolist() == ["technician", "student", "retired"]
        assert data.movies["genres"].tolist() == ["Action|Drama", "Drama", "Drama", "", "Action"]
        assert data.movies["year"].astype(object).where(data.movies["year"].notna(), None).tolist() == [
            1971, 1982, 1982, None, 1997,
        ]  # fmt: skip
        assert len(data.ratings) == 4

    def test_csv(self, tmp_path: Path) -> None:
        data = movielens.read(write_zip(tmp_path / "x.zip", csv_files(), "ml-25m"))
        assert data.name == "ml-25m"
        assert data.scale == HALF_STARS
        assert data.movies["title"].tolist() == ["Amber Bridge (1971)", 'Écho, "The" 東 (1982)', "No Year At All"]
        assert data.movies["genres"].tolist() == ["Drama|War", "Comedy", ""]
        assert data.movies["year"].isna().tolist() == [False, False, True]
        assert data.users["user_id"].tolist() == [4, 9]
        assert data.users[["gender", "age", "occupation"]].isna().all(axis=None)
        assert data.ratings["rating"].tolist() == [0.5, 5.0, 3.5]

    @pytest.mark.parametrize("name", FORMATS)
    def test_zip_folder_and_nesting_give_the_same(self, tmp_path: Path, name: str) -> None:
        files = FORMATS[name]()
        flat = movielens.read(write_zip(tmp_path / "flat.zip", files), name)
        inner = movielens.read(write_zip(tmp_path / "inner.zip", files, "anything"), name)
        folder = movielens.read(write_folder(tmp_path / "folder", files), name)
        write_folder(tmp_path / "outer" / name, files)
        outer = movielens.read(tmp_path / "outer", name)
        assert same(flat, inner)
        assert same(flat, folder)
        assert same(flat, outer)

    @pytest.mark.parametrize("name", FORMATS)
    def test_windows_line_ends_change_nothing(self, tmp_path: Path, name: str) -> None:
        files = FORMATS[name]()
        windows = {n: c.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for n, c in files.items()}
        plain = movielens.read(write_folder(tmp_path / "plain", files), name)
        assert same(plain, movielens.read(write_folder(tmp_path / "windows", windows), name))

    def test_a_csv_with_a_byte_order_mark_is_read(self, tmp_path: Path) -> None:
        files = {n: b"\xef\xbb\xbf" + c for n, c in csv_files().items()}
        assert len(movielens.read(write_folder(tmp_path / "x", files)).ratings) == 3

    def test_what_a_mac_adds_to_a_zip_is_not_mistaken_for_data(self, tmp_path: Path) -> None:
        files = {"ml-1m/" + n: c for n, c in dat_files().items()} | {"__MACOSX/movies.dat": b"\0\1"}
        assert movielens.read(write_zip(tmp_path / "x.zip", files)).name == "ml-1m"

    def test_a_csv_release_is_named_by_its_folder_or_else_by_its_file(self, tmp_path: Path) -> None:
        assert movielens.read(write_zip(tmp_path / "x.zip", csv_files(), "ml-32m")).name == "ml-32m"
        assert movielens.read(write_zip(tmp_path / "ml-latest-small.zip", csv_files())).name == "ml-latest-small"

    def test_the_wrong_data_set_is_refused(self, tmp_path: Path) -> None:
        text = complaint(write_zip(tmp_path / "x.zip", dat_files()), "ml-100k")
        assert "files of ml-1m, not of ml-100k" in text


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("Kite (1993)", 1993),
        ("Kite (1993) ", 1993),
        ("Kite\xa0(1993)\u200b", 1993),
        ("Show (2006\u20132007)", 2006),
        ("Show (1999\u20142001)", 1999),
        ("Show (1975-1979)", 1975),
        ("Show (2007-)", 2007),
        ("Show (2009\u2013 )", 2009),
        ("Film (2009) (TV)", 2009),
        ("Film (1995) (V)", 1995),
        ("(500) Days (2009)", 2009),
        ("Film (2010) (2011)", 2011),
        ("1984 (1956)", 1956),
        ("Passage (1874)", 1874),
        ("Bad (0000)", None),
        ("Bad (0001)", None),
        ("Bad (9999)", None),
        ("Bad (2999)", None),
        ("Odd ('99)", None),
        ("Odd (1990", None),
        ("Odd [1999]", None),
        ("Odd", None),
        ("(" * 5000, None),
    ],
)
def test_the_year_is_the_first_one_in_brackets_at_the_end_and_one_that_can_be(title: str, year: int | None) -> None:
    assert year_of_title(title) == year


def test_an_impossible_date_of_release_is_unknown(tmp_path: Path) -> None:
    item = u_files()["u.item"].replace(b"07-Mar-1997", b"01-Jan-0001")
    data = movielens.read(write_folder(tmp_path / "x", u_files() | {"u.item": item}))
    assert data.movies["year"].isna().tolist() == [False, False, False, True, True]


class TestBadArchives:
    def test_nothing_there(self, tmp_path: Path) -> None:
        assert "no such file" in complaint(tmp_path / "none.zip")

    def test_an_empty_file(self, tmp_path: Path) -> None:
        (tmp_path / "x.zip").write_bytes(b"")
        assert "empty (0 bytes); download it again" in complaint(tmp_path / "x.zip")

    @pytest.mark.parametrize("page", [b"<!DOCTYPE html><html></html>", b"\xef\xbb\xbf \n<html>"])
    def test_a_web_page_saved_as_a_zip(self, tmp_path: Path, page: bytes) -> None:
        (tmp_path / "x.zip").write_bytes(page)
        assert "is a web page, not a zip; download" in complaint(tmp_path / "x.zip")

    def test_something_else(self, tmp_path: Path) -> None:
        (tmp_path / "x.zip").write_bytes(b"\x1f\x8b a tar.gz or so")
        assert "is not a zip" in complaint(tmp_path / "x.zip")

    def test_a_zip_of_something_else(self, tmp_path: Path) -> None:
        assert "no MovieLens data set" in complaint(write_zip(tmp_path / "x.zip", {"letter.txt": b"hello"}))
        assert "no MovieLens data set" in complaint(write_folder(tmp_path / "x", {"letter.txt": b"hello"}))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(share=st.floats(0, 1, exclude_max=True))
    def test_a_zip_cut_anywhere(self, tmp_path: Path, share: float) -> None:
        whole = write_zip(tmp_path / "whole.zip", dat_files()).read_bytes()
        cut = whole[: int(len(whole) * share)]
        (tmp_path / "cut.zip").write_bytes(cut)
        # Of less than a zip's first four bytes nobody can say what it was.
        assert "again" in complaint(tmp_path / "cut.zip") or len(cut) < 4

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(share=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
    def test_one_damaged_byte_is_noticed_or_harmless(self, tmp_path: Path, share: float, flip: int) -> None:
        path = write_zip(tmp_path / "x.zip", dat_files())
        good = movielens.read(path)
        content = bytearray(path.read_bytes())
        content[int(len(content) * share)] ^= flip
        path.write_bytes(content)
        try:
            read = movielens.read(path)
        except DataError:
            return
        assert same(read, good)

    def test_a_file_that_would_fill_the_memory_is_not_unpacked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archive, "MEGABYTE", 1)
        bomb = dat_files() | {"movies.dat": b"0" * (archive.TEXT_LIMIT + 1)}
        path = write_zip(tmp_path / "bomb.zip", bomb)
        assert path.stat().st_size < 1_000_000
        assert "would unpack to" in complaint(path)

    def test_a_locked_zip(self, tmp_path: Path) -> None:
        path = write_zip(tmp_path / "x.zip", dat_files())
        content = bytearray(path.read_bytes())
        start = content.find(b"PK\x01\x02")
        while start >= 0:  # the "is encrypted" bit of each member, in the directory and before the member itself
            content[start + 8] |= 1
            start = content.find(b"PK\x01\x02", start + 1)
        start = content.find(b"PK\x03\x04")
        while start >= 0:
            content[start + 6] |= 1
            start = content.find(b"PK\x03\x04", start + 1)
        path.write_bytes(content)
        assert "password" in complaint(path)

    @pytest.mark.parametrize(
        ("name", "file"), [(name, file) for name, make in FORMATS.items() for file in make() if file[0] in "mru"]
    )
    def test_a_missing_and_an_empty_file(self, tmp_path: Path, name: str, file: str) -> None:
        files = FORMATS[name]()
        rest = {n: c for n, c in files.items() if n != file}
        assert f"{file} is missing; download" in complaint(write_zip(tmp_path / "a.zip", rest), name)
        assert f"{file} is empty" in complaint(write_zip(tmp_path / "b.zip", files | {file: b""}), name)
        assert complaint(write_zip(tmp_path / "c.zip", files | {file: b"\n\n"}), name)


class TestBadLines:
    RATINGS = dat_files()["ratings.dat"].split(b"\n")

    def ratings_with(self, line: int, text: bytes) -> bytes:
        lines = list(self.RATINGS)
        lines[line - 1] = text
        return b"\n".join(lines)

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            (b"1::1::5", "has 3 fields where 4 are expected (user::movie::rating::time)"),
            (b"1::1::5::978300300::8", "has 5 fields"),
            (b"1,1,5,978300300", "has 1 fields"),
            (b"1::1::9::978300300", "has the rating '9'; allowed are 1 to 5 in steps of 1"),
            (b"1::1::0::978300300", "has the rating '0'"),
            (b"1::1::3.5::978300300", "has the rating '3.5'"),
            (b"1::1::nan::978300300", "has the rating 'nan'"),
            (b"1::1::::978300300", "has the rating ''"),
            (b"1::77::5::978300300", "names movie 77, which the list of movies does not have"),
            (b"66::1::5::978300300", "names user 66, whom the list of users does not have"),
            (b"x::1::5::978300300", "has user id 'x'"),
            (b"1::-1::5::978300300", "has movie id '-1'"),
            (b"1::1::5::99999999999999999999999", "has time '9999"),
            (b"1::1::5::-3", "has time '-3'"),
            (b"1::1::5::tomorrow", "has time 'tomorrow'"),
            (b"1::1::5::9783\x0000", "has time"),
            (b"2::1::5::978300300", "second rating of one movie by one person; keep one"),
        ],
    )
    @pytest.mark.parametrize("line", [3, 6])
    def test_a_bad_rating_is_named_by_its_line(self, tmp_path: Path, row: bytes, said: str, line: int) -> None:
        text = complaint_about(tmp_path, dat_files(), ratings_dat=self.ratings_with(line, row))
        assert f"ratings.dat line {line} " in text
        assert said in text

    def test_the_first_line_is_as_good_as_any_other(self, tmp_path: Path) -> None:
        assert "ratings.dat line 1 has 3" in complaint_about(
            tmp_path, dat_files(), ratings_dat=self.ratings_with(1, b"1::2::3")
        )
        assert "ratings.dat line 1 has 5" in complaint_about(
            tmp_path, dat_files(), ratings_dat=self.ratings_with(1, b"1::2::3::4::5")
        )

    def test_every_row_a_field_too_long(self, tmp_path: Path) -> None:
        longer = dat_files()["ratings.dat"].replace(b"\n", b"::1\n")
        assert "ratings.dat line 1 has 5" in complaint_about(tmp_path, dat_files(), ratings_dat=longer)

    def test_missing_and_extra_fields_do_not_balance(self, tmp_path: Path) -> None:
        lines = list(self.RATINGS)
        lines[1], lines[3] = lines[1] + b"::1", b"1::2::4"
        assert "ratings.dat line 2 has 5" in complaint_about(tmp_path, dat_files(), ratings_dat=b"\n".join(lines))

    def test_blank_lines_do_not_shift_the_numbers(self, tmp_path: Path) -> None:
        shifted = b"\n\n" + self.ratings_with(3, b"1::1::9::978300300")
        assert "ratings.dat line 5 has the rating '9'" in complaint_about(tmp_path, dat_files(), ratings_dat=shifted)

    def test_a_file_cut_in_the_middle_of_its_last_number(self, tmp_path: Path) -> None:
        text = complaint_about(tmp_path, dat_files(), ratings_dat=dat_files()["ratings.dat"][:-4])
        assert "ratings.dat line 6 has no end of line" in text

    def test_u_data(self, tmp_path: Path) -> None:
        text = complaint_about(tmp_path, u_files(), u_data=b"1\t1\t5\t881250949\n1\t4\t2\n")
        assert "u.data line 2 has 3 fields where 4 are expected (user<tab>movie<tab>rating<tab>time)" in text

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            (b"4,1,0.3,1500000000", "has the rating '0.3'; allowed are 0.5 to 5 in steps of 0.5"),
            (b"4,1,5.5,1500000000", "has the rating '5.5'"),
            (b"4,1,inf,1500000000", "has the rating 'inf'"),
            (b"4,1,,1500000000", "has the rating ''"),
            (b"4,1,4.0", "has 3 fields"),
            (b"4,1,4.0,1,1", "has 5 fields"),
            (b"4,8,4.0,1500000000", "names movie 8"),
            (b"<html>", "has 1 fields"),
        ],
    )
    def test_csv_ratings(self, tmp_path: Path, row: bytes, said: str) -> None:
        content = b"userId,movieId,rating,timestamp\n4,2,5.0,1500000001\n" + row + b"\n"
        text = complaint_about(tmp_path, csv_files(), ratings_csv=content)
        assert "ratings.csv line 3 " in text
        assert said in text

    def test_csv_headers(self, tmp_path: Path) -> None:
        no_header = b"4,2,5.0,1500000001\n"
        assert "ratings.csv line 1 reads" in complaint_about(tmp_path, csv_files(), ratings_csv=no_header)
        only_header = b"userId,movieId,rating,timestamp\n"
        assert "holds no rating" in complaint_about(tmp_path, csv_files(), ratings_csv=only_header)
        assert "movies.csv line 1 reads" in complaint_about(tmp_path, csv_files(), movies_csv=b"id,title\n")

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            ("2,Only a title", "has 2 fields where 3 are expected (movieId,title,genres)"),
            ("2,Unquoted, comma (1982),Drama", "has 4 fields"),
            ("two,Title (1982),Drama", "has movie id 'two'"),
            ("1,Title (1982),Drama", "has movie_id 1 a second time"),
            ("2,,Drama", "has no title"),
            ('2,"Open quote,Drama', "is not CSV"),
        ],
    )
    def test_csv_movies(self, tmp_path: Path, row: str, said: str) -> None:
        content = f"movieId,title,genres\n1,Amber (1971),Drama\n{row}\n".encode()
        text = complaint_about(tmp_path, csv_files(), movies_csv=content)
        assert "movies.csv line 3 " in text
        assert said in text

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            ("7::X::1::20::0", "has gender 'X'; allowed are F, M"),
            ("7::M::2::20::0", "has age '2'; allowed are 1, 18"),
            ("7::M::1::21::0", "has occupation '21', which is no whole number from 0 to 20"),
            ("7::M::1::20", "has 4 fields"),
            ("1::M::1::20::0", "has user_id 1 a second time; keep one"),
        ],
    )
    def test_dat_users(self, tmp_path: Path, row: str, said: str) -> None:
        text = complaint_about(tmp_path, dat_files(), users_dat=f"1::F::25::12::0\n{row}\n".encode())
        assert "users.dat line 2 " in text
        assert said in text

    def test_u_items_and_users(self, tmp_path: Path) -> None:
        short = b"1|Amber (1971)|01-Jan-1971||http://a|0|1\n"
        assert "u.item line 1 has 7 fields between '|' where 8 are" in complaint_about(
            tmp_path, u_files(), u_item=short
        )
        flag = b"1|Amber (1971)|01-Jan-1971||http://a|0|1|2\n"
        assert "u.item line 1 has flag for Drama '2'" in complaint_about(tmp_path, u_files(), u_item=flag)
        assert "u.user line 1 has age 'old'" in complaint_about(tmp_path, u_files(), u_user=b"1|old|M|writer|0\n")


class TestEncodings:
    def test_movies_saved_as_utf8(self, tmp_path: Path) -> None:
        as_utf8 = dat_files()["movies.dat"].decode("latin-1").encode("utf-8")
        text = complaint_about(tmp_path, dat_files(), movies_dat=as_utf8)
        assert "movies.dat line 2 is UTF-8 where Latin-1 is expected; save it as Latin-1" in text
        items = u_files()["u.item"].decode("latin-1").encode("utf-8")
        assert "u.item line 2 is UTF-8" in complaint_about(tmp_path / "u", u_files(), u_item=items)

    def test_movies_saved_as_utf16(self, tmp_path: Path) -> None:
        as_utf16 = dat_files()["movies.dat"].decode("latin-1").encode("utf-16")
        assert "UTF-16" in complaint_about(tmp_path, dat_files(), movies_dat=as_utf16)

    def test_csv_saved_as_latin1(self, tmp_path: Path) -> None:
        content = "movieId,title,genres\n1,Amber (1971),Drama\n2,Écho (1982),Drama\n".encode("latin-1")
        text = complaint_about(tmp_path, csv_files(), movies_csv=content)
        assert "movies.csv line 3 is not UTF-8; save it as UTF-8" in text

    @given(title=st.text(st.characters(codec="latin-1", categories=["L", "Nd", "Zs", "Po"])))
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_a_utf8_title_never_passes_for_latin1(self, tmp_path: Path, title: str) -> None:
        title = "é" + title.replace("\xa0", " ").replace("::", " ")
        movies = f"1::{title}::Drama\n2::b::\n5::c::\n9::d::\n"
        assert "is UTF-8" in complaint_about(tmp_path, dat_files(), movies_dat=movies.encode("utf-8"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.dictionaries(
        st.tuples(st.sampled_from([1, 2, 7]), st.sampled_from([1, 2, 5, 9])),
        st.tuples(st.integers(1, 5), st.integers(0, 2**33)),
        min_size=1,
    ),
    data=st.data(),
)
def test_any_order_of_lines_reads_as_the_same_ratings(tmp_path: Path, pairs: dict, data: st.DataObject) -> None:
    rows = data.draw(st.permutations(sorted(pairs.items())))
    content = "".join(f"{u}::{m}::{r}::{t}\n" for (u, m), (r, t) in rows).encode()
    read = movielens.read(write_folder(tmp_path / "x", dat_files() | {"ratings.dat": content})).ratings
    expected = pd.DataFrame([(u, m, r, t) for (u, m), (r, t) in sorted(pairs.items())])
    assert np.array_equal(read.to_numpy(np.float64), expected.to_numpy(np.float64))


def real(name: str) -> Path:
    folder = Path(os.environ.get("LCREC_DATA", "data"))
    return next(p for p in (folder / f"{name}.zip", folder / name) if p.exists())


@pytest.mark.real_data("ml-1m")
def test_the_real_ml_1m() -> None:
    data = movielens.read(real("ml-1m"))
    assert (len(data.users), len(data.movies), data.ratings["movie_id"].nunique()) == (6040, 3883, 3706)
    assert data.ratings["rating"].value_counts().sort_index().tolist() == [56174, 107557, 261197, 348971, 226310]
    assert data.movies["year"].notna().all()
    assert len(data.genres) == 18
    person_11 = data.users[data.users["user_id"] == 11]
    assert person_11.astype(object).to_numpy().tolist() == [[11, "F", 25, "academic/educator"]]


@pytest.mark.real_data("ml-1m")
def test_a_bad_line_in_a_million_is_found(tmp_path: Path) -> None:
    source = real("ml-1m")
    with archive.Archive(source) as opened:
        files = {name: opened.read(name, archive.RATINGS_LIMIT) for name in ("movies.dat", "users.dat", "ratings.dat")}
    lines = files["ratings.dat"].split(b"\n")
    lines[765_432] = lines[765_432].replace(b"::", b"::9", 1)
    files["ratings.dat"] = b"\n".join(lines)
    assert "ratings.dat line 765433 names movie 9" in complaint(write_folder(tmp_path / "x", files))


@pytest.mark.real_data("ml-100k")
def test_the_real_ml_100k() -> None:
    data = movielens.read(real("ml-100k"))
    assert (len(data.users), len(data.movies), len(data.ratings)) == (943, 1682, 100_000)
    assert data.movies["year"].isna().sum() == 1
    assert data.users["age"].isin([1, 18, 25, 35, 45, 50, 56]).all()


def test_a_zip_without_its_directory_of_contents(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", dat_files())
    with zipfile.ZipFile(path) as opened:
        end = opened.start_dir
    path.write_bytes(path.read_bytes()[:end])
    assert "cut short" in complaint(path)
