import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from lcrec_core.artifacts import list_bundles, list_damaged, load_bundle, resolve, save_bundle
from lcrec_core.errors import BundleError
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
    with pytest.raises(BundleError, match=r"run `python -m lcrec_core train --data ml-1m`"):
        resolve("ml-1m", root)
    with pytest.raises(BundleError, match=r"train --data ml-1m --name best"):
        resolve("ml-1m/best", root)


@pytest.mark.parametrize("name", ["../etc/passwd", "demo/..", "demo/.hidden", "a/b/c", "/etc", "demo\\paper/x"])
def test_a_name_cannot_leave_the_folder(root, name):
    with pytest.raises(BundleError, match="not a bundle's name"):
        resolve(name, root)


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
        save_bundle(bundle)
    monkeypatch.undo()
    assert load_bundle("demo/paper", root).metrics["test_mse"] == 0.9
    assert os.listdir(root / "demo") == ["paper"]
