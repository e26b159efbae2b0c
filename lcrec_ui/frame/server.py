"""What Streamlit's server does by itself and this app's must not.

Set when the first page is drawn: a script has no earlier moment.
"""

from streamlit import config, net_util

from lcrec_ui.frame import permissions

_MEGABYTES = "server.maxUploadSize"
_LARGEST_UPLOAD = config.get_option(_MEGABYTES)


def settle() -> None:
    """Ask nobody for this machine's address, and take no file where nobody may bring one."""
    # Streamlit asks a host outside which address this machine has, in order to judge a foreign page's websocket,
    # and waits for the answer with every visitor behind it. Our own address is never asked for by that way.
    net_util.get_external_ip = _not_asked
    # The address that files are sent to answers whether or not a page shows a place to put them.
    config.set_option(_MEGABYTES, _LARGEST_UPLOAD if permissions.somebody_may_manage() else 0)


def _not_asked() -> None:
    return None
