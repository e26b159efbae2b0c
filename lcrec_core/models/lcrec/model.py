"""LCRec: a backbone and a network over its residuals, and what they answer together.

People are folded into the backbone from the ratings that may be read; the network reads those ratings in time order,
each with what the backbone leaves of it. This holds for rows of a test part and for somebody new alike, so one way of
asking serves the measurements and the app.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import Encoded, encode_profile, histories_of
from lcrec_core.data.profile import Profile
from lcrec_core.models.contract import Prediction
from lcrec_core.models.layers import Planned, check_features, check_tensors, movie_tensors
from lcrec_core.models.lcrec.backbone import (
    Backbone,
    backbone_arrays,
    check_arrays,
    fold_in,
    from_arrays,
    predict,
    predict_catalogue,
)
from lcrec_core.models.lcrec.config import BackboneConfig, LCRecConfig
from lcrec_core.models.lcrec.network import Events, LCRecNetwork, Targets
from lcrec_core.models.lcrec.sequences import (
    Sequences,
    UserRatings,
    all_steps,
    joined,
    make_sequences,
    offsets_of,
    step,
)
from lcrec_core.models.lcrec.side_information import (
    Interactions,
    item_features_of,
    user_features_of,
    user_side_features,
)
from lcrec_core.models.queries import LastQueries

FIELDS = ("genders", "ages", "occupations")
"""Vocabularies of the fields that the backbone knows people by, in the order of encoded people."""

SAMPLES_SIDE_BY_SIDE = 10
"""Of the backbone's samples, about so many tell what a rating changes."""
IN_BYTES_FROM = 50_000_000
"""Coefficients of the movies, in all samples, from which on a bundle's stay in bytes; 200 MB as numbers."""


@dataclass(frozen=True, eq=False)
class Queries:
    """Rows of a data set with all that the backbone says of them; the network's part can be asked again and again."""

    sequences: Sequences
    order: np.ndarray
    """int64 (N,): where each target of the sequences stands among the rows."""


@dataclass(frozen=True, eq=False)
class Now:
    """What a live prediction is made of: somebody after their last rating."""

    user_factors: Tensor
    """float32 (S, 1, D): b and p of the person."""
    events: Events
    targets: Targets
    """Movies that are predicted, with the backbone's rating of each."""


class LCRecModel:
    """The trained model with the ratings that it was fitted on, ready to answer; see `contract.Model`."""

    def __init__(
        self,
        backbone: Backbone,
        network: LCRecNetwork | None,
        data: Dataset,
        encoded: Encoded,
        config: LCRecConfig,
        *,
        features: Tensor | None = None,
        asked: LastQueries[Queries] | None = None,
    ) -> None:
        self.backbone, self.network, self.data, self.encoded, self.config = backbone, network, data, encoded, config
        self._features = features
        self._asked: LastQueries[Queries] = asked or LastQueries()

    def with_network(self, network: LCRecNetwork) -> "LCRecModel":
        """Another network on the same backbone: what the backbone says of the rows asked last is kept."""
        return LCRecModel(self.backbone, network, self.data, self.encoded, self.config, asked=self._asked)

    @cached_property
    def interactions(self) -> Interactions:
        """What the model was fitted on; a large data set's takes seconds, and nobody who asks about now needs it."""
        return interactions_of(self.data, self.encoded)

    @cached_property
    def known_of_movies(self) -> np.ndarray:
        """float32 (M, t): genres and years, see `Interactions.item_features`."""
        return known_of_movies(self.data, self.encoded)

    @cached_property
    @torch.inference_mode()
    def features(self) -> Tensor:
        """M_f of every movie (M, D); of a backbone alone its factors, averaged over samples."""
        if self._features is not None:
            return self._features
        if self.network is None:
            movies = self.backbone.movies
            assert isinstance(movies, Tensor)  # those in bytes are of a bundle, which has the features, too
            return movies.mean(dim=0)
        return self.network.movie_features(*movie_tensors(self.encoded.movies, torch.device("cpu")))

    @cached_property
    def _some_samples(self) -> Backbone:
        """The backbone with a few of its samples: differences between two of its answers are nearly those of all."""
        backbone = self.backbone
        some = slice(None, None, max(1, len(backbone.movies) // SAMPLES_SIDE_BY_SIDE))
        return replace(
            backbone,
            movies=backbone.movies[some],
            weights=backbone.weights[some],
            precision=backbone.precision[some],
        )

    @property
    def device(self) -> str:
        """See `Model`."""
        return "cpu"

    @property
    def item_features(self) -> np.ndarray:
        """See `Model`."""
        return self.features.numpy()

    @property
    def parameters(self) -> int:
        """See `Model`."""
        network = [] if self.network is None else self.network.parameters()
        tensors = [*network, self.backbone.movies, self.backbone.weights, self.backbone.precision]
        return sum(tensor.numel() for tensor in tensors)

    def rows(self, rows: np.ndarray, *, context: np.ndarray | None = None, use_future: bool = True) -> Prediction:
        """See `Model`."""
        if context is None:
            queries = self._asked.of(rows, lambda: self._queries(self.encoded, self.interactions, rows))
        else:
            encoded = replace(self.encoded, histories=histories_of(self.data.ratings.iloc[context], self.data))
            queries = self._queries(encoded, interactions_of(self.data, encoded), rows)
        return self._predict(queries.sequences, use_future=use_future).in_order(np.argsort(queries.order))

    @torch.inference_mode()
    def catalogue(self, profile: Profile) -> Prediction:
        """See `Model`: everybody, known or new, is folded in from their own ratings."""
        now = self.now(profile)
        return self._predicted(now, self._of_time(now))

    @torch.inference_mode()
    def asked_by(self, profile: Profile) -> Callable[[np.ndarray], Prediction]:
        """See `queries.InParts`."""
        before = self._before(profile)
        of_time = self._of_time(before)

        @torch.inference_mode()
        def about(positions: np.ndarray) -> Prediction:
            return self._predicted(self._with_targets(before, torch.from_numpy(positions)), of_time)

        return about

    def now(self, profile: Profile) -> Now:
        """Somebody after their last rating, and every movie to be predicted then."""
        return self._with_targets(self._before(profile), None)

    def _before(self, profile: Profile) -> Now:
        """Somebody after their last rating; no movie is predicted yet."""
        known, movies = self.data.known_movies(profile.movie_ids)
        ratings, times = profile.ratings[known], profile.timestamps[known]
        sizes = self.encoded.vocabularies.sizes()
        user_features = user_features_of(
            encode_profile(profile, self.encoded.vocabularies)[None], [sizes[name] for name in FIELDS]
        )
        people = np.zeros(len(ratings), dtype=np.int64)
        seen = Interactions(people, movies, ratings, user_features, self.known_of_movies)
        features = user_side_features(seen, self.backbone.log_count, self.config.backbone)
        folded = fold_in(self.backbone, people, torch.from_numpy(movies), torch.from_numpy(ratings), features)
        # The network is asked once about the time, and with that about every movie.
        nothing = np.zeros(1, dtype=np.int64)
        once = UserRatings(np.array([0, 1]), nothing, np.array([times.max(initial=0)]))
        history = UserRatings(np.array([0, len(movies)]), movies, times)
        middle = self.data.scale.middle
        sequences = make_sequences(history, folded.loo_residuals.numpy(), ratings, middle, once, nothing, nothing)
        events, time, _ = step(sequences, nothing, mask_future=1.0)
        return Now(folded.user_factors, events, time)

    def _with_targets(self, now: Now, movies: Tensor | None) -> Now:
        """The same with these movies to be predicted, int64 (K,), or all."""
        rating, posterior_std = predict_catalogue(self.backbone, now.user_factors, movies)
        movies = torch.arange(len(rating)) if movies is None else movies
        return replace(now, targets=replace(now.targets, movies=movies, backbone=rating, posterior_std=posterior_std))

    def _of_time(self, now: Now) -> Tensor | None:
        """What is the same for all movies, see the network."""
        return None if self.network is None else self.network.of_time(now.events, now.targets, self.features)

    def _predicted(self, now: Now, of_time: Tensor | None) -> Prediction:
        if self.network is None or of_time is None:
            return Prediction.of_ratings(now.targets.backbone.numpy())
        probabilities = self.network.of_movies(of_time, now.targets, self.features).exp()
        return Prediction.of_ratings((probabilities @ self.network.values).numpy(), probabilities.numpy())

    def movies(self, profiles: Sequence[Profile], positions: np.ndarray) -> Prediction:
        """See `queries.of_movies`: everybody is folded in at once, by some of the samples."""
        histories = [self.data.known_movies(profile.movie_ids) for profile in profiles]
        counts = [len(movies) for _, movies in histories]
        sizes = self.encoded.vocabularies.sizes()
        fields = np.stack([encode_profile(profile, self.encoded.vocabularies) for profile in profiles])
        seen = Interactions(
            np.repeat(np.arange(len(profiles)), counts),
            np.concatenate([movies for _, movies in histories]),
            np.concatenate([of.ratings[known] for of, (known, _) in zip(profiles, histories, strict=True)]),
            user_features_of(fields, [sizes[name] for name in FIELDS]),
            self.known_of_movies,
        )
        times = [of.timestamps[known] for of, (known, _) in zip(profiles, histories, strict=True)]
        last = np.array([each.max(initial=0) for each in times], dtype=np.int64)
        targets = UserRatings(
            np.arange(len(profiles) + 1) * len(positions),
            np.tile(positions, len(profiles)),
            np.repeat(last, len(positions)),
        )
        middle, config = self.data.scale.middle, self.config.backbone
        sequences = build_queries(self._some_samples, seen, np.concatenate(times), targets, middle, config)
        return self._predict(sequences, use_future=False)

    def tensors(self) -> dict[str, np.ndarray]:
        """See `Model`."""
        states = {} if self.network is None else self.network.state_dict()
        network = {f"network.{name}": value.numpy() for name, value in states.items()}
        return network | {f"backbone.{name}": value for name, value in backbone_arrays(self.backbone).items()}

    def _queries(self, encoded: Encoded, seen: Interactions, rows: np.ndarray) -> Queries:
        """Put rows of the data set among what their people rated."""
        asked = self.data.ratings.iloc[rows]
        people, movies = self.data.user_rows(asked[Col.USER]), self.data.movie_rows(asked[Col.MOVIE])
        times = asked[Col.TIME].to_numpy()
        order = np.lexsort((times, people))
        targets = UserRatings(offsets_of(people, len(self.data.users)), movies[order], times[order])
        middle, config = self.data.scale.middle, self.config.backbone
        return Queries(build_queries(self.backbone, seen, encoded.histories.times, targets, middle, config), order)

    @torch.inference_mode()
    def _predict(self, sequences: Sequences, *, use_future: bool) -> Prediction:
        if self.network is None:
            return Prediction.of_ratings(sequences.backbone)
        values = self.network.values.numpy()
        probabilities = np.empty((len(sequences), len(values)), dtype=np.float32)
        for events, targets, which in all_steps(sequences, use_future=use_future):
            probabilities[which] = self.network(events, targets, self.features).exp().numpy()
        return Prediction.of_ratings(probabilities @ values, probabilities)


def opened(
    tensors: Mapping[str, np.ndarray],
    item_features: np.ndarray | None,
    config: LCRecConfig,
    data: Dataset,
    encoded: Encoded,
) -> LCRecModel:
    """The model of saved tensors; see `contract.Family.load`."""
    parts = ("network", "backbone") if config.has_network else ("backbone",)
    arrays: dict[str, dict[str, np.ndarray]] = {part: {} for part in parts}
    for name, value in tensors.items():
        part, _, own_name = name.partition(".")
        if part not in arrays:
            raise ValueError(f"weights.safetensors has {name} and should not")
        arrays[part][own_name] = value
    of_backbone = 1 + (config.backbone.factors if config.has_backbone else 1)
    network, width = None, of_backbone
    if config.has_network:
        sizes, values = encoded.vocabularies.sizes(), tuple(data.scale.values.tolist())
        with Planned():
            check_tensors(arrays["network"], LCRecNetwork(config.network, sizes, values))
        network, width = LCRecNetwork(config.network, sizes, values), config.network.feature_size
        network.load_state_dict({name: torch.from_numpy(value) for name, value in arrays["network"].items()})
        network.eval().requires_grad_(False)
    features = check_features(item_features, len(encoded.movies.ids), width)
    movies, sizes = len(data.movies), encoded.vocabularies.sizes()
    nobody = np.zeros((0, 1 + len(FIELDS)), dtype=np.int64)
    of_people = user_features_of(nobody, [sizes[name] for name in FIELDS]).shape[1]
    check_arrays(arrays["backbone"], movies, movies + 2 + of_people, of_backbone)
    backbone = from_arrays(arrays["backbone"], in_bytes=arrays["backbone"]["movies"].size >= IN_BYTES_FROM)
    return LCRecModel(backbone, network, data, encoded, config, features=features)


def interactions_of(data: Dataset, encoded: Encoded) -> Interactions:
    """The training ratings, and what is known of people and movies."""
    histories, sizes = encoded.histories, encoded.vocabularies.sizes()
    return Interactions(
        people=np.repeat(np.arange(len(encoded.people), dtype=np.int32), np.diff(histories.offsets)),
        movies=histories.movies.astype(np.int32),
        ratings=histories.ratings,
        user_features=user_features_of(encoded.people, [sizes[name] for name in FIELDS]),
        item_features=known_of_movies(data, encoded),
    )


def known_of_movies(data: Dataset, encoded: Encoded) -> np.ndarray:
    """float32 (M, t): what is known of each movie beside its ratings, its genres and its year."""
    years = data.movies[Col.YEAR].to_numpy(np.float64, na_value=np.nan)
    return item_features_of(encoded.movies.genres, encoded.vocabularies.sizes()["genres"], years)


def build_queries(
    backbone: Backbone,
    seen: Interactions,
    times: np.ndarray,
    targets: UserRatings,
    middle: float,
    config: BackboneConfig,
) -> Sequences:
    """Targets among the events that people are folded in from.

    Args:
        backbone: Which has seen none of the targets.
        seen: The events, person by person in time order.
        times: int64 (R,), of the events.
        targets: What is asked, person by person.
        middle: Of the rating scale.
        config: Of the backbone.
    """
    return joined(list(queries_in_groups(backbone, seen, times, targets, middle, config)))


def queries_in_groups(
    backbone: Backbone,
    seen: Interactions,
    times: np.ndarray,
    targets: UserRatings,
    middle: float,
    config: BackboneConfig,
    start: int = 0,
) -> Iterator[Sequences]:
    """`build_queries` of one group of neighbours after another, from person number `start` on."""
    events = UserRatings(offsets_of(seen.people, len(seen.user_features)), seen.movies, times)
    for people in _at_once(events.offsets, targets.offsets, start=start):
        own = slice(events.offsets[people.start], events.offsets[people.stop])
        some = replace(
            seen,
            people=seen.people[own] - people.start,
            movies=seen.movies[own],
            ratings=seen.ratings[own],
            user_features=seen.user_features[people],
        )
        yield _build_queries(backbone, some, events.of(people), targets.of(people), middle, config)


RATINGS_AT_ONCE = 2**20
"""Events, or targets, of the people who are folded in together, about: the memory that it takes."""


def _at_once(*offsets: np.ndarray, start: int) -> Iterator[slice]:
    """People in groups of neighbours with at most `RATINGS_AT_ONCE` entries each by any of the offsets (P + 1,)."""
    people = len(offsets[0]) - 1
    while start < people:
        ends = [np.searchsorted(each, each[start] + RATINGS_AT_ONCE, side="right") - 1 for each in offsets]
        end = int(max(start + 1, min(people, *ends)))
        yield slice(start, end)
        start = end


def _build_queries(
    backbone: Backbone,
    seen: Interactions,
    events: UserRatings,
    targets: UserRatings,
    middle: float,
    config: BackboneConfig,
) -> Sequences:
    """`build_queries` of few enough people for one block; their numbers begin with zero."""
    features = user_side_features(seen, backbone.log_count, config)
    ratings = torch.from_numpy(seen.ratings)
    folded = fold_in(backbone, seen.people, torch.from_numpy(seen.movies), ratings, features)
    asked = np.repeat(np.arange(len(seen.user_features)), np.diff(targets.offsets))
    rating, posterior_std = predict(
        backbone, folded.user_factors, torch.from_numpy(asked), torch.from_numpy(targets.movies)
    )
    return make_sequences(
        events, folded.loo_residuals.numpy(), seen.ratings, middle, targets, rating.numpy(), posterior_std.numpy()
    )
