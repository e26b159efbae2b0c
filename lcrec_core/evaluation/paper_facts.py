"""What the paper states, number for number, with the table or figure each comes from.

"Research on Movie Recommendation Model Based on LSTM and CNN" (Wang, Yang, Ye, Miao), on MovieLens 1M.
Only figures from the paper live here; what we measure comes from the bundles' metrics files.
"""

import math
from dataclasses import dataclass

from lcrec_core.data.dataset import Dataset

DATA = "ml-1m"
"""The data set of every figure in the paper."""

EXAMPLE_USERS = (11, 12, 13, 14, 15, 16)
"""Rows shown in Tables I and II."""
EXAMPLE_MOVIES = (11, 12, 13, 14, 15, 16)
"""Rows shown in Tables III and IV."""
EXAMPLE_RATER = 1
"""The user whose ratings Table V shows."""
EXAMPLE_RATINGS = (938, 2398, 2918, 1035, 2791, 2687)
"""The movies of Table V's rows, in its order."""

SETTINGS = {"epochs": 5, "batch_size": 256, "keep_probability": 0.5, "learning_rate": 0.0001}
"""Table VI, named as the training settings of a bundle are."""

SETTING_LABELS = {
    "epochs": "Epochs",
    "batch_size": "Batch size",
    "keep_probability": "Dropout keep probability",
    "learning_rate": "Learning rate",
}

LIKED_FROM = 3
"""Ratings from here on are the history the LSTM reads."""

TEST_MSE_RANGE = (0.7, 1.1)
"""Figure 5: between these the test MSE settles."""
TEST_MAE_RANGE = (0.65, 0.80)
"""Figure 6: between these the test MAE settles."""


@dataclass(frozen=True)
class PaperResult:
    """One row of Table VII."""

    label: str
    model: str
    """The name that bundles give the same model (`Bundle.model`)."""
    mse: float
    mae: float

    @property
    def largest_mae(self) -> float:
        """The largest MAE that this MSE allows: the mean of |e| never exceeds the root of the mean of e squared."""
        return math.sqrt(self.mse)

    @property
    def possible(self) -> bool:
        """False when the printed MAE contradicts the printed MSE, however the last digit was rounded."""
        return self.mae - 0.0005 <= math.sqrt(self.mse + 0.0005)


RESULTS = (
    PaperResult("LSTM & CNN", "paper", 0.876, 0.751),
    PaperResult("User-based CF", "user-cf", 0.945, 0.781),
    PaperResult("Item-based CF", "item-cf", 1.022, 0.829),
    PaperResult("SVD", "svd", 1.063, 0.830),
    PaperResult("LSTM", "lstm", 0.920, 1.273),
    PaperResult("CNN", "cnn", 0.935, 0.979),
)
"""Table VII, in the paper's order."""


def impossible_results() -> list[PaperResult]:
    """Rows of Table VII whose MAE exceeds the square root of their MSE."""
    return [result for result in RESULTS if not result.possible]


def shows_paper_rows(data: Dataset) -> bool:
    """Whether the paper's example rows are rows of this data set."""
    return data.name == DATA
