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


@dataclass(frozen=True)
class Equation:
    """One of the paper's numbered equations."""

    number: int
    latex: str
    about: str
    """What it says, in a sentence."""


EQUATIONS = (
    Equation(1, r"f_t = \sigma(W_f\,[h_{t-1}, x_t] + b_f)", "The forget gate: how much of the memory is kept."),
    Equation(2, r"i_t = \sigma(W_i\,[h_{t-1}, x_t] + b_i)", "The input gate: how much of what is new is let in."),
    Equation(3, r"o_t = \sigma(W_o\,[h_{t-1}, x_t] + b_o)", "The output gate: how much of the memory is told."),
    Equation(4, r"\tilde c_t = \tanh(W_c\,[h_{t-1}, x_t] + b_c)", "The candidate: what might be written to memory."),
    Equation(5, r"c_t = f_t \odot c_{t-1} + i_t \odot \tilde c_t", "The cell state: the memory after this movie."),
    Equation(6, r"h_t = o_t \odot \tanh(c_t)", "The hidden state: what the layer above is told."),
    Equation(7, r"C = f(X \otimes W + b)", "The convolution: a filter W slides over the words X of a title."),
    Equation(8, r"p = \max(C_1, C_2, \ldots, C_n)", "Max pooling: of all its places a filter keeps the largest."),
    Equation(9, r"f(x) = \max(0, x)", "ReLU: what is negative becomes zero."),
    Equation(
        10,
        r"\mathrm{MSE} = \frac{1}{N} \sum_{n=1}^{N} (r_n - \hat r_n)^2",
        "The mean squared error of N predicted ratings.",
    ),
    Equation(
        11,
        r"\mathrm{MAE} = \frac{1}{N} \sum_{n=1}^{N} |r_n - \hat r_n|",
        "The mean absolute error of N predicted ratings.",
    ),
)
"""Equations (1) to (11): the LSTM, the CNN, and the two errors."""

TOP_FIVE = ((3377, 4.28), (556, 4.27), (3378, 4.03), (3797, 3.96), (3461, 3.88))
"""Figure 7: ids of the five movies recommended to a user who is not named, and their predicted ratings. Titles and
genres, which the figure shows too, are read from the visitor's own copy."""
