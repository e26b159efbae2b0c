"""Two people: how far they agree, where they differ, and one list for both.

A list for a group is made of each one's own predictions (J. Masthoff, "Group Modeling: Selecting a Sequence of
Television Items to Suit a Group of Viewers", UMUAI 14, 2004). Candidates are the first movies of either one's own
list, so that they are ones that somebody would pick. With p1 and p2, the ratings that the two are expected to give a
movie, they are then put in order by one of three strategies:

    average        (p1 + p2) / 2, the highest first
    least misery   min(p1, p2), the highest first: nobody has to sit through what they would not like
    fairness       the two take turns: each place goes to what the less satisfied one is expected to like best of what
                   is left. Satisfaction is that of M. Stratigi et al., "Fair Sequential Group Recommendations" (SAC
                   2020): the sum of one's predictions over the list so far, divided by the same sum over as many
                   of one's own best candidates
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, split_genres
from lcrec_core.data.profile import Profile
from lcrec_core.serving.catalogue import Catalogue
from lcrec_core.serving.filters import EVERYTHING, Filters
from lcrec_core.serving.recommender import Recommender

AVERAGE, LEAST_MISERY, FAIRNESS = "average", "least-misery", "fairness"
STRATEGIES = (AVERAGE, LEAST_MISERY, FAIRNESS)
CANDIDATES = 200
"""Movies at the top of each one's own list that a list for both is chosen from."""

FEWEST_IN_COMMON = 10
"""With fewer films in common nothing is said: the 95 % interval of a correlation of zero then reaches beyond 0.6
either way (Fisher's z, 1.96 / sqrt(n - 3))."""
CLOSER, AS_STRANGERS, FARTHER = "closer", "as strangers", "farther"
"""How two people agree, beside two of the data set who are drawn at random."""


@dataclass(frozen=True)
class Agreement:
    """How far two people agree about the films that both have rated."""

    in_common: int
    difference: float | None
    """Mean absolute difference of their ratings, in stars; None where they have too few films in common."""
    strangers: float | None
    """The same, expected of two people drawn at random from those of the data set who rated each of these films."""
    correlation: float | None
    """Pearson's, from -1 to 1; None as well where one of them gave every film the same."""
    verdict: str | None
    """CLOSER or FARTHER where the difference lies more than two standard errors from that of strangers, else
    AS_STRANGERS; None where they have too few films in common."""


@dataclass(frozen=True)
class BothRated:
    """A film that both have rated."""

    movie_id: int
    ratings: tuple[float, float]


@dataclass(frozen=True)
class ForBoth:
    """A line of a list for two."""

    movie_id: int
    title: str
    """As the data set spells it; `titles.spoken` for people."""
    year: int | None
    genres: tuple[str, ...]
    predicted: tuple[float, float]
    """What each is expected to give."""
    ratings: tuple[float | None, float | None]
    """What each gave, where rated films are asked for."""
    picked_by: int | None = None
    """Of the fairness strategy: whose turn it was, 0 or 1."""

    @property
    def average(self) -> float:
        """The mean of both predictions."""
        return sum(self.predicted) / 2

    @property
    def lower(self) -> float:
        """The lower of both predictions."""
        return min(self.predicted)


def agreement(catalogue: Catalogue, first: Profile, second: Profile) -> Agreement:
    """How far two people agree; see `Agreement`."""
    films, given = _in_common(catalogue, first, second)
    if len(films) < FEWEST_IN_COMMON:
        return Agreement(len(films), None, None, None, None)
    differences = np.abs(given[0] - given[1])
    expected = stranger_differences(catalogue)[films]
    gap = differences - expected
    error = gap.std(ddof=1) / np.sqrt(len(gap))
    apart = CLOSER if gap.mean() < 0 else FARTHER
    vary = bool((given.std(axis=1) > 0).all())
    return Agreement(
        in_common=len(films),
        difference=float(differences.mean()),
        strangers=float(expected.mean()),
        correlation=float(np.corrcoef(given)[0, 1]) if vary else None,
        verdict=apart if abs(gap.mean()) > 2 * error else AS_STRANGERS,
    )


def stranger_differences(catalogue: Catalogue) -> np.ndarray:
    """How much two different people who rated a movie differ about it on average, in stars: float64 (M,).

    From the counts of its ratings; of a movie that fewer than two have rated, the mean over all ratings of others.
    With F the share of ratings up to each value and n their number, it is 2 x step x sum of F(1 - F) x n / (n - 1).
    """
    counts = catalogue.data.value_counts
    n = counts.sum(axis=1)
    share = np.cumsum(counts, axis=1)[:, :-1] / np.maximum(n, 1)[:, None]
    mean = 2 * catalogue.data.scale.step * (share * (1 - share)).sum(axis=1) * n / np.maximum(n - 1, 1)
    enough = n > 1
    usual = float((mean * n)[enough].sum() / max(n[enough].sum(), 1))
    return np.where(enough, mean, usual)


def rated_differently(catalogue: Catalogue, first: Profile, second: Profile, n: int = 5) -> list[BothRated]:
    """Up to `n` films that both rated and not alike, the largest difference first, of equal ones the more rated."""
    films, given = _in_common(catalogue, first, second)
    apart = np.abs(given[0] - given[1])
    order = np.lexsort((-catalogue.num_ratings[films], -apart))
    order = order[apart[order] > 0][:n]
    return [
        BothRated(int(catalogue.movie_ids[films[i]]), (float(given[0, i]), float(given[1, i]))) for i in order.tolist()
    ]


def predicted_differently(
    recommender: Recommender, people: tuple[Profile, Profile], filters: Filters = EVERYTHING, n: int = 5
) -> tuple[list[ForBoth], list[ForBoth]]:
    """Movies that the first is expected to like more than the second, and those the other way round.

    Up to `n` each, the largest difference first, of the candidates that neither has rated; see the module.

    Args:
        recommender: Of the model in use.
        people: The two.
        filters: Which movies may enter.
        n: Movies of each list.
    """
    positions, predicted = _candidates(recommender, people, filters, include_rated=False)
    lead = predicted[0] - predicted[1]
    found = []
    for gap in (lead, -lead):
        order = np.argsort(-gap, kind="stable")
        order = order[gap[order] > 0][:n]
        found.append([_line(recommender, positions[i], predicted[:, i]) for i in order.tolist()])
    return found[0], found[1]


def for_both(
    recommender: Recommender,
    people: tuple[Profile, Profile],
    strategy: str = AVERAGE,
    n: int = 10,
    filters: Filters = EVERYTHING,
    *,
    include_rated: bool = False,
) -> list[ForBoth]:
    """A list of up to `n` movies for two people; see the module.

    Args:
        recommender: Of the model in use.
        people: The two.
        strategy: One of STRATEGIES.
        n: Movies of the list.
        filters: Which movies may enter; what is left out there is left out for both.
        include_rated: Whether films that either has rated, under whichever id, may enter as well.
    """
    positions, predicted = _candidates(recommender, people, filters, include_rated)
    order, turns = in_order(predicted, strategy, n)
    given = [_by_film(recommender.catalogue, person) if include_rated else {} for person in people]
    lines = []
    for place, i in enumerate(order.tolist()):
        ratings = given[0].get(int(positions[i])), given[1].get(int(positions[i]))
        turn = None if turns is None else int(turns[place])
        lines.append(_line(recommender, positions[i], predicted[:, i], ratings, turn))
    return lines


def in_order(predicted: np.ndarray, strategy: str, n: int) -> tuple[np.ndarray, np.ndarray | None]:
    """The first `n` of C candidates for two people.

    Args:
        predicted: float (2, C), what each is expected to give.
        strategy: One of STRATEGIES. Of candidates that are equal by it, the better one by the other of average and
            least misery comes first, then the one given first.
        n: How many; fewer where there are fewer.

    Returns:
        Their places among the candidates, int64 (k,), and of FAIRNESS whose turn each was, int64 (k,).

    Raises:
        ValueError: There is no such strategy.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"a list for two is made by one of {', '.join(STRATEGIES)}, not by {strategy!r}")
    if strategy == FAIRNESS:
        return _in_turns(predicted, n)
    average, lower = predicted.mean(axis=0), predicted.min(axis=0)
    keys = (-lower, -average) if strategy == AVERAGE else (-average, -lower)
    return np.lexsort(keys)[:n], None


def people_with_most_in_common(catalogue: Catalogue, profile: Profile, n: int = 20) -> list[tuple[int, int]]:
    """People of the data set who rated most of the same movies: (user id, movies in common), the most first.

    Those who share none, and the person themselves, are left out.
    """
    data = catalogue.data
    known, rows = data.known_movies(profile.movie_ids)
    if not known.any():
        return []
    everybody = data.ratings[Col.USER].to_numpy()
    shares = np.zeros(len(data.users), dtype=np.int64)
    for row in np.unique(rows):
        theirs = data.by_movie[data.movie_offsets[row] : data.movie_offsets[row + 1]]
        shares[data.user_rows(everybody[theirs])] += 1  # Nobody rates a movie twice.
    some = np.flatnonzero(shares)
    found, shared = data.user_ids[some], shares[some]
    others = found != (-1 if profile.user_id is None else profile.user_id)
    found, shared = found[others], shared[others]
    return [(int(found[i]), int(shared[i])) for i in np.argsort(-shared, kind="stable")[:n]]


def _in_turns(predicted: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """See `in_order`.

    Where both are as satisfied, as at the beginning, the turn is theirs who has had fewer, then the first's.
    """
    count = min(n, predicted.shape[1])
    own_best = np.cumsum(-np.sort(-predicted, axis=1)[:, :count], axis=1)  # (2, count)
    left = np.ones(predicted.shape[1], dtype=bool)
    # Of what one would like as much, what the other likes better.
    wanted = [np.lexsort((-predicted[1 - one], -predicted[one])) for one in (0, 1)]
    heard, turns_of = np.zeros(2), np.zeros(2, dtype=np.int64)
    order, turns = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    for place in range(count):
        satisfied = heard / own_best[:, place - 1] if place else heard
        equal = bool(np.isclose(satisfied[0], satisfied[1]))
        whose = int(turns_of[1] < turns_of[0]) if equal else int(satisfied[1] < satisfied[0])
        pick = int(wanted[whose][left[wanted[whose]]][0])
        order[place], turns[place], left[pick] = pick, whose, False
        heard += predicted[:, pick]
        turns_of[whose] += 1
    return order, turns


def _candidates(
    recommender: Recommender, people: tuple[Profile, Profile], filters: Filters, include_rated: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Catalogue positions int64 (C,), the more rated first, and what each of the two is expected to give, (2, C)."""
    catalogue = recommender.catalogue
    without = filters.without
    if not include_rated:
        without |= {movie_id for person in people for movie_id in person.movie_ids.tolist()}
    asked = replace(filters, without=without, include_rated=True)
    tops = [recommender.order(person, asked, n=CANDIDATES) for person in people]
    positions = np.unique(np.concatenate(tops))
    positions = positions[np.argsort(-catalogue.num_ratings[positions], kind="stable")]
    movie_ids = catalogue.movie_ids[positions]
    predicted = np.stack([recommender.predict(person, movie_ids) for person in people]).astype(np.float64)
    return positions, predicted


def _line(
    recommender: Recommender,
    position: int,
    predicted: np.ndarray,
    ratings: tuple[float | None, float | None] = (None, None),
    picked_by: int | None = None,
) -> ForBoth:
    movie = recommender.data.movies.iloc[position]
    return ForBoth(
        movie_id=int(movie[Col.MOVIE]),
        title=str(movie[Col.TITLE]),
        year=None if pd.isna(movie[Col.YEAR]) else int(movie[Col.YEAR]),
        genres=tuple(split_genres(movie[Col.GENRES])),
        predicted=(float(predicted[0]), float(predicted[1])),
        ratings=ratings,
        picked_by=picked_by,
    )


def _by_film(catalogue: Catalogue, profile: Profile) -> dict[int, float]:
    """Ratings by the position that stands for the film; of one rated under two ids, the later."""
    known, rows = catalogue.data.known_movies(profile.movie_ids)
    return dict(zip(catalogue.film[rows].tolist(), profile.ratings[known].astype(float).tolist(), strict=True))


def _in_common(catalogue: Catalogue, first: Profile, second: Profile) -> tuple[np.ndarray, np.ndarray]:
    """Positions int64 (C,) of the films that both have rated, and what they gave, float64 (2, C)."""
    ratings = _by_film(catalogue, first), _by_film(catalogue, second)
    films = np.array(sorted(ratings[0].keys() & ratings[1].keys()), dtype=np.int64)
    given = np.array([[one[film] for film in films.tolist()] for one in ratings]).reshape(2, len(films))
    return films, given
