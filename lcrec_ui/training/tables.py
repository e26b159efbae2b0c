"""Tables of the Training page: what each bundle reached, and its settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lcrec_core.evaluation.bundle_results import deviations, table_six
from lcrec_core.evaluation.paper_facts import SETTING_LABELS, SETTINGS
from lcrec_core.models.bundle import Bundle
from lcrec_ui.frame.text import setting_in_words, settings_in_words


def settings_table(bundles: Sequence[Bundle]) -> pd.DataFrame:
    """Table VI beside the same settings of some bundles, one column each, and what else they changed."""
    rows = {
        label: [setting_in_words(SETTINGS[name]), *(setting_in_words(table_six(bundle)[name]) for bundle in bundles)]
        for name, label in SETTING_LABELS.items()
    }
    others = [{k: v for k, v in deviations(bundle).items() if k not in SETTINGS} for bundle in bundles]
    rows["Others, where not our defaults"] = ["not stated", *(settings_in_words(each) or "none" for each in others)]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["The paper", *(bundle.name for bundle in bundles)])
    return table.rename_axis("Setting (Table VI)").reset_index()


BUNDLE_COLUMNS = {
    "MSE": "Mean squared error, in stars squared; less is better.",
    "MAE": "Mean absolute error, in stars; less is better.",
    "Size (MB)": "Of the bundle's files on disk.",
    "Seconds per epoch": "Evaluations not counted.",
    "Minutes in all": "Evaluations counted.",
}


def bundle_table(bundles: Sequence[Bundle]) -> pd.DataFrame:
    """What each bundle reached, and what it took: one row per bundle."""
    return pd.DataFrame([_bundle_row(bundle) for bundle in bundles])


def _bundle_row(bundle: Bundle) -> dict[str, object]:
    metrics, environment = bundle.metrics, bundle.environment
    return {
        "Bundle": bundle.name,
        "MSE": _written(metrics.get("test_mse"), ".4f"),
        "MAE": _written(metrics.get("test_mae"), ".4f"),
        "Measured on": _part(metrics) if "test_mse" in metrics else "",
        "Seed": _written(bundle.config.get("train", {}).get("seed"), "d"),
        "Parameters": _written(metrics.get("parameters"), ",d"),
        "Size (MB)": f"{folder_bytes(bundle.path) / 1e6:.1f}",
        "Seconds per epoch": _written(metrics.get("seconds_per_epoch"), ".1f"),
        "Minutes in all": _written((metrics.get("seconds_total") or 0) / 60 or None, ".1f"),
        "Trained on": _machine(environment),
        "Software": f"Python {environment.get('python', '?')}, torch {environment.get('torch', '?')}",
    }


def _written(value: float | None, spec: str) -> str:
    """A number, and nothing where there is none."""
    return "" if value is None else f"{value:{spec}}"


def _part(metrics: Mapping[str, object]) -> str:
    count = metrics.get("test_ratings")
    part = "test part" if metrics.get("part", "test") == "test" else "validation part"
    return f"{part}, {count:,} ratings" if isinstance(count, int) else part


def _machine(environment: Mapping[str, object]) -> str:
    cores, threads = environment.get("cores"), environment.get("threads")
    parts = [environment.get("processor") or environment.get("platform"), environment.get("device")]
    parts += [f"{cores} cores" if cores else None, f"{threads} threads" if threads else None]
    return ", ".join(str(part) for part in parts if part)


def folder_bytes(path: Path) -> int:
    """Size of a bundle on disk."""
    return sum(file.stat().st_size for file in path.glob("*") if file.is_file())
