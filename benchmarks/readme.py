"""The README's tables, made from the files that training and benchmarks wrote: no figure is typed by hand.

`python -m benchmarks.readme` rewrites what stands between `<!-- results:begin -->` and
`<!-- results:end -->` (and the same for the other tables); with `--check` it only says whether they are up to date.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from benchmarks import app, list_tables, scale, service
from lcrec_core.data.split import Protocol
from lcrec_core.errors import LCRecError
from lcrec_core.evaluation import list_results, onboarding, paper_facts, results
from lcrec_core.evaluation.bundle_results import BundleSummary, measured
from lcrec_core.evaluation.list_results import ListSummary
from lcrec_core.evaluation.results import Result, Summary, VariantResult, read_ablation
from lcrec_core.files import REPOSITORY
from lcrec_core.metrics import rating as by_group
from lcrec_core.models.bundle import Bundle
from lcrec_core.models.bundles import list_bundles
from lcrec_core.models.registry import ABLATED, FAMILIES
from lcrec_core.sources.published import DATA_LABELS, TITLES

PLACES: dict[str, tuple[str, ...]] = {
    "README.md": ("headline", "list-headline", "app-headline", "scale"),
    "docs/figures.md": (
        *(
            "results",
            "comparison",
            "distribution",
            "protocols",
            "new-people",
            "groups",
            "lists",
            "onboarding",
            "speed",
            "app",
            "faults",
        ),
    ),
    "docs/lcrec.md": ("ablation",),
    "docs/scale.md": ("scale-rows", "service", "plan"),
}
"""Which tables each text has."""
BUNDLES = REPOSITORY / "artifacts"
MEASUREMENTS = REPOSITORY / "benchmarks" / "results"
FAULTS = MEASUREMENTS / "faults.json"
"""What `make faults` found: by kind of fault, how often it was tried and how often it failed."""

DATA_ORDER = (*TITLES, "demo")
"""Of the table's rows."""

PROTOCOL_LABELS = {
    "random": "random 80:20",
    "user-last": "each person's last 20 %",
    "global-time": "everybody's last 20 %",
}


class ReportError(LCRecError):
    """The README lacks the place for a table, or a measurement cannot be read."""


def results_table(bundles: Iterable[Bundle]) -> str:
    """Markdown: the paper's own row, then one row per model, data set and protocol, averaged over seeds."""
    bundles = list(bundles)
    by_name = {bundle.name: bundle for bundle in bundles}
    paper = paper_facts.RESULTS[0]
    lines = [
        "| data | model | protocol | seeds | test MSE | test RMSE | test MAE | s per epoch |",
        "|---|---|---|---|---|---|---|---|",
        f"| {DATA_LABELS[paper_facts.DATA]} | {paper.label}, as the paper prints it | {PROTOCOL_LABELS['random']} "
        f"| – | {paper.mse:.3f} | {paper.mse**0.5:.3f} | {paper.mae:.3f} | – |",
    ]
    for row in sorted(measured(bundles), key=_by_data):
        metrics = [by_name[name].metrics for name in row.bundles]
        cells = [
            DATA_LABELS.get(row.data, row.data),
            _model_label(row),
            PROTOCOL_LABELS.get(row.protocol, row.protocol),
            ", ".join(map(str, row.seeds)),
            *(mean_and_spread([m[name] for m in metrics]) for name in ("test_mse", "test_rmse", "test_mae")),
            f"{statistics.median(m['seconds_per_epoch'] for m in metrics):.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _by_data(row: BundleSummary) -> tuple:
    order = DATA_ORDER
    known = order.index(row.data) if row.data in order else len(order)
    return known, row.data, row.protocol, row.mse


def _model_label(row: BundleSummary) -> str:
    """`LSTM & CNN, ours`, with the settings that are not the defaults."""
    label = f"{FAMILIES[row.model].label.removesuffix(', ours')}, ours"
    changed = [f"{name.replace('_', ' ')} {value:g}" for name, value in row.deviations.items()]
    return f"{label} ({', '.join(changed)})" if changed else label


def mean_and_spread(values: Sequence[float]) -> str:
    """`0.871 ± 0.002`: mean and sample standard deviation; the figure alone where there is one seed."""
    mean = f"{statistics.fmean(values):.3f}"
    return f"{mean} ± {statistics.stdev(values):.3f}" if len(values) > 1 else mean


def speed_table(measurements: Iterable[dict[str, Any]]) -> str:
    """Markdown: every figure of the benchmarks with the machine it was measured on."""
    lines = ["| what | median | machine |", "|---|---|---|"]
    for measurement in measurements:
        machine = measurement["machine"]
        where = f"{machine['processor']}, {machine['cores']} cores"
        lines += [
            f"| {figure['what']} | {figure['median']:,.{figure.get('decimals', 1)}f} {figure['unit']} | {where} |"
            for figure in measurement["figures"]
        ]
    return "\n".join(lines)


def read_measurements(folder: Path = MEASUREMENTS) -> list[dict[str, Any]]:
    """Every benchmark's result file, by name.

    Raises:
        ReportError: A file is not what a benchmark writes.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        if path.name in (FAULTS.name, f"{app.NAME}.json", f"{scale.NAME}.json", f"{service.NAME}.json"):
            continue
        try:
            measurement = json.loads(path.read_text(encoding="utf-8"))
            speed_table([measurement])
        except (ValueError, KeyError, TypeError) as error:
            raise ReportError(f"{path.name} is not a benchmark's result ({error!r}); run `make bench`") from error
        found.append(measurement)
    return found


def faults_table(found: dict[str, dict[str, int]]) -> str:
    """Markdown: every kind of fault with how often it was tried, and how often something was lost, wrong or unclear."""
    lines = ["| what | tried | failed |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {kind} | {of['tried']:,} | {of['failed']:,} |" for kind, of in found.items())])


def read_faults(path: Path = FAULTS) -> dict[str, dict[str, int]]:
    """The results file of the fault harness.

    Raises:
        ReportError: It is missing, or not what the harness writes.
    """
    try:
        found: dict[str, dict[str, int]] = json.loads(path.read_text(encoding="utf-8"))
        faults_table(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReportError(f"{path.name} is not a result of the fault harness ({error!r}); run `make faults`") from error
    return found


def reported_bundles(root: Path = BUNDLES) -> list[Bundle]:
    """The bundles that the repository holds.

    What somebody trained on their own machine is theirs to look at, and no part of the README. Where
    there is no git, every bundle counts.
    """
    bundles, tracked = list_bundles(root), _tracked(root)
    if tracked is None:
        return bundles
    folders = {file.parent for file in tracked}
    return [bundle for bundle in bundles if bundle.path.relative_to(root) in folders]


def reported_results(
    data: str = paper_facts.DATA, protocol: Protocol = Protocol.RANDOM, root: Path = BUNDLES
) -> list[Result]:
    """The results of the comparison by a protocol, that the repository holds."""
    return _held(results.saved(data, protocol, root), results.results_folder(data, protocol, root), root)


def reported_lists(data: str = paper_facts.DATA, root: Path = BUNDLES) -> dict[Protocol, list[ListSummary]]:
    """The lists that the repository holds results of, by protocol; no entry where there are none."""
    found = {
        protocol: _held(list_results.saved(data, protocol, root), list_results.lists_folder(data, protocol, root), root)
        for protocol in list_results.PROTOCOLS
    }
    return {protocol: list_results.summaries(held) for protocol, held in found.items() if held}


R = TypeVar("R", bound=results.Named)


def _held(found: list[R], folder: Path, root: Path) -> list[R]:
    """Those results of a folder that the repository holds; where there is no git, all of them."""
    tracked = _tracked(root)
    inside = folder.relative_to(root)
    return [result for result in found if tracked is None or inside / f"{result.stem}.json" in tracked]


def _tracked(root: Path) -> set[Path] | None:
    """Files below a folder that git knows, relative to it; None where there is no git."""
    try:
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "--cached", "."], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return {Path(line) for line in listed.stdout.splitlines()}


def comparison_table(found: Iterable[Result]) -> str:
    """Markdown: every model on the same parts, the smallest MSE first, with the paper's own figures beside."""
    paper = {result.model: f"{result.mse:.3f} / {result.mae:.3f}" for result in paper_facts.RESULTS}
    lines = [
        "| model | MSE | RMSE | MAE | seeds | training | a catalogue | new people | parameters | the paper's |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in sorted(results.summaries(found), key=lambda row: row.mean("mse")):
        cells = [
            row.label,
            *(mean_and_spread([getattr(r, name) for r in row.results]) for name in ("mse", "rmse", "mae")),
            ", ".join(str(r.seed) for r in row.results),
            f"{row.mean('train_seconds'):,.0f} s",
            f"{row.mean('predict_ms'):,.1f} ms",
            "yes" if row.results[0].serves_new_people else "no",
            f"{row.results[0].parameters:,}",
            paper.get(row.row, ""),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def headline_table(
    random: Iterable[Result], in_time: Iterable[Result], new_people: Iterable[Result], context: int = 10
) -> str:
    """Markdown: one row a landmark with what one asks first, the smallest MSE first; `comparison` has every model.

    Args:
        random: Results by the random protocol.
        in_time: Those on each person's last ratings.
        new_people: Those on people who are new.
        context: How many ratings new people have given.
    """
    later = {row.row: row for row in results.summaries(in_time)}
    new = {row.row: row for row in results.summaries(new_people) if row.given == context}
    lines = [
        f"| model | MSE | MAE | each person's last ratings | new people, {context} ratings | training | a catalogue |",
        "|---|---|---|---|---|---|---|",
    ]
    landmarks = [row for row in results.summaries(random) if FAMILIES[row.row].landmark]
    for row in sorted(landmarks, key=lambda row: row.mean("mse")):
        mse, mae = (mean_and_spread([getattr(r, name) for r in row.results]) for name in ("mse", "mae"))
        others = (f"{of[row.row].mean('mse'):.3f}" if row.row in of else "–" for of in (later, new))
        times = (f"{row.mean('train_seconds'):,.0f} s", f"{row.mean('predict_ms'):,.0f} ms")
        lines.append(f"| {' | '.join([row.label, mse, mae, *others, *times])} |")
    return "\n".join(lines)


OTHER_WAYS = (
    (paper_facts.DATA, Protocol.USER_LAST, "each person's last 20 %"),
    (paper_facts.DATA, Protocol.GLOBAL_TIME, "everybody's last 20 %"),
    (paper_facts.DATA, Protocol.RANDOM_90, "random 90:10"),
    ("ml-100k", Protocol.OFFICIAL, "ML-100K, u1 to u5"),
)
"""Data set, protocol and column head of the table by other protocols."""


def protocols_table(columns: Sequence[tuple[str, Sequence[Result]]]) -> str:
    """Markdown: MSE / MAE of every model by other protocols than the headline's; a column that nobody has is left out.

    Args:
        columns: Head and results of each.
    """
    columns = [(head, found) for head, found in columns if found]
    lines = ["| MSE / MAE | " + " | ".join(head for head, _ in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    by_row = [{row.row: row for row in results.summaries(found)} for _, found in columns]
    names = [name for name in FAMILIES if any(name in of for of in by_row)]
    missing = float("inf")
    for name in sorted(names, key=lambda name: by_row[0][name].mean("mse") if name in by_row[0] else missing):
        cells = [_errors(of[name]) if name in of else "–" for of in by_row]
        lines.append(f"| {FAMILIES[name].label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _errors(row: Summary) -> str:
    return f"{row.mean('mse'):.3f} / {row.mean('mae'):.3f}"


def new_people_table(found: Iterable[Result]) -> str:
    """Markdown: MSE for people who are new, by how many of their ratings are given."""
    rows = results.summaries(found)
    numbers = sorted({row.given for row in rows if row.given is not None})
    lines = [
        "| MSE for new people, by ratings given | " + " | ".join(map(str, numbers)) + " |",
        "|---" * (len(numbers) + 1) + "|",
    ]
    by_name: dict[str, dict[int, float]] = {}
    for row in rows:
        name = FAMILIES[row.row].label + (", trained again" if row.results[0].trained_with_them else "")
        by_name.setdefault(name, {})[row.given or 0] = row.mean("mse")
    for name, errors in sorted(by_name.items(), key=lambda item: item[1].get(20, float("inf"))):
        cells = [f"{errors[number]:.3f}" if number in errors else "–" for number in numbers]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def distribution_table(found: Iterable[Result]) -> str:
    """Markdown: log loss and expected calibration error of the models that predict a distribution."""
    lines = ["| distribution over the stars | log loss | calibration error | seeds |", "|---|---|---|---|"]
    rows = [row for row in results.summaries(found) if row.mean_if_any("log_loss") is not None]
    for row in sorted(rows, key=lambda row: row.mean("log_loss")):
        loss, error = (mean_and_spread([getattr(r, name) for r in row.results]) for name in _OF_DISTRIBUTIONS)
        lines.append(f"| {row.label} | {loss} | {error} | {', '.join(str(r.seed) for r in row.results)} |")
    return "\n".join(lines)


_OF_DISTRIBUTIONS = ("log_loss", "calibration_error")


def ablation_table(found: Iterable[VariantResult]) -> str:
    """Markdown: LCRec without each of its parts."""
    lines = ["| validation part | MSE | MAE | log loss |", "|---|---|---|---|"]
    for entry in found:
        loss = "–" if entry.log_loss is None else f"{entry.log_loss:.3f}"
        lines.append(f"| {entry.what} | {entry.mse:.4f} | {entry.mae:.4f} | {loss} |")
    return "\n".join(lines)


GROUPED = ("lcrec", "fm", "svd-tuned", "bias")
"""Rows whose errors by group the README has; the Compare page has more."""


def groups_table(tables: dict[str, pd.DataFrame]) -> str:
    """Markdown: MSE by how many ratings a person and a movie have in training.

    Args:
        tables: By the name of the model, see `metrics.rating.errors_by_group`.
    """
    lines = [f"| MSE, seed 0 | asked | {' | '.join(tables)} |", "|---" * (len(tables) + 2) + "|"]
    of_groups = [table.set_index(["by", "group"]) for table in tables.values()]
    for by, who in ((by_group.PERSON, "people"), (by_group.MOVIE, "movies")):
        for (_, group), row in of_groups[0].loc[[by]].iterrows() if of_groups else ():
            errors = [f"{table.loc[(by, group), 'mse']:.3f}" for table in of_groups]
            lines.append(f"| {who} with {group} ratings | {row['ratings']:,.0f} | {' | '.join(errors)} |")
    return "\n".join(lines)


def reported_groups(root: Path = BUNDLES) -> dict[str, pd.DataFrame]:
    """Errors by group of the `GROUPED` rows on random 80:20, seed 0, that the repository holds, by label."""
    folder, tracked = results.results_folder(paper_facts.DATA, Protocol.RANDOM, root), _tracked(root)
    paths = {FAMILIES[row].label: folder / f"{results.stem(row, 0)}.groups.csv" for row in GROUPED}
    return {
        label: pd.read_csv(path)
        for label, path in paths.items()
        if path.exists() and (tracked is None or path.relative_to(root) in tracked)
    }


def fill(text: str, blocks: dict[str, str]) -> str:
    """Replace what stands between the markers of each block.

    Raises:
        ReportError: A block's markers are missing or in the wrong order.
    """
    for name, content in blocks.items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        before, found_begin, rest = text.partition(begin)
        _, found_end, after = rest.partition(end)
        if not (found_begin and found_end):
            raise ReportError(f"there is no {begin} followed by {end}; put both on lines of their own")
        text = f"{before}{begin}\n{content}\n{end}{after}"
    return text


def blocks() -> dict[str, str]:
    """Every generated table by the name of its markers."""
    lists = reported_lists()
    return {
        "headline": headline_table(
            reported_results(),
            reported_results(protocol=Protocol.USER_LAST),
            reported_results(protocol=Protocol.NEW_PEOPLE),
        ),
        "results": results_table(reported_bundles()),
        "comparison": comparison_table(reported_results()),
        "distribution": distribution_table(reported_results()),
        "protocols": protocols_table([(head, reported_results(data, protocol)) for data, protocol, head in OTHER_WAYS]),
        "new-people": new_people_table(reported_results(protocol=Protocol.NEW_PEOPLE)),
        "ablation": ablation_table(read_ablation(paper_facts.DATA, ABLATED, BUNDLES)),
        "groups": groups_table(reported_groups()),
        "lists": list_tables.by_protocol(lists),
        "list-headline": list_tables.headline(lists),
        "onboarding": list_tables.onboarding(onboarding.read(paper_facts.DATA, BUNDLES)),
        "speed": speed_table(read_measurements()),
        "app": app.table(app.saved()),
        "app-headline": app.brief(app.saved()),
        "scale": scale.brief(scale.saved()),
        "scale-rows": scale.table(scale.saved()),
        "service": service.table(service.saved()),
        "plan": service.plan(service.saved()),
        "faults": faults_table(read_faults()),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the tables, or with --check say whether they are up to date; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.readme", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 when a table is out of date")
    options = parser.parse_args(arguments)
    try:
        tables = blocks()
        stale = {}
        for place, names in PLACES.items():
            before = (REPOSITORY / place).read_text(encoding="utf-8")
            after = fill(before, {name: tables[name] for name in names})
            if after != before:
                stale[place] = after
    except (LCRecError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return getattr(error, "exit_code", 1)
    if options.check and stale:
        print(f"{', '.join(stale)}: out of date, run `make readme`", file=sys.stderr)
        return 1
    for place, after in stale.items():
        # newline="\n": the same bytes on every system.
        (REPOSITORY / place).write_text(after, encoding="utf-8", newline="\n")
    print(f"{', '.join(stale) or 'nothing'} written" if stale else "every table is up to date", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
