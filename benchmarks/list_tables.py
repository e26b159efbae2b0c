"""The tables of lists in the README and docs/figures.md, as Markdown; `readme` puts them into their places."""

from collections.abc import Iterable, Mapping, Sequence

from lcrec_core.data.split import Protocol
from lcrec_core.evaluation.list_results import ListSummary, list_label, multiple
from lcrec_core.evaluation.onboarding import Onboarding
from lcrec_core.models import registry

Found = Mapping[Protocol, Sequence[ListSummary]]
"""Rows by protocol; what was not measured has no entry."""

NOTHING = "Nothing has been measured yet."

TITLES = {
    Protocol.NEW_PEOPLE: "New people, by how many of their first ratings are given",
    Protocol.GLOBAL_TIME: "Everybody's last 20 %",
    Protocol.RANDOM: "Random 80:20",
    Protocol.LEAVE_LAST_OUT: "The last movie of each person; no model is told when it was rated",
}

FEW = 5
"""Ratings that new people have given, where one number stands for all."""

HEADLINE = (
    ("new people, no rating", Protocol.NEW_PEOPLE, 0),
    (f"{FEW} ratings", Protocol.NEW_PEOPLE, FEW),
    ("20 ratings", Protocol.NEW_PEOPLE, 20),
    ("by time", Protocol.GLOBAL_TIME, None),
    ("random 80:20", Protocol.RANDOM, None),
)
"""Heads, protocols and given ratings of the short table's multiples."""


def by_protocol(found: Found) -> str:
    """A table for each protocol, the highest NDCG@10 first."""
    tables = []
    for protocol, title in TITLES.items():
        if rows := found.get(protocol):
            table = _new_people(rows) if protocol is Protocol.NEW_PEOPLE else _lists(protocol, rows)
            tables.append(f"**{title}**\n\n{table}")
    return "\n\n".join(tables) or NOTHING


def headline(found: Found) -> str:
    """One row a landmark: NDCG@10 as a multiple of popularity's, and what else one asks first of a list.

    The real rating and the different movies are those by time.
    """
    of_columns = [
        {row.row: row for row in found.get(protocol, ()) if row.given == given} for _, protocol, given in HEADLINE
    ]
    by_time, last = ({row.row: row for row in found.get(of, ())} for of in (Protocol.GLOBAL_TIME, _LAST))
    names = dict.fromkeys(name for of in (*of_columns, last) for name in of if registry.family(name).landmark)
    if not names:
        return NOTHING
    ends = ["real rating", "different movies", "last movie, HR@10 / NDCG@10"]
    lines = _head(["list by", *(head for head, _, _ in HEADLINE), *ends])
    for name in sorted(names, key=lambda name: _first(of_columns[1].get(name))):
        cells = [
            _dash_or(multiple(of[name], found[protocol])) if name in of else "–"
            for of, (_, protocol, _) in zip(of_columns, HEADLINE, strict=True)
        ]
        if name in by_time:
            real, movies = by_time[name].mean_if_any("real_rating"), by_time[name].mean("coverage")
            cells += [_dash_or(real), f"{movies:,.0f}"]
        else:
            cells += ["–", "–"]
        ending = last.get(name)
        cells.append("–" if ending is None else f"{ending.mean('hr_10'):.3f} / {ending.mean('ndcg_10'):.3f}")
        lines.append(_line([list_label(name), *cells]))
    return "\n".join(lines)


_LAST = Protocol.LEAVE_LAST_OUT


def onboarding(found: Onboarding | None) -> str:
    """A row for each order of questions, with the figures after each number of answers."""
    if found is None:
        return NOTHING
    counts = sorted({each.answers for each in found.orders})
    lines = _head(["asked first: MSE / NDCG@10 (questions)", *(f"{count} answers" for count in counts)])
    by_order = {(each.order, each.answers): each for each in found.orders}
    for order in dict.fromkeys(each.order for each in found.orders):
        cells = [by_order[order, count] for count in counts]
        lines.append(_line([order, *(f"{c.mse:.3f} / {c.ndcg_10:.3f} ({c.questions:.0f})" for c in cells)]))
    return "\n".join(lines)


def _lists(protocol: Protocol, rows: Sequence[ListSummary]) -> str:
    hits = {"HR@10": "hr_10"} if protocol is _LAST else {}
    kinds = ["x popularity", "real rating", "different movies", "rare", "seeds", "training", "a catalogue"]
    lines = _head(["model", *hits, "NDCG@10", *kinds])
    for row in sorted(rows, key=_first):
        cells = [
            row.label,
            *(_with_std(row, name) for name in (*hits.values(), "ndcg_10")),
            _dash_or(multiple(row, rows)),
            _dash_or(row.mean_if_any("real_rating")),
            *_kinds(row),
            ", ".join(str(result.seed) for result in row.results),
            f"{row.mean('train_seconds'):,.0f} s",
            f"{row.mean('predict_ms'):,.1f} ms",
        ]
        lines.append(_line(cells))
    return "\n".join(lines)


def _new_people(rows: Sequence[ListSummary]) -> str:
    numbers = sorted({row.given for row in rows if row.given is not None})
    lines = _head(
        ["NDCG@10 / x popularity / real rating", *map(str, numbers), f"different movies, {FEW} given", "rare", "seeds"]
    )
    of_rows = {(row.row, row.given): row for row in rows}
    for name in sorted(dict.fromkeys(row.row for row in rows), key=lambda name: _first(of_rows.get((name, FEW)))):
        cells = []
        for number in numbers:
            row = of_rows.get((name, number))
            figures = () if row is None else (multiple(row, rows), row.mean_if_any("real_rating"))
            cells.append("–" if row is None else " / ".join([f"{row.mean('ndcg_10'):.3f}", *map(_dash_or, figures)]))
        few = of_rows.get((name, FEW))
        seeds = sorted({result.seed for row in rows if row.row == name for result in row.results})
        cells += [*(("–", "–") if few is None else _kinds(few)), ", ".join(map(str, seeds))]
        lines.append(_line([list_label(name), *cells]))
    return "\n".join(lines)


def _first(row: ListSummary | None) -> float:
    """For sorting: the highest NDCG@10 first, what was not measured last."""
    return 0.0 if row is None else -row.mean("ndcg_10")


def _kinds(row: ListSummary) -> tuple[str, str]:
    """How many different movies, and how many of them rare."""
    return f"{row.mean('coverage'):,.0f}", f"{row.mean('rare_share'):.1%}"


def _with_std(row: ListSummary, name: str) -> str:
    std = row.std(name)
    return f"{row.mean(name):.3f}" + ("" if std is None else f" ± {std:.3f}")


def _dash_or(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _head(cells: Sequence[str]) -> list[str]:
    return [_line(cells), "|---" * len(cells) + "|"]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
