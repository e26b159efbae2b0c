"""A large data set opened as it was kept: the same in all there is, of what the files hold now, and never damaged."""

import os
from pathlib import Path

import numpy as np
import pytest

from lcrec_core.data import rows
from lcrec_core.data.dataset import Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.errors import DataError
from lcrec_core.files import cache_folder
from lcrec_core.sources import datasets, kept, movielens
from tests.movielens_files import csv_files, write_folder, write_zip

NAME = "mine"


@pytest.fixture(params=["zip", "folder"])
def source(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set of one's own that counts as large."""
    monkeypatch.setenv("LCREC_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setattr(kept, "KEPT_FROM", 1)
    (tmp_path / "data" / "own").mkdir(parents=True)
    path = tmp_path / "data" / "own" / NAME
    if request.param == "zip":
        return write_zip(path.with_suffix(".zip"), csv_files(), "inner")
    return write_folder(path, csv_files())


def kept_files() -> list[Path]:
    return sorted(path for path in (cache_folder() / "data").rglob("*") if path.is_file())


def read_never(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise AssertionError("it was read again")

    monkeypatch.setattr(movielens, "read", read)


def assert_same(one: Dataset, other: Dataset) -> None:
    assert (one.name, one.scale, one.simulated) == (other.name, other.scale, other.simulated)
    assert one.fingerprint == other.fingerprint
    for table in ("users", "movies", "ratings", "links"):
        first, second = getattr(one, table), getattr(other, table)
        assert first.dtypes.equals(second.dtypes)
        assert first.equals(second)
    for what in kept._COUNTED:
        assert getattr(one, what).dtype == getattr(other, what).dtype
        np.testing.assert_array_equal(getattr(one, what), getattr(other, what))


def test_what_was_kept_is_what_was_read_and_is_not_read_again(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = movielens.read(source, NAME)
    assert_same(datasets.load(NAME), read)
    read_never(monkeypatch)
    opened = datasets.load(NAME)
    assert_same(opened, read)
    user = int(read.users["user_id"].iloc[0])
    assert Profile.from_dataset(opened, user).movie_ids.tolist() == Profile.from_dataset(read, user).movie_ids.tolist()


def test_a_copy_is_the_same_data_and_a_change_is_not(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = datasets.load(NAME)
    ratings = source / "ratings.csv" if source.is_dir() else source
    os.utime(ratings, ns=(1, 1))
    with monkeypatch.context() as patch:
        read_never(patch)
        assert_same(datasets.load(NAME), before)
    changed = csv_files()
    changed["ratings.csv"] = changed["ratings.csv"].replace(b"0.5", b"5.0")
    if source.is_dir():
        write_folder(source, changed)
    else:
        write_zip(source, changed, "inner")
    os.utime(ratings, ns=(1, 2))  # Of the same length, and however coarse the clock of the disk is.
    assert datasets.load(NAME).fingerprint.ratings != before.fingerprint.ratings
    assert len({path.parent for path in kept_files()}) == 1, "what was kept of the old data stays"


def test_damage_is_noticed_wherever_it_is_and_made_good(source: Path) -> None:
    before = datasets.load(NAME)
    number = len(kept_files())
    for place in range(number):
        path = kept_files()[place]
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.unlink()  # Others may look into it.
        path.write_bytes(content)
        assert_same(datasets.load(NAME), before)
        path = kept_files()[place]
        path.rename(path.with_suffix(".gone"))
        assert_same(datasets.load(NAME), before)
        assert len(kept_files()) == number


def test_where_nothing_can_be_kept_it_is_read(source: Path) -> None:
    cache_folder().parent.mkdir(parents=True)
    cache_folder().write_text("a file stands in the place of the folder")
    assert_same(datasets.load(NAME), movielens.read(source, NAME))


def test_small_data_are_not_kept_and_removed_data_are_forgotten(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(kept, "KEPT_FROM", 1000)
        datasets.load(NAME)
        assert not cache_folder().exists()
    datasets.load(NAME)
    if source.is_file():
        datasets.remove(NAME)
        assert kept_files() == []
        with pytest.raises(DataError):
            datasets.load(NAME)


def test_what_is_counted_over_all_ratings_does_not_depend_on_how_many_are_looked_at_at_once(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = movielens.read(source, NAME)
    given = whole.ratings
    assert whole.num_ratings.tolist() == [(given["movie_id"] == movie).sum() for movie in whole.movie_ids]
    assert given["movie_id"].to_numpy()[whole.by_movie].tolist() == sorted(given["movie_id"])
    _ = [getattr(whole, what) for what in kept._COUNTED]
    monkeypatch.setattr(rows, "BLOCK", 1)
    assert_same(movielens.read(source, NAME), whole)
