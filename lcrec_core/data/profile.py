"""What a recommender needs to know of a person: a few optional fields, and their ratings in time order."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.errors import ProfileError


@dataclass(frozen=True, eq=False)
class Profile:
    """A person as the recommender sees them. Every field but the ratings may be unknown (None)."""

    movie_ids: np.ndarray
    """int64 (H,), in time order."""
    ratings: np.ndarray
    """float32 (H,), the rating given to each movie."""
    timestamps: np.ndarray
    """int64 (H,), seconds since 1970, ascending."""
    gender: str | None = None
    age: int | None = None
    """First year of an age band, see `dataset.AGE_BANDS`."""
    occupation: str | None = None
    user_id: int | None = None
    """A person of the data set, whose learned id embedding then joins in; None for a new person."""

    @classmethod
    def of(
        cls,
        ratings: Iterable[tuple[int, float, int]] = (),
        *,
        gender: str | None = None,
        age: int | None = None,
        occupation: str | None = None,
        user_id: int | None = None,
    ) -> "Profile":
        """Build from (movie_id, rating, timestamp) triples in any order; ties in time keep the order given."""
        ordered = sorted(ratings, key=lambda row: row[2])
        return cls(
            movie_ids=np.array([row[0] for row in ordered], dtype=np.int64),
            ratings=np.array([row[1] for row in ordered], dtype=np.float32),
            timestamps=np.array([row[2] for row in ordered], dtype=np.int64),
            gender=gender,
            age=age,
            occupation=occupation,
            user_id=user_id,
        )

    def only(self, which: np.ndarray | slice) -> "Profile":
        """The same person, had they given these of their ratings alone: bool (H,), numbers or a slice."""
        return replace(
            self,
            movie_ids=self.movie_ids[which],
            ratings=self.ratings[which],
            timestamps=self.timestamps[which],
        )

    @classmethod
    def from_dataset(cls, data: Dataset, user_id: int) -> "Profile":
        """A person of the data set with all their ratings.

        Raises:
            ProfileError: The data set has no such person.
        """
        known = data.user_ids
        # Compared first: numpy cannot look for a number of more than 64 bits.
        row = int(np.searchsorted(known, user_id)) if known[0] <= user_id <= known[-1] else len(known)
        if row == len(known) or known[row] != user_id:
            raise ProfileError(f"{data.name} has no user {user_id}; ids run from {known[0]} to {known[-1]}")
        person = data.users.iloc[row]
        gender, age, occupation = (person[c] for c in (Col.GENDER, Col.AGE, Col.OCCUPATION))
        theirs = data.ratings.iloc[data.offsets[row] : data.offsets[row + 1]]
        theirs = theirs.sort_values([Col.TIME, Col.MOVIE], kind="stable")
        return cls(
            movie_ids=theirs[Col.MOVIE].to_numpy(np.int64),
            ratings=theirs[Col.RATING].to_numpy(np.float32),
            timestamps=theirs[Col.TIME].to_numpy(np.int64),
            gender=None if pd.isna(gender) else str(gender),
            age=None if pd.isna(age) else int(age),
            occupation=None if pd.isna(occupation) else str(occupation),
            user_id=user_id,
        )
