"""Whether two results are the same to the last bit."""

from dataclasses import fields, is_dataclass

import numpy as np
import pandas as pd

from lcrec_core.data.dataset import Dataset


def same(one: object, other: object) -> bool:
    """Compare arrays, tuples, and dataclasses of them."""
    if isinstance(one, np.ndarray):
        return (
            isinstance(other, np.ndarray)
            and (one.dtype, one.shape) == (other.dtype, other.shape)
            and one.tobytes() == other.tobytes()
        )
    if is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, part.name), getattr(other, part.name)) for part in fields(one)
        )
    if isinstance(one, tuple):
        return isinstance(other, tuple) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def same_data(one: Dataset, other: Dataset) -> bool:
    """Compare all that a data set holds, times included."""
    tables = ("users", "movies", "ratings")
    return one.scale == other.scale and all(_same_table(getattr(one, table), getattr(other, table)) for table in tables)


def _same_table(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return one.equals(other) and list(one.dtypes) == list(other.dtypes)
