"""Text from outside stands in Markdown, in charts and in lists as it is; `tests/browser` shows it in a browser."""

import pytest

from lcrec_ui.frame.text import clean, in_chart, plain, quoted, with_commands
from tests.outside import PAYLOADS


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("M*A*S*H (1970)", r"M\*A\*S\*H \(1970\)"),
        ("[sign in](https://evil.example)", "\\[sign in\\]\\(https\\:\u2060//evil.example\\)"),
        ("www.evil.example", "www\u2060.evil.example"),
        ("me@evil.example", "me@\u2060evil.example"),
        (":material/star:", "\\:\u2060material/star:"),
        (":red[x]", r"\:red\[x\]"),
        ("$9.99", r"\$9.99"),
        ("1. Film", "1\\. Film"),
        ("- Film", r"\- Film"),
        ("+1", r"\+1"),
        ("Face -> Off -- 2", "Face -\u2060\\> Off -\u2060- 2"),
        ("two\n\nlines", "two lines"),
        ("Se7en: 10:30", "Se7en: 10:30"),
    ],
)
def test_markdown_is_taken_literally(text: str, escaped: str):
    assert plain(text) == escaped


def test_what_cannot_be_seen_and_turns_the_line_is_left_out():
    assert clean("a\u202eb\u200bc\x00d\ud800e\r\n\tf\ufeff") == "abcde f"
    assert clean("می\u200cخواهم 👨\u200d👩\u200d👧") == "می\u200cخواهم 👨\u200d👩\u200d👧"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nobody_sees_a_difference(payload: str):
    """Taking back escapes and joiners gives the words as they were."""
    unescaped = ""
    letters = iter(plain(payload).replace("\u2060", ""))
    for letter in letters:
        unescaped += next(letters) if letter == "\\" else letter
    assert unescaped == clean(payload)


def test_long_text_is_cut_in_messages():
    assert quoted("ml-9m") == "“ml-9m”"
    assert len(quoted("x" * 10_000)) < 70


def test_charts_read_no_html_and_no_templates():
    assert in_chart("<a href='http://evil.example'>%{x}</a>") == (
        "&lt;a href=&#x27;http://evil.example&#x27;&gt;%&#123;x}&lt;/a&gt;"
    )


def test_commands_in_advice_can_be_copied():
    assert with_commands("run `python -m lcrec_core train`, or [x](y)") == (
        r"run `python -m lcrec_core train`, or \[x\]\(y\)"
    )
    assert with_commands("a ` b") == r"a \` b"
