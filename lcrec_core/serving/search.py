"""Find movies by what somebody types: without marks, with a letter wrong, in any order, while they type.

A title is found, the best first, because
1. what was typed is one of its names, whatever the marks, blanks and articles: `la confidential`, `spiderman`;
2. what was typed are initials in it: `et`;
3. one of its names begins so: `shawsh`;
4. each word typed begins one of its words, in any order: `wars star`, `godfather 2`;
5. what was typed stands in it across its blanks: `starwars` in a longer title;
and, only where nothing better is found, because it is near in spelling: `shawshenk`. Titles found alike well
are ordered by their number of ratings. No title is scored by Python letter by letter: a key costs milliseconds.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.titles import fold, in_brackets, names, sort_key, split_article, spoken, without_leading_article

LONGEST_QUERY = 100
"""Characters of a query that are read."""

_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv")
_SPELLED = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
)  # fmt: skip
_SAME_NUMBER = {
    form: forms
    for number in range(1, len(_ROMAN) + 1)
    for forms in [(str(number), _ROMAN[number - 1], *_SPELLED[number - 1 : number])]
    for form in forms
}
"""Each spelling of a number with all its spellings: `ii` -> 2, ii, two."""

_MAY_BE_LEFT_OUT = frozenset(("the", "a", "an", "and", "of", "aka"))
"""Words that a title need not have, as long as others were typed."""
_APOSTROPHES = str.maketrans("", "", "'\u2019\u02bc`\u00b4\u2018")
_EXACT, _INITIALS, _BEGINS, _WORDS, _BEGUN_WORDS, _ACROSS = range(6)
_INITIALISM = re.compile(r"\w(?:[.*\u00b7]\w)+[.*]?")
_YEAR_WORD = re.compile(r"(?:18|19|20)\d\d")
_NONE = 99.0
"""What a word costs that is in no title."""
_WRONG_FROM = 4
"""Letters of the shortest word in which one may be wrong."""
_LONGEST_BEGINNING = 20
"""Letters up to which an unfinished word may have one wrong."""


def words_of(text: str) -> list[str]:
    """Folded words of letters and digits, of every script: `L'Été & Moi` -> [lete, and, moi]; apostrophes vanish."""
    folded = fold(text.replace("&", " and ")).translate(_APOSTROPHES)
    if folded.isascii():
        return re.findall(r"[a-z0-9]+", folded)
    # Marks are letters too: in Hindi and Thai they are vowels. \w does not know that.
    return "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in folded).split()


@dataclass(frozen=True)
class Found:
    """What a search found."""

    movie_ids: tuple[int, ...]
    """The best first."""
    nearest: bool = False
    """True where no title has what was typed, and these are only near in spelling."""


@dataclass(frozen=True, eq=False)
class TitleIndex:
    """Titles made ready for searching, the most rated first. Shared by all sessions: do not change."""

    movie_ids: np.ndarray
    """int64 (M,)."""
    years: tuple[str, ...]
    """Of each, "" where there is none."""
    titles: tuple[str, ...]
    """As the data set spells them."""
    texts: tuple[str, ...]
    """Every word under which a title is found, with a blank before each."""
    begun: tuple[tuple[str, int], ...]
    """Every name of every title without blanks, the year behind it, and its row; sorted."""
    newest: int | None
    """The latest year of a movie."""

    @classmethod
    def of(cls, data: Dataset) -> "TitleIndex":
        """Index every movie of a data set."""
        ids = data.movies[Col.MOVIE].to_numpy()
        years = [None if pd.isna(year) else int(year) for year in data.movies[Col.YEAR]]
        return cls.of_titles(ids, data.movies[Col.TITLE].astype(str).to_list(), years, data.num_ratings)

    @classmethod
    def of_titles(
        cls, movie_ids: np.ndarray, titles: Sequence[str], years: Sequence[int | None], num_ratings: np.ndarray
    ) -> "TitleIndex":
        """Index movies by their parts, each of length M."""
        order = sorted(range(len(titles)), key=lambda i: (-int(num_ratings[i]), sort_key(titles[i]), int(movie_ids[i])))
        shown = ["" if years[i] is None else str(years[i]) for i in order]
        ordered = [titles[i] for i in order]
        begun = sorted({(key, row) for row, title in enumerate(ordered) for key in _keys(title, shown[row])})
        index = cls(
            movie_ids=np.asarray(movie_ids, dtype=np.int64)[order],
            years=tuple(shown),
            titles=tuple(ordered),
            texts=tuple(_text(title, year) for title, year in zip(ordered, shown, strict=True)),
            begun=tuple(begun),
            newest=max((year for year in years if year is not None), default=None),
        )
        # What a misspelled word needs is made now, not while somebody types.
        index._near("warm up")
        return index

    def find(self, query: str, limit: int = 12) -> list[int]:
        """Ids of the movies that `search` finds, the best first."""
        return list(self.search(query, limit).movie_ids)

    def search(self, query: str, limit: int = 12) -> Found:
        """The movies whose title is like what was typed, by how well it fits, then by number of ratings."""
        query = query[:LONGEST_QUERY].strip()
        words = words_of(query)
        if not words:
            return self._found([row for row, title in enumerate(self.titles) if query and query in title], limit)
        level: dict[int, int] = {}
        for row, fits in self._by_name(words, query):
            level[row] = min(fits, level.get(row, fits))
        # Each further way only finds what fits worse.
        for find in (self._by_words, self._across):
            if len(level) < limit:
                level = dict(find(words, limit)) | level
        rows = sorted(level, key=lambda row: (level[row], row))
        if any(fits < _ACROSS for fits in level.values()):
            return self._found(rows, limit)
        near = [row for row in self._near(query) if row not in level]
        return Found(self._found([*rows, *near], limit).movie_ids, nearest=not rows and bool(near))

    def _found(self, rows: list[int], limit: int) -> Found:
        return Found(tuple(int(self.movie_ids[row]) for row in rows[:limit]))

    def _by_name(self, words: list[str], query: str) -> Iterable[tuple[int, int]]:
        """Titles that have a name which is what was typed, or begins so."""
        for typed in _joined_forms(words) | _joined_forms(words_of(without_leading_article(query))):
            for place in range(bisect_left(self.begun, (typed, 0)), len(self.begun)):
                name, row = self.begun[place]
                if not name.startswith(typed):
                    break
                yield row, _EXACT if name in (typed, typed + self.years[row]) else _BEGINS
            for row in self._initials.get(typed, ()):
                yield row, _INITIALS

    def _by_words(self, words: list[str], limit: int) -> Iterable[tuple[int, int]]:
        """Titles in which each word typed begins a word; those where all but the last are whole come first."""
        starts = [f" {word}" for word in _needed(words)]
        whole = [f"{start} " for start in starts[:-1]]
        first, *others = sorted(starts, key=len, reverse=True)
        found = 0
        for row, text in enumerate(self.texts):
            if first in text and all(start in text for start in others):
                fits = _WORDS if all(word in text for word in whole) else _BEGUN_WORDS
                yield row, fits
                found += fits == _WORDS
                # The most rated come first: none of the others would be shown.
                if found == limit:
                    return

    def _across(self, words: list[str], limit: int) -> Iterable[tuple[int, int]]:
        """Titles in which what was typed begins at a word and goes on across blanks."""
        typed = "".join(words)
        if len(typed) < 3:
            return
        across = re.compile(" " + " ?".join(map(re.escape, typed)))
        for row, text in enumerate(self._joined_texts):
            if typed in text and across.search(self._name_texts[row]):
                yield row, _ACROSS

    def _near(self, query: str) -> list[int]:
        """Rows of titles that are near in spelling, the nearest first."""
        # `wall-e` is one word: its parts alone are near to too much.
        words = _needed([word for chunk in query.split() if (word := "".join(words_of(chunk)))])
        # A whole name that is near is nearer than a word of one.
        cost = np.minimum(
            self._cost_of_words(words), self._cost_of_names("".join(words_of(without_leading_article(query)))) - 0.5
        )
        rows = np.flatnonzero(cost < min(_NONE - 1, cost.min(initial=_NONE) + 1.5))
        return rows[np.argsort(cost[rows], kind="stable")].tolist()

    def _cost_of_words(self, words: list[str]) -> np.ndarray:
        """Edits that lead from the words typed to words of each title: float32 (M,), `_NONE` and more where none do."""
        right = [word for word in words if self._words.begun_by(word)]
        wrong = [word for word in words if word not in right]
        cost = self._sum(self._words.near, wrong)
        if not (cost < _NONE).any():
            return cost
        # A word that some title has is right, most likely; only where that leads nowhere it may be wrong as well.
        taken_as_right = cost + self._sum(self._words.begun_by, right)
        return taken_as_right if (taken_as_right < _NONE).any() else cost + self._sum(self._words.near, right)

    def _sum(self, find: Callable[[str], dict[int, float]], words: list[str]) -> np.ndarray:
        total = np.zeros(len(self.texts), dtype=np.float32)
        for word in words:
            cost = self._words.spread(find(word), len(self.texts))
            if _YEAR_WORD.fullmatch(word):
                # Sources differ by a year; any other year is another film.
                near = {str(int(word) + off): float(abs(off)) for off in (-1, 0, 1)}
                cost = np.minimum(cost, [near.get(year, _NONE) for year in self.years])
            total += cost
            if not (total < _NONE).any():
                break
        return total

    def _cost_of_names(self, typed: str) -> np.ndarray:
        """The same for names without blanks: `spidrman`."""
        return self._names.spread(self._names.near(typed, whole=False), len(self.texts))

    @cached_property
    def _name_texts(self) -> list[str]:
        """Words of each title in their order, with a blank before each."""
        return ["".join(f" {word}" for word in words_of(title)) for title in self.titles]

    @cached_property
    def _joined_texts(self) -> list[str]:
        return [text.replace(" ", "") for text in self._name_texts]

    @cached_property
    def _names(self) -> "_Vocabulary":
        """The name of each title without its article and blanks."""
        bare = (without_leading_article(split_article(in_brackets(title)[0])[0]) for title in self.titles)
        return _Vocabulary.of(["".join(words_of(name))] for name in bare)

    @cached_property
    def _words(self) -> "_Vocabulary":
        """Every word of the titles."""
        return _Vocabulary.of(text.split() for text in self.texts)

    @cached_property
    def _initials(self) -> dict[str, list[int]]:
        """Rows by initials that their names have: `et` for E.T."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for row, title in enumerate(self.titles):
            for name in names(title):
                for initials in filter(_INITIALISM.fullmatch, name.replace(":", "").split()):
                    found["".join(words_of(initials))].append(row)
        return dict(found)


@dataclass(frozen=True, eq=False)
class _Vocabulary:
    """Words, and which titles have them."""

    words: list[str]
    """Sorted, each once."""
    rows: list[np.ndarray]
    """Of each word, the rows of the titles that have it."""
    line: str
    """All words, each behind a line end."""
    starts: list[int]
    """Where each stands in the line."""
    beginnings: dict[int, tuple[list[str], list[int]]]
    """By length: beginnings of that many letters, each once, and where the words start that have them."""

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]]) -> "_Vocabulary":
        """The words of each title, by row."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for row, words in enumerate(texts):
            for word in words:
                found[word].append(row)
        words = sorted(filter(None, found))
        starts = np.cumsum([0, *(len(word) + 1 for word in words[:-1])]).tolist()
        line = "".join(f"\n{word}" for word in words)
        beginnings = {length: _beginnings(words, length) for length in range(_WRONG_FROM, _LONGEST_BEGINNING + 2)}
        return cls(words, [np.array(found[word]) for word in words], line, starts, beginnings)

    def spread(self, found: dict[int, float], titles: int) -> np.ndarray:
        """What words cost, given by place, for each title: float32 (M,)."""
        cost = np.full(titles, _NONE, dtype=np.float32)
        for place, edits in found.items():
            rows = self.rows[place]
            cost[rows] = np.minimum(cost[rows], edits)
        return cost

    def begun_by(self, typed: str) -> dict[int, float]:
        """Places of the words that begin with what was typed, at no cost."""
        place, found = bisect_left(self.words, typed), {}
        while place < len(self.words) and self.words[place].startswith(typed):
            found[place] = 0.0
            place += 1
        return found

    def near(self, typed: str, whole: bool = True) -> dict[int, float]:
        """Places of words that what was typed begins, stands in, or nearly begins or is, and what that costs.

        An edit is a letter too many, too few, another, or two that changed places. None is allowed in short words
        and in numbers, which would soon be others; one in words of four to six letters, but not in the first,
        where hardly anybody errs; two in longer ones.
        """
        # One letter of Chinese is a word; of Latin it is in most words.
        inside = whole and (len(typed) >= 3 or not typed.isascii())
        found = dict.fromkeys(self._around(typed), 1.0) if inside else {}
        length = len(typed)
        if length >= _WRONG_FROM and not any(c.isdigit() for c in typed):
            allowed = 1 if length < 7 else 2
            # Beginnings of words that are still being typed, and whole words, which may be shorter.
            within = [self.beginnings[n] for n in (length, length + 1) if n in self.beginnings]
            for choices, starts in [*within, *([(self.words, [])] if whole else [])]:
                edits = process.cdist([typed], choices, scorer=OSA.distance, processor=None, score_cutoff=allowed)[0]
                for at in np.flatnonzero(edits <= allowed).tolist():
                    if allowed == 1 and choices[at][0] not in typed[:2]:
                        continue
                    for place in range(starts[at], starts[at + 1]) if starts else (at,):
                        found[place] = min(float(edits[at]), found.get(place, _NONE))
        return found | self.begun_by(typed)

    def _around(self, typed: str) -> Iterable[int]:
        """Places of the words in which it stands."""
        at = self.line.find(typed)
        while at >= 0:
            place = bisect_right(self.starts, at) - 1
            yield place
            at = self.line.find(typed, self.starts[place] + len(self.words[place]) + 1)


def describe(data: Dataset, found: Found) -> list[dict[str, Any]]:
    """Each movie found: `movie_id`, `title` as the data set spells it, `year` or None, and `num_ratings`."""
    rows = data.movie_rows(np.array(found.movie_ids, dtype=np.int64))
    movies, counts = data.movies.iloc[rows], data.num_ratings[rows]
    return [
        {
            "movie_id": int(movie_id),
            "title": str(title),
            "year": None if pd.isna(year) else int(year),
            "num_ratings": int(count),
        }
        for movie_id, title, year, count in zip(
            movies[Col.MOVIE], movies[Col.TITLE], movies[Col.YEAR], counts, strict=True
        )
    ]


def _needed(words: list[str]) -> list[str]:
    """The words typed without those that a title need not have; all of them where there are no others."""
    return [word for word in words if word not in _MAY_BE_LEFT_OUT] or words


def _joined_forms(words: list[str]) -> set[str]:
    """The words without blanks, with and without `and`."""
    return {form for form in ("".join(words), "".join(word for word in words if word not in ("and", "aka"))) if form}


def _keys(title: str, year: str) -> set[str]:
    """Every name of a title without blanks, with and without its article, the year behind it."""
    given = {title: "", spoken(title): ""}
    for other in names(title):
        bare, _ = split_article(other)
        for form in (other, spoken(other), without_leading_article(bare)):
            given[form] = year
    return {key for form, behind in given.items() for key in _joined_forms([*words_of(form), behind])}


def _text(title: str, year: str) -> str:
    """Every word under which a title is found, with a blank before each and one at the end.

    What stands between blanks is a word as well as its parts: `L.A.` is la, `X-Men` xmen, `M*A*S*H` mash.
    """
    found = dict.fromkeys(words_of(spoken(title)))
    name, brackets = in_brackets(title)
    for chunk in " ".join([name, *brackets]).split():
        found["".join(words_of(chunk))] = None
    for word in list(found):
        found.update(dict.fromkeys(_SAME_NUMBER.get(word, ())))
    found[year] = None
    return "".join(f" {word}" for word in found if word) + " "


def _beginnings(words: Sequence[str], length: int) -> tuple[list[str], list[int]]:
    """Beginnings of `length` letters of sorted words, each once, and the places where each starts, with the end."""
    first: dict[str, int] = {}
    for place, word in enumerate(words):
        first.setdefault(word[:length], place)
    return list(first), [*first.values(), len(words)]
