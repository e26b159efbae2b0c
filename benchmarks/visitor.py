"""A visitor without a browser: speaks Streamlit's own websocket protocol, so that only the server is measured.

The protocol is internal to Streamlit; the pinned version in requirements.txt is the one this speaks.
"""

import time
from types import TracebackType
from urllib.parse import urlencode, urlsplit

import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Common_pb2 import FileUploaderState, FileURLsRequest, UploadedFileInfo
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
        self._url = url
        # As a browser does: what it is given first says which server it belongs to, see `lcrec_ui.serve`.
        self._http = requests.Session()
        self._http.get(f"{url}/_stcore/health", timeout=PATIENCE_SECONDS)
        cookies = "; ".join(f"{name}={value}" for name, value in self._http.cookies.items())
        self._socket = connect(
            f"ws://{parts.netloc}{parts.path}/_stcore/stream",
            subprotocols=["streamlit"],
            additional_headers={"Cookie": cookies} if cookies else None,
            max_size=None,
            compression=None,
        )
        self._page = page
        self._query = urlencode(query)
        self._page_hash = ""
        self._pages: dict[str, str] = {}
        self._session = ""
        self._states: dict[str, WidgetState] = {}
        self._fragments: dict[str, str] = {}
        self._drawn: dict[str, str] = {}
        self._buttons: dict[str, str] = {}
        self.elements: list[Element] = []
        """What the last run drew."""

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()
        self._http.close()

    def visit(self) -> float:
        """Open the page; returns seconds until its script ended."""
        return self._run("")

    def go(self, page: str) -> float:
        """Switch to another page by the last part of its address; returns seconds until its script ended."""
        self._page_hash = self._pages[page]
        self._states.clear()
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
        (button,) = [button for button, its_label in self._buttons.items() if its_label.startswith(label)]
        self._states[button] = WidgetState(id=button, trigger_value=True)
        try:
            return self._run(self._fragments.get(button, ""))
        finally:
            self._states.pop(button, None)

    def upload(self, name: str, content: bytes) -> float:
        """Give a file to the page's uploader; returns seconds until everything it moves was sent."""
        begin = time.perf_counter()
        (uploader,) = [each.file_uploader for each in self.elements if each.WhichOneof("type") == "file_uploader"]
        self._socket.send(
            BackMsg(
                file_urls_request=FileURLsRequest(request_id="1", file_names=[name], session_id=self._session)
            ).SerializeToString()
        )
        while (message := self._receive()).WhichOneof("type") != "file_urls_response":
            pass
        (urls,) = message.file_urls_response.file_urls
        headers = {"X-Xsrftoken": self._http.cookies.get("_streamlit_xsrf", "")}
        sent = self._http.put(
            f"{self._url}{urls.upload_url}", files={"file": (name, content)}, headers=headers, timeout=PATIENCE_SECONDS
        )
        sent.raise_for_status()
        info = UploadedFileInfo(file_id=urls.file_id, name=name, size=len(content), file_urls=urls)
        value = FileUploaderState(uploaded_file_info=[info])
        self._states[uploader.id] = WidgetState(id=uploader.id, file_uploader_state_value=value)
        self._run(self._fragments.get(uploader.id, ""))
        return time.perf_counter() - begin

    def headings(self) -> list[str]:
        """The headings that the last run drew, in order."""
        return [element.heading.body for element in self.elements if element.WhichOneof("type") == "heading"]

    def alerts(self) -> list[str]:
        """What the boxes that the last run drew say, in order."""
        return [element.alert.body for element in self.elements if element.WhichOneof("type") == "alert"]

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
        self.elements, self._drawn = [], {}
        while not self._take(self._receive()):
            pass
        taken = time.perf_counter() - begin
        self._forget(everything=not fragment_id)
        return taken

    def _forget(self, *, everything: bool) -> None:
        """As a browser does: what a widget was set to goes with the widget when what held it is drawn without it."""
        redrawn = set(self._drawn.values())
        for known in (self._states, self._buttons):
            for widget in list(known):
                if widget not in self._drawn and (everything or self._fragments.get(widget) in redrawn):
                    del known[widget]

    def _receive(self) -> ForwardMsg:
        return ForwardMsg.FromString(self._socket.recv(timeout=PATIENCE_SECONDS))

    def _take(self, message: ForwardMsg) -> bool:
        """Note what a message says; True when it ends the run."""
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
            self._pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "new_session":
            self._session = message.new_session.initialize.session_id or self._session
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            self.elements.append(element)
            if element.WhichOneof("type") in ("radio", "button", "file_uploader"):
                widget = getattr(element, element.WhichOneof("type"))
                self._fragments[widget.id] = self._drawn[widget.id] = message.delta.fragment_id
                if element.WhichOneof("type") == "button":
                    self._buttons[widget.id] = widget.label
        elif kind == "script_finished":
            return message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
        return False
