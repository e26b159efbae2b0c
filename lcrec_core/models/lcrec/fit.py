"""Fit LCRec: the backbone first, then the network on what the backbone leaves, fold by fold.

The network must learn from residuals and predictions of the kind it will meet: of ratings that the backbone has not
seen. So the training ratings are cut into folds. For each, a backbone is sampled without it; people are folded in from
the rest; the fold's ratings are the targets, and the rest are the events. A target is in nothing that predicts it:
not in the backbone, not in the person's tastes, not in the sequence. At serving the folds' backbones take their place
together, each rating being known to all of them but one, and everything else is the same.

Somebody new has few ratings. So in each pass some of the people are asked about once more, from a few of their first
ratings alone.
"""

import hashlib
import itertools
import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import joblib
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from lcrec_core import cluster, machine
from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import Encoded
from lcrec_core.errors import TrainingError
from lcrec_core.files import convenient, seal, unseal, write_whole
from lcrec_core.metrics.rating import Errors
from lcrec_core.models.checkpoint import State, load_checkpoint, save_checkpoint
from lcrec_core.models.contract import Step, Watch
from lcrec_core.models.layers import movie_tensors, with_decay
from lcrec_core.models.lcrec.backbone import (
    backbone_arrays,
    check_arrays,
    from_arrays,
    merge_chains,
    no_backbone,
)
from lcrec_core.models.lcrec.config import LCRecConfig
from lcrec_core.models.lcrec.model import LCRecModel, interactions_of, queries_in_groups
from lcrec_core.models.lcrec.network import Events, LCRecNetwork, Targets
from lcrec_core.models.lcrec.ridge import few_rows
from lcrec_core.models.lcrec.sampler import Chain
from lcrec_core.models.lcrec.sequences import Sequences, UserRatings, joined, offsets_of, step, steps
from lcrec_core.models.lcrec.side_information import DENSE_CELLS, Interactions
from lcrec_core.models.settings import saved

TRAIN_SAMPLE = 20_000
"""Training ratings, about, on which the training error is measured, dropout off."""


def fit(data: Dataset, encoded: Encoded, config: LCRecConfig, scratch: Path | None, watch: Watch) -> LCRecModel:
    """Sample the backbones, all folds' in parallel, and train the network; see `contract.Family.fit`.

    What is done is kept in `scratch` every few minutes, part by part, so that a stop loses little: chains, backbones,
    folds as the network reads them, and the network.
    """
    interactions = interactions_of(data, encoded)
    fold_of = draw_folds(len(interactions.ratings), config)
    if config.has_backbone:
        backbones = sample_backbones(interactions, fold_of, config, scratch, watch)
    else:
        backbones = [backbone_arrays(no_backbone(interactions))] * config.folds
    backbone = merge_chains(map(from_arrays, backbones), interactions, config.backbone)
    model = LCRecModel(backbone, None, data, encoded, config)
    if not config.has_network:
        watch.step(Step(1, 1, len(interactions.ratings), True, model, lambda: _errors_of_backbone(model)))
        return model
    folds = make_folds(data, encoded, interactions, fold_of, backbones, config, scratch, watch)
    return model.with_network(train_network(model, folds, config, scratch, watch))


Arrays = dict[str, np.ndarray]


def draw_folds(count: int, config: LCRecConfig) -> np.ndarray:
    """Fold of each of so many training ratings, int16 (R,)."""
    return np.random.default_rng([config.seed, 0]).integers(0, config.folds, count).astype(np.int16)


def sample_backbones(
    interactions: Interactions, fold_of: np.ndarray, config: LCRecConfig, scratch: Path | None, watch: Watch
) -> list[Arrays]:
    """Each fold's backbone, of all other ratings, each in a process of its own, as `backbone_arrays`; see `fit`."""
    need = memory_need(len(interactions.user_features), len(interactions.item_features), len(interactions.ratings))
    workers, started = cluster.workers(config.folds, need), time.perf_counter()
    costs, taken, drawn = Costs.of(config), 0.0, list[Arrays]()
    with cluster.folder(scratch) as told:

        def tell() -> None:
            text = f"{len(drawn)} of {config.folds} backbones sampled"
            watch.note(text, costs.share(sum(_rounds_told(told, fold) for fold in range(config.folds))))

        tell()
        shared = cluster.Shared.of(vars(interactions) | {"fold_of": fold_of.astype(np.int32)}, told)
        place = scratch and scratch.absolute()
        jobs = [joblib.delayed(_sample_of)(shared, fold, config, place, told) for fold in range(config.folds)]
        with _repeating(tell):
            for arrays in cluster.results(jobs, workers):
                taken += float(arrays.pop("seconds"))
                drawn.append(arrays)
                tell()
    # All that the processes took, side by side, is longer than this took where some had been finished before.
    watch.skip(max(0.0, taken / workers - (time.perf_counter() - started)))
    return drawn


def memory_need(people: int, movies: int, ratings: int) -> int:
    """Bytes, about, that sampling one backbone takes.

    Where a side's features are few, its prior holds them with their zeros, and a matrix of features by features, or of
    rows where they are few, three times while it is factorized: people are features of movies, and movies of people.
    Beyond, only what is not zero is held, and memory grows with the ratings.
    """
    both = people + movies
    need = _PROCESS + _PER_RATING * ratings + _PER_ROW * both
    if people * movies > DENSE_CELLS:
        return need
    of_people = people if few_rows(people, movies) else movies
    of_movies = movies if few_rows(movies, people) else people
    return need + 8 * people * movies + 4 * of_people**2 + 12 * max(of_people, of_movies) ** 2


_PROCESS = 400_000_000
"""Bytes of a process with torch in it."""
_PER_RATING = 70
"""Bytes of a rating in a chain: itself, its places in the blocks of both sides, its members of both sets, its precision
and its residual."""
_PER_ROW = 4_000
"""Bytes of a person or a movie in a chain: coefficients, features, the vectors of a solution, the samples in bytes."""


_LAID_OUT = 200
"""Bytes of a rating in what the network learns from: an event of all folds but one, and a target of one, twice."""


def check_memory(data: Dataset) -> None:
    """Refuse a data set whose backbone cannot be sampled here, before anything is done.

    Raises:
        TrainingError: The message says what it needs, what there is, and what works.
    """
    people, movies = len(data.users), len(data.movies)
    machine.require(
        max(memory_need(people, movies, len(data.ratings)), _PROCESS + _LAID_OUT * len(data.ratings)),
        f"LCRec on {people:,} people and {movies:,} movies",
        "train the paper's model on this data set, or LCRec on a smaller one",
    )


@dataclass(frozen=True, eq=False)
class Folds:
    """What the network learns from."""

    sequences: list[tuple[Sequences, Sequences]]
    """Each fold's targets among all other ratings, and among some first ones of each person."""
    ratings: list[np.ndarray]
    """float32, of each fold's targets."""


def make_folds(
    data: Dataset,
    encoded: Encoded,
    interactions: Interactions,
    fold_of: np.ndarray,
    backbones: list[Arrays],
    config: LCRecConfig,
    scratch: Path | None,
    watch: Watch,
) -> Folds:
    """What the network learns from, by backbones as `sample_backbones` gives them, one after another."""
    costs, made = Costs.of(config), Folds([], [])
    for fold, arrays in enumerate(backbones):
        watch.note(f"{fold} of {config.folds} folds laid out", costs.share(costs.rounds, fold))
        made.sequences.append(_fold(data, encoded, interactions, fold_of, fold, arrays, config, scratch))
        made.ratings.append(interactions.ratings[fold_of == fold])
    return made


def _sample_of(shared: cluster.Shared, fold: int, config: LCRecConfig, scratch: Path | None, told: Path) -> Arrays:
    """`_sample_without` in any process, of what `sample_backbones` has shared."""
    arrays = shared.arrays()
    interactions = Interactions(**{each.name: arrays[each.name] for each in fields(Interactions)})
    return _sample_without(interactions, arrays["fold_of"], fold, config, scratch, told)


def _sample_without(
    interactions: Interactions, fold_of: np.ndarray, fold: int, config: LCRecConfig, scratch: Path | None, told: Path
) -> Arrays:
    """The backbone of all ratings but one fold's, and the seconds it took.

    It is kept in `scratch` once it is done, and the chain every `KEEP_SECONDS` until then. The number of rounds done
    stands in a file of `told`.
    """
    seen = fold_of != fold
    identity = _identity(interactions, seen, fold, config)
    path, unfinished = (scratch and scratch / f"{what}-{identity}.safetensors" for what in ("backbone", "chain"))
    if path and path.exists():
        kept = _read_kept(path, interactions, config)
        if kept is not None:
            _tell_rounds(told, fold, config.backbone.iterations)
            return kept
    torch.set_num_threads(1)
    chain = Chain(interactions.only(seen), config.backbone, 1000 * config.seed + fold + 1)
    before = _go_on(chain, unfinished)
    started = written = time.perf_counter()
    while chain.done < config.backbone.iterations:
        chain.round()
        _tell_rounds(told, fold, chain.done)
        now = time.perf_counter()
        if unfinished and now - written > KEEP_SECONDS and chain.done < config.backbone.iterations:
            with convenient("no chain can be kept, so it is lost should the run be stopped"):
                write_whole(unfinished, seal(chain.state() | {"seconds": np.array(before + now - started)}))
            written = time.perf_counter()
    arrays = chain.arrays() | {"seconds": np.array(before + time.perf_counter() - started)}
    if path:
        with convenient("a finished backbone cannot be kept, so it is lost should the run be stopped"):
            write_whole(path, seal(arrays))
    if unfinished:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return arrays


def _tell_rounds(told: Path, fold: int, rounds: int) -> None:
    """Leave word of how many rounds a chain has done, for whoever waits."""
    with suppress(OSError):
        (told / str(fold)).write_text(str(rounds))


def _rounds_told(told: Path, fold: int) -> int:
    with suppress(OSError, ValueError):
        return int((told / str(fold)).read_text())
    return 0


KEEP_SECONDS = 240.0
"""What a run would go on from is kept so often: no more than that, and a round or a step, is lost to a stop."""


def _go_on(chain: Chain, path: Path | None) -> float:
    """Take up a chain where an earlier run left it, if one did; returns the seconds that it had taken."""
    if path is None or not path.exists():
        return 0.0
    try:
        arrays = unseal(path.read_bytes())
        seconds = float(arrays.pop("seconds"))
        chain.restore(arrays)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError):
        return 0.0
    return seconds if math.isfinite(seconds) and seconds >= 0 else 0.0


@contextmanager
def _repeating(tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` every few seconds while the block waits for other processes."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(TELL_SECONDS):
            tell()

    teller = threading.Thread(target=repeat, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


TELL_SECONDS = 2.0


@dataclass(frozen=True)
class Costs:
    """What the parts of a fit take, in microseconds of one core for each training rating.

    Measured with the default sizes; only their proportions count, for how much of a fit is done.
    """

    rounds: int
    """Of all chains together."""
    folds: int
    of_round: float
    of_fold: float
    of_network: float

    @classmethod
    def of(cls, config: LCRecConfig) -> "Costs":
        """Of a fit with these settings."""
        chains = config.folds * config.backbone.iterations if config.has_backbone else 0
        of_fold = _OF_SAMPLE * config.backbone.samples if config.has_backbone else 0.0
        side_by_side = cluster.workers(config.folds)
        # Everybody is folded in once more when the errors are drawn for the first time.
        served = _OF_SAMPLE * config.folds * min(config.backbone.served_samples, config.backbone.samples)
        return cls(chains, config.folds, _OF_ROUND / side_by_side, of_fold, _OF_PASS * config.epochs + served)

    @property
    def before_network(self) -> float:
        """How much of everything is done when the network's training begins."""
        return self.share(self.rounds, self.folds)

    def share(self, rounds: int, folds: int = 0) -> float:
        """How much of everything is done after so many rounds of the chains and so many folds laid out, 0 to 1."""
        chains, layout = self.of_round * self.rounds, self.of_fold * self.folds
        return (self.of_round * rounds + self.of_fold * folds) / (chains + layout + self.of_network)


_OF_ROUND, _OF_SAMPLE, _OF_PASS = 1.2, 2.0, 45.0
"""Of a round of one chain; of a sample when people are folded in; of a pass of the network."""


def _read_kept(path: Path, interactions: Interactions, config: LCRecConfig) -> Arrays | None:
    """A backbone that an earlier run had finished; None for a file that is not one, for it is sampled again then."""
    features = len(interactions.item_features) + 2 + interactions.user_features.shape[1]
    try:
        arrays = unseal(path.read_bytes())
        seconds = arrays.pop("seconds")
        check_arrays(arrays, len(interactions.item_features), features, 1 + config.backbone.factors)
        if not (seconds.shape == () and np.isfinite(seconds) and seconds >= 0):
            raise ValueError("no time")
    except (OSError, ValueError, KeyError, RuntimeError):
        return None
    return {**arrays, "seconds": seconds}


_FORMAT = 5
"""Of a kept backbone's file: one that another version left behind is not taken for ours."""


def _identity(interactions: Interactions, seen: np.ndarray, fold: int, config: LCRecConfig) -> str:
    digest = hashlib.sha256(json.dumps([_FORMAT, fold, config.seed, asdict(config.backbone)]).encode())
    for part in (interactions.people, interactions.movies, interactions.ratings, seen):
        digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()[:16]


def _fold(
    data: Dataset,
    encoded: Encoded,
    interactions: Interactions,
    fold_of: np.ndarray,
    fold: int,
    arrays: Arrays,
    config: LCRecConfig,
    scratch: Path | None,
) -> tuple[Sequences, Sequences]:
    """A fold's ratings as targets, by the backbone that has not seen them: among all others, and among a few.

    Kept in `scratch` piece by piece, where it takes long.
    """
    histories, backbone, hidden = encoded.histories, from_arrays(arrays), fold_of == fold
    identity = _identity(interactions, ~hidden, fold, config)
    targets = UserRatings(
        offsets_of(interactions.people[hidden], len(encoded.people)),
        interactions.movies[hidden],
        histories.times[hidden],
    )
    few = _first_ones(interactions.people[~hidden], len(encoded.people), np.random.default_rng([config.seed, 2, fold]))

    def among(rows: np.ndarray, name: str) -> Sequences:
        made = list(_read_pieces(scratch, f"fold-{identity}-{name}"))
        groups = queries_in_groups(
            backbone,
            interactions.only(rows),
            histories.times[rows],
            targets,
            data.scale.middle,
            config.backbone,
            start=sum(piece.people for piece in made),
        )
        return joined(made + _keep_pieces(groups, scratch, f"fold-{identity}-{name}", len(made)))

    seen = np.flatnonzero(~hidden)
    return among(seen, "all"), among(seen[few], "few")


def _keep_pieces(groups: Iterator[Sequences], scratch: Path | None, name: str, number: int) -> list[Sequences]:
    """Some groups of people, in pieces that took `KEEP_SECONDS` each; all but the last are kept in files."""
    pieces: list[Sequences] = []
    held, since = list[Sequences](), time.perf_counter()
    for group in groups:
        held.append(group)
        if time.perf_counter() - since > KEEP_SECONDS:
            pieces.append(joined(held))
            if scratch:
                with convenient("what is laid out cannot be kept, so it is lost should the run be stopped"):
                    write_whole(_piece(scratch, name, number), seal(vars(pieces[-1])))
            held, since, number = [], time.perf_counter(), number + 1
    return pieces + ([joined(held)] if held else [])


def _read_pieces(scratch: Path | None, name: str) -> Iterator[Sequences]:
    """What an earlier run had laid out, up to the first piece that is missing or damaged."""
    for number in itertools.count():
        if not scratch:
            return
        try:
            arrays = unseal(_piece(scratch, name, number).read_bytes())
            piece = Sequences(**arrays)
        except (OSError, ValueError, TypeError):
            return
        yield piece


def _piece(scratch: Path, name: str, number: int) -> Path:
    return scratch / f"{name}-{number}.safetensors"


def _first_ones(people: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Positions of some first ratings of each person, from none to all but one: as likely 1-2 as 10-20 or 100-200.

    Args:
        people: int64 (R,), ascending; each person's ratings in time order.
        count: Number of people.
        rng: Of the draw.
    """
    offsets = offsets_of(people, count)
    kept = (1 + np.diff(offsets)) ** rng.random(count) - 1
    return np.flatnonzero(np.arange(len(people)) - offsets[people] < np.floor(kept[people]))


def train_network(
    model: LCRecModel, folds: Folds, config: LCRecConfig, scratch: Path | None, watch: Watch
) -> LCRecNetwork:
    """Fit the network to the folds' targets; the returned weights are a running average of the path.

    Args:
        model: The backbone that predicts afterwards, with the data.
        folds: What is learnt from.
        config: Settings.
        scratch: Where it is kept how far it is, at every point of the curve and every `KEEP_SECONDS`.
        watch: Told after every step.
    """
    encoded, scale = model.encoded, model.data.scale
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = LCRecNetwork(config.network, encoded.vocabularies.sizes(), tuple(scale.values.tolist()))
        # The first update copies the weights as they are, the update of step s averages as `_averaged` says for s.
        averaged = AveragedModel(network, avg_fn=partial(_averaged, config.averaging))
        averaged.update_parameters(network)
        smoothed = cast(LCRecNetwork, averaged.module.eval())
        rng = np.random.default_rng([config.seed, 1])
        movies = movie_tensors(encoded.movies, torch.device("cpu"))
        optimizer = torch.optim.AdamW(with_decay(network, config.weight_decay), lr=config.learning_rate)
        plan = [each for passed in range(config.epochs) for each in _marked(_pass(folds, config, rng), config)]
        kept = Kept(scratch, _network_run(model, config), network, averaged, optimizer, rng)
        first, seen = kept.go_on(watch)
        before, total, written = Costs.of(config).before_network, len(plan), time.perf_counter()
        for done, (fold, short, people, evaluate) in enumerate(plan[first:], start=first):
            # Up within fifty steps, for Adam's second moments are noise at first; then linearly down, and the last
            # steps at a fiftieth, so that none is wasted.
            rate = config.learning_rate * max(0.02, 1 - done / total) * min(1, (done + 1) / 50)
            for parameters in optimizer.param_groups:
                parameters["lr"] = rate
            events, targets, asked = step(folds.sequences[fold][short], people, rng, config.mask_future_rate)
            actual = torch.from_numpy(folds.ratings[fold][asked])
            features, events, targets = _features_of(network, movies, events, targets)
            log_probabilities = network(events, targets, features)
            error = F.mse_loss(network.mean(log_probabilities), actual)
            nll = F.nll_loss(log_probabilities, (actual.unsqueeze(1) - network.values).abs().argmin(dim=1))
            loss = error + config.nll_weight * nll
            if not torch.isfinite(loss):
                raise TrainingError(
                    f"the loss of step {done + 1} is not a number; use a smaller learning rate",
                    advice="give a smaller --learning-rate",
                )
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            seen += len(asked)
            averaged.update_parameters(network)
            snapshot = model.with_network(smoothed)
            keep = partial(kept.keep, done + 1, seen, watch)
            watch.step(
                Step(
                    done + 1, total, seen, evaluate, snapshot, partial(_training_errors, snapshot, folds), keep, before
                )
            )
            if evaluate or time.perf_counter() - written > KEEP_SECONDS:
                if not evaluate:
                    keep()
                written = time.perf_counter()
    return smoothed


def _marked(steps: list[tuple[int, int, np.ndarray]], config: LCRecConfig) -> list[tuple[int, int, np.ndarray, bool]]:
    """The steps of one pass, and whether the errors are drawn after each."""
    points = {
        math.ceil(len(steps) * (i + 1) / config.evaluations_per_epoch) for i in range(config.evaluations_per_epoch)
    }
    return [(*each, position in points) for position, each in enumerate(steps, start=1)]


def _features_of(
    network: LCRecNetwork, movies: tuple[Tensor, Tensor, Tensor], events: Events, targets: Targets
) -> tuple[Tensor, Events, Targets]:
    """M_f for a step: of the whole catalogue, or of a large one only of the step's movies, which are numbered anew."""
    if len(movies[0]) <= WHOLE_CATALOGUE:
        return network.movie_features(*movies), events, targets
    both = torch.cat([events.movies.reshape(-1), targets.movies])
    used, place = both.unique(return_inverse=True)
    of_events, of_targets = place.split([events.movies.numel(), len(targets.movies)])
    features = network.movie_features(*(part[used.long()] for part in movies))
    return features, replace(events, movies=of_events.view_as(events.movies)), replace(targets, movies=of_targets)


WHOLE_CATALOGUE = 20_000
"""Movies up to which a step computes the features of all: a step reads some ten thousand of them anyway."""


@dataclass
class Kept:
    """How far the network's training is, in a file from which it goes on; runs of other settings have others."""

    scratch: Path | None
    run: dict[str, Any]
    """What must be the same for it to be resumed."""
    network: LCRecNetwork
    averaged: AveragedModel
    optimizer: torch.optim.Optimizer
    rng: np.random.Generator

    @property
    def path(self) -> Path | None:
        """None where nothing is kept."""
        name = hashlib.sha256(json.dumps(self.run, sort_keys=True).encode()).hexdigest()[:16]
        return self.scratch and self.scratch / f"network-{name}.safetensors"

    def go_on(self, watch: Watch) -> tuple[int, int]:
        """Steps done and ratings seen by an earlier run of the same settings, whose state is taken over; else zeros."""
        if self.path is None or not self.path.is_file():
            return 0, 0
        state = load_checkpoint(self.path, self._modules(), self.optimizer, self.run)
        self.rng.bit_generator.state = state.random["numpy"]
        torch.set_rng_state(torch.tensor(state.random["torch"], dtype=torch.uint8))
        watch.go_on(state.so_far)
        return state.step, state.ratings_seen

    def keep(self, step: int, seen: int, watch: Watch) -> None:
        """Write where the training stands."""
        if self.path is None:
            return
        random = {"numpy": self.rng.bit_generator.state, "torch": torch.get_rng_state().tolist()}
        with convenient("no checkpoint can be written, so the run cannot be resumed should it be stopped"):
            state = State(0, step, seen, watch.so_far(), random)
            save_checkpoint(self.path, self._modules(), self.optimizer, state, self.run)

    def _modules(self) -> torch.nn.Module:
        return torch.nn.ModuleDict({"network": self.network, "averaged": self.averaged})


def _network_run(model: LCRecModel, config: LCRecConfig) -> dict[str, Any]:
    rows = np.ascontiguousarray(model.encoded.rows, dtype=np.int64)
    return {
        **saved(config),
        "training part": hashlib.sha256(rows.data).hexdigest(),
        "data": asdict(model.data.fingerprint),
    }


@torch.inference_mode()
def _training_errors(model: LCRecModel, folds: Folds) -> Errors:
    """Errors on some of the first fold's targets, which the network learns from, dropout off."""
    network, sequences, ratings = model.network, folds.sequences[0][0], folds.ratings[0]
    assert network is not None
    everybody = steps(sequences, np.arange(len(sequences.offsets) - 1), 2048)
    predicted, actual = [], []
    for people in everybody[:: max(1, len(everybody) * 2048 // TRAIN_SAMPLE)]:
        events, targets, which = step(sequences, people)
        predicted.append(network.mean(network(events, targets, model.features)).numpy())
        actual.append(ratings[which])
    return Errors.of(np.concatenate(predicted), np.concatenate(actual))


def _errors_of_backbone(model: LCRecModel) -> Errors:
    """Errors on the ratings that the backbone was sampled from."""
    rows = model.encoded.rows[:: max(1, len(model.encoded.rows) // TRAIN_SAMPLE)]
    predicted = model.data.scale.clip(model.rows(rows.copy()).scores)
    return Errors.of(predicted, model.data.ratings[Col.RATING].to_numpy()[rows])


def _pass(folds: Folds, config: LCRecConfig, rng: np.random.Generator) -> list[tuple[int, int, np.ndarray]]:
    """Steps of one pass over all folds, mixed: which fold, whether by a few ratings, and whose targets."""
    found = []
    for fold, pair in enumerate(folds.sequences):
        everybody = np.arange(len(pair[0].offsets) - 1)
        some = np.flatnonzero(rng.random(len(everybody)) < config.short_context_rate)
        for short, people in enumerate((everybody, some)):
            found += [(fold, short, each) for each in steps(pair[short], people, config.targets_per_step, rng)]
    return [found[i] for i in rng.permutation(len(found))]


def _averaged(longest: float, kept: Tensor, now: Tensor, steps: Tensor) -> Tensor:
    """The running average of a weight after so many steps: over all of them at first, then over a fixed window."""
    done = int(steps)
    # Ten steps' worth of the start: a mean of one or two steps would be as noisy as the weights themselves.
    return kept.lerp(now, 1 - min(longest, done / (done + 10)))
