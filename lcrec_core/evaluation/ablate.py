"""Measure what each part of a family is worth, and how it learns from more ratings, on the validation part.

`python -m lcrec_core ablate` writes `artifacts/<data>/ablation.json`. A variant that is there is not measured again,
and what a fit keeps to go on from is shared by all variants that need the same.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.split import Protocol, make_split
from lcrec_core.evaluation.measure import measured
from lcrec_core.evaluation.results import VariantResult, ablation_path, read_ablation
from lcrec_core.files import write_whole
from lcrec_core.models.contract import Family, Silent, Variant
from lcrec_core.models.settings import configured
from lcrec_core.training import resumable
from lcrec_core.training.run import fit

Log = Callable[[str], None]


def run(
    data: Dataset, family: Family, seed: int, log: Log, settings: Mapping[str, Any] | None = None
) -> list[VariantResult]:
    """Measure every variant of a family that is not there yet, by the random protocol.

    Args:
        data: The data set.
        family: Whose variants.
        seed: Of the split and the fits.
        log: Told a line for each.
        settings: Settings that all variants share, beside the family's defaults.

    Raises:
        AblationError: What is saved cannot be used.
        TrainingError: There is not enough memory.
    """
    done = {entry.name for entry in read_ablation(data.name, family)}
    bundle = f"{data.name}/ablation"
    scratch = resumable.folder_of(bundle, part="valid")
    for variant in family.variants:
        if variant.name not in done:
            entries = _measure(data, family, variant, seed, settings or {}, scratch, log)
            _save(data.name, seed, [*read_ablation(data.name, family), *entries])
            for entry in entries:
                log(f"{entry.what}: MSE {entry.mse:.4f}, MAE {entry.mae:.4f}")
    resumable.discard(bundle, part="valid")
    return read_ablation(data.name, family)


def _measure(
    data: Dataset, family: Family, variant: Variant, seed: int, settings: Mapping[str, Any], scratch: Path, log: Log
) -> list[VariantResult]:
    config = configured(family.default_config(), **{**settings, **variant.settings, "seed": seed})
    split = make_split(data, Protocol.RANDOM, seed)
    rows = split.train
    if variant.share < 1.0:
        rng = np.random.default_rng([seed, round(variant.share * 100)])
        rows = np.sort(rng.choice(rows, round(variant.share * len(rows)), replace=False))
    model, _ = fit(data, rows, family, config, scratch, _Notes(log))
    entries = []
    for use_future in (True, False) if variant.without_future else (True,):
        figures = measured(data, model.rows(split.valid, use_future=use_future), split.valid)
        what = variant.what if use_future else f"{variant.what}, not told what was rated afterwards"
        errors, loss = figures.errors, figures.log_loss
        entries.append(
            VariantResult(
                variant.name,
                what,
                use_future,
                len(rows),
                round(errors.mse, 5),
                round(errors.mae, 5),
                None if loss is None else round(loss, 5),
            )
        )
    return entries


class _Notes(Silent):
    """Passes on what goes on before the first step."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def note(self, text: str, share: float | None = None) -> None:
        """See `Watch`."""
        self._log(text)


def _save(data: str, seed: int, entries: list[VariantResult]) -> None:
    saved = {"data": data, "protocol": Protocol.RANDOM, "part": "valid", "seed": seed}
    write_whole(
        ablation_path(data), json.dumps(saved | {"variants": [asdict(entry) for entry in entries]}, indent=1) + "\n"
    )
