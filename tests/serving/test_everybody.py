"""Everybody's lists in one file: those that each would be shown, whole after a stop, and by several processes."""

import joblib
import numpy as np
import pandas as pd
import pytest

from lcrec_core.cli.main import main
from lcrec_core.data.dataset import Col
from lcrec_core.data.profile import Profile
from lcrec_core.serving import everybody
from lcrec_core.serving.filters import Filters, default_min_ratings
from lcrec_core.serving.recommender import Recommender

PEOPLE, TOP = 7, 3


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(everybody, "PEOPLE_A_PART", 3)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 1)


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return everybody._opened("demo/lcrec")


def written(recommender: Recommender, out) -> everybody.Progress:
    return everybody.recommend_all(recommender.bundle, recommender.data, out, top=TOP, people=PEOPLE)


def test_a_list_is_the_one_that_the_person_is_shown(recommender, tmp_path):
    done = written(recommender, tmp_path / "lists.parquet")
    assert (done.people, done.done, done.made) == (PEOPLE, PEOPLE, PEOPLE)
    lists = pd.read_parquet(tmp_path / "lists.parquet")
    data = recommender.data
    filters = Filters(min_ratings=default_min_ratings(data))
    users = data.users[Col.USER].to_numpy()[:PEOPLE]
    # Models of their own, that nobody has asked about anything yet.
    alone = Recommender(recommender.bundle, data, recommender.parts)
    expected = [alone.top_n(Profile.from_dataset(data, int(user)), TOP, filters) for user in users]
    assert lists["user_id"].tolist() == np.repeat(users, TOP).tolist()
    assert lists["rank"].tolist() == [1, 2, 3] * PEOPLE
    assert lists["movie_id"].tolist() == [line.movie_id for of_one in expected for line in of_one]
    np.testing.assert_allclose(lists["score"], [line.score for of_one in expected for line in of_one], atol=1e-4)
    assert [path.name for path in tmp_path.iterdir()] == ["lists.parquet"]


def test_a_run_that_was_stopped_goes_on_with_the_parts_that_are_missing(recommender, tmp_path, monkeypatch):
    written(recommender, tmp_path / "whole.parquet")
    real = everybody.lists_of

    def stop_at_the_third(recommender, ids, top):
        if len(ids) == 1:
            raise KeyboardInterrupt
        return real(recommender, ids, top)

    monkeypatch.setattr(everybody, "lists_of", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        written(recommender, tmp_path / "lists.parquet")
    assert not (tmp_path / "lists.parquet").exists()
    monkeypatch.setattr(everybody, "lists_of", real)
    assert written(recommender, tmp_path / "lists.parquet").made == 1
    assert (tmp_path / "lists.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_the_command_writes_the_file_and_says_what_it_took(recommender, tmp_path, capsys):
    out = tmp_path / "lists.parquet"
    assert main(["recommend-all", "--data", "demo", "--people", "2", "--out", str(out)]) == 0
    assert "2 people" in capsys.readouterr().out
    assert len(pd.read_parquet(out)) == 2 * 5
    assert main(["recommend-all", "--data", "demo", "--bundle", "ml-1m", "--out", str(out)]) == 2
    assert main(["recommend-all", "--data", "demo", "--out", str(out), "--address", "tcp://host:1"]) == 2
