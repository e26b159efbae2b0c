"""A visitor without a browser: speaks Streamlit's own websocket protocol, so that only the server is measured.

The protocol is internal to Streamlit; the pinned version in requirements.txt is the one this speaks.
"""

import time
from types import TracebackType
from urllib.parse import urlencode, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

from lcrec_ui.frame import star_control

PATIENCE_SECONDS = 60


class Visitor:
    """One session: visits a page, then sets widgets one at a time.

    Use as a context manager; the session ends with it.
    """

    def __init__(self, url: str, page: str = "", **query: str) -> None:
        parts = urlsplit(url)
        self._socket = connect(
            f"ws://{parts.netloc}/_stcore/stream", subprotocols=["streamlit"], max_size=None, compression=None
        )
        self._page = page
        self._query = urlencode(query)
        self._page_hash = ""
        self._states: dict[str, WidgetState] = {}
        self._fragments: dict[str, str] = {}
        self.elements: list[Element] = []
        """What the last run drew."""

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def visit(self) -> float:
        """Open the page; returns seconds until its script ended."""
        return self._run("")

    def set_stars(self, widget_id: str, stars: int) -> float:
        """Give `stars` (1-5) in a star control; returns seconds until everything it moves was sent."""
        self._states[widget_id] = WidgetState(id=widget_id, string_value=star_control.in_words(stars))
        return self._run(self._fragments.get(widget_id, ""))

    def star_ids(self) -> list[str]:
        """The star controls that the last run drew, in order."""
        return [element.radio.id for element in self.elements if element.WhichOneof("type") == "radio"]

    def press(self, label: str) -> float:
        """Press the button with this label's beginning; returns seconds until everything it moves was sent."""
        buttons = [element.button for element in self.elements if element.WhichOneof("type") == "button"]
        (button,) = [button for button in buttons if button.label.startswith(label)]
        self._states[button.id] = WidgetState(id=button.id, trigger_value=True)
        try:
            return self._run(self._fragments.get(button.id, ""))
        finally:
            del self._states[button.id]

    def headings(self) -> list[str]:
        """The headings that the last run drew, in order."""
        return [element.heading.body for element in self.elements if element.WhichOneof("type") == "heading"]

    def _run(self, fragment_id: str) -> float:
        state = ClientState(
            query_string=self._query,
            page_name=self._page if not self._page_hash else "",
            page_script_hash=self._page_hash,
            fragment_id=fragment_id,
        )
        state.widget_states.widgets.extend(self._states.values())
        begin = time.perf_counter()
        self._socket.send(BackMsg(rerun_script=state).SerializeToString())
        self.elements = []
        while True:
            message = ForwardMsg.FromString(self._socket.recv(timeout=PATIENCE_SECONDS))
            if self._take(message):
                return time.perf_counter() - begin

    def _take(self, message: ForwardMsg) -> bool:
        """Note what a message says; True when it ends the run."""
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            self.elements.append(element)
            if element.WhichOneof("type") in ("radio", "button"):
                widget = getattr(element, element.WhichOneof("type"))
                self._fragments[widget.id] = message.delta.fragment_id
        elif kind == "script_finished":
            return message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
        return False
