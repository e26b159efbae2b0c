"""Made data sets: the shape they were asked for, known as made wherever they are read, and something to learn."""

import json
from pathlib import Path

import numpy as np
import pytest

from lcrec_core.data.dataset import HALF_STARS, Col, Dataset
from lcrec_core.errors import DataError
from lcrec_core.sources import datasets, movielens, published
from lcrec_core.sources.made import files
from lcrec_core.sources.made.shapes import SHAPES, Shape

PEOPLE, MOVIES, RATINGS = 300, 400, 15_000


@pytest.fixture(scope="module", params=[False, True], ids=["csv", "dat"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Dataset]:
    """A folder, and what is read from it."""
    folder = tmp_path_factory.mktemp("made") / "ml-10m-made"
    shape = Shape(PEOPLE, MOVIES, RATINGS, 5 * MOVIES, 1996.0, 2020.0, dat=request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SHAPES, "ml-10m", shape)
        files.make("ml-10m", folder, seed=3)
    return folder, movielens.read(folder, "ml-10m-made" if request.param else None)


def test_a_made_set_has_exactly_what_was_asked_for(made: tuple[Path, Dataset]) -> None:
    _, data = made
    assert (len(data.users), len(data.movies), len(data.ratings)) == (PEOPLE, MOVIES, RATINGS)
    assert data.scale == HALF_STARS
    assert data.ratings.groupby("user_id").size().min() == 20
    years = data.ratings["timestamp"] / (365.2425 * 86_400) + 1970
    assert years.between(1996, 2020).all()
    released = data.movies.set_index("movie_id")["year"].reindex(data.ratings["movie_id"]).to_numpy(float)
    assert (released <= years.to_numpy()).all()  # Nobody rates what is not out.


def test_a_made_set_is_known_as_made_and_cannot_have_a_releases_name(made: tuple[Path, Dataset]) -> None:
    folder, data = made
    assert data.simulated
    assert json.loads((folder / movielens.MADE_MARK).read_text())["seed"] == 3
    name = "ml-10m" if (folder / "ratings.dat").exists() else "ml-32m"
    with pytest.raises(DataError, match="its people are made up"):
        published.check(movielens.read(folder, name))


def test_whole_shapes_have_other_counts_than_the_releases() -> None:
    for name, shape in SHAPES.items():
        assert published.named_by(published.Counts(shape.people, shape.movies, shape.ratings)) is None
        assert shape.people == published.EDITIONS[name][0].people


def test_popular_films_are_far_more_popular_and_errors_of_biases_are_far_below_those_of_the_mean(
    made: tuple[Path, Dataset],
) -> None:
    _, data = made
    counts = np.sort(data.ratings.groupby("movie_id").size().to_numpy())
    assert counts[-20:].sum() > 2 * counts[:200].sum()
    stars = data.ratings[Col.RATING].astype(float)
    of_movie = stars.groupby(data.ratings["movie_id"]).transform("mean")
    of_person = (stars - of_movie).groupby(data.ratings["user_id"]).transform("mean")
    assert (stars - of_movie - of_person).var() < 0.75 * stars.var()


def test_the_same_seed_makes_the_same_files_and_a_share_lists_what_is_rated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SHAPES, "ml-10m", Shape(80, 3000, 4000, 9000, 1996.0, 2020.0))
    for name in ("one", "two"):
        files.make("ml-10m", tmp_path / name, share=0.5, seed=1)
    for one in (tmp_path / "one").iterdir():
        assert one.read_bytes() == (tmp_path / "two" / one.name).read_bytes()
    data = movielens.read(tmp_path / "one", "x")
    assert (len(data.users), len(data.ratings)) == (40, 2000)
    assert set(data.movies["movie_id"]) == set(data.ratings["movie_id"])
    assert data.links["tmdb_id"].min() >= files.NOWHERE


def test_nothing_is_overwritten_and_nothing_half_made_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(DataError, match="something here already"):
        files.make("ml-10m", tmp_path / "there")
    with pytest.raises(DataError, match="no such data set can be made"):
        files.make("ml-10m", tmp_path / "new", share=1e-9)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(SHAPES, "ml-10m", Shape(40, 300, 2000, 900, 1996.0, 2020.0))
    monkeypatch.setattr(files, "_write_films", full)
    with pytest.raises(DataError, match="No space left"):
        files.make("ml-10m", tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_made_set_in_the_folder_of_ones_own_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LCREC_DATA", str(tmp_path))
    monkeypatch.setitem(SHAPES, "ml-10m", Shape(40, 300, 2000, 900, 1996.0, 2020.0, dat=True))
    files.make("ml-10m", datasets.own_folder("ml-10m-made"))
    assert "ml-10m-made" in datasets.own_names()
    assert datasets.load("ml-10m-made").simulated
