"""How a movie's title stands in running text and in rows, on every page alike."""

from lcrec_core.data.titles import spoken
from lcrec_ui.frame.text import plain


def title_of(movie_id: int, words: str) -> str:
    """A title in Markdown, bold.

    Args:
        movie_id: Of the movie.
        words: The title, as the data set spells it or as people say it.
    """
    return f"**{plain(spoken(words))}**"
