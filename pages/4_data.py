"""Data: what the models learn from, as files and as numbers, and the switch between data sets."""

from functools import partial

from lcrec_ui.data import get, views
from lcrec_ui.frame import lookups, page, places, session

page.begin("Data")
data = session.current_data()
get.switch()
views.sizes(lookups.statistics(data.name))
places.views(places.DATA, (partial(views.all_charts, data), partial(views.preparation, data), get.get_data))
places.arrive()
