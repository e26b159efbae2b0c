"""Figures of lists: against another library on the same rankings, and against answers worked out by hand."""

import importlib
from math import log2

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.metrics import ndcg_score

from lcrec_core.metrics import ranking
from lcrec_core.metrics.ranking import NO_MOVIE

PEOPLE, MOVIES, PLACES = 40, 60, 10


@pytest.fixture(scope="module")
def ranx(tmp_path_factory):
    """Compiling its functions would take minutes, and it makes folders in one's home unless told otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_DISABLE_JIT", "1")
        patch.setenv("IR_DATASETS_HOME", str(tmp_path_factory.mktemp("ir_datasets")))
        return importlib.import_module("ranx")


@pytest.fixture(scope="module")
def drawn():
    """Random scores, and what is relevant: of somebody one movie, of others many more than a list has places."""
    rng = np.random.default_rng(0)
    scores = rng.random((PEOPLE, MOVIES)).astype(np.float32)
    relevant = rng.random((PEOPLE, MOVIES)) < rng.uniform(0.0, 0.5, (PEOPLE, 1))
    relevant[np.arange(PEOPLE), rng.integers(MOVIES, size=PEOPLE)] = True
    lists = np.stack([ranking.best(of, np.arange(MOVIES), PLACES) for of in scores])
    return scores, relevant, lists, np.take_along_axis(relevant, lists, axis=1)


@pytest.mark.parametrize("k", [1, 5, 10])
def test_ranx_measures_the_same_of_the_same_rankings(ranx, drawn, k):
    scores, relevant, _, hits = drawn
    truth = ranx.Qrels({str(p): {str(m): 1 for m in np.flatnonzero(relevant[p])} for p in range(PEOPLE)})
    run = ranx.Run({str(p): {str(m): float(scores[p, m]) for m in range(MOVIES)} for p in range(PEOPLE)})
    ours = {
        "hit_rate": ranking.hit_rate(hits, k),
        "precision": ranking.precision(hits, k),
        "recall": ranking.recall(hits, relevant.sum(axis=1), k),
        "ndcg": ranking.ndcg(hits, relevant.sum(axis=1), k),
    }
    theirs = ranx.evaluate(truth, run, [f"{name}@{k}" for name in ours], return_mean=False)
    for name, of_people in ours.items():
        # ranx sorts people by their names.
        by_name = np.argsort([str(p) for p in range(PEOPLE)])
        np.testing.assert_allclose(of_people[by_name], theirs[f"{name}@{k}"], rtol=0, atol=1e-12, err_msg=name)


def test_scikit_learn_agrees_on_the_gain(drawn):
    scores, relevant, _, hits = drawn
    assert ranking.ndcg(hits, relevant.sum(axis=1), 10).mean() == pytest.approx(ndcg_score(relevant, scores, k=10))


def test_by_hand():
    """Somebody with three relevant movies finds two, at places 1 and 4; somebody with one does not find it."""
    hits = np.array([[True, False, False, True, False], [False] * 5])
    relevant = np.array([3, 1])
    assert ranking.hit_rate(hits, 5).tolist() == [1, 0]
    assert ranking.precision(hits, 5).tolist() == [0.4, 0]
    assert ranking.recall(hits, relevant, 5).tolist() == pytest.approx([2 / 3, 0])
    best = 1 + 1 / log2(3) + 1 / log2(4)
    assert ranking.ndcg(hits, relevant, 5).tolist() == pytest.approx([(1 + 1 / log2(5)) / best, 0])
    assert ranking.ndcg(hits, relevant, 2).tolist() == pytest.approx([1 / (1 + 1 / log2(3)), 0])


def test_a_list_that_begins_with_all_that_is_relevant_cannot_be_better():
    hits = np.array([[True, True, False, False, False], [True] * 5])
    assert ranking.ndcg(hits, np.array([2, 9]), 5).tolist() == pytest.approx([1, 1])
    assert ranking.recall(hits, np.array([2, 9]), 5).tolist() == pytest.approx([1, 5 / 9])


def test_somebody_without_anything_relevant_is_refused():
    with pytest.raises(ValueError, match="nothing relevant"):
        ranking.ndcg(np.zeros((1, 5), dtype=bool), np.array([0]), 5)
    with pytest.raises(ValueError, match="no first 10"):
        ranking.ndcg(np.zeros((1, 5), dtype=bool), np.array([1]), 10)


def test_equal_scores_are_ordered_by_training_ratings_and_then_by_id():
    counts = np.array([3, 9, 3, 0, 9])
    order = ranking.popularity_order(counts)
    assert order.tolist() == [1, 4, 0, 2, 3]
    scores = np.array([1.0, 0.5, 1.0, 7.0, 0.5], dtype=np.float32)
    assert ranking.best(scores, order, 5).tolist() == [3, 0, 2, 1, 4]
    assert ranking.best(scores, order[order != 3], 2).tolist() == [0, 2]
    assert ranking.best(scores, order[:1], 3).tolist() == [1, NO_MOVIE, NO_MOVIE]


LISTS = np.array([[0, 1, 2], [0, 3, NO_MOVIE]])
COUNTS = np.array([100, 40, 19, 20, 500])


def test_what_lists_hold_by_hand():
    assert ranking.coverage(LISTS) == 4
    assert ranking.rare_share(LISTS, COUNTS) == 1 / 5
    # By training ratings the five movies are 2nd, 3rd, 5th, 4th and 1st.
    assert ranking.mean_popularity_rank(LISTS, COUNTS) == (2 + 3 + 5 + 2 + 4) / 5
    genres = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0], [1, 1, 1]], dtype=bool)
    # 0 and 1 share one genre of two, 2 shares none with either; 0 and 3 are of one kind.
    assert ranking.genre_diversity(LISTS, genres) == pytest.approx(((1 / 2 + 1 + 1) / 3 + 0) / 2)


def test_nothing_listed_is_no_division_by_nothing():
    empty = np.full((2, 3), NO_MOVIE)
    assert ranking.coverage(empty) == 0
    assert ranking.rare_share(empty, COUNTS) == ranking.mean_popularity_rank(empty, COUNTS) == 0
    assert ranking.genre_diversity(empty, np.zeros((5, 2), dtype=bool)) == 0


def test_scipy_measures_the_same_diversity(drawn):
    *_, lists, _ = drawn
    rng = np.random.default_rng(1)
    genres = rng.random((MOVIES, 6)) < 0.4
    genres[np.arange(MOVIES), rng.integers(6, size=MOVIES)] = True
    theirs = np.mean([pdist(genres[own], "jaccard").mean() for own in lists])
    assert ranking.genre_diversity(lists, genres) == pytest.approx(theirs)


def test_two_movies_without_any_genre_have_none_in_common():
    assert ranking.genre_diversity(np.array([[0, 1]]), np.zeros((2, 3), dtype=bool)) == 1
