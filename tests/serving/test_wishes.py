"""What a list is sorted by: the score by hand, what steers it, what stands in for what is not there."""

import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.errors import ProfileError, TrainingError
from lcrec_core.models import bundles, registry
from lcrec_core.models.blend.model import chance_of_liking
from lcrec_core.models.contract import Prediction
from lcrec_core.models.settings import configured
from lcrec_core.serving import parts as list_parts
from lcrec_core.serving.filters import Filters
from lcrec_core.serving.lists import FOR_YOU, HABITS, POPULARITY, RATING, Wish, diversified, log_share
from lcrec_core.serving.parts import ListParts
from lcrec_core.serving.recommender import PICKS, Recommender
from lcrec_core.training.run import TrainRequest, train
from tests.made_up import made_up

PERSON = Profile.of([(1, 5, 10), (2, 1, 20), (3, 4, 30), (4, 2, 40)], gender="F")


class Told:
    """A model that says what it was made with, and notes whom it was asked about."""

    def __init__(self, scores: np.ndarray) -> None:
        self.scores, self.asked = scores.astype(np.float32), []

    def catalogue(self, profile: Profile) -> Prediction:
        self.asked.append(profile)
        return Prediction(self.scores)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return made_up()


@pytest.fixture(scope="module", autouse=True)
def artifacts(data, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("artifacts")
        patch.setenv("LCREC_ARTIFACTS", str(root))
        sizes = {"embedding_size": 4, "filters": 2, "feature_size": 6, "state_size": 5, "batch_size": 64}
        for name, settings in {"paper": sizes, "pick": {"embedding_size": 4, "state_size": 5}}.items():
            family = registry.family(name)
            train(TrainRequest(data, family, configured(family.default_config(), epochs=1, **settings)))
        yield root


@pytest.fixture
def bundle():
    return bundles.load_bundle("made-up/paper")


def of(bundle, data, pick=None, habits=None) -> Recommender:
    return Recommender(bundle, data, SimpleNamespace(pick=pick, habits=habits))


@pytest.fixture
def picked(data) -> np.ndarray:
    """Log-probabilities that differ from movie to movie."""
    return np.log(np.random.default_rng(1).dirichlet(np.ones(len(data.movies))))


def score_by_id(recommender: Recommender, wish: Wish, profile: Profile = PERSON) -> np.ndarray:
    ranked = recommender.rank(profile, Filters(include_rated=True), wish)
    return ranked.sort_values("movie_id")["score"].to_numpy()


def log_liked(recommender: Recommender, data: Dataset, profile: Profile = PERSON) -> np.ndarray:
    ratings = recommender._model.catalogue(profile).ratings
    return np.log(np.maximum(chance_of_liking(Prediction.of_ratings(ratings), data.scale), 1e-3))


def test_the_score_by_hand(bundle, data, picked):
    habits = np.linspace(-0.1, 0.4, len(picked))
    ours = of(bundle, data, Told(picked), Told(habits))
    expected = np.log(1e-4 + PICKS * np.exp(picked) + np.maximum(habits, 0)) + log_liked(ours, data)
    np.testing.assert_allclose(score_by_id(ours, Wish()), expected, rtol=1e-4)
    counts = np.bincount(data.ratings["movie_id"], minlength=61)[1:]
    bold = score_by_id(ours, Wish(adventure=0.5))
    np.testing.assert_allclose(bold, expected - 0.5 * np.log(1 + counts), rtol=1e-4)


def test_a_list_is_sorted_by_its_score_and_keeps_the_rating_models_columns(bundle, data, picked):
    ours = of(bundle, data, Told(picked), Told(np.zeros(60)))
    ranked = ours.rank(PERSON)
    assert ranked["score"].is_monotonic_decreasing
    np.testing.assert_array_equal(ranked["predicted"], ours.predict(PERSON, ranked["movie_id"].to_numpy()))
    assert [(line.movie_id, line.score) for line in ours.top_n(PERSON, 5)] == list(
        zip(ranked["movie_id"][:5], ranked["score"][:5], strict=True)
    )


def test_of_two_movies_alike_in_all_else_adventure_puts_the_lesser_known_first(bundle, data):
    alike = of(bundle, data, Told(np.full(60, -4.0)), None)
    alike._model = SimpleNamespace(catalogue=lambda profile: Prediction.of_ratings(np.full(60, 4.0, np.float32)))
    safe, even, bold = (alike.rank(PERSON, wish=Wish(adventure=by))["num_ratings"] for by in (-1, 0, 1))
    assert safe.is_monotonic_decreasing
    assert even.is_monotonic_decreasing, "ties are broken by number of ratings"
    assert bold.is_monotonic_increasing


def test_a_mood_is_told_by_the_last_ratings_alone_and_liking_by_all(bundle, data, picked):
    pick, habits = Told(picked), Told(np.zeros(60))
    ours = of(bundle, data, pick, habits)
    ours.rank(PERSON, wish=Wish(mood=2))
    for asked in (*pick.asked, *habits.asked):
        assert (asked.movie_ids.tolist(), asked.ratings.tolist(), asked.gender) == ([3, 4], [4, 2], "F")
    np.testing.assert_allclose(score_by_id(ours, Wish(mood=2)), score_by_id(ours, Wish()), rtol=1e-5)
    assert score_by_id(ours, Wish(mood=99)) is not None
    assert pick.asked[-1] is PERSON


def test_more_like_a_movie_asks_about_it_alone_and_leaves_it_out(bundle, data, picked):
    near = np.zeros(60)
    near[[6, 8]] = 0.3, 0.2
    pick, habits = Told(picked), Told(near)
    ours = of(bundle, data, pick, habits)
    ours._model = SimpleNamespace(catalogue=lambda profile: Prediction.of_ratings(np.full(60, 4.0, np.float32)))
    wish = Wish(like_movie=20)
    assert [line.movie_id for line in ours.top_n(PERSON, 2, wish=wish)] == [7, 9]
    assert 20 not in ours.rank(PERSON, wish=wish)["movie_id"].tolist()
    (asked,) = habits.asked
    assert (asked.movie_ids.tolist(), asked.ratings.tolist(), asked.gender) == ([20], [5], "F")
    with pytest.raises(ProfileError, match="no movie 999"):
        ours.rank(PERSON, wish=Wish(like_movie=999))


@pytest.mark.parametrize("habits", [None, Told(np.zeros(60))], ids=["no EASE", "EASE knows nothing of it"])
def test_without_habits_more_like_a_movie_is_what_its_features_are_near_to(bundle, data, habits):
    ours = of(bundle, data, None, habits)
    ours._model = SimpleNamespace(catalogue=lambda profile: Prediction.of_ratings(np.full(60, 4.0, np.float32)))
    listed = [line.movie_id for line in ours.top_n(Profile.of(), 5, wish=Wish(like_movie=20))]
    assert listed == [movie_id for movie_id, _ in ours.similar(20, 5)]


def test_what_is_similar_to_a_movie_is_what_goes_with_liking_it(bundle, data):
    told = Told(np.arange(60))
    ours = of(bundle, data, None, told)
    assert [movie_id for movie_id, _ in ours.similar(59, 3)] == [60, 58, 57], "and never the movie itself"
    assert told.asked[0].movie_ids.tolist() == [59]


def test_what_is_not_there_is_stood_in_for_by_popularity(bundle, data):
    counts = np.bincount(data.ratings["movie_id"], minlength=61)[1:]
    share = (counts + 1) / (counts + 1).sum()
    np.testing.assert_allclose(log_share(counts), np.log(share), rtol=1e-6)
    for alone in (Recommender(bundle, data), of(bundle, data)):
        expected = np.log(1e-4 + PICKS * share) + log_liked(alone, data)
        np.testing.assert_allclose(score_by_id(alone, Wish()), expected, rtol=1e-4)
    assert (score_by_id(alone, Wish(by=HABITS)) == 0).all()
    np.testing.assert_array_equal(score_by_id(alone, Wish(by=POPULARITY)), counts)


def test_somebody_without_a_like_needs_no_ease(bundle, data, picked):
    habits = Told(np.ones(60))
    of(bundle, data, Told(picked), habits).rank(Profile.of([(2, 1, 20)]))
    assert not habits.asked


def test_lists_are_for_you_with_parts_and_by_rating_without(bundle, data, picked):
    assert Recommender(bundle, data).usual_wish.by == RATING
    with_parts = of(bundle, data, Told(picked))
    assert with_parts.usual_wish == Wish(by=FOR_YOU)
    assert with_parts.rank(PERSON, wish=Wish(by=RATING))["predicted"].is_monotonic_decreasing


def test_moving_a_slider_asks_no_model_again(bundle, data, picked):
    pick, habits = Told(picked), Told(np.zeros(60))
    ours = of(bundle, data, pick, habits)
    for adventure in (-1, 0, 1):
        for diversity in (0, 0.5):
            ours.top_n(PERSON, wish=Wish(adventure=adventure, diversity=diversity))
    assert len(pick.asked) == len(habits.asked) == 1
    ours.top_n(replace(PERSON))
    assert len(pick.asked) == 2


def test_diversity_by_hand():
    """The second is the first's sequel: the third, unlike both, comes before it."""
    scores, directions = np.array([3.0, 2.8, 2.0, 1.0]), np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
    assert diversified(scores, directions, 0.0).tolist() == [0, 1, 2, 3]
    # Gains of the second place at one half: .9/2 - 1/2 = -.05, .5/2 - 0 = .25 and 0.
    assert diversified(scores, directions, 0.5).tolist() == [0, 2, 1, 3]
    assert diversified(scores, directions, 1.0)[:2].tolist() == [0, 2]
    assert diversified(scores[:0], directions[:0], 0.5).tolist() == []


@pytest.mark.parametrize("diversity", [0.2, 0.6, 1.0])
def test_diversity_keeps_the_best_first_and_loses_nobody(bundle, data, picked, diversity):
    ours = of(bundle, data, Told(picked))
    plain, mixed = ours.rank(PERSON), ours.rank(PERSON, wish=Wish(diversity=diversity))
    assert mixed["movie_id"][0] == plain["movie_id"][0]
    assert set(mixed["movie_id"]) == set(plain["movie_id"])


@pytest.mark.parametrize("wrong", [{"by": "luck"}, {"adventure": 2}, {"diversity": -0.1}, {"mood": 0}])
def test_what_no_list_can_be_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong)) if "by" not in wrong else "luck"):
        Wish(**wrong)


class TestParts:
    def test_the_data_sets_pick_bundle_is_opened(self, bundle, data):
        pick = ListParts(bundle, data).pick
        np.testing.assert_allclose(np.exp(pick.catalogue(PERSON).scores).sum(), 1, rtol=1e-4)

    def test_a_missing_a_damaged_and_a_strange_one_are_none_and_logged(self, bundle, data, artifacts, caplog):
        caplog.set_level("INFO", logger="lcrec")
        weights = artifacts / "made-up" / "pick" / "weights.safetensors"
        sound = weights.read_bytes()
        try:
            weights.write_bytes(sound[:-1])
            assert ListParts(bundle, data).pick is None
        finally:
            weights.write_bytes(sound)
        assert ListParts(bundle, made_up(seed=1)).pick is None
        assert ListParts(bundle, replace(data, name="elsewhere")).pick is None
        assert all(f"lists without {name}/pick" in caplog.text for name in ("made-up", "elsewhere"))

    def test_ease_is_kept_and_fitted_again_where_the_file_is_damaged(self, bundle, data, artifacts):
        first = ListParts(bundle, data).habits.catalogue(PERSON).scores
        (kept,) = (artifacts / ".cache" / "habits").iterdir()
        written = kept.stat().st_mtime_ns
        assert ListParts(bundle, data).habits.catalogue(PERSON).scores.tobytes() == first.tobytes()
        assert kept.stat().st_mtime_ns == written
        for damaged in (b"", kept.read_bytes()[:-3], b"x" * 1000):
            kept.write_bytes(damaged)
            os.utime(kept, ns=(1, 1))
            np.testing.assert_allclose(ListParts(bundle, data).habits.catalogue(PERSON).scores, first, rtol=1e-5)
            assert kept.stat().st_mtime_ns != 1

    def test_who_does_not_wait_gets_it_a_moment_later(self, bundle, data, artifacts, monkeypatch):
        monkeypatch.setattr(list_parts, "FITTED_AT_ONCE", 0)
        for kept in (artifacts / ".cache" / "habits").glob("*"):
            kept.unlink()
        parts = ListParts(bundle, data, patient=False)
        parts.habits  # noqa: B018 - asking begins it
        parts._fitting.join()
        assert not parts.being_fitted
        assert parts.habits is not None
        assert not ListParts(bundle, data, patient=False).being_fitted

    def test_a_catalogue_that_is_too_large_has_none(self, bundle, data, monkeypatch):
        def refuse(*arguments):
            raise TrainingError("too large")

        monkeypatch.setattr("lcrec_core.models.linear.model.check_memory", refuse)
        assert ListParts(bundle, data).habits is None


def test_a_model_that_only_ranks_serves_nobody_by_itself(artifacts):
    assert bundles.resolve("made-up") == "made-up/paper"
    assert [found.name for found in bundles.list_raters("made-up")] == ["made-up/paper"]
    with pytest.raises(bundles.BundleError, match=r"predicts no rating.*made-up/paper"):
        bundles.load_rater("made-up/pick")
