"""What a run of a page asks for many times, found out once in it: each time builds a key and looks at a file.

What a callback changed is seen by the run that draws after it, see `failures.callback`.
"""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from lcrec_ui.frame import in_browser

P = ParamSpec("P")
T = TypeVar("T")

_FOUND: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()
"""By run, then by function and arguments."""


def a_run(find: Callable[P, T]) -> Callable[P, T]:
    """Call a function once for the same arguments in a run; outside of one, and after an error, every time.

    Args:
        find: Takes arguments by position that can be hashed; answers with what nobody changes.
    """

    @functools.wraps(find)
    def found(*args: P.args, **kwargs: P.kwargs) -> T:
        run = in_browser.this_run()
        if run is None or kwargs:
            return find(*args, **kwargs)
        known = _FOUND.setdefault(run, {})
        key = (find, args)
        if key not in known:
            known[key] = find(*args, **kwargs)
        return known[key]

    return found


def forget() -> None:
    """Something was changed: what this run has found out may hold no longer."""
    _FOUND.pop(in_browser.this_run(), None)
