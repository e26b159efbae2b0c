"""Try every kind of fault many times: `python -m tests.faults` (what `make faults` runs).

Prints a table, and writes what came out for the README. With the names of kinds, only those are tried and nothing is
written; `--seed S --only I` makes one try again that failed.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.readme import FAULTS
from tests.faults.kinds import KINDS
from tests.faults.outcome import Outcome
from tests.needs import NO_BROWSER, browser_path


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)}; all of them unless given")
    parser.add_argument("--seed", type=int, default=0, help="another one draws other faults")
    parser.add_argument("--count", type=int, help="tries of each kind; as many as the README states unless given")
    parser.add_argument("--only", type=int, metavar="TRY", help="this try alone")
    parser.add_argument("--short", action="store_true", help="as many tries as the test suite makes")
    options = parser.parse_args()
    if unknown := set(options.kinds) - set(KINDS):
        parser.error(f"there is no kind {', '.join(sorted(unknown))}")
    found: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory(prefix="lcrec-faults-") as folder:
        # Nobody's own profiles, data and bundles are touched.
        for name in ("LCREC_STORE", "LCREC_DATA", "LCREC_ARTIFACTS"):
            os.environ[name] = str(Path(folder) / name.lower())
        for name in options.kinds or KINDS:
            if name == "browser" and browser_path() is None:
                print(f"{name}: not tried, {NO_BROWSER}")
                continue
            found[name] = _run(name, options, Path(folder) / name)
    whole = not (options.kinds or options.count or options.short or options.only is not None)
    if whole and set(found) == set(KINDS):
        labelled = {KINDS[name].label: {"tried": o.tried, "failed": o.failed} for name, o in found.items()}
        FAULTS.write_text(json.dumps(labelled, indent=2) + "\n", encoding="utf-8")
    return int(any(outcome.failed for outcome in found.values()))


def _run(name: str, options: argparse.Namespace, folder: Path) -> Outcome:
    kind = KINDS[name]
    started = time.monotonic()
    if options.only is not None:
        outcome = kind.run_some(range(options.only, options.only + 1), options.seed, folder)
    else:
        outcome = kind.run(options.count or (kind.short if options.short else kind.long), options.seed, folder)
    print(
        f"{name:16} {outcome.tried:6,} tried {outcome.failed:5,} failed {time.monotonic() - started:7.0f} s", flush=True
    )
    for failure in outcome.failures:
        print(f"    {failure}", flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
