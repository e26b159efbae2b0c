"""Tables: short ones as HTML, which a browser can search and a screen reader read; and the order of long ones.

`st.dataframe` draws on a canvas. It is for what is too long to be read.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from lcrec_ui.frame import movie_link
from lcrec_ui.frame.text import clean

RANKED_BY_TITLE, HISTORY_BY_TITLE = "ranked_by_title", "history_by_title"
"""Keys of the switches that put a table in order of its titles."""


def order_of(key: str, otherwise: str) -> str:
    """How a table with such a switch is ordered now, for its heading."""
    return "A to Z" if st.session_state.get(key) else otherwise


def by_title(table: pd.DataFrame, sort_keys: pd.Series, key: str) -> pd.DataFrame:
    """The table as it is, or in order of its titles once the switch above it is on.

    The browser sorts a column by what is written in it, and every The would stand under T.

    Args:
        table: One movie a row.
        sort_keys: `titles.sort_key` of each row's title.
        key: Of the switch.
    """
    if not st.toggle("Titles A to Z", key=key, help="In order of the titles, without The, A, Le and the like."):
        return table
    return table.loc[sort_keys.sort_values(kind="stable").index]


def title_column(key: str, label: str = "Title", width: int | None = None) -> Any:
    """A column of titles that lead to their movies' pages; see `follow_title`.

    Args:
        key: What was pressed is at this place in the session.
        label: Over the column.
        width: In pixels.
    """
    return st.column_config.ButtonColumn(
        label, width=width, alignment="left", type="tertiary", key=key, help="Press a title to open its page."
    )


def follow_title(key: str, movie_ids: Sequence[int | None]) -> None:
    """Leave for a movie's page where a title was pressed; call it after the table was drawn.

    Args:
        key: As of `title_column`.
        movie_ids: Of the rows, in the order that the table was given.
    """
    pressed = st.session_state.get(key)
    row = pressed["row"] if pressed else None
    # A browser can send anything.
    movie_id = movie_ids[row] if isinstance(row, int) and 0 <= row < len(movie_ids) else None
    if movie_id is not None:
        movie_link.go(int(movie_id))


_NUMBER = re.compile(r"[-+\u2212]?[\d,.]+ ?(?:%|\u00b1 [\d.]+)?")
_LONG = 40
"""Characters from which on a cell is prose, and gets room to be read."""
_PROSE = ' class="words"'


def html_table(
    table: pd.DataFrame,
    caption: str,
    about: Mapping[str, str] | None = None,
    movies: Mapping[str, Sequence[int | None]] | None = None,
    place: str = "",
) -> None:
    """Draw a short table as HTML. Every cell is written as text, whatever it holds.

    Args:
        table: Rows as they are to be shown; what a row is about in the first column.
        caption: What the table shows; read out and not seen, since a heading stands above.
        about: What columns mean that do not say so themselves, to be opened below the table.
        movies: By columns of titles, the movie of each row, to whose page the title leads.
        place: A word of ours that begins the names of the rows; with it each row has an address of its own, which its
            first cell leads to and `places.arrive` finds.
    """
    st.html(as_html(table, caption, about, movies, place))


def as_html(
    table: pd.DataFrame,
    caption: str,
    about: Mapping[str, str] | None = None,
    movies: Mapping[str, Sequence[int | None]] | None = None,
    place: str = "",
) -> str:
    """What `html_table` draws."""
    cells = {name: [clean(value) for value in table[name]] for name in table}
    kinds = {name: _kind(values) for name, values in cells.items()}
    head = "".join(f'<th scope="col"{kinds[name]}>{escape(clean(name))}</th>' for name in cells)
    written = {name: _written(values, (movies or {}).get(name)) for name, values in cells.items()}
    lines = []
    rows = list(zip(*cells.values(), strict=True))
    names = row_names(place, [row[0] for row in rows])
    for row, shown, name in zip(rows, zip(*written.values(), strict=True), names, strict=True):
        classed = zip(kinds.values(), row, shown, strict=True)
        first, *others = (f"{_cell(kind, value)}>{html}" for kind, value, html in classed)
        others_in_cells = "".join(f"<td{each}</td>" for each in others)
        if place:
            kind, _, html = first.partition(">")
            first = f'{kind}><a class="lcrec-row" href="#{name}" title="Link to this row">{html}</a>'
        named = f' id="{name}"' if place else ""
        lines.append(f'<tr{named}><th scope="row"{first}</th>{others_in_cells}</tr>')
    said = escape(clean(caption))
    explained = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in (about or {}).items())
    return (
        f'<div class="lcrec-table" role="region" tabindex="0" aria-label="{said}"><table><caption>{said}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
        + (
            f'<details class="lcrec-about"><summary>What the columns mean</summary><dl>{explained}</dl></details>'
            if explained
            else ""
        )
    )


def row_names(place: str, firsts: Sequence[str]) -> list[str]:
    """Names of a table's rows by their first cells, for addresses: `models-svd-tuned`; a second one gets a number."""
    names: list[str] = []
    for first in firsts:
        name = re.sub("[^a-z0-9]+", "-", f"{place} {first}".lower()).strip("-")
        same = sum(other == name or other.startswith(f"{name}--") for other in names)
        names.append(f"{name}--{same + 1}" if same else name)
    return names


def _written(values: list[str], movie_ids: Sequence[int | None] | None) -> list[str]:
    """Cells as HTML: as text, which may break after each of several genres, or as links."""
    text = [escape(value).replace("|", "|<wbr/>") for value in values]
    if movie_ids is None:
        return text
    pairs = zip(values, text, movie_ids, strict=True)
    return [cell if movie_id is None else movie_link.anchor(value, int(movie_id)) for value, cell, movie_id in pairs]


def _cell(kind: str, value: str) -> str:
    """The class of one cell: prose among numbers gets room, too."""
    return _PROSE if len(value) > _LONG else kind


def _kind(values: list[str]) -> str:
    """The class of a column's cells: numbers stand to the right, prose gets room."""
    filled = [value for value in values if value]
    if filled and 2 * sum(bool(_NUMBER.fullmatch(value)) for value in filled) >= len(filled):
        return ' class="number"'
    return _PROSE if any(len(value) > _LONG for value in values) else ""
