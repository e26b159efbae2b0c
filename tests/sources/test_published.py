"""A release's name stands for that release: its counts are known, and nothing else goes by it."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from lcrec_core.errors import DataError, DownloadError
from lcrec_core.sources import datasets, download, movielens, published, releases
from lcrec_core.sources.published import Counts
from tests.movielens_files import csv_files, dat_files, u_files, write_folder, write_zip

HALF_DAT = {
    "movies.dat": "1::Écho (1971)::Drama\n2::Clock, The (1980)::(no genres listed)\n".encode(),
    "ratings.dat": b"1::1::4::1500000101\n1::2::3.5::1500000102\n7::1::0.5::1500000201\n",
    "tags.dat": b"1::1::slow::1500000000\n",
}
MADE_UP = {"ml-1m": dat_files, "ml-100k": u_files, "ml-10m": lambda: HALF_DAT} | {
    name: csv_files for name in movielens.CSV_NAMES
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LCREC_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_every_release_has_a_name_a_title_counts_and_a_download() -> None:
    assert set(MADE_UP) == set(published.TITLES) == set(releases.RELEASES) == set(datasets.NAMES) - {"demo"}
    assert set(published.EDITIONS) | set(published.AT_LEAST) == set(published.TITLES)


@pytest.mark.parametrize("name", MADE_UP)
def test_made_up_rows_under_a_releases_name_are_refused_wherever_they_come_in(
    folder: Path, tmp_path: Path, name: str
) -> None:
    zip_path = write_zip(tmp_path / f"{name}.zip", MADE_UP[name](), name)
    for given in (None, name):
        with pytest.raises(DataError, match=f"this is not {published.TITLES[name]}: it has [23] people") as caught:
            datasets.install(zip_path, given)
        assert "--name my-films" in caught.value.advice
        assert "--name" not in caught.value.for_visitors
    assert not folder.exists()
    shutil.copytree(tmp_path, folder, ignore=shutil.ignore_patterns("data"))
    with pytest.raises(DataError, match=f"this is not {published.TITLES[name]}"):
        datasets.load(name)
    assert datasets.install(zip_path, "my-films") == "my-films"
    assert datasets.load("my-films").name == "my-films"


def test_a_download_is_counted_too(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = write_zip(tmp_path / "x.zip", csv_files(), "ml-latest-small").read_bytes()
    monkeypatch.setattr(download, "_fetch", lambda url, part, release, relay: part.write_bytes(made_up))
    with pytest.raises(DownloadError, match="not usable: this is not MovieLens latest-small"):
        download.download("ml-latest-small")
    assert list(folder.iterdir()) == []


def test_ml_10m_is_a_release_of_its_own(tmp_path: Path) -> None:
    data = movielens.read(write_zip(tmp_path / "x.zip", HALF_DAT, "ml-10M100K"))
    assert (data.name, data.scale.step) == ("ml-10m", 0.5)
    assert data.movies["title"].tolist() == ["Écho (1971)", "Clock, The (1980)"]
    assert data.movies["genres"].tolist() == ["Drama", ""]
    assert data.users["user_id"].tolist() == [1, 7]
    assert data.users[["gender", "age", "occupation"]].isna().all(axis=None)
    assert data.ratings["rating"].tolist() == [4.0, 3.5, 0.5]
    without_tags = {name: content for name, content in HALF_DAT.items() if name != "tags.dat"}
    assert movielens.read(write_folder(tmp_path / "ml-10M100K", without_tags), "ml-10m").name == "ml-10m"
    with pytest.raises(DataError, match="the files of ml-10m, not of ml-1m"):
        movielens.read(write_zip(tmp_path / "x.zip", HALF_DAT), "ml-1m")
    latin1 = HALF_DAT | {"movies.dat": "1::Écho (1971)::Drama\n".encode("latin-1")}
    with pytest.raises(DataError, match="line 1 is not UTF-8"):
        movielens.read(write_zip(tmp_path / "x.zip", latin1))


@pytest.mark.parametrize("name", ["ml-20m", "ml-latest"])
def test_the_other_csv_releases_have_their_own_names(tmp_path: Path, name: str) -> None:
    assert movielens.read(write_zip(tmp_path / "x.zip", csv_files(), name)).name == name


def test_ones_own_data_may_have_any_counts(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(published.EDITIONS, "ml-25m", (Counts(2, 3, 3),))
    assert datasets.install(write_zip(tmp_path / "x.zip", csv_files()), "my-copy") == "my-copy"
    assert datasets.load("my-copy").name == "my-copy"


class TestByCounts:
    @pytest.fixture(autouse=True)
    def _tiny_25m(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(published.EDITIONS, "ml-25m", (Counts(9, 9, 9), Counts(2, 3, 3)))

    def test_a_nameless_csv_zip_is_the_release_with_its_counts(self, folder: Path, tmp_path: Path) -> None:
        assert datasets.install(write_zip(tmp_path / "upload.zip", csv_files())) == "ml-25m"
        assert datasets.load("ml-25m").name == "ml-25m"

    def test_one_with_no_releases_counts_needs_a_name_of_its_own(self, folder: Path, tmp_path: Path) -> None:
        other = csv_files() | {"ratings.csv": csv_files()["ratings.csv"] + b"9,1,3.5,1500000003\n"}
        with pytest.raises(DataError, match=r"2 people, 3 films and 4 ratings .* say which name") as caught:
            datasets.install(write_zip(tmp_path / "upload.zip", other))
        assert "--name my-films" in caught.value.advice

    def test_one_release_does_not_go_by_the_name_of_another(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"not MovieLens 32M.*these are the counts of MovieLens 25M"):
            datasets.install(write_zip(tmp_path / "x.zip", csv_files(), "ml-32m"))

    def test_a_growing_release_has_a_least_size(self, folder: Path, tmp_path: Path, monkeypatch) -> None:
        zip_path = write_zip(tmp_path / "x.zip", csv_files(), "ml-latest")
        monkeypatch.setattr(published, "AT_LEAST", {"ml-latest": Counts(1, 1, 1)})
        with pytest.raises(DataError, match="the counts of MovieLens 25M"):
            datasets.install(zip_path)
        monkeypatch.delitem(published.EDITIONS, "ml-25m")
        assert datasets.install(zip_path) == "ml-latest"


@pytest.mark.real_data("ml-1m", "ml-100k", "ml-latest-small")
@pytest.mark.parametrize("name", ["ml-1m", "ml-100k", "ml-latest-small"])
def test_the_real_ones_are_themselves_and_a_rating_less_is_noticed(name: str, tmp_path: Path) -> None:
    data = datasets.load(name)
    assert Counts.of(data) == published.EDITIONS[name][0]
    assert published.named_by(Counts.of(data)) == name
    source = Path(os.environ["LCREC_DATA"]) / f"{name}.zip"
    with zipfile.ZipFile(source) as opened:
        files = {Path(n).name: opened.read(n) for n in opened.namelist() if not n.endswith("/")}
    table = next(n for n in ("ratings.dat", "u.data", "ratings.csv") if n in files)
    files[table] = files[table][: files[table].rstrip().rindex(b"\n") + 1]
    with pytest.raises(DataError, match="this is not MovieLens"):
        datasets.install(write_zip(tmp_path / "x.zip", files, name), name)
