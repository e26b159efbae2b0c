"""What every family of models owes to whoever uses it, whatever it predicts by; see `models/contract.py`.

The families are those of the registry: one that is added there is tested here without a word more.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pytest

from lcrec_core.cli.main import main
from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import encode
from lcrec_core.data.profile import Profile
from lcrec_core.data.split import make_split
from lcrec_core.errors import BundleError, TrainingError
from lcrec_core.evaluation import bundle_results
from lcrec_core.evaluation.measure import measure_again
from lcrec_core.models import libraries, registry
from lcrec_core.models.bundles import list_bundles, list_damaged, load_bundle, save_bundle
from lcrec_core.models.contract import Family, Model, Prediction, Silent, Step
from lcrec_core.models.libraries import myfm
from lcrec_core.models.libraries.library import REQUIREMENTS, LibraryFamily
from lcrec_core.models.queries import of_movies
from lcrec_core.models.settings import configured, flat, from_saved, saved
from lcrec_core.serving.recommender import Recommender
from lcrec_core.training.run import TrainRequest, fit, train
from tests.made_up import made_up

SMALL = {
    **{"epochs": 1, "embedding_size": 4, "filters": 2, "feature_size": 6, "state_size": 5, "hidden_size": 8},
    **{"batch_size": 64, "targets_per_step": 100},
    **{"folds": 2, "factors": 2, "iterations": 6, "burn_in": 2, "samples": 2},
    **{"longest": 8, "events_per_step": 64},
}
"""Of each family those settings that it has: a fit of about a second."""


def small(family: Family, **settings: Any) -> Any:
    return configured(family.default_config(), **small_settings(family), **settings)


def small_settings(family: Family) -> dict[str, Any]:
    return {name: value for name, value in SMALL.items() if name in flat(family.default_config())}


def with_small_parts(family: Family) -> Family:
    """The family, made of parts that are small by default."""
    parts = {name: replace(part, fixed={**small_settings(part), **part.fixed}) for name, part in family.parts.items()}
    return replace(family, parts=parts)


def lacks(family: Family) -> str | None:
    """The library that a family comes from and that is not installed."""
    module = family.train.__module__ if isinstance(family, LibraryFamily) else type(family).__module__
    folder, _, library = module.rpartition(".")
    if folder != libraries.__name__:
        return None
    return None if importlib.util.find_spec(library) else library


def parameters(families: list[Family]) -> list[Any]:
    """A family per test; those of a library that is not here are skipped, and the line says how to get it."""
    return [
        pytest.param(
            family,
            id=family.name,
            marks=[pytest.mark.skip(f"{library} is not installed: pip install -r {REQUIREMENTS}")]
            if (library := lacks(family))
            else [],
        )
        for family in families
    ]


EVERY = parameters(list(registry.FAMILIES.values()))
KEPT = parameters([family for family in registry.FAMILIES.values() if family.trainable])

PEOPLE, FILMS, RATINGS_EACH = 24, 2000, 30
ASKED_OF = range(1, 9)


@pytest.fixture(scope="module")
def data() -> Dataset:
    """As many films as somebody may have rated; the last rating of some people has the time of the one before it."""
    made = made_up(PEOPLE, FILMS, RATINGS_EACH)
    ratings = made.ratings.copy()
    for person in ASKED_OF:
        before, last = ratings[ratings[Col.USER] == person].sort_values([Col.TIME, Col.MOVIE]).index[-2:]
        ratings.loc[last, Col.TIME] = ratings.loc[before, Col.TIME]
    return replace(made, ratings=ratings)


@pytest.fixture(scope="module")
def asked(data: Dataset) -> np.ndarray:
    """Rows held out: a last rating each, so that nothing that is known of the person comes after it."""
    last = data.ratings.sort_values([Col.USER, Col.TIME, Col.MOVIE]).groupby(str(Col.USER)).tail(1)
    return np.sort(last.index[last[Col.USER].isin(ASKED_OF)].to_numpy())


def fitted(family: Family, data: Dataset, asked: np.ndarray, **settings: Any) -> Model:
    """Fitted on everything but the rows asked."""
    encoded = encode(data, np.setdiff1d(np.arange(len(data.ratings)), asked))
    config = configured(small(family, **settings), **family.fixed)
    return with_small_parts(family).fit(data, encoded, config, None, Silent())


@pytest.fixture(scope="module", autouse=True)
def few_rounds() -> Iterator[None]:
    """What is promised holds after any number of rounds, and the published 220 cost seconds a fit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(myfm, "FM_ITERATIONS", 12)
        patch.setattr(myfm, "FM_BURN_IN", 4)
        yield


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    """Those that have been fitted, by the family's name."""
    return {}


@pytest.fixture
def model(family: Family, models: dict[str, Model], data: Dataset, asked: np.ndarray) -> Model:
    if family.name not in models:
        models[family.name] = fitted(family, data, asked)
    return models[family.name]


def profiles(data: Dataset) -> dict[str, Profile]:
    every = data.movies[Col.MOVIE].tolist()
    return {
        "empty": Profile.of(),
        "one rating": Profile.of([(1, 4.0, 10)]),
        "2,000 ratings": Profile.of([(movie, 1.0 + movie % 5, 100 + movie) for movie in every]),
        "unknown movies only": Profile.of([(99_999, 5.0, 1), (-3, 1.0, 2)]),
        "unknown fields": Profile.of([(1, 4.0, 10)], gender="X", age=2, occupation="astronaut", user_id=99_999),
        "a known user": Profile.from_dataset(data, 3),
    }


def parts(prediction: Prediction) -> dict[str, np.ndarray]:
    """What a prediction holds, by name."""
    found = {each.name: getattr(prediction, each.name) for each in fields(prediction)}
    return {name: part for name, part in found.items() if part is not None}


def features_of(model: Model) -> dict[str, np.ndarray]:
    return {} if model.item_features is None else {"item features": model.item_features}


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray], said: str = "") -> None:
    """To the bit."""
    assert one.keys() == other.keys(), said
    for name, array in one.items():
        assert array.dtype == other[name].dtype, (said, name)
        np.testing.assert_array_equal(array, other[name], err_msg=f"{said} {name}")


@pytest.mark.parametrize("family", EVERY)
def test_every_profile_is_answered_with_a_finite_score_for_every_movie(family, model, data):
    for who, profile in profiles(data).items():
        answer = model.catalogue(profile)
        assert answer.scores.dtype == np.float32, who
        for name, part in parts(answer).items():
            assert len(part) == len(data.movies), (who, name)
            assert np.isfinite(part).all(), (who, name)
        if family.predicts_ratings:
            assert answer.ratings is not None, who
            np.testing.assert_array_equal(answer.scores, answer.ratings, err_msg=who)
        if answer.probabilities is not None:
            assert answer.probabilities.shape == (len(data.movies), len(data.scale.values)), who
            np.testing.assert_allclose(answer.probabilities.sum(axis=1), 1, atol=1e-4, err_msg=who)


@pytest.mark.parametrize("family", EVERY)
def test_somebody_new_is_not_taken_for_somebody_of_the_data_set(family, model, data):
    if not family.personal:
        known, new = Profile.from_dataset(data, 1), Profile.of()
        np.testing.assert_array_equal(model.catalogue(new).scores, model.catalogue(known).scores)
        return
    for person in (data.users[Col.USER].min(), data.users[Col.USER].max()):
        known = Profile.from_dataset(data, person)
        new = Profile.of([(99_999, 5.0, known.timestamps[-1])])
        assert not np.array_equal(model.catalogue(new).scores, model.catalogue(known).scores)


@pytest.mark.parametrize("family", EVERY)
def test_the_catalogue_agrees_with_rows_for_the_same_person_and_time(model, data, asked):
    by_row = parts(model.rows(asked, use_future=False))
    known = replace(data, ratings=data.ratings.drop(index=asked))
    for place, row in enumerate(asked):
        person, movie = data.ratings[[Col.USER, Col.MOVIE]].iloc[row]
        by_catalogue = parts(model.catalogue(Profile.from_dataset(known, person)))
        position = data.movie_rows([movie])[0]
        assert by_catalogue.keys() == by_row.keys()
        for name, part in by_catalogue.items():
            np.testing.assert_allclose(part[position], by_row[name][place], rtol=0, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("family", EVERY)
def test_people_side_by_side_differ_as_their_catalogues_do(model, data):
    people = [*profiles(data).values()]
    movies = np.array([5, 0, 700])
    side_by_side = parts(of_movies(model, people, movies))
    alone = [parts(model.catalogue(person)) for person in people]
    for name, part in side_by_side.items():
        in_turn = np.concatenate([answer[name][movies] for answer in alone])
        np.testing.assert_allclose(part, in_turn, rtol=0, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("family", EVERY)
def test_the_order_of_the_rows_is_the_order_of_the_answers(model, asked):
    forwards, backwards = (parts(model.rows(rows)) for rows in (asked, asked[::-1].copy()))
    for name, part in forwards.items():
        np.testing.assert_allclose(backwards[name][::-1], part, rtol=0, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("family", EVERY)
def test_asking_changes_nothing(model, data, asked):
    before = parts(model.rows(asked))
    for profile in profiles(data).values():
        model.catalogue(profile)
    assert_same(parts(model.rows(asked.copy())), before)


@pytest.mark.parametrize("family", EVERY)
def test_the_same_seed_gives_the_same_model(family, model, data, asked):
    again = fitted(family, data, asked)
    assert_same(parts(again.rows(asked)), parts(model.rows(asked)))
    if family.trainable:
        assert_same(again.tensors(), model.tensors())


@pytest.mark.parametrize("family", [registry.family("paper"), registry.family("lcrec")], ids=("paper", "lcrec"))
def test_another_seed_gives_another_model_of_those_that_draw(family, model, data, asked):
    """The counterpart of the test above. A family that draws nothing owes no such thing."""
    one, other = model.tensors(), fitted(family, data, asked, seed=1).tensors()
    assert one.keys() == other.keys()
    assert any(not np.array_equal(tensor, other[name]) for name, tensor in one.items())


@pytest.mark.parametrize("family", EVERY)
def test_a_changed_test_rating_moves_nothing(family, model, data, asked):
    """Not the training, and not the answer: the value of what is asked is nowhere read."""
    ratings = data.ratings.copy()
    ratings.loc[asked, Col.RATING] = data.scale.low + data.scale.high - ratings.loc[asked, Col.RATING]
    changed = replace(data, ratings=ratings)
    assert changed.fingerprint.ratings != data.fingerprint.ratings
    again = fitted(family, changed, asked)
    assert_same(parts(again.rows(asked)), parts(model.rows(asked)))
    if family.trainable:
        assert_same(again.tensors(), model.tensors())


@pytest.mark.parametrize("family", KEPT)
def test_what_is_saved_and_opened_again_is_what_was_trained_to_the_bit(family, data, tmp_path, monkeypatch):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))
    split = make_split(data)
    trained, _ = fit(data, split.fitting, family, small(family))
    bundle = train(TrainRequest(data, family, small(family), save=False))
    assert list_bundles() == []
    save_bundle(bundle)
    kept = load_bundle(bundle.name)
    assert kept.metrics == bundle.metrics
    opened = registry.load(kept, data)
    assert opened.parameters == trained.parameters == kept.metrics["parameters"]
    assert_same(opened.tensors(), trained.tensors())
    assert_same(features_of(opened), features_of(trained))
    assert_same(parts(opened.rows(split.test)), parts(trained.rows(split.test)))
    for who, profile in profiles(data).items():
        assert_same(parts(opened.catalogue(profile)), parts(trained.catalogue(profile)), who)


@pytest.mark.parametrize("family", registry.FAMILIES.values(), ids=registry.FAMILIES)
def test_a_config_is_saved_and_read_back_whole(family):
    config = small(family, seed=7)
    assert from_saved(family.config, saved(config)) == config
    assert from_saved(family.config, saved(family.default_config())) == family.default_config()


@pytest.mark.parametrize("family", registry.FAMILIES.values(), ids=registry.FAMILIES)
def test_a_setting_that_does_not_exist_is_refused_by_name(family):
    with pytest.raises(ValueError, match="no setting 'lerning_rate'"):
        configured(family.default_config(), lerning_rate=1)


def test_a_config_of_another_family_is_refused(data):
    paper, lcrec = registry.family("paper"), registry.family("lcrec")
    with pytest.raises(TrainingError, match="takes a LCRecConfig, not a PaperConfig"):
        TrainRequest(data, lcrec, paper.default_config())


def test_a_run_makes_a_bundle_of_what_can_be_kept_alone(data):
    assert {name for name, family in registry.FAMILIES.items() if family.trainable} == set(registry.TRAINABLE)
    bias = registry.family("bias")
    with pytest.raises(TrainingError, match="no bundle is made of it"):
        TrainRequest(data, bias, bias.default_config())


def test_importing_the_registry_brings_no_torch():
    code = "import sys, lcrec_core.models.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@dataclass(frozen=True)
class RarityConfig:
    """Of the family below."""

    seed: int = 0
    epochs: int = 1
    draws_a_point: bool = True


class RarityModel:
    """Sorts everybody's list by how rarely each movie was rated, and knows no more."""

    item_features = None
    device = "cpu"

    def __init__(self, scores: np.ndarray, data: Dataset) -> None:
        self._scores, self._data = scores, data
        self.parameters = len(scores)

    def rows(self, rows: np.ndarray, *, context: np.ndarray | None = None, use_future: bool = True) -> Prediction:
        return Prediction(self._scores[self._data.movie_rows(self._data.ratings[Col.MOVIE].iloc[rows])])

    def catalogue(self, profile: Profile) -> Prediction:
        return Prediction(self._scores)

    def tensors(self) -> dict[str, np.ndarray]:
        return {"scores": self._scores}


class RarityFamily(Family):
    """A family that is nowhere registered: what it takes to add one that only ranks."""

    def settings(self, data_name: str) -> str:
        return "none"

    def fit(self, data, encoded, config, scratch, watch) -> RarityModel:
        counts = np.bincount(encoded.histories.movies, minlength=len(data.movies))
        # Far below the scale: whatever clips a score to it makes all of them equal.
        model = RarityModel((-100 - counts).astype(np.float32), data)
        watch.step(Step(1, 1, len(encoded.rows), config.draws_a_point, model, None))
        return model

    def load(self, tensors, item_features, config, data, encoded) -> RarityModel:
        if tensors.keys() != {"scores"} or tensors["scores"].shape != (len(data.movies),):
            raise ValueError("these are no scores")
        return RarityModel(tensors["scores"], data)


RARITY = RarityFamily(name="rarity", label="Rarest first", config=RarityConfig, predicts_ratings=False, trainable=True)


@pytest.fixture
def planted(monkeypatch, tmp_path) -> Family:
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))
    monkeypatch.setitem(registry.FAMILIES, RARITY.name, RARITY)
    monkeypatch.setattr(registry, "TRAINABLE", (*registry.TRAINABLE, RARITY.name))
    return RARITY


def training_counts(data: Dataset, seed: int = 0) -> dict[int, int]:
    """How often each movie was rated in the training part."""
    seen = data.ratings[Col.MOVIE].iloc[make_split(data, seed=seed).fitting].value_counts()
    return {movie: int(seen.get(movie, 0)) for movie in data.movies[Col.MOVIE]}


@pytest.mark.parametrize("draws_a_point", [True, False])
def test_a_family_that_only_ranks_is_trained_kept_and_served(planted, tiny, draws_a_point, capsys):
    config = RarityConfig(draws_a_point=draws_a_point)
    split = make_split(tiny)
    model, seconds = fit(tiny, split.fitting, planted, config)
    assert seconds >= 0
    told = []
    bundle = train(TrainRequest(tiny, planted, config), told.append)
    assert told[-1].state == "done"
    assert_same(bundle.weights, model.tensors())
    assert bundle.movie_features is None
    measured = [name for row in (bundle.metrics, *bundle.history) for name in row]
    assert not [name for name in measured if name.endswith(("_mse", "_mae", "_rmse"))]
    assert bundle.metrics["test_ratings"] == len(split.test)
    assert len(bundle.history) == draws_a_point

    assert [each.name for each in list_bundles()] == ["made-up/rarity"]
    assert not list_damaged()
    kept = load_bundle("made-up/rarity")
    assert_same(parts(registry.load(kept, tiny).rows(split.test)), parts(model.rows(split.test)))
    assert not bundle_results.measured(list_bundles()), "it has no place among errors"
    with pytest.raises(BundleError, match="made-up/rarity cannot be measured"):
        measure_again(kept, tiny)
    assert main(["info"]) == 0
    assert "made-up/rarity" in capsys.readouterr().out


def test_a_family_that_only_ranks_recommends_by_its_scores(planted, tiny):
    train(TrainRequest(tiny, planted, RarityConfig()))
    recommender = Recommender.load("made-up/rarity", tiny)
    person = Profile.from_dataset(tiny, 11)
    ranking, counts = recommender.rank(person), training_counts(tiny)
    assert [counts[movie] for movie in ranking["movie_id"]] == sorted(map(counts.get, ranking["movie_id"]))
    assert ranking["predicted"].nunique() > 5
    assert "liking" not in ranking
    best = recommender.top_n(person, 5)
    assert [line.movie_id for line in best] == ranking["movie_id"].head(5).tolist()
    assert {(line.probabilities, line.p_like) for line in best} == {(None, None)}
    assert recommender.similar(1) == []
    assert all(recommender.explain(person, line.movie_id).because == () for line in best)


class Lost(RarityFamily):
    """Its scores are no numbers."""

    def fit(self, data, encoded, config, scratch, watch) -> RarityModel:
        model = RarityModel(np.full(len(data.movies), np.nan, np.float32), data)
        watch.step(Step(1, 1, len(encoded.rows), True, model, None))
        return model


def test_a_run_whose_scores_are_no_numbers_fails_and_keeps_nothing(planted, tiny):
    lost = Lost(**{each.name: getattr(planted, each.name) for each in fields(planted)})
    with pytest.raises(TrainingError, match="not a number"):
        train(TrainRequest(tiny, lost, RarityConfig()))
    assert list_bundles() == []
