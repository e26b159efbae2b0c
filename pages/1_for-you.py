"""For you: five movies, and why; then everything else in order, with filters."""

from lcrec_ui import bootstrap

bootstrap.page("For you")
