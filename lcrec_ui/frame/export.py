"""Tables as files to take away. Every export of the app is written here."""

import pandas as pd

from lcrec_core.sources.history.written import covered
from lcrec_ui.frame.text import clean


def as_csv(table: pd.DataFrame, *, mark: bool = True) -> bytes:
    """A table as CSV without anything that a spreadsheet would run.

    A text cell, or heading, that begins like a formula gets an apostrophe before it, as one types it to keep text;
    numbers stay numbers.

    Args:
        table: Any.
        mark: Whether a byte order mark comes first: spreadsheets want it, other sites' importers may stumble on it.
    """
    safe = pd.DataFrame(
        {str(name): table[name].map(_cell) if _holds_text(table[name]) else table[name] for name in table}
    )
    return safe.rename(columns=_cell).to_csv(index=False).encode("utf-8-sig" if mark else "utf-8")


def _holds_text(column: pd.Series) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column))


def _cell(value: object) -> object:
    """Text of one line, and no formula: `=1+1` is `'=1+1`. What is no text is left as it is."""
    if not isinstance(value, str):
        return value
    return covered(clean(value))  # A tab or a line break at the beginning would hide what follows.
