"""Who may change what is on this server: data sets, trained models and runs belong to whoever runs it.

The app asks nobody who they are. What it can know is whom the server listens to: on its own machine a visitor is
taken for whoever runs it; once it listens to others, or is reached through a proxy, nobody is, unless the
environment says so. Everything that changes the server asks `may_manage`, buttons before they are drawn and
actions before they act, because a browser can send a click on a button that it was never shown.
"""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import streamlit as st

from lcrec_core.errors import LCRecError

MAY_ENV = "LCREC_VISITORS_MAY"
"""Environment variable: `manage` lets every visitor change what is on this server, `look` lets none."""
MANAGE = "manage"
_PROXIED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")


class NotAllowedError(LCRecError):
    """Only whoever runs this server can do that."""


def may_manage() -> bool:
    """Whether this visitor may bring in, replace and remove data sets and models, and start and cancel runs."""
    return somebody_may_manage() and (bool(_said()) or _from_this_machine(st.context.headers))


def somebody_may_manage() -> bool:
    """Whether any visitor may."""
    said = _said()
    return said == MANAGE if said else is_local(st.get_option("server.address"))


def demand(what: str) -> None:
    """Stop an action that is not this visitor's to take.

    Args:
        what: The action as a verb: `start a training run`.

    Raises:
        NotAllowedError: It is for whoever runs the server.
    """
    if not may_manage():
        raise NotAllowedError(only_who_runs_it(what))


def only_who_runs_it(what: str) -> str:
    """The same sentence wherever something is not for visitors."""
    return f"Only whoever runs this server can {what}."


def _said() -> str:
    return os.environ.get(MAY_ENV, "").strip().lower()


def is_local(address: str | None) -> bool:
    """Whether a server that listens at this address is reached from its own machine alone."""
    if address is None:  # Streamlit listens to everybody then
        return False
    try:
        return address == "localhost" or ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def _from_this_machine(headers: Mapping[str, str]) -> bool:
    """Whether a browser opened the app by a name of this machine, and no proxy brought it here.

    A proxy on the same machine makes everybody local; and a foreign page may give its own name the address 127.0.0.1
    (DNS rebinding). Both still say who they are in these headers.
    """
    if any(name in headers for name in _PROXIED):
        return False
    hosts = [_host(f"//{headers['Host']}")] if "Host" in headers else []
    if "Origin" in headers:
        hosts.append(_host(headers["Origin"]))
    return all(is_local(host) for host in hosts)


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
