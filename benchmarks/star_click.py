"""What a star costs: from the click reaching the server to the new top five having left it.

A real server and its own websocket protocol, no browser: reading the click, writing the store, the new
history, all predictions, and redrawing what moves. The visitor rates as a copy of a person with a history.
"""

import tempfile
import time
from pathlib import Path

from benchmarks.common import data_to_visit, figure, write
from benchmarks.visitor import Visitor
from tests.serving import serve

CLICKS = 60
BETWEEN_SECONDS = 0.3
"""People do not click faster than this; the server tidies up after a run in the meantime."""


def main() -> None:
    """Measure and write `results/star_click.json`."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for name in data_to_visit():
            with serve(Path(folder) / name) as server, Visitor(server.url, "rate", data=name) as visitor:
                figures.append(figure(f"star click to updated top five, server side, {name}", clicks(visitor), "ms", 0))
    write("star_click", figures)


def clicks(visitor: Visitor) -> list[float]:
    """Milliseconds of each click; the first does not count."""
    visitor.visit()
    visitor.press("Continue as a copy")
    taken = []
    for number in range(CLICKS + 1):
        stars = visitor.star_ids()
        taken.append(visitor.set_stars(stars[number % len(stars)], 1 + number % 5) * 1000)
        if "Your top 5 now" not in visitor.headings():
            raise RuntimeError("the click was answered without a new top five: this benchmark no longer fits the page")
        time.sleep(BETWEEN_SECONDS)
    return taken[1:]


if __name__ == "__main__":
    main()
