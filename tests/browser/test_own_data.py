"""Journeys with files of one's own: another data set, a training run, a damaged bundle. All data is made up."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lcrec_core.files import artifacts_root
from tests.made_up import made_up, write_ml1m_zip
from tests.serving import Server, assert_no_traceback, settle

pytestmark = pytest.mark.browser

TRAINING_MS = 180_000


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """A copy of the demo's bundle, free to be damaged or added to."""
    copy = tmp_path / "artifacts"
    shutil.copytree(artifacts_root() / "demo" / "paper", copy / "demo" / "paper")
    return copy


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """Holds a tiny data set in the form of ML-1M."""
    write_ml1m_zip(tmp_path / "data" / "own" / "films.zip", made_up())
    return tmp_path / "data"


def test_switching_the_data_and_training_on_it(
    page: Page, start_server: Callable[..., Server], artifacts: Path, data_folder: Path
):
    server = start_server(LCREC_ARTIFACTS=str(artifacts), LCREC_DATA=str(data_folder))
    page.goto(f"{server.url}/data")
    settle(page)
    page.get_by_test_id("stMain").get_by_text("films", exact=True).click()
    expect(page.get_by_text("all their ratings are made up")).to_have_count(0)
    settle(page)
    assert "data=films" in page.url
    assert_no_traceback(page)

    # Nothing is trained on it yet, and the pages say so instead of failing.
    page.get_by_test_id("stSidebarNavLink").filter(has_text="For you").click()
    expect(page.get_by_text("lcrec_core train --data films")).to_be_visible()
    settle(page)
    assert_no_traceback(page)

    page.get_by_test_id("stSidebarNavLink").filter(has_text="Training").click()
    expect(page.get_by_role("heading", name="Start a training run")).to_be_visible()
    settle(page)
    page.get_by_label("Epochs").fill("1")
    page.get_by_label("Epochs").press("Tab")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("Training of films/lcrec is done")).to_be_visible(timeout=TRAINING_MS)
    settle(page)
    assert_no_traceback(page)
    metrics = json.loads((artifacts / "films" / "lcrec" / "metrics.json").read_text())
    assert 0 < metrics["test_mse"] < 10

    page.get_by_test_id("stSidebarNavLink").filter(has_text="For you").click()
    expect(page.locator("[class*='st-key-card_']").first).to_be_visible()
    settle(page)
    assert_no_traceback(page)


def test_a_damaged_bundle_is_explained_on_every_page(page: Page, start_server: Callable[..., Server], artifacts: Path):
    weights = artifacts / "demo" / "paper" / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    server = start_server(LCREC_ARTIFACTS=str(artifacts))
    for path in ("", "rate"):
        page.goto(f"{server.url}/{path}")
        expect(page.get_by_text("weights.safetensors is damaged")).to_be_visible()
        settle(page)
        assert_no_traceback(page)
