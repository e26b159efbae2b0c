"""What every benchmark shares: the machine it ran on, the data it ran over, and the file it writes."""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from lcrec_core.files import write_whole
from lcrec_core.sources import datasets

RESULTS = Path(__file__).resolve().parent / "results"


def machine() -> dict[str, Any]:
    """What kind of machine this is; nothing that names it or its folders."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": version("torch"),
        "streamlit": version("streamlit"),
    }


def data_to_visit() -> list[str]:
    """The data sets that a visitor's waits are measured on: the demo, and MovieLens 1M where it is here."""
    return [name for name in datasets.available() if name in (datasets.DEMO, "ml-1m")]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def times_ms(run: Callable[[], object], repeats: int, warm_up: int = 1) -> list[float]:
    """Milliseconds of each of `repeats` runs, after `warm_up` runs that do not count."""
    for _ in range(warm_up):
        run()
    taken = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        taken.append((time.perf_counter() - begin) * 1000)
    return taken


def figure(what: str, values: list[float], unit: str, decimals: int = 1) -> dict[str, Any]:
    """One measured thing: the median is what counts, the rest tells how steady it was."""
    ordered = sorted(values)
    return {
        "what": what,
        "median": round(statistics.median(ordered), 4),
        "fastest": round(ordered[0], 4),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 4),
        "runs": len(ordered),
        "unit": unit,
        "decimals": decimals,
    }


NOTHING_YET = "Nothing has been measured yet."
"""In the place of a table without rows."""

Row = TypeVar("Row")


def markdown(columns: Sequence[tuple[str, Callable[[Row], str]]], rows: Sequence[Row]) -> str:
    """Markdown: a line for each row, a cell for each column by its heading and what it says of a row."""
    if not rows:
        return NOTHING_YET
    lines = [f"| {' | '.join(heading for heading, _ in columns)} |", "|---" * len(columns) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(cell(row) for _, cell in columns)} |" for row in rows)])


def shown(rows: Sequence[dict[str, Any]], table: str, command: str, *, as_json: bool) -> int:
    """Print saved rows, as a table or as JSON; returns the exit code, 1 where there are none.

    Args:
        rows: As the result file has them.
        table: The same in Markdown.
        command: The module that measures them, and what it has to be given.
        as_json: Which of the two.
    """
    print(json.dumps(rows, indent=2) if as_json else table)
    if not rows:
        print(f"error: nothing is measured yet: run `python -m {command}`", file=sys.stderr)
    return 0 if rows else 1


def keep(name: str, content: dict[str, Any]) -> None:
    """Write `benchmarks/results/<name>.json`."""
    write_whole(RESULTS / f"{name}.json", json.dumps(content, indent=2) + "\n")


def write(name: str, figures: list[dict[str, Any]], **more: object) -> None:
    """Print the figures and keep them in `benchmarks/results/<name>.json`."""
    keep(name, {"benchmark": name, "figures": figures, "machine": machine(), **more})
    for one in figures:
        median, p95 = (f"{one[name]:,.{one['decimals']}f}" for name in ("median", "p95"))
        print(f"{one['what']}: {median} {one['unit']} (p95 {p95})", file=sys.stderr)
