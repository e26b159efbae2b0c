"""What every error must be that a person reads."""

import unicodedata
from pathlib import Path

from lcrec_core.errors import LCRecError

LONGEST = 1000


def unclear(error: LCRecError, place: Path) -> str | None:
    """What is wrong with how an error reads: it is one line, and shows a visitor no path of the server."""
    for text in (str(error), error.for_visitors):
        if not text.strip() or len(text) > LONGEST:
            return f"an error of {len(text)} characters: {text[:100]!r}"
        if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text):
            return f"an error of several lines, or with control characters: {text!r}"
    if str(place) in error.for_visitors:
        return f"a visitor reads a path: {error.for_visitors}"
    return None
