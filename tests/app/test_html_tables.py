"""Tables as HTML: whatever a cell holds is text, and a screen reader is told what it is about."""

import pandas as pd

from lcrec_ui.frame.tables import as_html, row_names
from lcrec_ui.lab.figure import bars, word_chip
from tests.html_tables import tables_in

HOSTILE = '<img src=x onerror="alert(1)">&amp;"\'</td>'


def test_what_a_cell_holds_is_shown_and_never_read_as_html():
    table = pd.DataFrame({"Model": [HOSTILE, "b"], "<b>MSE": ["0.812", ""]})
    drawn = as_html(table, f"About {HOSTILE}", {"<b>MSE": HOSTILE})
    assert "<img" not in drawn
    assert "<b>" not in drawn
    (back,) = tables_in(drawn)
    assert back.columns.tolist() == ["Model", "<b>MSE"]
    assert back["Model"].tolist() == [HOSTILE, "b"]


def test_rows_and_columns_have_their_headings_and_numbers_stand_to_the_right():
    table = pd.DataFrame(
        {"Model": ["SVD", "CNN"], "MSE": ["0.710 ± 0.004", "not measured"], "Settings": ["x" * 60, "none"]}
    )
    drawn = as_html(table, "Errors")
    assert drawn.count('scope="col"') == 3
    assert '<th scope="row">SVD</th><td class="number">0.710 ± 0.004</td><td class="words">' in drawn
    assert 'role="region" tabindex="0" aria-label="Errors"' in drawn
    assert "<caption>Errors</caption>" in drawn
    assert "<details" not in drawn


def test_words_and_bars_of_the_figure_are_text_and_pictures_of_ours():
    assert "<img" not in word_chip(HOSTILE, 0.1, known=True)
    assert "unknown" in word_chip("war", 0.0, known=False)
    picture = bars(pd.Series([0.5, -1.0, 0.0]).to_numpy(), "U_f")
    assert 'alt="U_f: 3 numbers from -1.00 to 0.50"' in picture
    assert picture.startswith('<img src="data:image/svg+xml,%3Csvg')
    # Half as high up as down, and nothing for zero.
    assert picture.count("M0.5%2012v-6.0") == 1
    assert picture.count("M1.5%2012v12.0") == 1
    assert "M2.5" not in picture


def test_rows_have_names_of_their_own_and_first_cells_that_lead_to_them():
    table = pd.DataFrame({"Model": ["SVD, tuned", "SVD, tuned", "<b>"], "MSE": ["0.7", "0.8", "0.9"]})
    html = as_html(table, "Errors", place="models")
    assert row_names("models", table["Model"]) == ["models-svd-tuned", "models-svd-tuned--2", "models-b"]
    for name in row_names("models", table["Model"]):
        assert f'<tr id="{name}">' in html
        assert f'href="#{name}"' in html
    (read,) = tables_in(html)
    assert read["Model"].tolist() == ["SVD, tuned", "SVD, tuned", "<b>"]
