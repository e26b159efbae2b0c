"""The tables of the Compare page, as frames ready to be shown: every cell a text, and what columns mean in words."""

from collections.abc import Sequence

import pandas as pd

from lcrec_core.data.split import Protocol
from lcrec_core.evaluation import paper_facts
from lcrec_core.evaluation.bundle_results import BundleSummary
from lcrec_core.evaluation.list_results import ListSummary, multiple
from lcrec_core.evaluation.paper_facts import RESULTS, PaperResult
from lcrec_core.evaluation.results import Summary, VariantResult
from lcrec_core.metrics.ranking import RARE_BELOW
from lcrec_ui.frame.text import settings_in_words, signed, with_std

NOT_MEASURED = "not measured by us"


def own_results(rows: Sequence[BundleSummary]) -> list[tuple[PaperResult, BundleSummary]]:
    """Our measurement of each of the paper's models, on the paper's data and by its protocol.

    Of several the first is taken.
    """
    matches = []
    for paper in RESULTS:
        ours = [
            row
            for row in rows
            if (row.data, row.protocol, row.model) == (paper_facts.DATA, Protocol.RANDOM, paper.model)
        ]
        if ours:
            matches.append((paper, ours[0]))
    return matches


def table_seven(measured: Sequence[tuple[PaperResult, BundleSummary]]) -> pd.DataFrame:
    """Table VII with our figures beside the paper's; models that we have not measured say so."""
    own = {paper.label: ours for paper, ours in measured}
    lines = []
    for paper in RESULTS:
        ours = own.get(paper.label)
        lines.append(
            {
                "Model": paper.label,
                "MSE, the paper": f"{paper.mse:.3f}",
                "MAE, the paper": f"{paper.mae:.3f}" + ("" if paper.possible else " (impossible)"),
                "MSE, ours": with_std(ours.mse, ours.mse_std) if ours else NOT_MEASURED,
                "MAE, ours": with_std(ours.mae, ours.mae_std) if ours else NOT_MEASURED,
                "Seeds, ours": str(len(ours.seeds)) if ours else "",
            }
        )
    return pd.DataFrame(lines)


def comparison_table(rows: Sequence[Summary]) -> pd.DataFrame:
    """Every model measured on the same parts, the smallest MSE first."""
    ordered = sorted(rows, key=lambda row: (row.given or 0, row.mean("mse")))
    sure = any(row.results[0].log_loss is not None for row in ordered)
    return pd.DataFrame(
        {
            "Model": [row.label for row in ordered],
            "MSE": [with_std(row.mean("mse"), row.std("mse")) for row in ordered],
            "RMSE": [with_std(row.mean("rmse"), row.std("rmse")) for row in ordered],
            "MAE": [with_std(row.mean("mae"), row.std("mae")) for row in ordered],
            **({"Log loss": [_three(row.mean_if_any("log_loss")) for row in ordered]} if sure else {}),
            "Seeds": [str(len(row.results)) for row in ordered],
            "Training (s)": [f"{row.mean('train_seconds'):,.0f}" for row in ordered],
            "A catalogue (ms)": [f"{row.mean('predict_ms'):,.1f}" for row in ordered],
            "New people": ["yes" if row.results[0].serves_new_people else "no" for row in ordered],
            "Parameters": [f"{row.results[0].parameters:,}" for row in ordered],
            "Settings": [row.results[0].settings for row in ordered],
        }
    )


COMPARISON_COLUMNS = {
    "Log loss": "Of the predicted distribution over the stars, where a model has one: less is better.",
    "A catalogue (ms)": "To predict every movie for one person, on one core.",
    "New people": "Whether somebody who was not there in training gets answers of their own without training again.",
}


def _two(value: float | None) -> str:
    """`4.25`, and nothing where there is no figure."""
    return "" if value is None else f"{value:.2f}"


def _three(value: float | None) -> str:
    """`1.113`, and nothing where there is no figure."""
    return "" if value is None else f"{value:.3f}"


def lists_table(rows: Sequence[ListSummary]) -> pd.DataFrame:
    """Every model's lists of the same people, the highest NDCG first."""
    ordered = sorted(rows, key=lambda row: -row.mean("ndcg_10"))
    return pd.DataFrame(
        {
            "Model": [row.label for row in ordered],
            "NDCG@10": [with_std(row.mean("ndcg_10"), row.std("ndcg_10")) for row in ordered],
            MULTIPLE: [_two(multiple(row, rows)) for row in ordered],
            "HR@10": [with_std(row.mean("hr_10"), row.std("hr_10")) for row in ordered],
            "Recall@10": [_three(row.mean("recall_10")) for row in ordered],
            "Precision@5": [_three(row.mean("precision_5")) for row in ordered],
            "Real rating": [_two(row.mean_if_any("real_rating")) for row in ordered],
            "Different movies": [f"{row.mean('coverage'):,.0f}" for row in ordered],
            "Rare": [f"{row.mean('rare_share'):.1%}" for row in ordered],
            "Rank by popularity": [f"{row.mean('popularity_rank'):,.0f}" for row in ordered],
            "Diversity": [_two(row.mean("diversity")) for row in ordered],
            "Seeds": [str(len(row.results)) for row in ordered],
            "Training (s)": [f"{row.mean('train_seconds'):,.0f}" for row in ordered],
            "A catalogue (ms)": [f"{row.mean('predict_ms'):,.1f}" for row in ordered],
            "Settings": [row.results[0].settings for row in ordered],
        }
    )


MULTIPLE = "Times popularity's"

LISTS_COLUMNS = {
    "NDCG@10": "1 for a list that begins with all that the person liked later, 0 for one that has none of it.",
    MULTIPLE: "NDCG@10 over that of the list of the most rated movies, for the same people.",
    "HR@10": "For how many people any of the ten was right.",
    "Recall@10": "Share of what was liked later that is in the ten.",
    "Precision@5": "Share of the five that was liked later.",
    "Real rating": "Mean of the stars that people did give later to movies among their ten.",
    "Different movies": "Over everybody's first five.",
    "Rare": f"Share of everybody's first five with fewer than {RARE_BELOW} ratings.",
    "Rank by popularity": "Mean over everybody's first five; 1 is the most rated movie.",
    "Diversity": "0 where all five have the same genres, 1 where no two of them share one.",
    "A catalogue (ms)": COMPARISON_COLUMNS["A catalogue (ms)"],
}


def ablation_table(found: Sequence[VariantResult]) -> pd.DataFrame:
    """Errors of LCRec's variants, and how far they are from the whole."""
    whole = next((entry.mse for entry in found if entry.name == "whole" and entry.later), None)
    return pd.DataFrame(
        {
            "Variant": [entry.what for entry in found],
            "MSE": [f"{entry.mse:.4f}" for entry in found],
            "Against the whole": [
                "" if whole is None or entry.mse == whole else signed(entry.mse / whole - 1, ".1%") for entry in found
            ],
            "MAE": [f"{entry.mae:.4f}" for entry in found],
            "Log loss": ["" if entry.log_loss is None else f"{entry.log_loss:.4f}" for entry in found],
        }
    )


def measured_table(rows: Sequence[BundleSummary]) -> pd.DataFrame:
    """Every measurement of ours, whatever its data, model and settings."""
    return pd.DataFrame(
        {
            "Data": [row.data for row in rows],
            "Model": [row.model for row in rows],
            "Protocol": [row.protocol for row in rows],
            "MSE": [with_std(row.mse, row.mse_std) for row in rows],
            "MAE": [with_std(row.mae, row.mae_std) for row in rows],
            "Settings": [_settings_in_words(row) for row in rows],
            "Bundles": [seeds_and_bundles(row) for row in rows],
        }
    )


def seeds_and_bundles(row: BundleSummary) -> str:
    """How many seeds, and which bundles they are."""
    seeds = "1 seed" if len(row.seeds) == 1 else f"{len(row.seeds)} seeds"
    return f"{seeds}: {', '.join(row.bundles)}"


def _settings_in_words(row: BundleSummary) -> str:
    if row.by_default:
        return "as in Table VI" if row.model in {paper.model for paper in RESULTS} else "our defaults"
    return settings_in_words(row.deviations)
