"""What a drawn poster looks like by genre: its colours, and the motif above its title.

Every ground is dark enough for the text on it, and none is so near to black or white that it drowns on a page of either
theme (tests/app/test_posters.py).
"""

from dataclasses import dataclass, replace

TEXT = "#FBF4E6"
"""Titles, on every ground."""


@dataclass(frozen=True)
class Look:
    """The colours and the motif of a genre."""

    ground: str
    ink: str
    second: str
    motif: str


LOOKS = {
    "Action": Look("#7A211C", "#E8743B", "#F4C65B", "bands"),
    "Adventure": Look("#1E4A40", "#E0A94A", "#2F7A66", "peaks"),
    "Animation": Look("#24487A", "#F3B84A", "#E8745A", "dots"),
    "Children": Look("#2F6272", "#F2A65F", "#F7D98A", "dots"),
    "Comedy": Look("#8A4B14", "#F6C65A", "#F19A4B", "rays"),
    "Crime": Look("#2A2C36", "#C4453A", "#8B8FA0", "blinds"),
    "Documentary": Look("#3E443D", "#B9B48F", "#7E8A78", "columns"),
    "Drama": Look("#4A2130", "#D08A66", "#8C4A55", "waves"),
    "Fantasy": Look("#3B2C63", "#C6A2E8", "#F1D58C", "moon"),
    "Film-Noir": Look("#26262A", "#D6D2C8", "#6E6E74", "blinds"),
    "Horror": Look("#2B1518", "#B3262A", "#5E1F22", "door"),
    "Musical": Look("#5F2150", "#F093B6", "#F6D28A", "rays"),
    "Mystery": Look("#1F3040", "#86A8BE", "#E2C27A", "door"),
    "Romance": Look("#7C2F49", "#F0A9A4", "#E4788A", "circles"),
    "Sci-Fi": Look("#12304A", "#58C3CF", "#F0B35E", "rings"),
    "Thriller": Look("#302C3A", "#D8B13A", "#7D7690", "squares"),
    "War": Look("#3C4129", "#B0A566", "#D9713C", "columns"),
    "Western": Look("#6C3C1D", "#EDB75E", "#C8642F", "sun"),
}
"""By genre; the genres of a movie that are here decide, see `named_look`."""

OTHERS = (
    Look("#33475B", "#DDA77B", "#8FB0C2", "sun"),
    Look("#4B3A57", "#E0B26A", "#9A7FB0", "waves"),
    Look("#2F4F45", "#E3A46F", "#7FB09A", "circles"),
    Look("#5A3B34", "#EBC07A", "#C57F5E", "squares"),
)
"""For genres that are not here, one of them by the genre's name, or by the title where there is no genre."""

_SPELLED = {"Children's": "Children", "Science Fiction": "Sci-Fi", "Music": "Musical", "Family": "Children"}


def named_look(genres: tuple[str, ...], colours: int = 0, motif: int = 0) -> Look | None:
    """The look of a movie by its genres, so that a list of comedies is no row of one picture.

    Args:
        genres: Those that have a look count; with none of them there is none.
        colours: Whose colours it has, by place among them, counted on in a circle.
        motif: Likewise whose motif.
    """
    named = [look for genre in genres if (look := LOOKS.get(_SPELLED.get(genre, genre)))]
    return replace(named[colours % len(named)], motif=named[motif % len(named)].motif) if named else None
