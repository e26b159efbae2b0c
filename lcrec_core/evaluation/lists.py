"""Measure the lists of every model on the same parts of a data set; `list_results` says what is saved, and where.

Who is asked about, what the model is told of them, and what is relevant then:

    new-people       everything of 500 people is held out; told are their fields and their first ratings in time;
                     relevant is what they rated with `RatingScale.like_threshold` or more later
    leave-last-out   told is all but the last rating of everybody; relevant is that movie, whatever its rating
    random,          told are the ratings of the training part, of people who have any; relevant is what they rated
    global-time      with the threshold or more in the test part

A list is made of ALL movies that the model was not told a rating of, never of a sample: by score, equal scores by more
training ratings, then by lower id. Lists of a model that predicts ratings are sorted by them, as the paper's are, and
only movies with the app's floor of training ratings enter them. A person's ratings are in the order of their times,
those of one second by id. No model is told when the target was rated: `Model.catalogue` is asked about the time of the
last rating that it is told.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lcrec_core.data.dataset import Col, Dataset, split_genres
from lcrec_core.data.encode import histories_of
from lcrec_core.data.profile import Profile
from lcrec_core.data.split import Protocol, Split
from lcrec_core.evaluation.compare import catalogue_ms, context_and_targets, frozen_split, trained
from lcrec_core.evaluation.list_results import ListResult, lists_folder, stem
from lcrec_core.evaluation.results import ResultError, add_to_log, read_as, write_result
from lcrec_core.machine import environment, one_thread
from lcrec_core.metrics import ranking
from lcrec_core.models import registry
from lcrec_core.models.contract import Family, Model
from lcrec_core.serving.filters import default_min_ratings

Log = Callable[[str], None]

GIVEN = (0, 1, 3, 5, 10, 20)
"""How many first ratings of new people a model is given."""

LONG, SHORT = 10, 5
"""Places of a list whose hits are counted, and whose movies are looked at: the app shows five."""


@dataclass(frozen=True, eq=False)
class Asked:
    """One person, what the model is told of them, and what its list is held against."""

    profile: Profile
    later: np.ndarray
    """int64 (L,): catalogue positions of what they rated in the test part, in time order."""
    ratings: np.ndarray
    """float32 (L,)."""
    relevant: np.ndarray
    """bool (L,)."""


def measure_lists(
    data: Dataset, protocol: Protocol, model_name: str, seed: int, log: Log = lambda line: None
) -> list[ListResult]:
    """Train one row with one seed and measure its lists, unless its result is there.

    A family is trained once, with its default settings, or opened from a bundle of the same protocol and seed.

    Returns:
        One result; of the protocol `new-people` one for each number of given ratings.

    Raises:
        TrainingError: The training failed, or a library is missing.
        ResultError: A saved file cannot be used, nobody can be asked about, or a score is no number.
    """
    folder, family = lists_folder(data.name, protocol), registry.family(model_name)
    found: list[ListResult] = []
    split: Split | None = None
    fitted: tuple[Model, float] | None = None
    for given in GIVEN if protocol is Protocol.NEW_PEOPLE else (None,):
        path = folder / f"{stem(model_name, seed, given)}.json"
        if path.exists():
            found.append(read_as(path, ListResult))
            continue
        if split is None or fitted is None:
            split = frozen_split(data, protocol, seed)
            log(f"{model_name}, seed {seed}: training on {len(split.fitting):,} ratings")
            fitted = trained(data, split, family, split.fitting)
        result = _measured(data, split, family, fitted, given)
        write_result(result, folder)
        told = "" if given is None else f", {given} given"
        real = "" if result.real_rating is None else f", real rating {result.real_rating:.2f}"
        line = f"NDCG@10 {result.ndcg_10:.4f}, HR@10 {result.hr_10:.4f}{real} over {result.judged:,} people"
        add_to_log(folder, f"{model_name} seed {seed}{told}: {line}; {result.settings}")
        log(f"{model_name}, seed {seed}{told}: {line}")
        found.append(result)
    return found


def seeds_of(name: str, protocol: Protocol, seeds: list[int]) -> list[int]:
    """The seeds that a row is measured with.

    Where the split is the same whatever the seed, the paper's way takes one, which is an hour's training saved.
    """
    family = registry.family(name)
    fixed = protocol in (Protocol.GLOBAL_TIME, Protocol.LEAVE_LAST_OUT)
    return seeds[:1] if family.one_seed or (fixed and family.predicts_ratings) else seeds


def asked(data: Dataset, split: Split, given: int | None) -> Iterator[Asked]:
    """Everybody who is asked about: all who have rated something in the test part, and of whom the model may know.

    Raises:
        ResultError: Nobody of the test part has more ratings than are to be given.
    """
    context, targets = context_and_targets(data, split, given)
    told = histories_of(data.ratings.iloc[split.fitting if given is None else context], data)
    later = histories_of(data.ratings.iloc[targets], data)
    ids, movies = data.users[Col.USER].to_numpy(), data.movies[Col.MOVIE].to_numpy(np.int64)
    columns = (data.users[name].to_numpy(dtype=object, na_value=None) for name in (Col.GENDER, Col.AGE, Col.OCCUPATION))
    fields = list(zip(*columns, strict=True))
    for person in np.flatnonzero(np.diff(later.offsets)):
        before, after = (slice(*of.offsets[person : person + 2]) for of in (told, later))
        if given is None and before.start == before.stop:
            continue
        gender, age, occupation = fields[person]
        profile = Profile(
            movies[told.movies[before]],
            told.ratings[before],
            told.times[before],
            gender=gender,
            age=age,
            occupation=occupation,
            # Of somebody new no model knows an id.
            user_id=int(ids[person]) if given is None else None,
        )
        ratings = later.ratings[after]
        any_rating = split.protocol is Protocol.LEAVE_LAST_OUT
        relevant = np.full(len(ratings), True) if any_rating else ratings >= data.scale.like_threshold
        yield Asked(profile, later.movies[after], ratings, relevant)


def top(data: Dataset, model: Model, profile: Profile, candidates: np.ndarray, k: int = LONG) -> np.ndarray:
    """A person's list, catalogue positions int64 (k,); see `metrics.ranking.best`.

    Args:
        data: The data set.
        model: Trained.
        profile: The person; what they rated is left out.
        candidates: int64 (C,), catalogue positions, in the order of those with equal scores.
        k: How long the list is.

    Raises:
        ValueError: A score is no number.
    """
    scores = model.catalogue(profile).scores
    if not np.isfinite(scores).all():
        raise ValueError("something was predicted that is no number")
    _, rated = data.known_movies(profile.movie_ids)
    unseen = np.full(len(scores), True)
    unseen[rated] = False
    return ranking.best(scores, candidates[unseen[candidates]], k)


def _measured(
    data: Dataset, split: Split, family: Family, fitted: tuple[Model, float], given: int | None
) -> ListResult:
    model, seconds = fitted
    counts = np.bincount(data.movie_rows(data.ratings[Col.MOVIE].iloc[split.fitting]), minlength=len(data.movies))
    floor = default_min_ratings(data) if family.predicts_ratings else 0
    order = ranking.popularity_order(counts)
    candidates = order[counts[order] >= floor]
    people = list(asked(data, split, given))
    if not any(each.relevant.any() for each in people):
        raise ResultError(f"{data.name}: by {split.protocol} there is nobody whose list could hold what is relevant")
    try:
        with one_thread():
            lists = np.stack([top(data, model, each.profile, candidates) for each in people])
    except ValueError as error:
        raise ResultError(f"{family.name} with seed {split.seed} cannot be measured: {error}") from error
    relevant = np.array([each.relevant.sum() for each in people])
    judged = np.flatnonzero(relevant)
    hits = np.stack([np.isin(lists[i], people[i].later[people[i].relevant]) for i in judged])
    liked = relevant[judged]
    real = np.concatenate(
        [each.ratings[np.isin(each.later, of_person)] for each, of_person in zip(people, lists, strict=True)]
    )
    first = lists[:, :SHORT]
    way = f"; sorted by predicted rating, movies with {floor} ratings or more" if floor else ""
    return ListResult(
        row=family.name,
        data=data.name,
        protocol=str(split.protocol),
        seed=split.seed,
        given=given,
        settings=family.settings(data.name) + _of_protocol(family, split.protocol) + way,
        people=len(people),
        judged=len(judged),
        hr_5=_mean(ranking.hit_rate(hits, 5)),
        ndcg_5=_mean(ranking.ndcg(hits, liked, 5)),
        hr_10=_mean(ranking.hit_rate(hits, 10)),
        ndcg_10=_mean(ranking.ndcg(hits, liked, 10)),
        recall_10=_mean(ranking.recall(hits, liked, 10)),
        precision_5=_mean(ranking.precision(hits, 5)),
        real_rating=_mean(real) if len(real) else None,
        rated=len(real),
        coverage=ranking.coverage(first),
        rare_share=ranking.rare_share(first, counts),
        popularity_rank=ranking.mean_popularity_rank(first, counts),
        diversity=ranking.genre_diversity(first, _has_genre(data)),
        train_seconds=round(seconds, 1),
        predict_ms=round(catalogue_ms(data, split, model), 2),
        told_time=False,
        parameters=model.parameters,
        environment=environment(gpu=model.device == "cuda"),
    )


def _of_protocol(family: Family, protocol: Protocol) -> str:
    """What differs from the default settings, in words."""
    return "".join(
        f"; {name.replace('_', ' ')} {value}" for name, value in family.by_protocol.get(protocol, {}).items()
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean(dtype=np.float64))


def _has_genre(data: Dataset) -> np.ndarray:
    """Bool (M, G)."""
    names = data.genres
    sets = [np.isin(names, split_genres(joined)) for joined in data.movies[Col.GENRES]]
    return np.array(sets, dtype=bool).reshape(len(data.movies), len(names))
