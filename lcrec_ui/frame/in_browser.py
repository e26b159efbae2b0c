"""What the app does in a visitor's browser besides drawing: the address bar, and the memory of an own profile.

Streamlit writes the address by adding an entry to the browser's history. That is right where a visitor chose
to see something else, and wrong where the app only completes an address: Back would lead to the incomplete
one. The completion is therefore made by a line of script that replaces the entry.
"""

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_A_YEAR = 365 * 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What may stand in the cookie; the store decides whether it opens anything."""
MOST_FRIENDS = 5
"""Profiles of others that a browser remembers, the last ones that were opened."""
_PLACE, _FRIENDS_PLACE = "in_browser", "in_browser_friends"


def came_back() -> bool:
    """Whether this run follows the browser's Back or Forward."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def redraws_a_part() -> bool:
    """Whether this run draws fragments only, so that the rest of the page stays as it was."""
    context = get_script_run_ctx()
    return context is not None and bool(context.fragment_ids_this_run)


def this_run() -> object:
    """Stands for the run that draws: another object for each; None outside of one."""
    context = get_script_run_ctx()
    return None if context is None else context.parallel_coordinator


def page() -> str:
    """Stands for the page that is drawn."""
    context = get_script_run_ctx()
    return "" if context is None else context.page_script_hash


def cookie_name() -> str:
    """Browsers share cookies between the ports of a machine, and behind each of them are profiles of its own.

    The port is the one that browsers see: several servers behind one address have the same profiles.
    """
    return f"lcrec_profile_{st.get_option('browser.serverPort')}"


def remembered_token() -> str | None:
    """The profile that this browser was asked to remember; as it was when the visitor came."""
    token = st.context.cookies.get(cookie_name())
    # AppTest has no browser and answers with something else.
    return token if isinstance(token, str) and _TOKEN.fullmatch(token) else None


def remembered_friends() -> list[str]:
    """Profiles of others whose links were opened in this browser to compare with; as it was when the visitor came."""
    said = st.context.cookies.get(_friends_cookie())
    tokens = said.split(".") if isinstance(said, str) else []
    return [token for token in tokens if _TOKEN.fullmatch(token)][:MOST_FRIENDS]


def set_query(wanted: Mapping[str, str], ours: Iterable[str], *, tell: bool) -> None:
    """Make the query parameters in `ours` those of `wanted`; others, such as an open tab's, stay.

    Args:
        wanted: What our parameters shall be; one left out is removed.
        ours: The parameters that are ours to set.
        tell: Tell the browser, which adds an entry to its history unless its address is this one already.
            Otherwise only this run knows, and `keep` brings it to the browser.
    """
    context = get_script_run_ctx()
    if context is None:
        return
    # One by one through `st.query_params`, each change would be an entry of its own.
    with context.session_state.query_params() as query:
        for key in ours:
            if key in wanted:
                query.set_with_no_forward_msg(key, wanted[key])
            else:
                query.discard_param_no_forward_msg(key)
        context.query_string = urlencode(query._query_params, doseq=True)
        if tell:
            query._send_query_param_msg()


def tell_query() -> None:
    """Tell the browser this run's query, which adds an entry to its history unless its address is this one already."""
    context = get_script_run_ctx()
    if context is not None:
        with context.session_state.query_params() as query:
            query._send_query_param_msg()


def to_the_top(of: object) -> None:
    """Show the page from its beginning, once for each page and each thing that it is about.

    Args:
        of: What the page is about.
    """
    _run(_TOP_PLACE, _TO_THE_TOP.replace("OF", _quoted(f"{page()} {of}")))


_TOP_PLACE = "in_browser_top"
_TO_THE_TOP = "{ const of = OF; document.querySelector('[data-testid=stMain]')?.scrollTo(0, 0); }"


def keep(token: str | None, *, decided: bool) -> None:
    """Have the browser show this run's query in its address, and remember an own profile or forget it.

    Draws an element that nobody sees. Its script runs again whenever it changes, and on every page anew.

    Args:
        token: Opens the profile to remember; None forgets it.
        decided: Whether the visitor did anything about it here; the cookie stays as it is otherwise.
    """
    context = get_script_run_ctx()
    if context is None:
        return
    script = _ADDRESS.replace("QUERY", _quoted(context.query_string))
    if decided:
        value = token if token and _TOKEN.fullmatch(token) else ""
        script += _written(cookie_name(), value)
        if not value:
            script += _written(_friends_cookie(), "")
    # Nothing from outside gets in but the query, as a quoted text.
    _run(_PLACE, f"/* {page()} */{script}")


def keep_friends(tokens: Iterable[str]) -> None:
    """Have the browser remember the profiles of others, see `remembered_friends`. Draws as `keep` does."""
    _run(_FRIENDS_PLACE, _written(_friends_cookie(), ".".join(filter(_TOKEN.fullmatch, tokens))))


def _friends_cookie() -> str:
    return f"lcrec_friends_{st.get_option('browser.serverPort')}"


def _written(cookie: str, value: str) -> str:
    """The script that writes a cookie; without a value it forgets it."""
    folder = "/" + str(st.get_option("server.baseUrlPath") or "").strip("/")
    ending = f"; path={folder}; max-age={_A_YEAR if value else 0}; samesite=lax"
    return _REMEMBER.replace("COOKIE", _quoted(f"{cookie}={value}{ending}"))


def _run(place: str, script: str) -> None:
    """Run a script of ours in the browser, from an element that nobody sees."""
    # What it stands in would leave a gap on the page.
    st.html(f"<style>.st-key-{place}, :has(> .st-key-{place}) {{ display: none; }}</style>")
    with st.container(key=place):
        st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


_ADDRESS = """{
    const query = QUERY, now = window.location;
    if (now.search.replace(/^[?]/, "") !== query)
        window.history.replaceState(window.history.state, "", now.pathname + (query ? "?" + query : "") + now.hash);
}"""
_REMEMBER = """{
    document.cookie = COOKIE + (window.location.protocol === "https:" ? "; secure" : "");
}"""


def _quoted(text: str) -> str:
    """A text of a script that can end neither the text nor the script."""
    return json.dumps(text).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def follow_links(selector: str, keep: Iterable[str], own: str) -> None:
    """Have the browser go where links in HTML of ours lead without loading the app anew, as Streamlit's own do.

    Args:
        selector: CSS of the links.
        keep: Query parameters that stay as the address bar has them when a link is pressed.
        own: The query parameter that a link brings.
    """
    script = _FOLLOW.replace("SELECTOR", _quoted(selector)).replace("KEEP", json.dumps(list(keep)))
    _run(_LINKS_PLACE, f"/* {page()} */{script.replace('OWN', _quoted(own))}")


_LINKS_PLACE = "in_browser_links"
# What is pressed with another button or key opens a tab or window, which is the browser's own business.
_FOLLOW = """if (!window.lcrecFollows) {
    window.lcrecFollows = true;
    document.addEventListener("click", (event) => {
        const link = event.target.closest?.(SELECTOR);
        if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        const to = new URL(link.href), now = new URLSearchParams(location.search), query = new URLSearchParams();
        for (const key of KEEP) if (now.has(key)) query.set(key, now.get(key));
        query.set(OWN, to.searchParams.get(OWN));
        history.pushState({}, "", to.pathname + "?" + query);
        dispatchEvent(new PopStateEvent("popstate", { state: {} }));
    });
}"""


def scroll_to(selector: str) -> None:
    """Have the browser scroll to an element as soon as it is there, and stay there while what is above it still grows.

    Args:
        selector: CSS, of ours.
    """
    _run(_ARRIVAL, _SCROLL.replace("FIND", f"document.querySelector({_quoted(selector)})"))


def scroll_to_row() -> None:
    """The same for the row of a table that the address names after its `#`, where it names one."""
    row = "document.getElementById(location.hash.slice(1))?.closest('.lcrec-table tr')"
    _run(_ARRIVAL, f"/* {page()} */if (location.hash) {_SCROLL.replace('FIND', row)}")


_ARRIVAL = "arrival"
# Whoever scrolls on their own is left alone.
_SCROLL = """{
    const until = Date.now() + 20000;
    let arrived = 0, left = false, stop = () => { left = true; };
    for (const act of ["wheel", "touchstart", "keydown", "pointerdown"])
        window.addEventListener(act, stop, { once: true, passive: true });
    const look = () => {
        const found = FIND;
        if (left || Date.now() > until || (arrived && Date.now() - arrived > 1500)) return;
        if (found) {
            found.style.scrollMarginTop = "5rem";
            found.scrollIntoView({ block: "start" });
            if (!arrived) {
                arrived = Date.now();
                found.tabIndex = -1;
                found.style.outline = "none";
                found.classList.add("lcrec-asked");  // What `:target` is, the browser decided before it was there.
                found.focus({ preventScroll: true });
            }
        }
        setTimeout(look, 100);
    };
    look();
}"""
