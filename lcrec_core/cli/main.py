"""The command line: `python -m lcrec_core COMMAND ...`.

Results go to stdout, progress and errors to stderr. Exit codes: 0 done; 2 wrong usage; the
`exit_code` of the `LCRecError` that stopped it (errors.py); 130 after Ctrl-C; 143 after SIGTERM;
141 when the reader of a pipe went away. What a command takes and does is in its own file.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from lcrec_core import machine
from lcrec_core.cli import answer, compare, data, train
from lcrec_core.cli.options import Command, Help
from lcrec_core.errors import LCRecError, TrainingError

INTERRUPTED = 130
BROKEN_PIPE = 141
TERMINATED = 143


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
        if not machine.ran_out(error):
            raise
        print(f"lcrec: {machine.RAN_OUT}", file=sys.stderr)
        return TrainingError.exit_code
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> None:
    """As an exception, so that every `finally` cleans up on the way out."""
    sys.exit(TERMINATED)


def build_parser() -> Command:
    """Every command with its options."""
    parser = argparse.ArgumentParser(
        prog="python -m lcrec_core",
        usage="python -m lcrec_core COMMAND [options]",
        description="Movie recommendations with an LSTM & CNN rating-prediction model.",
        epilog=_EXAMPLES,
        formatter_class=Help,
    )
    parser.set_defaults(run=None)
    # argparse makes the column of names as wide as the metavar, and no wider.
    add = parser.add_subparsers(
        title="commands", metavar="COMMAND -h ", help="what a command takes", prog="python -m lcrec_core"
    ).add_parser
    for group in (answer, train, compare, data):
        group.add_commands(add)
    return parser
