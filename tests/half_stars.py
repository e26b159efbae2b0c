"""A small look-alike of ml-latest-small, half stars and all, with a bundle trained on it."""

import shutil
from pathlib import Path

import pytest

from lcrec_core.data.dataset import HALF_STARS
from lcrec_core.files import artifacts_root
from lcrec_core.models import registry
from lcrec_core.models.settings import configured
from lcrec_core.sources import datasets
from lcrec_core.training.run import TrainRequest, train
from tests.made_up import made_up
from tests.movielens_files import write_zip

NAME = "half-stars"


def bring_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the data and the bundle into `folder`, the demo's bundle beside it, and have LCRec look there."""
    made = made_up(name=NAME, scale=HALF_STARS)
    movies = made.movies[["movie_id", "title", "genres"]].set_axis(["movieId", "title", "genres"], axis=1)
    ratings = made.ratings.set_axis(["userId", "movieId", "rating", "timestamp"], axis=1)
    tables = {"movies.csv": movies, "ratings.csv": ratings}
    content = {name: table.to_csv(index=False).encode() for name, table in tables.items()}
    write_zip(
        folder / "data" / "own" / f"{NAME}.zip", {**content, "links.csv": b"movieId,imdbId,tmdbId\n"}, "ml-latest-small"
    )
    shutil.copytree(artifacts_root() / datasets.DEMO, folder / "artifacts" / datasets.DEMO)
    monkeypatch.setenv(datasets.DATA_ENV, str(folder / "data"))
    monkeypatch.setenv("LCREC_ARTIFACTS", str(folder / "artifacts"))
    family = registry.family("paper")
    network = {"embedding_size": 4, "filters": 2, "feature_size": 8, "state_size": 6}
    config = configured(family.default_config(), epochs=1, **network)
    train(TrainRequest(data=datasets.load(NAME), family=family, config=config))
