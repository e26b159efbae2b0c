"""What the app makes visitors wait, alone and with many at once: real servers, Streamlit's own websocket protocol.

    python -m benchmarks.app                # measure (some five minutes) and write results/app.json
    python -m benchmarks.app --show --json  # print the saved rows

A star click is timed from the click's leaving the visitor to the end of all that it moves: the store, the model, the
new top five, sixteen rows. `floor_ms` is the median of a click on the same rows with nothing behind them
(`benchmarks.star_rows`), taken in turn with the first row's clicks, so that a slow hour slows both.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.common import NOTHING_YET, RESULTS, data_to_visit, keep, machine, markdown, shown
from benchmarks.visitor import Visitor
from lcrec_core.data.dataset import Col
from lcrec_core.sources import datasets
from lcrec_core.sources.published import DATA_LABELS
from lcrec_ui.frame.text import count
from lcrec_ui.rate import lists
from tests.serving import Server, serve

NAME = "app"
STARTS, SWITCHES, IMPORTS, IMPORTED = 3, 16, 3, 1000
ALONE, APART = 40, 0.3
"""Clicks of one visitor alone, and the seconds between them: the server tidies up after a run in the meantime."""
SESSIONS = (5, 20, 50)
PACE, WINDOW = 3.0, 24.0
"""Seconds between two clicks of one of many, and how long they go on."""
CLICK, SWITCH, START, IMPORT = (
    "star click",
    "page switch",
    "server start to first list",
    f"import of {IMPORTED:,} ratings",
)


@dataclass(frozen=True)
class Row:
    """One measured thing, all times in milliseconds."""

    what: str
    data: str
    sessions: int
    """Visitors at once."""
    servers: int
    """Processes behind the address, see `lcrec_ui.serve`."""
    runs: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    rss_mb: float
    """Memory of all server processes together after it: resident, what they share counted once for each."""
    floor_ms: float | None = None
    """Of a star click; see the module."""
    refused: int = 0
    """Clicks of which the page said that they were not saved, because others wrote for too long; beside `runs`."""


class Refused(RuntimeError):
    """The page said that the star was not saved."""


def row(what: str, data: str, seconds: Sequence[float], rss_mb: float, **more: Any) -> Row:
    """The percentiles of some waits; the nearest rank, so that each is one that somebody had."""
    p50, p95, p99 = (round(1000 * percentile(seconds, share), 1) for share in (50, 95, 99))
    given = {"sessions": 1, "servers": 1, **more}
    return Row(what, data, runs=len(seconds), p50_ms=p50, p95_ms=p95, p99_ms=p99, rss_mb=round(rss_mb), **given)


def percentile(values: Sequence[float], share: int) -> float:
    """The smallest value that so many per cent of all values do not exceed."""
    if not values:
        raise ValueError("no percentile of nothing")
    ordered = sorted(values)
    return ordered[max(0, -(-share * len(ordered) // 100) - 1)]


def measured() -> list[Row]:
    """Everything, on every data set that there is to visit."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for data in data_to_visit():
            place = Path(folder) / data
            found += starts(place, data)
            found += alone(place, data)
            found += many(place, data, servers=psutil.cpu_count() or 1)
    return found


def starts(folder: Path, data: str) -> list[Row]:
    """A server's start to its first visitor's list."""
    seconds, memory = [], 0.0
    for number in range(STARTS):
        with serve(folder / f"start{number}") as server, Visitor(server.url, data=data) as visitor:
            visitor.visit()
            _expect(visitor, "All ")
            seconds.append(time.perf_counter() - server.started)
            memory = rss(server)
    return [row(START, data, seconds, memory)]


def alone(folder: Path, data: str) -> list[Row]:
    """One visitor of one server: star clicks and the floor under them in turn, page switches, imports."""
    with ExitStack() as stack:
        server = stack.enter_context(serve(folder / "alone"))
        bare = stack.enter_context(serve(folder / "floor", script="benchmarks/star_rows.py"))
        visitor = stack.enter_context(Visitor(server.url, "rate", data=data))
        nobody = stack.enter_context(Visitor(bare.url))
        nobody.visit()
        begin(visitor)
        clicks, floor = [], []
        for number in range(ALONE + 1):
            clicks.append(click(visitor, number))
            time.sleep(APART)
            floor.append(nobody.set_stars(nobody.star_ids()[number % lists.ROWS], 1 + number % 5))
            time.sleep(APART)
        floor_ms = round(1000 * statistics.median(floor[1:]), 1)
        found = [row(CLICK, data, clicks[1:], rss(server), floor_ms=floor_ms)]

        for page in ("profile", "for-you", "rate"):  # Each is opened once before it counts.
            visitor.go(page)
        switches = []
        for number in range(SWITCHES):
            page, heading = (("for-you", "For you"), ("rate", "Rate movies"))[number % 2]
            switches.append(visitor.go(page))
            _expect(visitor, heading)
        found.append(row(SWITCH, data, switches, rss(server)))

        content, imports = export(data), []
        for number in range(IMPORTS):
            with Visitor(server.url, "history", data=data) as other:
                other.visit()
                imports.append(other.upload(f"{number}.csv", content) + other.press("Add "))
        found.append(row(IMPORT, data, imports, rss(server)))
    return found


def many(folder: Path, data: str, servers: int) -> list[Row]:
    """Many visitors of `make serve`, each with a click every few seconds."""
    found = []
    with ExitStack() as stack:
        server = stack.enter_context(serve(folder / "many", servers=servers))
        visitors: list[Visitor] = []
        for sessions in SESSIONS:
            while len(visitors) < sessions:
                visitors.append(stack.enter_context(Visitor(server.url, "rate", data=data)))
                begin(visitors[-1])
            waits, refused = at_once(visitors)
            found.append(row(CLICK, data, waits, rss(server), sessions=sessions, servers=servers, refused=refused))
    return found


def at_once(visitors: Sequence[Visitor]) -> tuple[list[float], int]:
    """Seconds of every click of some visitors, who begin evenly spread and wait so long after each answer.

    Returns:
        The seconds, and how many clicks were refused.
    """
    waits: list[float] = []
    refused: list[Refused] = []
    failed: list[BaseException] = []
    begun = time.perf_counter()

    def clicks(number: int, visitor: Visitor) -> None:
        try:
            time.sleep(PACE * number / len(visitors))
            place = 0
            while time.perf_counter() - begun < WINDOW:
                try:
                    waits.append(click(visitor, place))
                except Refused as error:
                    refused.append(error)
                place += 1
                time.sleep(PACE)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=clicks, args=each) for each in enumerate(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return waits, len(refused)


def begin(visitor: Visitor) -> None:
    """Somebody with a history of their own, on the Rate page."""
    visitor.visit()
    visitor.press("Continue as a copy")


def click(visitor: Visitor, number: int) -> float:
    """Seconds of a star for a movie that had none: others are asked for first where those offered may have one.

    Raises:
        Refused: The page said that it was not saved.
    """
    place = number % lists.ROWS
    if not place:
        visitor.press("Others")
    taken = visitor.set_stars(visitor.star_ids()[place], 1 + number % 5)
    if any("not saved" in said for said in visitor.alerts()):
        raise Refused
    _expect(visitor, "Your top 5 now")
    return taken


def _expect(visitor: Visitor, heading: str) -> None:
    if not any(each.startswith(heading) for each in visitor.headings()):
        raise RuntimeError(f"no heading {heading!r} was drawn: this benchmark no longer fits the page")


def export(data: str) -> bytes:
    """An export of so many ratings, as another site might write it."""
    movies = datasets.load(data).movies.iloc[:IMPORTED]
    table = movies[[Col.TITLE, Col.YEAR]].set_axis(["Title", "Year"], axis=1)
    table["Title"] = table["Title"].str.replace(r" \(\d{4}\)$", "", regex=True)
    table["Rating"] = [1 + place % 5 for place in range(len(table))]
    return table.to_csv(index=False).encode()


def rss(server: Server) -> float:
    """Megabytes of all processes of a server."""
    processes = [psutil.Process(server.process.pid)]
    processes += processes[0].children(recursive=True)
    return sum(process.memory_info().rss for process in processes) / 1e6


def saved(folder: Path = RESULTS) -> list[Row]:
    """The rows that were measured last; none where nothing was."""
    path = folder / f"{NAME}.json"
    return [Row(**each) for each in json.loads(path.read_text(encoding="utf-8"))["rows"]] if path.exists() else []


COLUMNS: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("what", lambda row: row.what),
    ("data", lambda row: row.data),
    ("visitors", lambda row: str(row.sessions)),
    ("servers", lambda row: str(row.servers)),
    ("p50", lambda row: f"{row.p50_ms:,.0f} ms"),
    ("p95", lambda row: f"{row.p95_ms:,.0f} ms"),
    ("p99", lambda row: f"{row.p99_ms:,.0f} ms"),
    ("floor", lambda row: "" if row.floor_ms is None else f"{row.floor_ms:,.0f} ms"),
    ("not saved", lambda row: str(row.refused) if row.refused else ""),
    ("memory", lambda row: f"{row.rss_mb:,.0f} MB"),
)


def table(rows: Sequence[Row]) -> str:
    """Markdown: a line for each row."""
    return markdown(COLUMNS, rows)


def brief(rows: Sequence[Row]) -> str:
    """Markdown: a line for each thing, a column for each data set, median and 95th percentile."""
    if not rows:
        return NOTHING_YET
    data = list(dict.fromkeys(row.data for row in rows))
    lines: dict[tuple[str, int, int], dict[str, Row]] = {}
    for row in rows:
        lines.setdefault((row.what, row.sessions, row.servers), {})[row.data] = row
    text = [
        f"| p50 / p95 | {' | '.join(DATA_LABELS.get(name, name) for name in data)} |",
        "|---" * (len(data) + 1) + "|",
    ]
    for (what, sessions, servers), found in lines.items():
        who = "" if sessions == 1 else f", {sessions} visitors, {count(servers, 'server')}"
        text.append(f"| {what}{who} | {' | '.join(_cell(found.get(name)) for name in data)} |")
    return "\n".join(text)


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    over = "" if row.floor_ms is None else f" ({row.p50_ms / row.floor_ms:.1f} x the floor)"
    return f"{row.p50_ms:,.0f} / {row.p95_ms:,.0f} ms{over}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and save, or show what is saved; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.app", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--show", action="store_true", help="measure nothing: print the saved rows")
    parser.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args(arguments)
    if options.show:
        rows = saved()
    else:
        rows = measured()
        keep(NAME, {"benchmark": NAME, "rows": [asdict(each) for each in rows], "machine": machine()})
    return shown([asdict(each) for each in rows], table(rows), f"benchmarks.{NAME}", as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
