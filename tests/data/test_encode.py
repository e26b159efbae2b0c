import os
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcrec_core.data import encode as encoding
from lcrec_core.data.dataset import WHOLE_STARS, Dataset
from lcrec_core.data.encode import (
    FIRST,
    MAX_TITLE_WORDS,
    PAD,
    UNK,
    Vocabulary,
    encode,
    encode_cached,
    encode_profile,
    title_words,
)
from lcrec_core.data.profile import Profile
from lcrec_core.data.split import make_split
from lcrec_core.files import look_into, seal, unseal
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
    assert [vocabulary.values[index - FIRST] for index in indices] == values
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
    assert (len(some.rows), len(more.rows)) == (400, 800)


def test_what_is_fitted_on_is_kept_with_its_rows_and_not_split_again(tmp_path, monkeypatch):
    data = made_up()
    rows = make_split(data, "global-time", 3).fitting
    wanted, splits = encode(data, rows), []
    monkeypatch.setattr(encoding, "make_split", lambda *of: splits.append(of[1:]) or make_split(*of))
    for _ in range(2):
        found = encoding.encode_fitting(data, "global-time", 3, tmp_path)
        assert same(found, wanted)
        assert encoding.encode_fitting(data, "global-time", 3, tmp_path) is found, "held by several"
        assert np.array_equal(found.rows, rows)
        del found
    assert splits == [("global-time", 3)]
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(seal(unseal(kept.read_bytes()) | {"rows": rows + 1000}))
    assert np.array_equal(encoding.encode_fitting(data, "global-time", 3, tmp_path).rows, rows)
    assert len(splits) == 2
    assert not np.array_equal(encoding.encode_fitting(data, "random", 3, tmp_path).rows, rows)


def same(one, other) -> bool:
    arrays = [(one.people, other.people)]
    for part in ("movies", "histories"):
        arrays += zip(vars(getattr(one, part)).values(), vars(getattr(other, part)).values(), strict=True)
    equal = all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in arrays)
    values = [[v.values for v in vars(each.vocabularies).values()] for each in (one, other)]
    return equal and values[0] == values[1]


class Planted:
    """Runs a command when it is unpickled."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self):
        return os.system, (f"touch {self.proof}",)


def test_what_is_planted_in_the_cache_is_not_run(small, tmp_path):
    fresh = encode_cached(small, SEEN, tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    joblib.dump(Planted(tmp_path / "proof"), kept)
    joblib.dump(Planted(tmp_path / "proof"), kept.with_name(kept.name.partition(".")[0] + ".joblib"))
    assert same(encode_cached(small, SEEN, tmp_path / "cache"), fresh)
    assert not (tmp_path / "proof").exists()
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [kept.name], "an older version's file stays"


def test_every_flipped_bit_of_the_cache_is_noticed(small, tmp_path, monkeypatch):
    fresh = encode_cached(small, SEEN, tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    for at in range(0, 8 * len(whole), 97):
        content = bytearray(whole)
        content[at // 8] ^= 1 << at % 8
        kept.write_bytes(content)
        assert same(encode_cached(small, SEEN, tmp_path), fresh)
    broken = tmp_path / "broken"
    broken.write_bytes(content)
    with pytest.raises(ValueError, match=r"sealed|checksum"):
        look_into(broken)


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": np.zeros((3, 3), np.int64)},
        {"people": np.full((3, 4), 99, np.int64)},
        {"people": np.zeros((3, 4), np.float64)},
        {"movies.ids": np.zeros(0, np.int64)},
        {"movies.genres": np.zeros(4, np.int64)},
        {"movies.words": np.zeros((4, 3), np.int64)},
        {"histories.movies": np.full(4, 4, np.int64)},
        {"histories.movies": np.full(4, -1, np.int64)},
        {"histories.offsets": np.array([0, 4, 3, 4])},
        {"histories.ratings": np.full(4, np.nan, np.float32)},
        {"histories.times": np.zeros(5, np.int64)},
        {"vocabularies": np.frombuffer(b"{}", np.uint8)},
        {"vocabularies": np.frombuffer(b"[" * 100_000, np.uint8)},
        {"people": None},
    ],
)
def test_a_sealed_file_of_something_else_is_not_believed(small, tmp_path, wrong):
    fresh = encode_cached(small, SEEN, tmp_path)
    (kept,) = tmp_path.iterdir()
    arrays = unseal(kept.read_bytes()) | wrong
    kept.write_bytes(seal({name: array for name, array in arrays.items() if array is not None}))
    assert same(encode_cached(small, SEEN, tmp_path), fresh)


def test_a_folder_that_cannot_be_written_means_no_cache(small, tmp_path):
    (tmp_path / "cache").write_text("a file stands in the place of the folder")
    assert same(encode_cached(small, SEEN, tmp_path / "cache"), encode(small, SEEN))


def test_a_full_disk_means_no_cache_and_leaves_nothing(small, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert same(encode_cached(small, SEEN, tmp_path), encode(small, SEEN))
    assert list(tmp_path.iterdir()) == []


def test_only_so_many_encodings_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(encoding, "_KEEP", 2)
    data = made_up()
    for count in (400, 500, 600):
        encode_cached(data, np.arange(count), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
