"""Pieces of pages that show movies: cards, the ranked table, and its export."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from lcrec_core.data.dataset import WHOLE_STARS, RatingScale, split_genres
from lcrec_core.data.titles import sort_key, spoken
from lcrec_ui.for_you import steer
from lcrec_ui.frame import export, giving, loaders, marks, movie_link, read_out, session
from lcrec_ui.frame.tables import RANKED_BY_TITLE, by_title, follow_title, title_column
from lcrec_ui.frame.text import count, plain, read_aloud, stars
from lcrec_ui.posters import shown

if TYPE_CHECKING:
    from lcrec_core.serving.explain import Sentence
    from lcrec_core.serving.recommender import Recommendation

FOR_YOU = "for_you"
"""Key of the page's fragment."""

# A pointer or finger on the poster, the title or the empty card follows the card's link, which is drawn over all of it;
# what can be pressed lies above.
STYLE = """<style>
[class*='st-key-card_'] .stPageLink a > span { HIDDEN }
[class*='st-key-card_'] { position: relative; }
[class*='st-key-card_'] .stPageLink a::after { content: ""; position: absolute; inset: 0; border-radius: 0.5rem; }
[class*='st-key-card_'] .stPageLink a:focus-visible { outline: none; }
[class*='st-key-card_'] .stPageLink a:focus-visible::after { outline: 2px solid currentColor; outline-offset: -2px; }
[class*='st-key-card_'] [data-testid=stElementContainer]:has(.stPageLink) { position: static; height: 0; }
[class*='st-key-card_']:has(.stPageLink a:hover) h2 { text-decoration: underline; }
[class*='st-key-card_'] :is([class*='st-key-give_'], [class*='st-key-marks_'], .lcrec-movie) {
    position: relative; z-index: 1;
}
[class*='st-key-film_'] { flex-wrap: nowrap; align-items: flex-start; }
[class*='st-key-film_'] > [data-testid=stElementContainer]:has(.lcrec-poster) { flex: none; }
[class*='st-key-about_'] { flex: 1 1 0; min-width: 0; }
/* On a phone what steers the list is a line that a finger pushes aside: the list itself is to be in sight. */
@media (max-width: 640px) {
    .st-key-list_controls, .st-key-ways_on {
        flex-direction: row; flex-wrap: nowrap; align-items: center; overflow-x: auto; scrollbar-width: none;
        margin-inline: -1rem; padding-inline: 1rem; width: calc(100% + 2rem); gap: 0.5rem;
    }
    .st-key-list_controls > *, .st-key-ways_on > *, .st-key-list_controls [data-testid=stHorizontalBlock] > * {
        flex: none; width: max-content !important; max-width: none !important;
    }
    .st-key-list_controls [data-testid=stHorizontalBlock] {
        flex-wrap: nowrap; width: max-content; max-width: none; gap: 0.5rem;
    }
    .st-key-list_controls [data-testid=stButtonGroup] button, .st-key-ways_on p { white-space: nowrap; }
    .st-key-list_controls :is([data-testid=stCaptionContainer], label[data-testid=stWidgetLabel]) { HIDDEN }
    .st-key-list_controls > :has(> [data-testid=stMarkdown]) { position: absolute; }
    [class*='st-key-film_'] > [data-testid=stElementContainer]:has(.lcrec-poster) { width: 5.5rem !important; }
}
</style>""".replace("HIDDEN", read_out.HIDDEN)

_POSTER = 112
"""Pixels of width."""
_OPENED = "ranked_opened"

LIKING_LABEL = f"Chance of {WHOLE_STARS.like_threshold:g}+ stars"
"""Half stars have the same four."""

EXPORT_COLUMNS = {
    "rank": "Rank",
    "title": "Title",
    "year": "Year",
    "genres": "Genres",
    "predicted": "Predicted rating",
    "liking": LIKING_LABEL,
    "mean_rating": "Average rating",
    "num_ratings": "Number of ratings",
}


def movie_cards(movies: list[Recommendation], reasons: list[Sentence], person: session.Person) -> None:
    """The best match across the page and the others two by two, in reading order on a phone as well."""
    posters = shown.images(person.owner.data, [movie.movie_id for movie in movies])
    for start, length in ((0, 1), (1, 2), (3, 2)):
        row = list(zip(movies, reasons, strict=True))[start : start + length]
        if not row:
            return
        columns = st.columns(length) if length > 1 else [st.container()]
        for column, (movie, reason), rank in zip(columns, row, range(start + 1, start + 3), strict=False):
            with column:
                _card(rank, movie, reason, person, posters[movie.movie_id])


def _card(rank: int, movie: Recommendation, reason: Sentence, person: session.Person, poster: str) -> None:
    data_name, title = person.owner.data, spoken(movie.title)
    with st.container(border=True, height="stretch", gap="xsmall", key=f"card_{rank}"):
        with st.container(horizontal=True, gap="medium", key=f"film_{movie.movie_id}"):
            shown.show(poster, _POSTER)
            with st.container(gap="xsmall", key=f"about_{movie.movie_id}"):
                st.markdown(f"## {rank}. {plain(title)}", anchors=False)
                movie_link.title_link(f"About {read_aloud(title)}", movie.movie_id)
                if movie.genres:
                    st.markdown(" ".join(f":gray-badge[{plain(genre)}]" for genre in movie.genres))
                st.markdown(f":yellow[{stars(movie.predicted)}] **{movie.predicted:.2f}** predicted for you")
                about = [people_gave(movie.mean_rating, movie.num_ratings)]
                if movie.p_like is not None:
                    about.insert(0, f"{LIKING_LABEL} from you: {movie.p_like:.0%}")
                st.caption("  \n".join(about))
        movie_link.sentence(reason)
        giving.stars(person, movie.movie_id, title, loaders.dataset(data_name).scale, FOR_YOU)
        with marks.buttons(person, movie.movie_id, title, FOR_YOU):
            steer.more_like(data_name, movie.movie_id, title)


def people_gave(mean_rating: float | None, num_ratings: int) -> str:
    """What everybody thinks: `People gave 3.87 on average (1,234 ratings)`."""
    if not num_ratings or mean_rating is None or pd.isna(mean_rating):
        return "Nobody has rated it yet"
    return f"People gave {mean_rating:.2f} on average ({count(num_ratings, 'rating')})"


def ranked_table(ranked: pd.DataFrame, scale: RatingScale) -> None:
    """The whole list in its order, sortable in the browser.

    Args:
        ranked: What `Recommender.rank` returns; the chances are shown where it has them.
        scale: For the length of the bars.
    """
    table = by_title(with_rank(ranked).drop(columns=["score"]), ranked["title"].map(sort_key), RANKED_BY_TITLE)
    movie_ids = table.pop("movie_id").tolist()
    table["genres"] = [split_genres(joined) for joined in table["genres"]]
    if "liking" in table:
        table["liking"] = table["liking"].astype(float).round(2)
    bar = st.column_config.ProgressColumn(
        "Predicted for you", min_value=0, max_value=scale.high, format="%.2f", width=150
    )
    st.dataframe(
        table,
        hide_index=True,
        height=420,
        key="ranked_table",
        column_config={
            "rank": st.column_config.NumberColumn("#", width=52),
            "title": title_column(_OPENED, width=230),
            "predicted": bar,
            "liking": st.column_config.NumberColumn(
                "Liking", format="percent", help=f"{LIKING_LABEL} from you, as the model sees it."
            ),
            "mean_rating": st.column_config.NumberColumn("People's average", format="%.2f"),
            "num_ratings": st.column_config.NumberColumn("Ratings", format="localized"),
            "year": st.column_config.NumberColumn("Year", format="%d", width="small"),
            "genres": st.column_config.ListColumn("Genres"),
        },
        column_order=["rank", "title", "predicted", "liking", "mean_rating", "num_ratings", "year", "genres"],
        alt=f"{len(table):,} movies in the order of the list",
    )
    follow_title(_OPENED, movie_ids)


def with_rank(ranked: pd.DataFrame) -> pd.DataFrame:
    """The ranked movies with their place, from 1, and their titles as people say them."""
    return ranked.assign(rank=range(1, len(ranked) + 1), title=[spoken(title) for title in ranked["title"]])


def as_csv(ranked: pd.DataFrame) -> bytes:
    """The ranked movies as a file to read: named columns, two decimals, a byte order mark for spreadsheets."""
    table = with_rank(ranked)
    table = table[[name for name in EXPORT_COLUMNS if name in table]]
    numbers = [name for name in ("predicted", "liking", "mean_rating") if name in table]
    table = table.assign(
        genres=table["genres"].str.replace("|", ", ", regex=False), **table[numbers].astype(float).round(2)
    )
    return export.as_csv(table.rename(columns=EXPORT_COLUMNS))
