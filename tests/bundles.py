"""Bundles with made-up figures, for tests of what lists and draws them."""

from pathlib import Path
from typing import Any

import numpy as np

from lcrec_core.data.dataset import Fingerprint
from lcrec_core.models.bundle import LoadedBundle
from lcrec_core.models.bundles import save_bundle


def write_bundle(root: Path, name: str, *, mse: float = 0.9, seed: int = 0, **train: Any) -> None:
    """Write a bundle that lists like a trained one and predicts nothing."""
    epochs = train.pop("epochs", 5)
    passes = np.linspace(0, epochs, 4 * epochs + 1)
    history = [
        {"epoch": float(x), "train_mse": mse + 0.3 / (1 + x), "test_mse": mse + 0.4 / (1 + x), "seconds": 2.0 * x}
        | {"train_mae": mse * 0.8, "test_mae": mse * 0.82}
        for x in passes
    ]
    save_bundle(
        LoadedBundle(
            name=name,
            path=root / name,
            model="paper",
            data=name.split("/")[0],
            config={
                "model": {"keep_probability": 0.5},
                "train": {
                    **{"epochs": epochs, "learning_rate": 0.0001, "seed": seed, "protocol": "random"},
                    **{"batches": {"batch_size": 256}},
                    **train,
                },
            },
            metrics={
                **{"part": "test", "test_mse": mse, "test_mae": mse * 0.8, "test_ratings": 1000, "train_ratings": 4000},
                **{"seconds_total": 12.0, "seconds_per_epoch": 2.0, "parameters": 54321},
            },
            history=history,
            environment={"python": "3.11", "torch": "2", "processor": "a processor", "cores": 2, "device": "cpu"},
            fingerprint=Fingerprint("m", "u", "r"),
            vocabularies={},
            weights={"w": np.zeros(4, np.float32)},
            movie_features=np.zeros((2, 2), np.float32),
        ),
        replace=True,
    )
