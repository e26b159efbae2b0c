"""The Dockerfile and compose.yaml: built and run where docker is, else read by linters that know their rules."""

import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from lcrec_core.files import REPOSITORY
from tests.deploy.image import command, instructions

COMPOSE = REPOSITORY / "compose.yaml"
HADOLINT = shutil.which("hadolint", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))


@pytest.mark.skipif(HADOLINT is None, reason="no hadolint here: its package has no program for this machine")
def test_hadolint_has_nothing_to_say_of_the_dockerfile() -> None:
    assert HADOLINT
    done = subprocess.run([HADOLINT, str(REPOSITORY / "Dockerfile")], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_compose_is_what_the_specification_allows() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_a_container_is_nobody_and_copies_what_there_is() -> None:
    (user,) = instructions("USER")
    assert user not in ("0", "root")
    taken = {line.lstrip("!") for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    sources = {source for line in instructions("COPY") for source in line.split()[:-1]}
    assert sources == taken, ".dockerignore lets in what is copied, and nothing else"
    assert all((REPOSITORY / source).exists() for source in sources)
    assert command()[:5] == ["python", "-m", "streamlit", "run", "app.py"]


def test_two_servers_of_the_same_kind_stand_behind_the_proxy_and_over_one_store() -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    assert services["app1"] == services["app2"]
    # A password is never written down, and nobody but the app reaches the database.
    assert services["store"]["environment"]["POSTGRES_PASSWORD"].startswith("${LCREC_DB_PASSWORD:?")
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    named = services["proxy"]["environment"]
    assert {named[key] for key in ("LCREC_APP_1", "LCREC_APP_2")} == {"app1:8501", "app2:8501"}


@pytest.mark.docker
def test_the_whole_is_built_and_answers(tmp_path: Path) -> None:
    with composed() as port, urllib.request.urlopen(f"http://127.0.0.1:{port}/lcrec/_stcore/health") as answer:
        assert answer.read() == b"ok"


@contextmanager
def composed() -> Iterator[int]:
    port = 18501
    environment = {
        **os.environ,
        "LCREC_DB_PASSWORD": "of the test",
        "LCREC_PORT": str(port),
        "LCREC_BASE_PATH": "/lcrec",
        "COMPOSE_PROJECT_NAME": "lcrec-test",
    }
    compose = ["docker", "compose", "-f", str(COMPOSE)]
    try:
        subprocess.run([*compose, "up", "--build", "--wait"], env=environment, check=True, timeout=1800)
        yield port
    finally:
        subprocess.run([*compose, "down", "--volumes"], env=environment, timeout=120)
