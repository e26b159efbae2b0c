import pytest

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.profile import Profile
from lcrec_core.errors import ProfileError


@pytest.mark.parametrize("user_id", [0, -1, 41, 2**63, 10**30, -(10**30)])
def test_an_id_that_nobody_has_is_a_clear_error_whatever_its_size(tiny: Dataset, user_id: int) -> None:
    with pytest.raises(ProfileError, match=f"no user {user_id}; ids run from 1 to 40"):
        Profile.from_dataset(tiny, user_id)


def test_the_ids_that_are_named_are_those_of_the_data(tiny: Dataset) -> None:
    later = Dataset(
        tiny.name,
        tiny.users[tiny.users["user_id"] > 7],
        tiny.movies,
        tiny.ratings[tiny.ratings["user_id"] > 7],
        tiny.scale,
    )
    with pytest.raises(ProfileError, match="ids run from 8 to 40"):
        Profile.from_dataset(later, 1)
