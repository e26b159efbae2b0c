"""What commands share: how an option is read, and how a result is printed."""

import argparse
import json
import math
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from lcrec_core import cluster
from lcrec_core.data.dataset import GENDERS
from lcrec_core.errors import LCRecError
from lcrec_core.models.settings import LARGEST_SEED
from lcrec_core.sources import datasets

Command = argparse.ArgumentParser
Add = Callable[..., Command]

MOST = 1_000_000_000
LARGEST_ID = 2**63 - 1
"""Ids are kept in 64 bits."""
OLDEST = 120
"""Years; as in a profile."""


class UsageError(LCRecError):
    """An option has a value the command cannot use."""

    exit_code = 2


class Help(argparse.RawDescriptionHelpFormatter):
    """Room for our longest option before its description starts."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28)


def new_command(add: Add, run: Callable[[argparse.Namespace], int], name: str, what: str, how: str) -> Command:
    """A command with one line of help and an example."""
    command = add(
        name,
        help=what,
        description=what[0].upper() + what[1:] + ".",
        epilog=f"example:\n  python -m lcrec_core {how}",
        formatter_class=Help,
    )
    command.set_defaults(run=run)
    return command


def person_and_bundle(command: Command) -> None:
    """Options that say who is asked about, and by which bundle."""
    bundle_option(command)
    person = command.add_argument_group("the person: one of the data set, or a new one")
    person.add_argument("--user", type=an_id, metavar="ID", help="a person of the data set")
    rate = person.add_argument("--rate", action="append", default=[], type=one_rating, metavar="MOVIE=STARS")
    rate.help = "a rating of a new person; may be repeated"
    person.add_argument("--gender", choices=GENDERS, help="of a new person")
    person.add_argument("--age", type=whole_number(0, OLDEST), metavar="YEARS", help="of a new person")
    person.add_argument("--occupation", metavar="NAME", help="of a new person, as the data set names it")


def bundle_option(command: Command) -> None:
    """`--bundle`."""
    what = "a bundle such as ml-1m/paper, or a data set for its default one (default: demo)"
    command.add_argument("--bundle", default="demo", metavar="NAME", help=what)


def engine_options(command: Command, what: str) -> None:
    """`--backend` and `--address`; `what` is computed there."""
    group = command.add_argument_group(f"where {what}")
    group.add_argument(
        "--backend",
        choices=cluster.ENGINES,
        default=cluster.LOCAL,
        help=f"this machine's cores (default), or a cluster of Dask or Ray (pip install -r {cluster.REQUIREMENTS})",
    )
    group.add_argument(
        "--address", metavar="URL", help="of a cluster that runs, such as tcp://host:8786; else one is started here"
    )


def engine(options: argparse.Namespace) -> AbstractContextManager[None]:
    """The backend of `engine_options`, in use while the block runs.

    Raises:
        UsageError: An address without a cluster.
        TrainingError: The cluster cannot be used.
    """
    if options.address and options.backend == cluster.LOCAL:
        raise UsageError(f"--address is of a cluster: give --backend {cluster.DASK} or {cluster.RAY} with it")
    return cluster.on(options.backend, options.address)


def json_option(command: Command, what: str) -> None:
    """`--json`; `what` says what it prints then."""
    command.add_argument("--json", action="store_true", help=f"for machines: {what}")


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers from `least` to `most`."""

    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit()):
            raise argparse.ArgumentTypeError(f"{_shown(text)} is no whole number from {least} up")
        # By its length first: Python itself refuses to read a number of thousands of digits.
        if len(text) > 20 or int(text) > most:
            raise argparse.ArgumentTypeError(f"{_shown(text)} is too large: at most {most}")
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"{_shown(text)} is no whole number from {least} up")
        return int(text)

    return number


an_id = whole_number(0, LARGEST_ID)
a_seed = whole_number(0, LARGEST_SEED)


def data_name(text: str) -> str:
    """A release (here or not), the demo, or data of one's own that are here."""
    if text not in datasets.NAMES and text not in datasets.own_names():
        known = ", ".join((*datasets.NAMES, *datasets.own_names()))
        raise argparse.ArgumentTypeError(f"there is no data set {text[:60]!r}; known are {known}")
    return text


def a_share(least: int) -> Callable[[str], float]:
    """A parser of numbers from `least` to 1."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= 1:
            raise argparse.ArgumentTypeError(f"{_shown(text)} is no number from {least} to 1")
        return value

    return number


def one_rating(text: str) -> tuple[int, float]:
    """`260=5`."""
    movie, _, stars = text.partition("=")
    try:
        given = float(stars)
        if not math.isfinite(given):
            raise ValueError("no number of stars")
        return an_id(movie), given
    except (ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError(f"{_shown(text)} is not MOVIE=STARS, such as 260=5") from None


def a_path(text: str) -> Path:
    """A path that may begin with `~`."""
    return Path(text).expanduser()


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def cell(value: object) -> str:
    """A value as a table has it."""
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def print_table(rows: list[list[str]]) -> None:
    """Columns, the first row their heads."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_json(value: object) -> None:
    """For `--json`."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


def log(text: str) -> None:
    """Everything that is not a result."""
    print(text, file=sys.stderr)
