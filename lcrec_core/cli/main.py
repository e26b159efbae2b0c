"""The command line: `python -m lcrec_core COMMAND ...`.

Results go to stdout, progress and errors to stderr. Exit codes: 0 done; 2 wrong usage; the
`exit_code` of the `LCRecError` that stopped it (errors.py); 130 after Ctrl-C; 143 after SIGTERM;
141 when the reader of a pipe went away. What the commands do is in `commands.py`.
"""

import argparse
import math
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from lcrec_core import machine as memory
from lcrec_core.cli import commands
from lcrec_core.errors import LCRecError, TrainingError
from lcrec_core.models.settings import LARGEST_SEED

_Command = argparse.ArgumentParser
_Add = Callable[..., _Command]

INTERRUPTED = 130
BROKEN_PIPE = 141
TERMINATED = 143

MOST = 1_000_000_000
LARGEST_ID = 2**63 - 1
"""Ids are kept in 64 bits."""
OLDEST = 120
"""Years; as in a profile."""

_EXAMPLES = """\
examples:
  python -m lcrec_core recommend --bundle demo --user 11 -n 5
  python -m lcrec_core download ml-1m
  python -m lcrec_core train --data ml-1m --model paper --seed 0 --name mine
  python -m lcrec_core evaluate --bundle ml-1m
  python -m lcrec_core info --json

Data sets are looked for in the folder named by LCREC_DATA (default: data/),
bundles in the one named by LCREC_ARTIFACTS (default: artifacts/).
Exit codes: 0 done, 2 wrong usage, 3 data set, 4 bundle, 5 profile, 6 download,
7 training, 130 interrupted, 143 terminated."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = build_parser()
    parsed = parser.parse_args(arguments)
    if parsed.run is None:
        parser.print_help(sys.stderr)
        return 2
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
        return code
    except LCRecError as error:
        print(f"lcrec: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("lcrec: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more when it ends; that must find somebody reading.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        print(f"lcrec: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        if not memory.ran_out(error):
            raise
        print(f"lcrec: {memory.RAN_OUT}", file=sys.stderr)
        return TrainingError.exit_code
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> None:
    """As an exception, so that every `finally` cleans up on the way out."""
    sys.exit(TERMINATED)


class _Help(argparse.RawDescriptionHelpFormatter):
    """Room for our longest option before its description starts."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28)


def build_parser() -> _Command:
    """Every command with its options."""
    parser = argparse.ArgumentParser(
        prog="python -m lcrec_core",
        usage="python -m lcrec_core COMMAND [options]",
        description="Movie recommendations with an LSTM & CNN rating-prediction model.",
        epilog=_EXAMPLES,
        formatter_class=_Help,
    )
    parser.set_defaults(run=None)
    # argparse makes the column of names as wide as the metavar, and no wider.
    add = parser.add_subparsers(
        title="commands", metavar="COMMAND -h ", help="what a command takes", prog="python -m lcrec_core"
    ).add_parser
    _add_answers(add)
    _add_training(add)
    _add_comparison(add)
    _add_ablation(add)
    _add_data(add)
    return parser


def _command(add: _Add, run: Callable[[argparse.Namespace], int], name: str, what: str, how: str) -> _Command:
    """A command with one line of help and an example."""
    command = add(
        name,
        help=what,
        description=what[0].upper() + what[1:] + ".",
        epilog=f"example:\n  python -m lcrec_core {how}",
        formatter_class=_Help,
    )
    command.set_defaults(run=run)
    return command


def _add_answers(add: _Add) -> None:
    recommend = _command(
        add,
        commands.recommend,
        "recommend",
        "list the movies a person is expected to like best",
        "recommend --bundle demo --user 11 -n 5 --genre Drama --year-from 1980",
    )
    _person_and_bundle(recommend)
    recommend.add_argument("-n", type=_whole(1, MOST), default=5, metavar="N", help="how many movies (default: 5)")
    only = recommend.add_argument_group("which movies")
    only.add_argument("--genre", action="append", default=[], metavar="GENRE", help="of this genre; may be repeated")
    only.add_argument("--not-genre", action="append", default=[], metavar="GENRE", help="not of it; may be repeated")
    only.add_argument("--year-from", type=_whole(0, 9999), metavar="YEAR", help="made in this year or later")
    only.add_argument("--year-to", type=_whole(0, 9999), metavar="YEAR", help="made in this year or earlier")
    only.add_argument("--year-known", action="store_true", help="leave out movies without a year, which pass otherwise")
    only.add_argument("--min-ratings", type=_whole(0, MOST), default=0, metavar="N", help="rated by at least N people")
    only.add_argument("--include-rated", action="store_true", help="also those the person has rated")
    _json_option(recommend, "a list of {movie_id, title, genres, predicted}")

    predict = _command(
        add,
        commands.predict,
        "predict",
        "predict what a person would give some movies",
        "predict --bundle demo --user 11 --movie 1 2 3",
    )
    _person_and_bundle(predict)
    predict.add_argument("--movie", type=_id(), nargs="+", required=True, metavar="ID", help="movie ids")
    _json_option(predict, "a list of {movie_id, title, predicted}")

    search = _command(
        add,
        commands.search,
        "search",
        "find movies by their title, as the Rate page does",
        "search la confidential --data ml-1m",
    )
    search.add_argument("text", nargs="+", metavar="TEXT", help="a title or part of it, as you would type it")
    names = ", ".join(commands.DATA_NAMES)
    search.add_argument("--data", default="demo", type=_data_name, metavar="NAME", help=names)
    search.add_argument("-n", type=_whole(1, MOST), default=10, metavar="N", help="at most so many (default: 10)")
    _json_option(search, "a list of {movie_id, title, year, num_ratings}")

    info = _command(add, commands.info, "info", "list the trained bundles with their settings and figures", "info")
    _json_option(info, "a list of {bundle, data, model, protocol, seed, test_mse, test_mae, seconds_per_epoch}")


def _add_training(add: _Add) -> None:
    train = _command(
        add,
        commands.train,
        "train",
        "train a model and write its bundle; the defaults are the paper's Table VI",
        "train --data ml-1m --model paper --seed 0 --name mine",
    )
    names = ", ".join(commands.DATA_NAMES) + ", or data of your own that you installed"
    train.add_argument("--data", required=True, type=_data_name, metavar="NAME", help=names)
    train.add_argument("--model", default="paper", help="which network (default: paper)")
    train.add_argument("--name", help="name of the bundle inside artifacts/DATA/ (default: the model's)")
    train.add_argument("--seed", type=_seed(), default=0, metavar="N", help="of every random choice (default: 0)")
    train.add_argument("--epochs", type=_whole(1, MOST), metavar="N", help="passes over the ratings (default: 5)")
    train.add_argument("--learning-rate", type=float, metavar="X", help="of Adam (default: 0.0001)")
    train.add_argument("--batch-size", type=_whole(1, MOST), metavar="N", help="ratings per step, about (default: 256)")
    train.add_argument("--keep-probability", type=float, metavar="P", help="share dropout keeps (default: 0.5)")
    other = "any other setting of the network, its batches or the run, such as factors=32; may be repeated"
    train.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help=other)
    train.add_argument("--protocol", help="how the test part is chosen (default: random 80:20)")
    train.add_argument("--replace", action="store_true", help="put it in the place of a bundle of the same name")
    train.add_argument("--resume", action="store_true", help="continue the same run from its checkpoint")
    train.add_argument("--validate", action="store_true", help="measure on the validation part; nothing is saved")
    train.add_argument("--progress-file", type=_path, metavar="PATH", help="JSON file kept up to date during the run")
    _json_option(train, "the object `info` gives")

    evaluate = _command(
        add, commands.evaluate, "evaluate", "measure a bundle again on its test part", "evaluate --bundle ml-1m/paper"
    )
    _bundle_option(evaluate)
    _json_option(evaluate, "an object with test_mse, test_rmse, test_mae, and what the bundle records of them")


def _add_comparison(add: _Add) -> None:
    compare = _command(
        add,
        commands.compare,
        "compare",
        "train and measure every model on the same parts of a data set",
        "compare --data ml-1m --protocol random --seeds 0 1 2",
    )
    compare.add_argument("--data", required=True, type=_data_name, metavar="NAME", help="the data set")
    compare.add_argument("--protocol", default="random", help="how the test part is chosen (default: random 80:20)")
    seeds = "the splits and the models' seeds (default: 0 1 2, official 1 to 5); by time only the first"
    compare.add_argument("--seeds", type=_seed(), nargs="+", metavar="N", help=seeds)
    compare.add_argument("--rows", nargs="+", metavar="ROW", help="only these models (default: all)")
    compare.add_argument("--show", action="store_true", help="print what is saved; train nothing")
    fields = "{model, seed, mse, mae, train_seconds, predict_ms, serves_new_people, parameters}"
    _json_option(compare, f"a list of {fields}")


def _add_ablation(add: _Add) -> None:
    ablate = _command(
        add,
        commands.ablate,
        "ablate",
        "measure what each part of a model is worth, on the validation part",
        "ablate --data ml-1m",
    )
    ablate.add_argument("--data", required=True, type=_data_name, metavar="NAME", help="the data set")
    ablate.add_argument("--model", default="lcrec", help="whose parts (default: lcrec)")
    ablate.add_argument("--seed", type=_seed(), default=0, metavar="N", help="of every random choice (default: 0)")
    ablate.add_argument("--show", action="store_true", help="print what is saved; train nothing")
    _json_option(ablate, "a list of {name, what, later, ratings, mse, mae, log_loss}")


def _add_data(add: _Add) -> None:
    download = _command(
        add,
        commands.download,
        "download",
        "download a MovieLens data set, once you accept its licence",
        "download ml-1m",
    )
    names = ", ".join(commands.RELEASE_NAMES)
    download.add_argument("data", choices=commands.RELEASE_NAMES, metavar="NAME", help=names)
    download.add_argument("--accept-licence", action="store_true", help="accept the terms without being asked")
    download.add_argument("--force", action="store_true", help="download it even if it is there")

    install = _command(
        add,
        commands.install,
        "install",
        "put a MovieLens zip you already have, or data of your own in its form, into the data folder",
        "install ~/Downloads/my-films.zip --name my-films",
    )
    install.add_argument("zip", type=Path, metavar="ZIP", help="the zip; it is checked, and a copy is made")
    install.add_argument("--name", metavar="NAME", help="which release it is, or a name for data of your own")
    install.add_argument("--replace", action="store_true", help="put it in the place of one of that name")

    remove = _command(add, commands.remove, "remove", "delete a data set from the data folder", "remove my-films")
    remove.add_argument("data", metavar="NAME", help="a release or data of your own; what was trained on it stays")

    demo = _command(
        add, commands.make_demo, "make-demo", "simulate the demo's people and ratings again", "make-demo --seed 0"
    )
    demo.add_argument("--seed", type=_seed(), default=0, metavar="N", help="0 gives the data that ship (default: 0)")
    demo.add_argument("--folder", type=Path, metavar="PATH", help="where to write (default: into the package)")


def _person_and_bundle(command: _Command) -> None:
    _bundle_option(command)
    person = command.add_argument_group("the person: one of the data set, or a new one")
    person.add_argument("--user", type=_id(), metavar="ID", help="a person of the data set")
    rate = person.add_argument("--rate", action="append", default=[], type=_rating, metavar="MOVIE=STARS")
    rate.help = "a rating of a new person; may be repeated"
    person.add_argument("--gender", choices=commands.GENDERS, help="of a new person")
    person.add_argument("--age", type=_whole(0, OLDEST), metavar="YEARS", help="of a new person")
    person.add_argument("--occupation", metavar="NAME", help="of a new person, as the data set names it")


def _bundle_option(command: _Command) -> None:
    what = "a bundle such as ml-1m/paper, or a data set for its default one (default: demo)"
    command.add_argument("--bundle", default="demo", metavar="NAME", help=what)


def _json_option(command: _Command, what: str) -> None:
    command.add_argument("--json", action="store_true", help=f"for machines: {what}")


def _whole(least: int, most: int) -> Callable[[str], int]:
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


def _id() -> Callable[[str], int]:
    return _whole(0, LARGEST_ID)


def _seed() -> Callable[[str], int]:
    return _whole(0, LARGEST_SEED)


def _data_name(text: str) -> str:
    """A release (here or not), the demo, or data of one's own that are here."""
    if text not in commands.DATA_NAMES and text not in commands.own_names():
        known = ", ".join((*commands.DATA_NAMES, *commands.own_names()))
        raise argparse.ArgumentTypeError(f"there is no data set {text[:60]!r}; known are {known}")
    return text


def _rating(text: str) -> tuple[int, float]:
    movie, _, stars = text.partition("=")
    try:
        given = float(stars)
        if not math.isfinite(given):
            raise ValueError("no number of stars")
        return _id()(movie), given
    except (ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError(f"{_shown(text)} is not MOVIE=STARS, such as 260=5") from None


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
