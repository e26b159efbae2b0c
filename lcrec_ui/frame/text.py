"""Words and numbers as the app writes them."""

import math
import re
from collections.abc import Mapping
from html import escape
from typing import TypeVar

from lcrec_core.evaluation.paper_facts import SETTING_LABELS

K = TypeVar("K")


_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Controls, lone surrogates, marks that turn the direction of what follows, and spaces without width. What joins
letters and emoji (U+200C, U+200D) is part of a writing and stays."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#|<>~$&]|:(?![\s\d/]|$))")
_FIRST = re.compile(r"^([-=+]|\d+(?=\.))")
"""What begins a list, an underlined heading or a rule where it begins a line."""
_ALIVE = re.compile(
    r"(?i)https?:(?=//)|www(?=\.)|@(?=[\w-])|:(?=[\w+/-]+:)"  # links and addresses; icons and emoji
    r"|(?<!\S)[-<>~](?=[->=]{1,2}(?!\S))"  # arrows and dashes
)
"""What Streamlit makes links, icons, emoji and arrows of after Markdown's escapes are gone: broken by a joiner."""
_JOINER = "\u2060"
_LONGEST_QUOTE = 60
_MARKS = re.compile(r"(?i)[\\`*_{}\[\]#+|<>~$/@]|\bwww\.")


def clean(text: object, most: int | None = None) -> str:
    """One line without controls: text from outside for where no Markdown is read, such as a table or a list of options.

    Args:
        text: Anything; its words.
        most: Characters kept, with `…` for the rest.
    """
    line = " ".join(_INVISIBLE.sub("", " ".join(str(text).split())).split())
    return line if most is None or len(line) <= most else f"{line[: most - 1].rstrip()}…"


def quoted(text: object) -> str:
    """What somebody sent, to be named in an error's message: `“ml-9m”`, cut where it is long. No Markdown yet."""
    return f"“{clean(text, _LONGEST_QUOTE)}”"


def plain(text: object) -> str:
    """Text from outside, such as a title, a name or an error's message, to stand in Markdown as it is: `M*A*S*H`.

    The one place where such text is escaped.
    """
    return _FIRST.sub(_escaped_first, _escaped(clean(text)))


def with_commands(text: str) -> str:
    """Plain text whose words in backticks are commands: the same in Markdown, for whoever runs this server."""
    pieces = re.split("`([^`]+)`", clean(text))
    shown = [f"`{piece}`" if number % 2 else _escaped(piece) for number, piece in enumerate(pieces)]
    return _FIRST.sub(_escaped_first, "".join(shown))


def _escaped(line: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _ALIVE.sub(rf"\g<0>{_JOINER}", line))


def _escaped_first(found: re.Match[str]) -> str:
    return f"{found[1]}\\" if found[1].isdigit() else f"\\{found[1]}"


def in_chart(text: object) -> str:
    """Text from outside for a chart, which reads some HTML (`<a href>` too) and `%{...}`."""
    return escape(clean(text)).replace("{", "&#123;")


def read_aloud(text: str) -> str:
    """Text from outside as a name that is only read out: no mark that Markdown could follow, and none to stumble on."""
    return " ".join(_MARKS.sub(" ", text).replace(": ", ", ").replace(":", " ").split())


def stars(rating: float) -> str:
    """Five stars filled to the nearest half: 3.8 -> `★★★★☆`, 3.3 -> `★★★½☆`.

    What lies half way between two halves goes up, 2.25 as well as 2.75.
    """
    halves = min(max(math.floor(2 * rating + 0.5), 0), 10)
    return "★" * (halves // 2) + "½" * (halves % 2) + "☆" * ((10 - halves) // 2)


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 rating`, `1,234 ratings`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def distinct(labels: Mapping[K, str]) -> dict[K, str]:
    """Labels for the options of one widget: a second `Ada` is shown as `Ada (2)`.

    A browser tells an option by its label alone, so that of two with one label only one can be chosen.
    """
    shown: dict[K, str] = {}
    taken, number = set(labels.values()), dict.fromkeys(labels.values(), 1)
    for option, label in labels.items():
        text = label
        while text in shown.values() or (text != label and text in taken):
            number[label] += 1
            text = f"{label} ({number[label]})"
        shown[option] = text
    return shown


def signed(number: float, spec: str = ".2f") -> str:
    """A difference with its sign: `+0.12`, `-0.12`; one that rounds to zero has none: `0.00`.

    Args:
        number: The difference.
        spec: How it is written, as in a format string: `.2f`, `.1%`.
    """
    rounded = f"{number:+z{spec}}"
    return rounded if any(digit in "123456789" for digit in rounded) else rounded.lstrip("+")


def with_std(mean: float, spread: float | None) -> str:
    """`0.812`, or `0.812 ± 0.002` where several seeds were measured."""
    return f"{mean:.3f}" if spread is None else f"{mean:.3f} \u00b1 {spread:.3f}"


def setting_in_words(value: object) -> str:
    """A setting as people write it: 0.0001, not 1e-04."""
    if value is None:
        return "not stated"
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def settings_in_words(settings: Mapping[str, object]) -> str:
    """`factors 32, epochs 10`."""
    labels = {name: SETTING_LABELS.get(name, name.replace("_", " ")).lower() for name in settings}
    return ", ".join(f"{labels[name]} {setting_in_words(value)}" for name, value in settings.items())
