"""Uploading, downloading, training and cancelling are for whoever runs the server, on its pages and behind them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit import config

from lcrec_core.errors import LCRecError
from lcrec_core.sources import download
from lcrec_core.training import jobs
from lcrec_ui.data import get
from lcrec_ui.frame import permissions
from lcrec_ui.training import runs
from tests.made_up import made_up, write_ml1m_zip
from tests.visiting import open_page, run, visited_before, words

pytestmark = pytest.mark.usefixtures("any_counts")
DATA, TRAINING = "4_data.py", "5_training.py"
GET = {"data_view": "Get MovieLens"}
HERE = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}


@pytest.fixture(autouse=True)
def _visited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    visited_before(monkeypatch)
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.delenv(permissions.MAY_ENV, raising=False)


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Lets the app believe that its server listens at an address."""
    get_option = config.get_option

    def at(address: str | None) -> None:
        monkeypatch.setattr(st, "get_option", lambda key: address if key == "server.address" else get_option(key))

    return at


@pytest.mark.parametrize(
    ("address", "may"),
    [
        *[("localhost", True), ("127.0.0.1", True), ("127.0.0.2", True), ("::1", True), ("[::1]", True)],
        *[(None, False), ("0.0.0.0", False), ("::", False), ("192.168.1.5", False), ("films.example", False)],
        *[("unix:///run/app.sock", False), ("127.0.0.1.evil.example", False), ("", False)],
    ],
)
def test_only_a_server_for_this_machine_alone_lets_its_visitors_manage(listen, address: str | None, may: bool):
    listen(address)
    assert permissions.may_manage() is may


@pytest.mark.parametrize(("said", "may"), [("manage", True), (" Manage ", True), ("look", False), ("yes", False)])
@pytest.mark.parametrize("address", ["localhost", "0.0.0.0"])
def test_the_setting_decides_where_it_is_given(listen, monkeypatch, said: str, may: bool, address: str):
    listen(address)
    monkeypatch.setenv(permissions.MAY_ENV, said)
    assert permissions.may_manage() is may


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        (HERE, True),
        ({"Host": "127.0.0.1:8501", "Origin": "http://127.0.0.1:8501"}, True),
        ({"Host": "[::1]:8501", "Origin": "http://[::1]:8501"}, True),
        ({"Host": "films.example", "Origin": "https://films.example"}, False),
        ({"Host": "localhost:8501", "Origin": "https://films.example"}, False),
        ({"Host": "evil.example:8501", "Origin": "http://evil.example:8501"}, False),
        ({**HERE, "X-Forwarded-For": "203.0.113.9"}, False),
        ({**HERE, "Origin": "null"}, False),
        ({**HERE, "Host": "[::"}, False),
    ],
)
def test_who_comes_through_a_proxy_or_by_a_foreign_name_is_a_visitor(listen, monkeypatch, headers: dict, may: bool):
    listen("localhost")
    monkeypatch.setattr(type(st.context), "headers", property(lambda context: headers))
    assert permissions.may_manage() is may


def test_whoever_runs_the_server_finds_everything(listen):
    listen("localhost")
    data = open_page(DATA, **GET)
    assert {button.key for button in data.button} >= {"download_start", "upload_start"}
    assert data.get("file_uploader")
    training = open_page(TRAINING)
    assert [button.label for button in training.form_submit_button] == ["Start training"]
    for app in (data, training):
        assert "Only whoever runs this server" not in words(app)


def test_a_visitor_is_told_what_is_not_theirs(listen):
    listen("0.0.0.0")
    data = open_page(DATA, **GET)
    assert not {button.key for button in data.button} & {"download_start", "upload_start"}
    assert not data.get("file_uploader")
    assert "Only whoever runs this server can bring in a data set" in words(data)
    assert "python -m" not in words(data)
    training = open_page(TRAINING)
    assert not training.form_submit_button
    assert "Only whoever runs this server can start a training run." in words(training)
    assert "python -m" not in words(training)


def test_what_a_browser_sends_all_the_same_does_nothing(listen, monkeypatch, tmp_path: Path):
    """The buttons are drawn while it is allowed, and pressed when it is not any more."""
    monkeypatch.setenv("LCREC_DATA", str(tmp_path / "data"))
    done: list[str] = []
    monkeypatch.setattr(jobs, "start", lambda request: done.append("started"))
    monkeypatch.setattr(jobs, "cancel", lambda job_id: done.append("cancelled"))
    monkeypatch.setattr(download, "download", lambda name, progress: done.append("downloaded"))
    listen("localhost")
    training, data = open_page(TRAINING), open_page(DATA, **GET)
    data.checkbox(key="accept_ml-1m").check()
    run(data, **GET)
    listen("0.0.0.0")
    training.form_submit_button[0].click()
    run(training)
    data.button(key="download_start").click()
    run(data, **GET)
    assert done == []


@pytest.mark.parametrize(
    "act",
    [
        lambda zipped: runs._cancel.__wrapped__("job"),
        lambda zipped: get.install_upload("ml-1m.zip", zipped, None),
    ],
)
def test_actions_ask_for_themselves(listen, monkeypatch, tmp_path: Path, act: Callable[[bytes], Any]):
    monkeypatch.setenv("LCREC_DATA", str(tmp_path / "data"))
    zipped = write_ml1m_zip(tmp_path / "ml-1m.zip", made_up()).read_bytes()
    listen("0.0.0.0")
    with pytest.raises(LCRecError, match="Only whoever runs this server can"):
        act(zipped)
    assert not (tmp_path / "data").exists()


def test_a_visitor_reads_no_reason_that_names_files_and_commands(listen, tmp_path: Path):
    broken = tmp_path / "artifacts" / "demo" / "mine"
    broken.mkdir(parents=True)
    (broken / "manifest.json").write_text("{}")
    listen("0.0.0.0")
    shown = words(open_page(TRAINING))
    assert "demo/mine cannot be used" in shown
    for secret in (str(tmp_path), "python -m", "lcrec"):
        assert secret not in shown.replace("\\", "")
    listen("localhost")
    assert "python -m lcrec_core train" in words(open_page(TRAINING))


def test_files_are_taken_only_where_somebody_may_bring_one(listen):
    usual = config.get_option("server.maxUploadSize")
    listen("0.0.0.0")
    open_page(DATA)
    assert config.get_option("server.maxUploadSize") == 0
    listen("localhost")
    open_page(DATA)
    assert config.get_option("server.maxUploadSize") == usual > 0
