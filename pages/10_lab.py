"""Laboratory: the paper's network looked into, switched off in parts, and the paper found by its numbers."""

from functools import partial

from lcrec_ui.frame import page, places
from lcrec_ui.lab import equations, index, prediction, subject, switches, top_five

page.begin("Laboratory")
subject.follow_link()
places.views(
    places.LAB,
    (
        partial(subject.with_network, prediction.prediction),
        partial(subject.with_network, switches.switches),
        top_five.top_five,
        equations.equations,
        index.index,
    ),
)
places.arrive()
