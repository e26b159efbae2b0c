"""The parts of LCRec that can be switched off; no torch."""

from enum import StrEnum


class Part(StrEnum):
    """What can be switched off."""

    HISTORY = "history"
    """The LSTM over what the person rated."""
    TITLE = "title"
    """The CNN over the movie's title."""
    GENRES = "genres"
    MOVIE = "movie"
    """The network's own embedding of the movie."""
    BACKBONE = "backbone"
    """The sum that the network corrects."""
