"""Commands about trained models: train one, measure one again, list them.

torch is imported inside the commands that need it: the others, and `--help`, answer at once.
"""

import sys
from argparse import Namespace
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from lcrec_core.cli.options import (
    MOST,
    Add,
    UsageError,
    a_path,
    a_seed,
    bundle_option,
    cell,
    data_name,
    engine,
    engine_options,
    json_option,
    log,
    new_command,
    print_json,
    print_table,
    whole_number,
)
from lcrec_core.data.dataset import Dataset
from lcrec_core.errors import BundleError
from lcrec_core.files import artifacts_root
from lcrec_core.machine import in_words
from lcrec_core.models import bundles, registry
from lcrec_core.models.bundle import Bundle
from lcrec_core.models.settings import configured, flat
from lcrec_core.sources import datasets
from lcrec_core.training import resumable

if TYPE_CHECKING:
    from lcrec_core.models.contract import Family
    from lcrec_core.training.run import Progress, TrainRequest


CANCELLED = 143
SAME_FIGURE = 0.001
"""How far a figure measured again may lie from the recorded one: other processors round otherwise."""


def info(options: Namespace) -> int:
    """Print every bundle with its settings and figures; damaged ones are named on stderr."""
    rows = [_figures(bundle) for bundle in bundles.list_bundles()]
    for damage in bundles.list_damaged().values():
        log(str(damage))
    for kept in resumable.list_kept():
        when = f"{datetime.fromtimestamp(kept.saved_at, UTC):%Y-%m-%d}"
        log(
            f"a run of {kept.bundle} that was stopped on {when} left {in_words(kept.size)} in {kept.path}: train it "
            f"with --resume to go on, or remove the folder; after {resumable.KEEP_DAYS} days it goes by itself"
        )
    if options.json:
        print_json(rows)
    elif rows:
        heads = {"test_mse": "test MSE", "test_mae": "test MAE", "seconds_per_epoch": "s/epoch"}
        print_table([[heads.get(key, key) for key in rows[0]], *([cell(v) for v in row.values()] for row in rows)])
    else:
        log(f"no bundle in {artifacts_root()}: run `python -m lcrec_core train --data demo`")
    return 0


def evaluate(options: Namespace) -> int:
    """Measure a bundle on its test part again, and compare with what it records.

    Raises:
        BundleError: The figures are not the recorded ones.
    """
    bundle = bundles.load_rater(options.bundle)
    data = datasets.load(bundle.data)
    from lcrec_core.evaluation.measure import measure_again

    errors = measure_again(bundle, data)
    measured = {
        "test_ratings": errors.count,
        "test_mse": errors.mse,
        "test_rmse": errors.rmse,
        "test_mae": errors.mae,
    }
    recorded = {f"recorded_{name}": bundle.metrics[name] for name in ("test_mse", "test_mae")}
    train = bundle.config["train"]
    if options.json:
        named = {"bundle": bundle.name, "data": bundle.data, "model": bundle.model}
        print_json({**named, "protocol": str(train["protocol"]), "seed": train["seed"], **measured, **recorded})
    else:
        print(f"{bundle.name}: {measured['test_ratings']:,} ratings of the test part ({train['protocol']})")
        for name in ("mse", "rmse", "mae"):
            print(f"test {name.upper():4} {measured[f'test_{name}']:.4f}")
    for name in ("test_mse", "test_mae"):
        if abs(measured[name] - bundle.metrics[name]) > SAME_FIGURE:
            raise BundleError(
                f"bundle {bundle.name} records {name} {bundle.metrics[name]:.4f} but measures {measured[name]:.4f}",
                advice=registry.train_again(bundle),
            )
    return 0


def train(options: Namespace) -> int:
    """Train a bundle with a progress bar on stderr; of several processes of torchrun the leader does so."""
    from lcrec_core.models import ranks
    from lcrec_core.training import run as training

    with ranks.joined() as team:
        request = _train_request(options)
        if team.leads:
            return _train_bundle(request, options)
        try:
            training.assist(replace(request, progress_file=None))
        except training.Cancelled:
            return CANCELLED
        return 0


def _train_bundle(request: "TrainRequest", options: Namespace) -> int:
    from lcrec_core.training import run as training

    with tqdm(
        desc=request.bundle_name,
        total=1.0,
        file=sys.stderr,
        # A log file wants a line now and then, a terminal a bar that moves.
        mininterval=0.2 if sys.stderr.isatty() else 10.0,
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}{postfix}",
    ) as bar:
        try:
            with engine(options):
                bundle = training.train(request, lambda progress: _show(bar, progress))
        except training.Cancelled:
            bar.close()
            log(f"stopped; {_what_is_left(request)}")
            return CANCELLED
        except KeyboardInterrupt:
            bar.close()
            log(_what_is_left(request))
            raise
    part = bundle.metrics["part"]
    if options.json:
        print_json(_figures(bundle, part))
    else:
        what = "measured, nothing saved" if request.validate else f"saved in {bundle.path}"
        errors = ""
        for kind in ("mse", "mae"):
            if (value := bundle.metrics.get(f"{part}_{kind}")) is not None:
                errors += f" {part} {kind.upper()} {value:.4f},"
        print(f"{bundle.name}:{errors} {bundle.metrics['seconds_per_epoch']:.1f} s per epoch; {what}")
    return 0


def _train_request(options: Namespace) -> "TrainRequest":
    from lcrec_core.data.split import Protocol
    from lcrec_core.training.run import TrainRequest

    if options.model not in registry.TRAINABLE:
        raise UsageError(f"there is no model {options.model!r} to train; there are {', '.join(registry.TRAINABLE)}")
    if options.protocol not in (None, *Protocol):
        raise UsageError(f"there is no protocol {options.protocol!r}; there are {', '.join(Protocol)}")
    if options.name is not None and not bundles.is_new_name(options.name):
        raise UsageError(f"--name {options.name[:60]!r}: {bundles.NEW_NAME_RULE}")
    family = registry.family(options.model)
    try:
        config = configured(family.default_config(), **_settings(options, family))
    except ValueError as error:
        raise UsageError(str(error)) from error
    return TrainRequest(
        data=_training_data(options),
        family=family,
        config=config,
        protocol=Protocol(options.protocol or Protocol.RANDOM),
        name=options.name,
        validate=options.validate,
        replace=options.replace,
        resume=options.resume,
        progress_file=options.progress_file,
    )


def _training_data(options: Namespace) -> Dataset:
    """The data set to train on; where it cannot be read, the progress file says so as of any run that failed."""
    from lcrec_core.training.run import tell_early_end

    try:
        return datasets.load(options.data)
    except BaseException as error:
        if options.progress_file:
            tell_early_end(options.progress_file, f"{options.data}/{options.name or options.model}", error)
        raise


def _what_is_left(request: "TrainRequest") -> str:
    if resumable.is_kept(request.bundle_name, part=request.part):
        return "continue with the same command and --resume"
    return "it had not come to its first checkpoint, so the same command begins afresh"


def _settings(options: Namespace, family: "Family") -> dict[str, Any]:
    """Settings given on the command line, by their names in the family's config."""
    usual = {name: value for name, value in flat(family.default_config()).items() if type(value) in (int, float)}
    given = {
        family.aliases.get(name, name): getattr(options, name)
        for name in ("epochs", "learning_rate", "seed", "batch_size", "keep_probability")
        if getattr(options, name) is not None
    }
    for setting in options.set:
        name, _, number = setting.partition("=")
        if name not in usual:
            raise UsageError(f"--set {setting[:60]}: there is no setting of that name; there are {', '.join(usual)}")
        kind = type(usual[name])
        try:
            given[name] = kind(number)
        except ValueError as error:
            what = "a whole number" if kind is int else "a number"
            raise UsageError(f"--set {setting[:60]}: {name} must be {what}") from error
    return given


def _show(bar: tqdm, progress: "Progress") -> None:
    said = [] if progress.eta_seconds is None else [f"{tqdm.format_interval(progress.eta_seconds)} left"]
    if progress.history:
        last = progress.history[-1]
        said.append(f"pass {progress.epoch:.2f} of {progress.epochs}, {progress.ratings_per_second:,.0f} ratings/s")
        said += [f"{key.replace('_mse', '')} MSE {last[key]:.3f}" for key in last if key.endswith("_mse")]
    elif progress.note:
        said.append(progress.note)
    bar.set_postfix_str(", ".join(said), refresh=False)
    bar.update(max(0.0, progress.share - bar.n))


def _figures(bundle: Bundle, part: str = "test") -> dict[str, Any]:
    """One bundle for `info`."""
    train = bundle.config["train"]
    return {
        "bundle": bundle.name,
        "data": bundle.data,
        "model": bundle.model,
        "protocol": str(train["protocol"]),
        "seed": train["seed"],
        f"{part}_mse": bundle.metrics.get(f"{part}_mse"),
        f"{part}_mae": bundle.metrics.get(f"{part}_mae"),
        "seconds_per_epoch": bundle.metrics.get("seconds_per_epoch"),
    }


def add_commands(add: Add) -> None:
    """`train`, `evaluate` and `info`."""
    train_options = new_command(
        add,
        train,
        "train",
        "train a model and write its bundle; the defaults are the paper's Table VI",
        "train --data ml-1m --model paper --seed 0 --name mine",
    )
    names = ", ".join(datasets.NAMES) + ", or data of your own that you installed"
    train_options.add_argument("--data", required=True, type=data_name, metavar="NAME", help=names)
    train_options.add_argument("--model", default=registry.DEFAULT, help=f"which one (default: {registry.DEFAULT})")
    train_options.add_argument("--name", help="name of the bundle inside artifacts/DATA/ (default: the model's)")
    train_options.add_argument(
        "--seed", type=a_seed, default=0, metavar="N", help="of every random choice (default: 0)"
    )
    train_options.add_argument(
        "--epochs", type=whole_number(1, MOST), metavar="N", help="passes over the ratings (default: 5)"
    )
    train_options.add_argument("--learning-rate", type=float, metavar="X", help="of Adam (default: 0.0001)")
    train_options.add_argument(
        "--batch-size", type=whole_number(1, MOST), metavar="N", help="ratings per step, about (default: 256)"
    )
    train_options.add_argument("--keep-probability", type=float, metavar="P", help="share dropout keeps (default: 0.5)")
    other = "any other setting of the network, its batches or the run, such as factors=32; may be repeated"
    train_options.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help=other)
    train_options.add_argument("--protocol", help="how the test part is chosen (default: random 80:20)")
    train_options.add_argument(
        "--replace", action="store_true", help="put it in the place of a bundle of the same name"
    )
    train_options.add_argument("--resume", action="store_true", help="continue the same run from its checkpoint")
    train_options.add_argument(
        "--validate", action="store_true", help="measure on the validation part; nothing is saved"
    )
    train_options.add_argument(
        "--progress-file", type=a_path, metavar="PATH", help="JSON file kept up to date during the run"
    )
    engine_options(train_options, "LCRec's chains are sampled")
    json_option(train_options, "the object `info` gives")

    evaluate_options = new_command(
        add, evaluate, "evaluate", "measure a bundle again on its test part", "evaluate --bundle ml-1m/paper"
    )
    bundle_option(evaluate_options)
    json_option(evaluate_options, "an object with test_mse, test_rmse, test_mae, and what the bundle records of them")

    info_options = new_command(add, info, "info", "list the trained bundles with their settings and figures", "info")
    json_option(info_options, "a list of {bundle, data, model, protocol, seed, test_mse, test_mae, seconds_per_epoch}")
