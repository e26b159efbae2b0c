import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import Encoded, encode
from lcrec_core.data.profile import Profile
from lcrec_core.data.split import Protocol, Split, make_split
from lcrec_core.files import seal, unseal
from lcrec_core.models import registry
from lcrec_core.models.contract import Silent
from lcrec_core.models.lcrec import fit
from lcrec_core.models.lcrec import model as lcrec_model
from lcrec_core.models.lcrec.backbone import Backbone
from lcrec_core.models.lcrec.config import BackboneConfig, LCRecConfig, NetworkConfig
from lcrec_core.models.lcrec.fit import Kept
from lcrec_core.models.lcrec.model import LCRecModel, interactions_of
from lcrec_core.models.lcrec.network import Events, LCRecNetwork, Targets
from lcrec_core.models.lcrec.parts import Part
from lcrec_core.models.lcrec.sampler import Chain
from lcrec_core.models.lcrec.sequences import UserRatings, gap, log_count, make_sequences, step, steps
from lcrec_core.models.lcrec.side_information import Interactions
from lcrec_core.models.lcrec.trace import Switches, trace
from lcrec_core.models.settings import configured
from tests.made_up import made_up

BACKBONE = BackboneConfig(factors=2, iterations=6, burn_in=2, samples=2)
NETWORK = NetworkConfig(embedding_size=4, filters=2, feature_size=6, state_size=5, hidden_size=8)
CONFIG = LCRecConfig(folds=2, epochs=1, targets_per_step=100, backbone=BACKBONE, network=NETWORK)
VALUES = (1.0, 2.0, 3.0, 4.0, 5.0)
SIZES = {"movies": 12, "genres": 6, "words": 9}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return made_up(people=24, films=40, ratings_each=20)


@pytest.fixture(scope="module")
def split(data) -> Split:
    return make_split(data, Protocol.RANDOM, 0)


@pytest.fixture(scope="module")
def model(data, split) -> LCRecModel:
    return fitted(data, encode(data, split.fitting))


def fitted(data: Dataset, encoded: Encoded, scratch: Path | None = None) -> LCRecModel:
    return fit.fit(data, encoded, CONFIG, scratch, Silent())


def with_ratings(data: Dataset, rows: np.ndarray, values: np.ndarray) -> Dataset:
    ratings = data.ratings.copy()
    ratings.loc[rows, Col.RATING] = values
    return Dataset(data.name, data.users, data.movies, ratings, data.scale)


def test_a_test_ratings_value_does_not_move_any_prediction_by_a_bit(data, split, model):
    before = model.rows(split.test)
    opposite = 6 - data.ratings[Col.RATING].to_numpy()[split.test]
    changed = with_ratings(data, split.test, opposite)
    after = fitted(changed, encode(changed, split.fitting)).rows(split.test)
    np.testing.assert_array_equal(before.ratings, after.ratings)
    np.testing.assert_array_equal(before.probabilities, after.probabilities)


def test_a_hidden_targets_value_reaches_nothing_that_predicts_it(data, split, monkeypatch):
    """Training: with the fold's own ratings upside down, its backbone, events and targets stay as they are."""
    seen = []

    def keep(model, folds, *others):
        seen.append((folds.sequences, folds.ratings))
        return LCRecNetwork(NETWORK, model.encoded.vocabularies.sizes(), VALUES)

    monkeypatch.setattr(fit, "train_network", keep)
    encoded = encode(data, split.fitting)
    fitted(data, encoded)
    fold_of = np.random.default_rng([0, 0]).integers(0, 2, len(encoded.histories.ratings))
    ratings = np.where(fold_of == 0, 6 - encoded.histories.ratings, encoded.histories.ratings).astype(np.float32)
    changed = replace(encoded, histories=replace(encoded.histories, ratings=ratings))
    fitted(data, changed)
    (before, values), (after, changed_values) = seen
    assert not np.array_equal(values[0], changed_values[0])
    for one, other in zip(before[0], after[0], strict=True):
        for name, array in vars(one).items():
            np.testing.assert_array_equal(array, getattr(other, name), err_msg=name)


def test_targets_are_no_events_of_their_own_sequence(data, split, monkeypatch):
    taken = []
    monkeypatch.setattr(fit, "train_network", lambda model, folds, *others: taken.extend(folds.sequences))
    encoded = encode(data, split.fitting)
    fitted(data, encoded)
    for sequences in (part for pair in taken for part in pair):
        for person in range(24):
            events = sequences.movies[slice(*sequences.offsets[person : person + 2])]
            targets = sequences.target_movies[slice(*sequences.target_offsets[person : person + 2])]
            assert not set(events) & set(targets)
    assert sum(len(among_all) for among_all, _ in taken) == len(split.fitting)


def test_short_histories_are_first_ratings_of_every_length(data, split, monkeypatch):
    taken = []
    monkeypatch.setattr(fit, "train_network", lambda model, folds, *others: taken.extend(folds.sequences))
    fitted(data, encode(data, split.fitting))
    shares = []
    for among_all, among_few in taken:
        np.testing.assert_array_equal(among_all.target_movies, among_few.target_movies)
        for person in range(24):
            everything = among_all.movies[slice(*among_all.offsets[person : person + 2])]
            few = among_few.movies[slice(*among_few.offsets[person : person + 2])]
            np.testing.assert_array_equal(everything[: len(few)], few)
            shares.append(len(few) / len(everything))
    assert min(shares) == 0
    assert 0.5 < max(shares) < 1


def test_the_same_seed_gives_the_same_model(data, split, model, tmp_path):
    again = fitted(data, encode(data, split.fitting), tmp_path)
    resumed = fitted(data, encode(data, split.fitting), tmp_path)
    for name, value in model.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name])
        assert torch.equal(value, resumed.network.state_dict()[name])
    kept = sorted(path.name.partition("-")[0] for path in tmp_path.iterdir())
    assert kept == ["backbone"] * CONFIG.folds + ["network"]


@pytest.mark.parametrize(
    ("owner", "name", "nth"), [(Chain, "round", 9), (lcrec_model, "_build_queries", 5), (Kept, "keep", 3)]
)
def test_a_run_that_is_killed_ends_with_the_same_bits_and_does_nothing_again(
    data, split, monkeypatch, tmp_path, owner, name, nth
):
    """Killed with signal 9 in the second chain, while a fold is laid out, or in the network's training."""
    monkeypatch.setattr(fit, "KEEP_SECONDS", -1.0)
    monkeypatch.setattr(lcrec_model, "RATINGS_AT_ONCE", 100)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 1)  # so that chains run in this very process
    real, calls, parent = getattr(owner, name), [], os.getpid()

    def counted(*given):
        calls.append(given)
        if os.getpid() != parent and len(calls) == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given)

    monkeypatch.setattr(owner, name, counted)
    encoded = encode(data, split.fitting)
    whole, total = fitted(data, encoded).tensors(), len(calls)
    calls.clear()
    child = multiprocessing.get_context("fork").Process(target=fitted, args=(data, encoded, tmp_path))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    for tensor, value in fitted(data, encoded, tmp_path).tensors().items():
        np.testing.assert_array_equal(value, whole[tensor], err_msg=tensor)
    assert len(calls) == total - (nth - 1)


class Skipped(Silent):
    """What a fit says that an earlier run had spent."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def skip(self, seconds: float) -> None:
        self.seconds.append(seconds)


def test_what_an_earlier_run_spent_is_counted(data, split, tmp_path):
    evidence = interactions_of(data, encode(data, split.fitting))
    fold_of = fit.draw_folds(len(evidence.ratings), CONFIG)
    skipped = Skipped()
    fit.sample_backbones(evidence, fold_of, CONFIG, tmp_path, skipped)
    for path in tmp_path.iterdir():
        path.write_bytes(seal(unseal(path.read_bytes()) | {"seconds": np.array(1000.0)}))
    fit.sample_backbones(evidence, fold_of, CONFIG, tmp_path, skipped)
    none_before, before = skipped.seconds
    assert none_before == 0
    assert before == pytest.approx(2000 / min(2, joblib.cpu_count()), rel=0.05)


def test_it_learns_more_than_the_mean_and_predicts_a_distribution(data, split, model):
    answer = model.rows(split.test)
    actual = data.ratings[Col.RATING].to_numpy()[split.test]
    assert ((answer.ratings - actual) ** 2).mean() < actual.var()
    np.testing.assert_allclose(answer.probabilities.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(answer.ratings, answer.probabilities @ np.array(VALUES), atol=1e-5)


def rows_of(data: Dataset, rows: np.ndarray, person: int) -> np.ndarray:
    return rows[data.ratings[Col.USER].to_numpy()[rows] == person]


def test_a_person_alone_gets_the_same_answers_as_among_others(data, split, model):
    asked, own = rows_of(data, split.test, 7), rows_of(data, split.fitting, 7)
    among = model.rows(asked, use_future=False)
    alone = model.rows(asked, context=own, use_future=False)
    np.testing.assert_allclose(alone.ratings, among.ratings, rtol=0, atol=1e-4)


def test_a_whole_catalogue_is_answered_as_its_rows_are(data, split, model):
    """A row asked at the time of the person's last rating, as the catalogue is."""
    asked, own = rows_of(data, split.test, 7), data.ratings.iloc[rows_of(data, split.fitting, 7)]
    ratings = data.ratings.copy()
    ratings.loc[asked, Col.TIME] = own[Col.TIME].max()
    at_once = replace(data, ratings=ratings)
    by_row = LCRecModel(model.backbone, model.network, at_once, model.encoded, CONFIG).rows(asked, use_future=False)
    person = Profile.from_dataset(replace(data, ratings=own), 7)
    by_catalogue = model.catalogue(person).ratings[data.movie_rows(ratings[Col.MOVIE][asked])]
    np.testing.assert_allclose(by_catalogue, by_row.ratings, rtol=0, atol=1e-4)


def test_a_new_person_without_ratings_is_answered(data, model):
    answer = model.catalogue(Profile.of())
    assert answer.ratings.shape == (40,)
    assert np.isfinite(answer.ratings).all()


@pytest.mark.parametrize("without", ["has_backbone", "has_network"])
def test_half_a_model_is_kept_and_opened_like_the_whole(data, split, without):
    family = registry.family("lcrec")
    config = configured(CONFIG, **{without: False})
    encoded = encode(data, split.fitting)
    half = family.fit(data, encoded, config, None, Silent())
    opened = family.load(half.tensors(), half.item_features, config, data, encoded)
    np.testing.assert_allclose(opened.rows(split.test).ratings, half.rows(split.test).ratings, rtol=0, atol=1e-5)


def test_without_later_events_only_earlier_ones_count(network_and_inputs):
    network, events, features = network_and_inputs
    asked = targets(before=2, after=False)
    expected = network(events, asked, features)
    values, movies = events.values.clone(), events.movies.clone()
    values[:, 2:], movies[:, 2:] = 9.0, 0
    torch.testing.assert_close(network(Events(movies, values, events.lengths), asked, features), expected)
    values[:, 1] = 9.0
    assert not torch.allclose(network(Events(movies, values, events.lengths), asked, features), expected)


def test_later_events_count_from_the_end_and_padding_never_does(network_and_inputs):
    network, events, features = network_and_inputs
    asked = targets(before=2, after=True)
    expected = network(events, asked, features)
    longer = Events(
        torch.cat([events.movies, torch.ones(1, 3, dtype=torch.int64)], dim=1),
        torch.cat([events.values, torch.full((1, 3, 3), 7.0)], dim=1),
        events.lengths,
    )
    torch.testing.assert_close(network(longer, asked, features), expected)
    values = events.values.clone()
    values[:, 3] = 9.0
    assert not torch.allclose(network(Events(events.movies, values, events.lengths), asked, features), expected)


def test_the_network_begins_as_the_backbone(network_and_inputs):
    network, events, features = network_and_inputs
    mean = network.mean(network(events, targets(before=0, after=False), features))
    assert mean.item() == pytest.approx(3.5, abs=0.2)


@pytest.fixture
def network_and_inputs():
    torch.manual_seed(0)
    network = LCRecNetwork(NETWORK, SIZES, VALUES).eval()
    events = Events(torch.tensor([[3, 4, 5, 6]]), torch.randn(1, 4, 3), torch.tensor([4]))
    return network, events, torch.randn(12, 6)


def targets(before: int, after: bool) -> Targets:
    return Targets(
        people=torch.tensor([0]),
        before=torch.tensor([before]),
        after=torch.tensor([after]),
        gaps=torch.zeros(1, 3),
        movies=torch.tensor([7]),
        backbone=torch.tensor([3.5]),
        posterior_std=torch.zeros(1),
    )


def test_a_network_without_titles_or_history_is_smaller_and_works(network_and_inputs):
    _, events, features = network_and_inputs
    bare = LCRecNetwork(replace(NETWORK, reads_titles=False, reads_history=False), SIZES, VALUES).eval()
    assert not [name for name in bare.state_dict() if name.startswith(("title", "forwards", "backwards"))]
    answers = [bare(events, targets(before, True), features) for before in (0, 4)]
    torch.testing.assert_close(*answers)


def sequences_by_hand():
    """Person 0 rated at seconds 100, 200, 200, 300 and is asked at 200; person 1 has no event and is asked at 50."""
    events = UserRatings(np.array([0, 4, 4]), np.array([1, 2, 3, 4]), np.array([100, 200, 200, 300]))
    asked = UserRatings(np.array([0, 1, 2]), np.array([5, 6]), np.array([200, 50]))
    residuals, ratings = np.array([0.5, -0.5, 0.0, 1.0]), np.array([5.0, 1.0, 3.0, 4.0])
    return make_sequences(events, residuals, ratings, 3.0, asked, np.array([3.0, 2.0]), np.array([0.1, 0.2]))


def test_a_targets_place_among_events_of_the_same_second_is_open():
    made = sequences_by_hand()
    assert made.earliest.tolist() == [1, 0]
    assert made.latest.tolist() == [3, 0]
    np.testing.assert_allclose(made.values[:, 0], [0.5, -0.5, 0.0, 1.0])
    np.testing.assert_allclose(made.values[:, 1], [2, -2, 0, 1])
    np.testing.assert_allclose(made.values[:, 2], [0, gap(np.array(100)), 0, gap(np.array(100))])


def test_a_step_holds_its_peoples_events_and_targets():
    made = sequences_by_hand()
    events, asked, which = step(made, np.array([1, 0]))
    assert events.lengths.tolist() == [0, 4]
    assert events.movies[1].tolist() == [1, 2, 3, 4]
    assert torch.all(events.values[0] == 0)
    assert which.tolist() == [1, 0]
    assert asked.people.tolist() == [0, 1]
    assert asked.before.tolist() == [0, 2]
    np.testing.assert_allclose(asked.gaps.numpy(), [[0, 0, 0], [0, 0, log_count(np.array(4))]], atol=1e-6)
    np.testing.assert_allclose(asked.posterior_std.numpy(), [0.2, 0.1], atol=1e-6)
    drawn = {int(step(made, np.array([0]), np.random.default_rng(seed))[1].before[0]) for seed in range(30)}
    assert drawn == {1, 2, 3}


def test_every_target_is_in_one_step():
    made = sequences_by_hand()
    assert sorted(np.concatenate(steps(made, np.array([0, 1]), 1)).tolist()) == [0, 1]


@pytest.mark.parametrize("wrong", [{"folds": 1}, {"epochs": 0}, {"mask_future_rate": 1.0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must"):
        LCRecConfig(**wrong)


def test_evidence_is_the_training_part_alone(data, split):
    evidence = interactions_of(data, encode(data, split.fitting))
    assert isinstance(evidence, Interactions)
    assert len(evidence.ratings) == len(split.fitting)


@pytest.mark.parametrize("who", ["known", "new", "nobody"])
def test_the_terms_of_a_prediction_make_exactly_what_the_model_predicts(data, model, who):
    ids = data.movies[Col.MOVIE].to_numpy()[:5].tolist()
    rated = [(movie, 5.0 - place % 3, 60 * place) for place, movie in enumerate(ids)]
    profile = {"known": Profile.from_dataset(data, 3), "new": Profile.of(rated), "nobody": Profile.of()}[who]
    whole, alone = model.catalogue(profile).ratings, without_network(model).catalogue(profile).ratings
    for position in (0, 17, 39):
        terms = trace(model, profile, position)
        assert terms.rating == whole[position]
        assert terms.backbone + terms.network + terms.history == pytest.approx(terms.rating, abs=1e-6)
        assert terms.backbone == pytest.approx(alone[position], abs=1e-5)
        if who == "nobody":
            assert terms.history == pytest.approx(0, abs=1e-6)


def test_the_backbones_terms_by_hand(data, model):
    small = replace(
        model.backbone,
        mean=3.5,
        movies=torch.zeros(1, 40, 2),
        weights=torch.zeros(1, model.backbone.weights.shape[1], 2),
        # A prior so firm that the person stays at its mean, which is zero.
        precision=1e9 * torch.eye(2)[None],
    )
    small.movies[0, 17] = torch.tensor([0.25, 2.0])
    terms = trace(without_network(model, small), Profile.from_dataset(data, 3), 17)
    assert (terms.mean, terms.movie) == (3.5, 0.25)
    assert (terms.person, terms.taste) == pytest.approx((0, 0), abs=1e-6)
    assert (terms.network, terms.history) == pytest.approx((0, 0), abs=1e-6)
    assert terms.rating == pytest.approx(3.75, abs=1e-6)


@pytest.mark.parametrize("who", [3, 0])
def test_parts_switched_off_say_of_every_movie_the_same(data, model, who):
    switches, profile = Switches(model), Profile.from_dataset(data, who) if who else Profile.of()
    assert set(switches.parts) == set(Part)
    whole = model.catalogue(profile).ratings
    np.testing.assert_array_equal(switches.catalogue(profile), whole)
    # With the LSTM alone off the rest is what is shown of one prediction.
    terms = trace(model, profile, 17)
    assert switches.catalogue(profile, [Part.HISTORY])[17] == pytest.approx(terms.backbone + terms.network, abs=1e-5)
    for part in (Part.TITLE, Part.GENRES, Part.MOVIE, Part.BACKBONE):
        assert np.abs(switches.catalogue(profile, [part]) - whole).max() > 0
    of_movies = [Part.TITLE, Part.GENRES, Part.MOVIE, Part.BACKBONE]
    assert np.ptp(switches.catalogue(profile, of_movies[:3])) > 0.01, "the backbone still tells movies apart"
    assert np.ptp(switches.catalogue(profile, of_movies)) < 1e-5, "nothing is left that could"


def test_without_the_backbone_the_lstm_reads_how_far_each_rating_is_from_the_mean(data, model):
    ids = data.movies[Col.MOVIE].to_numpy()[:4].tolist()
    rows = [(movie, 4.0, 60 * place) for place, movie in enumerate(ids)]
    switches = Switches(model)
    now = model.now(Profile.of(rows))
    events, targets = switches._without_backbone(now.events, now.targets)
    assert events.values[0, :4, 0].tolist() == pytest.approx([4 - model.backbone.mean] * 4, abs=1e-6)
    assert targets.backbone.tolist() == pytest.approx([model.backbone.mean] * len(data.movies), abs=1e-6)


def test_a_backbone_alone_and_a_network_without_titles_have_fewer_parts(model):
    assert Switches(without_network(model)).parts == ()
    network = LCRecNetwork(
        replace(model.config.network, reads_titles=False),
        model.encoded.vocabularies.sizes(),
        tuple(model.network.values.tolist()),
    ).requires_grad_(False)
    half = Switches(model.with_network(network))
    assert set(half.parts) == set(Part) - {Part.TITLE}
    assert len(half.catalogue(Profile.of(), half.parts)) == len(model.data.movies)


def without_network(model: LCRecModel, backbone: Backbone | None = None) -> LCRecModel:
    return LCRecModel(backbone or model.backbone, None, model.data, model.encoded, model.config)
