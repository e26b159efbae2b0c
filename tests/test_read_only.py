"""The app where nothing but its profiles can be written: a checkout of root's, a read-only container, a full disk."""

from pathlib import Path

import pytest

from lcrec_core import files
from tests.app_support import REPOSITORY, assert_sound, top_titles, visit


@pytest.fixture
def unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "demo").symlink_to(REPOSITORY / "artifacts" / "demo")
    for folder in (".cache", ".jobs"):
        (tmp_path / "artifacts" / folder).write_text("no folder can be made here")
    monkeypatch.setenv(files.ARTIFACTS_ENV, str(tmp_path / "artifacts"))
    return tmp_path / "artifacts"


def test_pages_answer_without_any_cache(unwritable: Path):
    app = visit()
    assert_sound(app)
    assert len(top_titles(app)) == 5
    assert_sound(visit("rate"))
    for page in ("4_data", "5_training", "6_compare"):
        assert_sound(app.switch_page(f"pages/{page}.py").run())
    assert sorted(path.name for path in unwritable.iterdir()) == [".cache", ".jobs", "demo"]
