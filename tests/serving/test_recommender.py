import gc
import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.errors import BundleError, ProfileError
from lcrec_core.evaluation.measure import measure_again
from lcrec_core.models import registry
from lcrec_core.models.contract import Prediction
from lcrec_core.models.paper.model import catalogue_features
from lcrec_core.models.settings import configured
from lcrec_core.serving import best
from lcrec_core.serving.catalogue import Catalogue
from lcrec_core.serving.explain import explain, unit_vectors
from lcrec_core.serving.filters import Filters
from lcrec_core.serving.lists import FOR_YOU, HABITS, POPULARITY, RATING, Wish
from lcrec_core.serving.recommender import Recommender
from lcrec_core.training.run import TrainRequest, train
from tests.made_up import made_up

NETWORK = {"embedding_size": 4, "filters": 2, "feature_size": 8, "state_size": 6}
UNRATED = 80
"""A movie that nobody has rated, so that the network has never seen it."""


@pytest.fixture(scope="module")
def data() -> Dataset:
    data = made_up(people=30, films=80, ratings_each=40)
    return Dataset(data.name, data.users, data.movies, data.ratings[data.ratings["movie_id"] != UNRATED], data.scale)


def request_of(data: Dataset, model: str, **settings) -> TrainRequest:
    family = registry.family(model)
    return TrainRequest(data, family, configured(family.default_config(), **settings))


@pytest.fixture(scope="module")
def ours(data, tmp_path_factory) -> Recommender:
    """The same data served by LCRec."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCREC_ARTIFACTS", str(tmp_path_factory.mktemp("artifacts")))
        backbone = {"factors": 3, "iterations": 20, "burn_in": 10, "samples": 5}
        train(request_of(data, "lcrec", folds=2, epochs=2, targets_per_step=100, **backbone))
        return Recommender.load("made-up/lcrec", data)


@pytest.fixture(scope="module")
def sizes(ours, data) -> tuple[Recommender, Recommender]:
    """The same as of a small catalogue, and as of a large one."""
    picked = np.log(np.random.default_rng(1).dirichlet(np.full(len(data.movies), 0.3))).astype(np.float32)
    parts = SimpleNamespace(pick=SimpleNamespace(catalogue=lambda _: Prediction(picked)), habits=None)
    return tuple(Recommender(ours.bundle, data, parts, in_parts_from=movies) for movies in (81, 80))


@pytest.fixture(scope="module")
def recommender(data, tmp_path_factory) -> Recommender:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCREC_ARTIFACTS", str(tmp_path_factory.mktemp("artifacts")))
        bundle = train(request_of(data, "paper", epochs=3, learning_rate=0.01, batch_size=64, **NETWORK))
        return Recommender(bundle, data)


PEOPLE = {
    "of the data set": lambda data: Profile.from_dataset(data, 11),
    "new, demographics only": lambda data: Profile.of(gender="F", age=25),
    "new, nothing at all": lambda data: Profile.of(),
    "new, ratings only": lambda data: Profile.of([(1, 5, 10), (2, 4, 20), (3, 1, 30)]),
    "2,000 ratings": lambda data: Profile.of([(i % 400 + 1, 1 + i % 5, i) for i in range(2000)]),
    "only dislikes": lambda data: Profile.of([(1, 1, 1), (2, 2, 2)]),
    "an occupation never heard of": lambda data: Profile.of(occupation="astronaut"),
}


@pytest.mark.parametrize("kind", PEOPLE)
@pytest.mark.parametrize("model", ["recommender", "ours"])
def test_everybody_gets_an_answer_on_the_scale(request, data, model, kind):
    predicted = request.getfixturevalue(model).predict(PEOPLE[kind](data))
    assert predicted.shape == (80,)
    assert predicted.dtype == np.float32
    assert np.all((predicted >= 1) & (predicted <= 5))


def test_lcrec_reads_low_ratings_too_and_moves_at_once(ours):
    nothing = ours.predict(Profile.of())
    liked, disliked = (ours.predict(Profile.of([(1, stars, 1), (2, stars, 2), (3, stars, 3)])) for stars in (5, 1))
    assert liked.mean() > nothing.mean() > disliked.mean()


def test_lcrec_tells_how_far_its_backbones_are(data, monkeypatch, tmp_path):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))
    backbone = {"factors": 2, "iterations": 4, "burn_in": 2, "samples": 2}
    told = []
    train(request_of(data, "lcrec", folds=2, epochs=1, targets_per_step=500, **backbone), told.append)
    sampled, laid_out = (
        [f"{n} of 2 backbones sampled" for n in range(3)],
        [f"{n} of 2 folds laid out" for n in range(2)],
    )
    assert [progress.note for progress in told if progress.note] == sampled + laid_out
    assert (told[-1].state, told[-1].step) == ("done", told[-1].steps)
    # What goes on before the first step counts, in the order in which it goes on.
    shares = [progress.share for progress in told if progress.state == "running"]
    assert shares == sorted(shares)
    assert 0 < next(progress.share for progress in told if progress.note == sampled[1]) < 0.5
    assert (shares[0], shares[-1], told[-2].eta_seconds) == (0, 1, 0)


def test_an_lcrec_bundle_with_other_arrays_says_how_to_make_one_that_fits(ours, data):
    older = {name: value for name, value in ours.bundle.weights.items() if name != "backbone.movies_scale"}
    with pytest.raises(BundleError, match=r"movies_scale.*train --data made-up --model lcrec"):
        Recommender(replace(ours.bundle, weights=older), data)


def test_an_lcrec_bundle_measures_again_what_it_records(ours, data, monkeypatch, tmp_path):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))
    errors = measure_again(ours.bundle, data)
    assert errors.mse == pytest.approx(ours.bundle.metrics["test_mse"], abs=1e-6)
    history = ours.bundle.history
    assert [row["epoch"] for row in history][-1] == 2.0
    assert len(history) == 4


def test_a_movie_unseen_in_training_is_predicted(recommender):
    assert np.isfinite(recommender.predict(Profile.of([(1, 5, 1)]), [UNRATED])).all()
    line = recommender.rank(Profile.of()).set_index("movie_id").loc[UNRATED]
    assert line["num_ratings"] == 0
    assert np.isnan(line["mean_rating"])


def test_one_pass_over_the_catalogue_is_the_network_movie_by_movie(recommender, data):
    """Against the path that measured the test part: the same network, person by person, pair by pair."""
    rows = data.ratings.index[data.ratings["user_id"] == 11].to_numpy()
    known, asked = rows[::2], rows[1::2]
    expected = registry.load(recommender.bundle, data).rows(asked, context=known).ratings
    profile = Profile.from_dataset(replace(data, ratings=data.ratings.loc[known]), 11)
    predicted = recommender.predict(profile, data.ratings.loc[asked, "movie_id"].to_numpy())
    np.testing.assert_allclose(predicted, data.scale.clip(expected), rtol=1e-5)


def test_the_kept_movie_features_are_the_networks_own(recommender, data):
    bundle = recommender.bundle
    assert bundle.movie_features.shape == (80, 8)
    assert bundle.metrics["parameters"] == sum(weights.size for weights in bundle.weights.values())
    model = registry.load(bundle, data)
    np.testing.assert_allclose(catalogue_features(model.network, model.encoded), bundle.movie_features, atol=1e-6)


def test_predict_keeps_the_order_asked_for(recommender):
    profile = Profile.of([(1, 5, 1)])
    everything = recommender.predict(profile)
    np.testing.assert_allclose(recommender.predict(profile, [7, 3, 7]), everything[[6, 2, 6]], rtol=1e-6)


def test_asking_changes_nothing(recommender, data):
    profile = Profile.from_dataset(data, 11)
    before = recommender.predict(profile).tobytes()
    recommender.top_n(profile)
    recommender.explain(profile, 1)
    recommender.predict(Profile.of([(1, 5, 1)]))
    assert recommender.predict(profile).tobytes() == before


def test_lcrec_says_how_likely_each_rating_is_and_predicts_the_mean(ours, data):
    profile = Profile.from_dataset(data, 11)
    probabilities = ours.probabilities(profile)
    assert probabilities.shape == (80, 5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(probabilities @ np.arange(1, 6), ours.predict(profile), rtol=1e-5)
    np.testing.assert_array_equal(ours.probabilities(profile, [7, 3]), probabilities[[6, 2]])


def test_the_chance_of_liking_is_that_of_four_stars_and_five(ours, data):
    profile = Profile.from_dataset(data, 11)
    ranking = ours.rank(profile)
    for line in ours.top_n(profile, 5):
        assert line.p_like == pytest.approx(line.probabilities[3] + line.probabilities[4], rel=1e-5)
        assert ranking.set_index("movie_id")["liking"][line.movie_id] == pytest.approx(line.p_like)


def test_the_papers_model_gives_ratings_alone(recommender):
    assert recommender.probabilities(Profile.of()) is None
    assert "liking" not in recommender.rank(Profile.of())
    assert {(line.probabilities, line.p_like) for line in recommender.top_n(Profile.of())} == {(None, None)}


def test_one_profile_object_is_one_pass_over_the_catalogue(recommender, data, monkeypatch):
    asked = []
    catalogue = recommender._model.catalogue
    monkeypatch.setattr(recommender._model, "catalogue", lambda profile: asked.append(profile) or catalogue(profile))
    profile = Profile.from_dataset(data, 11)
    recommender.rank(profile)
    recommender.top_n(profile)
    recommender.predict(profile, [1])
    assert len(asked) == 1
    recommender.predict(replace(profile, ratings=profile.ratings[::-1]))
    assert len(asked) == 2


@pytest.mark.parametrize(
    "wish",
    [
        Wish(by=FOR_YOU),
        Wish(adventure=0.8),
        Wish(adventure=-0.5, diversity=0.6),
        Wish(mood=2),
        Wish(like_movie=5),
        *(Wish(by=by) for by in (RATING, POPULARITY, HABITS)),
    ],
)
@pytest.mark.parametrize("kind", ["of the data set", "new, nothing at all", "new, ratings only"])
def test_the_first_of_a_large_catalogue_are_those_of_a_list_of_everything(sizes, data, monkeypatch, wish, kind):
    monkeypatch.setattr(best, "FIRST_SCORED", 3)
    small, large = sizes
    for n, filters in ((1, Filters()), (5, Filters(min_ratings=3)), (500, Filters(genres_in=frozenset({"Drama"})))):
        person = PEOPLE[kind](data)
        wanted, found = small.top_n(person, n, filters, wish), large.top_n(replace(person), n, filters, wish)
        assert [line.movie_id for line in found] == [line.movie_id for line in wanted]
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one.probabilities, other.probabilities, rtol=1e-4)
            assert (one.predicted, one.score) == pytest.approx((other.predicted, other.score), rel=1e-5)
        assert large.order(person, filters, wish).tolist() == small.order(person, filters, wish).tolist()


def test_of_a_large_catalogue_a_movie_is_predicted_when_it_is_asked_about(sizes, data, monkeypatch):
    monkeypatch.setattr(best, "FIRST_SCORED", 3)
    small, large = sizes
    asked, asked_by = [], large.model.asked_by

    def counted(profile):
        about = asked_by(profile)
        return lambda positions: asked.append(positions.tolist()) or about(positions)

    monkeypatch.setattr(large.model, "asked_by", counted)
    person = PEOPLE["new, ratings only"](data)
    np.testing.assert_allclose(large.predict(person, [7, 3, 7]), small.predict(person, [7, 3, 7]), rtol=1e-5)
    assert asked == [[2, 6]]
    large.top_n(person, 1)
    scored = sum(map(len, asked[1:]))
    assert 3 <= scored < 40, "half of the catalogue for one movie"
    np.testing.assert_allclose(large.predict(person), small.predict(person), rtol=1e-5)
    assert sorted(position for some in asked for position in some) == list(range(80)), "once each"


def test_what_was_predicted_to_somebody_goes_with_them(sizes, data):
    for recommender in sizes:
        person = PEOPLE["new, ratings only"](data)
        recommender.top_n(person)
        left = weakref.ref(person)
        del person
        gc.collect()
        assert left() is None


def test_rated_movies_stay_out_unless_asked_for(recommender, data):
    profile = Profile.from_dataset(data, 11)
    assert not set(recommender.rank(profile)["movie_id"]) & set(profile.movie_ids)
    assert len(recommender.rank(profile, Filters(include_rated=True))) == 80
    assert len(recommender.rank(profile)) == 80 - len(profile.movie_ids)


def test_the_order_is_the_ranking_s(recommender, data):
    person, filters = Profile.from_dataset(data, 11), Filters(min_ratings=3)
    ids = data.movies["movie_id"].to_numpy()[recommender.order(person, filters)]
    assert ids.tolist() == recommender.rank(person, filters)["movie_id"].tolist()


def test_a_ranking_is_by_prediction_and_the_top_is_its_head(recommender, data):
    profile = Profile.from_dataset(data, 11)
    ranking = recommender.rank(profile)
    assert ranking["predicted"].is_monotonic_decreasing
    top = recommender.top_n(profile, 5)
    assert [line.movie_id for line in top] == ranking["movie_id"].head(5).tolist()
    np.testing.assert_allclose([line.predicted for line in top], ranking["predicted"].head(5))


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        (Filters(genres_in=frozenset({"Drama"})), lambda row: "Drama" in row.genres.split("|")),
        (Filters(genres_out=frozenset({"Drama", "War"})), lambda row: not {"Drama", "War"} & {*row.genres.split("|")}),
        (Filters(year_from=1970, year_to=1980), lambda row: 1970 <= row.year <= 1980),
        (Filters(min_ratings=12), lambda row: row.num_ratings >= 12),
        (Filters(max_ratings=12), lambda row: row.num_ratings <= 12),
    ],
)
def test_filters_keep_what_passes_and_nothing_else(recommender, filters, passes):
    everything = recommender.rank(Profile.of())
    expected = {row.movie_id for row in everything.itertuples() if passes(row)}
    assert set(recommender.rank(Profile.of(), filters)["movie_id"]) == expected
    assert 0 < len(expected) < 80


def undated(data: Dataset, movies: list[int]) -> Dataset:
    """The same data, some of whose movies have no year."""
    table = data.movies.astype({"year": "Int64"})
    chosen = table["movie_id"].isin(movies)
    table.loc[chosen, "year"] = pd.NA
    return Dataset(data.name, data.users, table, data.ratings, data.scale)


def test_movies_without_a_year_pass_until_they_are_left_out(recommender, data):
    ours = Recommender(recommender.bundle, undated(data, [3, 4]))
    dated = set(recommender.rank(Profile.of(), Filters(year_from=1970, year_to=1980))["movie_id"]) - {3, 4}
    for filters, expected in (
        (Filters(), set(range(1, 81))),
        (Filters(year_from=1970, year_to=1980), dated | {3, 4}),
        (Filters(year_from=2000), {3, 4}),
        (Filters(year_from=1970, year_to=1980, unknown_year=False), dated),
        (Filters(unknown_year=False), set(range(1, 81)) - {3, 4}),
    ):
        assert set(ours.rank(Profile.of(), filters)["movie_id"]) == expected


def test_filters_that_leave_nothing_give_an_empty_list(recommender):
    nothing = Filters(min_ratings=10_000)
    assert recommender.rank(Profile.of(), nothing).empty
    assert recommender.top_n(Profile.of(), 5, nothing) == []


@pytest.mark.parametrize(
    "wrong", [{"year_from": 2000, "year_to": 1990}, {"min_ratings": -1}, {"min_ratings": 5, "max_ratings": 4}]
)
def test_impossible_filters_are_refused(wrong):
    with pytest.raises(ValueError, match=r"backwards|negative|below"):
        Filters(**wrong)


def test_means_and_counts_are_the_data_sets(recommender, data):
    of_one = data.ratings[data.ratings["movie_id"] == 1]["rating"]
    assert recommender.catalogue.stats.loc[1, "num_ratings"] == len(of_one)
    assert recommender.catalogue.stats.loc[1, "mean_rating"] == pytest.approx(of_one.mean())


def test_reasons_are_movies_the_person_liked_and_genres_they_favour(recommender, data):
    profile = Profile.from_dataset(data, 11)
    given = dict(zip(profile.movie_ids.tolist(), profile.ratings.tolist(), strict=True))
    genres = data.movies.set_index("movie_id")["genres"]
    for line in recommender.top_n(profile, 10):
        reason = recommender.explain(profile, line.movie_id)
        assert all(given[liked.movie_id] == liked.rating >= 4 for liked in reason.because)
        assert line.movie_id not in [liked.movie_id for liked in reason.because]
        for genre in reason.shared_genres:
            rated = [value for movie, value in given.items() if genre in genres[movie].split("|")]
            assert genre in line.genres
            assert np.mean(rated) > profile.ratings.mean()


def test_somebody_new_gets_an_honest_reason(recommender):
    reason = recommender.explain(Profile.of(), 1)
    assert (reason.because, reason.shared_genres) == ((), ())
    assert "rate a few movies" in reason.text


def test_neighbours_are_nearest_first_and_never_the_movie_itself(recommender):
    near = recommender.similar(1, 10)
    assert 1 not in [movie for movie, _ in near]
    cosines = [cosine for _, cosine in near]
    assert cosines == sorted(cosines, reverse=True)
    assert all(-1.001 <= cosine <= 1.001 for cosine in cosines)
    counts = recommender.catalogue.stats["num_ratings"]
    known = recommender.similar(1, 10, min_ratings=int(counts.quantile(0.75)))
    assert counts[[movie for movie, _ in known]].min() >= counts.quantile(0.75)


def test_suggestions_are_well_known_unrated_and_different(recommender, data):
    profile = Profile.from_dataset(data, 11)
    suggested = recommender.suggestions(profile, 12)
    assert len(set(suggested)) == 12
    assert not set(suggested) & set(profile.movie_ids.tolist())
    counts = recommender.catalogue.stats["num_ratings"]
    assert counts[suggested].mean() > counts.drop(profile.movie_ids.tolist()).mean()


def test_unknown_movies_and_people_are_named(recommender, data):
    with pytest.raises(ProfileError, match="no movie 999"):
        recommender.predict(Profile.of(), [999])
    with pytest.raises(ProfileError, match="no user 999"):
        Profile.from_dataset(data, 999)
    with pytest.raises(ValueError, match="at least 1"):
        recommender.top_n(Profile.of(), 0)


@pytest.mark.parametrize("table", ["movies", "users", "ratings"])
def test_other_data_than_the_bundles_is_refused(recommender, data, table):
    tables = {name: getattr(data, name).copy() for name in ("movies", "users", "ratings")}
    if table == "movies":
        tables["movies"].loc[0, "title"] = "Another (1990)"
    elif table == "users":
        tables["users"].loc[0, "gender"] = "F" if data.users.loc[0, "gender"] == "M" else "M"
    else:
        tables["ratings"].loc[tables["ratings"].index[0], "rating"] = 6 - data.ratings["rating"].iloc[0]
        if tables["ratings"]["rating"].equals(data.ratings["rating"]):
            tables["ratings"].loc[tables["ratings"].index[0], "rating"] = 1
    other = Dataset(data.name, scale=data.scale, **tables)
    with pytest.raises(BundleError, match=f"other {table}"):
        Recommender(recommender.bundle, other)


def test_another_order_of_rows_is_the_same_data(recommender, data):
    shuffled = Dataset(
        data.name,
        data.users.sample(frac=1, random_state=1),
        data.movies.sample(frac=1, random_state=1),
        data.ratings.sample(frac=1, random_state=1),
        data.scale,
    )
    profile = Profile.from_dataset(data, 11)
    same = Recommender(recommender.bundle, shuffled)
    pd.testing.assert_frame_equal(same.rank(profile), recommender.rank(profile))


def test_reasons_say_titles_as_people_do(recommender, data):
    movies = data.movies.copy()
    movies["title"] = [f"Wave {number}, The (1990)" for number in movies["movie_id"]]
    titled, directions = Catalogue(replace(data, movies=movies)), unit_vectors(recommender.bundle.movie_features)
    profile = Profile.from_dataset(data, 11)
    best = titled.positions([line.movie_id for line in recommender.top_n(profile, 5)])
    reasons = [explain(titled, directions, profile, position) for position in best]
    assert any(reason.because for reason in reasons)
    for reason in reasons:
        assert ", The (" not in reason.text
        for liked in reason.because:
            assert liked.title.endswith(", The (1990)")
            assert liked.title.replace(", The", "").replace("Wave", "The Wave") in reason.text
