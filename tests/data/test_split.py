import numpy as np
import pandas as pd
import pytest

from lcrec_core.data.dataset import WHOLE_STARS, Dataset
from lcrec_core.data.split import Protocol, make_split
from lcrec_core.errors import DataError
from lcrec_core.sources import datasets
from tests.made_up import made_up
from tests.movielens_files import u_files, write_folder


@pytest.fixture(scope="module")
def data() -> Dataset:
    return made_up(people=30, films=80, ratings_each=40)


@pytest.mark.parametrize("protocol", sorted(set(Protocol) - {Protocol.OFFICIAL}))
def test_parts_are_disjoint_and_together_everything(data, protocol):
    split = make_split(data, protocol)
    everything = np.concatenate([split.train, split.valid, split.test])
    assert np.array_equal(np.sort(everything), np.arange(len(data.ratings)))
    assert np.array_equal(split.fitting, np.setdiff1d(np.arange(len(data.ratings)), split.test))


def test_random_split_is_80_to_20_with_5_percent_of_training_for_validation(data):
    split = make_split(data, "random")
    assert (len(split.train), len(split.valid), len(split.test)) == (912, 48, 240)


def test_seed_decides_the_random_split_and_nothing_else_does(data):
    shuffled = Dataset(data.name, data.users, data.movies, data.ratings.sample(frac=1, random_state=3), WHOLE_STARS)
    assert np.array_equal(make_split(data, seed=1).test, make_split(shuffled, seed=1).test)
    assert not np.array_equal(make_split(data, seed=1).test, make_split(data, seed=2).test)


def test_random_90_tests_on_a_tenth(data):
    assert len(make_split(data, "random-90").test) == 120


def test_new_people_are_in_no_other_part(data):
    split = make_split(data, "new-people")
    people = data.ratings["user_id"].to_numpy()
    assert [len(np.unique(people[part])) for part in (split.test, split.valid, split.train)] == [3, 1, 26]
    assert not set(people[split.fitting]) & set(people[split.test])
    assert not set(people[split.train]) & set(people[split.valid])


@pytest.mark.usefixtures("any_counts")
def test_the_official_fold_is_that_fifth_of_the_file_in_the_files_order(tmp_path, monkeypatch):
    monkeypatch.setenv("LCREC_DATA", str(tmp_path))
    files = u_files()
    pairs = [(user, movie) for movie in (4, 2, 5, 1, 3) for user in (2, 3, 1)]
    files["u.data"] = "".join(f"{user}\t{movie}\t3\t881250949\n" for user, movie in pairs).encode()
    write_folder(tmp_path / "ml-100k", files)
    data = datasets.load("ml-100k")
    for fold in range(1, 6):
        split = make_split(data, "official", fold)
        test = data.ratings.iloc[split.test][["user_id", "movie_id"]].to_numpy().tolist()
        assert sorted(map(tuple, test)) == sorted(pairs[3 * fold - 3 : 3 * fold])
        assert len(split.fitting) == 12
    with pytest.raises(DataError, match="1 to 5"):
        make_split(data, "official", 6)
    with pytest.raises(DataError, match="only ml-100k"):
        make_split(datasets.load("demo"), "official", 1)


@pytest.mark.parametrize(("protocol", "held"), [("user-last", 8), ("leave-last-out", 1)])
def test_a_persons_last_ratings_are_held_out(data, protocol, held):
    split = make_split(data, protocol)
    for _, theirs in data.ratings.groupby("user_id"):
        in_time = theirs.sort_values(["timestamp", "movie_id"]).index.to_numpy()
        assert set(in_time[-held:]) == set(in_time) & set(split.test)


def test_global_time_trains_on_the_past_only(data):
    split = make_split(data, "global-time")
    times = data.ratings["timestamp"].to_numpy()
    assert times[split.train].max() <= times[split.valid].min()
    assert times[split.valid].max() <= times[split.test].min()


def test_nobody_loses_their_only_rating():
    data = made_up(people=6, films=80, ratings_each=40)
    first = data.ratings[data.ratings["user_id"] == 1].index[1:]
    lonely = Dataset(data.name, data.users, data.movies, data.ratings.drop(first), WHOLE_STARS)
    split = make_split(lonely, "leave-last-out")
    assert 1 not in lonely.ratings["user_id"].to_numpy()[split.test]


def test_too_few_ratings_are_refused():
    data = made_up(people=1, films=3, ratings_each=2)
    with pytest.raises(DataError, match="too few"):
        make_split(data)


def test_an_unknown_protocol_is_refused(data):
    with pytest.raises(ValueError, match="by-moon"):
        make_split(data, "by-moon")


def test_ties_in_time_are_broken_by_movie():
    users = pd.DataFrame({"user_id": [1], "gender": ["F"], "age": [25], "occupation": ["a"]})
    movies = pd.DataFrame({"movie_id": range(1, 11), "title": list("abcdefghij"), "year": 1990, "genres": ""})
    ratings = pd.DataFrame({"user_id": 1, "movie_id": range(1, 11), "rating": 3, "timestamp": [6] + 9 * [7]})
    split = make_split(Dataset("x", users, movies, ratings, WHOLE_STARS), "user-last", valid_fraction=0.2)
    assert data_movies(split.test) == [9, 10]


@pytest.mark.parametrize("protocol", ["global-time", "user-last", "leave-last-out"])
def test_a_protocol_by_time_is_refused_where_all_times_are_equal(data, protocol):
    frozen = Dataset(data.name, data.users, data.movies, data.ratings.assign(timestamp=7), WHOLE_STARS)
    with pytest.raises(DataError, match=f"cannot be split by {protocol}.*the same time.*use another protocol"):
        make_split(frozen, protocol)
    assert len(make_split(frozen, "random").test) == 240


def test_times_rounded_to_two_values_say_no_more(data):
    rounded = data.ratings.assign(timestamp=np.where(data.ratings.index < 20, 1, 2))
    with pytest.raises(DataError, match="not the last ones would be tested but the highest ids"):
        make_split(Dataset(data.name, data.users, data.movies, rounded, WHOLE_STARS), "global-time")


def test_each_person_in_one_moment_has_a_last_rating_of_everybodys_but_none_of_their_own(data):
    once = data.ratings.assign(timestamp=data.ratings["user_id"])
    data = Dataset(data.name, data.users, data.movies, once, WHOLE_STARS)
    assert set(data.ratings["user_id"].to_numpy()[make_split(data, "global-time").test]) == set(range(25, 31))
    with pytest.raises(DataError, match="there is no last one"):
        make_split(data, "user-last")


@pytest.mark.usefixtures("any_counts")
def test_a_fold_of_a_damaged_file_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setenv("LCREC_DATA", str(tmp_path))
    write_folder(tmp_path / "ml-100k", u_files() | {"u.data": b"1\t1\tfive\t881250949\n"})
    with pytest.raises(DataError, match="line 1 has the rating 'five'"):
        datasets.load("ml-100k")


def data_movies(rows: np.ndarray) -> list[int]:
    return [int(row) + 1 for row in rows]
