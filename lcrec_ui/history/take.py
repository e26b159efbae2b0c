"""Taking one's history along: files that Letterboxd's importer reads, and files that lose nothing on the way back."""

import streamlit as st

from lcrec_core.data.dataset import Dataset
from lcrec_core.errors import BundleError
from lcrec_core.serving.filters import Filters, default_min_ratings
from lcrec_core.sources.history import written
from lcrec_core.sources.history.entries import SAVED
from lcrec_core.sources.history.written import Kept
from lcrec_core.store.profiles import StoredProfile
from lcrec_ui.frame import export, loaders, session

TOP_LENGTH = 50
"""Movies of the list of the best that is taken along."""


def take(data: Dataset, person: session.Person) -> None:
    """Downloads of what a profile holds."""
    st.header("Take your history with you", anchor=False)
    stored = person.stored
    if stored is None:
        st.caption("There is nothing of yours yet: your first star, or a file you bring, begins a profile of your own.")
        return
    # A download is made when it is asked for, and the session is not at hand then.
    bundle = _bundle()
    files = {
        "Watched (CSV)": ("watched.csv", lambda: watched_csv(data, stored), ":material/visibility:"),
        "Saved for later (CSV)": ("watchlist.csv", lambda: saved_csv(data, stored), ":material/bookmark:"),
        f"Your top {TOP_LENGTH} (CSV)": ("top.csv", lambda: top_csv(data, stored, bundle), ":material/trophy:"),
        "Everything (CSV)": ("everything.csv", lambda: everything_csv(data, stored), ":material/table:"),
        "Everything (JSON)": (
            "everything.json",
            lambda: everything_json(data, stored, bundle),
            ":material/data_object:",
        ),
    }
    with st.container(horizontal=True, gap="small"):
        for label, (name, made, icon) in files.items():
            st.download_button(
                label,
                data=made,
                file_name=f"lcrec-{data.name}-{name}",
                mime="application/json" if name.endswith("json") else "text/csv",
                icon=icon,
                key=f"take_{name}",
                on_click="ignore",
            )
    st.caption(
        "The first three are for Letterboxd too: import *Watched* under Settings, Import; *Saved for later* from your "
        "watchlist; the top list from a new list. *Everything* is for LCRec: brought back here, it loses nothing."
    )


def _bundle() -> str | None:
    try:
        return session.current_bundle()
    except BundleError:
        return None


def watched_csv(data: Dataset, stored: StoredProfile) -> bytes:
    """What somebody rated, and saw without rating it."""
    return _csv(data, written.seen_by(_kept(stored)))


def saved_csv(data: Dataset, stored: StoredProfile) -> bytes:
    """What somebody saved for later."""
    return _csv(data, [row for row in _kept(stored) if row.listed == SAVED])


def top_csv(data: Dataset, stored: StoredProfile, bundle: str | None) -> bytes:
    """What is recommended to them."""
    return _csv(data, [Kept(written.TOP, movie_id) for movie_id in _top(data, stored, bundle)])


def everything_csv(data: Dataset, stored: StoredProfile) -> bytes:
    """Every rating and mark."""
    return _csv(data, _kept(stored))


def everything_json(data: Dataset, stored: StoredProfile, bundle: str | None) -> bytes:
    """Every rating and mark, and what is recommended."""
    return written.as_json(data, _kept(stored, _top(data, stored, bundle))).encode()


def _kept(stored: StoredProfile, top: list[int] | None = None) -> list[Kept]:
    return written.kept(stored.ratings, stored.marks, stored.marked_at, top or [])


def _csv(data: Dataset, rows: list[Kept]) -> bytes:
    return export.as_csv(written.table(data, rows), mark=False)


def _top(data: Dataset, stored: StoredProfile, bundle: str | None) -> list[int]:
    """The movies recommended, the best first; none where there is no model."""
    if bundle is None:
        return []
    recommender = loaders.recommender(bundle)
    passing = Filters(min_ratings=default_min_ratings(data), without=stored.unwanted)
    return [movie.movie_id for movie in recommender.top_n(stored.profile, TOP_LENGTH, passing)]
