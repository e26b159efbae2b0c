"""The tables of the Data, Training and Compare pages, as frames ready to be shown.

Frames hold the few rows that a page shows, with headings in plain words; the pages only place them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from lcrec_core.data.dataset import Col, Dataset
from lcrec_core.data.encode import FIRST, PAD, UNK, Encoded
from lcrec_core.data.split import Protocol
from lcrec_core.evaluation import paper_facts
from lcrec_core.evaluation import results as evaluation_results
from lcrec_core.evaluation.bundle_results import BundleSummary, deviations, table_six
from lcrec_core.evaluation.paper_facts import RESULTS, SETTING_LABELS, SETTINGS, PaperResult
from lcrec_core.evaluation.results import Summary
from lcrec_core.models.bundle import Bundle
from lcrec_core.sources.movielens import OCCUPATIONS
from lcrec_ui.frame.text import signed

EXAMPLES = 6
"""Rows shown of each table, as in the paper."""
PADDING = "\u00b7"
NOT_MEASURED = "not measured by us"
UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class BeforeAfter:
    """Some rows of a data set as its files give them, and as the network sees them."""

    before: pd.DataFrame
    after: pd.DataFrame


@dataclass(frozen=True, eq=False)
class PaperTables:
    """Tables I to V for one data set."""

    users: BeforeAfter
    """Tables I and II."""
    movies: BeforeAfter
    """Tables III and IV."""
    ratings: BeforeAfter
    """Table V, and what the network is given of it."""
    are_the_papers_rows: bool
    genre_places: int
    """Length that lists of genres are padded to."""
    word_places: int
    """Length that titles are padded to."""


def paper_tables(data: Dataset, encoded: Encoded) -> PaperTables:
    """The paper's example rows where the data set has them, else its first ones."""
    same = paper_facts.shows_paper_rows(data)
    people = paper_facts.EXAMPLE_USERS if same else data.users[Col.USER].head(EXAMPLES)
    movies = paper_facts.EXAMPLE_MOVIES if same else data.movies[Col.MOVIE].head(EXAMPLES)
    return PaperTables(
        users=_users(data, encoded, np.flatnonzero(data.users[Col.USER].isin(list(people)))),
        movies=_movies(data, encoded, np.flatnonzero(data.movies[Col.MOVIE].isin(list(movies)))),
        ratings=_ratings(data, encoded, same),
        are_the_papers_rows=same,
        genre_places=encoded.movies.genres.shape[1],
        word_places=encoded.movies.words.shape[1],
    )


def _number(index: int) -> str:
    """The paper's number for an index: it counts from 0 and has neither padding nor unknown."""
    return {PAD: PADDING, UNK: UNKNOWN}.get(int(index), str(int(index) - FIRST))


def _numbers(indices: np.ndarray) -> str:
    return " ".join(_number(index) for index in indices)


def _users(data: Dataset, encoded: Encoded, rows: np.ndarray) -> BeforeAfter:
    people = data.users.iloc[rows]
    fields = encoded.people[rows]  # (6, 4)
    before = pd.DataFrame(
        {
            "User": people[Col.USER].to_numpy(),
            "Gender": people[Col.GENDER].astype(object).fillna("not given").to_numpy(),
            "Age": [UNKNOWN if pd.isna(age) else str(age) for age in people[Col.AGE]],
            "Occupation": [_occupation(data.name, job) for job in people[Col.OCCUPATION]],
        }
    )
    after = pd.DataFrame(
        {name: [_number(index) for index in fields[:, column]] for column, name in enumerate(before.columns)}
    )
    return BeforeAfter(before, after)


def _occupation(data_name: str, occupation: object) -> str:
    """ML-1M's files hold codes; the name is put beside it."""
    if occupation is None or pd.isna(occupation):
        return "not given"
    known = data_name == paper_facts.DATA and occupation in OCCUPATIONS
    return f"{OCCUPATIONS.index(str(occupation))} ({occupation})" if known else str(occupation)


def _movies(data: Dataset, encoded: Encoded, rows: np.ndarray) -> BeforeAfter:
    movies = data.movies.iloc[rows]
    before = pd.DataFrame(
        {
            "Movie": movies[Col.MOVIE].to_numpy(),
            "Title": movies[Col.TITLE].astype(object).to_numpy(),
            "Genres": movies[Col.GENRES].astype(object).to_numpy(),
        }
    )
    features = encoded.movies
    after = pd.DataFrame(
        {
            "Movie": [_number(index) for index in features.ids[rows]],
            "Title words": [_numbers(words) for words in features.words[rows]],
            "Genres": [_numbers(genres) for genres in features.genres[rows]],
        }
    )
    return BeforeAfter(before, after)


def _ratings(data: Dataset, encoded: Encoded, same: bool) -> BeforeAfter:
    user_id = paper_facts.EXAMPLE_RATER if same else int(data.ratings[Col.USER].iloc[0])
    theirs = data.ratings[data.ratings[Col.USER] == user_id]
    order = theirs.sort_values([Col.TIME, Col.MOVIE], kind="stable").index
    place = pd.Series(np.arange(1, len(order) + 1), index=order)
    if same:
        by_movie = theirs.reset_index().set_index(Col.MOVIE)["index"]
        shown = theirs.loc[[by_movie[m] for m in paper_facts.EXAMPLE_RATINGS if m in by_movie.index]]
    else:
        shown = theirs.head(EXAMPLES)
    times = shown[Col.TIME].to_numpy()
    values = [f"{value:g}" for value in shown[Col.RATING]]
    before = pd.DataFrame(
        {
            "User": shown[Col.USER].to_numpy(),
            "Movie": shown[Col.MOVIE].to_numpy(),
            "Rating": values,
            "Timestamp": times,
            "Time (UTC)": [str(t).replace("T", " ") for t in times.astype("datetime64[s]")],
        }
    )
    vocabularies = encoded.vocabularies
    after = pd.DataFrame(
        {
            "User": [_number(i) for i in vocabularies.users.indices_of(shown[Col.USER])],
            "Movie": [_number(i) for i in vocabularies.movies.indices_of(shown[Col.MOVIE])],
            "Rating": values,
            "Place in time": [f"{place[row]} of {len(order)}" for row in shown.index],
            "Read by the LSTM": ["yes" if r >= paper_facts.LIKED_FROM else "no" for r in shown[Col.RATING]],
        }
    )
    return BeforeAfter(before, after)


def settings_table(bundles: Sequence[Bundle]) -> pd.DataFrame:
    """Table VI beside the same settings of some bundles, one column each, and what else they changed."""
    rows = {
        label: [_plain(SETTINGS[name]), *(_plain(table_six(bundle)[name]) for bundle in bundles)]
        for name, label in SETTING_LABELS.items()
    }
    others = [{k: v for k, v in deviations(bundle).items() if k not in SETTINGS} for bundle in bundles]
    rows["Others, where not our defaults"] = ["not stated", *(_in_words(each) or "none" for each in others)]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["The paper", *(bundle.name for bundle in bundles)])
    return table.rename_axis("Setting (Table VI)").reset_index()


def _in_words(settings: Mapping[str, object]) -> str:
    labels = {name: SETTING_LABELS.get(name, name.replace("_", " ")).lower() for name in settings}
    return ", ".join(f"{labels[name]} {_plain(value)}" for name, value in settings.items())


def _plain(value: object) -> str:
    """A setting as people write it: 0.0001, not 1e-04."""
    if value is None:
        return "not stated"
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


BUNDLE_COLUMNS = {
    "Bundle": st.column_config.TextColumn(pinned=True),
    "MSE": st.column_config.NumberColumn(format="%.4f", help="Mean squared error, in stars squared; less is better."),
    "MAE": st.column_config.NumberColumn(format="%.4f", help="Mean absolute error, in stars; less is better."),
    "Parameters": st.column_config.NumberColumn(format="localized"),
    "Size (MB)": st.column_config.NumberColumn(format="%.1f", help="Of the bundle's files on disk."),
    "Seconds per epoch": st.column_config.NumberColumn(format="%.1f", help="Evaluations not counted."),
    "Minutes in all": st.column_config.NumberColumn(format="%.1f", help="Evaluations counted."),
}


def bundle_table(bundles: Sequence[Bundle]) -> pd.DataFrame:
    """What each bundle reached, and what it took: one row per bundle."""
    return pd.DataFrame([_bundle_row(bundle) for bundle in bundles])


def _bundle_row(bundle: Bundle) -> dict[str, object]:
    metrics, environment = bundle.metrics, bundle.environment
    return {
        "Bundle": bundle.name,
        "MSE": metrics.get("test_mse"),
        "MAE": metrics.get("test_mae"),
        "Measured on": _part(metrics),
        "Seed": bundle.config.get("train", {}).get("seed"),
        "Parameters": metrics.get("parameters"),
        "Size (MB)": folder_bytes(bundle.path) / 1e6,
        "Seconds per epoch": metrics.get("seconds_per_epoch"),
        "Minutes in all": (metrics.get("seconds_total") or np.nan) / 60,
        "Trained on": _machine(environment),
        "Software": f"Python {environment.get('python', '?')}, torch {environment.get('torch', '?')}",
    }


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
                "MSE, ours": with_spread(ours.mse, ours.mse_spread) if ours else NOT_MEASURED,
                "MAE, ours": with_spread(ours.mae, ours.mae_spread) if ours else NOT_MEASURED,
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
            "MSE": [with_spread(row.mean("mse"), row.spread("mse")) for row in ordered],
            "RMSE": [with_spread(row.mean("rmse"), row.spread("rmse")) for row in ordered],
            "MAE": [with_spread(row.mean("mae"), row.spread("mae")) for row in ordered],
            **({"Log loss": [_three(row.mean_if_any("log_loss")) for row in ordered]} if sure else {}),
            "Seeds": [len(row.results) for row in ordered],
            "Training (s)": [row.mean("train_seconds") for row in ordered],
            "A catalogue (ms)": [row.mean("predict_ms") for row in ordered],
            "New people": [row.results[0].serves_new_people for row in ordered],
            "Parameters": [row.results[0].parameters for row in ordered],
            "Settings": [row.results[0].settings for row in ordered],
        }
    )


COMPARISON_COLUMNS = {
    "Model": st.column_config.TextColumn(pinned=True),
    "Log loss": st.column_config.TextColumn(
        help="Of the predicted distribution over the stars, where a model has one: less is better."
    ),
    "Training (s)": st.column_config.NumberColumn(format="%.0f"),
    "A catalogue (ms)": st.column_config.NumberColumn(
        format="%.1f", help="To predict every movie for one person, on one core."
    ),
    "New people": st.column_config.CheckboxColumn(
        help="Whether somebody who was not there in training gets answers of their own without training again."
    ),
    "Parameters": st.column_config.NumberColumn(format="localized"),
}


def _three(value: float | None) -> str:
    """`1.113`, and nothing where there is no figure."""
    return "" if value is None else f"{value:.3f}"


def ablation_table(found: Sequence[evaluation_results.VariantResult]) -> pd.DataFrame:
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
            "MSE": [with_spread(row.mse, row.mse_spread) for row in rows],
            "MAE": [with_spread(row.mae, row.mae_spread) for row in rows],
            "Settings": [_settings_in_words(row) for row in rows],
            "Bundles": [seeds_and_bundles(row) for row in rows],
        }
    )


def with_spread(mean: float, spread: float | None) -> str:
    """`0.812`, or `0.812 ± 0.002` where several seeds were measured."""
    return f"{mean:.3f}" if spread is None else f"{mean:.3f} \u00b1 {spread:.3f}"


def seeds_and_bundles(row: BundleSummary) -> str:
    """How many seeds, and which bundles they are."""
    seeds = "1 seed" if len(row.seeds) == 1 else f"{len(row.seeds)} seeds"
    return f"{seeds}: {', '.join(row.bundles)}"


def _settings_in_words(row: BundleSummary) -> str:
    if row.by_default:
        return "as in Table VI" if row.model in {paper.model for paper in RESULTS} else "our defaults"
    return _in_words(row.deviations)
