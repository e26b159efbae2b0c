"""No text from outside reaches Markdown but through `text.plain` (or `failures.sentence`, which uses it).

Read from the source, so that a new line that forgets it fails here: whatever is put into the Markdown of a call
must be ours, a number, or escaped. Names are followed to where they are given a value in the same function, and
calls to what a function of the same file returns.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lcrec_core.files import REPOSITORY

FILES = sorted(
    file
    for file in (*REPOSITORY.glob("lcrec_ui/**/*.py"), *REPOSITORY.glob("pages/*.py"))
    if file.name != "serve.py"  # which writes to sockets, not on a page
)

SHOWN = frozenset(
    [
        "badge",
        "button",
        "caption",
        "checkbox",
        "download_button",
        "error",
        "expander",
        "form_submit_button",
        "header",
        "info",
        "title_link",
        "link_button",
        "markdown",
        "metric",
        "multiselect",
        "notify",
        "number_input",
        "page_link",
        "popover",
        "progress",
        "radio",
        "say",
        "segmented_control",
        "select_slider",
        "selectbox",
        "slider",
        "status",
        "spinner",
        "subheader",
        "success",
        "text_area",
        "text_input",
        "typed",
        "title",
        "toast",
        "toggle",
        "warning",
        "write",
    ]
)
"""Calls whose texts are Markdown."""
LABELS = frozenset(["body", "caption", "delta", "description", "help", "label", "text"])
"""Arguments of them that are, where they are named; the first one is too. `format_func` gives the labels of choices."""
ESCAPED = frozenset(
    [
        "plain",
        "sentence",
        "with_commands",
        "count",
        "stars",
        "duration",
        "people_gave",
        "only_who_runs_it",
        "read_aloud",
        "button_label",
        "order_of",
        "in_words",
        "len",
        "round",
    ]
)
"""Functions whose result may stand in Markdown: escaped, or numbers and words of ours."""
OURS = {
    "frame/page.py": {"title", "text"},  # the pages' own titles; notices, which are Markdown already
    "compare/sections.py": {
        *("chosen.words", "chosen.data", "chosen.protocol", "label", "row.label"),
    },  # constants of this repository
    "data/get.py": {"DATA_LABELS[name]", "line"},  # a name among the constants; the terms as we ship them
    "data/views.py": {"tables.genre_places", "tables.word_places", "state", "name"},
    "frame/failures.py": {"then", "before"},  # words of ours around an error's own
    "for_you/filters.py": {"default_min_ratings(data)"},
    "frame/search.py": {"label"},  # its callers' are looked at
    "frame/movie_link.py": {"label"},  # its callers' are looked at
    "frame/marks.py": {
        *("marked_label", "label", "_SAID[mark][0 if on else 1]"),
        "_SAID[taken_back.mark][1 if taken_back.rating is None else 0]",
    },  # words of ours
    "history/bring.py": {"label", "_LISTED_AS.get(mark, 'films')", "_label(plan).removeprefix('Add ')"},  # likewise
    "history/take.py": {"label"},
    "movie/parts.py": {"sure.sureness"},  # one of three words of ours
    "movie/search.py": {"label"},
    "8_movie.py": {"asked.wrong"},  # Markdown already
    "for_you/steer.py": {"ORDER_LABELS[order]", "ABOUT[by or FOR_YOU]"},
    "profile/looking_back.py": {"_BY[by]", "person.profile.user_id", "name"},  # words of ours, and a number
    "profile/people.py": {"label"},  # the forms' own labels
    "rate/lists.py": {
        *("filter(None, [change and f':gray[{change}]', top.mark(movie.movie_id)])", "rank", "index.newest"),
    },
    "start/card.py": {"label"},  # words of ours
    "together/sections.py": {
        *("name", "about"),  # of names as `other.names` escaped them
        *("_LABELS[name]", "_ABOUT[strategy]", "before"),  # words of ours
    },
    "9_together.py": {"names[0]", "names[1]"},
    "rate/rating.py": {"as_whom.user_id", "why"},  # a number; a sentence that is Markdown already
    "frame/session.py": {"chosen.lost"},  # likewise
    "frame/url.py": {"chosen.lost"},
    "training/runs.py": {
        *("job.request.epochs", "said.get('epochs')", "label"),
        *("FAMILIES[model].settings(data_name)", "name.replace('_', ' ')", "_HELP.get(name)"),  # words of ours
    },
    "frame/places.py": {
        *("PLACES[name].page.file", "PLACES[name].page.title", "PLACES[name].label", "PLACES[name].tab"),
    },  # our pages and the paper's numbers
    "lab/equations.py": {"equation.about", "source.name", "source.file"},  # the paper's words and our files
    "lab/index.py": {"name", "place.label", "place.about", "place.page.title"},
    "lab/subject.py": {"labels.get(movie_id, '')"},  # escaped there
    "lab/prediction.py": {"subject.whose(person)"},  # escaped there
    "lab/switches.py": {
        *("subject.whose(person)", "LABELS[part]", "LABELS.get(part, '')", "_ABOUT[whose]", "rank"),
    },
}
"""Looked at one by one: numbers, and words of ours whose way here is longer than this test follows."""
_NUMBER = re.compile(r"[,.%dfgx]|%[YBbmdHM]")


def name_of(file: Path) -> str:
    return file.relative_to(REPOSITORY).as_posix().removeprefix("lcrec_ui/").removeprefix("pages/")


@pytest.mark.parametrize("file", FILES, ids=lambda file: name_of(file))
def test_what_comes_from_outside_is_escaped(file: Path):
    module = ast.parse(file.read_text("utf-8"))
    ours = OURS.get(name_of(file), set())
    found = [f"line {line}: {text}" for line, text in forgotten(module) if text not in ours]
    assert not found, f"{name_of(file)} puts this into Markdown as it is, plain(...) is missing:\n" + "\n".join(found)


def test_forgetting_it_is_found():
    module = ast.parse(
        'def f(x, data):\n    y = x.title\n    st.error(f"No {y}")\n    st.caption(f"{plain(y)} {data:,}")'
    )
    assert list(forgotten(module)) == [(2, "x.title")]


def forgotten(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and source of everything that goes into Markdown and is neither ours nor escaped."""
    functions = {node.name: node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)}
    for scope in [module, *functions.values()]:
        for call in _calls(scope):
            if not isinstance(call.func, ast.Attribute) or call.func.attr not in SHOWN:
                continue
            shown = [] if call.func.attr == "progress" else call.args[:1]
            shown = [*shown, *(word.value for word in call.keywords if word.arg in LABELS)]
            if call.func.attr in {"radio", "segmented_control", "pills"}:
                named = [word.value for word in call.keywords if word.arg == "format_func"]
                shown += [function.body for function in named if isinstance(function, ast.Lambda)]
            for part in shown:
                for bad in _unsafe(part, scope, functions, frozenset()):
                    yield bad.lineno, ast.unparse(bad)


def _calls(scope: ast.AST) -> Iterator[ast.Call]:
    """Calls in this scope and not in a function inside it."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.Call):
            yield node
        yield from _calls(node)


def _unsafe(node: ast.expr, scope: ast.AST, functions: dict, seen: frozenset[str]) -> Iterator[ast.expr]:
    follow = lambda *nodes: (bad for inner in nodes for bad in _unsafe(inner, scope, functions, seen))  # noqa: E731
    match node:
        case ast.Constant():
            return
        case ast.JoinedStr(values=values):
            yield from follow(*(v.value for v in values if isinstance(v, ast.FormattedValue) and not _is_number(v)))
        case ast.IfExp(body=body, orelse=orelse):
            yield from follow(body, orelse)
        case ast.BoolOp(values=values) | ast.List(elts=values) | ast.Tuple(elts=values):
            yield from follow(*values)
        case ast.BinOp(left=left, right=right):
            yield from follow(left, right)
        case ast.GeneratorExp(elt=inner) | ast.ListComp(elt=inner) | ast.Starred(value=inner):
            yield from follow(inner)
        case ast.Call(func=ast.Attribute(attr="join"), args=[inner]):
            yield from follow(inner)
        case ast.Call(func=ast.Attribute(attr="capitalize" | "lower" | "strip", value=inner)):
            yield from follow(inner)
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)) if name in ESCAPED:
            return
        case ast.Call(func=ast.Name(id=name)) if name in functions and name not in seen:
            body = functions[name]
            for returned in (n.value for n in ast.walk(body) if isinstance(n, ast.Return) and n.value):
                yield from _unsafe(returned, body, functions, seen | {name})
        case ast.Name(id=name) if name.isupper():
            return
        case ast.Name(id=name) if name not in seen:
            given = [(value, scope) for value in _given(name, scope)]
            given += [(value, place) for place in functions.values() for value in _passed(name, scope, place)]
            if not given:
                yield node
            for value, place in given:
                yield from _unsafe(value, place, functions, seen | {name})
        case ast.Name():
            return
        case _:
            if not ast.unparse(node).split(".")[-1].isupper():
                yield node


def _passed(name: str, scope: ast.AST, place: ast.AST) -> Iterator[ast.expr]:
    """What calls in `place` pass to the function `scope` as its argument of that name."""
    if not isinstance(scope, ast.FunctionDef):
        return
    names = [argument.arg for argument in scope.args.args]
    for call in _calls(place):
        if isinstance(call.func, ast.Name) and call.func.id == scope.name and name in names:
            position = names.index(name)
            yield from call.args[position : position + 1]
            yield from (word.value for word in call.keywords if word.arg == name)


def _given(name: str, scope: ast.AST) -> Iterator[ast.expr]:
    """What a name is given in this scope, and what is appended to it."""
    for node in ast.walk(scope):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target, ast.Name) and target.id == name:
                        yield value
            case ast.AugAssign(target=ast.Name(id=target), value=value) if target == name:
                yield value
            case ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr="append"), args=[value]) if target == name:
                yield value
            case ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr="insert"), args=[_, value]) if (
                target == name
            ):
                yield value


def _is_number(value: ast.FormattedValue) -> bool:
    """Formatted as a number or a date, which text cannot be."""
    return value.format_spec is not None and bool(_NUMBER.search(ast.unparse(value.format_spec)))
