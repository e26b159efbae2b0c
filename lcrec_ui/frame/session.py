"""Who is looking, at which data, through which model.

Kept in the session and mirrored in the URL (`?data=`, `?model=`, `?user=`, `?profile=`), so that a
link opens the same view on any server; one that names a person or a model and no data set means the demo.
The URL comes from outside: whatever in it cannot be used is explained, and what a visitor sees at first
takes its place. An address that names nothing means the visitor's own profile where the browser remembers
one, and otherwise a person of the data set.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from lcrec_core.data.dataset import AGE_LABELS, Col, Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.errors import BundleError, DataError, LCRecError, ProfileError, UnknownProfileError
from lcrec_core.models import bundles
from lcrec_core.sources import datasets
from lcrec_core.store.profiles import StoredProfile
from lcrec_ui.frame import failures, in_browser, loaders, notices
from lcrec_ui.frame.text import plain, quoted

DEFAULT_USER = 11
"""The person of the paper's examples."""

UNNAMED = "New profile"
_STATE = "lcrec_session"
GENDER_WORDS = {"F": "woman", "M": "man"}


@dataclass
class _Session:
    """One visitor's choices."""

    data: str = datasets.DEMO
    first_data: str = datasets.DEMO
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
    movie: str | None = None
    """What that address says of a movie."""
    replaces: bool = False
    """Whether the next address takes the place of this one in the browser's history: it completes it."""
    remembered: str | None = None
    """Opens the own profile that this browser comes back to."""
    memory_decided: bool = False
    """Whether anything was remembered or forgotten here, so that the browser has to be told."""
    forget: bool = False
    """Whether the visitor wants nothing to be remembered unless asked."""
    profile: Profile | None = None
    """The person on the screen as they were seen last."""
    before: Profile | None = None
    """The same before what they did last, or who was on the screen before them."""
    read: dict[str, StoredProfile] = field(default_factory=dict)
    """Profiles by token, as the run `read_in` found them in the store."""
    read_in: object = None
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
    try:
        return st.session_state[_STATE]
    except KeyError:
        begun = st.session_state[_STATE] = _Session()
        begun.data = begun.first_data = _first_data()
        return begun


def _first_data() -> str:
    """Real people's ratings where there is a copy and a trained model that fits it, or else the demo."""
    own = [name for name in datasets.available() if name != datasets.DEMO]
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
    return datasets.DEMO


def _say_demo_instead(error: DataError) -> None:
    notify(f"{sentence(error)} Showing the demo data instead.")


def current_data() -> Dataset:
    """The data set being looked at; one that cannot be read gives way to the demo, with a notice."""
    chosen = state()
    try:
        return loaders.dataset(chosen.data)
    except DataError as error:
        if chosen.data == datasets.DEMO:
            raise
        _say_demo_instead(error)
        set_data(datasets.DEMO)
        return loaders.dataset(datasets.DEMO)


def current_bundle() -> str:
    """Full name of the bundle in use, such as `demo/paper`.

    Raises:
        BundleError: The data set has none; its advice has the command that trains one.
    """
    chosen = state()
    picked = chosen.bundles.get(chosen.data)
    if picked is not None:
        try:
            return loaders.resolved(picked)
        except BundleError:
            del chosen.bundles[chosen.data]
            instead = loaders.resolved(chosen.data)
            notify(f"The model {plain(picked)} is no longer here. Predicting with {plain(instead)} instead.")
            return instead
    return loaders.resolved(chosen.data)


def bundles_of(data_name: str) -> list[str]:
    """Names of the sound bundles trained on a data set that may be chosen in the sidebar."""
    return [bundle.name for bundle in bundles.list_raters(data_name)]


def current_person() -> Person:
    """Who recommendations are for, to be read; a deleted profile gives way to a person of the data set.

    The visitor is told. To write, see `profiles`: it never changes anybody but the person on the screen.
    """
    data, chosen = current_data(), state()
    if chosen.token is not None:
        try:
            stored = stored_profile(chosen.token)
        except UnknownProfileError as error:
            lose_profile(chosen.token, error, in_part=in_browser.redraws_a_part())
        else:
            return Person(_seen_again(stored.profile), current_owner(), stored)
    return Person(_seen_again(_data_set_person(data)), current_owner())


def _seen_again(profile: Profile) -> Profile:
    """The object of the run before where nothing changed: what recommenders worked out for it is kept with it."""
    seen = as_seen(profile)
    if seen is not state().profile:
        state().before, state().profile = state().profile, seen
    return seen


def as_seen(profile: Profile) -> Profile:
    """The object that this person was seen as, now or before the last change; themselves where there is none.

    What would have been predicted without the star just given is what was predicted before it.
    """
    return first_same((state().profile, state().before), profile)


def first_same(seen: Iterable[Profile | None], profile: Profile) -> Profile:
    """The first of some profiles of which nothing differs, the same object; the profile itself where there is none."""
    return next((each for each in seen if each is profile or (each is not None and _same(each, profile))), profile)


def _same(one: Profile, other: Profile) -> bool:
    return all(np.array_equal(value, vars(other)[name]) for name, value in vars(one).items())


def stored_profile(token: str) -> StoredProfile:
    """The profile that a token opens, read once a run; who writes says so, see `read_again`.

    Raises:
        UnknownProfileError: It opens none.
    """
    chosen, run = state(), in_browser.this_run()
    if run is None or chosen.read_in is not run:
        chosen.read, chosen.read_in = {}, run
    if token not in chosen.read:
        chosen.read[token] = loaders.store().get(token)
    return chosen.read[token]


def read_again() -> None:
    """Something is written to the store: what this run has read of it no longer holds."""
    state().read.clear()


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
    if name not in datasets.available():
        get_it = f"run `python -m lcrec_core download {name}`" if name in datasets.NAMES else ""
        raise DataError(f"there is no data set {quoted(name)} here", advice=get_it)
    if name != chosen.data:
        chosen.data, chosen.token = name, None
    choose_person()


def set_bundle(name: str) -> None:
    """Predict with another bundle; it must be one of the current data set's."""
    chosen = state()
    if name.partition("/")[0] != chosen.data:
        raise BundleError(f"{quoted(name)} is not a model of the data set {quoted(chosen.data)}")
    found = bundles.resolve(name)
    # One that is damaged is said to be so when it is opened.
    if any(bundle.name == found for bundle in bundles.list_bundles()) and found not in bundles_of(chosen.data):
        raise BundleError(f"{quoted(name)} is no model that predicts ratings")
    chosen.bundles[chosen.data] = found


def set_user(user_id: int) -> None:
    """Look as a person of the current data set.

    Raises:
        ProfileError: There is no such person.
    """
    Profile.from_dataset(current_data(), user_id)
    chosen = state()
    chosen.users[chosen.data], chosen.token = user_id, None
    choose_person()


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


def choose_person() -> None:
    """Somebody was chosen: nothing is open any more about who was there before."""
    chosen = state()
    chosen.lost, chosen.begun = "", None


def own_profiles(data_name: str) -> dict[str, str]:
    """The profiles of a data set that this visitor made or opened here: their labels by token, oldest first."""
    labels = {}
    for token, its_data in list(state().tokens.items()):
        if its_data == data_name:
            try:
                labels[token] = label_of(stored_profile(token))
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


def sentence(error: LCRecError) -> str:
    """An error as a visitor may read it, ready for a sentence to follow."""
    text = failures.sentence(error)
    return text if text.endswith((".", "!", "?")) else f"{text}."
