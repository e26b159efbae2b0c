"""How long predicting every movie for one person takes, against asking the same network movie by movie.

One core, a history of 200 liked movies, 3,883 movies: MovieLens 1M and its bundles where they are there, and
a made-up data set of that size with briefly trained bundles otherwise. Speed depends on sizes, not on weights.
"""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.common import figure, times_ms, write
from lcrec_core.data.encode import encode_profile
from lcrec_core.data.profile import Profile
from lcrec_core.errors import LCRecError
from lcrec_core.files import ARTIFACTS_ENV
from lcrec_core.models import registry
from lcrec_core.models.layers import movie_tensors
from lcrec_core.models.paper.model import PaperModel
from lcrec_core.models.settings import configured
from lcrec_core.serving.recommender import Recommender
from lcrec_core.training.run import TrainRequest, train
from tests.made_up import made_up

HISTORY = 200
NAIVE_MOVIES = 100
"""The loop is timed over this many movies and scaled up: the whole catalogue would take most of a minute."""


def main() -> None:
    """Measure and write `results/predict.json`."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        recommender, ours = _recommenders(Path(folder))
        profile = _profile(recommender)
        movies = len(recommender.catalogue.movie_ids)
        # A copy each time: questions about the same profile object share one answer.
        fast = times_ms(lambda: recommender.predict(replace(profile)), repeats=200, warm_up=20)
        ranked = times_ms(lambda: recommender.rank(replace(profile)), repeats=50, warm_up=5)
        ours_fast = times_ms(lambda: ours.predict(replace(profile)), repeats=200, warm_up=20)
        one_by_one = NaiveLoop(recommender, profile)
        # The same answer first: a faster way to another number would be no gain.
        expected = recommender.predict(profile, recommender.catalogue.movie_ids[:NAIVE_MOVIES])
        np.testing.assert_allclose(one_by_one.predict(range(NAIVE_MOVIES)), expected, atol=1e-4)
        slow = times_ms(lambda: one_by_one.predict(range(NAIVE_MOVIES)), repeats=5)
    naive = [taken * movies / NAIVE_MOVIES for taken in slow]
    about = f"{movies:,} movies for a history of {HISTORY}, one core"
    ratio = float(np.median(naive) / np.median(fast))
    write(
        "predict",
        [
            figure(f"predict {about}, LCRec", ours_fast, "ms"),
            figure(f"predict {about}, the paper's network", fast, "ms"),
            figure("the same, ranked and as a table", ranked, "ms"),
            figure(
                f"the paper's network asked movie by movie (scaled up from {NAIVE_MOVIES})", naive, "ms", decimals=0
            ),
        ],
        ratio=round(ratio),
        data=recommender.data.name,
        bundle=recommender.bundle.name,
    )


class NaiveLoop:
    """The network as one would first write it down: everything anew for every movie."""

    def __init__(self, recommender: Recommender, profile: Profile) -> None:
        bundle, data = recommender.bundle, recommender.data
        model = registry.load(bundle, data)
        assert isinstance(model, PaperModel)
        self.network, encoded = model.network, model.encoded
        self.movies = movie_tensors(encoded.movies, torch.device("cpu"))
        self.fields = torch.from_numpy(encode_profile(profile, encoded.vocabularies)).unsqueeze(0)
        self.history = torch.from_numpy(np.searchsorted(recommender.catalogue.movie_ids, profile.movie_ids))
        self.scale = data.scale

    @torch.inference_mode()
    def predict(self, positions: range) -> list[float]:
        """Predicted ratings of movies by catalogue position, each from the person's raw history."""
        return [self._one(position) for position in positions]

    def _one(self, position: int) -> float:
        watched = self.network.movie_features(*(part[self.history] for part in self.movies))
        user = self.network.user_features(self.fields, watched.unsqueeze(0))
        movie = self.network.movie_features(*(part[[position]] for part in self.movies))
        return float(self.scale.clip(self.network.rating(user, movie).numpy())[0])


def _recommenders(folder: Path) -> tuple[Recommender, Recommender]:
    """The paper's model and LCRec."""
    try:
        return Recommender.load("ml-1m/paper"), Recommender.load("ml-1m/lcrec")
    except LCRecError as error:
        print(f"made-up data instead of MovieLens 1M: {error}")
    os.environ[ARTIFACTS_ENV] = str(folder / "artifacts")
    data = made_up(6040, 3883, 40)
    brief = {"paper": {"batch_size": 2048}, "lcrec": {"folds": 2, "iterations": 20, "burn_in": 0}}
    bundles = []
    for name, settings in brief.items():
        family = registry.family(name)
        config = configured(family.default_config(), epochs=1, evaluations_per_epoch=1, **settings)
        bundles.append(train(TrainRequest(data, family, config, save=False)))
    paper, ours = (Recommender(bundle, data) for bundle in bundles)
    return paper, ours


def _profile(recommender: Recommender) -> Profile:
    """A person who liked exactly `HISTORY` movies."""
    chosen = np.random.default_rng(0).choice(recommender.catalogue.movie_ids, HISTORY, replace=False)
    return Profile.of([(int(movie), 5.0, time) for time, movie in enumerate(chosen)], gender="F", age=25)


if __name__ == "__main__":
    main()
