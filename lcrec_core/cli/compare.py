"""Commands that compare models, and measure what a model's parts are worth."""

from argparse import Namespace
from dataclasses import asdict

from lcrec_core.cli.options import (
    Add,
    UsageError,
    a_seed,
    cell,
    data_name,
    engine,
    engine_options,
    json_option,
    log,
    new_command,
    print_json,
    print_table,
)
from lcrec_core.data.split import Protocol
from lcrec_core.evaluation import list_results, results
from lcrec_core.models import registry
from lcrec_core.sources import datasets

RATINGS, LISTS = "ratings", "lists"
"""What models can be compared in."""

_OF_LISTS = {
    **{name: name for name in ("protocol", "seed", "given")},
    **list_results.FIGURES,
    **{name: name for name in ("train_seconds", "predict_ms", "told_time")},
}
"""What `--json` says of lists, and the field that holds it."""


def add_commands(add: Add) -> None:
    """`compare`, `ablate` and `onboarding`."""
    compare_options = new_command(
        add,
        compare,
        "compare",
        "train and measure every model on the same parts of a data set",
        "compare --data ml-1m --protocol random --seeds 0 1 2",
    )
    compare_options.add_argument("--data", required=True, type=data_name, metavar="NAME", help="the data set")
    compare_options.add_argument(
        "--task",
        choices=(RATINGS, LISTS),
        default=RATINGS,
        help="errors of predicted ratings (the default), or lists of all movies that a person has not rated",
    )
    compare_options.add_argument(
        "--protocol", default="random", help="how the test part is chosen (default: random 80:20)"
    )
    seeds = "the splits and the models' seeds (default: 0 1 2, official 1 to 5); by time only the first"
    compare_options.add_argument("--seeds", type=a_seed, nargs="+", metavar="N", help=seeds)
    compare_options.add_argument("--rows", nargs="+", metavar="ROW", help="only these models (default: all)")
    compare_options.add_argument("--show", action="store_true", help="print what is saved; train nothing")
    engine_options(compare_options, "LCRec's chains are sampled")
    fields = "{model, seed, mse, mae, train_seconds, predict_ms, serves_new_people, parameters}"
    of_lists = ", ".join(
        ("{model, protocol, seed, given", *list_results.FIGURES, "train_seconds, predict_ms, told_time}")
    )
    json_option(compare_options, f"a list of {fields}; of lists of {of_lists}")

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

    onboarding_options = new_command(
        add,
        onboarding,
        "onboarding",
        "measure which movies to ask somebody new about first, on people held out",
        "onboarding --data ml-1m",
    )
    onboarding_options.add_argument("--data", required=True, type=data_name, metavar="NAME", help="the data set")
    onboarding_options.add_argument(
        "--seed", type=a_seed, default=0, metavar="N", help="of the split and of every random choice (default: 0)"
    )
    onboarding_options.add_argument("--show", action="store_true", help="print what is saved; train nothing")
    json_option(onboarding_options, "a list of {order, answers, people, questions, mse, ndcg_10}")


def compare(options: Namespace) -> int:
    """Measure every row that has no saved result, then print the table."""
    if options.protocol not in list(Protocol):
        raise UsageError(f"there is no protocol {options.protocol!r}; there are {', '.join(Protocol)}")
    protocol = Protocol(options.protocol)
    with engine(options):
        return (_compare_lists if options.task == LISTS else _compare_ratings)(options, protocol)


def _compare_ratings(options: Namespace, protocol: Protocol) -> int:
    rows = _rows(options, [name for name, family in registry.FAMILIES.items() if family.predicts_ratings])
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
        _nothing_saved(options)
    return 0


def _compare_lists(options: Namespace, protocol: Protocol) -> int:
    if protocol not in list_results.PROTOCOLS:
        known = ", ".join(list_results.PROTOCOLS)
        raise UsageError(f"lists are not compared by the protocol {str(protocol)!r}; by {known}")
    rows = _rows(options, [name for name, family in registry.FAMILIES.items() if family.makes_lists])
    seeds = options.seeds or [0, 1, 2]
    if not options.show:
        from lcrec_core.evaluation import lists

        data = datasets.load(options.data)
        for seed in seeds:
            for row in rows:
                if seed in lists.seeds_of(row, protocol, seeds):
                    lists.measure_lists(data, protocol, row, seed, log)
    every = list_results.saved(options.data, protocol)
    found = [result for result in every if result.row in rows and result.seed in seeds]
    if options.json:
        print_json([{"model": r.row, **{said: getattr(r, name) for said, name in _OF_LISTS.items()}} for r in found])
    elif found:
        print_table(list_results.table(list_results.summaries(found), list_results.summaries(every)))
    else:
        _nothing_saved(options)
    return 0


def _rows(options: Namespace, compared: list[str]) -> list[str]:
    """The rows asked for, which are among those that the task compares."""
    rows: list[str] = options.rows or compared
    unknown = [row for row in rows if row not in compared]
    if unknown:
        raise UsageError(f"there is no row {unknown[0]!r}; there are {', '.join(compared)}")
    return rows


def _nothing_saved(options: Namespace) -> None:
    log(f"nothing is saved for {options.data}, {options.protocol}: run the command without --show")


def ablate(options: Namespace) -> int:
    """Measure every variant that has no saved result, then print the table."""
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


def onboarding(options: Namespace) -> int:
    """Measure every order of questions, then print the table."""
    from lcrec_core.evaluation import onboarding as asking

    if not options.show:
        asking.run(datasets.load(options.data), options.seed, log)
    found = asking.read(options.data)
    orders = () if found is None else found.orders
    if options.json:
        print_json([asdict(order) for order in orders])
    elif orders:
        rows = [
            [o.order, str(o.answers), f"{o.questions:.0f}", cell(o.mse), cell(o.ndcg_10), f"{o.people:,}"]
            for o in orders
        ]
        print_table([["asked first", "answers", "questions", "MSE", "NDCG@10", "people"], *rows])
    else:
        log(f"nothing is saved for {options.data}: run the command without --show")
    return 0
