"""A process that saves a bundle, installs data or fills the cache is killed: what has the name is whole, old or new."""

import contextlib
import inspect
import shutil
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from lcrec_core.data.encode import encode, encode_cached
from lcrec_core.models.bundle import LoadedBundle
from lcrec_core.models.bundles import list_bundles, list_damaged, load_bundle, save_bundle
from lcrec_core.sources import movielens
from lcrec_core.sources.datasets import place_atomically
from tests.bundles import write_bundle
from tests.faults.dying import Say, count_operations, draw, failures, run
from tests.faults.outcome import Kind
from tests.faults.same import same
from tests.made_up import made_up
from tests.movielens_files import csv_files, write_zip

NAME = "demo/paper"
TIMES = 3
"""How often the work is done one over the other while its operations are counted."""
FOR_EVER = 10**6


def version(root: Path, number: int) -> LoadedBundle:
    """A bundle all of whose files tell its number; each is larger than the one before."""
    if not (root / "pattern").exists():
        write_bundle(root / "pattern", NAME)
    pattern = load_bundle(NAME, root / "pattern")
    return replace(
        pattern,
        path=root / "artifacts" / NAME,
        config={**pattern.config, "train": {**pattern.config["train"], "seed": number}},
        metrics={**pattern.metrics, "test_ratings": number},
        history=[{**row, "seconds": float(number)} for row in pattern.history],
        weights={"w": np.full(200 * min(number + 1, 20), number, np.float32)},
        movie_features=np.full((10, 5), number, np.float32),
    )


def number_of(bundle: LoadedBundle) -> int:
    """Which version a loaded bundle is; ValueError when it is a mixture."""
    said = {
        bundle.config["train"]["seed"],
        bundle.metrics["test_ratings"],
        *(int(row["seconds"]) for row in bundle.history),
        *np.unique(bundle.weights["w"]).astype(int).tolist(),
        *np.unique(bundle.movie_features).astype(int).tolist(),
    }
    if len(said) != 1:
        raise ValueError(f"a mixture of {sorted(said)}")
    return said.pop()


def save(bundle: LoadedBundle) -> None:
    """Save over whatever there is."""
    options = {"replace": True} if "replace" in inspect.signature(save_bundle).parameters else {}
    save_bundle(bundle, **options)


def save_versions(say: Say, root: str, last: int) -> None:
    """Save one version after the other, saying which is done."""
    say(-1)
    for number in range(last):
        save(version(Path(root), number))
        say(number)


def bundle_killed(seed: int, index: int, place: Path) -> str | None:
    version(place, 0)
    operations = _operations_of_saving(place.parent)
    rng = np.random.default_rng([seed, index])
    death = draw(rng, index, operations=operations, size=16_000, milliseconds=40.0)
    ended = run(save_versions, str(place), FOR_EVER, death=death)
    if not ended.died:
        return f"{death}: it ended by itself: {ended.error}"
    problem = _bundle_is_whole(place / "artifacts", ended.said[-1])
    if problem:
        return f"{death}, saved last {ended.said[-1]}: {problem}"
    save(version(place, FOR_EVER))
    return _bundle_is_whole(place / "artifacts", FOR_EVER)


@cache
def _operations_of_saving(folder: Path) -> int:
    scratch = folder / "undisturbed"
    version(scratch, 0)
    return count_operations(save_versions, str(scratch), TIMES)


def _bundle_is_whole(root: Path, acknowledged: int) -> str | None:
    listed = [bundle.name for bundle in list_bundles(root)]
    damaged = {name: str(why) for name, why in list_damaged(root).items()}
    if damaged or set(listed) - {NAME}:
        return f"listed are {listed}, damaged {damaged}"
    if acknowledged < 0 and not listed and not (root / NAME).exists():
        return None
    found = number_of(load_bundle(NAME, root))
    return None if found in (acknowledged, acknowledged + 1) else f"version {found} is there"


def two_zips(folder: Path) -> list[Path]:
    """Two data sets in one form; the second is longer."""
    zips = []
    for number in range(2):
        files = csv_files()
        # Something that does not shrink, so that there is a middle to die in.
        files["tags.csv"] = np.random.default_rng(number).bytes(200_000 * (1 + number))
        zips.append(write_zip(folder / f"given{number}.zip", files, "ml-latest-small"))
    return zips


def install_zips(say: Say, folder: str, last: int) -> None:
    """Put the two zips in each other's place in turn."""
    say(-1)
    zips = sorted(Path(folder).glob("given*.zip"))
    for number in range(last):
        place_atomically(Path(folder) / "data" / "mine.zip", partial(shutil.copyfile, zips[number % 2]))
        say(number)


def install_killed(seed: int, index: int, place: Path) -> str | None:
    zips = two_zips(place)
    old_or_new = {path.read_bytes() for path in zips}
    target = place / "data" / "mine.zip"
    rng = np.random.default_rng([seed, index])
    operations = _operations_of_installing(place.parent)
    death = draw(rng, index, operations=operations, size=zips[1].stat().st_size, milliseconds=20.0)
    ended = run(install_zips, str(place), FOR_EVER, death=death)
    if not ended.died:
        return f"{death}: it ended by itself: {ended.error}"
    if target.exists():
        if target.read_bytes() not in old_or_new:
            return f"{death}: half a zip of {target.stat().st_size} bytes has the name"
        movielens.read(target, "ml-latest-small")
    elif ended.said[-1] >= 0:
        return f"{death}: nothing has the name any more"
    with contextlib.suppress(FileNotFoundError):
        target.unlink()
    place_atomically(target, partial(shutil.copyfile, zips[1]))
    return None if target.read_bytes() == zips[1].read_bytes() else "afterwards nothing can be installed"


@cache
def _operations_of_installing(folder: Path) -> int:
    scratch = folder / "undisturbed"
    two_zips(scratch)
    return count_operations(install_zips, str(scratch), TIMES)


DATA = made_up(people=12, films=20, ratings_each=10)
ROWS = np.arange(0, len(DATA.ratings), 2)


def fill_cache(say: Say, folder: str, last: int) -> None:
    """Encode the same data into one empty cache after the other."""
    say(-1)
    for number in range(last):
        encode_cached(DATA, ROWS, Path(folder) / str(number))
        say(number)


def cache_killed(seed: int, index: int, place: Path) -> str | None:
    rng = np.random.default_rng([seed, index])
    operations = _operations_of_encoding(place.parent)
    death = draw(rng, index, operations=operations, size=_size_of_encoding(place.parent), milliseconds=60.0)
    ended = run(fill_cache, str(place), FOR_EVER, death=death)
    if not ended.died:
        return f"{death}: it ended by itself: {ended.error}"
    sound = encode(DATA, ROWS)
    folders = [path for path in place.iterdir() if path.is_dir()]
    for folder in folders:
        for _ in range(2):
            if not same(encode_cached(DATA, ROWS, folder), sound):
                return f"{death}: the cache answers with something else"
    return None


@cache
def _operations_of_encoding(folder: Path) -> int:
    return count_operations(fill_cache, str(folder / "undisturbed"), TIMES)


@cache
def _size_of_encoding(folder: Path) -> int:
    encode_cached(DATA, ROWS, folder / "size")
    return max(path.stat().st_size for path in (folder / "size").rglob("*") if path.is_file())


KINDS = [
    Kind(
        "killed-bundle",
        "a process killed while it saves a bundle over another",
        lambda indices, seed, folder: failures(bundle_killed, indices, seed, folder),
        short=12,
        long=120,
    ),
    Kind(
        "killed-install",
        "a process killed while it puts a data set in place",
        lambda indices, seed, folder: failures(install_killed, indices, seed, folder),
        short=6,
        long=60,
    ),
    Kind(
        "killed-cache",
        "a process killed while it fills the cache of encodings",
        lambda indices, seed, folder: failures(cache_killed, indices, seed, folder),
        short=6,
        long=60,
    ),
]
