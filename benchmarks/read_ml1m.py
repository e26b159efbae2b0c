"""How long reading a data set of ML-1M's size takes, from its zip to a validated Dataset.

The real file where LCREC_DATA holds it, a made-up one of the same size and format otherwise.
"""

import tempfile
from pathlib import Path

from benchmarks.common import figure, times_ms, write
from lcrec_core.sources import datasets, movielens
from tests.made_up import made_up, write_ml1m_zip


def main() -> None:
    """Measure and write `results/read_ml1m.json`."""
    path = datasets.find("ml-1m")
    with tempfile.TemporaryDirectory() as folder:
        what = "MovieLens 1M"
        if path is None:
            what = "a made-up zip of MovieLens 1M's size"
            path = write_ml1m_zip(Path(folder) / "ml-1m.zip", made_up(6040, 3883, 165))
        taken = times_ms(lambda: movielens.read(path), repeats=7)
    write("read_ml1m", [figure(f"read {what} from its zip, validated", taken, "ms", decimals=0)])


if __name__ == "__main__":
    main()
