"""Compare: the paper's Table VII beside what our bundles measured, by the same protocol, and what else was measured."""

from lcrec_ui.compare import sections
from lcrec_ui.frame import page, places

page.begin("Compare")
places.views(places.COMPARE, sections.VIEWS)
places.arrive()
