"""The one place that knows the families' names, and the one door from a bundle to a model.

Importing it brings no torch: a family imports what it needs when it fits or loads.
"""

import numpy as np

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import encode_fitting
from lcrec_core.data.profile import Profile
from lcrec_core.data.split import Protocol
from lcrec_core.errors import BundleError, LCRecError, TrainingError
from lcrec_core.files import cache_folder
from lcrec_core.models.blend.family import BlendFamily
from lcrec_core.models.bundle import Bundle, LoadedBundle
from lcrec_core.models.contract import Family, Model
from lcrec_core.models.lcrec.family import LCREC
from lcrec_core.models.libraries import myfm, surprise
from lcrec_core.models.libraries.implicit import IALS
from lcrec_core.models.linear.family import EASE, KNN
from lcrec_core.models.paper.family import CNN, LSTM, PAPER
from lcrec_core.models.pick.family import NEXT, PICK
from lcrec_core.models.settings import configured, from_saved
from lcrec_core.models.simple.family import POPULARITY, RANDOM, RECENT

_OF_RATINGS: tuple[Family, ...] = (*surprise.RIVALS, LSTM, CNN, PAPER, *surprise.TODAY, *myfm.FAMILIES, LCREC)
FOR_YOU = BlendFamily(
    name="for-you",
    label="For you, ours",
    parts={"pick": PICK, "habits": EASE, "like": LCREC},
    by_protocol={Protocol.RANDOM: {"has_holes": True, "picks": 10.0}},
    landmark=True,
)
"""The default list: what somebody will pick, and like."""

_OF_LISTS: tuple[Family, ...] = (RANDOM, POPULARITY, RECENT, KNN, EASE, IALS, PICK, NEXT, FOR_YOU)
_EVERY = (*_OF_RATINGS, *_OF_LISTS)

FAMILIES: dict[str, Family] = {family.name: family for family in _EVERY}
"""Every model there is, in the comparison's order: the paper's six, what one would pick today, and ours; then those
that only rank."""

TRAINABLE = tuple(family.name for family in (LCREC, PAPER, LSTM, CNN, PICK))
"""What a run may write a bundle of; a data set with several bundles is served by the first of these."""


DEFAULT = PAPER.name
"""What is trained unless another family is named."""

ABLATED = next(family for family in _EVERY if family.variants)
"""Whose parts are measured unless another family is named."""


def family(name: str) -> Family:
    """The family of that name.

    Raises:
        TrainingError: There is none.
    """
    if name not in FAMILIES:
        raise TrainingError(f"there is no model {name!r}; there are {', '.join(FAMILIES)}")
    return FAMILIES[name]


def train_command(data: str, name: str = "") -> str:
    """What makes a bundle of that name; a family's own name needs no `--name`, and `DEFAULT` no `--model`."""
    command = f"python -m lcrec_core train --data {data}"
    if name in TRAINABLE:
        return command if name == DEFAULT else f"{command} --model {name}"
    return f"{command} --name {name}" if name else command


def train_again(bundle: Bundle) -> str:
    """Advice for a bundle that does not fit: the command that makes it anew."""
    data, _, name = bundle.name.partition("/")
    return f"train it again: `{train_command(data, name)} --replace`"


def load(bundle: LoadedBundle, data: Dataset) -> Model:
    """The trained model that a bundle holds, on its data set; it has given a first answer.

    Raises:
        BundleError: The data is not what the bundle was trained on, the bundle is not of this version's making, or it
            answers with what is no number.
    """
    _check_same_data(bundle, data)
    train = bundle.config["train"]
    encoded = encode_fitting(data, train["protocol"], train["seed"], cache_folder())
    _check_same_vocabularies(bundle, encoded.vocabularies.hashes())
    kind = family(bundle.model)
    try:
        config = configured(from_saved(kind.config, bundle.config), **kind.fixed)
        model = kind.load(bundle.weights, bundle.movie_features, config, data, encoded)
        _ask_once(model, data)
    except LCRecError:
        raise
    except Exception as error:  # nothing but the bundle's contents is new to the code
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise BundleError(f"bundle {bundle.name} is not one of ours: {why}", advice=train_again(bundle)) from error
    return model


def _ask_once(model: Model, data: Dataset) -> None:
    """Refuse what answers nobody, or somebody with a few ratings, with what is no number."""
    for count in (0, min(3, len(data.movies))):
        ids = data.movies[Col.MOVIE].to_numpy(np.int64)[:count]
        answer = model.catalogue(
            Profile.of([(movie, data.scale.like_threshold, i) for i, movie in enumerate(ids.tolist())])
        )
        for part in (answer.scores, answer.ratings, answer.probabilities):
            if part is not None and not np.isfinite(part).all():
                raise ValueError("its network predicts what is no number")


def _check_same_data(bundle: Bundle, data: Dataset) -> None:
    for table in ("movies", "users", "ratings"):
        if getattr(bundle.fingerprint, table) != getattr(data.fingerprint, table):
            raise BundleError(
                f"bundle {bundle.name} was trained on other {table} than {data.name} has here; "
                "choose another model, or train one on this copy on the Training page",
                advice=train_again(bundle),
            )


def _check_same_vocabularies(bundle: Bundle, hashes: dict[str, str]) -> None:
    differing = [name for name, value in hashes.items() if bundle.vocabularies.get(name) != value]
    if differing:
        raise BundleError(
            f"bundle {bundle.name} was encoded with other {', '.join(differing)} than this version makes",
            advice=train_again(bundle),
        )
