"""What is read out and not seen: a button says what it does, and to who listens also which movie it is about."""

from lcrec_ui.frame.text import read_aloud

HIDDEN = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;"
"""CSS: in its place for a screen reader, out of sight for everybody else."""

STYLE = f"""
.stButton button p span {{ {HIDDEN} }}
"""


def button_label(seen: str, heard: str) -> str:
    """The label of a button: what is small in it is out of sight, see `STYLE`.

    Args:
        seen: Words of ours.
        heard: The rest, as it is read out after them; a text from outside may stand in it.
    """
    return f"{seen} :small[{read_aloud(heard)}]"
