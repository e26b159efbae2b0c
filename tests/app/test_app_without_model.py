"""Every page where there is no model, or none that can be read."""

import shutil
from pathlib import Path

import pytest

from lcrec_core.files import artifacts_root
from tests.visiting import open_page, visited_before, words

PAGES = sorted(path.name for path in (Path(__file__).resolve().parents[2] / "pages").glob("*.py"))


@pytest.fixture(autouse=True)
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    visited_before(monkeypatch)
    shipped, root = artifacts_root(), tmp_path / "artifacts"
    shutil.copytree(shipped / "demo" / "paper", root / "damaged" / "demo" / "paper")
    weights = root / "damaged" / "demo" / "paper" / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    return root


@pytest.mark.parametrize("page", PAGES)
def test_no_page_fails_without_a_bundle_or_with_a_damaged_one(page: str, artifacts: Path, monkeypatch):
    for root in ("empty", "damaged"):
        monkeypatch.setenv("LCREC_ARTIFACTS", str(artifacts / root))
        assert "Traceback" not in words(open_page(page))
