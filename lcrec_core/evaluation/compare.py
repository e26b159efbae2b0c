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

import json
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.numpy import load, save

from lcrec_core import machine as memory
from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.data.split import Protocol, Split, make_split
from lcrec_core.errors import TrainingError
from lcrec_core.evaluation.bundle_results import measured
from lcrec_core.evaluation.measure import Answers, answers
from lcrec_core.evaluation.results import Result, ResultError, read_result, results_folder, stem
from lcrec_core.files import convenient, write_whole
from lcrec_core.metrics import distribution as breakdown
from lcrec_core.models import registry as networks
from lcrec_core.models.bundle import LoadedBundle, list_bundles, load_bundle
from lcrec_core.models.lcrec.config import LCRecTrainConfig
from lcrec_core.models.libraries import surprise as baselines
from lcrec_core.models.libraries.surprise import Fitted
from lcrec_core.models.paper.model import Errors
from lcrec_core.serving.recommender import Recommender
from lcrec_core.training import run as train
from lcrec_core.training.run import TrainConfig, TrainRequest, environment

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


def measure(data: Dataset, protocol: Protocol, row: str, seed: int, say: Say = lambda line: None) -> list[Result]:
    """Train one row with one seed and measure it, unless its result is there.

    Returns:
        One result; of the protocol `new-people` one for each number of given ratings.

    Raises:
        TrainingError: A library of `requirements-compare.txt` is missing, or the training failed.
        ResultError: A saved file cannot be used.
    """
    folder = results_folder(data.name, protocol)
    found, missing = [], []
    for given in _given(row, protocol):
        path = folder / f"{stem(row, seed, given)}.json"
        if path.exists():
            found.append(read_result(path))
        else:
            missing.append(given)
    if not missing:
        return found
    split = frozen_split(data, protocol, seed)
    fitted: Fitted | None = None
    for given in missing:
        shown, asked = _shown_and_asked(data, split, given)
        again = given is not None and row in baselines.BASELINES
        if fitted is None or again:
            rows = np.union1d(split.fitting, shown) if again else split.fitting
            say(f"{row}, seed {seed}: training on {len(rows):,} ratings")
            started = time.perf_counter()
            fitted = _fit(data, split, row, rows)
            seconds = time.perf_counter() - started if fitted.train_seconds is None else fitted.train_seconds
        result = _measured(data, split, row, fitted, given, shown, asked, seconds)
        say(f"{row}, seed {seed}: MSE {result.mse:.4f}, MAE {result.mae:.4f}, trained in {seconds:,.0f} s")
        found.append(result)
    return found


def _measured(
    data: Dataset,
    split: Split,
    row: str,
    fitted: Fitted,
    given: int | None,
    shown: np.ndarray,
    asked: np.ndarray,
    seconds: float,
) -> Result:
    table = data.ratings.iloc[asked]
    ratings = table[Col.RATING].to_numpy()
    probabilities = None
    if given is not None and fitted.knowing is not None:
        raw = fitted.knowing(shown)(table)
    elif fitted.distribution is not None:
        probabilities = fitted.distribution(table)
        raw = probabilities @ data.scale.values
    else:
        raw = fitted.predict(table)
    predicted = data.scale.clip(np.asarray(raw)).astype(np.float32)
    if not np.isfinite(predicted).all():
        raise ResultError(f"{row} with seed {split.seed} predicted something that is no number")
    errors = Errors.of(predicted, ratings)
    place = data.scale.places(ratings)
    sure = {}
    if probabilities is not None:
        sure["calibration"] = breakdown.likeliest(probabilities, place)
        sure["liking"] = breakdown.liking(probabilities, place, data.scale)
    result = Result(
        row=row,
        data=data.name,
        protocol=str(split.protocol),
        seed=split.seed,
        settings=_settings(row, data.name),
        mse=errors.mse,
        mae=errors.mae,
        train_seconds=round(seconds, 1),
        predict_ms=round(_catalogue_ms(data, split, fitted), 2),
        serves_new_people=row in _SERVE_NEW_PEOPLE,
        parameters=fitted.parameters,
        test_ratings=errors.count,
        environment=environment(torch.device("cpu")),
        log_loss=None if probabilities is None else breakdown.log_loss(probabilities, place),
        calibration_error=breakdown.calibration_error(sure["calibration"]) if sure else None,
        given=given,
        trained_with_them=None if given is None else fitted.knowing is None,
    )
    folder = results_folder(data.name, split.protocol)
    write_whole(folder / f"{result.stem}.npy", lambda path: _save_array(path, predicted))
    if given is None:
        breakdown.write(breakdown.errors_by_group(data, split, predicted), folder / f"{result.stem}.groups.csv")
    for kind, table_of_bins in sure.items():
        breakdown.write(table_of_bins, folder / f"{result.stem}.{kind}.csv")
    _write(folder, result)
    return result


GIVEN = (5, 10, 20, 50)
"""How many first ratings of new people a model is given."""


def _given(row: str, protocol: Protocol) -> tuple[int | None, ...]:
    if protocol is not Protocol.NEW_PEOPLE:
        return (None,)
    return (20,) if row in baselines.SLOW else GIVEN


def _shown_and_asked(data: Dataset, split: Split, given: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the test part that a model is given, each person's first in time, and those that it is asked about."""
    if given is None:
        return np.zeros(0, dtype=np.int64), split.test
    test = data.ratings.iloc[split.test].reset_index(names="row").sort_values([Col.USER, Col.TIME, Col.MOVIE])
    people = test.groupby(Col.USER)["row"]
    test = test[people.transform("size") > given]
    if test.empty:
        raise ResultError(
            f"{data.name}: nobody of the test part has more than the {given} ratings that are to be given"
        )
    first = test.groupby(Col.USER).cumcount() < given
    return np.sort(test["row"][first].to_numpy()), np.sort(test["row"][~first].to_numpy())


def seeds_of(row: str, protocol: Protocol, seeds: Iterable[int]) -> list[int]:
    """The seeds that a row is measured with: the splits by time do not depend on them, and some rows take too long."""
    drawn = protocol in (Protocol.RANDOM, Protocol.RANDOM_90)
    every = protocol is Protocol.OFFICIAL or (drawn and row not in baselines.ONE_SEED)
    return list(seeds) if every else list(seeds)[:1]


_SERVE_NEW_PEOPLE = {"lstm", "paper", "lcrec"}


def _fit(data: Dataset, split: Split, row: str, rows: np.ndarray) -> Fitted:
    if row in baselines.BASELINES:
        memory.require(_memory_need(data, row, len(rows)), f"{row} on {data.name}", "leave this row out")
        try:
            return baselines.BASELINES[row].fit(data, rows, split.seed)
        except Exception as error:
            if memory.ran_out(error):
                raise TrainingError(f"{row} on {data.name}: {memory.RAN_OUT}") from error
            raise
    return _network(data, split, row)


def _memory_need(data: Dataset, row: str, ratings: int) -> int:
    """Bytes, about, that fitting a baseline takes: of two neighbours, five numbers and a similarity are kept."""
    alike = {"user-cf": len(data.users), "item-cf": len(data.movies), "item-knn": len(data.movies)}.get(row, 0)
    return 48 * alike**2 + 300 * ratings


def _settings(row: str, data_name: str) -> str:
    if row in baselines.BASELINES:
        return baselines.BASELINES[row].settings_on(data_name)
    if row == "lcrec":
        ours = LCRecTrainConfig()
        backbone = ours.backbone
        chains = f"{ours.folds} chains of {backbone.iterations} rounds, {backbone.served_samples} samples each"
        return f"{backbone.factors} factors, {chains}; LSTM over residuals"
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

    def ask(table: pd.DataFrame, given: np.ndarray | None = None) -> Answers:
        return answers(bundle, data, table.index.to_numpy(), given)

    def distribution(table: pd.DataFrame) -> np.ndarray:
        probabilities = ask(table).probabilities
        assert probabilities is not None
        return probabilities

    return Fitted(
        lambda table: ask(table).ratings,
        distribution=distribution if row == networks.LCREC else None,
        knowing=lambda shown: lambda table: ask(table, shown).ratings,
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
    """Milliseconds to predict every movie for the person with the median number of training ratings, on one core."""
    counts = data.ratings[Col.USER].iloc[split.fitting].value_counts().sort_values()
    user = int(counts.index[len(counts) // 2])
    latest = int(data.ratings[Col.TIME].iloc[split.fitting].max())
    table = data.movies[[Col.MOVIE]].assign(**{str(Col.USER): user, str(Col.TIME): latest})
    taken = []
    with train.one_thread():
        for _ in range(REPEATS):
            started = time.perf_counter()
            if fitted.catalogue is None:
                fitted.predict(table)
            else:
                fitted.catalogue(user)
            taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def _save_array(path: Path, values: np.ndarray) -> None:
    with path.open("wb") as file:  # given a path, numpy appends a suffix of its own
        np.save(file, values)


def _bits(rows: np.ndarray, count: int) -> np.ndarray:
    mask = np.zeros(count, dtype=bool)
    mask[rows] = True
    return np.packbits(mask)


def _write(folder: Path, result: Result) -> None:
    write_whole(folder / f"{result.stem}.json", json.dumps(asdict(result), indent=1) + "\n")
    given = "" if result.given is None else f", {result.given} given"
    with convenient("the log of the comparison cannot be written"), (folder / "log.txt").open("a") as log:
        log.write(
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} {result.row} seed {result.seed}{given}: MSE {result.mse:.4f}, "
            f"MAE {result.mae:.4f}, {result.train_seconds:,.0f} s to train, {result.predict_ms:,.1f} ms a catalogue; "
            f"{result.settings}\n"
        )
