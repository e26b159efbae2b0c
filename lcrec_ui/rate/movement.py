"""How the top of the list moved with the last rating."""

from dataclasses import dataclass, field

from lcrec_ui.frame.text import signed


@dataclass
class TopList:
    """The top of one person's list now and before their ratings last changed."""

    signature: int | None = None
    """Stands for the ratings that `now` follows from."""
    now: dict[int, float] = field(default_factory=dict)
    """Movie id -> predicted rating, best first."""
    before: dict[int, float] = field(default_factory=dict)
    """The same before the last change; empty while there was none."""

    def follow(self, signature: int, top: dict[int, float]) -> None:
        """Take in the list as it is; being drawn again with the same ratings changes nothing."""
        if signature == self.signature:
            return
        self.before, self.now, self.signature = self.now, top, signature

    def mark(self, movie_id: int) -> str:
        """What happened to a movie of the list, in Markdown: `new`, up or down by places, or nothing."""
        if not self.before:
            return ""
        if movie_id not in self.before:
            return ":green-badge[new]"
        places = list(self.before).index(movie_id) - list(self.now).index(movie_id)
        if places == 0:
            return ""
        return f":green[▲ {places}]" if places > 0 else f":red[▼ {-places}]"

    def change(self, movie_id: int) -> str:
        """How much a prediction moved, such as `+0.12`; nothing when it did not to two decimals."""
        if movie_id not in self.before:
            return ""
        moved = signed(self.now[movie_id] - self.before[movie_id])
        return "" if float(moved) == 0 else moved
