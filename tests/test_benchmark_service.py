"""The plan for a large service is multiplication, and the costs are what was measured."""

import pytest

from benchmarks.service import POSTGRES, Row, plan, table
from lcrec_core.store.postgres import MOST_CONNECTIONS

COSTS = {
    ("a star click", "demo"): 60.0,
    ("a first visit to For you", "demo"): 180.0,
    ("a server with one visitor", "demo"): 500.0,
    ("each visitor more", "demo"): 3.0,
    ("a rating given", POSTGRES): 4.0,
    ("a profile of 40 ratings read", POSTGRES): 2.0,
    ("a profile without ratings", POSTGRES): 400.0,
    ("each of its ratings, with the log", POSTGRES): 300.0,
}
ROWS = [Row(what, where, value, "") for (what, where), value in COSTS.items()]


@pytest.mark.parametrize(
    "line",
    [
        # 100,000 people in an hour: 833.3 stars and 277.8 pages a second.
        "| drawing | 833 stars x 60 ms + 278 pages x 180 ms | 100 cores busy |",
        "| their memory | 200 x 500 MB + 16,667 visitors x 3 MB | 150 GB |",
        f"| its connections | 200 servers x at most {MOST_CONNECTIONS} | 3,000; PostgreSQL is set up for 100 |",
        "| its size | 100,000,000 x (400 + 40 x 300) bytes | 1.2 TB |",
        "| its growth | 30,000,000 stars a day x 300 bytes | 9 GB a day, 3.3 TB a year |",
    ],
)
def test_a_line_of_the_plan_is_costs_times_what_is_asked(line: str):
    assert line in plan(ROWS).splitlines()


def test_a_row_is_a_line_and_nothing_measured_is_said():
    assert table(ROWS[:1]).splitlines()[2:] == ["| a star click | demo | 60  |"]
    assert plan([]) == "Nothing has been measured yet."
