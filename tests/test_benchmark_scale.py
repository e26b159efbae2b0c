"""What large data sets cost: rows that come from processes of their own and take the place of older ones."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import common, scale
from tests.movielens_files import csv_files, write_folder


def test_rows_are_measured_apart_and_merged_by_what_and_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    monkeypatch.setattr(scale, "saved", lambda folder=tmp_path, saved=scale.saved: saved(folder))
    assert scale.main(["--show"]) == 1
    data = write_folder(tmp_path / "mine", csv_files())
    assert scale.main(["--rows", "open", "read", "--data", str(data)]) == 0
    capsys.readouterr()
    assert scale.main(["--show", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["what"] for row in rows] == ["read", "open"]
    assert {row["ratings"] for row in rows} == {csv_files()["ratings.csv"].count(b"\n") - 1}
    assert all(row["peak_gb"] > 0 and row["seconds"] >= 0 and row["p95_ms"] is None for row in rows)

    older = scale.saved()
    again = [replace(older[1], seconds=99.0), replace(older[0], ratings=older[0].ratings + 1)]
    now = scale.merged(older, again)
    assert [(row.what, row.seconds) for row in now] == [
        ("read", older[0].seconds), ("read", older[0].seconds), ("open", 99.0),
    ]  # fmt: skip
    assert "published" in scale.table(now)
    assert "made" in scale.table([replace(older[0], made=True)])
