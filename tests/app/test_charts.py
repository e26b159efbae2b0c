"""What every chart owes its reader: a title, units, words for a screen reader, colours that can be seen."""

import tomllib
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from lcrec_core.data.dataset import WHOLE_STARS, Dataset
from lcrec_core.data.summary import summarise
from lcrec_core.evaluation.bundle_results import BundleSummary
from lcrec_core.evaluation.paper_facts import RESULTS
from lcrec_core.files import REPOSITORY
from lcrec_ui.compare import charts as compare_charts
from lcrec_ui.data import charts as data_charts
from lcrec_ui.frame import charts
from lcrec_ui.frame.charts import Chart
from lcrec_ui.profile.charts import in_time
from lcrec_ui.training import charts as training_charts
from lcrec_ui.training.charts import Curve

CONFIG = REPOSITORY / ".streamlit" / "config.toml"
OURS = BundleSummary("ml-1m", "paper", "random", {}, ("ml-1m/paper",), (0,), 0.8, 0.7, None, None)


def curve(**columns: list) -> Curve:
    return Curve("demo/paper", pd.DataFrame({"epoch": [0.5, 1.0], **columns}))


def every_chart(data: Dataset) -> list[Chart]:
    stats = summarise(data)
    full = curve(train_mse=[1.0, 0.9], test_mse=[1.1, 1.0], train_mae=[0.8, 0.7], test_mae=[0.9, 0.8])
    return [
        data_charts.rating_distribution(stats, papers_data=True),
        data_charts.ratings_each(stats.per_person, "people", "person"),
        data_charts.ratings_each(stats.per_movie, "movies", "movie"),
        data_charts.genres(stats),
        data_charts.release_years(stats),
        data_charts.activity(stats),
        data_charts.ages(stats),
        *(training_charts.training_curves([full], metric, paper_band=True) for metric in ("mse", "mae")),
        *(
            compare_charts.compare_errors(metric, own)
            for metric in ("mse", "mae")
            for own in ([], [(RESULTS[0], OURS)])
        ),
    ]


def test_every_chart_has_a_title_axis_titles_hover_and_words(tiny: Dataset):
    for chart in every_chart(tiny):
        layout = chart.figure.layout
        assert layout.title.text
        assert layout.xaxis.title.text
        assert layout.yaxis.title.text or chart.figure.data[0].orientation == "h"
        assert all(trace.hovertemplate for trace in chart.figure.data)
        assert chart.alt.endswith(".")
        assert len(chart.alt) > 30


def test_charts_are_built_from_aggregates(tiny: Dataset):
    points = sum(len(trace.x) for chart in every_chart(tiny) for trace in chart.figure.data)
    assert points < len(tiny.ratings)


def test_gaps_in_a_history_are_left_out():
    chart = training_charts.training_curves(
        [curve(test_mse=[None, 1.0], train_mse=[None, None])], "mse", paper_band=False
    )
    (only,) = chart.figure.data
    assert only.y.tolist() == [1.0]
    assert "demo/paper ends at 1.000" in chart.alt


def test_an_impossible_error_looks_different_and_says_why():
    impossible = compare_charts.compare_errors("mae", []).figure.data[1]
    assert list(impossible.y) == ["CNN", "LSTM"]
    assert impossible.marker.pattern.shape
    assert "at most" in impossible.hovertemplate
    assert not compare_charts.compare_errors("mse", []).figure.data[1].visible


def luminance(colour: str) -> float:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_stand_out_from_the_background(theme: str):
    background = luminance(tomllib.loads(CONFIG.read_text())["theme"][theme]["backgroundColor"])
    for colour in charts.PALETTE:
        darker, lighter = sorted([background, luminance(colour)])
        assert (lighter + 0.05) / (darker + 0.05) >= 3, colour


def test_histogram_bins_follow_one_another(tiny: Dataset):
    labels = data_charts.ratings_each(summarise(tiny).per_movie, "movies", "movie").figure.data[0].x
    ends = [[int(end.replace(",", "")) for end in label.split("\u2013")] for label in labels]
    assert all(after[0] == before[-1] + 1 for before, after in pairwise(ends))


def test_a_single_rating_has_an_axis_of_minutes_and_not_of_milliseconds():
    at = pd.Timestamp("2026-11-25 10:51:31", tz="UTC")
    history = pd.DataFrame({"time": [at], "title": ["Heat (1995)"], "rating": [3.0]})
    first, last = in_time(history, WHOLE_STARS).figure.layout.xaxis.range
    assert pd.Timestamp(last) - pd.Timestamp(first) == pd.Timedelta(hours=1)
