"""The link that opens a profile, and the button that copies it."""

import re
from urllib.parse import parse_qs, urlsplit

import streamlit as st

from lcrec_core.errors import ProfileError
from lcrec_core.files import REPOSITORY

_PATHS = {"home", *(file.stem.partition("_")[2] for file in (REPOSITORY / "pages").glob("*.py"))}
"""Addresses of the pages, see `page`."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")


def of_profile(token: str) -> str:
    """The address that opens a profile, on the server the visitor is using."""
    url = urlsplit(st.context.url or "")
    folder, _, page = url.path.rstrip("/").rpartition("/")
    folder = folder if page in _PATHS else url.path.rstrip("/")
    base = f"{url.scheme}://{url.netloc}{folder}" if url.netloc else ""
    return f"{base}/?profile={token}"


def token_in(pasted: str) -> str:
    """The token of a profile in what somebody pasted: its link, or the token alone.

    Raises:
        ProfileError: There is none in it.
    """
    query = parse_qs(urlsplit(pasted).query) if "?" in pasted else {}
    token = query["profile"][0] if "profile" in query else pasted
    if not _TOKEN.fullmatch(token):
        raise ProfileError("this is no link of a profile; it ends with profile= and 32 letters and digits")
    return token


def copy_button(text: str, key: str, label: str = "Copy link") -> None:
    """A button that puts a text on the visitor's clipboard, and says so.

    Args:
        text: What is copied.
        key: Of the element.
        label: Of the button; words of ours.
    """
    _COPY(data={"text": text, "label": label, "done": "Copied", "failed": "Select the link and copy it"}, key=key)


# A clipboard is only there on https and on this machine; elsewhere, as at a server of the house, a text that is
# selected can still be copied.
_SCRIPT = """
export default function ({ data, parentElement }) {
    const button = parentElement.querySelector("button"), said = parentElement.querySelector("[role=status]");
    button.textContent = data.label;
    const bySelection = () => {
        const field = document.createElement("textarea");
        field.value = data.text;
        field.style.cssText = "position: fixed; opacity: 0";
        document.body.append(field);
        field.select();
        const copied = document.execCommand("copy");
        field.remove();
        button.focus({ preventScroll: true });
        return copied;
    };
    button.onclick = async () => {
        let copied;
        try {
            await navigator.clipboard.writeText(data.text);
            copied = true;
        } catch {
            copied = bySelection();
        }
        said.textContent = copied ? data.done : data.failed;
    };
}
"""
_STYLE = """
:host, div { font-family: var(--st-font); }
div { display: flex; align-items: center; gap: 0.75rem; flex-wrap: wrap; }
button {
    font: inherit; font-size: 0.875rem; min-height: 2.75rem; padding: 0.25rem 1rem; cursor: pointer; color: #fff;
    background: var(--st-primary-color); border: 1px solid transparent; border-radius: var(--st-button-radius);
}
button:hover { filter: brightness(0.92); }
button:focus-visible { outline: 2px solid var(--st-text-color); outline-offset: 2px; }
span { color: var(--st-text-color); font-size: 0.875rem; }
"""
_COPY = st.components.v2.component(
    "lcrec_copy",
    html='<div><button type="button"></button><span role="status"></span></div>\n',
    css=_STYLE,
    js=_SCRIPT,
)
