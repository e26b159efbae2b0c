"""The parts of the Profile page."""

import pandas as pd
import streamlit as st

from lcrec_core.data.dataset import Dataset, split_genres
from lcrec_core.errors import ProfileError
from lcrec_ui.frame import charts, export, links, lookups, profiles, session, tables
from lcrec_ui.frame.failures import callback
from lcrec_ui.frame.text import clean, plain, signed
from lcrec_ui.profile import charts as profile_charts
from lcrec_ui.profile import people, taste

_CREATED = "profile_created"
_OPENED = "history_opened"


def identity(data: Dataset, person: session.Person) -> None:
    """Who is looking, what can be done with them, and for a created profile its link."""
    st.header(plain(person.label), anchor=False)
    if person.about:
        st.markdown(plain(person.about))
    ratings = person.profile.ratings
    with st.container(horizontal=True):
        st.metric("Ratings", f"{len(ratings):,}", width="content")
        if len(ratings):
            everybody = lookups.statistics(data.name).mean_rating
            st.metric("Average given", f"{ratings.mean():.2f}", f"{signed(ratings.mean() - everybody)} vs everybody",
                      delta_color="off", delta_arrow="off", width="content")  # fmt: skip
    if person.stored is None:
        st.caption(
            "A person of the data set, whose ratings never change. Your first star on *Rate movies* begins a profile "
            "of your own, from nothing; a copy begins with all the ratings of this person."
        )
        st.button(
            f"Continue as a copy of {plain(person.label)}",
            icon=":material/person_add:",
            key="copy_person",
            on_click=_copy,
            args=(person.owner,),
        )
        return
    st.caption("Private: only who has this link can open the profile; nobody can look it up. Keep it to come back.")
    with st.container(key="profile_link"):
        address = links.of_profile(person.stored.token)
        st.code(address, language=None, wrap_lines=True)
        links.copy_button(address, key="copy_link")
    _memory(person.stored.token)
    with st.container(horizontal=True):
        with st.popover("Edit", icon=":material/edit:"):
            _edit(data, person)
        st.button(
            "Duplicate profile",
            icon=":material/person_add:",
            key="copy_profile",
            help="A second profile of yours that begins with these ratings.",
            on_click=_copy,
            args=(person.owner,),
        )
        with st.popover("Delete", icon=":material/delete:"):
            st.markdown(f"Delete **{plain(person.label)}** and all its ratings for good? There is no way back.")
            st.button(
                "Yes, delete it",
                type="primary",
                key="delete_profile",
                on_click=_delete,
                args=(person.owner, person.label),
            )


def _memory(token: str) -> None:
    """Whether this browser remembers the profile, and the way to change that."""
    remembered = session.state().remembered == token
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if remembered:
            st.caption("This browser remembers the profile, in a cookie for this app alone.", width="content")
            st.button(
                "Forget me on this browser",
                icon=":material/no_accounts:",
                type="tertiary",
                key="forget_me",
                on_click=_forget,
            )
        else:
            st.caption("This browser does not remember the profile: only the link leads back.", width="content")
            st.button(
                "Remember me on this browser",
                icon=":material/how_to_reg:",
                type="tertiary",
                key="remember_me",
                on_click=_remember,
                args=(token,),
            )


def create(data: Dataset) -> None:
    """The form for a new profile, which then goes on to rate."""
    with st.popover("Create a new profile", icon=":material/person_add:"):
        people.description_form("create_profile", data, "Create", _create, (data.name,))


def tastes(data: Dataset, person: session.Person) -> None:
    """Charts of a person's ratings beside everybody's, and the ratings themselves."""
    everybody = lookups.statistics(data.name)
    history = taste.history(data, person.profile, lookups.movie_means(data.name))
    charts.draw(profile_charts.in_time(history, data.scale), "profile_in_time")
    left, right = st.columns(2, gap="medium")
    with left:
        shares = taste.rating_shares(person.profile, everybody)
        charts.draw(profile_charts.rating_shares(shares, person.label), "profile_shares")
        decades = taste.decades(data, person.profile, everybody)
        if not decades.empty:
            charts.draw(profile_charts.decade_tastes(decades, person.label), "profile_decades")
    with right:
        genres = taste.genres(data, person.profile, everybody)
        if genres.empty:
            st.info(f"Tastes by genre appear once a genre has {taste.FEWEST_PER_GENRE} ratings.")
        else:
            charts.draw(profile_charts.genre_tastes(genres, person.label), "profile_genres")
    order = tables.order_of(tables.HISTORY_BY_TITLE, "the latest first")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.header(f"Everything rated, {order}", anchor=False, width="content")
        st.download_button(
            "Download as CSV",
            data=lambda: history_csv(history),
            file_name=f"rated-{data.name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    listed = tables.by_title(history.drop(columns="sort_key"), history["sort_key"], tables.HISTORY_BY_TITLE)
    st.dataframe(
        listed.assign(genres=[split_genres(joined) for joined in listed["genres"]]),
        hide_index=True,
        height=380,
        key="profile_history",
        column_config={
            "time": st.column_config.DateColumn("Date", format="DD MMM YYYY"),
            "title": tables.title_column(_OPENED, width=250),
            "rating": st.column_config.NumberColumn("Stars given", format="%g"),
            "mean_rating": st.column_config.NumberColumn("Everybody's average", format="%.2f"),
            "genres": st.column_config.ListColumn("Genres"),
        },
        column_order=["title", "rating", "mean_rating", "time", "genres"],
        alt=f"The {len(history):,} ratings of {clean(person.label)}",
    )
    tables.follow_title(_OPENED, listed["movie_id"].tolist())


def history_csv(history: pd.DataFrame) -> bytes:
    """What a person rated as a file; see `taste.history`."""
    return export.as_csv(
        pd.DataFrame(
            {
                "Date": history["time"].dt.strftime("%Y-%m-%d"),
                "Title": history["title"],
                "Stars given": history["rating"],
                "Everybody's average": history["mean_rating"].round(2),
                "Genres": history["genres"].str.replace("|", ", ", regex=False),
            }
        )
    )


def _edit(data: Dataset, person: session.Person) -> None:
    stored = person.stored
    assert stored is not None
    start = people.Description(stored.name, stored.gender, stored.age, stored.occupation)
    # The person's own, and made anew when another window changes them.
    key = f"edit_profile_{hash((stored.token, start)) & 0xFFFFFFFF:x}"
    people.description_form(key, data, "Save", _save, (person.owner,), start)


def _create(data_name: str, entered: people.Description) -> None:
    if data_name != session.current_data().name:
        raise ProfileError("the data on the screen changed in between: no profile was made")
    profiles.create(entered.name, gender=entered.gender, age=entered.age, occupation=entered.occupation)
    st.session_state[_CREATED] = True


def go_on() -> None:
    """Go on to the first ratings, where a profile was just created: a callback may come before the pages are known."""
    if st.session_state.pop(_CREATED, False):
        # With the address as it is: without one, Streamlit would add an empty one to the browser's history.
        st.switch_page("pages/2_rate.py", query_params=st.query_params.to_dict())


def _save(owner: session.Owner, entered: people.Description) -> None:
    profiles.describe(owner, name=entered.name, gender=entered.gender, age=entered.age, occupation=entered.occupation)


@callback
def _copy(owner: session.Owner) -> None:
    profiles.copy(owner)


@callback
def _delete(owner: session.Owner, label: str) -> None:
    profiles.delete(owner)
    session.notify(f"**{plain(label)}** was deleted.", "success")


@callback
def _remember(token: str) -> None:
    session.state().forget = False
    session.remember(token)


@callback
def _forget() -> None:
    session.state().forget = True
    session.remember(None)
    session.notify("This browser does not remember you any more. The profile is kept: its link opens it.", "success")
