"""The network against the paper's equations, written out step by step in numpy."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lcrec_core.errors import TrainingError
from lcrec_core.models import registry
from lcrec_core.models.layers import masked_mean
from lcrec_core.models.paper.config import NetworkConfig, PaperConfig
from lcrec_core.models.paper.network import PaperNetwork
from lcrec_core.models.settings import configured, from_saved, saved

SIZES = {"users": 9, "genders": 4, "ages": 9, "occupations": 5, "movies": 12, "genres": 6, "words": 15}
SMALL = NetworkConfig(embedding_size=4, filters=2, filter_widths=(2, 3), feature_size=6, state_size=5)


@pytest.fixture
def network() -> PaperNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = PaperNetwork(SMALL, SIZES)
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
    return network.eval()


def movies(count: int = 3):
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(1, 12, (count,), generator=generator)
    genres = torch.randint(0, 6, (count, 3), generator=generator)
    words = torch.randint(0, 15, (count, 7), generator=generator)
    return ids, genres, words


def test_the_lstm_is_equations_1_to_6(network):
    history = torch.randn(1, 4, 6, generator=torch.Generator().manual_seed(2))

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    steps = [network.history_start.detach().numpy(), *history[0].numpy()]
    for layer in range(2):
        w_x, w_h, b_x, b_h = (
            getattr(network.history_lstm, f"{name}_l{layer}").detach().numpy()
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        cell, hidden, outputs = np.zeros(5), np.zeros(5), []
        for x in steps:
            i, f, candidate, o = np.split(w_x @ x + b_x + w_h @ hidden + b_h, 4)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(candidate)
            hidden = sigmoid(o) * np.tanh(cell)
            outputs.append(hidden)
        steps = outputs
    np.testing.assert_allclose(network.preference(history)[0].detach().numpy(), cell, rtol=1e-4, atol=1e-5)


def test_the_title_cnn_is_equations_7_to_9(network):
    words = movies()[2]
    matrix = network.title.words.weight.detach().numpy()[words.numpy()]  # (M, W, E)
    expected = []
    for conv, width in zip(network.title.filters, (2, 3), strict=True):
        weight, bias = conv.weight.detach().numpy(), conv.bias.detach().numpy()
        padded = np.pad(matrix, ((0, 0), (width - 1, width - 1), (0, 0)))
        windows = [padded[:, j : j + width].transpose(0, 2, 1) for j in range(padded.shape[1] - width + 1)]
        scores = [np.maximum(np.einsum("mew,few->mf", window, weight) + bias, 0) for window in windows]
        expected.append(np.max(scores, axis=0))
    np.testing.assert_allclose(network.title(words).detach().numpy(), np.concatenate(expected, 1), rtol=1e-4, atol=1e-5)


def test_a_rating_from_halves_is_the_dense_layer_over_both(network):
    user, movie = torch.randn(1, 6), torch.randn(5, 6)
    weight = torch.cat([network.rating_user.weight, network.rating_movie.weight], dim=1)
    both = torch.cat([user.expand(5, -1), movie], dim=1)
    expected = network.rating_out(F.relu(both @ weight.T + network.rating_user.bias)).squeeze(1)
    torch.testing.assert_close(network.rating(user, movie), expected)


def test_factors_add_the_inner_product_of_both():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        plain = PaperNetwork(SMALL, SIZES)
        network = PaperNetwork(dataclasses.replace(SMALL, factors=3), SIZES)
    network.load_state_dict(plain.state_dict(), strict=False)
    user, movie = torch.randn(2, 6), torch.randn(2, 6)
    product = (network.factors_user.weight @ user.T * (network.factors_movie.weight @ movie.T)).sum(0)
    torch.testing.assert_close(network.rating(user, movie), plain.rating(user, movie) + product)


def test_somebody_without_a_liked_movie_has_a_state(network):
    fields = torch.tensor([[1, 1, 1, 1]])
    user = network.user_features(fields, torch.empty(1, 0, 6))
    assert user.shape == (1, 6)
    assert torch.isfinite(user).all()


def test_people_in_one_batch_do_not_touch_each_other(network):
    fields = torch.tensor([[2, 2, 3, 2], [3, 3, 4, 3]])
    history = torch.randn(2, 4, 6)
    together = network.user_features(fields, history)
    alone = network.user_features(fields[1:], history[1:])
    torch.testing.assert_close(together[1:], alone)


def test_the_order_of_a_history_matters_and_the_order_of_genres_does_not(network):
    fields = torch.tensor([[2, 2, 3, 2]])
    history = torch.randn(1, 4, 6)
    assert not torch.allclose(network.user_features(fields, history), network.user_features(fields, history.flip(1)))
    ids, genres, words = movies()
    torch.testing.assert_close(
        network.movie_features(ids, genres, words), network.movie_features(ids, genres.flip(1), words)
    )


def test_dropout_acts_in_training_only(network):
    arguments = movies()
    assert torch.equal(network.movie_features(*arguments), network.movie_features(*arguments))
    network.train()
    assert not torch.equal(network.movie_features(*arguments), network.movie_features(*arguments))


def test_masked_mean_by_hand():
    x = torch.tensor([[[2.0], [4.0], [9.0]], [[1.0], [1.0], [1.0]]])
    mask = torch.tensor([[True, True, False], [False, False, False]])
    assert masked_mean(x, mask).tolist() == [[3.0], [0.0]]


def test_the_defaults_are_table_vi_and_survive_json():
    assert NetworkConfig().keep_probability == 0.5
    config = PaperConfig(network=NetworkConfig(filter_widths=(2, 3), feature_size=6))
    assert from_saved(PaperConfig, json.loads(json.dumps(saved(config)))) == config


def test_a_half_of_the_paper_lacks_its_part_whatever_a_config_says(network):
    whole = dataclasses.replace(SMALL, reads_titles=True, reads_history=True)
    for name, lacks in (("lstm", "title"), ("cnn", "history")):
        half = PaperNetwork(configured(whole, **registry.family(name).fixed), SIZES).state_dict()
        assert half.keys() == {part for part in network.state_dict() if not part.startswith(lacks)}


def test_unknown_models_and_impossible_sizes_are_refused():
    with pytest.raises(TrainingError, match="no-such"):
        registry.family("no-such")
    for wrong in ({"state_size": 0}, {"keep_probability": 0.0}, {"filter_widths": ()}):
        with pytest.raises(ValueError, match=r"must"):
            NetworkConfig(**wrong)
