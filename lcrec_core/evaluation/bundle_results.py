"""Our measured errors, gathered from the bundles, in the form of the paper's Table VII.

Bundles that differ in nothing but their seed are one row: the mean over the seeds, and their spread.
"""

import json
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lcrec_core.data.split import Protocol
from lcrec_core.evaluation.paper_facts import SETTINGS
from lcrec_core.models import registry
from lcrec_core.models.bundle import Bundle
from lcrec_core.models.settings import configured, flat, from_saved


@dataclass(frozen=True)
class BundleSummary:
    """One model with one set of settings, measured on the test part of one data set."""

    data: str
    model: str
    protocol: str
    deviations: dict[str, Any]
    """Numbers that are not the family's defaults, the paper's being Table VI; those of the table first."""
    bundles: tuple[str, ...]
    seeds: tuple[int, ...]
    mse: float
    """Mean over the seeds."""
    mae: float
    mse_std: float | None
    """Standard deviation over the seeds (n - 1); None for a single seed."""
    mae_std: float | None

    @property
    def by_default(self) -> bool:
        """Whether it was trained as its family is unless told otherwise: the paper's model as Table VI says."""
        return not self.deviations


def table_six(bundle: Bundle) -> dict[str, Any]:
    """A bundle's values for the settings of Table VI; None for one it does not have."""
    settings, aliases = _settings(bundle), registry.family(bundle.model).aliases
    return {name: settings.get(aliases.get(name, name)) for name in SETTINGS}


def deviations(bundle: Bundle) -> dict[str, Any]:
    """Numbers that a bundle set otherwise than its family's defaults, Table VI's first."""
    usual, settings = flat(registry.family(bundle.model).default_config()), _settings(bundle)
    names = [*(name for name in SETTINGS if name in settings), *(name for name in settings if name not in SETTINGS)]
    return {
        name: settings[name]
        for name in names
        if name != "seed" and isinstance(settings[name], int | float) and settings[name] != usual[name]
    }


def _settings(bundle: Bundle) -> dict[str, Any]:
    """Every setting of a bundle by its name; one that is younger than the bundle had its default's effect."""
    family = registry.family(bundle.model)
    return flat(configured(from_saved(family.config, bundle.config), **family.fixed))


def measured(bundles: Iterable[Bundle]) -> list[BundleSummary]:
    """Group bundles by everything but the seed; only those of a family we have, measured on their test part.

    Default settings come first, then by data, model and protocol. A seed counts once.
    """
    groups: dict[str, dict[int, Bundle]] = {}
    for bundle in sorted(bundles, key=lambda b: b.name):
        rated = bundle.model in registry.FAMILIES and "test_mse" in bundle.metrics
        if rated and bundle.metrics.get("part", "test") == "test":
            settings = _settings(bundle)
            seed = int(settings.pop("seed"))
            key = json.dumps([bundle.data, bundle.model, _protocol(bundle), settings], sort_keys=True)
            groups.setdefault(key, {}).setdefault(seed, bundle)
    rows = [_summarise(by_seed) for by_seed in groups.values()]
    return sorted(rows, key=lambda row: (not row.by_default, row.data, row.model, row.protocol, row.bundles))


def _protocol(bundle: Bundle) -> str:
    return str(bundle.config.get("train", {}).get("protocol", Protocol.RANDOM))


def _summarise(by_seed: dict[int, Bundle]) -> BundleSummary:
    seeds = sorted(by_seed)
    bundles = [by_seed[seed] for seed in seeds]
    first = bundles[0]
    mse = [float(bundle.metrics["test_mse"]) for bundle in bundles]
    mae = [float(bundle.metrics["test_mae"]) for bundle in bundles]
    return BundleSummary(
        data=first.data,
        model=first.model,
        protocol=_protocol(first),
        deviations=deviations(first),
        bundles=tuple(bundle.name for bundle in bundles),
        seeds=tuple(seeds),
        mse=statistics.fmean(mse),
        mae=statistics.fmean(mae),
        mse_std=statistics.stdev(mse) if len(mse) > 1 else None,
        mae_std=statistics.stdev(mae) if len(mae) > 1 else None,
    )
