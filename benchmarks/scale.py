"""What data sets of up to 32 million ratings cost: seconds and memory of each thing, measured in a process of its own.

    python -m lcrec_core make-data --like ml-32m --share 0.1 --out made-3.2m
    python -m benchmarks.scale --rows read open --data made-3.2m    # measure, and merge into results/scale.json
    python -m benchmarks.scale --show --json                        # print the saved rows

A row of made data says so: its times and its memory hold for the published set of that size, its errors for no other
data at all. `--artifacts` names a folder that stays, for rows that need what others left; rows of one call share one.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.common import NOTHING_YET, RESULTS, keep, machine, markdown, shown
from lcrec_core.data.dataset import Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.files import ARTIFACTS_ENV, DATA_ENV
from lcrec_core.models import registry
from lcrec_core.models.settings import configured
from lcrec_core.serving.filters import Filters, default_min_ratings
from lcrec_core.sources import datasets, movielens

if TYPE_CHECKING:
    from lcrec_core.serving.recommender import Recommender

NAME = "scale"


@dataclass(frozen=True)
class Row:
    """One measured thing on one data set."""

    what: str
    people: int
    movies: int
    ratings: int
    seconds: float
    """Wall clock, on a machine that may have had other things to do."""
    cpu_seconds: float
    """Of all cores together."""
    peak_gb: float
    """Most memory the process had at once, pages of files that it only looks into among it; 10^9 bytes."""
    p95_ms: float | None
    """Of what is asked many times."""
    made: bool
    """Whether the data were made by `make-data`."""


@dataclass(frozen=True)
class Took:
    """What one thing took, without what was prepared for it."""

    data: Dataset
    seconds: float
    cpu_seconds: float
    p95_ms: float | None = None


def took(run: Callable[[], Dataset]) -> Took:
    """Time something that ends with a data set."""
    wall, cpu = time.perf_counter(), _cpu_seconds()
    data = run()
    return Took(data, time.perf_counter() - wall, _cpu_seconds() - cpu)


def read(name: str) -> Took:
    """The files, as published, to a data set that has been checked."""
    path = datasets.find(name)
    if path is None:
        raise datasets.absent(name)
    return took(lambda: movielens.read(path, name))


def open_again(name: str) -> Took:
    """The data set as the app opens it, once it has been read before."""
    subprocess.run(
        [sys.executable, "-c", f"from lcrec_core.sources import datasets; datasets.load({name!r})"], check=True
    )
    return took(lambda: datasets.load(name))


# What brings torch is imported in the rows that need it: its memory is no part of the others'.


def train_lcrec(name: str) -> Took:
    """A whole run of LCRec; of ten million ratings and more by the settings of docs/lcrec.md, and it takes hours."""
    from lcrec_core.training.run import TrainRequest, train

    data, family = datasets.load(name), registry.family("lcrec")
    config = configured(family.default_config(), **(LARGE if len(data.ratings) >= 10_000_000 else {}))

    def run() -> Dataset:
        train(TrainRequest(data=data, family=family, config=config, replace=True))
        return data

    return took(run)


LARGE = {"served_samples": 4, "evaluations_per_epoch": 1}


def lcrec_round(name: str) -> Took:
    """One round of one of LCRec's chains, the mean of the second and the third; a run has five chains of a hundred."""
    from lcrec_core.data.encode import encode
    from lcrec_core.data.split import Protocol, make_split
    from lcrec_core.machine import one_thread
    from lcrec_core.models.lcrec.fit import draw_folds
    from lcrec_core.models.lcrec.model import interactions_of
    from lcrec_core.models.lcrec.sampler import Chain

    data, config = datasets.load(name), registry.family("lcrec").default_config()
    interactions = interactions_of(data, encode(data, make_split(data, Protocol.RANDOM, 0).fitting))
    seen = interactions.only(draw_folds(len(interactions.ratings), config) != 0)

    def rounds() -> Dataset:
        chain.round()
        chain.round()
        return data

    with one_thread():
        chain = Chain(seen, config.backbone, 1)
        chain.round()
        two = took(rounds)
    return Took(data, two.seconds / 2, two.cpu_seconds / 2)


ASKED = 200
"""People who ask for their five."""


def top_five(name: str) -> Took:
    """From nothing to the first five of For you and their reasons; p95 of those of many people, one thread.

    The bundles of LCRec and pick lie in the artifacts folder. What a server's first start keeps for later ones is
    there. A person's time is that of the thread, so that others on the machine do not count.
    """
    command = f"from benchmarks import scale; scale.first_list({name!r})"
    subprocess.run([sys.executable, "-c", command], check=True)
    served = []

    def start() -> Dataset:
        served.append(first_list(name))
        return served[0].data

    found, (recommender,) = took(start), served
    milliseconds = []
    for user_id in np.random.default_rng(0).choice(found.data.user_ids, ASKED, replace=False).tolist():
        person = Profile.from_dataset(found.data, user_id)
        started = time.thread_time()
        _five(recommender, person)
        milliseconds.append(1000 * (time.thread_time() - started))
    return replace(found, p95_ms=float(np.percentile(milliseconds, 95)))


def first_list(name: str) -> "Recommender":
    """What serves the data set, once it has given somebody a list."""
    import torch

    from lcrec_core.models.bundles import load_rater
    from lcrec_core.serving.parts import ListParts
    from lcrec_core.serving.recommender import Recommender

    torch.set_num_threads(1)
    data, bundle = datasets.load(name), load_rater(name)
    recommender = Recommender(bundle, data, ListParts(bundle, data))
    _five(recommender, Profile.from_dataset(data, int(data.user_ids[0])))
    return recommender


def _five(recommender: "Recommender", person: Profile) -> None:
    filters = Filters(min_ratings=default_min_ratings(recommender.data))
    recommender.reasons(person, [line.movie_id for line in recommender.top_n(person, 5, filters)])


ROWS: dict[str, Callable[[str], Took]] = {
    "read": read,
    "open": open_again,
    "a round of lcrec": lcrec_round,
    "train lcrec": train_lcrec,
    "top 5": top_five,
}
"""Everything that can be measured, in the order of the table; each is given the name of a data set."""


def measure(what: str, name: str) -> Row:
    """One row, in this process; call it in a fresh one, whose memory is then that of the row."""
    found = ROWS[what](name)
    return Row(
        what,
        len(found.data.users),
        len(found.data.movies),
        len(found.data.ratings),
        round(found.seconds, 3),
        round(found.cpu_seconds, 3),
        round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 3),
        None if found.p95_ms is None else round(found.p95_ms, 1),
        found.data.simulated,
    )


def measured_apart(what: str, data: Path, artifacts: Path) -> Row:
    """One row, in a process of its own that finds this zip or folder as a data set."""
    with tempfile.TemporaryDirectory() as folder:
        name = data.name.removesuffix(".zip")
        place = Path(folder) if name in datasets.NAMES else Path(folder) / datasets.OWN
        place.mkdir(exist_ok=True)
        (place / data.name).symlink_to(data.resolve())
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.scale", "--measure", what, "--data", name],
            env=os.environ | {DATA_ENV: folder, ARTIFACTS_ENV: str(artifacts)},
            stdout=subprocess.PIPE,
            check=True,
        )
    return Row(**json.loads(done.stdout.splitlines()[-1]))


def _cpu_seconds() -> float:
    """Of this process and those that it has ended."""
    return sum(os.times()[:4])


def merged(rows: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """The saved rows with new ones in the place of those of the same thing and size, in the table's order."""
    of_size = {(row.what, row.people, row.movies, row.ratings): row for row in (*rows, *new)}
    order = [*ROWS, *(row.what for row in rows)]
    return sorted(of_size.values(), key=lambda row: (order.index(row.what), row.ratings))


def saved(folder: Path = RESULTS) -> list[Row]:
    """The rows that were measured last; none where nothing was."""
    path = folder / f"{NAME}.json"
    return [Row(**each) for each in json.loads(path.read_text(encoding="utf-8"))["rows"]] if path.exists() else []


COLUMNS: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("what", lambda row: row.what),
    ("ratings", lambda row: f"{row.ratings:,}"),
    ("people", lambda row: f"{row.people:,}"),
    ("movies", lambda row: f"{row.movies:,}"),
    ("data", lambda row: "made" if row.made else "published"),
    ("seconds", lambda row: f"{row.seconds:,.1f}"),
    ("of the cores", lambda row: f"{row.cpu_seconds:,.1f}"),
    ("memory", lambda row: f"{row.peak_gb:.2f} GB"),
    ("p95", lambda row: "" if row.p95_ms is None else f"{row.p95_ms:,.0f} ms"),
)


def table(rows: Sequence[Row]) -> str:
    """Markdown: a line for each row."""
    return markdown(COLUMNS, rows)


def brief(rows: Sequence[Row]) -> str:
    """Markdown: a line for each thing, a column for each number of ratings; seconds, those of a core, peak memory."""
    if not rows:
        return NOTHING_YET
    sizes = sorted({row.ratings for row in rows})
    lines = [
        f"| seconds (of a core), GB | {' | '.join(f'{size / 1e6:g}M' for size in sizes)} |",
        "|---" * (len(sizes) + 1) + "|",
    ]
    for what in dict.fromkeys(row.what for row in rows):
        found = {row.ratings: row for row in rows if row.what == what}
        cells = [
            f"{row.seconds:.1f} ({row.cpu_seconds:.1f}), {row.peak_gb:.2f}" if (row := found.get(size)) else "–"
            for size in sizes
        ]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and save, or show what is saved; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), help="what to measure")
    parser.add_argument("--data", nargs="+", type=Path, default=[], metavar="PATH", help="folders or zips as published")
    parser.add_argument(
        "--artifacts", type=Path, metavar="FOLDER", help="where bundles and caches go (default: nowhere)"
    )
    parser.add_argument("--show", action="store_true", help="measure nothing: print the saved rows")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--measure", choices=list(ROWS), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        print(json.dumps(asdict(measure(options.measure, str(options.data[0])))))
        return 0
    if not options.show:
        if not options.data:
            parser.error("name the data with --data")
        with tempfile.TemporaryDirectory() as folder:
            for data in options.data:
                for what in options.rows:
                    row = measured_apart(what, data, options.artifacts or Path(folder))
                    # Kept one by one: the next may take hours.
                    rows = merged(saved(), [row])
                    keep(NAME, {"benchmark": NAME, "rows": [asdict(each) for each in rows], "machine": machine()})
                    print(table([row]).splitlines()[-1], file=sys.stderr)
    rows = saved()
    return shown([asdict(each) for each in rows], table(rows), f"benchmarks.{NAME} --data FOLDER", as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
