"""Who somebody compares with: chosen here, kept in the session, and named in the address without being opened by it.

The address has `?with=`: the number of a person of the data set, or for a profile a fingerprint of its token, from
which the token cannot be found again. So it leads back to the pair where the profile's link is known, in this session
or this browser, and nowhere else: only who has the link can compare.
"""

import hashlib
import re

import streamlit as st

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.errors import ProfileError, UnknownProfileError
from lcrec_core.serving.catalogue import Catalogue
from lcrec_core.serving.together import people_with_most_in_common
from lcrec_core.sources.published import DATA_LABELS
from lcrec_ui.frame import failures, in_browser, links, loaders, session
from lcrec_ui.frame.failures import callback
from lcrec_ui.frame.text import clean, count, distinct, plain, quoted

WITH = "with"
"""The query parameter."""
_CHOICE, _MET, _STEP = "together_choice", "together_met", "together_step"
_FRIENDS, _SEEN = "together_friends", "together_profile"
_LINK, _OWN, _NEAR, _NUMBER = "together_link", "together_own", "together_near", "together_number"
_LONGEST = 40
_DIGITS = re.compile(r"[0-9]{1,12}")


def follow() -> None:
    """Follow the address, or complete it. Call before the page begins, which brings the address to the browser."""
    met = st.session_state.setdefault(_MET, set())
    asked, chosen = st.query_params.get(WITH, "")[:_LONGEST], st.session_state.get(_CHOICE, "")
    step = st.session_state.pop(_STEP, False)
    # Several are kept: a browser reports the one it had for a while after another was written.
    if not step and (in_browser.came_back() or (asked and asked not in met)):
        chosen = st.session_state[_CHOICE] = asked
    if asked != chosen:
        in_browser.set_query({WITH: chosen} if chosen else {}, [WITH], tell=step)
    met.update({asked, chosen})


def chosen(data: Dataset, person: session.Person) -> session.Person | None:
    """The other one; None where nobody is chosen, or who cannot be compared with, which is said.

    Args:
        data: That the page is about.
        person: Who is on the screen.
    """
    choice = st.session_state.get(_CHOICE, "")
    if not choice:
        return None
    try:
        other = _opened(choice, data)
        if other.owner == person.owner:
            raise ProfileError("this is who you are looking as; choose somebody else to compare with")
    except ProfileError as error:
        failures.explain(error)
        return None
    return other


def chooser(data: Dataset, catalogue: Catalogue, person: session.Person) -> None:
    """Three ways to choose: a link, one of one's own profiles, a person of the data set.

    Args:
        data: That the page is about.
        catalogue: Its movies.
        person: Who is on the screen.
    """
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch"):
        st.header("A friend", anchor=False)
        st.text_input(
            "The link of their profile",
            key=_LINK,
            placeholder="Paste what they sent you",
            help="It stands on their Profile page. Only who has it can compare; nothing is changed there.",
            max_chars=400,
            on_change=_choose_link,
        )
        own = distinct({t: label for t, label in session.own_profiles(data.name).items() if t != person.token})
        if own:
            st.selectbox(
                "Or another profile of yours",
                list(own),
                index=None,
                key=_OWN,
                format_func=lambda token: clean(own.get(token, "Profile")),
                placeholder="Choose a profile",
                on_change=_choose_own,
            )
    with right.container(border=True, height="stretch"):
        st.header("A person of the data set", anchor=False)
        near = dict(people_with_most_in_common(catalogue, person.profile))
        if near:
            st.selectbox(
                "Who rated most of the same films",
                list(near),
                index=None,
                key=_NEAR,
                format_func=lambda user: f"User {user} · {count(near.get(user, 0), 'film')} in common",
                placeholder="Choose a person",
                on_change=_choose_number,
                args=(_NEAR,),
            )
        st.text_input(
            "Or their number",
            key=_NUMBER,
            max_chars=12,
            placeholder="For example 17",
            on_change=_choose_number,
            args=(_NUMBER,),
        )


def change() -> None:
    """A button that goes back to choosing."""
    st.button("Choose somebody else", icon=":material/group:", type="tertiary", key="together_change", on_click=_clear)


def remember() -> None:
    """Let this browser know the friends whose links were opened here, unless it is to remember nothing."""
    friends = st.session_state.get(_FRIENDS)
    if friends and not session.state().forget:
        in_browser.keep_friends(friends)


def reference(token: str) -> str:
    """Stands for a profile in an address: tells which it is to who knows its token, and opens nothing."""
    return "p" + hashlib.sha256(f"pair {token}".encode()).hexdigest()[:15]


def _opened(choice: str, data: Dataset) -> session.Person:
    """The person that an address names.

    Raises:
        ProfileError: There is no such person, or their link is not known here.
    """
    if _DIGITS.fullmatch(choice):
        user_id = int(choice)
        return session.Person(_as_seen(Profile.from_dataset(data, user_id)), session.Owner(data.name, user_id=user_id))
    token = next((known for known in _known_tokens() if reference(known) == choice), None)
    if token is None:
        raise ProfileError(
            "the address names a profile that was deleted, or that this browser has no link of; whose it is has the "
            "link, to be pasted here"
        )
    try:
        stored = loaders.store().get(token)
    except UnknownProfileError as error:
        raise ProfileError("the profile that you compared with is gone: it was deleted") from error
    if stored.data != data.name:
        here, there = (DATA_LABELS.get(name, name) for name in (data.name, stored.data))
        raise ProfileError(f"that profile rates the films of {there}, and you are looking at {here}")
    return session.Person(_as_seen(stored.profile), session.Owner(data.name, token=token), stored)


def _known_tokens() -> list[str]:
    """Tokens of profiles that this visitor has the link of."""
    if _FRIENDS not in st.session_state:
        st.session_state[_FRIENDS] = in_browser.remembered_friends()
    return [*st.session_state[_FRIENDS], *session.state().tokens]


def _as_seen(profile: Profile) -> Profile:
    """The object of the run before where nothing changed: what recommenders worked out for it is kept with it."""
    st.session_state[_SEEN] = profile = session.first_same((st.session_state.get(_SEEN),), profile)
    return profile


def _choose(choice: str) -> None:
    st.session_state[_CHOICE], st.session_state[_STEP] = choice, True


@callback
def _choose_link() -> None:
    pasted = str(st.session_state.get(_LINK) or "").strip()
    if not pasted:
        return
    st.session_state[_LINK] = ""
    token = links.token_in(pasted)
    loaders.store().get(token)
    known = _known_tokens()
    if token not in known:
        st.session_state[_FRIENDS] = [token, *st.session_state[_FRIENDS]][: in_browser.MOST_FRIENDS]
    _choose(reference(token))


@callback
def _choose_own() -> None:
    token = st.session_state.get(_OWN)
    if token:
        st.session_state[_OWN] = None
        if token not in session.state().tokens:
            raise ProfileError("that is no profile of yours")
        _choose(reference(token))


@callback
def _choose_number(key: str) -> None:
    entered = str(st.session_state.get(key) or "").strip()
    if entered:
        st.session_state[key] = None if key == _NEAR else ""
        if not _DIGITS.fullmatch(entered):
            raise ProfileError(f"{quoted(entered)} is no number of a person")
        Profile.from_dataset(session.current_data(), int(entered))
        _choose(str(int(entered)))


@callback
def _clear() -> None:
    _choose("")


def names(person: session.Person, other: session.Person) -> tuple[str, str]:
    """What the two are called, in Markdown: `You` who has a profile on the screen, and never both alike."""
    first = "You" if person.stored is not None else person.label
    shown = distinct({0: first, 1: other.label})
    return plain(shown[0]), plain(shown[1])
