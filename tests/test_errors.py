from pathlib import Path

from lcrec_core.errors import DataError


def test_a_visitor_reads_what_is_wrong_and_never_where_on_the_server():
    error = DataError(
        "line 3 has no rating", where=Path("/srv/data/ratings.csv"), advice="run `python -m lcrec_core download ml-1m`"
    )
    assert str(error) == "/srv/data/ratings.csv: line 3 has no rating; run `python -m lcrec_core download ml-1m`"
    assert error.for_visitors == "ratings.csv: line 3 has no rating"


def test_an_error_without_place_and_advice_reads_alike_for_both():
    assert str(DataError("the file is empty")) == DataError("the file is empty").for_visitors == "the file is empty"
