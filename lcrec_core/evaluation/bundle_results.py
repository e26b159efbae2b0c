"""Our measured errors, gathered from the bundles, in the form of the paper's Table VII.

Bundles that differ in nothing but their seed are one row: the mean over the seeds, and their spread.
"""

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from lcrec_core.evaluation.paper_facts import SETTINGS
from lcrec_core.models.bundle import Bundle

OURS = "lcrec"
"""The model that the paper has not."""

RANDOM = "random"
"""The paper's protocol: 80:20 at random."""


@dataclass(frozen=True)
class Measured:
    """One model with one set of settings, measured on the test part of one data set."""

    data: str
    model: str
    protocol: str
    settings: dict[str, Any]
    """Table VI's settings, as its bundles share them."""
    others: dict[str, Any]
    """Other settings that are not our defaults."""
    bundles: tuple[str, ...]
    seeds: tuple[int, ...]
    mse: float
    """Mean over the seeds."""
    mae: float
    mse_spread: float | None
    """Standard deviation over the seeds (n - 1); None for a single seed."""
    mae_spread: float | None

    @property
    def by_the_table(self) -> bool:
        """Whether the settings are those of Table VI, and our defaults where the paper is silent."""
        return not self.deviations and not self.others

    @property
    def deviations(self) -> dict[str, Any]:
        """Settings of Table VI that are not the paper's; none for a model that is not the paper's."""
        table = _table_of(self.model)
        return {name: self.settings.get(name) for name, value in table.items() if self.settings.get(name) != value}


def table_six(bundle: Bundle) -> dict[str, Any]:
    """A bundle's values for the settings of Table VI; None for one it does not have."""
    settings = _settings(bundle)
    # LCRec's step is counted in ratings too, under a name that says so.
    settings.setdefault("batch_size", settings.get("targets_per_step"))
    return {name: settings.get(name) for name in SETTINGS}


def other_settings(bundle: Bundle) -> dict[str, Any]:
    """Numbers outside Table VI, where the paper is silent, that a bundle set otherwise than our defaults."""
    usual = _defaults(bundle.model)
    return {
        name: value
        for name, value in _settings(bundle).items()
        if isinstance(value, int | float)
        and name not in {*_table_of(bundle.model), "seed"}
        and value != usual.get(name)
    }


def _table_of(model: str) -> dict[str, Any]:
    """Table VI for the paper's network and its halves; LCRec has settings of its own."""
    return {} if model == OURS else SETTINGS


def _settings(bundle: Bundle) -> dict[str, Any]:
    """Every setting of a bundle; one that is younger than the bundle had its default's effect."""
    train = dict(bundle.config.get("train", {}))
    given = {**bundle.config.get("model", {}), **train.pop("batches", {}), **train.pop("backbone", {}), **train}
    return {**_defaults(bundle.model), **given}


@cache
def _defaults(model: str) -> dict[str, Any]:
    from lcrec_core.models import registry as networks  # torch is slow to import, and most callers do without
    from lcrec_core.models.lcrec.config import LCRecTrainConfig
    from lcrec_core.training.run import TrainConfig

    settings = asdict(LCRecTrainConfig() if model == networks.LCREC else TrainConfig())
    network = asdict(networks.checked_config(model, {})) if model in networks.MODELS else {}
    train = json.loads(json.dumps({**network, **settings}))  # as a bundle's file has it: lists for tuples
    return {**train.pop("batches", {}), **train.pop("backbone", {}), **train}


def measured(bundles: Iterable[Bundle]) -> list[Measured]:
    """Group bundles by everything but the seed; only those measured on their test part count.

    Settings as in Table VI come first, then by data, model and protocol. A seed counts once.
    """
    groups: dict[str, dict[int, Bundle]] = {}
    for bundle in sorted(bundles, key=lambda b: b.name):
        if bundle.metrics.get("part", "test") == "test":
            settings = _settings(bundle)
            seed = int(settings.pop("seed"))
            key = json.dumps([bundle.data, bundle.model, settings], sort_keys=True)
            groups.setdefault(key, {}).setdefault(seed, bundle)
    rows = [_summarise(by_seed) for by_seed in groups.values()]
    return sorted(rows, key=lambda row: (not row.by_the_table, row.data, row.model, row.protocol, row.bundles))


def _summarise(by_seed: dict[int, Bundle]) -> Measured:
    seeds = sorted(by_seed)
    bundles = [by_seed[seed] for seed in seeds]
    first = bundles[0]
    mse = [float(bundle.metrics["test_mse"]) for bundle in bundles]
    mae = [float(bundle.metrics["test_mae"]) for bundle in bundles]
    return Measured(
        data=first.data,
        model=first.model,
        protocol=str(first.config.get("train", {}).get("protocol", RANDOM)),
        settings=table_six(first),
        others=other_settings(first),
        bundles=tuple(bundle.name for bundle in bundles),
        seeds=tuple(seeds),
        mse=statistics.fmean(mse),
        mae=statistics.fmean(mae),
        mse_spread=statistics.stdev(mse) if len(mse) > 1 else None,
        mae_spread=statistics.stdev(mae) if len(mae) > 1 else None,
    )
