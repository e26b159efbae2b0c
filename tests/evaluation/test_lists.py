"""Lists measured on made-up people, against what a few plain loops over the tables find."""

import json
from dataclasses import asdict, replace
from math import log2

import numpy as np
import pytest

from lcrec_core.cli.main import main
from lcrec_core.data.dataset import Col
from lcrec_core.data.split import Protocol, make_split
from lcrec_core.evaluation import compare, list_results, lists, results
from lcrec_core.models import registry
from lcrec_core.models.blend.family import BlendFamily
from lcrec_core.models.contract import Family, Prediction
from lcrec_core.sources import datasets
from lcrec_core.training.run import TrainRequest, train
from tests.made_up import made_up
from tests.planted import PlantedModel, planted_popularity

PEOPLE, FILMS, EACH = 30, 40, 20


LATE = 3
"""So many people rate nothing before the others have ended."""


@pytest.fixture(scope="module")
def data():
    """Everybody rates through the same weeks, some things in one second."""
    made = made_up(people=PEOPLE, films=FILMS, ratings_each=EACH)
    ratings = made.ratings.copy()
    times = 978_300_000 + np.random.default_rng(0).integers(0, 60, len(ratings)) * 3600
    late = ratings[Col.USER].to_numpy() > PEOPLE - LATE
    return replace(made, ratings=ratings.assign(timestamp=times + 10_000_000 * late))


@pytest.fixture(autouse=True)
def world(monkeypatch, tmp_path):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))
    monkeypatch.setattr(lists, "GIVEN", (0, 5))


@pytest.fixture
def popularity(monkeypatch):
    family = planted_popularity()
    monkeypatch.setitem(registry.FAMILIES, family.name, family)
    return family


def by_hand(data, protocol, seed=0, given=None):
    """What popularity's lists are worth: per person what they are told, their list, and what they rated later."""
    split = make_split(data, protocol, seed)
    rated = data.ratings.sort_values([Col.TIME, Col.MOVIE], kind="stable")
    training = rated[rated.index.isin(split.fitting)]
    counts = training[Col.MOVIE].value_counts()
    people = []
    for _, theirs in rated[rated.index.isin(split.test)].groupby(Col.USER):
        user = theirs[Col.USER].iloc[0]
        told, later = theirs.iloc[: given or 0], theirs.iloc[given or 0 :]
        if given is None:
            told = training[training[Col.USER] == user]
        seen = set(told[Col.MOVIE])
        unseen = [movie for movie in data.movies[Col.MOVIE] if movie not in seen]
        ranked = sorted(unseen, key=lambda movie: (-counts.get(movie, 0), movie))[:10]
        ratings = dict(zip(later[Col.MOVIE], later[Col.RATING], strict=True))
        liked = {movie for movie, stars in ratings.items() if stars >= 4 or protocol is Protocol.LEAVE_LAST_OUT}
        people.append((user, told, ranked, ratings, liked))
    return people, counts


CASES = [(protocol, None) for protocol in list_results.PROTOCOLS[1:]]
CASES += [(Protocol.NEW_PEOPLE, given) for given in (0, 5)]


@pytest.mark.parametrize(("protocol", "given"), CASES)
def test_every_figure_is_what_plain_loops_find(data, popularity, protocol, given):
    found = {result.given: result for result in lists.measure_lists(data, protocol, "popularity", 0)}
    result = found[given]
    people, counts = by_hand(data, protocol, given=given)
    if protocol is Protocol.GLOBAL_TIME:
        people = [person for person in people if len(person[1])]
    judged = [person for person in people if person[4]]
    assert (result.people, result.judged) == (len(people), len(judged))
    hits = [[movie in liked for movie in ranked] for _, _, ranked, _, liked in judged]
    gains = [[hit / log2(place + 2) for place, hit in enumerate(of)] for of in hits]
    for k in (5, 10):
        ideal = [sum(1 / log2(place + 2) for place in range(min(k, len(of[4])))) for of in judged]
        ndcg = np.mean([sum(of[:k]) / most for of, most in zip(gains, ideal, strict=True)])
        assert getattr(result, f"ndcg_{k}") == pytest.approx(ndcg)
        assert getattr(result, f"hr_{k}") == pytest.approx(np.mean([any(of[:k]) for of in hits]))
    recall = [sum(of) / len(person[4]) for of, person in zip(hits, judged, strict=True)]
    assert result.recall_10 == pytest.approx(np.mean(recall))
    assert result.precision_5 == pytest.approx(np.mean([sum(of[:5]) / 5 for of in hits]))
    real = [ratings[movie] for _, _, ranked, ratings, _ in people for movie in ranked if movie in ratings]
    assert result.rated == len(real) > 0
    assert result.real_rating == pytest.approx(np.mean(real))
    shown = [movie for _, _, ranked, _, _ in people for movie in ranked[:5]]
    assert result.coverage == len(set(shown))
    assert result.rare_share == pytest.approx(np.mean([counts.get(movie, 0) < 20 for movie in shown]))
    assert not result.told_time


@pytest.mark.parametrize(("protocol", "given"), CASES)
def test_a_model_is_told_what_was_rated_before_and_nothing_else(data, popularity, protocol, given, monkeypatch):
    monkeypatch.setattr(lists, "GIVEN", (given,))
    monkeypatch.setattr(lists, "catalogue_ms", lambda *known: 1.0)
    lists.measure_lists(data, protocol, "popularity", 0)
    (model,) = popularity.fitted
    assert model.counts.sum() == len(make_split(data, protocol, 0).fitting)
    people = [of for of in by_hand(data, protocol, given=given)[0] if given is not None or len(of[1])]
    for profile, (user, told, *_) in zip(model.asked, people, strict=True):
        person = data.users.set_index(str(Col.USER)).loc[user]
        assert (profile.gender, profile.age, profile.occupation) == (person["gender"], person["age"], person.occupation)
        assert profile.user_id == (user if given is None else None)
        assert profile.movie_ids.tolist() == told[Col.MOVIE].tolist()
        assert profile.ratings.tolist() == told[Col.RATING].tolist()
        assert profile.timestamps.tolist() == told[Col.TIME].tolist()


@pytest.mark.parametrize("protocol", list_results.PROTOCOLS)
def test_a_wrecked_test_rating_moves_no_list(data, popularity, protocol, monkeypatch):
    """What was rated when is asked for; what was given for it may only change how a list is judged."""
    made = []
    best = lists.ranking.best
    monkeypatch.setattr(lists.ranking, "best", lambda *known: made.append(best(*known)) or made[-1])
    lists.measure_lists(data, protocol, "popularity", 0)
    before, made[:] = list(made), []
    split = make_split(data, protocol, 0)
    ratings = data.ratings.copy()
    targets = compare.context_and_targets(data, split, 5 if protocol is Protocol.NEW_PEOPLE else None)[1]
    ratings.loc[targets, Col.RATING] = 6 - ratings.loc[targets, Col.RATING]
    lists.measure_lists(replace(data, name="wrecked", ratings=ratings), protocol, "popularity", 0)
    assert len(before) == len(made) > 0
    assert all(np.array_equal(one, other) for one, other in zip(before, made, strict=True))


def test_somebody_with_no_training_rating_is_not_asked_about_by_time(data, popularity):
    split = make_split(data, Protocol.GLOBAL_TIME, 0)
    users = data.ratings[Col.USER].to_numpy()
    known, tested = set(users[split.fitting].tolist()), set(users[split.test].tolist())
    assert len(tested - known) == LATE
    (result,) = lists.measure_lists(data, Protocol.GLOBAL_TIME, "popularity", 0)
    assert result.people == len(tested & known)


def test_where_nobody_can_be_asked_that_is_said(popularity):
    """One person after the other: whoever is there in the test part has rated nothing before."""
    apart = made_up(people=PEOPLE, films=FILMS, ratings_each=EACH, seed=3)
    with pytest.raises(results.ResultError, match="by global-time there is nobody"):
        lists.measure_lists(apart, Protocol.GLOBAL_TIME, "popularity", 0)


def test_what_is_saved_is_not_measured_again_and_one_training_serves_every_number_of_ratings(data, popularity):
    first = lists.measure_lists(data, Protocol.NEW_PEOPLE, "popularity", 0)
    assert [result.given for result in first] == [0, 5]
    folder = list_results.lists_folder(data.name, Protocol.NEW_PEOPLE)
    assert sorted(path.name for path in folder.iterdir()) == [
        "log.txt",
        "popularity-seed0-given0.json",
        "popularity-seed0-given5.json",
    ]
    assert lists.measure_lists(data, Protocol.NEW_PEOPLE, "popularity", 0) == first
    assert len(popularity.fitted) == 1
    (folder / "popularity-seed0-given5.json").unlink()
    assert [result.judged for result in lists.measure_lists(data, Protocol.NEW_PEOPLE, "popularity", 0)] == [
        result.judged for result in first
    ]
    assert len(popularity.fitted) == 2
    assert list_results.saved(data.name, Protocol.NEW_PEOPLE)[0] == first[0]


def test_lists_are_measured_on_the_parts_that_ratings_are(data, popularity):
    compare.frozen_split(data, Protocol.RANDOM, 0)
    other = made_up(people=PEOPLE, films=FILMS, ratings_each=EACH - 1)
    with pytest.raises(results.ResultError, match="holds other parts"):
        lists.measure_lists(other, Protocol.RANDOM, "popularity", 0)


@pytest.mark.parametrize("row", ["paper", "lcrec"])
def test_the_papers_way_lists_movies_with_enough_ratings_by_their_predicted_rating(data, row, monkeypatch):
    family = registry.family(row)
    monkeypatch.setattr(lists, "default_min_ratings", lambda data: 15)
    made = []
    top = lists.top
    monkeypatch.setattr(lists, "top", lambda *known: made.append((known[2], top(*known))) or made[-1][1])
    bundle = train(TrainRequest(data=data, family=family, config=family.default_config()))
    monkeypatch.setattr(compare, "fit", None)  # it is opened, not trained again
    (result,) = lists.measure_lists(data, Protocol.RANDOM, row, 0)
    assert result.settings.endswith("; sorted by predicted rating, movies with 15 ratings or more")
    assert result.train_seconds == pytest.approx(
        bundle.metrics["seconds_per_epoch"] * bundle.config["train"]["epochs"], abs=0.1
    )
    fitting = data.ratings.iloc[make_split(data, Protocol.RANDOM, 0).fitting]
    counts = fitting[Col.MOVIE].value_counts()
    model = registry.load(bundle, data)
    assert len(made) == result.people
    for profile, movies in made:
        listed = data.movies[Col.MOVIE].to_numpy()[movies[movies >= 0]]
        assert len(listed)
        assert min(counts[movie] for movie in listed) >= 15
        assert not set(listed) & set(profile.movie_ids)
        predicted = model.catalogue(profile).ratings[movies[movies >= 0]]
        assert (np.diff(predicted) <= 0).all()
    assert result.rare_share < 1


@pytest.mark.parametrize("protocol", [Protocol.RANDOM, Protocol.GLOBAL_TIME])
def test_what_is_put_together_is_trained_part_by_part_with_the_settings_of_the_protocol(
    data, popularity, protocol, monkeypatch
):
    asked = []

    class Together(BlendFamily):
        def combine(self, models, data, config):
            asked.append((sorted(models), config.seed, config.has_holes))
            return models["pick"]

    parts = dict.fromkeys(("pick", "habits", "like"), popularity)
    together = Together(
        name="together", label="", parts=parts, by_protocol={Protocol.RANDOM: {"has_holes": True, "picks": 7.0}}
    )
    monkeypatch.setattr(Together, "config_of_part", Family.config_of_part)
    monkeypatch.setitem(registry.FAMILIES, together.name, together)
    (found,) = lists.measure_lists(data, protocol, together.name, 0)
    random = protocol is Protocol.RANDOM
    assert asked == [(["habits", "like", "pick"], 0, random)]
    assert ("; has holes True; picks 7.0" in found.settings) == random
    (alone,) = lists.measure_lists(data, protocol, popularity.name, 0)
    assert found.ndcg_10 == alone.ndcg_10


def test_lists_that_are_shorter_than_ten_are_measured_too(data, popularity, monkeypatch):
    """Everybody has rated all movies but one: a list of one movie, and nine places that hold none."""
    whole = made_up(people=12, films=9, ratings_each=8)
    (result,) = lists.measure_lists(whole, Protocol.LEAVE_LAST_OUT, "popularity", 0)
    assert result.hr_5 == result.hr_10 == 1
    assert result.precision_5 == pytest.approx(1 / 5)
    assert result.real_rating == pytest.approx(
        whole.ratings[Col.RATING].to_numpy()[make_split(whole, Protocol.LEAVE_LAST_OUT).test].mean()
    )


def test_scores_that_are_no_numbers_are_refused(data, popularity, monkeypatch):
    monkeypatch.setattr(PlantedModel, "catalogue", lambda self, profile: Prediction(self.counts * np.nan))
    with pytest.raises(results.ResultError, match=r"popularity with seed 0 cannot be measured: .* no number"):
        lists.measure_lists(data, Protocol.RANDOM, "popularity", 0)


def test_a_file_that_is_no_result_is_named(data, popularity):
    (result,) = lists.measure_lists(data, Protocol.RANDOM, "popularity", 0)
    path = list_results.lists_folder(data.name, Protocol.RANDOM) / "popularity-seed0.json"
    for content, said in (
        ("{", "is not JSON"),
        (json.dumps(asdict(result) | {"hr_5": "much"}), "hr_5"),
        (json.dumps(asdict(result) | {"ndcg_10": -1.0}), "ndcg_10 must not be negative"),
        (json.dumps(asdict(result) | {"seed": 1}), "popularity-seed1"),
    ):
        path.write_text(content)
        with pytest.raises(results.ResultError, match=said):
            list_results.saved(data.name, Protocol.RANDOM)


def test_the_papers_way_takes_one_seed_where_the_parts_do_not_depend_on_it(popularity):
    for protocol, of_ratings in (
        (Protocol.RANDOM, [0, 1, 2]),
        (Protocol.NEW_PEOPLE, [0, 1, 2]),
        (Protocol.GLOBAL_TIME, [0]),
        (Protocol.LEAVE_LAST_OUT, [0]),
    ):
        assert lists.seeds_of("lcrec", protocol, [0, 1, 2]) == of_ratings
        assert lists.seeds_of("popularity", protocol, [0, 1, 2]) == [0, 1, 2]


def test_multiples_are_of_the_same_people(data, popularity, monkeypatch):
    other = planted_popularity(name="other", label="Other")
    monkeypatch.setitem(registry.FAMILIES, "other", other)
    monkeypatch.setattr(lists, "GIVEN", (5,))
    monkeypatch.setattr(lists, "catalogue_ms", lambda *known: 1.0)
    (one,) = lists.measure_lists(data, Protocol.NEW_PEOPLE, "popularity", 0)
    base = [replace(one, seed=seed, ndcg_10=figure) for seed, figure in ((0, 0.2), (1, 0.4))]
    better = [replace(one, row="other", seed=seed, ndcg_10=figure) for seed, figure in ((0, 0.3), (1, 0.4), (2, 0.9))]
    rows = list_results.summaries([*base, *better, replace(base[0], given=0)])
    assert [list_results.multiple(row, rows) for row in rows] == [1, pytest.approx(1.25), 1]
    assert list_results.multiple(rows[1], rows[1:2]) is None
    assert list_results.table(rows[1:2], rows)[1][:5] == ["Other", "5", "0, 1, 2", "0.5333 ± 0.3215", "1.25"]


@pytest.fixture
def command(data, popularity, monkeypatch):
    monkeypatch.setattr(datasets, "load", lambda name: data)
    monkeypatch.setattr(datasets, "own_names", lambda: [data.name])
    return ["compare", "--task", "lists", "--data", data.name]


def test_the_command_measures_and_says_what_was_measured(command, popularity, capsys):
    run = [*command, "--protocol", "leave-last-out", "--rows", "popularity", "--seeds", "0"]
    assert main([*run, "--show"]) == 0
    assert "nothing is saved" in capsys.readouterr().err
    assert main(run) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.startswith("model")
    assert line.startswith("Popularity")
    assert main([*run, "--show", "--json"]) == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert list(said) == [
        *("model", "protocol", "seed", "given", "hr@5", "ndcg@5", "hr@10", "ndcg@10", "recall@10", "precision@5"),
        *("real_rating", "coverage", "rare_share", "train_seconds", "predict_ms", "told_time"),
    ]
    assert (said["model"], said["protocol"], said["given"], said["told_time"]) == (
        *("popularity", "leave-last-out", None, False),
    )
    assert len(popularity.fitted) == 1


def test_the_command_compares_in_lists_what_makes_lists(command, capsys):
    assert main([*command, "--protocol", "user-last"]) == 2
    assert "lists are not compared by the protocol 'user-last'" in capsys.readouterr().err
    assert main([*command, "--rows", "svd"]) == 2
    assert "there is no row 'svd'; there are paper, lcrec, random, popularity" in capsys.readouterr().err
    assert main([*command[:1], *command[3:], "--rows", "popularity", "--show"]) == 2
    assert "there is no row 'popularity'" in capsys.readouterr().err
