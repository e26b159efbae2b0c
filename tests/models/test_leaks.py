"""The leak rules, each proved on the real training path: a figure that breaks one is worth nothing."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import Encoded, encode
from lcrec_core.data.split import make_split
from lcrec_core.models import registry
from lcrec_core.models.paper.batches import make_batch, plan_pass
from lcrec_core.models.paper.config import BatchConfig, NetworkConfig, PaperConfig
from lcrec_core.models.paper.fit import predict_batch
from lcrec_core.models.paper.model import Queries, catalogue_features, predict, queries_of_rows, queries_of_tasks
from lcrec_core.models.paper.network import PaperNetwork
from lcrec_core.training.run import TrainRequest, train
from tests.made_up import made_up

CONFIG = BatchConfig(batch_size=64)
NETWORK = NetworkConfig(embedding_size=4, filters=2, feature_size=8, state_size=6)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return made_up(people=30, films=80, ratings_each=40)


def with_ratings(data: Dataset, rows: np.ndarray, value: float) -> Dataset:
    """The same data with other values in some rows."""
    ratings = data.ratings.copy()
    ratings.loc[rows, "rating"] = value
    return Dataset(data.name, data.users, data.movies, ratings, data.scale)


@torch.no_grad()
def network_for(encoded: Encoded) -> PaperNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = PaperNetwork(NETWORK, encoded.vocabularies.sizes())
        # Large weights: a leak would show.
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.4)
        # Predictions in the middle of the scale, spread out, as those of a trained network are.
        network.rating_out.weight.mul_(0.3)
        network.rating_out.bias.fill_(3.0)
    return network


def answer(network: PaperNetwork, encoded: Encoded, queries: Queries) -> np.ndarray:
    return predict(network, encoded, queries, catalogue_features(network, encoded))


def arrays_of(encoded: Encoded) -> Iterator[np.ndarray]:
    yield encoded.people
    yield from vars(encoded.movies).values()
    yield from vars(encoded.histories).values()


@pytest.mark.parametrize("protocol", ["random", "user-last", "global-time"])
def test_nothing_is_fitted_on_the_test_part(data, protocol):
    """Vocabularies and histories are the same when the test part's values change, and when it is not there at all."""
    split = make_split(data, protocol)
    encoded = encode(data, split.fitting)
    changed = encode(with_ratings(data, split.test, 1.0), split.fitting)
    without = Dataset(data.name, data.users, data.movies, data.ratings.iloc[split.fitting], data.scale)
    alone = encode(without, np.arange(len(without.ratings)))
    for other in (changed, alone):
        assert other.vocabularies.hashes() == encoded.vocabularies.hashes()
        for mine, theirs in zip(arrays_of(encoded), arrays_of(other), strict=True):
            assert np.array_equal(mine, theirs)


def test_a_prediction_does_not_move_by_one_bit_when_a_test_rating_changes(data):
    split = make_split(data)
    predicted = []
    for value in (1.0, 5.0):
        changed = with_ratings(data, split.test, value)
        encoded = encode(changed, split.fitting)
        network = network_for(encoded)
        queries = queries_of_rows(changed, encoded, split.test, network)
        assert set(queries.ratings) == {value}
        predicted.append(answer(network, encoded, queries))
        assert data.scale.clip(predicted[-1]).std() > 0.02
    assert predicted[0].tobytes() == predicted[1].tobytes()


def hidden_values_changed(encoded: Encoded, value: float, positions: np.ndarray) -> Encoded:
    ratings = encoded.histories.ratings.copy()
    ratings[positions] = value
    return replace(encoded, histories=replace(encoded.histories, ratings=ratings))


def test_a_prediction_does_not_move_by_one_bit_when_a_hidden_target_changes(data):
    """In training: the same step, with the hidden ratings of one task at 1 and at 5."""
    encoded = encode(data, make_split(data).fitting)
    network = network_for(encoded).eval()
    plan = plan_pass(encoded.histories, CONFIG, 3.0, 200, np.random.default_rng(0))
    for tasks in plan.steps[:10]:
        hidden = plan.hidden[plan.task_offsets[tasks[0]] : plan.task_offsets[tasks[0] + 1]]
        predicted = []
        for value in (1.0, 5.0):
            changed = hidden_values_changed(encoded, value, hidden)
            batch = make_batch(changed, plan, tasks[:1], CONFIG, 3.0, np.random.default_rng(9))
            assert set(batch.ratings.tolist()) == {value}
            predicted.append(predict_batch(network, batch).detach().numpy().tobytes())
        assert predicted[0] == predicted[1]


def test_the_training_error_is_asked_without_its_answers(data):
    encoded = encode(data, make_split(data).fitting)
    network = network_for(encoded)
    plan = plan_pass(encoded.histories, CONFIG, 3.0, 200, np.random.default_rng(0))
    task = plan.steps[0][:1]
    hidden = plan.hidden[plan.task_offsets[task[0]] : plan.task_offsets[task[0] + 1]]
    predicted = [
        answer(network, changed, queries_of_tasks(changed, plan, task, network)).tobytes()
        for changed in (hidden_values_changed(encoded, value, hidden) for value in (1.0, 5.0))
    ]
    assert predicted[0] == predicted[1]


def test_a_rating_that_may_be_seen_does_move_predictions(data):
    """The counterpart: the tests above could pass on a network that is blind."""
    split = make_split(data)
    encoded = encode(data, split.fitting)
    network = network_for(encoded)
    before = answer(network, encoded, queries_of_rows(data, encoded, split.test, network))
    blind = hidden_values_changed(encoded, 1.0, np.arange(len(encoded.histories.ratings)))
    after = answer(network, blind, queries_of_rows(data, blind, split.test, network))
    assert not np.array_equal(data.scale.clip(before), data.scale.clip(after))


def test_training_reads_the_training_part_only_and_the_test_part_for_drawing(data, monkeypatch, tmp_path):
    """The same weights come out whatever the test ratings are."""
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))
    split = make_split(data)
    config = PaperConfig(network=NETWORK, batches=CONFIG, epochs=1, learning_rate=0.01)
    weights = []
    for value in (1.0, 5.0):
        changed = with_ratings(data, split.test, value)
        bundle = train(TrainRequest(changed, registry.family("paper"), config, save=False))
        weights.append(bundle.weights)
    for name in weights[0]:
        assert weights[0][name].tobytes() == weights[1][name].tobytes(), name
