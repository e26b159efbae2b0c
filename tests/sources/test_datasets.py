import os
import sys
import time
import types
from pathlib import Path

import pytest

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.split import make_split
from lcrec_core.errors import DataError
from lcrec_core.files import REPOSITORY
from lcrec_core.sources import datasets, movielens
from tests.movielens_files import csv_files, dat_files, u_files, write_folder, write_zip

pytestmark = pytest.mark.usefixtures("any_counts")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LCREC_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_the_default_folder_is_beside_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LCREC_DATA", raising=False)
    assert datasets.data_folder() == REPOSITORY / "data"
    monkeypatch.setenv("LCREC_DATA", "")
    assert datasets.data_folder() == REPOSITORY / "data"


def test_without_files_there_is_only_the_demo(folder: Path) -> None:
    assert datasets.available() == ["demo"]
    assert datasets.find("ml-1m") is None


def test_zips_and_folders_are_found_and_the_zip_comes_first(folder: Path) -> None:
    write_folder(folder / "ml-1m", dat_files())
    write_zip(folder / "ml-100k.zip", u_files(), "ml-100k")
    assert datasets.available() == ["demo", "ml-1m", "ml-100k"]
    assert datasets.find("ml-1m") == folder / "ml-1m"
    write_zip(folder / "ml-1m.zip", dat_files())
    assert datasets.find("ml-1m") == folder / "ml-1m.zip"
    assert datasets.load("ml-1m").name == "ml-1m"
    assert datasets.load("ml-100k").name == "ml-100k"


def test_an_absent_data_set_comes_with_its_command(folder: Path) -> None:
    with pytest.raises(DataError, match=r"python -m lcrec_core download ml-1m"):
        datasets.load("ml-1m")


@pytest.mark.parametrize("name", ["ml-10", "../etc/passwd", ""])
def test_an_unknown_name(folder: Path, name: str) -> None:
    with pytest.raises(DataError, match="known are demo, ml-1m"):
        datasets.load(name)


def test_the_demo_comes_from_its_package(folder: Path, tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = types.ModuleType("lcrec_core.sources.demo")
    demo.load_demo = lambda: tiny  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lcrec_core.sources.demo", demo)
    assert datasets.load("demo") is tiny


class TestInstall:
    def test_a_good_zip_is_copied(self, folder: Path, tmp_path: Path) -> None:
        zip_path = write_zip(tmp_path / "downloads" / "upload-1.zip", dat_files(), "ml-1m")
        assert datasets.install(zip_path) == "ml-1m"
        assert (folder / "ml-1m.zip").read_bytes() == zip_path.read_bytes()
        assert [p.name for p in folder.iterdir()] == ["ml-1m.zip"]

    def test_a_csv_zip_without_a_telling_name_needs_one(self, folder: Path, tmp_path: Path) -> None:
        zip_path = write_zip(tmp_path / "upload.zip", csv_files())
        with pytest.raises(DataError, match="say which"):
            datasets.install(zip_path)
        assert datasets.install(zip_path, "my-films") == "my-films"
        assert datasets.available() == ["demo", "my-films"]

    def test_a_bad_zip_changes_nothing(self, folder: Path, tmp_path: Path) -> None:
        write_zip(folder / "ml-1m.zip", dat_files())
        before = (folder / "ml-1m.zip").read_bytes()
        bad = write_zip(tmp_path / "bad.zip", dat_files() | {"ratings.dat": b"1::1::9::1\n"}, "ml-1m")
        with pytest.raises(DataError, match="line 1 has the rating '9'"):
            datasets.install(bad)
        assert (folder / "ml-1m.zip").read_bytes() == before
        assert [p.name for p in folder.iterdir()] == ["ml-1m.zip"]

    def test_a_folder_is_no_zip(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="is a folder"):
            datasets.install(write_folder(tmp_path / "ml-1m", dat_files()))

    def test_the_wrong_name_is_refused(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="not of ml-100k"):
            datasets.install(write_zip(tmp_path / "x.zip", dat_files()), "ml-100k")
        assert not folder.exists()

    def test_a_data_folder_that_cannot_be_written(self, folder: Path, tmp_path: Path) -> None:
        folder.write_bytes(b"a file where the folder should be")
        with pytest.raises(DataError, match="LCREC_DATA"):
            datasets.install(write_zip(tmp_path / "x.zip", dat_files()))


class TestOwnData:
    def test_it_is_found_loaded_and_split_like_any_other(self, folder: Path, tmp_path: Path) -> None:
        zip_path = write_zip(tmp_path / "x.zip", dat_files())
        assert datasets.install(zip_path, "my-films") == "my-films"
        write_folder(folder / "own" / "others", csv_files())
        assert datasets.available() == ["demo", "my-films", "others"]
        assert datasets.find("my-films") == folder / "own" / "my-films.zip"
        data = datasets.load("my-films")
        assert (data.name, len(data.ratings)) == ("my-films", 6)
        assert len(make_split(data, "random", valid_fraction=0.4).test) == 1
        assert datasets.load("others").name == "others"

    @pytest.mark.parametrize("name", ["", "Mine", "-x", "../x", "a/b", "a b", "x" * 41, "é", "my-films\n", "demo"])
    def test_a_name_is_short_and_plain_and_not_taken(self, folder: Path, tmp_path: Path, name: str) -> None:
        with pytest.raises(DataError, match=r"cannot name a data set|choose another name"):
            datasets.install(write_zip(tmp_path / "x.zip", dat_files()), name)
        assert not folder.exists()

    def test_zips_and_folders_that_lie_about_are_no_data_sets(self, folder: Path) -> None:
        write_zip(folder / "invoices.zip", {"a.txt": b"x"})
        write_folder(folder / "photos", {"a.jpg": b"x"})
        write_zip(folder / "own" / "Not A Name.zip", {"a.txt": b"x"})
        write_zip(folder / "own" / "ml-1m.zip", dat_files())
        assert datasets.available() == ["demo"]

    def test_its_titles_may_be_in_either_encoding(self, folder: Path) -> None:
        utf8 = dat_files() | {"movies.dat": dat_files()["movies.dat"].decode("latin-1").encode()}
        latin1 = movielens.read(write_folder(folder / "own" / "a", dat_files()), "a")
        assert movielens.read(write_folder(folder / "own" / "b", utf8), "b").movies.equals(latin1.movies)

    def test_without_users_dat_it_is_read_as_ml_10m_is(self, folder: Path) -> None:
        files = {name: content for name, content in dat_files().items() if name != "users.dat"}
        files["movies.dat"] = files["movies.dat"].decode("latin-1").encode()
        files["ratings.dat"] = files["ratings.dat"].replace(b"::3::", b"::3.5::")
        write_folder(folder / "own" / "mine", files)
        data = datasets.load("mine")
        assert data.ratings["rating"].tolist()[3] == 3.5
        assert data.users["gender"].isna().all()


class TestReplaceAndRemove:
    def test_a_sound_one_is_replaced_on_word_only(self, folder: Path, tmp_path: Path) -> None:
        old, new = write_zip(tmp_path / "old.zip", dat_files()), write_zip(tmp_path / "new.zip", csv_files())
        datasets.install(old, "mine")
        with pytest.raises(DataError, match="mine is here already"):
            datasets.install(new, "mine")
        assert (folder / "own" / "mine.zip").read_bytes() == old.read_bytes()
        datasets.install(new, "mine", replace=True)
        assert (folder / "own" / "mine.zip").read_bytes() == new.read_bytes()

    def test_a_damaged_one_gives_way(self, folder: Path, tmp_path: Path) -> None:
        good = write_zip(tmp_path / "good.zip", dat_files())
        (folder / "own").mkdir(parents=True)
        (folder / "own" / "mine.zip").write_bytes(b"<html>")
        assert datasets.install(good, "mine") == "mine"

    @pytest.mark.parametrize("name", ["ml-1m", "mine"])
    def test_a_zip_is_removed_and_nothing_else(self, folder: Path, tmp_path: Path, name: str) -> None:
        datasets.install(write_zip(tmp_path / "x.zip", dat_files()), name)
        write_zip(folder / "ml-100k.zip", u_files())
        datasets.remove(name)
        assert datasets.available() == ["demo", "ml-100k"]
        with pytest.raises(DataError):
            datasets.remove(name)

    def test_what_is_not_ours_to_delete_stays(self, folder: Path) -> None:
        write_folder(folder / "ml-1m", dat_files())
        for name, said in (("ml-1m", "by hand"), ("demo", "stays"), ("../x", "no data set"), ("ml-32m", "not in")):
            with pytest.raises(DataError, match=said):
                datasets.remove(name)
        assert (folder / "ml-1m" / "movies.dat").exists()


def test_a_tilde_in_the_data_folder_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LCREC_DATA", "~/films")
    assert datasets.data_folder() == tmp_path / "films"


def test_leftovers_of_killed_processes_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    old, young = tmp_path / ".x.zip.1.part", tmp_path / ".x.zip.2.part"
    old.write_bytes(b"old")
    young.write_bytes(b"young")
    os.utime(old, (time.time() - 7200,) * 2)
    datasets.place_atomically(tmp_path / "x.zip", lambda part: part.write_bytes(b"new"))
    assert sorted(p.name for p in tmp_path.iterdir()) == [young.name, "x.zip"]
