"""Tables as files to take away. Every export of the app is written here."""

import pandas as pd

from lcrec_ui.frame.text import clean

_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def as_csv(table: pd.DataFrame) -> bytes:
    """A table as CSV with a byte order mark for spreadsheets, and without anything that they would run.

    A text cell, or heading, that begins like a formula gets an apostrophe before it, as one types it to keep text;
    numbers stay numbers.
    """
    safe = pd.DataFrame(
        {str(name): table[name].map(_cell) if _holds_text(table[name]) else table[name] for name in table}
    )
    return safe.rename(columns=_cell).to_csv(index=False).encode("utf-8-sig")


def _holds_text(column: pd.Series) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column))


def _cell(value: object) -> object:
    """Text of one line, and no formula: `=1+1` is `'=1+1`. What is no text is left as it is."""
    if not isinstance(value, str):
        return value
    text = clean(value)  # A tab or a line break at the beginning would hide what follows.
    return f"'{text}" if text.startswith(_RUN_BY_SPREADSHEETS) else text
