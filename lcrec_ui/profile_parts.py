"""The parts of the Profile page."""

from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from lcrec_core.dataset import Dataset, split_genres
from lcrec_ui import charts, components, export, loaders, lookups, own, people, profile_charts, session, taste
from lcrec_ui.failures import callback
from lcrec_ui.text import clean, plain

_PAGE_PATH = "/profile"


def identity(data: Dataset, person: session.Person) -> None:
    """Who is looking, what can be done with them, and for a created profile its link."""
    st.subheader(plain(person.label), anchor=False)
    if person.about:
        st.markdown(plain(person.about))
    ratings = person.profile.ratings
    with st.container(horizontal=True):
        st.metric("Ratings", f"{len(ratings):,}", width="content")
        if len(ratings):
            everybody = lookups.statistics(data.name).mean_rating
            st.metric("Average given", f"{ratings.mean():.2f}", f"{ratings.mean() - everybody:+.2f} vs everybody",
                      delta_color="off", delta_arrow="off", width="content")  # fmt: skip
    if person.stored is None:
        st.caption("A person of the data set: their ratings never change. Continue as a private copy to rate movies.")
        st.button("Continue as a private copy", icon=":material/content_copy:", on_click=_copy)
        return
    st.caption("Private: only who has this link can open the profile. Keep it to come back; nobody can look it up.")
    st.code(link(person.stored.token), language=None, wrap_lines=True)
    with st.container(horizontal=True):
        with st.popover("Edit", icon=":material/edit:"):
            _edit(data, person)
        st.button("Copy", icon=":material/content_copy:", key="copy_profile", on_click=_copy)
        with st.popover("Delete", icon=":material/delete:"):
            st.markdown(f"Delete **{plain(person.label)}** and all its ratings for good? There is no way back.")
            st.button("Yes, delete it", type="primary", key="delete_profile", on_click=_delete)


def link(token: str) -> str:
    """The address that opens a profile, on the server the visitor is using."""
    url = urlsplit(st.context.url or "")
    folder = url.path.rstrip("/").removesuffix(_PAGE_PATH)
    base = f"{url.scheme}://{url.netloc}{folder}" if url.netloc else ""
    return f"{base}/?profile={token}"


def create(data: Dataset) -> None:
    """The form for a new profile."""
    with st.popover("Create a new profile", icon=":material/person_add:"):
        entered = people.description_form("create_profile", data, "Create")
    if entered:
        own.create(entered.name, gender=entered.gender, age=entered.age, occupation=entered.occupation)
        st.switch_page("pages/2_rate.py")


def tastes(data: Dataset, person: session.Person) -> None:
    """Charts of a person's ratings beside everybody's, and the ratings themselves."""
    everybody = lookups.statistics(data.name)
    history = taste.history(data, person.profile, lookups.movie_means(data.name))
    charts.draw(profile_charts.in_time(history, data.scale), "profile_in_time")
    left, right = st.columns(2, gap="medium")
    with left:
        shares = taste.rating_shares(person.profile, everybody)
        charts.draw(profile_charts.rating_shares(shares, person.label), "profile_shares")
    with right:
        genres = taste.genres(data, person.profile, everybody)
        if genres.empty:
            st.info(f"Tastes by genre appear once a genre has {taste.FEWEST_PER_GENRE} ratings.")
        else:
            charts.draw(profile_charts.genre_tastes(genres, person.label), "profile_genres")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.subheader("Everything rated, the latest first", anchor=False, width="content")
        st.download_button(
            "Download as CSV",
            data=lambda: history_csv(history),
            file_name=f"rated-{data.name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    listed = components.by_title(history.drop(columns="sort_key"), history["sort_key"], "history_by_title")
    st.dataframe(
        listed.assign(genres=[split_genres(joined) for joined in listed["genres"]]),
        hide_index=True,
        height=380,
        key="profile_history",
        column_config={
            "time": st.column_config.DateColumn("Date", format="DD MMM YYYY"),
            "title": st.column_config.TextColumn("Title", width=250),
            "rating": st.column_config.NumberColumn("Stars given", format="%g"),
            "mean_rating": st.column_config.NumberColumn("Everybody's average", format="%.2f"),
            "genres": st.column_config.ListColumn("Genres"),
        },
        column_order=["title", "rating", "mean_rating", "time", "genres"],
        alt=f"The {len(history):,} ratings of {clean(person.label)}",
    )


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
    entered = people.description_form("edit_profile", data, "Save", start)
    if entered:
        loaders.store().update(
            stored.token,
            name=entered.name,
            gender=entered.gender,
            age=entered.age,
            occupation=entered.occupation,
        )
        st.rerun()


@callback
def _copy() -> None:
    own.copy()


@callback
def _delete() -> None:
    person = session.current_person()
    if person.token is not None:
        own.delete(person.token)
        session.notify(f"**{plain(person.label)}** was deleted.", "success")
