"""Who is looking, at which data, through which model.

Kept in the session and mirrored in the URL (`?data=`, `?model=`, `?user=`, `?profile=`), so that a
link opens the same view on any server; one that names a person or a model and no data set means the demo.
The URL comes from outside: whatever in it cannot be used is explained, and what a visitor sees at first
takes its place. An address that names nothing means the visitor's own profile where the browser remembers
one, and otherwise a person of the data set.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from lcrec_core.data.dataset import AGE_LABELS, Col, Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.errors import BundleError, DataError, LCRecError, ProfileError, UnknownProfileError
from lcrec_core.models import bundles
from lcrec_core.sources import load as sources
from lcrec_core.store.profiles import StoredProfile
from lcrec_ui.frame import failures, in_browser, loaders, notices
from lcrec_ui.frame.text import plain, quoted

DEFAULT_USER = 11
"""The person of the paper's examples."""

UNNAMED = "New profile"
_STATE = "lcrec_session"
_URL_KEYS = ("data", "model", "user", "profile")
_LONGEST_PARAMETER = 120
GENDER_WORDS = {"F": "woman", "M": "man"}


@dataclass
class _Session:
    """One visitor's choices."""

    data: str = sources.DEMO
    first_data: str = sources.DEMO
    """What an address without `?data=` shows on this server."""
    users: dict[str, int] = field(default_factory=dict)
    """The data-set person chosen last, per data set."""
    token: str | None = None
    """Opens the created profile in use; None while looking as a data-set person."""
    bundles: dict[str, str] = field(default_factory=dict)
    """The bundle chosen, per data set."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Profiles this visitor made or opened here, and the data set of each: the only ones they are ever shown."""
    queries: list[dict[str, str]] = field(default_factory=list)
    """The query parameters as they were met or left here; others mean that the visitor came by a link."""
    page: str = ""
    """The page whose address was written last."""
    replaces: bool = False
    """Whether the next address takes the place of this one in the browser's history: it completes it."""
    remembered: str | None = None
    """Opens the own profile that this browser comes back to."""
    memory_decided: bool = False
    """Whether anything was remembered or forgotten here, so that the browser has to be told."""
    forget: bool = False
    """Whether the visitor wants nothing to be remembered unless asked."""
    lost: str = ""
    """Why the profile on the screen is no longer there, until the visitor has chosen how to go on."""
    begun: tuple["Owner", str] | None = None
    """The person as whom somebody gave their first star, and the own profile that began with it."""


@dataclass(frozen=True)
class Owner:
    """The person on the screen when a control was drawn: nobody else's ratings may be changed by it."""

    data: str
    token: str | None = None
    user_id: int | None = None
    """A person of the data set; None for a created profile."""


@dataclass(frozen=True)
class Person:
    """Who recommendations are for: a person of the data set, or a created profile."""

    profile: Profile
    owner: Owner
    stored: StoredProfile | None = None

    @property
    def token(self) -> str | None:
        """Opens the created profile; None for a person of the data set."""
        return self.stored.token if self.stored else None

    @property
    def label(self) -> str:
        """A short name: `User 11`, `Ada`, `Copy of user 11`."""
        return f"User {self.owner.user_id}" if self.stored is None else label_of(self.stored)

    @property
    def about(self) -> str:
        """What is known of them: `woman, 25-34, scientist`; may be empty."""
        known = self.profile
        parts = [GENDER_WORDS.get(known.gender or ""), AGE_LABELS.get(known.age or 0), known.occupation]
        return ", ".join(part.replace("-", "\u2013") for part in parts if part)


def label_of(stored: StoredProfile) -> str:
    """What a created profile is called."""
    if stored.name:
        return stored.name
    return f"Copy of user {stored.copied_from}" if stored.copied_from else UNNAMED


def state() -> _Session:
    """This visitor's choices."""
    if _STATE not in st.session_state:
        begun = st.session_state[_STATE] = _Session()
        begun.data = begun.first_data = _first_data()
    return st.session_state[_STATE]


def _first_data() -> str:
    """Real people's ratings where there is a copy and a trained model that fits it, or else the demo."""
    own = [name for name in sources.available() if name != sources.DEMO]
    fingerprints = {bundle.name: bundle.fingerprint for bundle in bundles.list_bundles()} if own else {}
    for name in own:
        try:
            default = bundles.resolve(name)
            if default in fingerprints and fingerprints[default] == loaders.dataset(name).fingerprint:
                return name
        except BundleError:
            continue  # None is trained on it.
        except DataError as error:
            _say_demo_instead(error)
    return sources.DEMO


def _say_demo_instead(error: DataError) -> None:
    notify(f"{sentence(error)} Showing the demo data instead.")


def current_data() -> Dataset:
    """The data set being looked at; one that cannot be read gives way to the demo, with a notice."""
    chosen = state()
    try:
        return loaders.dataset(chosen.data)
    except DataError as error:
        if chosen.data == sources.DEMO:
            raise
        _say_demo_instead(error)
        set_data(sources.DEMO)
        return loaders.dataset(sources.DEMO)


def current_bundle() -> str:
    """Full name of the bundle in use, such as `demo/paper`.

    Raises:
        BundleError: The data set has none; its advice has the command that trains one.
    """
    chosen = state()
    picked = chosen.bundles.get(chosen.data)
    if picked is not None:
        try:
            return bundles.resolve(picked)
        except BundleError:
            del chosen.bundles[chosen.data]
            instead = bundles.resolve(chosen.data)
            notify(f"The model {plain(picked)} is no longer here. Predicting with {plain(instead)} instead.")
            return instead
    return bundles.resolve(chosen.data)


def bundles_of(data_name: str) -> list[str]:
    """Names of the sound bundles trained on a data set."""
    return [bundle.name for bundle in bundles.list_bundles() if bundle.data == data_name]


def current_person() -> Person:
    """Who recommendations are for, to be read; a deleted profile gives way to a person of the data set.

    The visitor is told. To write, see `own`: it never changes anybody but the person on the screen.
    """
    data, chosen = current_data(), state()
    if chosen.token is not None:
        try:
            stored = loaders.store().get(chosen.token)
        except UnknownProfileError as error:
            lose_profile(chosen.token, error, in_part=in_browser.redraws_a_part())
        else:
            return Person(stored.to_profile(), current_owner(), stored)
    return Person(_data_set_person(data), current_owner())


def person_of_a_part() -> Person:
    """The current person, for a fragment that only reads: where they are gone, the whole page is drawn anew."""
    person = current_person()
    if state().lost:
        st.rerun()
    return person


def current_owner() -> Owner:
    """Who a control drawn now belongs to; reads no profile."""
    data, chosen = current_data(), state()
    if chosen.token is not None:
        return Owner(data.name, token=chosen.token)
    return Owner(data.name, user_id=chosen.users.get(data.name, default_user(data)))


def _data_set_person(data: Dataset) -> Profile:
    """The person of the data set chosen last; one who is no longer in it gives way to the first visit's."""
    users = state().users
    if data.name in users:
        try:
            return Profile.from_dataset(data, users[data.name])
        except ProfileError as error:
            del users[data.name]
            notify(f"{sentence(error)} You are looking as another person instead.")
    return Profile.from_dataset(data, default_user(data))


def current_profile() -> Profile:
    """What the recommender needs to know of the current person."""
    return current_person().profile


def default_user(data: Dataset) -> int:
    """Who a visitor is at first: user 11, or the first person where there is none."""
    ids = data.users[Col.USER].to_numpy()
    return DEFAULT_USER if bool(np.isin(DEFAULT_USER, ids)) else int(ids[0])


def set_data(name: str) -> None:
    """Look at another data set, as the person chosen there last. The caller reruns the page.

    Raises:
        DataError: It cannot be loaded here.
    """
    chosen = state()
    if name not in sources.available():
        get_it = f"run `python -m lcrec_core download {name}`" if name in sources.NAMES else ""
        raise DataError(f"there is no data set {quoted(name)} here", advice=get_it)
    if name != chosen.data:
        chosen.data, chosen.token = name, None
    _choose_person()


def set_bundle(name: str) -> None:
    """Predict with another bundle; it must be one of the current data set's."""
    chosen = state()
    if name.partition("/")[0] != chosen.data:
        raise BundleError(f"{quoted(name)} is not a model of the data set {quoted(chosen.data)}")
    chosen.bundles[chosen.data] = bundles.resolve(name)


def set_user(user_id: int) -> None:
    """Look as a person of the current data set.

    Raises:
        ProfileError: There is no such person.
    """
    Profile.from_dataset(current_data(), user_id)
    chosen = state()
    chosen.users[chosen.data], chosen.token = user_id, None
    _choose_person()


def set_profile(token: str) -> None:
    """Look as the created profile that this token opens, at the data set it belongs to.

    Raises:
        ProfileError: The token opens none.
        DataError: Its data set is not here.
    """
    stored = loaders.store().get(token)
    set_data(stored.data)
    chosen = state()
    chosen.token = token
    chosen.tokens[token] = stored.data


def _choose_person() -> None:
    """Somebody was chosen: nothing is open any more about who was there before."""
    chosen = state()
    chosen.lost, chosen.begun = "", None


def own_profiles(data_name: str) -> dict[str, str]:
    """The profiles of a data set that this visitor made or opened here: their labels by token, oldest first."""
    labels = {}
    for token, its_data in list(state().tokens.items()):
        if its_data == data_name:
            try:
                labels[token] = label_of(loaders.store().get(token))
            except UnknownProfileError:
                if token != state().token:  # The one in use is missed, and `current_person` says so.
                    forget_profile(token)
    return labels


def forget_profile(token: str) -> None:
    """Stop using a profile that was deleted."""
    chosen = state()
    chosen.tokens.pop(token, None)
    if chosen.token == token:
        chosen.token = None
    if chosen.remembered == token:
        remember(None)


def lose_profile(token: str, error: UnknownProfileError, *, in_part: bool) -> None:
    """The profile on the screen is not there any more: say so, where the visitor looks.

    A page drawn whole says it at its top and shows a person of the data set.

    Args:
        token: What opened it.
        error: The store's answer.
        in_part: Whether only a part of the page is drawn anew. The rest still shows the profile then, so that
            nothing may be done until the visitor has chosen how to go on, see `_Session.lost`.
    """
    forget_profile(token)
    text = f"The profile you were using is gone: it was deleted, here or in another window. {sentence(error)}"
    if in_part:
        state().lost = text
    else:
        notify(f"{text} You are looking as a person of the data set instead.")


def remember(token: str | None) -> None:
    """Let this browser open a profile when the visitor comes back without a link; None: no profile."""
    chosen = state()
    chosen.remembered, chosen.memory_decided = token, True


def notify(text: str, kind: notices.Kind = "warning") -> None:
    """Say something at the top of what is drawn next, see `notices.say`."""
    notices.say(text, kind)


def read_url() -> None:
    """Follow the link a visitor came by, or went back to. Call once per full run, before anything is shown."""
    chosen = state()
    if chosen.lost:
        notify(f"{chosen.lost} You are looking as a person of the data set instead.")
        chosen.lost = ""
    asked = {key: st.query_params[key] for key in _URL_KEYS if key in st.query_params}
    first = not chosen.queries
    if first:
        _meet_remembered()
    followed = in_browser.came_back() or ((first or bool(asked)) and asked not in chosen.queries)
    _note_query(asked)
    if not followed:
        return
    if not asked:
        _follow_bare()
        return
    asked.setdefault("data", sources.DEMO)
    # A link says everything: what it leaves out is as at a first visit.
    chosen.users.pop(asked["data"], None)
    chosen.bundles.pop(asked["data"], None)
    for key, follow in (
        ("data", _follow_data),
        ("profile", set_profile),
        ("user", _follow_user),
        ("model", set_bundle),
    ):
        if key in asked and not (key == "user" and "profile" in asked):
            try:
                if len(asked[key]) > _LONGEST_PARAMETER:
                    raise DataError(f"its {key} is longer than any that is here")
                follow(asked[key])
            except (DataError, ProfileError, BundleError) as error:
                notify(f"That link could not be followed as it is. {sentence(error)}")


def write_url() -> None:
    """Make the address bar a link to what is shown, and let the browser remember or forget an own profile.

    Another person, data set or model on the same page is a step that Back takes back. Completing the address of
    a page just opened is none, and neither is the own profile that begins with a star.
    """
    chosen = state()
    wanted: dict[str, str] = {}
    if chosen.token is not None:
        wanted["profile"] = chosen.token
    else:
        if not chosen.data == chosen.first_data == sources.DEMO:
            wanted["data"] = chosen.data
        if chosen.data in chosen.users:
            wanted["user"] = str(chosen.users[chosen.data])
    if chosen.data in chosen.bundles:
        wanted["model"] = chosen.bundles[chosen.data]
    if any(st.query_params.get(key) != wanted.get(key) for key in _URL_KEYS):
        is_a_step = in_browser.page() == chosen.page and not chosen.replaces
        in_browser.set_query(wanted, _URL_KEYS, tell=is_a_step)
    chosen.page, chosen.replaces = in_browser.page(), False
    _note_query(wanted)
    in_browser.keep(chosen.remembered, decided=chosen.memory_decided)


def _note_query(query: dict[str, str]) -> None:
    """Several are kept: a browser reports the one it had for a while after another was written."""
    queries = state().queries
    if query not in queries:
        queries.append(query)


def _meet_remembered() -> None:
    """Know the profile that the browser remembers; one that was deleted is forgotten without a word."""
    chosen, token = state(), in_browser.remembered_token()
    if token is None:
        return
    try:
        chosen.tokens[token] = loaders.store().get(token).data
    except UnknownProfileError:
        remember(None)
    except ProfileError:
        return  # The store cannot be read just now, which says nothing about the profile.
    else:
        chosen.remembered = token


def _follow_bare() -> None:
    """What an address that names nothing means: the visitor's own profile, or the person of a first visit."""
    chosen = state()
    if chosen.remembered is not None:
        try:
            set_profile(chosen.remembered)
            return
        except UnknownProfileError:
            forget_profile(chosen.remembered)
        except (ProfileError, DataError):
            pass  # Neither the store nor the data set has to be there to look around.
    chosen.data, chosen.token = chosen.first_data, None
    chosen.users.pop(chosen.data, None)
    chosen.bundles.pop(chosen.data, None)
    _choose_person()


def _follow_data(asked: str) -> None:
    """A link to a data set shows it as at a first visit, not as the profile in use."""
    set_data(asked)
    state().token = None


def _follow_user(asked: Any) -> None:
    if not str(asked).isascii() or not str(asked).isdigit() or len(str(asked)) > 12:
        raise ProfileError(f"{quoted(asked)} is not a user id")
    set_user(int(asked))


def sentence(error: LCRecError) -> str:
    """An error as a visitor may read it, ready for a sentence to follow."""
    text = failures.sentence(error)
    return text if text.endswith((".", "!", "?")) else f"{text}."
