import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from lcrec_core.errors import BundleError
from lcrec_core.files import artifacts_root
from lcrec_core.models import registry
from lcrec_core.models.bundles import list_bundles, list_damaged, load_bundle, resolve, save_bundle, tidy
from lcrec_core.sources import datasets
from tests.bundles import write_bundle

FILES = ["weights.safetensors", "movie_features.safetensors", "bundle.json", "metrics.json", "history.json"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_bundle(tmp_path, "demo/paper")
    return tmp_path


def test_what_is_saved_is_loaded(root):
    bundle = load_bundle("demo/paper", root)
    assert (bundle.name, bundle.model, bundle.data) == ("demo/paper", "paper", "demo")
    assert bundle.metrics["test_mse"] == 0.9
    np.testing.assert_array_equal(bundle.weights["w"], np.zeros(4))
    np.testing.assert_array_equal(bundle.movie_features, np.zeros((2, 2)))


@pytest.mark.parametrize("file", FILES)
def test_one_flipped_byte_anywhere_is_found(root, file):
    path = root / "demo/paper" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=rf"bundle demo/paper: {file} is damaged.*train it again"):
        load_bundle("demo/paper", root)


@pytest.mark.parametrize("file", [*FILES, "manifest.json"])
def test_a_missing_file_is_named(root, file):
    (root / "demo/paper" / file).unlink()
    with pytest.raises(BundleError, match=r"no model demo/paper|cannot be read"):
        load_bundle("demo/paper", root)


def test_a_manifest_that_is_not_json_is_named(root):
    (root / "demo/paper/manifest.json").write_text("[")
    with pytest.raises(BundleError, match=r"manifest\.json is not JSON"):
        load_bundle("demo/paper", root)


def test_listing_skips_the_damaged_and_says_why(root):
    write_bundle(root, "demo/other")
    (root / "demo/other/metrics.json").write_text("{}")
    assert [bundle.name for bundle in list_bundles(root)] == ["demo/paper"]
    assert list(list_damaged(root)) == ["demo/other"]
    assert "metrics.json is damaged" in str(list_damaged(root)["demo/other"])


def test_a_data_sets_name_stands_for_its_default_bundle(root):
    write_bundle(root, "demo/a-trial")
    assert resolve("demo", root) == "demo/paper"
    write_bundle(root, "ml-100k/a-trial")
    assert resolve("ml-100k", root) == "ml-100k/a-trial"


def test_a_missing_bundle_names_the_command_that_makes_it(root):
    with pytest.raises(BundleError, match=r"choose one of demo/paper.* run `python -m lcrec_core train --data ml-1m`"):
        resolve("ml-1m", root)
    with pytest.raises(BundleError, match=r"train --data ml-1m --name best"):
        resolve("ml-1m/best", root)


@pytest.mark.parametrize("name", ["../etc/passwd", "demo/..", "demo/.hidden", "a/b/c", "/etc", "demo\\paper/x"])
def test_a_name_cannot_leave_the_folder(root, name):
    with pytest.raises(BundleError, match="not a bundle's name"):
        resolve(name, root)


@pytest.mark.parametrize("name", ["nope", "nope/paper", "demo/Nope"])
def test_no_command_is_advised_that_would_not_work(root, name):
    with pytest.raises(BundleError, match="choose one of demo/paper") as caught:
        resolve(name, root)
    assert "python" not in str(caught.value)
    assert "python" not in caught.value.for_visitors


def test_a_model_of_ours_is_advised_by_its_own_name(root):
    with pytest.raises(BundleError, match=r"`python -m lcrec_core train --data ml-1m --model lstm`"):
        resolve("ml-1m/lstm", root)


@pytest.mark.parametrize("name", ["a" * 5000, "demo/" + "a" * 300, "demo/\0", "demo/a b", "demo/[x](y)"])
def test_a_name_that_no_bundle_can_have_is_one_short_line(root, name):
    with pytest.raises(BundleError, match="not a bundle's name") as caught:
        resolve(name, root)
    assert len(str(caught.value)) < 250


def rewrite(root: Path, file: str, content: bytes) -> None:
    """Change a file by hand and give the manifest its new hash."""
    folder = root / "demo/paper"
    (folder / file).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest[file] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def refused(root: Path, said: str) -> None:
    with pytest.raises(BundleError, match=said) as caught:
        load_bundle("demo/paper", root)
    assert "\n" not in str(caught.value)
    assert str(root) not in caught.value.for_visitors
    assert "python" not in caught.value.for_visitors


NONSENSE = [None, True, -1, 1.5, "text", [], {}, [1], {"a": 1}, float("nan"), 10**400, "9" * 10]


@pytest.mark.parametrize(
    ("file", "keys"),
    [
        ("bundle.json", keys)
        for keys in (
            ("format",),
            ("model",),
            ("data",),
            ("config",),
            ("config", "model"),
            ("config", "train"),
            ("config", "train", "seed"),
            ("config", "train", "protocol"),
            ("config", "train", "epochs"),
            ("config", "train", "batches"),
            ("environment",),
            ("environment", "cores"),
            ("environment", "processor"),
            ("fingerprint",),
            ("fingerprint", "movies"),
            ("vocabularies",),
        )
    ]
    + [("metrics.json", (name,)) for name in ("part", "test_mse", "test_mae", "parameters", "seconds_per_epoch")]
    + [("metrics.json", ()), ("history.json", ()), ("bundle.json", ())],
)
def test_a_field_of_a_wrong_kind_is_one_error_and_is_not_listed(root, file, keys):
    """Every kind of nonsense in every field, with a manifest that fits: refused, or of the right kind by chance."""
    original = json.loads((root / "demo/paper" / file).read_text())
    right = original
    for key in keys:
        right = right[key]
    for nonsense in NONSENSE:
        changed = json.loads(json.dumps(original))
        if keys:
            inner = changed
            for key in keys[:-1]:
                inner = inner[key]
            inner[keys[-1]] = nonsense
        else:
            changed = nonsense
        rewrite(root, file, json.dumps(changed).encode())
        bundles, damaged = list_bundles(root), list_damaged(root)
        assert len(bundles) + len(damaged) == 1
        if damaged:
            refused(root, f"{file} (is|has|of)|{file}")
        else:
            kinds = (int, float) if isinstance(right, int | float) else type(right)
            assert isinstance(nonsense, kinds) or nonsense is None
            assert nonsense != nonsense or not isinstance(nonsense, float) or np.isfinite(nonsense)


@pytest.mark.parametrize(
    ("file", "key"), [("bundle.json", "config"), ("metrics.json", "test_mse"), ("metrics.json", "test_mae")]
)
def test_a_missing_field_is_named(root, file, key):
    content = json.loads((root / "demo/paper" / file).read_text())
    del content[key]
    rewrite(root, file, json.dumps(content).encode())
    refused(root, rf"bundle demo/paper: {file} is damaged: {key}: Field required")
    assert list_bundles(root) == []


def test_only_a_model_that_predicts_ratings_needs_their_errors(root, monkeypatch):
    metrics = json.loads((root / "demo/paper/metrics.json").read_text())
    kept = {name: value for name, value in metrics.items() if not name.endswith(("_mse", "_mae"))}
    rewrite(root, "metrics.json", json.dumps(kept).encode())
    refused(root, "test_mse: Field required")
    ranks = replace(registry.FAMILIES["paper"], predicts_ratings=False)
    monkeypatch.setitem(registry.FAMILIES, "paper", ranks)
    assert load_bundle("demo/paper", root).metrics == kept


def test_a_model_without_movie_features_has_an_empty_file_of_them(root):
    bundle = load_bundle("demo/paper", root)
    save_bundle(replace(bundle, movie_features=None), replace=True)
    assert load_bundle("demo/paper", root).movie_features is None


@pytest.mark.parametrize("name", ["demo/paper", "demo/lcrec"])
def test_a_model_that_has_movie_features_is_not_served_without(name):
    bundle = replace(load_bundle(name), movie_features=None)
    with pytest.raises(BundleError, match=r"not one of ours: movie_features\.safetensors has none"):
        registry.load(bundle, datasets.load(datasets.DEMO))


@pytest.mark.parametrize("file", ["manifest.json", "bundle.json", "metrics.json", "history.json"])
def test_deeply_nested_json_is_damage(root, file):
    deep = b"[" * 100_000
    if file == "manifest.json":
        (root / "demo/paper/manifest.json").write_bytes(deep)
    else:
        rewrite(root, file, deep)
    refused(root, rf"{file} is not JSON \(recursion limit")
    assert list_bundles(root) == []
    assert "not JSON" in list_damaged(root)["demo/paper"].for_visitors


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("weights.safetensors", b"nothing", "no safetensors file"),
        ("weights.safetensors", save({"w": np.array([np.nan], np.float32)}), "w holds a value that is no number"),
        ("weights.safetensors", save({"w": np.array([np.inf], np.float32)}), "w holds a value that is no number"),
        ("movie_features.safetensors", save({"movie_features": np.full((2, 2), np.nan, np.float32)}), "no number"),
        ("movie_features.safetensors", save({"movie_features": np.zeros(4, np.float32)}), "no table"),
        ("movie_features.safetensors", save({"movie_features": np.zeros((2, 2))}), "no table"),
        ("movie_features.safetensors", save({"others": np.zeros((2, 2), np.float32)}), "no table"),
    ],
)
def test_tensors_that_cannot_be_served_are_refused(root, file, content, said):
    rewrite(root, file, content)
    refused(root, said)


def test_what_is_there_is_not_replaced_unless_asked_for(root):
    bundle = load_bundle("demo/paper", root)
    before = (root / "demo/paper/manifest.json").read_bytes()
    with pytest.raises(BundleError, match="already a bundle demo/paper"):
        save_bundle(bundle)
    assert (root / "demo/paper/manifest.json").read_bytes() == before
    assert os.listdir(root / "demo") == ["paper"]


def test_a_bundle_that_appears_while_another_is_written_is_left_alone(root, monkeypatch):
    bundle = load_bundle("demo/paper", root)
    (root / "demo/paper").rename(root / "demo/other")
    real = Path.write_bytes

    def meanwhile(path, content):
        if path.name == "manifest.json" and not (root / "demo/paper").exists():
            (root / "demo/other").rename(root / "demo/paper")
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", meanwhile)
    with pytest.raises(BundleError, match="already a bundle demo/paper"):
        save_bundle(bundle)
    assert os.listdir(root / "demo") == ["paper"]


def test_what_a_killed_process_left_is_put_right(root, monkeypatch):
    half, aside = root / f"demo/.paper.{'a' * 32}.new", root / f"demo/.gone.{'b' * 32}.old"
    half.mkdir()
    write_bundle(root, "demo/gone")
    (root / "demo/gone").rename(aside)
    tidy(root)
    assert half.exists(), "it may be being written now"
    monkeypatch.setattr("lcrec_core.models.bundles._ABANDONED", -1.0)
    tidy(root)
    assert sorted(os.listdir(root / "demo")) == ["gone", "paper"]
    assert [bundle.name for bundle in list_bundles(root)] == ["demo/gone", "demo/paper"]


def test_a_bundle_whose_replacement_was_killed_half_way_is_served_at_once(root):
    """Between the old one's step aside and the new one's into place, nothing stands under the name."""
    (root / "demo/paper").rename(root / f"demo/.paper.{'c' * 32}.old")
    assert [bundle.name for bundle in list_bundles(root)] == ["demo/paper"]
    assert load_bundle("demo/paper", root).weights
    assert os.listdir(root / "demo") == ["paper"]


def test_a_home_folder_is_spelled_out(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LCREC_ARTIFACTS", "~/models")
    assert artifacts_root() == tmp_path / "models"


def test_another_format_is_refused(root):
    bundle = load_bundle("demo/paper", root)
    described = json.loads((root / "demo/paper/bundle.json").read_text())
    content = json.dumps(described | {"format": 99}).encode()
    (root / "demo/paper/bundle.json").write_bytes(content)
    manifest = json.loads((root / "demo/paper/manifest.json").read_text())
    manifest["bundle.json"] = hashlib.sha256(content).hexdigest()
    (root / "demo/paper/manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="format 99"):
        load_bundle(bundle.name, root)


def test_saving_replaces_whole_and_leaves_nothing_beside(root):
    write_bundle(root, "demo/paper", mse=0.5)
    assert load_bundle("demo/paper", root).metrics["test_mse"] == 0.5
    assert os.listdir(root / "demo") == ["paper"]


def test_a_failed_save_leaves_the_old_one(root, monkeypatch):
    bundle = load_bundle("demo/paper", root)
    real = Path.write_bytes

    def full_disk(path, content):
        if path.name == "metrics.json":
            raise OSError("no space left")
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_bundle(bundle, replace=True)
    monkeypatch.undo()
    assert load_bundle("demo/paper", root).metrics["test_mse"] == 0.9
    assert os.listdir(root / "demo") == ["paper"]
