"""Bringing a history: the upload, the preview of what it would add, and adding it."""

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from lcrec_core.data.dataset import Dataset
from lcrec_core.serving import importing
from lcrec_core.serving.importing import Holds, Plan
from lcrec_core.serving.matching import Match
from lcrec_core.sources.history.container import LARGEST
from lcrec_core.sources.history.entries import NOT_INTERESTED, SAVED, SEEN, Entry
from lcrec_ui.frame import export, failures, lookups, movie_link, notices, profiles, search, session, sidebar
from lcrec_ui.frame.failures import callback, said
from lcrec_ui.frame.lookups import Movie
from lcrec_ui.frame.tables import follow_title, title_column
from lcrec_ui.frame.text import clean, count, distinct, plain
from lcrec_ui.history import brought
from lcrec_ui.history.brought import Brought

HISTORY = "history"
"""Key of the page's fragment."""
_DONE = "history_done"
"""What notices of an import are about."""
_OPENED = "history_opened"
_FIX, _QUERY, _SHOWN, _ALL = "history_fix", "history_query", "history_shown", "history_all"
_ASKED_AT_ONCE = 8
_RESULTS = 6
_MISSING_SHOWN = 40
_NONE = 0
"""Stands for "none of these" among the ids of movies, which begin at 1."""

_HELP = """
- **Letterboxd**: Settings, *Data*, *Export your data*. Bring the zip as it comes.
- **IMDb**: *Your ratings*, the menu there, *Export*.
- **Trakt**: Settings, *Data*, *Export*. Its .json or .csv files, or a zip of them.
- **movielens.org**: your account's page, *export your data*: the file of ratings.
- **LCRec**: what *Take your history with you*, below, gives.
- **Anything else**: a table with the columns Title, Year and Rating (½ to 5).
"""
_HOLDS = {
    Holds.LATER: "the later of the two",
    Holds.FILE: "always the file's",
    Holds.HERE: "always mine from here",
}
_LISTED_AS = {SEEN: "films I have seen", SAVED: "films I want to see"}


# On a phone each choice is as high as a finger is wide.
STYLE = """<style>
@media (max-width: 640px) {
    .st-key-history_asked [role=radiogroup] label, .st-key-history_asked [data-testid=stRadioGroup] label {
        min-height: 2.75rem; align-items: center;
    }
}
</style>"""


def bring(data: Dataset, person: session.Person) -> None:
    """The whole of it."""
    _told(person)
    st.markdown(
        "Rated films elsewhere? Bring the export of **Letterboxd**, **IMDb**, **Trakt** or **movielens.org**. You see "
        "what every film is here before anything is added, and one press takes all of it back."
    )
    uploaded = st.file_uploader(
        f"Your export: a zip, .csv or .json of at most {LARGEST >> 20} MB",
        key=brought.uploader_key(),
        max_upload_size=LARGEST >> 20,
        on_change=_on_upload,
    )
    with st.expander("Where do I find that file?", icon=":material/help:"):
        st.markdown(_HELP)
        st.caption("The file is read on this server and put away again: what you add stays, nothing else.")
    held = brought.current(uploaded, data.name)
    if held is None:
        return
    if held.error is not None:
        failures.explain(held.error, "Nothing was changed.")
        return
    _preview(held, data, person)


def _preview(held: Brought, data: Dataset, person: session.Person) -> None:
    assert held.history is not None
    matches = held.matches()
    plan = importing.plan(matches, person.stored, data.scale, held.holds)
    asked = [place for place, match in enumerate(matches) if match.asks]
    missing = [place for place, match in enumerate(matches) if match.movie_id is None and not match.asks]
    with st.container(border=True, key="history_summary"):
        st.header(plain(held.name), anchor=False)
        with st.container(horizontal=True, gap="medium"):
            for label, number in (
                ("Matched", len(matches) - len(asked) - len(missing)),
                ("To choose", len(asked)),
                ("Not found", len(missing)),
                ("Left out", len(held.history.skipped)),
            ):
                st.metric(label, f"{number:,}", width="content")
        st.caption("  \n".join(_sentences(held, plan, data, person)))
        _decisions(held, data, person, matches)
        with st.container(horizontal=True, gap="small"):
            st.button(
                _label(plan),
                type="primary",
                icon=":material/playlist_add:",
                key="history_add",
                disabled=not plan.writes,
                on_click=_on_add,
                args=(person.owner, held.file_id),
            )
            st.button(
                "Put this file away", icon=":material/close:", type="tertiary", key="history_away", on_click=_on_away
            )
    if asked:
        _ask(held, data, asked)
    if missing:
        _missing(held, data, matches, missing)
    _by_hand(held, data, matches)
    _matched(matches, data)
    if held.history.skipped:
        with st.expander(f"Left out, no films: {count(len(held.history.skipped), 'line')}", icon=":material/tv:"):
            skipped = held.history.skipped
            st.dataframe(
                pd.DataFrame({"Title": [clean(row.name) for row in skipped], "Why": [row.why for row in skipped]}),
                hide_index=True,
                alt="Lines of the file that are about no film",
            )


def _label(plan: Plan) -> str:
    parts = [f"{count(len(plan.ratings), 'rating')}"] if plan.ratings else []
    parts += [f"{plan.marked(SEEN):,} seen"] if plan.marked(SEEN) else []
    parts += [f"{plan.marked(SAVED):,} saved"] if plan.marked(SAVED) else []
    parts += [f"{plan.marked(NOT_INTERESTED):,} not interested"] if plan.marked(NOT_INTERESTED) else []
    return f"Add {', '.join(parts)}" if parts else "Nothing new to add"


def _sentences(held: Brought, plan: Plan, data: Dataset, person: session.Person) -> list[str]:
    assert held.history is not None
    kind = held.history.kind
    sentences = [f"This is {plain(kind)}. Films without a rating count as seen, those to watch as saved for later."]
    sentences += [plain(held.history.converted)] if held.history.converted else []
    if plan.rounded:
        sentences.append(f"{plain(importing.rounding(data.scale))} That concerns {count(plan.rounded, 'rating')}.")
    if plan.twice:
        sentences.append(f"{count(plan.twice, 'film')} of the file are a movie that it has already: the later counts.")
    if plan.same:
        sentences.append(f"{plan.same:,} of these you have here already, and they stay as they are.")
    if person.stored is None:
        sentences.append("They go into a **private profile of your own**, which begins with them.")
    return sentences


def _decisions(held: Brought, data: Dataset, person: session.Person, matches: list[Match]) -> None:
    """What the file leaves open about all of its films."""
    assert held.history is not None
    if held.history.bare:
        st.session_state["history_bare"] = held.history.bare
        st.segmented_control(
            "This list does not say what it is: these are",
            list(_LISTED_AS),
            format_func=lambda mark: _LISTED_AS.get(mark, "films"),
            key="history_bare",
            required=True,
            on_change=_on_bare,
        )
    usual = importing.plan(matches, person.stored, data.scale)
    if usual.changed or usual.kept:
        st.session_state["history_holds"] = held.holds
        st.selectbox(
            f"{count(usual.changed + usual.kept, 'movie')} you rated here otherwise: which rating holds?",
            list(_HOLDS),
            format_func=lambda holds: _HOLDS.get(holds, ""),
            key="history_holds",
            on_change=_on_holds,
        )


def _ask(held: Brought, data: Dataset, asked: list[int]) -> None:
    """Films that could be several movies, or might be one."""
    known = lookups.movies(data.name)
    limit = st.session_state.setdefault(_SHOWN, _ASKED_AT_ONCE)
    with st.container(border=True, key="history_asked"):
        st.header(f"Which one is it? {count(len(asked), 'film')}", anchor=False)
        st.caption("These are not added unless you choose: a wrong movie would be worse than none.")
        for place in asked[:limit]:
            match = held.found[place]
            titles = {
                movie_id: f"{clean(known[movie_id].title)} · {count(known[movie_id].num_ratings, 'rating')}"
                for movie_id in match.candidates
            }
            labels = distinct({**titles, _NONE: "None of these"})
            st.radio(
                f"**{plain(_text(match.entry))}**  \n:small[:gray[{plain(match.doubt)}]]",
                list(labels),
                index=None,
                format_func=_labelled(labels),
                key=f"history_ask_{place}",
                on_change=_on_ask,
                args=(held.file_id, place),
            )
            pages = [movie_link.anchor(known[movie_id].title, movie_id) for movie_id in match.candidates]
            st.html(f"<small>Look at {' or '.join(pages)}</small>")
        if len(asked) > limit:
            st.button(f"Show more of {len(asked):,}", icon=":material/expand_more:", key="history_more", on_click=_more)


def _labelled(labels: dict[int, str]) -> Callable[[int], str]:
    """The label of each option, as Markdown."""
    return lambda option: plain(labels.get(option, ""))


def _missing(held: Brought, data: Dataset, matches: list[Match], missing: list[int]) -> None:
    with st.expander(f"Not found: {count(len(missing), 'film')}", icon=":material/search_off:"):
        rows = [matches[place] for place in missing]
        lines = [f"- **{plain(_text(m.entry))}**  \n  :small[:gray[{plain(m.why)}]]" for m in rows[:_MISSING_SHOWN]]
        st.markdown("\n".join(lines))
        if len(rows) > _MISSING_SHOWN:
            st.caption(f"And {len(rows) - _MISSING_SHOWN:,} more, all of them in the file below.")
        st.download_button(
            "Download these as CSV",
            data=lambda: unmatched_csv(rows),
            file_name=f"not-in-{data.name}.csv",
            mime="text/csv",
            icon=":material/download:",
            key="history_unmatched",
            on_click="ignore",
        )


def unmatched_csv(matches: list[Match]) -> bytes:
    """Films without a movie, in columns that are read here again, and the reason of each."""
    return export.as_csv(
        pd.DataFrame(
            {
                "Title": [match.entry.name for match in matches],
                "Year": pd.array([match.entry.year for match in matches], dtype="Int64"),
                "Rating": pd.array([match.entry.rating for match in matches], dtype="Float64"),
                "WatchedDate": [_day(match.entry) for match in matches],
                "Why": [match.why for match in matches],
            }
        )
    )


def _day(entry: Entry) -> str:
    return "" if entry.seconds is None else pd.Timestamp(entry.seconds, unit="s").strftime("%Y-%m-%d")


def _by_hand(held: Brought, data: Dataset, matches: list[Match]) -> None:
    """Find the movie of one film by the search of the Rate page."""
    with st.expander("Put a match right by hand", icon=":material/edit:", key="history_by_hand"):
        every = st.toggle("Also films that were matched", key=_ALL)
        places = [place for place, match in enumerate(matches) if every or match.movie_id is None]
        if not places:
            st.caption("Every film has its movie.")
            return
        known = lookups.movies(data.name)
        labels = distinct({place: _with_movie(matches[place], known) for place in places})
        place = st.selectbox("Film of your file", places, format_func=lambda at: labels.get(at, ""), key=_FIX)
        if place not in labels:  # a browser can send anything
            return
        typed = search.typed("Search its movie", _QUERY)
        found = lookups.title_index(data.name).search(typed or matches[place].entry.name, _RESULTS)
        if not found.movie_ids:
            st.caption("No title is like that.")
        with st.container(key="history_results", gap="xsmall"):
            for movie_id in found.movie_ids:
                st.button(
                    f"{plain(known[movie_id].title)} · {count(known[movie_id].num_ratings, 'rating')}",
                    icon=":material/check:",
                    key=f"history_take_{movie_id}",
                    on_click=_on_take,
                    args=(held.file_id, place, movie_id),
                )
        if matches[place].movie_id is not None:
            st.button(
                "Leave this film out",
                icon=":material/close:",
                type="tertiary",
                key="history_leave",
                on_click=_on_take,
                args=(held.file_id, place, None),
            )


def _matched(matches: list[Match], data: Dataset) -> None:
    rows = [match for match in matches if match.movie_id is not None]
    known = lookups.movies(data.name)
    with st.expander(f"Matched: {count(len(rows), 'film')}", icon=":material/check_circle:"):
        stars = [None if m.entry.rating is None else importing.on_scale(m.entry.rating, data.scale) for m in rows]
        table = pd.DataFrame(
            {
                "Film": [clean(_text(match.entry)) for match in rows],
                "Movie here": [clean(known[match.movie_id].title) for match in rows if match.movie_id is not None],
                "Stars": pd.array(stars, dtype="Float64"),
                "Why": [
                    clean("; ".join(filter(None, (match.why, importing.notes(match, data.scale))))) for match in rows
                ],
            }
        )
        st.dataframe(
            table,
            hide_index=True,
            column_config={
                "Movie here": title_column(_OPENED, "Movie here", width=260),
                "Stars": st.column_config.NumberColumn(format="%g", width="small"),
            },
            alt="Films and the movies that they are",
            key="history_matched",
        )
        follow_title(_OPENED, [match.movie_id for match in rows])


def _with_movie(match: Match, known: Mapping[int, Movie]) -> str:
    film = clean(_text(match.entry))
    return film if match.movie_id is None else f"{film} → {clean(known[match.movie_id].title)}"


def _text(entry: Entry) -> str:
    """The film as a table has it."""
    name = entry.name or f"id {entry.movie_id or entry.imdb_id or entry.tmdb_id}"
    return name if entry.year is None else f"{name} ({entry.year})"


def _told(person: session.Person) -> None:
    """Say once what an import did, with a way back."""
    with st.container(key="history_told"):
        if notices.here(_DONE, HISTORY) and person.token is not None:
            with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
                st.button("Undo", icon=":material/undo:", key="history_undo", on_click=_on_undo, args=(person.owner,))
                st.page_link("pages/1_for-you.py", label="See the list that follows", icon=":material/movie:")


def _same(file_id: str) -> Brought | None:
    """What a control was drawn for; None where another file has taken its place."""
    held = brought.held()
    return held if held is not None and held.file_id == file_id else None


@callback
def _on_add(owner: session.Owner, file_id: str) -> None:
    with said(_DONE, "Nothing was added. "):
        held = _same(file_id)
        if held is None:
            return
        data, person = session.current_data(), session.current_person()
        plan = importing.plan(held.matches(), person.stored, data.scale, held.holds)
        begun = profiles.bring(owner, plan.ratings, plan.marks)
        more = " A private profile of your own began with them; its link is on the Profile page." if begun else ""
        notices.say(f"Added: {_label(plan).removeprefix('Add ')}.{more}", "success", _DONE)
        brought.done()
        sidebar.redraw(HISTORY, begun=begun)


@callback
def _on_undo(owner: session.Owner) -> None:
    with said(_DONE, "Nothing was taken back. "):
        taken_back = profiles.undo(owner)
        if taken_back is not None:
            notices.say(f"Taken back: {count(taken_back.movies, 'movie')} as before.", "success", _DONE)
        sidebar.redraw(HISTORY)


@callback
def _on_upload() -> None:
    brought.taken_away()


@callback
def _on_away() -> None:
    brought.done()


@callback
def _on_bare() -> None:
    held, mark = brought.held(), st.session_state["history_bare"]
    if held is not None and mark in _LISTED_AS:
        held.take_as(mark)


@callback
def _on_holds() -> None:
    held = brought.held()
    if held is not None:
        held.holds = Holds(st.session_state["history_holds"])


@callback
def _on_ask(file_id: str, place: int) -> None:
    held, chosen = _same(file_id), st.session_state[f"history_ask_{place}"]
    if held is not None and (chosen == _NONE or chosen in held.found[place].candidates):
        held.chosen[place] = chosen or None


@callback
def _on_take(file_id: str, place: int, movie_id: int | None) -> None:
    held = _same(file_id)
    if held is not None:
        held.chosen[place] = movie_id
        st.session_state[_QUERY] = ""


@callback
def _more() -> None:
    st.session_state[_SHOWN] += 2 * _ASKED_AT_ONCE
