"""Open a page of the app in AppTest, on a server that has been visited before.

AppTest starts every run as a fresh server's first: because there is a folder named `pages/`, the page
then runs once without `app.py` and starts again (see `lcrec_ui.frame.page`), and a click made before the
run is lost on the way. Only the first visitor of a real server meets that, and a browser test covers it.
"""

from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

APP = Path(__file__).resolve().parent.parent / "app.py"


def visited_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run of AppTest in this test go through `app.py`."""
    begin = PagesManager.__init__

    def begin_visited(manager: PagesManager, *args: Any, **options: Any) -> None:
        begin(manager, *args, **options)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", begin_visited)


def open_page(file: str, **state: Any) -> AppTest:
    """Run a page, such as `4_data.py`, with this session state; it must not fail."""
    app = AppTest.from_file(APP, default_timeout=60).switch_page(f"pages/{file}")
    return run(app, **state)


def run(app: AppTest, **state: Any) -> AppTest:
    """Run again, first setting what AppTest forgets and a browser does not, such as the open tab."""
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    """All prose on the page."""
    shown = [*app.markdown, *app.caption, *app.error, *app.warning, *app.info, *app.success, *app.text]
    return "\n".join(str(element.value) for element in shown)


def metrics(app: AppTest) -> dict[str, str]:
    """Numbers shown large, by their label."""
    return {metric.label: metric.value for metric in app.metric}
