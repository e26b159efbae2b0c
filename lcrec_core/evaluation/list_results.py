"""What `compare --task lists` measured, read from its files: a result per model, seed and number of ratings given.

artifacts/<data>/lists/<protocol>/
    popularity-seed0.json          what was measured of everybody's list, with what settings, on what machine
    popularity-seed0-given5.json   the same of new people whose first five ratings are given
    log.txt                        a line for every run
"""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from lcrec_core.data.split import Protocol
from lcrec_core.evaluation.results import read_as
from lcrec_core.files import Plain, artifacts_root
from lcrec_core.models import registry

PROTOCOLS = (Protocol.NEW_PEOPLE, Protocol.GLOBAL_TIME, Protocol.RANDOM, Protocol.LEAVE_LAST_OUT)
"""By which lists are compared: the visitor first, who is the measure."""

BASELINE = "popularity"
"""The row that others are multiples of."""

FIGURES = {
    **{"hr@5": "hr_5", "ndcg@5": "ndcg_5", "hr@10": "hr_10", "ndcg@10": "ndcg_10"},
    **{"recall@10": "recall_10", "precision@5": "precision_5"},
    **{name: name for name in ("real_rating", "coverage", "rare_share")},
}
"""What is said for machines, and the field that holds it."""


@dataclass(frozen=True)
class ListResult:
    """The lists of one model, trained with one seed; see `metrics.ranking` for the formulas."""

    row: str
    """A family's name."""
    data: str
    protocol: str
    seed: int
    given: int | None
    """Protocol `new-people`: how many first ratings of each person the model was given."""
    settings: str
    """In words, with the fewest ratings of a movie where a list has such a floor."""
    people: int
    """Whose lists were made: everybody who is asked about and has rated something in the test part."""
    judged: int
    """Those of them for whom something in the test part is relevant; the next six figures are their means."""
    hr_5: float
    ndcg_5: float
    hr_10: float
    ndcg_10: float
    recall_10: float
    precision_5: float
    real_rating: float | None
    """Mean of the ratings that people did give, in the test part, to movies among their first ten."""
    rated: int
    """How many ratings that is the mean of."""
    coverage: int
    """Different movies over everybody's first five; likewise the next three."""
    rare_share: float
    """Share of places whose movie has fewer than `metrics.ranking.RARE_BELOW` training ratings."""
    popularity_rank: float
    """Mean rank by training ratings, 1 being the most rated."""
    diversity: float
    """Mean over people of the distance between two movies of their list, by genres."""
    train_seconds: float
    predict_ms: float
    """A whole catalogue for one person."""
    told_time: bool
    """Whether the model is told when the target was rated; none of ours is, see `lists`."""
    parameters: int
    environment: dict[str, Plain]

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, int | float) and value < 0:
                raise ValueError(f"{each.name} must not be negative, got {value}")

    @property
    def stem(self) -> str:
        """Name of its file."""
        return stem(self.row, self.seed, self.given)


def stem(row: str, seed: int, given: int | None = None) -> str:
    """Name of a result's file."""
    return f"{row}-seed{seed}" if given is None else f"{row}-seed{seed}-given{given}"


def lists_folder(data: str, protocol: Protocol | str, root: Path | None = None) -> Path:
    """Where the results of a data set and a protocol lie."""
    return (root or artifacts_root()) / data / "lists" / str(Protocol(protocol))


def saved(data: str, protocol: Protocol | str, root: Path | None = None) -> list[ListResult]:
    """Every saved result, in the order of the registry, then by ratings given, then by seed.

    Raises:
        ResultError: A file is not what `measure_lists` writes.
    """
    found = [read_as(path, ListResult) for path in sorted(lists_folder(data, protocol, root).glob("*-seed*.json"))]
    order = list(registry.FAMILIES)
    return sorted(found, key=lambda result: (order.index(result.row), result.given or 0, result.seed))


@dataclass(frozen=True)
class ListSummary:
    """One row of the table: a model's lists over its seeds."""

    row: str
    given: int | None
    results: tuple[ListResult, ...]

    @property
    def label(self) -> str:
        """As the table names it."""
        return list_label(self.row)

    def mean(self, name: str) -> float:
        """Mean of a figure that every result has, over the seeds."""
        return statistics.fmean(getattr(result, name) for result in self.results)

    def mean_if_any(self, name: str) -> float | None:
        """Mean over the seeds that have the figure; None where none has."""
        values = [value for result in self.results if (value := getattr(result, name)) is not None]
        return statistics.fmean(values) if values else None

    def std(self, name: str) -> float | None:
        """Standard deviation over the seeds (n - 1); None for a single one."""
        values = [getattr(result, name) for result in self.results]
        return statistics.stdev(values) if len(values) > 1 else None


def list_label(row: str) -> str:
    """A family as the tables of lists name it: one that predicts ratings makes them in the paper's way."""
    family = registry.FAMILIES[row]
    return f"{family.label}, by rating" if family.predicts_ratings else family.label


def summaries(found: Iterable[ListResult]) -> list[ListSummary]:
    """One per model and number of given ratings, in the order of the results."""
    by_row: dict[tuple[str, int | None], list[ListResult]] = {}
    for result in found:
        by_row.setdefault((result.row, result.given), []).append(result)
    return [ListSummary(row, given, tuple(results)) for (row, given), results in by_row.items()]


def multiple(row: ListSummary, rows: Sequence[ListSummary], figure: str = "ndcg_10") -> float | None:
    """A figure as a multiple of the baseline's on the same people: the mean over the seeds that both have.

    Draws of people move the figures of all models together, and this one hardly.
    """
    base = {
        result.seed: getattr(result, figure)
        for other in rows
        if (other.row, other.given) == (BASELINE, row.given)
        for result in other.results
    }
    ratios = [getattr(result, figure) / base[result.seed] for result in row.results if base.get(result.seed)]
    return statistics.fmean(ratios) if ratios else None


HEADS = ["model", "given", "seeds", "NDCG@10", "x popularity", "HR@10", "recall@10", "precision@5", "real rating"]
HEADS += ["coverage", "rare", "train", "predict"]


def table(rows: Sequence[ListSummary], every: Sequence[ListSummary]) -> list[list[str]]:
    """The comparison as text: a line of heads, then a line per model and number of ratings given.

    Args:
        rows: What is shown.
        every: All that was measured in the same way, the baseline among them.
    """
    return [HEADS, *(_cells(row, every) for row in rows)]


def _cells(row: ListSummary, every: Sequence[ListSummary]) -> list[str]:
    std, ratio, real = row.std("ndcg_10"), multiple(row, every), row.mean_if_any("real_rating")
    return [
        row.label,
        "-" if row.given is None else str(row.given),
        ", ".join(str(result.seed) for result in row.results),
        f"{row.mean('ndcg_10'):.4f}" + (f" ± {std:.4f}" if std is not None else ""),
        "-" if ratio is None else f"{ratio:.2f}",
        *(f"{row.mean(name):.4f}" for name in ("hr_10", "recall_10", "precision_5")),
        "-" if real is None else f"{real:.2f}",
        f"{row.mean('coverage'):,.0f}",
        f"{row.mean('rare_share'):.1%}",
        f"{row.mean('train_seconds'):,.0f} s",
        f"{row.mean('predict_ms'):,.1f} ms",
    ]
