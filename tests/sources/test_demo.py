"""The demo data: a catalogue that is right in form, and people whose planted structure can be seen."""

import gzip

import numpy as np
import pandas as pd
import pytest

from lcrec_core.data.dataset import WHOLE_STARS, Dataset, split_genres, year_of_title
from lcrec_core.errors import DataError
from lcrec_core.sources.demo.catalogue import GENRES, genre_matrix, read_catalogue
from lcrec_core.sources.demo.files import generate, load_demo
from lcrec_core.sources.demo.simulate import END, GUIDE, START, simulate, simulate_people


@pytest.fixture(scope="module")
def films() -> pd.DataFrame:
    return read_catalogue()


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return load_demo()


@pytest.fixture(scope="module")
def planted(films: pd.DataFrame) -> pd.DataFrame:
    """The ratings of seed 0 with the columns that no data set has: expected and sitting."""
    return simulate_people(films, 0)[1]


@pytest.fixture(scope="module")
def rated(demo: Dataset) -> pd.DataFrame:
    """Every rating with its film's title, year and genres, and the person's own mean."""
    ratings = demo.ratings.merge(demo.movies, on="movie_id")
    return ratings.assign(mean=ratings.groupby("user_id")["rating"].transform("mean"))


def test_catalogue_has_a_thousand_distinct_films_numbered_from_one(films):
    assert len(films) >= 1000
    assert films["movie_id"].tolist() == list(range(1, len(films) + 1))
    assert films["title"].is_unique
    assert (films["title"].str.strip() == films["title"]).all()


def test_years_of_titles_agree_with_the_year_column(films):
    assert [year_of_title(title) for title in films["title"]] == films["year"].tolist()
    assert films["year"].between(1920, 2024).all()
    decades = set(films["year"] // 10 * 10)
    assert decades == set(range(1920, 2030, 10))


def test_no_title_puts_its_article_behind(films):
    assert not films["title"].str.contains(r", (?:The|A|An) \(\d{4}\)$").any()


def test_each_film_has_one_to_four_allowed_genres_without_repeats(films):
    for joined in films["genres"]:
        genres = split_genres(joined)
        assert 1 <= len(genres) <= 4
        assert len(set(genres)) == len(genres)
        assert set(genres) <= set(GENRES)


@pytest.mark.parametrize(
    ("genre", "least"),
    [("Sci-Fi", 60), ("Horror", 50), ("Animation", 60), ("Western", 30), ("Documentary", 30), ("Film-Noir", 25),
     ("Musical", 40), ("Children's", 60), ("War", 40), ("Mystery", 40), ("Fantasy", 40), ("Crime", 60)],
)  # fmt: skip
def test_every_genre_has_a_decent_number_of_films(films, genre, least):
    assert films["genres"].map(split_genres).map(lambda genres: genre in genres).sum() >= least


def test_fame_and_quality_are_on_their_scales_and_stay_out_of_the_data_set(films, demo):
    assert set(films["fame"]) == {1, 2, 3, 4, 5}
    assert set(films["quality"]) <= {1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0}
    assert demo.movies.columns.tolist() == ["movie_id", "title", "year", "genres"]


def test_size_scale_and_name_of_the_shipped_data(demo):
    assert (demo.name, demo.simulated, demo.scale) == ("demo", True, WHOLE_STARS)
    assert len(demo.users) >= 800
    assert 80_000 <= len(demo.ratings) <= 120_000
    assert demo.ratings.groupby("user_id").size().reindex(demo.users["user_id"]).min() >= 20


def test_ratings_are_spread_as_people_spread_them(demo):
    shares = demo.ratings["rating"].value_counts(normalize=True)
    assert shares.idxmax() == 4.0
    assert 0.03 < shares[1.0] < 0.08
    assert 3.5 < demo.ratings["rating"].mean() < 3.7


def test_times_lie_in_three_years_and_no_film_is_rated_before_it_came_out(rated):
    assert rated["timestamp"].between(START, END).all()
    assert (pd.to_datetime(rated["timestamp"], unit="s").dt.year >= rated["year"]).all()


def test_a_person_rates_one_film_at_a_time(demo):
    assert not demo.ratings.duplicated(["user_id", "timestamp"]).any()


def test_guide_is_an_interesting_person(demo, rated):
    assert demo.users.set_index("user_id").loc[GUIDE].notna().all()
    own = rated[rated["user_id"] == GUIDE]
    assert 100 <= len(own) <= 200
    assert own["rating"].nunique() == 5
    science_fiction = own["genres"].str.contains("Sci-Fi")
    assert own.loc[science_fiction, "rating"].mean() > own.loc[~science_fiction, "rating"].mean() + 0.4


def test_a_few_people_have_not_said_who_they_are(demo):
    unknown = demo.users[["gender", "age", "occupation"]].isna().mean()
    assert unknown.between(0.01, 0.06).all()


def test_popularity_is_skewed_and_cold_films_exist(demo):
    counts = demo.ratings.groupby("movie_id").size().reindex(demo.movies["movie_id"], fill_value=0)
    busiest = counts.sort_values(ascending=False).iloc[: len(counts) // 10]
    assert busiest.sum() > 0.33 * counts.sum()
    assert (counts == 0).sum() >= 5


@pytest.mark.parametrize("genre", ["Sci-Fi", "Horror", "Animation", "Musical", "Western", "War"])
def test_those_who_liked_a_genre_go_on_liking_it(rated, genre):
    """Halve each person's ratings of a genre in time: the first half says who its lovers are."""
    of_genre = rated[rated["genres"].str.contains(genre, regex=False)].sort_values(["user_id", "timestamp"])
    of_genre = of_genre.assign(above=of_genre["rating"] - of_genre["mean"])
    grouped = of_genre.groupby("user_id")
    early = grouped.cumcount() < grouped["rating"].transform("size") // 2
    first = of_genre[early].groupby("user_id")["above"].agg(["mean", "size"])
    first = first[first["size"] >= 3]["mean"]
    later = of_genre[~early].groupby("user_id")["above"].mean()
    lovers, others = first.index[first > 0.5], first.index[first < 0]
    assert len(lovers) >= 30
    assert later.reindex(lovers).mean() > later.reindex(others).mean() + 0.5


def test_lovers_of_old_films_exist(rated):
    old = rated["year"] < 1965
    above = rated["rating"] - rated["mean"]
    by_person = above[old].groupby(rated["user_id"]).agg(["mean", "size"])
    by_person = by_person[by_person["size"] >= 15]["mean"]
    assert by_person.std() > 0.3


def test_sittings_are_minutes_long_and_days_apart(planted):
    groups = planted.groupby("sitting")
    assert (groups["user_id"].nunique() == 1).all()
    length = groups["timestamp"].max() - groups["timestamp"].min()
    assert length.max() < 2 * 3600
    assert 5 < groups.size().mean() < 12
    starts = groups.agg({"user_id": "first", "timestamp": "min"})
    gaps = starts.groupby("user_id")["timestamp"].diff().dropna()
    assert gaps.median() > 86_400


def test_a_mood_lasts_for_a_sitting(planted):
    """What is left over the planted mean of a person goes the same way within a sitting."""
    left = planted["rating"] - planted.groupby("user_id")["rating"].transform("mean")
    following = left.shift(-1)
    same_person = planted["user_id"] == planted["user_id"].shift(-1)
    same_sitting = planted["sitting"] == planted["sitting"].shift(-1)
    within = np.corrcoef(left[same_sitting], following[same_sitting])[0, 1]
    across = np.corrcoef(left[same_person & ~same_sitting], following[same_person & ~same_sitting])[0, 1]
    assert within > across + 0.04


def test_taste_matters_much_more_than_means_can_tell(planted):
    """The planted expectation leaves at most 4/5 of the error of person and film means, and enough noise."""
    rating = planted["rating"]
    person = planted.groupby("user_id")["rating"].transform("mean")
    film = (rating - person).groupby(planted["movie_id"]).transform("mean")
    means = ((rating - person - film) ** 2).mean()
    best = ((rating - planted["expected"]) ** 2).mean()
    assert 0.6 < best < 0.75
    assert best < 0.8 * means


def test_seed_0_gives_the_shipped_data(demo):
    again = simulate(0)
    assert again.fingerprint == demo.fingerprint
    assert (again.ratings["timestamp"] == demo.ratings["timestamp"]).all()


def test_another_seed_gives_other_people_and_the_same_films(demo):
    other = simulate(1)
    assert other.fingerprint.movies == demo.fingerprint.movies
    assert other.fingerprint.ratings != demo.fingerprint.ratings
    assert other.ratings.groupby("user_id").size().min() >= 20


def test_generated_files_read_back_as_the_same_data_and_bytes(tmp_path):
    generate(2, tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(first) == {"users.csv", "ratings.csv.gz"}
    assert load_demo(tmp_path).fingerprint == simulate(2).fingerprint
    generate(2, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first


def test_missing_and_damaged_files_say_how_to_make_them_again(tmp_path, demo):
    with pytest.raises(DataError, match=r"users\.csv is missing.*make-demo"):
        load_demo(tmp_path)
    (tmp_path / "users.csv").write_text(demo.users.to_csv(index=False))
    whole = gzip.compress(demo.ratings.to_csv(index=False).encode())
    (tmp_path / "ratings.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="make-demo"):
        load_demo(tmp_path)
    (tmp_path / "ratings.csv.gz").write_bytes(b"<html>not found</html>")
    with pytest.raises(DataError, match="make-demo"):
        load_demo(tmp_path)


def test_genre_matrix_marks_each_genre_of_a_film():
    matrix = genre_matrix(pd.DataFrame({"genres": ["Action|Western", "Drama"]}))
    assert matrix.sum(axis=1).tolist() == [2.0, 1.0]
    assert matrix[0, GENRES.index("Western")] == 1.0
