"""The views of the Compare page, each of what is saved: a damaged file is a remark, not the end of the page."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from lcrec_core.data.dataset import WHOLE_STARS
from lcrec_core.data.split import Protocol
from lcrec_core.errors import LCRecError
from lcrec_core.evaluation import bundle_results, list_results, paper_facts, results
from lcrec_core.evaluation.list_results import ListSummary
from lcrec_core.evaluation.results import Summary, VariantResult, read_ablation
from lcrec_core.files import REPOSITORY
from lcrec_core.metrics.distribution import calibration_error
from lcrec_core.metrics.rating import GENRE, MOVIE, PERSON, YEAR
from lcrec_core.models import bundles
from lcrec_core.models.registry import ABLATED, FAMILIES
from lcrec_ui.compare import charts as compare_charts
from lcrec_ui.compare import tables
from lcrec_ui.frame import charts, failures, permissions, places
from lcrec_ui.frame.tables import html_table


@dataclass(frozen=True)
class Part:
    """A way of cutting a data set that models were compared by."""

    data: str
    protocol: Protocol
    title: str
    words: str
    """What is asked, for the line below the choice."""


SMALL = "ml-latest-small"

PARTS = (
    Part(
        paper_facts.DATA,
        Protocol.RANDOM,
        "Random 80:20",
        "20 % of all ratings, drawn at random by a seed: the paper's way, and the kindest, for a rating is asked among "
        "others of the same evening.",
    ),
    Part(
        paper_facts.DATA,
        Protocol.USER_LAST,
        "Each person's last 20 %",
        "What each person rated last is asked, from what they rated before.",
    ),
    Part(
        paper_facts.DATA,
        Protocol.GLOBAL_TIME,
        "Everybody's last 20 %",
        "The last 20 % of all ratings in time are asked. Half of them are by people who had rated nothing before.",
    ),
    Part(
        paper_facts.DATA,
        Protocol.NEW_PEOPLE,
        "New people",
        "500 people are held out entirely. A model is given their first 5, 10, 20 or 50 ratings and asked for the "
        "rest. Those that cannot take somebody in were trained again with these ratings.",
    ),
    Part(paper_facts.DATA, Protocol.RANDOM_90, "Random 90:10", "10 % of all ratings, drawn at random by a seed."),
    Part(
        "ml-100k",
        Protocol.OFFICIAL,
        "ML-100K, u1 to u5",
        "The five splits that MovieLens 100K was published with; the seed is the split's number.",
    ),
    Part("ml-100k", Protocol.RANDOM, "ML-100K, random 80:20", "20 % of all ratings, drawn at random by a seed."),
    Part(
        SMALL,
        Protocol.RANDOM,
        "Latest-small, random 80:20",
        "20 % of all ratings of MovieLens latest-small (610 people, half stars), drawn at random by a seed.",
    ),
)


def same_parts() -> list[Summary]:
    """Every model measured on the same parts of the paper's data, by its protocol."""
    return _summaries(paper_facts.DATA, Protocol.RANDOM)


def _summaries(data: str, protocol: str) -> list[Summary]:
    try:
        return results.summaries(results.saved(data, protocol))
    except results.ResultError as error:
        st.warning(failures.sentence(error), icon=":material/warning:")
        return []


def table_seven() -> None:
    """The paper's Table VII beside ours."""
    # What was compared on the very same parts comes before a bundle that happens to be there.
    own = tables.own_results([*results.as_measured(same_parts()), *bundle_results.measured(bundles.list_bundles())])
    st.markdown(
        "The paper compares six models on MovieLens 1M. Ratings are split at random, 80 % to learn from and 20 % to "
        "test on, and the errors are the mean square (MSE) and the mean absolute error (MAE) of the predicted stars. "
        "Ours are measured on the same data in the same way, on a test part that the training never sees; "
        "which rating falls into which part is drawn anew for each seed, so the parts are not the paper's own."
    )
    st.header("Table VII, the paper's figures and ours", anchor=False)
    with places.place("table-7"):
        html_table(tables.table_seven(own), "Table VII of the paper, with our measurements beside it", place="paper")
    st.caption("± is the standard deviation over seeds. A single seed has none.")
    impossible = "; ".join(
        f"{row.label}: an MSE of {row.mse:.3f} allows an MAE of at most {row.largest_mae:.3f}, but {row.mae:.3f} is "
        "given"
        for row in paper_facts.impossible_results()
    )
    st.warning(
        "**Two of the paper's figures cannot be right.** An MAE never exceeds the square root of the MSE of the same "
        f"errors. {impossible}. They are shown as printed and marked as impossible.",
        icon=":material/balance:",
    )
    for column, metric in zip(st.columns(2), ("mse", "mae"), strict=True):
        with column:
            charts.draw(compare_charts.compare_errors(metric, own), f"compare_{metric}")


def of_bundles() -> None:
    """Every bundle that has been measured."""
    rows = bundle_results.measured(bundles.list_bundles())
    st.header("Everything measured here", anchor=False)
    if not rows:
        st.info("No bundle has been measured here yet.")
        return
    html_table(tables.measured_table(rows), "Errors of every model and data set measured here", place="measured")
    st.caption(
        f"Only rows of {paper_facts.DATA} with the protocol *{Protocol.RANDOM}* may stand beside the paper's. "
        "The demo's people are simulated: its errors say how well the model learns them, and nothing about real people."
    )


def every_model() -> None:
    """The models compared on the same parts, with a choice of how the parts were cut."""
    found = {part.title: (part, rows) for part in PARTS if (rows := _summaries(part.data, part.protocol))}
    st.header("Every model on the same parts", anchor=False)
    if not found:
        _nothing_yet()
        return
    titles = list(found)
    title = st.segmented_control(
        "How the test part is cut", titles, default=titles[0], required=True, key="compare_part", bind="query-params"
    )
    chosen, rows = found[title]
    command = _made_by(f"compare --data {chosen.data} --protocol {chosen.protocol}")
    st.markdown(f"{chosen.words} Every model learnt from the same ratings and was asked the same ones, once{command}.")
    html_table(
        tables.comparison_table(rows),
        f"Errors, times and sizes of every model compared on the same parts: {chosen.title}",
        tables.COMPARISON_COLUMNS,
        place="models",
    )
    if chosen.protocol is Protocol.NEW_PEOPLE:
        charts.draw(compare_charts.new_people(rows), "new_people")


_GOOD = f"{WHOLE_STARS.like_threshold:g}"

LIST_PARTS = (
    Part(
        paper_facts.DATA,
        Protocol.NEW_PEOPLE,
        "New people",
        "500 people are held out entirely. A model is given their first ratings, none to 20 of them, and right is what "
        f"they gave {_GOOD} stars or more later.",
    ),
    Part(
        paper_facts.DATA,
        Protocol.GLOBAL_TIME,
        "Everybody's last 20 %",
        f"Right is what people with earlier ratings gave {_GOOD} stars or more among the last 20 % of all ratings in "
        "time.",
    ),
    Part(
        paper_facts.DATA,
        Protocol.RANDOM,
        "Random 80:20",
        f"Right is what people gave {_GOOD} stars or more among 20 % of all ratings, drawn at random by a seed.",
    ),
    Part(
        paper_facts.DATA,
        Protocol.LEAVE_LAST_OUT,
        "The last movie",
        "Right is the one movie that each person rated last, whatever they gave it. No model is told when. It rewards "
        "guessing the order in which a site showed its movies; others publish figures by it.",
    ),
    Part(
        SMALL,
        Protocol.NEW_PEOPLE,
        "New people, latest-small",
        "61 of the 610 people of MovieLens latest-small are held out entirely. A model is given their first ratings, "
        f"none to 20 of them, and right is what they gave {_GOOD} stars or more later.",
    ),
    Part(
        SMALL,
        Protocol.RANDOM,
        "Random 80:20, latest-small",
        f"Right is what people of MovieLens latest-small gave {_GOOD} stars or more among 20 % of all ratings, drawn "
        "at random by a seed.",
    ),
)

FEW_GIVEN = 5
"""How many ratings of new people the table is about at first."""


def lists() -> None:
    """The lists that models make, with a choice of what they are held against; in words where nothing is saved."""
    st.header("Lists", anchor=False)
    st.markdown(
        "A rating says how much somebody would like a movie had they seen it. A list has to say as well which movies "
        "they will pick. So every model's list of all movies that a person has not rated is held against what the "
        "person went on to rate."
    )
    found = {part.title: (part, rows) for part in LIST_PARTS if (rows := _list_rows(part))}
    if not found:
        chosen = LIST_PARTS[0]
        command = _made_by(f"compare --task lists --data {chosen.data} --protocol {chosen.protocol}")
        st.markdown(f"No lists have been measured here yet{command}.")
        return
    titles = list(found)
    title = st.segmented_control(
        "What a list is held against",
        titles,
        default=titles[0],
        required=True,
        key="compare_lists",
        bind="query-params",
    )
    chosen, rows = found[title]
    command = _made_by(f"compare --task lists --data {chosen.data} --protocol {chosen.protocol}")
    st.markdown(f"{chosen.words} Every model learnt from the same ratings{command}.")
    if chosen.protocol is Protocol.NEW_PEOPLE:
        charts.draw(compare_charts.lists_by_given(rows), "lists_by_given")
        numbers = sorted({row.given for row in rows if row.given is not None})
        given = st.segmented_control(
            "Ratings given",
            numbers,
            default=FEW_GIVEN if FEW_GIVEN in numbers else numbers[0],
            required=True,
            key="compare_given",
            bind="query-params",
        )
        rows = [row for row in rows if row.given == given]
    html_table(
        tables.lists_table(rows),
        f"How good every model's lists are, held against: {title}",
        tables.LISTS_COLUMNS,
        place="lists",
    )


def _list_rows(part: Part) -> list[ListSummary]:
    try:
        return list_results.summaries(list_results.saved(part.data, part.protocol))
    except results.ResultError as error:
        st.warning(failures.sentence(error), icon=":material/warning:")
        return []


def where_models_err() -> None:
    """Errors of some models by person, movie, year or genre."""
    tables_of = {}
    for family in FAMILIES.values():
        stem = results.stem(family.name, 0)
        table = _table(paper_facts.DATA, f"{stem}.groups.csv", ["by", "group", "ratings", "mse", "mae"])
        if table is not None:
            tables_of[family.label] = table
    st.header("Where each model errs", anchor=False)
    if not tables_of:
        _nothing_yet()
        return
    kinds = (PERSON, MOVIE, YEAR, GENRE)
    by = st.segmented_control(
        "Test ratings by",
        kinds,
        default=kinds[0],
        required=True,
        format_func=str.capitalize,
        key="compare_by",
        bind="query-params",
    )
    usual = [family.label for family in FAMILIES.values() if family.landmark and family.label in tables_of]
    shown = st.multiselect("Models", list(tables_of), default=usual or list(tables_of), key="compare_models")
    if shown:
        charts.draw(compare_charts.errors_by_group({label: tables_of[label] for label in shown}, by), "errors_by_group")
    st.caption(
        "Random 80:20 of MovieLens 1M, seed 0. How many ratings a person or a movie has is counted in the part that "
        "the models learn from; a movie counts in each of its genres."
    )


def how_sure() -> None:
    """How often models were right, by how likely they said it was."""
    lines = _reliability("calibration")
    st.header("How sure it is, and how often right", anchor=False)
    if not lines:
        _nothing_yet()
        return
    errors = {label: calibration_error(table) for label, table in lines.items()}
    said = "; ".join(f"{label} is off by {error:.3f} on average" for label, error in errors.items())
    st.markdown(
        "These models say how likely each number of stars is. Of all ratings for which the likeliest number was given "
        f"a chance of 50 %, half should have been that number. {said} (expected calibration error)."
    )
    charts.draw(compare_charts.reliability(lines, "How often the likeliest number of stars was given"), "reliability")
    liking = _reliability("liking")
    if liking:
        off = "; ".join(f"{label} by {calibration_error(table):.3f}" for label, table in liking.items())
        st.markdown(
            f"The chance of {_GOOD} stars and more, which *For you* shows, is checked in the same way: of all ratings "
            f"given a chance of 80 %, eight in ten should have been {_GOOD} stars or 5. It is off on average: {off}."
        )
        charts.draw(compare_charts.reliability(liking, f"How often {_GOOD} stars and more were given", low=0), "liking")


def _reliability(kind: str) -> dict[str, pd.DataFrame]:
    """Every model's table of that kind on random 80:20, seed 0, by the model's name."""
    found = {
        family.label: _table(
            paper_facts.DATA, f"{results.stem(family.name, 0)}.{kind}.csv", ["ratings", "confidence", "right"]
        )
        for family in FAMILIES.values()
    }
    return {label: table for label, table in found.items() if table is not None}


def parts_of_lcrec() -> None:
    """What each part of LCRec is worth, and what more ratings are."""
    try:
        found = read_ablation(paper_facts.DATA, ABLATED)
    except LCRecError as error:
        st.warning(failures.sentence(error), icon=":material/warning:")
        return
    parts = [entry for entry in found if not entry.name.startswith("share-")]
    st.header("What each part of LCRec is worth", anchor=False)
    if not parts:
        _nothing_yet()
        return
    st.image(str(FIGURE), caption="LCRec: what people and movies are like, and when they rate.", alt=FIGURE_IN_WORDS)
    st.markdown(
        "The backbone knows what people and movies are like; the LSTM knows when: a good or bad mood of the evening, a "
        "row of films of one kind, tastes that drift. It reads what the backbone leaves unexplained, rating by rating, "
        "each with itself left out. Nobody has an embedding, so somebody new is served like everybody else."
    )
    st.markdown(
        "LCRec is trained again with each part taken out, and with one part alone, and measured on the validation part "
        f"(5 % of the training part){_made_by(f'ablate --data {paper_facts.DATA}')}."
    )
    html_table(tables.ablation_table(parts), "Errors of LCRec without each of its parts", place="parts")
    curve = _learning_curve(found)
    if len(curve) > 1:
        charts.draw(compare_charts.learning_curve(curve), "learning_curve")


FIGURE = REPOSITORY / "docs" / "lcrec.svg"
FIGURE_IN_WORDS = (
    "Ratings give a Bayesian factorization, the backbone. Its residuals, with each movie's features from a title CNN "
    "and embeddings, go through an LSTM each way; two dense layers give the distribution of a rating."
)


def _learning_curve(found: list[VariantResult]) -> list[VariantResult]:
    points = [entry for entry in found if entry.later and (entry.name == "whole" or entry.name.startswith("share-"))]
    return sorted(points, key=lambda entry: entry.ratings)


def _nothing_yet() -> None:
    st.info(f"Nothing has been measured here yet{_made_by(f'compare --data {paper_facts.DATA}')}.")


def _made_by(command: str) -> str:
    """The command that measures it again, for whoever runs this server; a visitor could do nothing with it."""
    return f": `python -m lcrec_core {command}`" if permissions.may_manage() else ""


def _table(data: str, name: str, columns: list[str]) -> pd.DataFrame | None:
    path = results.results_folder(data, Protocol.RANDOM) / name
    if not path.exists():
        return None
    try:
        return results.read_table(path, columns)
    except LCRecError as error:
        st.warning(failures.sentence(error), icon=":material/warning:")
        return None


VIEWS = (table_seven, every_model, lists, where_models_err, how_sure, parts_of_lcrec, of_bundles)
"""What the page shows, in the order of its tabs."""
