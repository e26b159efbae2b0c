"""The saved comparison, for a page: a damaged file is a remark, not the end of the page."""

import streamlit as st

from lcrec_core import comparison, paper_facts, results
from lcrec_ui import failures


def same_parts() -> list[results.Summary]:
    """Every model measured on the same parts of the paper's data, by its protocol."""
    try:
        return results.summaries(results.saved(paper_facts.DATA, comparison.RANDOM))
    except results.ResultError as error:
        st.warning(failures.sentence(error), icon=":material/warning:")
        return []
