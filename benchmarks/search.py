"""How long one key typed into the search takes, over 10,000 titles.

The titles are made from the demo's, so that every machine has the same ones: halves of two different films and a
word between them, for real ones have many different words too. Each query is typed letter by letter.
"""

import itertools

import numpy as np

from benchmarks.common import figure, times_ms, write
from lcrec_core.serving.search import TitleIndex, words_of
from lcrec_core.sources import datasets

TITLES = 10_000
RIGHT = ("la confidential", "the godfather part ii", "wars star", "spiderman", "8 1/2", "amelie", "psycho 1960", "the")
WRONG = ("shawshenk redemtion", "termnator", "the empire stirkes bakc", "starwras", "dune 2031", "zzzz qqqq xxxx")


def main() -> None:
    """Measure and write `results/search.json`."""
    titles, years = _titles()
    counts = np.random.default_rng(0).zipf(1.5, TITLES).clip(max=5000)
    ids = np.arange(1, TITLES + 1)
    made = times_ms(lambda: TitleIndex.of_titles(ids, titles, years, counts), repeats=5)
    index = TitleIndex.of_titles(ids, titles, years, counts)
    write(
        "search",
        [
            figure(f"a key typed into the search, {TITLES:,} titles", _per_key(index, RIGHT), "ms"),
            figure("the same, with a letter wrong or nothing to find", _per_key(index, WRONG), "ms"),
            figure("titles made ready for searching, once per data set", made, "ms", decimals=0),
        ],
    )


def _per_key(index: TitleIndex, queries: tuple[str, ...]) -> list[float]:
    typed = [query[:length] for query in queries for length in range(1, len(query) + 1)]
    return [taken for text in typed for taken in times_ms(lambda text=text: index.search(text, 8), repeats=5)]


def _titles() -> tuple[list[str], list[int]]:
    """Ten thousand titles: the demo's own, then the first half of one with the second half of another."""
    films = datasets.load(datasets.DEMO).movies
    titles, years = films["title"].to_list(), films["year"].to_list()
    names = [title.rpartition(" (")[0].split() for title in titles]
    made: dict[str, int] = dict(zip(titles, years, strict=True))
    for step in itertools.count(1):
        for first, (begin, end) in enumerate(zip(names, names[step:], strict=False)):
            # A word of two others' halves: real titles bring new words as well as new orders.
            head, tail = ("".join(words_of(word)) for word in (begin[-1], end[0]))
            title = " ".join([*begin[: len(begin) // 2 + 1], head[:4] + tail[-4:], *end[len(end) // 2 :]])
            made.setdefault(f"{title} ({years[first]})", years[first])
            if len(made) >= TITLES:
                return list(made), list(made.values())
    raise AssertionError("the demo has too few films")


if __name__ == "__main__":
    main()
