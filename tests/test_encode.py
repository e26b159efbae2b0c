import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcrec_core.dataset import WHOLE_STARS, Dataset
from lcrec_core.encode import (
    MAX_TITLE_WORDS,
    PAD,
    UNK,
    Vocabulary,
    encode,
    encode_cached,
    encode_profile,
    title_words,
)
from lcrec_core.profile import Profile
from tests.made_up import made_up


@pytest.fixture
def small() -> Dataset:
    """Three people, four movies; movie 40 is rated by user 3 alone."""
    users = pd.DataFrame(
        {
            "user_id": [1, 2, 3],
            "gender": ["F", None, "M"],
            "age": [25, 1, None],
            "occupation": ["artist", "doctor", "pilot"],
        }
    )
    movies = pd.DataFrame(
        {
            "movie_id": [10, 20, 30, 40],
            "title": ["Heat (1995)", "Two Suns (1991)", "Heat of Suns (1999)", "Zebra (2000)"],
            "year": [1995, 1991, 1999, 2000],
            "genres": ["Action|Crime", "Sci-Fi", "", "Western"],
        }
    )
    ratings = pd.DataFrame(
        [(1, 10, 5, 300), (1, 20, 2, 100), (1, 30, 3, 200), (2, 20, 4, 50), (3, 40, 1, 10)],
        columns=["user_id", "movie_id", "rating", "timestamp"],
    )
    return Dataset("small", users, movies, ratings, WHOLE_STARS)


SEEN = np.array([0, 1, 2, 3])  # everything but user 3's rating of movie 40


def test_the_papers_tables_by_hand(small):
    encoded = encode(small, SEEN)
    # F -> 0, ages 25 and 1 -> levels 2 and 0, as in Tables I and II; our index is the paper's number plus two.
    assert encoded.people.tolist() == [[2, 2, 4, 2], [3, UNK, 2, 3], [UNK, 3, UNK, UNK]]
    assert encoded.movies.ids.tolist() == [2, 3, 4, UNK]
    assert encoded.movies.genres.tolist() == [[2, 3], [4, PAD], [PAD, PAD], [UNK, PAD]]
    heat, of, suns, two = (2, 3, 4, 5)
    assert encoded.movies.words[:, :4].tolist() == [
        [heat, PAD, PAD, PAD],
        [two, suns, PAD, PAD],
        [heat, of, suns, PAD],
        [UNK, PAD, PAD, PAD],
    ]
    assert encoded.movies.words.shape == (4, MAX_TITLE_WORDS)


def test_histories_are_in_time_order_and_hold_the_seen_rows_only(small):
    histories = encode(small, SEEN).histories
    assert histories.offsets.tolist() == [0, 3, 4, 4]
    assert histories.movies.tolist() == [1, 2, 0, 1]
    assert histories.ratings.tolist() == [2, 3, 5, 4]
    assert histories.times.tolist() == [100, 200, 300, 50]


def test_what_is_not_in_training_is_unknown(small):
    vocabularies = encode(small, SEEN).vocabularies
    assert vocabularies.users.index_of(3) == UNK
    assert vocabularies.movies.index_of(40) == UNK
    assert vocabularies.words.index_of("zebra") == UNK
    assert vocabularies.genres.index_of("Western") == UNK


def test_a_profile_is_encoded_as_the_person_it_is_of(small):
    encoded = encode(small, SEEN)
    for row, user_id in enumerate(small.users["user_id"]):
        profile = Profile.from_dataset(small, int(user_id))
        assert encode_profile(profile, encoded.vocabularies).tolist() == encoded.people[row].tolist()
    assert encode_profile(Profile.of(), encoded.vocabularies).tolist() == [UNK] * 4


@given(st.lists(st.text(min_size=1), unique=True, max_size=20), st.text(min_size=1))
def test_padding_unknown_and_values_never_collide(values, other):
    vocabulary = Vocabulary(tuple(values))
    indices = [vocabulary.index_of(value) for value in values]
    assert sorted({PAD, UNK, *indices}) == list(range(len(vocabulary)))
    assert [vocabulary.value_at(index) for index in indices] == values
    if other not in values:
        assert vocabulary.index_of(other) == UNK


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Heat (1995)", ["heat"]),
        ("Schindler's List (1993)", ["schindler's", "list"]),
        ("2001: A Space Odyssey (1968)", ["2001", "a", "space", "odyssey"]),
        ("Léon (1994)", ["léon"]),
        ("(1999)", []),
    ],
)
def test_title_words(title, words):
    assert title_words(title) == words


def test_the_cache_gives_the_same_and_survives_damage(small, tmp_path):
    fresh = encode_cached(small, SEEN, tmp_path)
    assert np.array_equal(encode_cached(small, SEEN, tmp_path).histories.movies, fresh.histories.movies)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"not a cache")
    assert np.array_equal(encode_cached(small, SEEN, tmp_path).people, fresh.people)


def test_the_cache_tells_rows_apart(tmp_path):
    data = made_up()
    some = encode_cached(data, np.arange(400), tmp_path)
    more = encode_cached(data, np.arange(800), tmp_path)
    assert (len(some.histories.movies), len(more.histories.movies)) == (400, 800)
