"""Train and measure every model of the comparison on the same parts of a data set, one result file per model and seed.

    artifacts/<data>/comparison/<protocol>/
        split-seed0.safetensors   which ratings are validation and test, a bit each
        svd-seed0.json            what was measured, with what settings, on what machine
        svd-seed0.npy             the predicted test ratings (N,), clipped to the scale; stays on this machine
        log.txt                   a line for every run

A result that is there is not measured again, so an interrupted comparison goes on where it was. The figures are
those of the finished model on the test part: nothing is chosen by it.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from lcrec_core import baselines, train
from lcrec_core.artifacts import LoadedBundle, list_bundles, load_bundle
from lcrec_core.baselines import Fitted
from lcrec_core.comparison import measured
from lcrec_core.dataset import Col, Dataset
from lcrec_core.evaluate import Errors
from lcrec_core.lcrec import LCRecTrainConfig
from lcrec_core.profile import Profile
from lcrec_core.recommender import Recommender
from lcrec_core.remeasure import answers
from lcrec_core.results import Result, ResultError, read_result, results_folder
from lcrec_core.split import Protocol, Split, make_split
from lcrec_core.train import TrainConfig, TrainRequest, environment

REPEATS = 5
"""A whole catalogue is predicted this many times; the median counts."""

Say = Callable[[str], None]


def frozen_split(data: Dataset, protocol: Protocol, seed: int) -> Split:
    """The split that every row shares, kept in a file so that a later version cannot draw another by accident.

    Raises:
        ResultError: The file does not hold the split that the protocol and the seed give.
    """
    split = make_split(data, protocol, seed)
    path = results_folder(data.name, protocol) / f"split-seed{seed}.safetensors"
    parts = {name: _bits(getattr(split, name), len(data.ratings)) for name in ("valid", "test")}
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        save_file(parts, beside)
        beside.replace(path)
        return split
    try:
        kept = load_file(path)
        same = all(np.array_equal(kept[name], bits) for name, bits in parts.items())
    except (OSError, SafetensorError, KeyError) as error:
        raise ResultError(f"{path.name} is damaged ({error}): restore it, or remove it with the results") from error
    if not same:
        raise ResultError(
            f"{path.name} holds other parts than {protocol} with seed {seed} gives now: the data are others than those "
            "of the saved results, or the drawing has changed"
        )
    return split


def measure(data: Dataset, protocol: Protocol, row: str, seed: int, say: Say = lambda line: None) -> Result:
    """Train one row with one seed and measure it, unless its result is there.

    Raises:
        TrainingError: A library of `requirements-compare.txt` is missing, or the training failed.
        ResultError: A saved file cannot be used.
    """
    path = results_folder(data.name, protocol) / f"{row}-seed{seed}.json"
    if path.exists():
        return read_result(path)
    split = frozen_split(data, protocol, seed)
    say(f"{row}, seed {seed}: training on {len(split.fitting):,} ratings")
    started = time.perf_counter()
    fitted = _fit(data, split, row)
    seconds = time.perf_counter() - started if fitted.train_seconds is None else fitted.train_seconds
    asked = data.ratings.iloc[split.test]
    predicted = data.scale.clip(np.asarray(fitted.predict(asked))).astype(np.float32)
    if not np.isfinite(predicted).all():
        raise ResultError(f"{row} with seed {seed} predicted something that is no number")
    errors = Errors.of(predicted, asked[Col.RATING].to_numpy())
    result = Result(
        row=row,
        data=data.name,
        protocol=str(protocol),
        seed=seed,
        settings=_settings(row),
        mse=errors.mse,
        mae=errors.mae,
        train_seconds=round(seconds, 1),
        predict_ms=round(_catalogue_ms(data, split, fitted), 2),
        serves_new_people=row in _SERVE_NEW_PEOPLE,
        parameters=fitted.parameters,
        test_ratings=errors.count,
        environment=environment(torch.device("cpu")),
    )
    _write(path, result, predicted)
    say(f"{row}, seed {seed}: MSE {result.mse:.4f}, MAE {result.mae:.4f}, trained in {result.train_seconds:,.0f} s")
    return result


def seeds_of(row: str, protocol: Protocol, seeds: Iterable[int]) -> list[int]:
    """The seeds that a row is measured with: the splits by time do not depend on them, and some rows take too long."""
    only_first = protocol is not Protocol.RANDOM or row in baselines.ONE_SEED
    return list(seeds)[:1] if only_first else list(seeds)


_SERVE_NEW_PEOPLE = {"lstm", "paper", "lcrec"}


def _fit(data: Dataset, split: Split, row: str) -> Fitted:
    if row in baselines.BASELINES:
        return baselines.BASELINES[row].fit(data, split.fitting, split.seed)
    return _network(data, split, row)


def _settings(row: str) -> str:
    if row in baselines.BASELINES:
        return baselines.BASELINES[row].settings
    if row == "lcrec":
        backbone = LCRecTrainConfig().backbone
        return (
            f"{backbone.factors} factors, {backbone.iterations} rounds, {backbone.samples} samples; LSTM over residuals"
        )
    parts = {"lstm": "no title CNN", "cnn": "no history LSTM"}
    return "; ".join(["Table VI", *([parts[row]] if row in parts else [])])


def _network(data: Dataset, split: Split, row: str) -> Fitted:
    """Our own network with its default settings; a bundle that is there already is not trained again."""
    bundle = _kept_bundle(data, split, row)
    if bundle is None:
        config = TrainConfig(seed=split.seed, protocol=split.protocol, evaluations_per_epoch=1)
        ours = LCRecTrainConfig(seed=split.seed, evaluations_per_epoch=1)
        request = TrainRequest(data.name, row, f"{row}-comparison", train=config, lcrec=ours, save=False)
        bundle = train.run(request)
    recommender = Recommender(bundle, data)

    def predict(table: Any) -> np.ndarray:
        return answers(bundle, data, table.index.to_numpy())

    return Fitted(
        predict,
        parameters=bundle.metrics["parameters"],
        train_seconds=bundle.metrics["seconds_per_epoch"] * bundle.config["train"]["epochs"],
        catalogue=lambda user: recommender.predict(Profile.from_dataset(data, user)),
    )


def _kept_bundle(data: Dataset, split: Split, row: str) -> LoadedBundle | None:
    for group in measured(list_bundles()):
        if (group.data, group.model, group.protocol) == (data.name, row, split.protocol) and group.by_the_table:
            for name, seed in zip(group.bundles, group.seeds, strict=True):
                if seed == split.seed:
                    return load_bundle(name)
    return None


def _catalogue_ms(data: Dataset, split: Split, fitted: Fitted) -> float:
    """Milliseconds to predict every movie for the person with the median number of training ratings."""
    counts = data.ratings[Col.USER].iloc[split.fitting].value_counts().sort_values()
    user = int(counts.index[len(counts) // 2])
    latest = int(data.ratings[Col.TIME].iloc[split.fitting].max())
    table = data.movies[[Col.MOVIE]].assign(**{str(Col.USER): user, str(Col.TIME): latest})
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        if fitted.catalogue is None:
            fitted.predict(table)
        else:
            fitted.catalogue(user)
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def _bits(rows: np.ndarray, count: int) -> np.ndarray:
    mask = np.zeros(count, dtype=bool)
    mask[rows] = True
    return np.packbits(mask)


def _write(path: Path, result: Result, predicted: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path.with_suffix(".npy"), predicted)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(asdict(result), indent=1) + "\n")
    beside.replace(path)
    with (path.parent / "log.txt").open("a") as log:
        log.write(
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} {result.row} seed {result.seed}: MSE {result.mse:.4f}, "
            f"MAE {result.mae:.4f}, {result.train_seconds:,.0f} s to train, {result.predict_ms:,.1f} ms a catalogue; "
            f"{result.settings}\n"
        )
