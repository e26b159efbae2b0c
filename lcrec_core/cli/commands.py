"""What each command of the command line does: takes parsed arguments, prints, returns an exit code.

torch is imported inside the commands that need it: the others, and `--help`, answer at once.
"""

import json
import sys
from argparse import Namespace
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from lcrec_core.data.dataset import GENDERS, Col, Dataset, age_band
from lcrec_core.data.profile import Profile
from lcrec_core.data.titles import spoken
from lcrec_core.errors import BundleError, DownloadError, LCRecError
from lcrec_core.files import artifacts_root
from lcrec_core.machine import in_words
from lcrec_core.models import bundles, registry
from lcrec_core.models.bundle import Bundle
from lcrec_core.models.settings import configured, flat
from lcrec_core.sources import download as releases
from lcrec_core.sources import load as sources
from lcrec_core.training import resumable

if TYPE_CHECKING:
    from lcrec_core.models.contract import Family
    from lcrec_core.serving.recommender import Filters, Recommender
    from lcrec_core.training.run import Progress, TrainRequest

DATA_NAMES = sources.NAMES
own_names = sources.own_names
RELEASE_NAMES = tuple(releases.RELEASES)
__all__ = ["DATA_NAMES", "GENDERS", "RELEASE_NAMES", "own_names"]

CANCELLED = 143
SAME_FIGURE = 0.001
"""How far a figure measured again may lie from the recorded one: other processors round otherwise."""


class UsageError(LCRecError):
    """An option has a value the command cannot use."""

    exit_code = 2


def recommend(options: Namespace) -> int:
    """Print the top N, a line per movie in the form of the paper's Figure 7."""
    recommender = _recommender(options.bundle)
    profile = _profile(options, recommender.data)
    top = recommender.top_n(profile, options.n, _filters(options, recommender.data))
    if options.json:
        _print_json(
            [
                {"movie_id": r.movie_id, "title": r.title, "genres": list(r.genres), "predicted": r.predicted}
                for r in top
            ]
        )
        return 0
    for r in top:
        print(" ".join(filter(None, (str(r.movie_id), spoken(r.title), "|".join(r.genres), f"{r.predicted:.2f}"))))
    if not top:
        _say("no movie passes: the person has rated them all, or the filters are too narrow")
    return 0


def predict(options: Namespace) -> int:
    """Print the predicted rating of each movie asked for."""
    recommender = _recommender(options.bundle)
    predicted = recommender.predict(_profile(options, recommender.data), options.movie)
    titles = recommender.data.movies.set_index(str(Col.MOVIE))[Col.TITLE]
    rows = [
        {"movie_id": movie, "title": str(titles[movie]), "predicted": float(rating)}
        for movie, rating in zip(options.movie, predicted, strict=True)
    ]
    if options.json:
        _print_json(rows)
    else:
        for row in rows:
            print(f"{row['movie_id']} {spoken(row['title'])} {row['predicted']:.2f}")
    return 0


def search(options: Namespace) -> int:
    """Print the movies whose title is like what was typed, the best first: what the Rate page finds."""
    from lcrec_core.serving.search import TitleIndex, describe

    text = " ".join(options.text)
    data = sources.load(options.data)
    index = TitleIndex.of(data)
    found = index.search(text, options.n)
    rows = describe(data, found)
    until = "" if index.newest is None else f"; {data.name} has films up to {index.newest}"
    if not rows:
        _say(f"no title is like {text!r}{until}")
    elif found.nearest:
        _say(f"no title has {text!r}, these are nearest in spelling{until}")
    if options.json:
        _print_json(rows)
        return 0
    for row in rows:
        print(f"{row['movie_id']} {spoken(row['title'])} {row['num_ratings']:,} ratings")
    return 0


def info(options: Namespace) -> int:
    """Print every bundle with its settings and figures; damaged ones are named on stderr."""
    rows = [_figures(bundle) for bundle in bundles.list_bundles()]
    for damage in bundles.list_damaged().values():
        _say(str(damage))
    for kept in resumable.list_kept():
        when = f"{datetime.fromtimestamp(kept.saved_at, UTC):%Y-%m-%d}"
        _say(
            f"a run of {kept.bundle} that was stopped on {when} left {in_words(kept.size)} in {kept.path}: train it "
            f"with --resume to go on, or remove the folder; after {resumable.KEEP_DAYS} days it goes by itself"
        )
    if options.json:
        _print_json(rows)
    elif rows:
        heads = {"test_mse": "test MSE", "test_mae": "test MAE", "seconds_per_epoch": "s/epoch"}
        _print_table([[heads.get(key, key) for key in rows[0]], *([_cell(v) for v in row.values()] for row in rows)])
    else:
        _say(f"no bundle in {artifacts_root()}: run `python -m lcrec_core train --data demo`")
    return 0


def evaluate(options: Namespace) -> int:
    """Measure a bundle on its test part again, and compare with what it records.

    Raises:
        BundleError: The figures are not the recorded ones.
    """
    bundle = bundles.load_bundle(options.bundle)
    data = sources.load(bundle.data)
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
        _print_json({**named, "protocol": str(train["protocol"]), "seed": train["seed"], **measured, **recorded})
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
    """Train a bundle with a progress bar on stderr."""
    from lcrec_core.training import run as training

    request = _train_request(options)
    with tqdm(
        desc=request.bundle_name,
        unit=" steps",
        file=sys.stderr,
        # A log file wants a line now and then, a terminal a bar that moves.
        mininterval=0.2 if sys.stderr.isatty() else 10.0,
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}",
    ) as bar:
        try:
            bundle = training.run(request, lambda progress: _show(bar, progress))
        except training.Cancelled:
            bar.close()
            _say(f"stopped; {_what_is_left(request)}")
            return CANCELLED
        except KeyboardInterrupt:
            bar.close()
            _say(_what_is_left(request))
            raise
    part = bundle.metrics["part"]
    if options.json:
        _print_json(_figures(bundle, part))
    else:
        what = "measured, nothing saved" if request.validate else f"saved in {bundle.path}"
        errors = ""
        for kind in ("mse", "mae"):
            if (value := bundle.metrics.get(f"{part}_{kind}")) is not None:
                errors += f" {part} {kind.upper()} {value:.4f},"
        print(f"{bundle.name}:{errors} {bundle.metrics['seconds_per_epoch']:.1f} s per epoch; {what}")
    return 0


def compare(options: Namespace) -> int:
    """Measure every row that has no saved result, then print the table."""
    from lcrec_core.data.split import Protocol
    from lcrec_core.evaluation import results as kept

    if options.protocol not in list(Protocol):
        raise UsageError(f"there is no protocol {options.protocol!r}; there are {', '.join(Protocol)}")
    rows = options.rows or list(registry.FAMILIES)
    unknown = [row for row in rows if row not in registry.FAMILIES]
    if unknown:
        raise UsageError(f"there is no row {unknown[0]!r}; there are {', '.join(registry.FAMILIES)}")
    protocol = Protocol(options.protocol)
    seeds = options.seeds or ([1, 2, 3, 4, 5] if protocol is Protocol.OFFICIAL else [0, 1, 2])
    if not options.show:
        from lcrec_core.evaluation import compare as comparing

        data = sources.load(options.data)
        for seed in seeds:
            for row in rows:
                if seed in comparing.seeds_of(row, protocol, seeds):
                    comparing.measure(data, protocol, row, seed, _say)
    results = [result for result in kept.saved(options.data, protocol) if result.row in rows and result.seed in seeds]
    if options.json:
        named = ["seed", "mse", "mae", "train_seconds", "predict_ms", "serves_new_people", "parameters"]
        named += ["given"] * (protocol is Protocol.NEW_PEOPLE)
        _print_json([{"model": r.row, **{name: getattr(r, name) for name in named}} for r in results])
    elif results:
        _print_table(kept.table(kept.summaries(results)))
    else:
        _say(f"nothing is saved for {options.data}, {protocol}: run the command without --show")
    return 0


def ablate(options: Namespace) -> int:
    """Measure every variant that has no saved result, then print the table."""
    from lcrec_core.evaluation import ablation

    family = registry.family(options.model)
    if not options.show:
        from lcrec_core.evaluation import ablate as ablating

        ablating.run(sources.load(options.data), family, options.seed, _say)
    measured = ablation.read(options.data, family)
    if options.json:
        _print_json([asdict(entry) for entry in measured])
    elif measured:
        rows = [[e.what, f"{e.ratings:,}", _cell(e.mse), _cell(e.mae), _cell(e.log_loss)] for e in measured]
        _print_table([["what", "ratings", "MSE", "MAE", "log loss"], *rows])
    else:
        _say(f"nothing is saved for {options.data}: run the command without --show")
    return 0


def download(options: Namespace) -> int:
    """Show the terms, ask, and download.

    Raises:
        DownloadError: The terms were not accepted, or the download failed.
    """
    name = options.data
    there = sources.find(name)
    if there and not options.force:
        print(f"{name} is already here: {there}")
        return 0
    _say(releases.licence_text(name))
    if not options.accept_licence and not _accepted():
        raise DownloadError(
            f"{name} was not downloaded: its terms were not accepted", advice="answer yes, or give --accept-licence"
        )
    with tqdm(desc=f"{name}.zip", unit="B", unit_scale=True, unit_divisor=1024, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        path = releases.download(name, progress=show)
    print(f"{name} is now in {path}")
    return 0


def install(options: Namespace) -> int:
    """Check a zip and copy it into the data folder."""
    name = sources.install(options.zip.expanduser(), options.name, replace=options.replace)
    print(f"{name} is now in {sources.find(name)}")
    return 0


def remove(options: Namespace) -> int:
    """Delete a data set's zip from the data folder."""
    from lcrec_core.training import jobs

    jobs.refuse_while_training_on(options.data)
    print(f"{options.data} is gone: {sources.remove(options.data)} was deleted")
    return 0


def make_demo(options: Namespace) -> int:
    """Write the demo's simulated people and ratings again."""
    from lcrec_core.sources import demo

    folder: tuple[Path, ...] = (options.folder,) if options.folder else ()
    demo.generate(options.seed, *folder)
    data = demo.load_demo(*folder)
    people, movies, ratings = (f"{len(table):,}" for table in (data.users, data.movies, data.ratings))
    print(f"demo: {ratings} ratings of {movies} movies by {people} simulated people, seed {options.seed}")
    return 0


def _recommender(bundle_name: str) -> "Recommender":
    bundle = bundles.load_bundle(bundle_name)
    data = sources.load(bundle.data)
    if data.simulated:
        _say(f"the people of {data.name} are simulated")
    from lcrec_core.serving.recommender import Recommender

    return Recommender(bundle, data)


def _profile(options: Namespace, data: Dataset) -> Profile:
    """The person asked for, or a new one from the options."""
    described = options.rate or any(v is not None for v in (options.gender, options.age, options.occupation))
    if options.user is not None:
        if described:
            raise UsageError("--user names a person of the data set: leave out --rate, --gender, --age, --occupation")
        return Profile.from_dataset(data, options.user)
    if not described:
        raise UsageError("say for whom: --user ID for a person of the data set, or --rate MOVIE=STARS for a new one")
    occupations = data.users[Col.OCCUPATION].dropna().unique()
    if options.occupation is not None and options.occupation not in occupations:
        raise UsageError(f"no occupation {options.occupation!r}; {data.name} has {', '.join(sorted(occupations))}")
    scale, rated = data.scale, set()
    for movie, stars in options.rate:
        said = f"--rate {movie}={stars:g}"
        if not scale.contains(np.array([stars])).all():
            raise UsageError(f"{said}: ratings go from {scale.low:g} to {scale.high:g} in steps of {scale.step:g}")
        if movie not in data.movies[Col.MOVIE].to_numpy():
            raise UsageError(f"{said}: {data.name} has no movie {movie}")
        if movie in rated:
            raise UsageError(f"{said}: movie {movie} is rated twice; give it one rating")
        rated.add(movie)
    return Profile.of(
        [(movie, stars, order) for order, (movie, stars) in enumerate(options.rate)],
        gender=options.gender,
        age=None if options.age is None else age_band(options.age),
        occupation=options.occupation,
    )


def _filters(options: Namespace, data: Dataset) -> "Filters":
    from lcrec_core.serving.recommender import Filters

    known = {genre.lower(): genre for genre in data.genres}
    for genre in (*options.genre, *options.not_genre):
        if genre.lower() not in known:
            raise UsageError(f"there is no genre {genre!r}; {data.name} has {', '.join(data.genres)}")
    try:
        return Filters(
            genres_in=frozenset(known[g.lower()] for g in options.genre),
            genres_out=frozenset(known[g.lower()] for g in options.not_genre),
            year_from=options.year_from,
            year_to=options.year_to,
            unknown_year=not options.year_known,
            min_ratings=options.min_ratings,
            include_rated=options.include_rated,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error


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
        return sources.load(options.data)
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
    bar.total = progress.steps or None
    if progress.history:
        last = progress.history[-1]
        errors = ", ".join(f"{key.replace('_mse', '')} MSE {last[key]:.3f}" for key in last if key.endswith("_mse"))
        speed = f"{progress.ratings_per_second:,.0f} ratings/s"
        bar.set_postfix_str(f"pass {progress.epoch:.2f} of {progress.epochs}, {speed}, {errors}", refresh=False)
    elif progress.note:
        bar.set_postfix_str(progress.note)
    bar.update(progress.step - bar.n)


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


def _accepted() -> bool:
    print("Do you accept these terms? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _print_table(rows: list[list[str]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1))


def _say(text: str) -> None:
    """Everything that is not a result."""
    print(text, file=sys.stderr)
