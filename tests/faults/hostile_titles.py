"""Titles and names that a stranger might give: they stand on the page as the words they are, and as nothing else.

A try takes one text through `text.plain`, and through the Rate page as a film's title and as a profile's name. What
Streamlit makes of the Markdown is worked out here without a browser: CommonMark by markdown-it, then what Streamlit
adds to it after Markdown's escapes are gone (links without brackets, emoji, icons). `hostile_browser` asks a browser.
"""

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from lcrec_core.errors import LCRecError
from lcrec_core.models.registry import family
from lcrec_core.models.settings import configured
from lcrec_core.sources import datasets
from lcrec_core.store.profiles import ProfileStore
from lcrec_core.training.run import TrainRequest, train
from tests.faults.dying import Say, run, spread
from tests.faults.outcome import Kind
from tests.faults.sandbox import attempt
from tests.movielens_files import write_zip

HOST = "evil.example"

TITLES = (
    f"[sign in](https://{HOST}/a)",
    f"![x](http://{HOST}/b.png)",
    f"[![x](http://{HOST}/c.png)](https://{HOST}/d)",
    f"[sign in][r] [r]: https://{HOST}/e",
    f"<https://{HOST}/f>",
    f"https://{HOST}/g",
    f"HTTP://{HOST.upper()}/h",
    f"(https://{HOST}/i)",
    f"www.{HOST}",
    f"WWW.{HOST}/j",
    f"ask me@{HOST}",
    f"mailto:me@{HOST}",
    f"xmpp:me@{HOST}/k",
    f"\\[x](https://{HOST}/l)",
    f"\\\\[x](https://{HOST}/m)",
    f"[x](javascript:alert(1)//{HOST})",
    f"[x](data:text/html,{HOST})",
    f"http:\u200b//{HOST}/n",
    f"&#91;x&#93;(https://{HOST}/o)",
    f"<img src=http://{HOST}/p.png onerror=alert(1)>",
    f"<script src=//{HOST}/q.js></script>",
    f"<iframe src=//{HOST}></iframe>",
    f"<a href=//{HOST}>x</a>",
    "<style>*{display:none}</style>",
    "<!-- <b> --> </div>",
    "&lt;b&gt;&amp;&#x27;",
    ":material/star: :streamlit: :smile: :+1:",
    ":red[x] :blue-background[y] :gray-badge[z] :small[w]",
    "$x^2$ $$\\frac{1}{2}$$ \\(y\\)",
    f"$\\href{{https://{HOST}/r}}{{x}}$",
    "**b** __b__ *i* _i_ ~~s~~ `c` ```d```",
    "# head",
    "> quote",
    "- item",
    "1. item",
    "+ item",
    "---",
    "| a | b |",
    "[^1] [x] [ ]",
    f'=HYPERLINK("https://{HOST}/s","x")',
    "+1-2@SUM(A1)",
    "@cmd|' /C calc'!A0",
    f"\u202egnp.t/{HOST}\u202c",
    "\u2066\u202a\u200f\u200e\u2069",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308",
    "Z\u0351\u0343\u0352a\u0338\u0321l\u0321g\u0322o\u0334 " * 12,
    "w" * 300,
    "\u7fa9\u52c7\u8ecd \u041c\u0438\u0440 \u0633\u0644\u0627\u0645",
    "{x} %{y} {{z}} ${w} %s",
    "a -> b <- c -- d >= e",
    "''\"\"`\\",
    f"two\n\n[lines](https://{HOST}/t)\n- of\n# text",
    "nul\x00 bell\x07 escape\x1b[31m",
    "half \ud83d of a pair",
    "\ufeff\u2028\u2029\x85",
)
"""Links, images and automatic links in every spelling, HTML, entities, icons, colours, mathematics, marks at the
beginning of a line, formulas, writing that runs backwards, stacked and joined characters, controls, and length."""

_NO_TITLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What no file in UTF-8 with one film a line can hold."""


def mark(index: int) -> str:
    """A word by which a text is found again."""
    return f"Zq{index:03d}"


def titles() -> dict[int, str]:
    """The texts that can be a film's title, with their marks."""
    return {i: f"{mark(i)} {text}" for i, text in enumerate(TITLES) if not _NO_TITLE.search(text)}


def data_name() -> str:
    """The name that the made-up data go by."""
    return "hostile" if hasattr(datasets, "OWN") else "ml-latest-small"


def write_data(folder: Path) -> None:
    """A data set in the CSV form whose films have the texts as their titles; everybody rates a third of them."""
    movies, ratings = io.StringIO(), io.StringIO()
    rows = csv.writer(movies, lineterminator="\n")
    rows.writerow(["movieId", "title", "genres"])
    ratings.write("userId,movieId,rating,timestamp\n")
    for index, title in titles().items():
        genres = f"Drama|[g](https://{HOST}/genre)" if index % 5 == 0 else "Drama"
        rows.writerow([index + 1, f"{title} ({1950 + index})", genres])
        for user in range(1, 31):
            if (index + user) % 3 == 0:
                ratings.write(f"{user},{index + 1},{0.5 * (1 + (index * user) % 10)},{1_500_000_000 + index * user}\n")
    files = {"movies.csv": movies.getvalue().encode(), "ratings.csv": ratings.getvalue().encode()}
    folder = folder / datasets.OWN if hasattr(datasets, "OWN") else folder
    write_zip(folder / f"{data_name()}.zip", files, data_name())


def train_on_it(say: Say, folder: str) -> None:
    """A tiny bundle for the data in `folder`, so that every page has something to show."""
    os.environ["LCREC_DATA"], os.environ["LCREC_ARTIFACTS"] = f"{folder}/data", f"{folder}/artifacts"
    paper = family("paper")
    sizes = {"embedding_size": 4, "filters": 2, "feature_size": 6, "state_size": 5}
    config = configured(paper.default_config(), **sizes, epochs=1, batch_size=128)
    train(TrainRequest(datasets.load(data_name()), paper, config))
    say("trained")


def prepare(folder: Path) -> None:
    """Data and bundle for the app."""
    write_data(folder / "data")
    trained = run(train_on_it, str(folder))
    if trained.said != ["trained"]:
        raise RuntimeError(f"nothing to show: {trained.error}")


# What Streamlit would make of it

_COMMONMARK = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_WORDS = {"text", "softbreak", "paragraph_open", "paragraph_close", "inline"}
_AFTER_ESCAPES = re.compile(r"(?i)https?://[\w-]|\bwww\.[\w-]|[\w.+-]@[\w-]+\.\w|:[a-z0-9_+-]+:|:material/\w+:")
_UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*(?:\$|:[a-z-]+\[)")
"""What Streamlit's own additions to Markdown begin with."""


def words_of(markdown: str) -> tuple[str, list[str]]:
    """The text that is seen, and everything in it that would be more than text."""
    seen, alive = "", []
    for token in _tokens(markdown):
        if token.type == "text":
            seen += token.content
        elif token.type == "softbreak":
            seen += " "
        elif token.type not in _WORDS:
            alive.append(f"{token.type} {token.content}{dict(token.attrs)}")
    alive += [found.group() for found in _AFTER_ESCAPES.finditer(seen)]
    return seen, alive + [found.group() for found in _UNESCAPED.finditer(markdown)]


def _tokens(markdown: str) -> Iterator[Any]:
    for token in _COMMONMARK.parse(markdown):
        yield token
        yield from token.children or ()


def lost(text: str, seen: str) -> set[str]:
    """Words of ASCII in a text that are not among those seen; none where the text hides characters in them."""
    if _NO_TITLE.search(text) or "\u200b" in text:
        return set()
    return set(re.findall(r"[!-~]+", text)) - set(re.findall(r"[!-~]+", seen.replace("\u2060", "")))


def _through_plain(text: str) -> str | None:
    from lcrec_ui.frame.text import plain

    seen, alive = words_of(plain(text))
    if alive:
        return f"plain() leaves {alive}"
    missing = lost(text, seen)
    return f"plain() loses {missing}" if missing else None


# On the page


def named(text: str, store: ProfileStore) -> str:
    """Token of a new profile that has this name, or as much of it as a name may have."""
    for length in (60, 20, 0):
        try:
            return store.create(data_name(), name=text[:length], ratings=[(1, 4.0, 1_500_000_000)])
        except LCRecError:
            continue
    raise RuntimeError("no profile")


def _on_the_page(index: int, folder: Path) -> str | None:
    from streamlit.testing.v1 import AppTest

    text = f"{mark(index)} {TITLES[index]}"
    app = AppTest.from_file(str(Path(__file__).resolve().parents[2] / "app.py"), default_timeout=120)
    app.query_params["data"], app.query_params["profile"] = data_name(), named(text, ProfileStore())
    app.run()
    app.switch_page("pages/2_rate.py").run()
    app.text_input(key="rate_query").set_value(mark(index)).run()
    if app.exception or app.error:
        return f"the page fails: {[shown.value for shown in (*app.exception, *app.error)]}"
    texts = [text for block in (app.main, app.sidebar) for text in _shown(block)]
    found = [text for text in texts if mark(index) in text]
    if index in titles() and not found:
        return "the page does not show it"
    for shown in texts:
        # What other films are named is looked at in their own tries.
        if mark(index) not in shown and re.search(r"Zq\d{3}", shown):
            continue
        _, alive = words_of(shown)
        # Our own Markdown is alive too; what is not ours names the host or a script.
        if strange := [part for part in alive if re.search(rf"(?i){HOST}|alert|javascript|https?:|www\.|@", part)]:
            return f"the page makes {strange} of {shown!a}"
        if mark(index) in shown and "html" in "".join(alive):
            return f"the page makes HTML of {shown!a}"
    return None


_FIELDS = ("body", "label", "help", "text", "caption", "delta", "placeholder")


def _shown(block: Any) -> Iterator[str]:
    """Every text of a page that is read as Markdown."""
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from _shown(child)
        proto = getattr(child, "proto", None)
        for field in _FIELDS if proto is not None and child.type not in ("selectbox", "text_input", "iframe") else ():
            value = getattr(proto, field, None)
            if isinstance(value, str) and not getattr(proto, "allow_html", False):
                yield value


def check_one(seed: int, index: int, place: Path) -> str | None:
    folder = place.parent
    os.environ["LCREC_DATA"], os.environ["LCREC_ARTIFACTS"] = f"{folder}/data", f"{folder}/artifacts"
    os.environ["LCREC_STORE"] = f"sqlite:///{folder}/profiles.sqlite"
    which = spread(index, len(TITLES))
    return _through_plain(TITLES[which]) or _on_the_page(which, folder)


def _describe(index: int) -> str:
    return ascii(TITLES[spread(index, len(TITLES))][:60])


def check(indices: range, seed: int, folder: Path) -> dict[int, str]:
    prepare(folder)
    return attempt(check_one, indices, seed, folder, _describe)


KIND = Kind("titles", "a hostile title and name on a page", check, short=10, long=len(TITLES))
