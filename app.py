"""Start here: `streamlit run app.py`."""

from lcrec_ui.frame import page

page.route()
