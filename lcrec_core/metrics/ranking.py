"""How good lists are: whether they hold what people went on to like, and what kind of movies they hold.

Relevance is yes or no. P people have a list of K places each, best first: `lists` int64 (P, K) holds catalogue
positions, `NO_MOVIE` where fewer movies could be listed, and `hits` bool (P, K) says whether the movie at a place is
relevant. `relevant` int (P,) is how many movies are relevant to each person, in the list or not; at least one, for of
somebody without any there is nothing to find. What is measured per person is (P,) and averaged by whoever asks.
"""

import numpy as np

NO_MOVIE = -1
"""At a place of a list that is shorter than the others."""

RARE_BELOW = 20
"""A movie with fewer training ratings is rare."""


def popularity_order(counts: np.ndarray) -> np.ndarray:
    """Catalogue positions, int64 (M,), the most training ratings (M,) first; of equals the lower id."""
    return np.argsort(-counts.astype(np.int64), kind="stable")


def best(scores: np.ndarray, candidates: np.ndarray, k: int) -> np.ndarray:
    """A list: the `k` candidates with the highest scores, best first.

    Args:
        scores: (M,), of every movie.
        candidates: int64 (C,), catalogue positions; candidates with equal scores stay in the order that they have here.
        k: How long the list is.

    Returns:
        int64 (k,); `NO_MOVIE` at the end where there are fewer candidates.
    """
    first = candidates[np.argsort(-scores[candidates], kind="stable")[:k]]
    return np.concatenate([first, np.full(k - len(first), NO_MOVIE, dtype=np.int64)])


def hit_rate(hits: np.ndarray, k: int) -> np.ndarray:
    """1 where any of the first k is relevant, otherwise 0: float64 (P,)."""
    return (_found(hits, k) > 0).astype(np.float64)


def precision(hits: np.ndarray, k: int) -> np.ndarray:
    """Share of the k places whose movie is relevant: |relevant in the first k| / k, float64 (P,)."""
    return _found(hits, k) / k


def recall(hits: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """Share of what is relevant that is there: |relevant in the first k| / |relevant|, float64 (P,)."""
    return _found(hits, k) / _some(relevant)


def ndcg(hits: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """Normalised discounted cumulative gain, float64 (P,): 1 for a list that begins with all that is relevant.

    DCG = sum over places j = 1..k of hit_j / log2(j + 1), divided by the DCG of the best list there is, whose first
    min(k, |relevant|) places are hits.
    """
    if hits.shape[1] < k:
        raise ValueError(f"lists of {hits.shape[1]} have no first {k}")
    gains = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(gains)[np.minimum(_some(relevant), k) - 1]
    return (hits[:, :k] * gains).sum(axis=1) / ideal


def _found(hits: np.ndarray, k: int) -> np.ndarray:
    found: np.ndarray = hits[:, :k].sum(axis=1)
    return found


def _some(relevant: np.ndarray) -> np.ndarray:
    if (relevant < 1).any():
        raise ValueError("somebody has nothing relevant: leave them out")
    return relevant


def coverage(lists: np.ndarray) -> int:
    """How many different movies are in anybody's list."""
    return len(np.unique(lists[lists != NO_MOVIE]))


def rare_share(lists: np.ndarray, counts: np.ndarray, fewer_than: int = RARE_BELOW) -> float:
    """Share of all places whose movie has fewer training ratings (M,) than that; 0 where every list is empty."""
    return _mean(counts[lists[lists != NO_MOVIE]] < fewer_than)


def mean_popularity_rank(lists: np.ndarray, counts: np.ndarray) -> float:
    """Mean over all places of the movie's rank by training ratings (M,): 1 for the first of `popularity_order`."""
    rank = np.empty(len(counts), dtype=np.int64)
    rank[popularity_order(counts)] = np.arange(1, len(counts) + 1)
    return _mean(rank[lists[lists != NO_MOVIE]])


def genre_diversity(lists: np.ndarray, has_genre: np.ndarray) -> float:
    """Intra-list diversity: the mean over people of the mean over pairs of their list of 1 - |A & B| / |A | B|.

    A and B are the genres of the two movies: 0 for a list of one kind, 1 for one in which no two movies share a genre.
    Two movies without any genre share none. Lists of fewer than two movies do not count.

    Args:
        lists: int64 (P, K).
        has_genre: bool (M, G).
    """
    sets = has_genre.astype(np.float64)
    distances = np.zeros(len(lists))
    pairs = np.zeros(len(lists), dtype=np.int64)
    for i in range(lists.shape[1]):
        for j in range(i):
            there = (lists[:, i] != NO_MOVIE) & (lists[:, j] != NO_MOVIE)
            one, other = sets[lists[there, i]], sets[lists[there, j]]
            common = (one * other).sum(axis=1)
            either = one.sum(axis=1) + other.sum(axis=1) - common
            distances[there] += 1 - common / np.maximum(either, 1)
            pairs[there] += 1
    return _mean(distances[pairs > 0] / pairs[pairs > 0])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
