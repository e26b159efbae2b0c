"""Who is looking, at which data, through which model.

Kept in the session and mirrored in the URL (`?data=`, `?model=`, `?user=`, `?profile=`), so that a
link opens the same view on any server; one that names a person or a model and no data set means the demo.
The URL comes from outside: whatever in it cannot be used is explained, and what a visitor sees at first
takes its place.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from lcrec_core import artifacts, sources
from lcrec_core.dataset import AGE_LABELS, Col, Dataset
from lcrec_core.errors import BundleError, DataError, ProfileError
from lcrec_core.profile import Profile
from lcrec_core.store import StoredProfile
from lcrec_ui import loaders, notices
from lcrec_ui.failures import sentence
from lcrec_ui.text import quoted

DEFAULT_USER = 11
"""The person of the paper's examples."""

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
    written: dict[str, str] = field(default_factory=dict)
    """The query parameters as we left them; a difference means that the visitor came by a link."""


@dataclass(frozen=True)
class Person:
    """Who recommendations are for: a person of the data set, or a created profile."""

    profile: Profile
    stored: StoredProfile | None = None

    @property
    def token(self) -> str | None:
        """Opens the created profile; None for a person of the data set."""
        return self.stored.token if self.stored else None

    @property
    def label(self) -> str:
        """A short name: `User 11`, `Ada`, `Copy of user 11`."""
        if self.stored is None:
            return f"User {self.profile.user_id}"
        if self.stored.name:
            return self.stored.name
        return f"Copy of user {self.stored.copied_from}" if self.stored.copied_from else "New profile"

    @property
    def about(self) -> str:
        """What is known of them: `woman, 25-34, scientist`; may be empty."""
        known = self.profile
        parts = [GENDER_WORDS.get(known.gender or ""), AGE_LABELS.get(known.age or 0), known.occupation]
        return ", ".join(part.replace("-", "\u2013") for part in parts if part)


def state() -> _Session:
    """This visitor's choices."""
    if _STATE not in st.session_state:
        begun = st.session_state[_STATE] = _Session()
        begun.data = begun.first_data = _first_data()
    return st.session_state[_STATE]


def _first_data() -> str:
    """Real people's ratings where there is a copy and a trained model that fits it, or else the demo."""
    own = [name for name in sources.available() if name != sources.DEMO]
    fingerprints = {bundle.name: bundle.fingerprint for bundle in artifacts.list_bundles()} if own else {}
    for name in own:
        try:
            default = artifacts.resolve(name)
            if default in fingerprints and fingerprints[default] == loaders.dataset(name).fingerprint:
                return name
        except BundleError:
            continue  # None is trained on it.
        except DataError as error:
            _say_demo_instead(error)
    return sources.DEMO


def _say_demo_instead(error: DataError) -> None:
    notify(f"{_as_sentence(sentence(error))} Showing the demo data instead.")


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
            return artifacts.resolve(picked)
        except BundleError:
            del chosen.bundles[chosen.data]
    return artifacts.resolve(chosen.data)


def bundles_of(data_name: str) -> list[str]:
    """Names of the sound bundles trained on a data set."""
    return [bundle.name for bundle in artifacts.list_bundles() if bundle.data == data_name]


def current_person() -> Person:
    """Who recommendations are for; an unknown or deleted profile gives way to a person of the data set."""
    chosen = state()
    if chosen.token is not None:
        try:
            stored = loaders.store().get(chosen.token)
        except ProfileError as error:
            forget_profile(chosen.token)
            notify(f"{_as_sentence(sentence(error))} You are looking as a person of the data set instead.")
        else:
            return Person(stored.to_profile(), stored)
    data = current_data()
    return Person(Profile.from_dataset(data, chosen.users.get(chosen.data, default_user(data))))


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


def set_bundle(name: str) -> None:
    """Predict with another bundle; it must be one of the current data set's."""
    chosen = state()
    if name.partition("/")[0] != chosen.data:
        raise BundleError(f"{quoted(name)} is not a model of the data set {quoted(chosen.data)}")
    chosen.bundles[chosen.data] = artifacts.resolve(name)


def set_user(user_id: int) -> None:
    """Look as a person of the current data set.

    Raises:
        ProfileError: There is no such person.
    """
    Profile.from_dataset(current_data(), user_id)
    chosen = state()
    chosen.users[chosen.data], chosen.token = user_id, None


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


def forget_profile(token: str) -> None:
    """Stop using a profile that was deleted."""
    chosen = state()
    chosen.tokens.pop(token, None)
    if chosen.token == token:
        chosen.token = None


def notify(text: str, kind: notices.Kind = "warning") -> None:
    """Say something at the top of what is drawn next, see `notices.say`."""
    notices.say(text, kind)


def read_url() -> None:
    """Follow the link a visitor came by. Call once per full run, before anything is shown."""
    asked = {key: st.query_params[key] for key in _URL_KEYS if key in st.query_params}
    if not asked or asked == state().written:
        return
    asked.setdefault("data", sources.DEMO)
    for key, follow in (("data", set_data), ("profile", set_profile), ("user", _follow_user), ("model", set_bundle)):
        if key in asked and not (key == "user" and "profile" in asked):
            try:
                if len(asked[key]) > _LONGEST_PARAMETER:
                    raise DataError(f"its {key} is longer than any that is here")
                follow(asked[key])
            except (DataError, ProfileError, BundleError) as error:
                notify(f"That link could not be followed as it is. {_as_sentence(sentence(error))}")


def write_url() -> None:
    """Make the address bar a link to what is shown."""
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
    for key in _URL_KEYS:
        if key not in wanted and key in st.query_params:
            del st.query_params[key]
    for key, value in wanted.items():
        if st.query_params.get(key) != value:
            st.query_params[key] = value
    chosen.written = wanted


def _follow_user(asked: Any) -> None:
    if not str(asked).isascii() or not str(asked).isdigit() or len(str(asked)) > 12:
        raise ProfileError(f"{quoted(asked)} is not a user id")
    set_user(int(asked))


def _as_sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
