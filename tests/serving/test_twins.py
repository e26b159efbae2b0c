"""A film listed under two ids is one film in every list."""

import numpy as np
import pandas as pd
import pytest

from lcrec_core.data.dataset import WHOLE_STARS, Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.models import registry
from lcrec_core.models.settings import configured
from lcrec_core.serving.filters import Filters
from lcrec_core.serving.recommender import Recommender
from lcrec_core.serving.twins import most_rated_twins
from lcrec_core.sources import datasets
from lcrec_core.training.run import TrainRequest, train
from tests.made_up import made_up

TWINS = {2: 1, 7: 20}
"""Movies of `data` that have another's title: movie 1 is rated more often than 2, and 20 less often than 7."""


def films(*rows: tuple[str, int | None, str, int]) -> Dataset:
    """A data set of these titles, years, genres and numbers of ratings; ids count from 1."""
    people = max(row[3] for row in rows)
    given = [(user, movie) for movie, row in enumerate(rows, 1) for user in range(1, row[3] + 1)]
    return Dataset(
        "films",
        pd.DataFrame({"user_id": range(1, people + 1), "gender": None, "age": None, "occupation": None}),
        pd.DataFrame(rows, columns=["title", "year", "genres", "ratings"]).assign(movie_id=range(1, len(rows) + 1)),
        pd.DataFrame(given, columns=["user_id", "movie_id"]).assign(rating=4, timestamp=0),
        WHOLE_STARS,
    )


@pytest.mark.parametrize(
    ("rows", "stands"),
    [
        ([("Heat (1995)", 1995, "Crime", 1), ("Heat (1995)", 1995, "Crime", 2)], [1, 1]),
        ([("Heat (1995)", 1995, "Crime", 2), (" heat  (1995) ", 1995, "Crime", 2)], [0, 0]),
        ([("Heat (1995)", 1995, "Crime|Drama", 2), ("Heat (1995)", 1995, "Drama", 1)], [0, 0]),
        ([("Heat (1995)", 1995, "Crime", 2), ("Heat (1995)", 1995, "Documentary", 1)], [0, 1]),
        ([("Heat (1995)", 1995, "Crime", 2), ("Heat (1986)", 1986, "Crime", 1)], [0, 1]),
        ([("unknown", None, "", 2), ("unknown", None, "", 1)], [0, 1]),
        ([("A (1990)", 1990, "War", 1), ("A (1990)", 1990, "War", 2), ("A (1990)", 1990, "War", 3)], [2, 2, 2]),
    ],
    ids=["more ratings", "blanks and capitals", "fewer genres", "other genres", "other year", "no year", "three"],
)
def test_the_same_title_and_year_and_no_other_genres_is_the_same_film(rows, stands):
    assert most_rated_twins(films(*rows)).tolist() == stands


@pytest.fixture(scope="module")
def data() -> Dataset:
    data = made_up(people=30, films=60, ratings_each=25)
    movies = data.movies.set_index("movie_id")
    for movie, other in TWINS.items():
        movies.loc[movie] = movies.loc[other]
    return Dataset(data.name, data.users, movies.reset_index(), data.ratings, data.scale)


@pytest.fixture(scope="module")
def recommender(data, tmp_path_factory) -> Recommender:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCREC_ARTIFACTS", str(tmp_path_factory.mktemp("artifacts")))
        family = registry.family("paper")
        network = {"embedding_size": 4, "filters": 2, "feature_size": 8, "state_size": 6}
        config = configured(family.default_config(), epochs=1, learning_rate=0.01, batch_size=64, **network)
        return Recommender(train(TrainRequest(data=data, family=family, config=config)), data)


def test_a_list_has_the_more_rated_twin_and_not_the_other(recommender):
    listed = recommender.rank(Profile.of(), Filters(include_rated=True))["movie_id"]
    assert set(range(1, 61)) - set(listed) == {2, 20}


@pytest.mark.parametrize("rated", [1, 2, 7, 20])
def test_who_rated_one_twin_is_not_shown_the_other(recommender, rated):
    profile = Profile.of([(rated, 5, 1), (30, 4, 2)])
    film = {1, 2} if rated <= 2 else {7, 20}
    assert not film & set(recommender.rank(profile)["movie_id"])
    assert not film & {line.movie_id for line in recommender.top_n(profile, 60)}
    assert not film & set(recommender.catalogue.suggestions(profile, 60))


def test_neighbours_and_reasons_are_other_films(recommender):
    assert {movie for movie, _ in recommender.similar(2, 60)} == set(range(1, 61)) - {1, 2, 20}
    profile = Profile.of([(1, 5, 1), (2, 5, 2), (7, 5, 3), (20, 5, 4)])
    for movie in range(1, 61):
        named = {liked.movie_id for liked in recommender.explain(profile, movie).because}
        assert not {1, 2} <= named
        assert not {7, 20} <= named
    assert not {liked.movie_id for liked in recommender.explain(profile, 1).because} & {1, 2}


def test_predictions_know_ids_alone(recommender, data):
    renamed = made_up(people=30, films=60, ratings_each=25)
    assert most_rated_twins(renamed).tolist() == list(range(60))
    profile = Profile.of([(1, 5, 1), (2, 1, 2)])
    everything = recommender.predict(profile)
    assert len(everything) == 60
    assert everything[0] != everything[1]
    assert np.isfinite(everything).all()


@pytest.mark.real_data("ml-100k")
def test_movielens_100k_lists_18_films_twice():
    data = datasets.load("ml-100k")
    ids, stands = data.movies["movie_id"].to_numpy(), most_rated_twins(data)
    twins = {int(ids[row]): int(ids[stands[row]]) for row in range(len(ids)) if stands[row] != row}
    assert len(twins) == 18
    assert (twins[246], twins[500]) == (268, 304)  # Chasing Amy, Fly Away Home
    titles = data.movies.set_index("movie_id")["title"]
    assert all(titles[one] == titles[other] for one, other in twins.items())
