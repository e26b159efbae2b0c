"""The shipped bundles go on predicting what they predicted when they were trained, whatever is rebuilt around them.

`shipped_predictions/*.npz` were written by `python -m tests.models.test_shipped_predictions`; they change when a
bundle is trained again, and never because code moved.
"""

from pathlib import Path

import numpy as np
import pytest

from lcrec_core.data.profile import Profile
from lcrec_core.serving.recommender import Recommender

FOLDER = Path(__file__).parent / "shipped_predictions"
BUNDLES = (
    "demo/lcrec",
    "demo/paper",
    "ml-1m/lcrec",
    "ml-1m/paper",
    "ml-latest-small/lcrec",
    "ml-latest-small/paper",
)
MARKS = {name: pytest.mark.real_data(name) for name in ("ml-1m", "ml-latest-small")}


def predictions(bundle: str) -> dict[str, np.ndarray]:
    """Ratings of the whole catalogue, and the chance of a good one, for people known, new and unheard of."""
    recommender = Recommender.load(bundle)
    seen = recommender.catalogue.movie_ids[10:60:10].tolist()
    rated = [(movie, 5.0 - place % 3, 975_000_000 + 60 * place) for place, movie in enumerate(seen)]
    people = {
        "known": Profile.from_dataset(recommender.data, 11),
        "new": Profile.of(rated, gender="F", age=25, occupation="writer"),
        "nobody": Profile.of(),
        "elsewhere": Profile.of([(999_999, 4.0, 975_000_000)]),
    }
    found = {name: recommender.predict(person) for name, person in people.items()}
    for name, person in people.items():
        probabilities = recommender.probabilities(person)
        if probabilities is not None:
            found[f"{name}_liking"] = recommender.data.scale.p_at_least(probabilities)
    return found


def file_of(bundle: str) -> Path:
    return FOLDER / f"{bundle.replace('/', '-')}.npz"


@pytest.mark.parametrize(
    "bundle", [pytest.param(name, marks=MARKS.get(name.partition("/")[0], ())) for name in BUNDLES]
)
def test_a_shipped_bundle_predicts_what_it_did(bundle):
    with np.load(file_of(bundle)) as stored:
        before = dict(stored)
    now = predictions(bundle)
    assert now.keys() == before.keys()
    for name, expected in before.items():
        # Other processors round differently; on the same one not a bit moves.
        np.testing.assert_allclose(now[name], expected, rtol=1e-6, atol=1e-6, err_msg=f"{bundle}, {name}")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for bundle in BUNDLES:
        np.savez_compressed(file_of(bundle), **predictions(bundle))
