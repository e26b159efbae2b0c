"""What `compare` measured, read from its files: one result per model and seed, one summary per model."""

import json
import statistics
import typing
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import pandas as pd

from lcrec_core.data.split import Protocol
from lcrec_core.errors import LCRecError
from lcrec_core.evaluation.bundle_results import BundleSummary
from lcrec_core.files import Plain, artifacts_root, convenient, parse, write_whole
from lcrec_core.models import registry
from lcrec_core.models.contract import Family


@dataclass(frozen=True)
class Result:
    """One model, trained with one seed and measured on the test part."""

    row: str
    """A family's name."""
    data: str
    protocol: str
    seed: int
    settings: str
    """In words, as the table states them."""
    mse: float
    mae: float
    train_seconds: float
    predict_ms: float
    """A whole catalogue for one person."""
    serves_new_people: bool
    """Whether somebody who was not there in training gets answers of their own without training again."""
    parameters: int
    test_ratings: int
    environment: dict[str, Plain]
    log_loss: float | None = None
    """Of the predicted distribution, where there is one."""
    calibration_error: float | None = None
    """Expected calibration error of the same."""
    given: int | None = None
    """Protocol `new-people`: how many first ratings of each person the model was given; the rest were asked."""
    trained_with_them: bool | None = None
    """Protocol `new-people`: whether the model had to be trained again with those ratings."""

    def __post_init__(self) -> None:
        for name in ("mse", "mae", "train_seconds", "predict_ms", "parameters", "test_ratings", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")

    @property
    def stem(self) -> str:
        """Name of its files."""
        return stem(self.row, self.seed, self.given)

    @property
    def rmse(self) -> float:
        """Root of the mean squared error."""
        return self.mse**0.5


def stem(row: str, seed: int, given: int | None = None) -> str:
    """Name of a result's files."""
    return f"{row}-seed{seed}" if given is None else f"{row}-given{given}-seed{seed}"


@dataclass(frozen=True)
class Summary:
    """One row of the table: a model's results over its seeds."""

    row: str
    given: int | None
    results: tuple[Result, ...]

    @property
    def label(self) -> str:
        """As the table names it."""
        if self.given is None:
            return registry.FAMILIES[self.row].label
        again = ", trained again" if self.results[0].trained_with_them else ""
        return f"{registry.FAMILIES[self.row].label}{again}, {self.given} given"

    def mean(self, name: str) -> float:
        """Mean of `mse`, `rmse`, `mae`, `train_seconds` or `predict_ms` over the seeds."""
        return statistics.fmean(getattr(result, name) for result in self.results)

    def mean_if_any(self, name: str) -> float | None:
        """Mean of a figure that not every model has; None where this one has none."""
        values = [getattr(result, name) for result in self.results]
        return None if None in values else statistics.fmean(values)

    def std(self, name: str) -> float | None:
        """Standard deviation over the seeds (n - 1); None for a single one."""
        values = [getattr(result, name) for result in self.results]
        return statistics.stdev(values) if len(values) > 1 else None


class ResultError(LCRecError):
    """A saved result, or a saved split, cannot be used."""

    exit_code = 4


def results_folder(data: str, protocol: Protocol | str, root: Path | None = None) -> Path:
    """Where the results of a data set and a protocol lie."""
    return (root or artifacts_root()) / data / "comparison" / str(Protocol(protocol))


def saved(data: str, protocol: Protocol | str, root: Path | None = None) -> list[Result]:
    """Every saved result, in the order of the registry, then by seed.

    Raises:
        ResultError: A file is not what `measure` writes.
    """
    results = [read_result(path) for path in sorted(results_folder(data, protocol, root).glob("*-seed*.json"))]
    order = list(registry.FAMILIES)
    return sorted(results, key=lambda result: (order.index(result.row), result.given or 0, result.seed))


def summaries(results: Iterable[Result]) -> list[Summary]:
    """One per model and number of given ratings, in the order of the results."""
    by_row: dict[tuple[str, int | None], list[Result]] = {}
    for result in results:
        by_row.setdefault((result.row, result.given), []).append(result)
    return [Summary(row, given, tuple(of_row)) for (row, given), of_row in by_row.items()]


HEADS = ["model", "seeds", "MSE", "RMSE", "MAE", "train", "predict", "new people", "parameters"]


def as_measured(rows: Iterable[Summary]) -> list[BundleSummary]:
    """Summaries in the form that Table VII is drawn from."""
    return [
        BundleSummary(
            data=row.results[0].data,
            model=row.row,
            protocol=row.results[0].protocol,
            deviations={},
            bundles=(),
            seeds=tuple(result.seed for result in row.results),
            mse=row.mean("mse"),
            mae=row.mean("mae"),
            mse_std=row.std("mse"),
            mae_std=row.std("mae"),
        )
        for row in rows
    ]


def table(rows: Iterable[Summary]) -> list[list[str]]:
    """The comparison as text: a line of heads, then a line per model."""
    return [HEADS, *(_cells(row) for row in rows)]


def _cells(summary: Summary) -> list[str]:
    errors = []
    for name in ("mse", "rmse", "mae"):
        std = summary.std(name)
        errors.append(f"{summary.mean(name):.4f}" + (f" ± {std:.4f}" if std is not None else ""))
    return [
        summary.label,
        ", ".join(str(result.seed) for result in summary.results),
        *errors,
        f"{summary.mean('train_seconds'):,.0f} s",
        f"{summary.mean('predict_ms'):,.1f} ms",
        "yes" if summary.results[0].serves_new_people else "no",
        f"{summary.results[0].parameters:,}",
    ]


class Named(typing.Protocol):
    """A result, a dataclass, that knows the name of its file."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def row(self) -> str:
        """A family's name."""
        ...

    @property
    def stem(self) -> str:
        """Name of its files."""
        ...


N = TypeVar("N", bound=Named)
T = TypeVar("T")


def read_result(path: Path) -> Result:
    """One saved result.

    Raises:
        ResultError: The file is not what `compare.measure` writes.
    """
    return read_as(path, Result)


def read_whole(path: Path, kind: type[T]) -> T:
    """What a file of results holds.

    Raises:
        ResultError: It is not of that kind.
    """
    try:
        return parse(path.read_bytes(), kind)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise ResultError(
            f"it is no saved result ({said})", where=path, advice="remove it to measure it again"
        ) from error


def read_as(path: Path, kind: type[N]) -> N:
    """One saved result of that kind.

    Raises:
        ResultError: The file is not what `write_result` writes.
    """
    result = read_whole(path, kind)
    if result.row not in registry.FAMILIES or path.stem != result.stem:
        raise ResultError(
            f"it is no saved result (it says that it is {result.stem})",
            where=path,
            advice="remove it to measure it again",
        )
    return result


def write_result(result: Named, folder: Path) -> None:
    """Save a result under its own name."""
    write_whole(folder / f"{result.stem}.json", json.dumps(asdict(result), indent=1) + "\n")


def add_to_log(folder: Path, line: str) -> None:
    """A line with the time in the log of the results there."""
    with convenient("the log of the comparison cannot be written"), (folder / "log.txt").open("a") as log:
        log.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M} {line}\n")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Save a table of errors by group, or of reliability, as CSV."""
    write_whole(path, table.to_csv(index=False))


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """A table that `write_table` wrote, of finite numbers but for the names of groups.

    Raises:
        ResultError: The file is not what `write_table` writes.
    """
    try:
        table = pd.read_csv(path)[list(columns)]
        numbers = table.drop(columns=[name for name in ("by", "group") if name in table])
        if not np.isfinite(numbers.astype(np.float64).to_numpy()).all():
            raise ValueError("a value is no number")
    except (OSError, ValueError, KeyError, TypeError) as error:
        said = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())[:200]
        advice = "remove it, with the .json file beside it, and compare again"
        raise ResultError(f"it is no saved table ({said})", where=path, advice=advice) from error
    return table.astype({name: str for name in ("by", "group") if name in table})


@dataclass(frozen=True)
class VariantResult:
    """One variant's errors on the validation part."""

    name: str
    what: str
    later: bool
    """Whether what the person rated after the target's time was read."""
    ratings: int
    """Trained on."""
    mse: float
    mae: float
    log_loss: float | None
    """None for a backbone alone, which gives no distribution."""


@dataclass(frozen=True)
class _Ablation:
    """What ablation.json holds."""

    variants: list[VariantResult]
    data: str = ""
    protocol: str = ""
    part: str = ""
    seed: int = 0


class AblationError(LCRecError):
    """The saved ablation cannot be used."""

    exit_code = 4


def ablation_path(data: str, root: Path | None = None) -> Path:
    """Where a data set's ablation lies."""
    return (root or artifacts_root()) / data / "ablation.json"


def read_ablation(data: str, family: Family, root: Path | None = None) -> list[VariantResult]:
    """What is saved, in the order of the family's variants; nothing where there is no file.

    Raises:
        AblationError: The file is not what `run` writes.
    """
    path = ablation_path(data, root)
    try:
        found: list[VariantResult] = parse(path.read_bytes(), _Ablation).variants
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise AblationError(
            f"it is no saved ablation ({said})", where=path, advice="remove it to measure it again"
        ) from error
    order = {variant.name: place for place, variant in enumerate(family.variants)}
    return sorted((entry for entry in found if entry.name in order), key=lambda entry: order[entry.name])
