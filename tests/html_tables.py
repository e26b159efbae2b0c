"""The tables that pages write as HTML, read back in tests without a browser."""

from xml.etree import ElementTree

import pandas as pd
from streamlit.testing.v1 import AppTest


def tables(app: AppTest) -> list[pd.DataFrame]:
    """Every HTML table on the page, as texts."""
    bodies = [element.proto.body for element in app.get("html")]
    return [table for body in bodies if "<table" in body for table in tables_in(body)]


def tables_in(body: str) -> list[pd.DataFrame]:
    """Every table of a piece of HTML that is well-formed as XML is, as ours is."""
    found = []
    for table in ElementTree.fromstring(f"<all>{body}</all>").iter("table"):
        columns = [_text(cell) for cell in table.iterfind("thead/tr/th")]
        rows = [[_text(cell) for cell in row] for row in table.iterfind("tbody/tr")]
        found.append(pd.DataFrame(rows, columns=columns))
    return found


def _text(element: ElementTree.Element) -> str:
    return "".join(element.itertext())
