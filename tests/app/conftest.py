"""What AppTest lacks of a server."""

from typing import Any

import pytest
from streamlit.runtime.pages_manager import PagesManager


@pytest.fixture(autouse=True)
def pages_stay_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session knows its pages from one run to the next, so that a fragment that runs alone may link to them."""
    known: dict[str, Any] = {}
    begin, resolve = PagesManager.__init__, PagesManager.set_pages_and_resolve

    def begin_knowing(manager: PagesManager, *args: Any, **options: Any) -> None:
        begin(manager, *args, **options)
        if known:
            manager._pages = dict(known)

    def resolve_and_keep(manager: PagesManager, pages: dict[str, Any], *args: Any, **options: Any) -> Any:
        known.clear()
        known.update(pages)
        return resolve(manager, pages, *args, **options)

    monkeypatch.setattr(PagesManager, "__init__", begin_knowing)
    monkeypatch.setattr(PagesManager, "set_pages_and_resolve", resolve_and_keep)
