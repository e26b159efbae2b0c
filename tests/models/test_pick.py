"""The pick family: what its network reads, what it learns from, and that it learns it."""

import numpy as np
import pandas as pd
import pytest
import torch

from lcrec_core.data.dataset import WHOLE_STARS, Col, Dataset
from lcrec_core.data.encode import encode
from lcrec_core.data.profile import Profile
from lcrec_core.models import registry
from lcrec_core.models.contract import Silent, Step
from lcrec_core.models.pick import fit as pick_fit
from lcrec_core.models.pick.config import NetworkConfig, PickConfig
from lcrec_core.models.pick.fit import (
    batches,
    chances_of,
    draw_movies,
    likelihood,
    moments_asked,
    start_at_popularity,
)
from lcrec_core.models.pick.model import empty_network
from lcrec_core.models.pick.network import UNKNOWN_GAP, weighted_log_likelihood
from lcrec_core.models.pick.sequences import People, events_of, gaps_of, of_similar_length, window_start
from lcrec_core.models.settings import configured
from tests.made_up import made_up

SMALL = NetworkConfig(embedding_size=8, state_size=6, longest=6)
PEOPLE, FILMS = 30, 9


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Everybody rates the films in one order, from a first one of their own; even films get 5 stars, odd ones 2."""
    made = made_up(people=PEOPLE, films=FILMS, ratings_each=2)
    rows = [
        (person, (person + place) % FILMS + 1, 5 if (person + place) % FILMS % 2 else 2, 1_000_000 + 100 * place)
        for person in range(1, PEOPLE + 1)
        for place in range(FILMS - 2)
    ]
    ratings = pd.DataFrame(rows, columns=[Col.USER, Col.MOVIE, Col.RATING, Col.TIME])
    ratings = ratings.sort_values([Col.USER, Col.MOVIE]).reset_index(drop=True)
    return Dataset("in-order", made.users, made.movies, ratings, WHOLE_STARS)


@pytest.fixture(scope="module")
def encoded(data):
    return encode(data, np.arange(len(data.ratings)))


def people_of(data, encoded) -> People:
    return People(encoded.histories, encoded, data.scale)


def network_of(data, encoded):
    torch.manual_seed(0)
    network = empty_network(SMALL, data, encoded)
    start_at_popularity(network, people_of(data, encoded))
    return network


def test_the_window_is_long_enough_and_shared_by_neighbouring_moments():
    longest = 8
    starts = [window_start(count, longest) for count in range(60)]
    assert starts[: longest + 1] == [0] * (longest + 1)
    assert all(longest // 2 <= count - start <= longest for count, start in enumerate(starts) if start)
    assert len(set(starts)) <= 60 / (longest / 2)


def test_gaps_are_classes_and_the_first_rating_has_none():
    times = np.array([100, 100, 101, 200, 200 + 3600, 10**9])
    assert gaps_of(times).tolist() == [0, 0, 1, 3, 5, 8]
    assert gaps_of(times[:0]).tolist() == []


def test_groups_hold_everybody_once_and_no_more_than_fits():
    lengths = np.array([5, 1, 40, 3, 3, 0])
    groups = list(of_similar_length(lengths, most=12))
    assert sorted(np.concatenate(groups).tolist()) == list(range(6))
    assert all(len(group) == 1 or len(group) * lengths[group].max() <= 12 for group in groups)


def test_a_shuffled_window_has_the_same_ratings_and_knows_no_gap(data, encoded):
    config = PickConfig(network=SMALL, shuffled_rate=1.0, hidden_fields_rate=1.0)
    people = people_of(data, encoded)
    tasks = [task for step in batches(people, config, np.random.default_rng(0)) for task in step]
    assert len(tasks) == PEOPLE
    moved = 0
    for task in tasks:
        start, stop, history = task.window.start, task.window.stop, task.window.history
        assert stop - start == SMALL.longest
        assert set(history.gaps) == {UNKNOWN_GAP}
        assert set(history.fields) == {1}, "hidden fields are unknown ones"
        # Even films, the liked ones, are the only targets; positions count from zero.
        assert task.weights.tolist() == [float(movie % 2) for movie in history.movies[start:stop]]
        moved += any(np.diff(history.movies[start:stop]) % FILMS != 1)
    assert moved > PEOPLE / 2


def test_what_is_learnt_is_the_probability_of_the_next_movie(data, encoded):
    network, config = network_of(data, encoded), registry.family("next").default_config()
    config = configured(config, longest=SMALL.longest, hidden_fields_rate=0.0)
    people = people_of(data, encoded)
    tasks = next(iter(batches(people, config, np.random.default_rng(0))))
    by_hand = []
    with torch.no_grad():
        for task in tasks:
            tastes = network(events_of([task.window]))[0]
            window = task.window.history.movies[task.window.start : task.window.stop]
            chances = network.logits(tastes[:-1]).log_softmax(dim=1)
            by_hand += chances[torch.arange(len(window)), torch.from_numpy(window)].tolist()
        asked = moments_asked(np.array([len(task.weights) for task in tasks]), 0, np.random.default_rng(0))
        value, _ = likelihood(network, tasks, config, asked)
    assert float(value) == pytest.approx(np.mean(by_hand), rel=1e-5)


def test_before_training_the_list_is_what_everybody_likes(data, encoded):
    network = network_of(data, encoded)
    liked = np.bincount(encoded.histories.movies[encoded.histories.ratings >= 4], minlength=FILMS) + 1
    np.testing.assert_allclose(network.popularity.detach().exp(), liked / liked.sum(), rtol=1e-5)


def test_next_learns_the_order_and_pick_what_is_liked(data, encoded):
    quick = {"epochs": 40, "embedding_size": 16, "state_size": 12, "learning_rate": 0.02, "weight_decay": 0.0}
    models = {}
    for name in ("next", "pick"):
        family = registry.family(name)
        config = configured(family.default_config(), events_per_step=64, **quick)
        models[name] = family.fit(data, encoded, config, None, Silent())
    somebody = Profile.of([(2, 5.0, 100), (3, 2.0, 200), (4, 5.0, 300)])
    assert models["next"].catalogue(somebody).scores.argmax() + 1 == 5
    # Of those that follow, the even ones were liked.
    assert models["pick"].catalogue(somebody).scores.argmax() + 1 in (6, 8)
    assert np.exp(models["pick"].catalogue(somebody).scores).sum() == pytest.approx(1, abs=1e-5)


class Stopped(Exception):
    """The run is killed."""


class StopsAfter(Silent):
    """Is killed after a share of the run."""

    def __init__(self, share: float) -> None:
        self.share = share

    def step(self, step: Step) -> None:
        super().step(step)
        if step.done > step.total * self.share:
            raise Stopped


@pytest.mark.parametrize("kept_every", [300.0, 0.0], ids=["each pass", "each step"])
@pytest.mark.parametrize("softmax_movies", [FILMS, 4])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    data, encoded, tmp_path, monkeypatch, kept_every, softmax_movies
):
    monkeypatch.setattr(pick_fit, "KEPT_EVERY", kept_every)
    family = registry.family("pick")
    config = configured(family.default_config(), epochs=2, embedding_size=4, state_size=4, dropout=0.2)
    config = configured(config, events_per_step=64, softmax_movies=softmax_movies)
    whole = family.fit(data, encoded, config, None, Silent())
    for share in (0.3, 0.7):
        with pytest.raises(Stopped):
            family.fit(data, encoded, config, tmp_path, StopsAfter(share))
    resumed = family.fit(data, encoded, config, tmp_path, Silent())
    for name, tensor in whole.tensors().items():
        np.testing.assert_array_equal(resumed.tensors()[name], tensor, err_msg=name)


def test_steps_read_more_where_a_pass_would_have_too_many(data, encoded):
    config = PickConfig(network=SMALL, events_per_step=12)
    people = people_of(data, encoded)
    counts = [
        sum(1 for _ in batches(people, configured(config, most_steps=n), np.random.default_rng(0))) for n in (99, 5)
    ]
    assert counts[0] > 20
    assert counts[1] <= 7


def test_of_a_large_catalogue_popular_movies_are_always_drawn_and_about_as_many_as_wanted(data, encoded):
    network = network_of(data, encoded)
    with torch.no_grad():
        network.popularity.copy_(torch.tensor([10.0, *[1.0] * (FILMS - 1)]).log())
    assert chances_of(network, FILMS) is None
    chances = chances_of(network, 4)
    np.testing.assert_allclose(chances, [1, *[3 / 8] * (FILMS - 1)], rtol=1e-6)


def test_the_sum_over_drawn_movies_is_in_the_mean_that_over_all(data, encoded):
    network = network_of(data, encoded)
    tastes, rng = torch.randn(1, SMALL.embedding_size), np.random.default_rng(0)
    chances = chances_of(network, 5)
    with torch.no_grad():
        # A likelihood of -log(sum), the targets being nothing.
        one, nothing = torch.ones(1), torch.zeros(1, SMALL.embedding_size + 1)
        for taste in tastes:
            sums = [
                float((-weighted_log_likelihood(network, taste[None], nothing, one, draw_movies(chances, rng))).exp())
                for _ in range(1000)
            ]
            assert np.mean(sums) == pytest.approx(float(network.logits(taste[None]).exp().sum()), rel=0.05)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("horizon", 0),
        ("shuffled_rate", 1.5),
        ("moments", -1),
        ("dropout", 1.0),
        ("longest", 1),
        ("learning_rate", 0),
        ("softmax_movies", 0),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(setting, value):
    with pytest.raises(ValueError, match=setting):
        configured(PickConfig(), **{setting: value})
