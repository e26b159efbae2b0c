"""The lists of the Rate page: what to rate next, what is rated, and the top five that follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from lcrec_core.data.profile import Profile
from lcrec_core.data.titles import spoken
from lcrec_core.serving.filters import Filters, default_min_ratings
from lcrec_core.sources.datasets import DEMO
from lcrec_core.sources.published import DATA_LABELS
from lcrec_ui.frame import loaders, lookups, movie_link, search, session, star_control
from lcrec_ui.frame.failures import callback, fragment
from lcrec_ui.frame.text import count, plain, stars
from lcrec_ui.posters import shown
from lcrec_ui.rate import rating
from lcrec_ui.rate.movement import TopList

if TYPE_CHECKING:
    from lcrec_core.serving.recommender import Recommender

ROWS = 8
"""Movies shown at once in each list."""
FIRST_RATINGS = 5
"""After about so many ratings the list is somebody's own."""

_QUERY, _BATCH, _SHOWN, _LIMIT, _TOP = "rate_query", "rate_batch", "rate_shown", "rate_limit", "rate_top"

_PAGE = f"light-dark({st.get_option('theme.light.backgroundColor')}, {st.get_option('theme.dark.backgroundColor')})"
# The top five stays in sight beside the long lists, and on a phone above them: one line each, so that it covers little
# of them. What gets the keyboard is not to hide beneath it. Streamlit draws the last margin of a text back by 1 rem.
STYLE = f"""<style>
.st-key-top_five .stPageLink p > :not(strong) {{ white-space: nowrap; display: inline-block; }}
@media (min-width: 900px) {{
    .st-key-beside [data-testid=stColumn]:has(.st-key-top_five) {{
        position: sticky; top: 4.5rem; align-self: flex-start;
    }}
}}
@media (max-width: 640px) {{
    [data-testid=stMain] {{ scroll-padding-top: 14rem; }}
    .st-key-beside [data-testid=stColumn]:has(.st-key-top_five) {{ position: sticky; top: 3.75rem; z-index: 10; }}
    .st-key-top_five {{ padding: 0.4rem 0.75rem; background: {_PAGE}; }}
    .st-key-top_five, .st-key-top_five [data-testid=stVerticalBlock] {{ gap: 0; }}
    .st-key-top_five h2 {{ padding: 0 0 1.15rem; font-size: 0.95rem; }}
    .st-key-top_five [data-testid=stElementContainer]:has(a) {{ flex: none; height: 1.4rem; margin: 0; }}
    .st-key-top_five [data-testid=stPageLink-NavLink] {{ width: 100%; height: 1.4rem; min-height: 0; }}
    .st-key-top_five [data-testid=stPageLink-NavLink] > span {{ width: 100%; }}
    .st-key-top_five [data-testid=stPageLink-NavLink] p {{
        display: flex; gap: 0.5rem; white-space: nowrap; font-size: 0.875rem; line-height: 1.4rem;
    }}
    .st-key-top_five p > strong {{ flex: 0 1 auto; min-width: 0; overflow: hidden; text-overflow: ellipsis; }}
    .st-key-top_five p > :not(strong) {{ flex: none; height: 1.4rem; }}
    .st-key-top_five p > :last-child > :first-child, .st-key-top_five [data-testid=stCaptionContainer] {{
        display: none;
    }}
}}
</style>"""


def _now() -> tuple[Recommender, session.Person]:
    """What a fragment draws by that runs without the page's: where the person is gone, the whole says so."""
    person = session.current_person()
    if session.state().lost:
        st.rerun(rating.RATE)
    return loaders.recommender(session.current_bundle()), rating.rater(person)


@fragment(key=rating.TOP, within=True)
def your_top_five() -> None:
    """The best five on the Rate page."""
    st.header("Your top 5 now", anchor=False)
    top_five(*_now())


def top_five(recommender: Recommender, person: session.Person) -> None:
    """The best five now, and how they moved with the last rating."""
    profile, data = person.profile, recommender.data
    unwanted = person.stored.unwanted if person.stored else frozenset()
    best = recommender.top_n(profile, 5, Filters(min_ratings=default_min_ratings(data), without=unwanted))
    tops = st.session_state.setdefault(_TOP, {})
    top: TopList = tops.setdefault((data.name, recommender.bundle.name), TopList())
    ratings_now = (profile.movie_ids.tobytes(), profile.ratings.tobytes(), profile.gender, profile.age)
    top.follow(hash(ratings_now), {movie.movie_id: movie.predicted for movie in best})
    if not best:
        st.caption("Every movie with enough ratings is rated already.")
        return
    for rank, movie in enumerate(best, 1):
        change = top.change(movie.movie_id)
        moved = " ".join(filter(None, [change and f":gray[{change}]", top.mark(movie.movie_id)]))
        title = plain(spoken(movie.title))
        line = f"**{rank}. {title}** :small[:yellow[{stars(movie.predicted)}] {movie.predicted:.2f} {moved}]"
        movie_link.title_link(line, movie.movie_id)
    st.caption(_follows_from(recommender, len(profile.movie_ids)))


def to_rate(recommender: Recommender, person: session.Person) -> set[int]:
    """What the search finds, or suggestions while nothing is searched for; returns the movies shown."""
    query = search.typed("Search a movie", _QUERY)
    if query:
        index = lookups.title_index(recommender.data.name)
        found = index.search(query, ROWS)
        movies = list(found.movie_ids)
        until = _films_until(recommender.data.name, index.newest)
        if not movies:
            st.info(f"No title is like “{plain(query)}”.{until}", icon=":material/search_off:")
        elif found.nearest:
            st.caption(f"No title has “{plain(query)}”; these are nearest in spelling.{until}")
    else:
        movies = suggestions(recommender, person.profile)
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.caption("Widely seen movies to begin with", width="content")
            st.button("Others", icon=":material/autorenew:", type="tertiary", key="others", on_click=_other_suggestions)
    if movies:
        star_control.hint(recommender.data.scale)
    _pictures(recommender, movies)
    _moving(movies)
    return set(movies)


@fragment(key=rating.TO_RATE, within=True)
def _moving(movies: list[int]) -> None:
    """What a star moves beside the long list: the movies to rate, and how much is rated. One fragment: each is felt."""
    recommender, person = _now()
    if movies:
        with st.container(border=True, key="to_rate"):
            _rows(recommender, person, movies, rating.TO_RATE)
    _so_far(person)


def _films_until(data_name: str, newest: int | None) -> str:
    """Where the films end: what is newer than that cannot be found."""
    if newest is None:
        return ""
    data = "The demo" if data_name == DEMO else plain(DATA_LABELS.get(data_name, data_name))
    return f" {data} has films up to {newest}."


def rated(recommender: Recommender, person: session.Person, elsewhere: set[int]) -> None:
    """What the person rated, the latest first, without the movies already on the page."""
    latest = [movie_id for movie_id in person.profile.movie_ids[::-1].tolist() if movie_id not in elsewhere]
    limit = st.session_state.setdefault(_LIMIT, ROWS)
    if latest:
        with st.container(border=True, key="rated"):
            _pictures(recommender, latest[:limit])
            _rows(recommender, person, latest[:limit], rating.RATE)
    if len(latest) > limit:
        st.button(f"Show more of {len(latest):,}", icon=":material/expand_more:", key="rated_more", on_click=_show_more)


def _so_far(person: session.Person) -> None:
    """How much is rated, and the way back."""
    number = len(person.profile.movie_ids)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="xsmall"):
        st.header(f"Rated so far: {number:,}", anchor=False, width="content")
        rating.undo_button(person)
    # One line in any case, so that the list below stays where it is.
    with st.container(key="undone"):
        if not rating.undone():
            nothing = "" if number else "Nothing yet. "
            st.caption(f"{nothing}What you rate is listed here, with what we would have guessed.")


def _pictures(recommender: Recommender, movies: list[int]) -> None:
    """Those in front of rows, which no star changes."""
    st.html(f"<style>{shown.beside_rows(lookups.movies(recommender.data.name), movies, rating.PICTURE)}</style>")


def _rows(recommender: Recommender, person: session.Person, movies: list[int], home: str) -> None:
    profile = person.profile
    given = dict(zip(profile.movie_ids.tolist(), profile.ratings.tolist(), strict=True))
    new = [movie_id for movie_id in movies if movie_id not in given]
    guesses = dict(zip(new, recommender.predict(profile, new).tolist(), strict=True)) if new else {}
    known = lookups.movies(recommender.data.name)
    for movie_id in movies:
        if movie_id in given:
            guesses[movie_id] = rating.guess_without(recommender, person, movie_id)
        scale, stars_given = recommender.data.scale, given.get(movie_id)
        rating.row(person.owner, movie_id, known[movie_id], stars_given, guesses[movie_id], scale, home)


def suggestions(recommender: Recommender, profile: Profile) -> list[int]:
    """Well-known movies to rate next. The list stands still while its movies are rated, until others are asked for."""
    batch = st.session_state.get(_BATCH)
    data_name = recommender.data.name
    if batch is None or batch[0] != data_name:
        batch = (data_name, recommender.suggestions(profile, ROWS))
        st.session_state[_BATCH] = batch
    return list(batch[1])


@callback
def _other_suggestions() -> None:
    """Exchange the suggestions for ones that were not shown lately."""
    recommender = loaders.recommender(session.current_bundle())
    data_name = recommender.data.name
    shown = st.session_state.setdefault(_SHOWN, {}).setdefault(data_name, [])
    batch = st.session_state.get(_BATCH)
    shown.extend(batch[1] if batch and batch[0] == data_name else [])
    offered = recommender.suggestions(rating.rater(session.current_person()).profile, ROWS + len(shown))
    fresh = [movie_id for movie_id in offered if movie_id not in shown]
    if not fresh:
        shown.clear()
        fresh = offered
    st.session_state[_BATCH] = (data_name, fresh[:ROWS])


@callback
def _show_more() -> None:
    st.session_state[_LIMIT] += 2 * ROWS


def _follows_from(recommender: Recommender, number: int) -> str:
    missing = FIRST_RATINGS - number
    text = f"{count(missing, 'more rating')} and the list is really yours." if missing > 0 else ""
    # The paper's network reads only what somebody liked; another one may read everything.
    liked_from = recommender.bundle.config["model"].get("liked_from")
    if liked_from:
        return f"{text} This model follows what you like: movies with {liked_from:g} stars and more move the list."
    return text or f"It follows from {count(number, 'rating')} and moves with every star."
