"""What `benchmarks.app` makes of the waits it measured, against answers worked out by hand."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import app
from benchmarks.app import Row, percentile, row


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        (list(range(1, 101)), 50, 50),
        (list(range(1, 101)), 95, 95),
        (list(range(1, 101)), 99, 99),
        ([3, 1, 2], 50, 2),
        ([3, 1, 2], 95, 3),
        ([1, 2, 3, 4], 50, 2),
        ([7], 99, 7),
    ],
)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values, share, expected):
    assert percentile(values, share) == expected


def test_nothing_has_no_percentile():
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


def test_seconds_become_a_row_of_milliseconds():
    waits = [0.1 * number for number in range(20, 0, -1)]  # 0.1 to 2.0 seconds
    found = row(app.CLICK, "demo", waits, 512.4, sessions=5, servers=2, floor_ms=40.0)
    assert found == Row(app.CLICK, "demo", 5, 2, 20, p50_ms=1000, p95_ms=1900, p99_ms=2000, rss_mb=512, floor_ms=40.0)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(app.saved, "__defaults__", (tmp_path,))
    return tmp_path


def test_saved_rows_are_shown(results: Path, capsys: pytest.CaptureFixture):
    rows = [row(app.CLICK, "demo", [0.05, 0.09], 400, floor_ms=41.5), row(app.START, "demo", [3.5], 410.0)]
    (results / "app.json").write_text(json.dumps({"rows": [asdict(each) for each in rows]}))
    assert app.main(["--show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert {"what", "sessions", "p50_ms", "p95_ms", "p99_ms", "rss_mb", "floor_ms"} <= shown[0].keys()
    assert [each["floor_ms"] for each in shown] == [41.5, None]
    assert app.main(["--show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "| star click | demo | 1 | 1 | 50 ms | 90 ms | 90 ms | 42 ms |  | 400 MB |"
    assert lines[3] == "| server start to first list | demo | 1 | 1 | 3,500 ms | 3,500 ms | 3,500 ms |  |  | 410 MB |"


def test_the_short_table_has_a_line_for_each_thing_and_a_column_for_each_data_set():
    rows = [
        row(app.CLICK, "demo", [0.05, 0.09], 400, floor_ms=25.0),
        row(app.CLICK, "demo", [0.2], 800, sessions=20, servers=2),
        row(app.CLICK, "ml-1m", [0.06], 500, floor_ms=30.0),
    ]
    assert app.brief(rows).splitlines() == [
        "| p50 / p95 | Demo (simulated people) | MovieLens 1M |",
        "|---|---|---|",
        "| star click | 50 / 90 ms (2.0 x the floor) | 60 / 60 ms (2.0 x the floor) |",
        "| star click, 20 visitors, 2 servers | 200 / 200 ms | – |",
    ]


def test_a_click_that_the_page_refused_is_counted_and_is_no_wait(monkeypatch):
    answers = iter([0.1, app.Refused(), 0.2])

    def click(_visitor, _number):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    times = iter([0.0, 0.0, 0.0, 0.0, 99.0])
    monkeypatch.setattr(app, "click", click)
    monkeypatch.setattr(app.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(app.time, "perf_counter", lambda: next(times))
    assert app.at_once([object()]) == ([0.1, 0.2], 1)


def test_without_saved_rows_the_command_that_measures_is_named(results: Path, capsys: pytest.CaptureFixture):
    assert app.main(["--show", "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out) == []
    assert "python -m benchmarks.app" in said.err


def test_the_export_has_as_many_films_as_it_says():
    lines = app.export("demo").decode().splitlines()
    assert lines[0] == "Title,Year,Rating"
    assert len(lines) == 1 + app.IMPORTED
