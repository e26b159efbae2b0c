import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import mean_absolute_error, mean_squared_error

from lcrec_core.metrics.rating import Errors

ratings = arrays(np.float32, st.integers(1, 50), elements=st.floats(1, 5, width=32))


@given(st.data())
def test_errors_agree_with_an_independent_library(data):
    actual = data.draw(ratings)
    predicted = data.draw(arrays(np.float32, len(actual), elements=st.floats(1, 5, width=32)))
    errors = Errors.of(predicted, actual)
    assert errors.mse == pytest.approx(mean_squared_error(actual, predicted), abs=1e-5)
    assert errors.mae == pytest.approx(mean_absolute_error(actual, predicted), abs=1e-5)
    assert errors.mae <= errors.rmse + 1e-9  # why two MAEs of the paper's Table VII cannot be


def test_errors_by_hand():
    errors = Errors.of(np.array([4.0, 2.0]), np.array([5.0, 5.0]))
    assert (errors.mse, errors.mae) == (5.0, 2.0)
    assert errors.rmse == pytest.approx(5**0.5)
