"""Words and numbers as the app writes them."""

import re

DATA_TITLES = {
    "demo": "Demo (simulated people)",
    "ml-1m": "MovieLens 1M",
    "ml-100k": "MovieLens 100K",
    "ml-latest-small": "MovieLens latest-small",
    "ml-25m": "MovieLens 25M",
    "ml-32m": "MovieLens 32M",
}

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~$:&])")


def plain(text: str) -> str:
    """Text from outside, such as a title or a person's name, to stand in Markdown as it is: `M*A*S*H`."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def stars(rating: float) -> str:
    """Five stars with the nearest number of them filled: 3.8 -> `★★★★☆`."""
    full = round(rating)
    return "★" * full + "☆" * (5 - full)


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 rating`, `1,234 ratings`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
