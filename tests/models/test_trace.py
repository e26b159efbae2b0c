"""A prediction laid open: hand-worked tiny networks, and parts that make up what the model predicts."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import UNK, encode
from lcrec_core.data.profile import Profile
from lcrec_core.models.layers import TitleCNN
from lcrec_core.models.paper.config import NetworkConfig
from lcrec_core.models.paper.model import PaperModel
from lcrec_core.models.paper.network import PaperNetwork
from lcrec_core.models.paper.parts import Part, fair_shares
from lcrec_core.models.paper.steps import lstm_steps, title_firings
from lcrec_core.models.paper.trace import Tracer
from tests.made_up import made_up

SMALL = NetworkConfig(embedding_size=4, filters=2, filter_widths=(2, 3), feature_size=6, state_size=5, factors=3)
PEOPLE = 12


def model_of(config: NetworkConfig = SMALL) -> PaperModel:
    """A network that was not trained, with weights large enough that every part tells."""
    data = made_up(PEOPLE, 30, 10)
    encoded = encode(data, np.arange(len(data.ratings)))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = PaperNetwork(config, encoded.vocabularies.sizes())
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=0.5)
    return PaperModel(network.requires_grad_(False), data, encoded)


@pytest.fixture(scope="module")
def model() -> PaperModel:
    return model_of()


@pytest.fixture(scope="module")
def tracer(model: PaperModel) -> Tracer:
    return Tracer(model)


def people(data: Dataset) -> list[Profile]:
    ids = data.movies[Col.MOVIE].to_numpy()[:4].tolist()
    return [
        Profile.from_dataset(data, 3),
        Profile.of([(movie, 4.0, 60 * place) for place, movie in enumerate(ids)], gender="F"),
        Profile.of(),
    ]


def test_a_step_of_the_lstm_by_hand():
    lstm = nn.LSTM(1, 1)
    with torch.no_grad():
        for parameter in lstm.parameters():
            parameter.zero_()
        lstm.weight_ih_l0[2, 0] = 1.0  # rows are i, f, candidate, o
        lstm.bias_ih_l0[1] = math.log(3)  # the forget gate is 3 / 4
    (steps,) = lstm_steps(lstm, torch.tensor([[2.0], [0.0]]))
    assert steps.forget.flatten().tolist() == pytest.approx([0.75, 0.75])
    assert steps.let_in.flatten().tolist() == pytest.approx([0.5, 0.5])
    first = 0.5 * math.tanh(2)
    assert steps.cell.flatten().tolist() == pytest.approx([first, 0.75 * first])
    assert steps.hidden.flatten().tolist() == pytest.approx([0.5 * math.tanh(first), 0.5 * math.tanh(0.75 * first)])


def test_the_steps_of_two_layers_end_in_the_networks_preference(model: PaperModel):
    history = torch.randn(7, 6, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        steps = lstm_steps(model.network.history_lstm, torch.cat([model.network.history_start[None], history]))
        expected = model.network.preference(history[None])
    assert len(steps) == 2
    torch.testing.assert_close(steps[-1].cell[-1:], expected)


def test_the_filters_of_a_title_by_hand():
    cnn = TitleCNN(NetworkConfig(embedding_size=1, filters=1, filter_widths=(1, 2)), 5).eval()
    with torch.no_grad():
        cnn.words.weight[:] = torch.tensor([[0.0], [0.0], [1.0], [3.0], [-2.0]])
        cnn.filters[0].weight[:], cnn.filters[0].bias[:] = 1.0, -0.5
        cnn.filters[1].weight[0, 0] = torch.tensor([2.0, 1.0])
        cnn.filters[1].bias[:] = -1.0
    one, two = title_firings(cnn, torch.tensor([2, 3, 4, 0]))
    assert (one.first, one.by_word, one.activation) == (1, (3.0,), 2.5)
    # 2 * 1 + 3 is the largest of 1, 5, 4, -4; the window begins at the first word.
    assert (list(two.places), two.by_word, two.activation) == ([0, 1], (2.0, 3.0), 4.0)


@pytest.mark.parametrize("row", range(5))
def test_the_filters_found_are_the_cnns_features(model: PaperModel, row: int):
    words = torch.from_numpy(model.encoded.movies.words[row])
    firings = title_firings(model.network.title, words)
    features = model.network.title(words[None])[0]
    np.testing.assert_allclose([each.activation for each in firings], features, atol=1e-6)
    for each in firings:
        assert each.activation == pytest.approx(max(0.0, each.bias + sum(each.by_word)), abs=1e-6)
        assert len(each.by_word) == each.width == len(each.places)


def test_shares_by_hand():
    alone = {Part.HISTORY: 1.0, Part.TITLE: 2.0, Part.GENRES: -0.5}

    def value(on: frozenset[Part]) -> float:
        together = 3.0 if {Part.HISTORY, Part.TITLE} <= on else 0.0
        return 4.0 + sum(alone[part] for part in on) + together

    # What two do only together they share.
    assert fair_shares(alone, value) == pytest.approx({Part.HISTORY: 2.5, Part.TITLE: 3.5, Part.GENRES: -0.5})


@pytest.mark.parametrize("who", range(3))
def test_the_parts_make_up_exactly_what_the_model_predicts(model: PaperModel, tracer: Tracer, who: int):
    person = people(model.data)[who]
    ratings = model.catalogue(person).ratings
    for position in (0, 7, 29):
        trace = tracer.trace(person, position)
        assert trace.rating == ratings[position]
        assert trace.average + sum(trace.adds.values()) == pytest.approx(trace.rating, abs=1e-5)
        assert trace.read[-1] == pytest.approx(trace.rating, abs=1e-5)
        assert len(trace.read) == len(trace.history) + 1
        for part, rating in trace.without.items():
            assert tracer.catalogue(person, [part])[position] == pytest.approx(rating, abs=1e-5)


def test_with_nothing_off_the_list_is_the_models_and_with_all_off_it_is_everybodys(model: PaperModel, tracer: Tracer):
    someone, other, nobody = people(model.data)
    np.testing.assert_array_equal(tracer.catalogue(someone), model.catalogue(someone).ratings)
    for person in (someone, other, nobody):
        ratings = tracer.catalogue(person, tuple(Part))
        np.testing.assert_allclose(ratings, ratings[0], atol=1e-6)
        assert ratings[0] == pytest.approx(tracer.trace(someone, 0).average, abs=1e-6)


def test_a_part_that_is_off_is_not_read(model: PaperModel, tracer: Tracer):
    person = people(model.data)[1]
    other_history = replace(person, movie_ids=person.movie_ids[::-1].copy())
    off = [Part.HISTORY]
    assert not np.array_equal(tracer.catalogue(person), tracer.catalogue(other_history))
    np.testing.assert_array_equal(tracer.catalogue(person, off), tracer.catalogue(other_history, off))
    man, off = replace(person, gender="M"), [Part.FIELDS]
    assert not np.array_equal(tracer.catalogue(person), tracer.catalogue(man))
    np.testing.assert_array_equal(tracer.catalogue(person, off), tracer.catalogue(man, off))
    # Two movies that differ in their titles alone are one and the same without titles.
    words, ids, genres = (getattr(model.encoded.movies, name).copy() for name in ("words", "ids", "genres"))
    ids[1], genres[1] = ids[0], genres[0]
    alike = replace(model.encoded, movies=replace(model.encoded.movies, words=words, ids=ids, genres=genres))
    twin = Tracer(PaperModel(model.network, model.data, alike))
    with_titles, without = twin.catalogue(person), twin.catalogue(person, [Part.TITLE])
    assert with_titles[0] != with_titles[1]
    assert without[0] == pytest.approx(without[1], abs=1e-6)


def test_a_words_effect_is_what_the_prediction_lacks_when_it_is_unknown(model: PaperModel, tracer: Tracer):
    person = people(model.data)[0]
    position = int(np.setdiff1d(np.arange(30), model.reads(person)[1])[0])
    trace = tracer.trace(person, position)
    assert trace.words[0].text == str(model.data.movies[Col.TITLE].iloc[position]).lower().split()[0]
    assert all(word.known for word in trace.words)
    less = model.encoded.movies.words.copy()
    less[position, 0] = UNK
    forgetful = replace(model.encoded, movies=replace(model.encoded.movies, words=less))
    without = Tracer(PaperModel(model.network, model.data, forgetful)).trace(person, position)
    assert not without.words[0].known
    assert trace.words[0].effect == pytest.approx(trace.rating - without.rating, abs=1e-5)


def test_what_the_network_knows_of_somebody_is_said(model: PaperModel, tracer: Tracer):
    trace = tracer.trace(people(model.data)[1], 0)
    assert trace.known_fields == {"users": False, "genders": True, "ages": False, "occupations": False}
    assert trace.known_movie
    assert all(tracer.trace(people(model.data)[0], 0).known_fields.values())


@pytest.mark.parametrize(
    ("lacks", "part"), [({"reads_history": False}, Part.HISTORY), ({"reads_titles": False}, Part.TITLE)]
)
def test_half_of_the_network_lacks_its_part_and_adds_up_all_the_same(lacks: dict, part: Part):
    half = model_of(replace(SMALL, **lacks))
    tracer = Tracer(half)
    assert set(tracer.parts) == set(Part) - {part}
    trace = tracer.trace(people(half.data)[0], 3)
    assert trace.average + sum(trace.adds.values()) == pytest.approx(trace.rating, abs=1e-5)
    assert bool(trace.firings) is (part is not Part.TITLE)
    assert bool(trace.lstm) is (part is not Part.HISTORY)
