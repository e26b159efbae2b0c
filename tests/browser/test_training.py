"""A training run as the person sees it who starts it."""

import pytest
from playwright.sync_api import Page, expect

from lcrec_core.training import jobs
from tests.serving import Server, assert_no_traceback, settle

pytestmark = pytest.mark.browser

VIEWPORTS = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 420, "height": 860}}


def test_what_was_started_is_seen_at_once_where_the_button_was(page: Page, start_server, tmp_path):
    server: Server = start_server(LCREC_ARTIFACTS=str(tmp_path / "artifacts"), LCREC_DATA=str(tmp_path))
    for name, viewport in VIEWPORTS.items():
        page.set_viewport_size(viewport)
        page.goto(f"{server.url}/training")
        settle(page)
        page.get_by_role("textbox", name="Name of the bundle").fill(name)
        page.get_by_role("button", name="Start training").click()
        run = page.get_by_text(f"Training demo/{name}", exact=True)
        expect(run).to_be_in_viewport()
        expect(page.get_by_role("button", name="Cancel")).to_be_enabled()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text(f"Training of demo/{name} was cancelled")).to_be_in_viewport()
        settle(page)
        assert_no_traceback(page)
        assert not jobs.running(tmp_path / "artifacts")
