"""Laboratory: the paper's network looked into, switched off in parts, and the paper found by its numbers."""

from lcrec_ui.frame import page, places
from lcrec_ui.lab import equations, index, prediction, subject, switches, top_five

page.begin("Laboratory")
subject.follow_link()
places.views(
    places.LAB,
    (prediction.prediction, switches.switches, top_five.top_five, equations.equations, index.index),
)
places.arrive()
