"""Orders of questions are measured on the same people, by what they would have answered."""

import json

import numpy as np
import pytest

from lcrec_core.cli.main import main
from lcrec_core.data.split import Protocol, make_split
from lcrec_core.evaluation import onboarding
from lcrec_core.evaluation.results import ResultError
from lcrec_core.models.contract import Prediction
from lcrec_core.sources import datasets
from tests.made_up import made_up


class Knows:
    """Predicts 4 for everything, and remembers whom it was told of."""

    item_features = None
    device = "cpu"

    def __init__(self, movies: int) -> None:
        self.asked = []
        self._movies = movies

    def catalogue(self, profile):
        self.asked.append(profile)
        scores = np.arange(self._movies, 0, -1, dtype=np.float32)
        return Prediction(scores, np.full(self._movies, 4, dtype=np.float32))


@pytest.fixture
def measured(monkeypatch, tmp_path):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))
    monkeypatch.setattr(onboarding, "ANSWERS", (2, 3))
    data = made_up(people=40, films=30, ratings_each=20)
    monkeypatch.setattr(datasets, "load", lambda name: data)
    model = Knows(30)
    monkeypatch.setattr(onboarding, "trained", lambda *known: (model, 1.0))
    return data, model, onboarding.run(data, seed=0)


def test_everybody_answers_as_they_did_rate_and_passes_over_the_rest(measured):
    data, model, found = measured
    test = data.ratings.iloc[make_split(data, Protocol.NEW_PEOPLE, 0).test]
    people = test["user_id"].nunique()
    assert {(result.answers, result.people) for result in found.orders} == {(2, people), (3, people)}
    assert all(result.questions >= result.answers for result in found.orders)
    given = {user: dict(zip(of["movie_id"], of["rating"], strict=True)) for user, of in test.groupby("user_id")}
    for profile in model.asked:
        answers = dict(zip(profile.movie_ids.tolist(), profile.ratings.tolist(), strict=True))
        assert any(answers.items() <= of.items() for of in given.values())
        assert profile.user_id is None
    # Of everybody's ratings but the answers the error is that of a 4.
    first = next(result for result in found.orders if result.order == "most rated")
    errors = [
        np.mean([(4 - rating) ** 2 for movie, rating in of.items() if movie not in profile.movie_ids])
        for of, profile in zip(given.values(), model.asked[: len(given)], strict=True)
    ]
    assert first.mse == pytest.approx(np.mean(errors), abs=1e-4)


def test_what_was_measured_is_kept_and_printed(measured, capsys):
    _, _, found = measured
    assert onboarding.read("made-up") == found
    assert main(["onboarding", "--data", "demo", "--show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_file_that_is_no_result_is_named(measured):
    onboarding.path_of("made-up").write_text("{}")
    with pytest.raises(ResultError, match="no saved result"):
        onboarding.read("made-up")
