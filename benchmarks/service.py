"""What one profile, one operation of the store and one visitor cost: the figures that docs/scale.md multiplies.

    python -m benchmarks.service                # measure (needs PostgreSQL) and write results/service.json
    python -m benchmarks.service --show --json  # print the saved rows

Costs are processor time and bytes, which a busy machine changes little. What depends on how fast a disk answers is
given as one store against the other, measured in turn.
"""

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import psutil
import sqlalchemy as sa

from benchmarks.app import begin, click
from benchmarks.common import RESULTS, data_to_visit, keep, machine, shown
from benchmarks.visitor import Visitor
from lcrec_core.store.profiles import ProfileStore
from lcrec_core.store.sqlite import sqlite_url
from tests import postgres
from tests.serving import serve

NAME = "service"
PROFILES, RATINGS = 500, 40
OPERATIONS, TURNS, AT_ONCE = 48, 10, 8
CLICKS, SESSIONS = 32, 40
DURABLE = ("fsync=on", "synchronous_commit=on")
"""As a server is set up that keeps what it acknowledged; SQLite is."""
SQLITE, POSTGRES = "SQLite", "PostgreSQL"


@dataclass(frozen=True)
class Row:
    """One measured cost."""

    what: str
    where: str
    """The store, or the data set."""
    value: float
    unit: str


@dataclass(frozen=True)
class Place:
    """A store under measurement."""

    name: str
    url: str
    server: psutil.Process | None
    """Of PostgreSQL."""

    def seconds(self) -> float:
        """Processor time spent on it so far: by this process, and by its server's."""
        spent = time.process_time()
        for process in [] if self.server is None else (self.server, *self.server.children()):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                # Those of the server's that have ended are in its own sum.
                spent += times.user + times.system + times.children_user + times.children_system
        return spent

    def size(self) -> int:
        """Bytes of tables and indexes."""
        if self.server is None:
            file = Path(str(sa.make_url(self.url).database))
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return file.stat().st_size
        tables = "'profiles', 'ratings', 'marks', 'events'"
        asked = f"SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname IN ({tables})"
        return int(postgres.query(sa.make_url(self.url), asked)[0][0])


@contextmanager
def places() -> Iterator[list[Place]]:
    """A store of each kind, on the same disk."""
    with tempfile.TemporaryDirectory() as folder, postgres.server(*DURABLE) as url:
        data = Path(str(url.query["host"])) / "data" / "postmaster.pid"
        server = psutil.Process(int(data.read_text().splitlines()[0]))
        yield [
            Place(SQLITE, sqlite_url(Path(folder) / "profiles.sqlite"), None),
            Place(POSTGRES, url.render_as_string(hide_password=False), server),
        ]


def sizes(place: Place) -> list[Row]:
    """Bytes of a profile without ratings, and of each rating with its line in the log."""
    store = ProfileStore(place.url)
    before = place.size()
    tokens = [store.create("ml-1m", name="New profile") for _ in range(PROFILES)]
    empty = place.size()
    for number, token in enumerate(tokens):
        store.bring(token, [(1 + (7 * number + each) % 4000, 4.0, 1_700_000_000 + each) for each in range(RATINGS)])
    full = place.size()
    return [
        Row("a profile without ratings", place.name, round((empty - before) / PROFILES), "bytes"),
        Row("each of its ratings, with the log", place.name, round((full - empty) / PROFILES / RATINGS), "bytes"),
    ]


Call = Callable[[ProfileStore, str, int], object]


def operations(found: Sequence[Place]) -> list[Row]:
    """Processor time of a rating and of reading a profile, and how fast one store is against the other."""
    stores = {place.name: ProfileStore(place.url) for place in found}
    calls: dict[str, tuple[int, Call]] = {
        "a rating given": (1, lambda store, token, number: store.rate(token, 1 + number, 4.0)),
        f"a rating given, {AT_ONCE} at once": (
            AT_ONCE,
            lambda store, token, number: store.rate(token, 1 + number, 3.0),
        ),
        f"a profile of {RATINGS} ratings read": (1, lambda store, token, _: store.get(token)),
    }
    start = [(10_000 + each, 4.0, each) for each in range(RATINGS)]
    rows = []
    for what, (threads, call) in calls.items():
        tokens = {
            name: [store.create("ml-1m", ratings=start) for _ in range(threads)] for name, store in stores.items()
        }
        spent, taken = dict.fromkeys(stores, 0.0), dict[str, list[float]]({name: [] for name in stores})
        with ThreadPoolExecutor(threads) as pool:
            for turn in range(TURNS):
                numbers = range(OPERATIONS * turn, OPERATIONS * turn + OPERATIONS // threads)
                for place in found:
                    name, cpu, wall = place.name, place.seconds(), time.perf_counter()
                    list(pool.map(partial(_one_by_one, call, stores[name], numbers=numbers), tokens[name]))
                    spent[name] += place.seconds() - cpu
                    taken[name].append(time.perf_counter() - wall)
        if threads == 1:
            for name, seconds in spent.items():
                rows.append(Row(what, name, round(1000 * seconds / OPERATIONS / TURNS, 1), "ms of a core"))
        ratio = statistics.median(slow / fast for slow, fast in zip(taken[SQLITE], taken[POSTGRES], strict=True))
        rows.append(Row(what, f"{POSTGRES} : {SQLITE}", round(ratio, 1), "times as many a second"))
    return rows


def _one_by_one(call: Call, store: ProfileStore, token: str, numbers: Sequence[int]) -> None:
    for number in numbers:
        call(store, token, number)


def visitors(data: str) -> list[Row]:
    """Processor time and memory that visitors take of an app server."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        server = stack.enter_context(serve(Path(folder)))
        process = psutil.Process(server.process.pid)

        def spent() -> float:
            times = process.cpu_times()
            return times.user + times.system

        visitor = stack.enter_context(Visitor(server.url, "rate", data=data))
        begin(visitor)
        click(visitor, 0)
        started = process.memory_info().rss
        before = spent()
        for number in range(1, 1 + CLICKS):
            click(visitor, number)
        clicks = (spent() - before) / CLICKS
        for number in range(2 * SESSIONS):
            if number == SESSIONS:  # The first ones fill what all share.
                before, first = spent(), process.memory_info().rss
            stack.enter_context(Visitor(server.url, data=data)).visit()
        pages, each = (spent() - before) / SESSIONS, (process.memory_info().rss - first) / SESSIONS
    return [
        Row("a server with one visitor", data, round(started / 1e6), "MB"),
        Row("each visitor more", data, round(each / 1e6, 1), "MB"),
        Row("a first visit to For you", data, round(1000 * pages), "ms of a core"),
        Row("a star click", data, round(1000 * clicks), "ms of a core"),
    ]


def measured() -> list[Row]:
    """Every row."""
    rows = []
    with places() as found:
        for place in found:
            rows += sizes(place)
        rows += operations(found)
    return rows + [each for data in data_to_visit() for each in visitors(data)]


def saved(folder: Path = RESULTS) -> list[Row]:
    """The rows that were measured last; none where nothing was."""
    path = folder / f"{NAME}.json"
    return [Row(**each) for each in json.loads(path.read_text(encoding="utf-8"))["rows"]] if path.exists() else []


def table(rows: Sequence[Row]) -> str:
    """Markdown: a line for each row."""
    lines = ["| what | where | cost |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {row.what} | {row.where} | {row.value:,g} {row.unit} |" for row in rows)])


PEOPLE, BUSIEST, MINUTES, PAGES, STARS = 1_000_000, 0.1, 10, 10, 30
"""A day's visitors; the share of them in the busiest hour; how long a visit is, and what is done in one."""
STORED, STORED_RATINGS = 100_000_000, 40
"""Profiles, and the ratings of each."""
CATALOGUE = 87_585
"""Movies of MovieLens 32M."""
LCREC_SECONDS, LCREC_RATINGS, LCREC_MS, LCREC_MOVIES = 564, 800_167, 12, 3_883
"""What LCRec takes to train on MovieLens 1M, and to score its movies; see docs/figures.md."""
CONNECTIONS = 15
"""Of a server with PostgreSQL at most; see `store.postgres.MOST_CONNECTIONS`."""


def plan(rows: Sequence[Row]) -> str:
    """Markdown: what is asked of the service, times what each of it costs."""
    cost = {(row.what, row.where): row.value for row in rows}
    if not cost:
        return "Nothing has been measured yet."
    data = "ml-1m" if ("a star click", "ml-1m") in cost else "demo"
    star, page = cost["a star click", data], cost["a first visit to For you", data]
    server, session = cost["a server with one visitor", data], cost["each visitor more", data]
    write, read = cost["a rating given", POSTGRES], cost[f"a profile of {RATINGS} ratings read", POSTGRES]
    profile, rating = cost["a profile without ratings", POSTGRES], cost["each of its ratings, with the log", POSTGRES]
    a_second = PEOPLE * BUSIEST / 3600
    stars, pages, at_once = a_second * STARS, a_second * PAGES, a_second * 60 * MINUTES
    drawing = (stars * star + pages * page) / 1000
    servers = 2 * drawing
    whole, a_rating = LCREC_MS * CATALOGUE / LCREC_MOVIES, LCREC_SECONDS / LCREC_RATINGS
    lines = (
        ("drawing", f"{stars:.0f} stars x {star:g} ms + {pages:.0f} pages x {page:g} ms", f"{drawing:.0f} cores busy"),
        ("servers, each a core at half load", f"2 x {drawing:.0f}", f"{servers:.0f}"),
        (
            "their memory",
            f"{servers:.0f} x {server:g} MB + {at_once:,.0f} visitors x {session:g} MB",
            f"{(servers * server + at_once * session) / 1000:,.0f} GB",
        ),
        ("of the stars, the model alone", f"{stars:.0f} x {LCREC_MS} ms", f"{stars * LCREC_MS / 1000:.0f} cores"),
        (
            f"the same on {CATALOGUE:,} movies, all scored",
            f"{stars:.0f} x {whole:.0f} ms",
            f"{stars * whole / 1000:.0f} cores, and {whole:.0f} ms in each wait",
        ),
        (
            "the stars by a service that draws nothing",
            f"{stars:.0f} x ({LCREC_MS} + {write:g} + {read:g}) ms",
            f"{stars * (LCREC_MS + write + read) / 1000:.0f} cores",
        ),
        (
            "the store's operations, LCRec's own part included",
            f"{stars:.0f} writes x {write:g} ms + {stars + pages:.0f} reads x {read:g} ms",
            f"{(stars * write + (stars + pages) * read) / 1000:.0f} cores",
        ),
        (
            "its connections",
            f"{servers:.0f} servers x at most {CONNECTIONS}",
            f"{servers * CONNECTIONS:,.0f}; PostgreSQL is set up for 100",
        ),
        (
            "its size",
            f"{STORED:,} x ({profile:g} + {STORED_RATINGS} x {rating:g}) bytes",
            f"{STORED * (profile + STORED_RATINGS * rating) / 1e12:.1f} TB",
        ),
        (
            "its growth",
            f"{PEOPLE * STARS:,} stars a day x {rating:g} bytes",
            f"{PEOPLE * STARS * rating / 1e9:.0f} GB a day, {365 * PEOPLE * STARS * rating / 1e12:.1f} TB a year",
        ),
        (
            "LCRec trained on everybody",
            f"{STORED * STORED_RATINGS:,} ratings x {1000 * a_rating:.2f} ms",
            f"{STORED * STORED_RATINGS * a_rating / 86_400:.0f} days of a core, if linear so far",
        ),
        (
            "trained on one person in a hundred",
            f"{STORED * STORED_RATINGS // 100:,} ratings x {1000 * a_rating:.2f} ms",
            f"{STORED * STORED_RATINGS * a_rating / 360_000:.0f} hours of a core",
        ),
        (
            "a list for everybody, each night",
            f"{STORED:,} x {LCREC_MS} ms",
            f"{STORED * LCREC_MS / 3.6e6:.0f} hours of a core; {PEOPLE * LCREC_MS / 3.6e6:.0f} for those who come",
        ),
    )
    return "\n".join(
        ["| what | arithmetic | result |", "|---|---|---|", *(f"| {' | '.join(line)} |" for line in lines)]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and save, or show what is saved; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--show", action="store_true", help="measure nothing: print the saved rows")
    parser.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args(arguments)
    rows = saved() if options.show else measured()
    if not options.show:
        keep(NAME, {"benchmark": NAME, "rows": [asdict(each) for each in rows], "machine": machine()})
    return shown([asdict(each) for each in rows], table(rows), f"benchmarks.{NAME}", as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
