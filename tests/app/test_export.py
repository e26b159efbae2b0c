"""What is taken away as CSV opens in a spreadsheet as text and numbers, and runs nothing there."""

import io

import pandas as pd
import pytest

from lcrec_ui.for_you import cards
from lcrec_ui.frame import export
from lcrec_ui.profile import parts


def read(content: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(content), dtype=str, encoding="utf-8-sig")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\n@", " =", "\u200b=", "＝", "＋", "－", "＠"])
def test_text_that_a_spreadsheet_would_run_is_text(start: str):
    written = read(export.as_csv(pd.DataFrame({"Title": [f"{start}1+1"]})))
    assert written["Title"][0].startswith("'")


def test_titles_stay_readable_and_numbers_numbers():
    table = pd.DataFrame({"Title": ["+1 (2013)", "$9.99 (2008)", "M*A*S*H", None], "Change": [-0.5, 1.0, -2.0, None]})
    content = export.as_csv(table)
    assert read(content)["Title"].tolist()[:3] == ["'+1 (2013)", "$9.99 (2008)", "M*A*S*H"]
    assert pd.read_csv(io.BytesIO(content))["Change"].tolist()[:3] == [-0.5, 1.0, -2.0]


def test_a_heading_is_a_cell_too():
    assert list(read(export.as_csv(pd.DataFrame({"=1+1": [1]})))) == ["'=1+1"]


def test_both_exports_of_the_app_are_safe():
    title, genres = '=HYPERLINK("http://evil.example","x")', "@SUM(1)|Drama"
    ranked = pd.DataFrame(
        {"title": [title], "year": [2000], "genres": [genres], "predicted": [4.123], "mean_rating": [3.5]}
    ).assign(num_ratings=7)
    history = pd.DataFrame(
        {"time": pd.to_datetime([0], unit="s"), "title": title, "genres": genres, "rating": 4.0, "mean_rating": 3.456}
    )
    for content in (cards.as_csv(ranked), parts.history_csv(history)):
        (row,) = read(content).to_dict("records")
        assert (row["Title"], row["Genres"]) == (f"'{title}", "'@SUM(1), Drama")
        assert not any(value.startswith(("=", "+", "-", "@")) for value in row.values())
