"""Start here: `streamlit run app.py`."""

from lcrec_ui import bootstrap

bootstrap.route()
