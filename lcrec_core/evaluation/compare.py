"""Train and measure every model of the comparison on the same parts of a data set, one result file per model and seed.

    artifacts/<data>/comparison/<protocol>/
        split-seed0.safetensors   which ratings are validation and test, a bit each
        svd-seed0.json            what was measured, with what settings, on what machine
        svd-seed0.npy             the predicted test ratings (N,), clipped to the scale; stays on this machine
        svd-seed0.groups.csv      its errors by person, movie, year and genre
        lcrec-seed0.calibration.csv   how sure it was and how often right, of models that predict a distribution
        lcrec-seed0.liking.csv        the same of the chance that the rating is a good one
        log.txt                   a line for every run

A result that is there is not measured again, so an interrupted comparison goes on where it was. The figures are
those of the finished model on the test part: nothing is chosen by it.
"""

import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.data.split import Protocol, Split, make_split
from lcrec_core.evaluation.bundle_results import measured as measured_bundles
from lcrec_core.evaluation.measure import Measured, measured
from lcrec_core.evaluation.results import (
    Result,
    ResultError,
    add_to_log,
    read_result,
    results_folder,
    stem,
    write_result,
    write_table,
)
from lcrec_core.files import write_whole
from lcrec_core.machine import environment, one_thread
from lcrec_core.metrics.rating import errors_by_group
from lcrec_core.models import registry
from lcrec_core.models.bundle import LoadedBundle
from lcrec_core.models.bundles import list_bundles, load_bundle
from lcrec_core.models.contract import Family, Model
from lcrec_core.models.settings import configured
from lcrec_core.training import resumable
from lcrec_core.training.run import fit

REPEATS = 5
"""A whole catalogue is predicted this many times; the median counts."""

Log = Callable[[str], None]


def frozen_split(data: Dataset, protocol: Protocol, seed: int) -> Split:
    """The split that every row shares, kept in a file so that a later version cannot draw another by accident.

    Raises:
        ResultError: The file does not hold the split that the protocol and the seed give.
    """
    split = make_split(data, protocol, seed)
    path = results_folder(data.name, protocol) / f"split-seed{seed}.safetensors"
    parts = {name: _bits(getattr(split, name), len(data.ratings)) for name in ("valid", "test")}
    if not path.exists():
        write_whole(path, save(parts))
        return split
    try:
        kept = load(path.read_bytes())
        same = all(np.array_equal(kept[name], bits) for name, bits in parts.items())
    except Exception as error:  # whatever the library makes of what is no such file
        why = type(error).__name__
        raise ResultError(
            f"it is damaged ({why})", where=path, advice="restore it, or remove it with the results"
        ) from error
    if not same:
        raise ResultError(
            f"it holds other parts than {protocol} with seed {seed} gives now: the data are others than those "
            "of the saved results, or the drawing has changed",
            where=path,
        )
    return split


def measure(data: Dataset, protocol: Protocol, name: str, seed: int, log: Log = lambda line: None) -> list[Result]:
    """Train one row with one seed and measure it, unless its result is there.

    Returns:
        One result; of the protocol `new-people` one for each number of given ratings.

    Raises:
        TrainingError: A library of `requirements-compare.txt` is missing, or the training failed.
        ResultError: A saved file cannot be used.
    """
    folder, family = results_folder(data.name, protocol), registry.family(name)
    found, missing = [], []
    for n_context in _context_sizes(family, protocol):
        path = folder / f"{stem(name, seed, n_context)}.json"
        if path.exists():
            found.append(read_result(path))
        else:
            missing.append(n_context)
    if not missing:
        return found
    split = frozen_split(data, protocol, seed)
    fitted: tuple[Model, float] | None = None
    for n_context in missing:
        context, targets = context_and_targets(data, split, n_context)
        trained_again = n_context is not None and not family.folds_in_new_users
        if fitted is None or trained_again:
            rows = np.union1d(split.fitting, context) if trained_again else split.fitting
            log(f"{name}, seed {seed}: training on {len(rows):,} ratings")
            fitted = trained(data, split, family, rows)
        model, seconds = fitted
        fold_in = n_context is not None and not trained_again
        prediction = model.rows(targets, context=context if fold_in else None, use_future=not fold_in)
        try:
            figures = measured(data, prediction, targets)
        except ValueError as error:
            raise ResultError(f"{name} with seed {seed} cannot be measured: {error}") from error
        result = Result(
            row=name,
            data=data.name,
            protocol=str(protocol),
            seed=seed,
            settings=family.settings(data.name),
            mse=figures.errors.mse,
            mae=figures.errors.mae,
            train_seconds=round(seconds, 1),
            predict_ms=round(catalogue_ms(data, split, model), 2),
            serves_new_people=family.folds_in_new_users,
            parameters=model.parameters,
            test_ratings=figures.errors.count,
            environment=environment(gpu=model.device == "cuda"),
            log_loss=figures.log_loss if n_context is None else None,
            calibration_error=figures.calibration_error if n_context is None else None,
            given=n_context,
            trained_with_them=None if n_context is None else trained_again,
        )
        _save(data, split, result, figures)
        log(f"{name}, seed {seed}: MSE {result.mse:.4f}, MAE {result.mae:.4f}, trained in {seconds:,.0f} s")
        found.append(result)
    return found


def _save(data: Dataset, split: Split, result: Result, figures: Measured) -> None:
    folder = results_folder(data.name, split.protocol)
    write_whole(folder / f"{result.stem}.npy", lambda beside: _save_array(beside, figures.predicted))
    tables = {}
    if result.given is None:
        tables = {"groups": errors_by_group(data, split, figures.predicted)}
        tables |= {"calibration": figures.calibration, "liking": figures.p_like}
    for kind, table in tables.items():
        if table is not None:
            write_table(table, folder / f"{result.stem}.{kind}.csv")
    write_result(result, folder)
    n_context = "" if result.given is None else f", {result.given} given"
    add_to_log(
        folder,
        f"{result.row} seed {result.seed}{n_context}: MSE {result.mse:.4f}, MAE {result.mae:.4f}, "
        f"{result.train_seconds:,.0f} s to train, {result.predict_ms:,.1f} ms a catalogue; {result.settings}",
    )


def _save_array(path: Path, values: np.ndarray) -> None:
    with path.open("wb") as file:  # by a name, numpy would add its own ending
        np.save(file, values)


CONTEXT_SIZES = (5, 10, 20, 50)
"""How many first ratings of new people a model is given."""


def _context_sizes(family: Family, protocol: Protocol) -> tuple[int | None, ...]:
    if protocol is not Protocol.NEW_PEOPLE:
        return (None,)
    return (20,) if family.slow else CONTEXT_SIZES


def context_and_targets(data: Dataset, split: Split, n_context: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the test part that a model is given, each person's first in time, and those that it is asked about."""
    if n_context is None:
        return np.zeros(0, dtype=np.int64), split.test
    test = data.ratings.iloc[split.test].reset_index(names="row").sort_values([Col.USER, Col.TIME, Col.MOVIE])
    people = test.groupby(Col.USER)["row"]
    test = test[people.transform("size") > n_context]
    if test.empty:
        raise ResultError(
            f"{data.name}: nobody of the test part has more than the {n_context} ratings that are to be given"
        )
    first = test.groupby(Col.USER).cumcount() < n_context
    return np.sort(test["row"][first].to_numpy()), np.sort(test["row"][~first].to_numpy())


def seeds_of(name: str, protocol: Protocol, seeds: Iterable[int]) -> list[int]:
    """The seeds that a row is measured with: the splits by time do not depend on them, and some rows take too long."""
    drawn = protocol in (Protocol.RANDOM, Protocol.RANDOM_90)
    every = protocol is Protocol.OFFICIAL or (drawn and not registry.family(name).one_seed)
    return list(seeds) if every else list(seeds)[:1]


def trained(data: Dataset, split: Split, family: Family, rows: np.ndarray) -> tuple[Model, float]:
    """A model with its family's default settings, and its seconds; a bundle that is there is not trained again."""
    # A bundle has learnt from the training part alone, and from nothing of people who are new.
    bundle = _kept_bundle(data, split, family) if len(rows) == len(split.fitting) else None
    if bundle is not None:
        return registry.load(bundle, data), bundle.metrics["seconds_per_epoch"] * bundle.config["train"]["epochs"]
    config = configured(family.default_config(), seed=split.seed, **family.by_protocol.get(split.protocol, {}))
    return _trained_with(data, split, family, rows, config)


def _trained_with(data: Dataset, split: Split, family: Family, rows: np.ndarray, config: Any) -> tuple[Model, float]:
    if family.parts:
        parts = {name: _part(data, split, family, name, rows, config) for name in family.parts}
        model = family.combine({name: model for name, (model, _) in parts.items()}, data, config)
        return model, sum(seconds for _, seconds in parts.values())
    # Apart by what is learnt from: a comparison that was stopped leaves nothing in the way of another one.
    kept_as, part = f"{data.name}/{family.name}-comparison", f"{split.protocol}-seed{split.seed}-{len(rows)}"
    fitted = fit(data, rows, family, config, resumable.folder_of(kept_as, part=part))
    resumable.discard(kept_as, part=part)
    return fitted


def _part(data: Dataset, split: Split, family: Family, name: str, rows: np.ndarray, config: Any) -> tuple[Model, float]:
    """A part of a model that puts several together: trained like a row of its own where its settings are the same."""
    part, settings = family.parts[name], family.config_of_part(name, config)
    if settings == configured(part.default_config(), seed=split.seed):
        return trained(data, split, part, rows)
    return _trained_with(data, split, part, rows, settings)


def _kept_bundle(data: Dataset, split: Split, family: Family) -> LoadedBundle | None:
    for group in measured_bundles(list_bundles()):
        if (group.data, group.model, group.protocol) == (data.name, family.name, split.protocol) and group.by_default:
            for name, seed in zip(group.bundles, group.seeds, strict=True):
                if seed == split.seed:
                    return load_bundle(name)
    return None


def catalogue_ms(data: Dataset, split: Split, model: Model) -> float:
    """Milliseconds to predict every movie for the person with the median number of training ratings, on one core."""
    counts = data.ratings[Col.USER].iloc[split.fitting].value_counts().sort_values()
    user = int(counts.index[len(counts) // 2])
    taken = []
    with one_thread():
        for _ in range(REPEATS):
            started = time.perf_counter()
            model.catalogue(Profile.from_dataset(data, user))
            taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def _bits(rows: np.ndarray, count: int) -> np.ndarray:
    mask = np.zeros(count, dtype=bool)
    mask[rows] = True
    return np.packbits(mask)
