"""Trained bundles, damaged or edited by hand: they answer as the sound one does, to the last bit, or not at all.

What is edited by hand has a manifest that was made right again, so that only what the files say gives it away. Edits
that make another sound bundle (other finite weights of the right form, another allowed setting) are not among them.
"""

import hashlib
import json
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from lcrec_core.data.dataset import Col
from lcrec_core.data.profile import Profile
from lcrec_core.data.split import Protocol
from lcrec_core.errors import LCRecError
from lcrec_core.evaluation import bundle_results
from lcrec_core.models import registry
from lcrec_core.models.bundles import list_bundles, list_damaged, load_bundle
from lcrec_core.models.settings import configured
from lcrec_core.serving.recommender import Recommender
from lcrec_core.training.run import TrainRequest, train
from tests.faults.dying import Say, run, spread
from tests.faults.errors import unclear
from tests.faults.outcome import Kind
from tests.faults.same import same
from tests.faults.sandbox import attempt
from tests.made_up import made_up

DATA = made_up(people=24, films=40, ratings_each=20)
SIZES = {"embedding_size": 4, "filters": 2, "feature_size": 6, "state_size": 5}
OF_PAPER = {**SIZES, "epochs": 1, "learning_rate": 0.01, "batch_size": 128}
OF_LCREC = {
    **{**SIZES, "hidden_size": 8, "folds": 2, "epochs": 1, "targets_per_step": 100},
    **{"factors": 2, "iterations": 6, "burn_in": 2, "samples": 2},
}
OF_PICK = {"embedding_size": 4, "state_size": 5, "epochs": 1, "longest": 8, "events_per_step": 64}
SETTINGS = {model: OF_PAPER for model in registry.TRAINABLE} | {"lcrec": OF_LCREC, "pick": OF_PICK}

JSON_FILES = ("bundle.json", "metrics.json", "history.json")
TENSOR_FILES = ("weights.safetensors", "movie_features.safetensors")
MANIFEST = "manifest.json"
FILES = (*JSON_FILES, *TENSOR_FILES, MANIFEST)


def train_all(say: Say, folder: str) -> None:
    """Train a tiny bundle of every model."""
    os.environ["LCREC_ARTIFACTS"] = folder
    for model in registry.TRAINABLE:
        family = registry.family(model)
        train(TrainRequest(DATA, family, configured(family.default_config(), **SETTINGS[model])))
    say("trained")


Change = Callable[[Path, np.random.Generator], None]
"""Damages the bundle in a folder."""


class Damage(NamedTuple):
    """One way to damage the bundle of one model."""

    model: str
    what: str
    change: Change
    harmless: bool = False
    """Whether it says the same as before, and must be served."""


# Damage to the files, without a word in the manifest


def _rewrite(file: str, change: Callable[[bytes, np.random.Generator], bytes], folder: Path, rng: Any) -> None:
    path = folder / file
    path.write_bytes(change(path.read_bytes(), rng))


def _flip(content: bytes, rng: np.random.Generator) -> bytes:
    changed = np.frombuffer(content, np.uint8).copy()
    place = int(rng.integers(8 * len(content)))
    changed[place // 8] ^= 1 << place % 8
    return changed.tobytes()


def _swap(one: str, other: str, folder: Path, _: object) -> None:
    kept = (folder / one).read_bytes()
    shutil.copyfile(folder / other, folder / one)
    (folder / other).write_bytes(kept)


def _from_model(model: str, file: str, folder: Path, _: object) -> None:
    shutil.copyfile(_sound_folder() / "made-up" / model / file, folder / file)


def _as_folder(file: str, folder: Path, _: object) -> None:
    (folder / file).unlink()
    (folder / file).mkdir()


def _as_link(target: str, file: str, folder: Path, _: object) -> None:
    (folder / file).unlink()
    (folder / file).symlink_to(target)


def _file_damages(model: str) -> Iterator[Damage]:
    others = [other for other in registry.TRAINABLE if other != model]
    for file in FILES:
        for part in range(8):
            cut = lambda content, _, part=part: content[: len(content) * part // 8]  # noqa: E731
            yield Damage(model, f"{file} cut after {part}/8", partial(_rewrite, file, cut))
        for number in range(10):
            yield Damage(model, f"{file}: a bit flipped, {number}", partial(_rewrite, file, _flip))
        yield Damage(model, f"{file} longer", partial(_rewrite, file, lambda content, _: content + b"\0"))
        yield Damage(model, f"{file} is zeros", partial(_rewrite, file, lambda content, _: bytes(len(content))))
        yield Damage(model, f"{file} is missing", lambda folder, _, file=file: (folder / file).unlink())
        yield Damage(model, f"{file} is a folder", partial(_as_folder, file))
        yield Damage(model, f"{file} is a link to nothing", partial(_as_link, "nothing", file))
        yield Damage(model, f"{file} is a link to itself", partial(_as_link, file, file))
        for other in others:
            yield Damage(model, f"{file} is that of {other}", partial(_from_model, other, file))
    for place, one in enumerate(FILES):
        for other in FILES[place + 1 :]:
            yield Damage(model, f"{one} and {other} change places", partial(_swap, one, other))
    yield Damage(model, "one more file", lambda folder, _: (folder / "notes.txt").write_text("mine"), harmless=True)
    yield Damage(model, "a folder without a file", lambda folder, _: [(folder / file).unlink() for file in FILES])
    for name in ("x y", "-x", "é", "a\nb", "..x", "x" * 200, "\udcff", "[x](http://y)", "paper\u202e"):
        yield Damage(model, f"one more bundle, called {name[:20]!a}", partial(_beside, name))


def _beside(name: str, folder: Path, _: object) -> None:
    for copy in (folder.parent / name, folder.parent.parent / name / "paper"):
        shutil.copytree(folder, copy)


# Edits by hand, with a manifest that is right


def _sign(folder: Path) -> None:
    hashes = {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in (*JSON_FILES, *TENSOR_FILES)}
    (folder / MANIFEST).write_text(json.dumps(hashes))


def _signed(change: Change, folder: Path, rng: np.random.Generator) -> None:
    change(folder, rng)
    _sign(folder)


class Raw(str):
    """JSON text that `json` would not write."""


DEEP = 100_000
VALUES: tuple[Any, ...] = (
    None, True, "x", "", [], {}, [[]], Raw("NaN"), Raw("Infinity"), Raw("-Infinity"), Raw("1e400"), Raw("-1e400"),
    Raw("9" * 5000), Raw("[" * DEEP + "]" * DEEP), Raw('{"a":' * DEEP + "1" + "}" * DEEP), "\ud800", "1",
)  # fmt: skip
GONE = object()
MARK = "\u0001here\u0001"


def _paths(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Where in a JSON document there is something, from the top down; of a list its first and its last part."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from _paths(value[key], (*path, key))
    if isinstance(value, list):
        for place in sorted({0, len(value) - 1} if value else ()):
            yield from _paths(value[place], (*path, place))


def _set(file: str, path: tuple, value: Any, folder: Path, _: object) -> None:
    document = json.loads((folder / file).read_text())
    if not path:
        document = MARK if isinstance(value, Raw) else value
    else:
        parent = document
        for key in path[:-1]:
            parent = parent[key]
        if value is GONE:
            del parent[path[-1]]
        else:
            parent[path[-1]] = MARK if isinstance(value, Raw) else value
    text = json.dumps(document)
    (folder / file).write_text(text.replace(json.dumps(MARK), value) if isinstance(value, Raw) else text)


def _json_damages(model: str) -> Iterator[Damage]:
    sound = _sound_folder() / "made-up" / model
    for file in JSON_FILES:
        for path in _paths(json.loads((sound / file).read_text())):
            for value in (*VALUES, GONE) if path else VALUES:
                shown = "gone" if value is GONE else repr(value)[:20]
                change = partial(_set, file, path, value)
                yield Damage(model, f"{file}: {'.'.join(map(str, path))} is {shown}", partial(_signed, change))
    for file in FILES:
        if file in TENSOR_FILES:
            continue
        texts: dict[str, Callable[[bytes, Any], bytes]] = {
            "UTF-16": lambda c, _: c.decode().encode("utf-16"),
            "a mark of UTF-8": lambda c, _: b"\xef\xbb\xbf" + c,
            "bytes of no encoding": lambda c, _: c.replace(b'"', b'"\xff', 1),
            "a zero byte": lambda c, _: c.replace(b" ", b"\0", 1),
            "two documents": lambda c, _: c + c,
            "deep lists": lambda _, __: b"[" * DEEP,
            "deep objects": lambda _, __: b'{"a":' * DEEP,
            "nothing": lambda _, __: b"",
            "a number": lambda _, __: b"1",
            "a long number": lambda _, __: b"9" * 5000,
            "a long text": lambda _, __: b'"' + b"x" * (1 << 22) + b'"',
        }
        for what, text in texts.items():
            change = partial(_rewrite, file, text)
            yield Damage(model, f"{file} is {what}", change if file == MANIFEST else partial(_signed, change))
    yield Damage(
        model,
        "bundle.json on one line",
        partial(_signed, partial(_rewrite, "bundle.json", lambda c, _: json.dumps(json.loads(c)).encode())),
        harmless=True,
    )
    names = [
        other for other in (*registry.TRAINABLE, "nope", "../paper", "svd", "__init__", "x" * 5000) if other != model
    ]
    for name in names:
        yield Damage(model, f"called {name[:20]}", partial(_signed, partial(_set, "bundle.json", ("model",), name)))
    for name in ("demo", "ml-1m", "../made-up", "", "a\nb", "[x](http://y)", "x" * 5000):
        yield Damage(model, f"of {name[:20]!r}", partial(_signed, partial(_set, "bundle.json", ("data",), name)))
    for number in (0, 2, -1, 1.5, "1"):
        yield Damage(model, f"format {number}", partial(_signed, partial(_set, "bundle.json", ("format",), number)))
    for seed in (1, -1, 2**40, 10**30, 0.5):
        change = partial(_set, "bundle.json", ("config", "train", "seed"), seed)
        yield Damage(model, f"seed {seed}", partial(_signed, change))
    for protocol in (*Protocol, "nope"):
        change = partial(_set, "bundle.json", ("config", "train", "protocol"), str(protocol))
        yield Damage(model, f"protocol {protocol}", partial(_signed, change))
    for name in SIZES:
        for size in (0, -1, 3, 10**9, 10**30):
            change = partial(_set, "bundle.json", ("config", "model", name), size)
            yield Damage(model, f"{name} is {size}", partial(_signed, change))


Arrays = dict[str, np.ndarray]


def _tensors(file: str, change: Callable[[Arrays], Arrays], folder: Path, _: object) -> None:
    arrays = change(load_tensors((folder / file).read_bytes()))
    (folder / file).write_bytes(save_tensors({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def _put(name: str, change: Callable[[np.ndarray], np.ndarray], arrays: Arrays) -> Arrays:
    return {**arrays, name: change(arrays[name].copy())}


def _with(value: float, place: float, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "f" and array.size:
        array.reshape(-1)[int(place * (array.size - 1))] = value
    return array


def _tensor_damages(model: str) -> Iterator[Damage]:
    sound = _sound_folder() / "made-up" / model
    for file in TENSOR_FILES:
        # Sorted: safetensors gives them in another order in every process.
        for name, array in sorted(load_tensors((sound / file).read_bytes()).items()):
            changes: dict[str, Callable[[np.ndarray], np.ndarray]] = {
                **{
                    f"{value} at {place}": partial(_with, value, place)
                    for value in (np.nan, np.inf, -np.inf)
                    for place in (0, 0.5, 1)
                },
                **{f"{kind}": lambda a, kind=kind: a.astype(kind) for kind in ("f2", "f8", "i4", "u1", "?")},
                "flat": lambda a: a.reshape(-1),
                "deeper": lambda a: a[None],
                "transposed": lambda a: a.T,
                "one row less": lambda a: a[1:] if a.ndim else a.reshape(1)[1:],
                "one row more": lambda a: np.concatenate([np.atleast_1d(a), np.atleast_1d(a)[:1]]),
                "empty": lambda a: a.reshape(-1)[:0],
            }
            for what, change in changes.items():
                form = np.shape(change(array.copy())), change(array.copy()).dtype
                if what in ("transposed", "flat") and form == (array.shape, array.dtype):
                    # Other numbers in the same form are another bundle.
                    continue
                edit = partial(_tensors, file, partial(_put, name, change))
                yield Damage(model, f"{file}: {name} {what}", partial(_signed, edit))
            gone = lambda arrays, name=name: {key: a for key, a in arrays.items() if key != name}  # noqa: E731
            renamed = lambda arrays, name=name: {key + "x" * (key == name): a for key, a in arrays.items()}  # noqa: E731
            for what, edit_all in (("gone", gone), ("renamed", renamed)):
                yield Damage(model, f"{file}: {name} {what}", partial(_signed, partial(_tensors, file, edit_all)))
        yield Damage(model, f"{file}: nothing", partial(_signed, partial(_tensors, file, lambda arrays: {})))
        more = lambda arrays: {**arrays, "more": np.zeros(3, np.float32)}  # noqa: E731
        yield Damage(model, f"{file}: one more", partial(_signed, partial(_tensors, file, more)))
        heads: dict[str, Callable[[dict], str]] = {
            "deep": lambda head: "[" * DEEP,
            "not JSON": lambda head: "{",
            "a list": lambda head: "[]",
            "of a type nobody knows": lambda head: json.dumps({k: {**v, "dtype": "F7"} for k, v in head.items()}),
            "places far away": lambda head: json.dumps(
                {k: {**v, "data_offsets": [0, 1 << 60]} for k, v in head.items()}
            ),
            "negative places": lambda head: json.dumps({k: {**v, "data_offsets": [-8, -1]} for k, v in head.items()}),
            "one place for all": lambda head: json.dumps({k: {**v, "data_offsets": [0, 4]} for k, v in head.items()}),
            "huge shapes": lambda head: json.dumps({k: {**v, "shape": [1 << 40, 1 << 40]} for k, v in head.items()}),
            "odd words": lambda head: json.dumps({**head, "__metadata__": {"a": 1}}),
        }
        for what, head in heads.items():
            yield Damage(model, f"{file}: head {what}", partial(_signed, partial(_rewrite, file, partial(_head, head))))
        for length in (0, 1, 1 << 20, 1 << 63, (1 << 64) - 1):
            edit = lambda c, _, length=length: struct.pack("<Q", length) + c[8:]  # noqa: E731
            yield Damage(model, f"{file}: a head of {length:,}", partial(_signed, partial(_rewrite, file, edit)))


def _head(change: Callable[[dict], str], content: bytes, _: object) -> bytes:
    (length,) = struct.unpack("<Q", content[:8])
    head = change(json.loads(content[8 : 8 + length])).encode()
    return struct.pack("<Q", len(head)) + head + content[8 + length :]


# What they are tried on

_FOLDER: list[Path] = []


def _sound_folder() -> Path:
    """The artifacts folder of this run, with the sound bundles."""
    return _FOLDER[0]


@cache
def damages() -> tuple[Damage, ...]:
    """Every damage to the sound bundles."""
    kinds = (_file_damages, _json_damages, _tensor_damages)
    return tuple(damage for kind in kinds for model in registry.TRAINABLE for damage in kind(model))


def _people() -> list[Profile]:
    films = DATA.movies[Col.MOVIE].tolist()
    few = [(film, 1.0 + place % 5, 1_000_000_000 + place) for place, film in enumerate(films[:7])]
    return [Profile.of(), Profile.of(few, gender="F", age=25), Profile.from_dataset(DATA, 3)]


def answers(name: str, root: Path) -> tuple:
    """Everything a bundle says of three people."""
    recommender = Recommender(load_bundle(name, root), DATA)
    said = []
    for person in _people():
        said += [recommender.predict(person), recommender.probabilities(person), tuple(recommender.top_n(person, 5))]
        said.append(recommender.explain(person, 5))
    return (*said, tuple(recommender.similar(4)))


@cache
def _sound_answers(model: str) -> tuple:
    return answers(f"made-up/{model}", _sound_folder())


def check_one(seed: int, index: int, place: Path) -> str | None:
    shared = place.parent / "sound"
    # The sound bundles' cache of encodings serves the damaged ones too.
    os.environ["LCREC_ARTIFACTS"] = str(shared)
    _FOLDER[:] = [shared]
    damage = _damage(index)
    folder = place / "made-up" / damage.model
    shutil.copytree(shared / "made-up" / damage.model, folder)
    damage.change(folder, np.random.default_rng([seed, index]))
    return _listed(place) or _served(damage, place)


def _damage(index: int) -> Damage:
    return damages()[spread(index, len(damages()))]


def _describe(index: int) -> str:
    return f"{_damage(index).model}, {_damage(index).what}"


def _listed(root: Path) -> str | None:
    """The lists of bundles, and what the pages make of them."""
    try:
        listed, damaged = list_bundles(root), list_damaged(root)
    except Exception as error:
        return f"list_bundles: {type(error).__name__}: {str(error)[:200]}"
    if {bundle.name for bundle in listed} & set(damaged):
        return f"listed as sound and as damaged: {set(damaged)}"
    for why in damaged.values():
        if "\n" in str(why) or len(str(why)) > 1000:
            return f"listed as damaged because of {str(why)[:200]!r}"
    try:
        bundle_results.measured(listed)
    except Exception as error:
        return f"listed as sound, but the Compare page fails: {type(error).__name__}: {str(error)[:200]}"
    return None


def _served(damage: Damage, root: Path) -> str | None:
    try:
        said = answers(f"made-up/{damage.model}", root)
    except LCRecError as error:
        return f"refused, though sound: {error}" if damage.harmless else unclear(error, root)
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return None if same(said, _sound_answers(damage.model)) else "WRONG PREDICTIONS"


def check(indices: range, seed: int, folder: Path) -> dict[int, str]:
    trained = run(train_all, str(folder / "sound"))
    if trained.said != ["trained"]:
        raise RuntimeError(f"no sound bundles: {trained.error}")
    _FOLDER[:] = [folder / "sound"]
    return attempt(check_one, indices, seed, folder, _describe)


KIND = Kind("bundles", "a damaged or edited bundle loaded and asked", check, short=110, long=1000)
