"""Commands that compare models, and measure what a model's parts are worth."""

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from lcrec_core.cli.options import (
    Add,
    UsageError,
    a_seed,
    cell,
    data_name,
    json_option,
    log,
    new_command,
    print_json,
    print_table,
)
from lcrec_core.models import registry
from lcrec_core.sources import datasets

if TYPE_CHECKING:
    pass


def add_commands(add: Add) -> None:
    """`compare` and `ablate`."""
    compare_options = new_command(
        add,
        compare,
        "compare",
        "train and measure every model on the same parts of a data set",
        "compare --data ml-1m --protocol random --seeds 0 1 2",
    )
    compare_options.add_argument("--data", required=True, type=data_name, metavar="NAME", help="the data set")
    compare_options.add_argument(
        "--protocol", default="random", help="how the test part is chosen (default: random 80:20)"
    )
    seeds = "the splits and the models' seeds (default: 0 1 2, official 1 to 5); by time only the first"
    compare_options.add_argument("--seeds", type=a_seed, nargs="+", metavar="N", help=seeds)
    compare_options.add_argument("--rows", nargs="+", metavar="ROW", help="only these models (default: all)")
    compare_options.add_argument("--show", action="store_true", help="print what is saved; train nothing")
    fields = "{model, seed, mse, mae, train_seconds, predict_ms, serves_new_people, parameters}"
    json_option(compare_options, f"a list of {fields}")

    ablate_options = new_command(
        add,
        ablate,
        "ablate",
        "measure what each part of a model is worth, on the validation part",
        "ablate --data ml-1m",
    )
    ablate_options.add_argument("--data", required=True, type=data_name, metavar="NAME", help="the data set")
    ablate_options.add_argument(
        "--model", default=registry.ABLATED.name, help=f"whose parts (default: {registry.ABLATED.name})"
    )
    ablate_options.add_argument(
        "--seed", type=a_seed, default=0, metavar="N", help="of every random choice (default: 0)"
    )
    ablate_options.add_argument("--show", action="store_true", help="print what is saved; train nothing")
    json_option(ablate_options, "a list of {name, what, later, ratings, mse, mae, log_loss}")


def compare(options: Namespace) -> int:
    """Measure every row that has no saved result, then print the table."""
    from lcrec_core.data.split import Protocol
    from lcrec_core.evaluation import results

    if options.protocol not in list(Protocol):
        raise UsageError(f"there is no protocol {options.protocol!r}; there are {', '.join(Protocol)}")
    rated = [name for name, family in registry.FAMILIES.items() if family.predicts_ratings]
    rows = options.rows or rated
    unknown = [row for row in rows if row not in rated]
    if unknown:
        raise UsageError(f"there is no row {unknown[0]!r}; there are {', '.join(rated)}")
    protocol = Protocol(options.protocol)
    seeds = options.seeds or ([1, 2, 3, 4, 5] if protocol is Protocol.OFFICIAL else [0, 1, 2])
    if not options.show:
        from lcrec_core.evaluation import compare as comparing

        data = datasets.load(options.data)
        for seed in seeds:
            for row in rows:
                if seed in comparing.seeds_of(row, protocol, seeds):
                    comparing.measure(data, protocol, row, seed, log)
    found = [result for result in results.saved(options.data, protocol) if result.row in rows and result.seed in seeds]
    if options.json:
        named = ["seed", "mse", "mae", "train_seconds", "predict_ms", "serves_new_people", "parameters"]
        named += ["given"] * (protocol is Protocol.NEW_PEOPLE)
        print_json([{"model": r.row, **{name: getattr(r, name) for name in named}} for r in found])
    elif found:
        print_table(results.table(results.summaries(found)))
    else:
        log(f"nothing is saved for {options.data}, {protocol}: run the command without --show")
    return 0


def ablate(options: Namespace) -> int:
    """Measure every variant that has no saved result, then print the table."""
    from lcrec_core.evaluation import results

    family = registry.family(options.model)
    if not options.show:
        from lcrec_core.evaluation import ablate as ablating

        ablating.run(datasets.load(options.data), family, options.seed, log)
    measured = results.read_ablation(options.data, family)
    if options.json:
        print_json([asdict(entry) for entry in measured])
    elif measured:
        rows = [[e.what, f"{e.ratings:,}", cell(e.mse), cell(e.mae), cell(e.log_loss)] for e in measured]
        print_table([["what", "ratings", "MSE", "MAE", "log loss"], *rows])
    else:
        log(f"nothing is saved for {options.data}: run the command without --show")
    return 0
