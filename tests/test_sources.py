import os
import sys
import time
import types
from pathlib import Path

import pytest

from lcrec_core import sources
from lcrec_core.dataset import Dataset
from lcrec_core.errors import DataError
from tests.movielens_files import csv_files, dat_files, u_files, write_folder, write_zip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LCREC_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_the_default_folder_is_beside_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LCREC_DATA", raising=False)
    assert sources.data_folder() == Path(sources.__file__).parents[1] / "data"
    monkeypatch.setenv("LCREC_DATA", "")
    assert sources.data_folder() == Path(sources.__file__).parents[1] / "data"


def test_without_files_there_is_only_the_demo(folder: Path) -> None:
    assert sources.available() == ["demo"]
    assert sources.find("ml-1m") is None


def test_zips_and_folders_are_found_and_the_zip_comes_first(folder: Path) -> None:
    write_folder(folder / "ml-1m", dat_files())
    write_zip(folder / "ml-100k.zip", u_files(), "ml-100k")
    assert sources.available() == ["demo", "ml-1m", "ml-100k"]
    assert sources.find("ml-1m") == folder / "ml-1m"
    write_zip(folder / "ml-1m.zip", dat_files())
    assert sources.find("ml-1m") == folder / "ml-1m.zip"
    assert sources.load("ml-1m").name == "ml-1m"
    assert sources.load("ml-100k").name == "ml-100k"


def test_an_absent_data_set_comes_with_its_command(folder: Path) -> None:
    with pytest.raises(DataError, match=r"python -m lcrec_core download ml-1m"):
        sources.load("ml-1m")


@pytest.mark.parametrize("name", ["ml-10", "../etc/passwd", ""])
def test_an_unknown_name(folder: Path, name: str) -> None:
    with pytest.raises(DataError, match="known are demo, ml-1m"):
        sources.load(name)


def test_the_demo_comes_from_its_package(folder: Path, tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = types.ModuleType("lcrec_core.demo")
    demo.load_demo = lambda: tiny  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lcrec_core.demo", demo)
    assert sources.load("demo") is tiny


class TestInstall:
    def test_a_good_zip_is_copied(self, folder: Path, tmp_path: Path) -> None:
        zip_path = write_zip(tmp_path / "downloads" / "upload-1.zip", dat_files(), "ml-1m")
        assert sources.install(zip_path) == "ml-1m"
        assert (folder / "ml-1m.zip").read_bytes() == zip_path.read_bytes()
        assert [p.name for p in folder.iterdir()] == ["ml-1m.zip"]

    def test_a_csv_zip_without_a_telling_name_needs_one(self, folder: Path, tmp_path: Path) -> None:
        zip_path = write_zip(tmp_path / "upload.zip", csv_files())
        with pytest.raises(DataError, match="say which"):
            sources.install(zip_path)
        assert sources.install(zip_path, "ml-32m") == "ml-32m"
        assert sources.available() == ["demo", "ml-32m"]

    def test_a_bad_zip_changes_nothing(self, folder: Path, tmp_path: Path) -> None:
        write_zip(folder / "ml-1m.zip", dat_files())
        before = (folder / "ml-1m.zip").read_bytes()
        bad = write_zip(tmp_path / "bad.zip", dat_files() | {"ratings.dat": b"1::1::9::1\n"}, "ml-1m")
        with pytest.raises(DataError, match="line 1 has the rating '9'"):
            sources.install(bad)
        assert (folder / "ml-1m.zip").read_bytes() == before
        assert [p.name for p in folder.iterdir()] == ["ml-1m.zip"]

    def test_a_folder_is_no_zip(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="is a folder"):
            sources.install(write_folder(tmp_path / "ml-1m", dat_files()))

    def test_the_wrong_name_is_refused(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="not of ml-100k"):
            sources.install(write_zip(tmp_path / "x.zip", dat_files()), "ml-100k")
        assert not folder.exists()

    def test_a_data_folder_that_cannot_be_written(self, folder: Path, tmp_path: Path) -> None:
        folder.write_bytes(b"a file where the folder should be")
        with pytest.raises(DataError, match="LCREC_DATA"):
            sources.install(write_zip(tmp_path / "x.zip", dat_files()))


def test_leftovers_of_killed_processes_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    old, young = tmp_path / ".x.zip.1.part", tmp_path / ".x.zip.2.part"
    old.write_bytes(b"old")
    young.write_bytes(b"young")
    os.utime(old, (time.time() - 7200,) * 2)
    sources.place_atomically(tmp_path / "x.zip", lambda part: part.write_bytes(b"new"))
    assert sorted(p.name for p in tmp_path.iterdir()) == [young.name, "x.zip"]
