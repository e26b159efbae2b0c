import os
from dataclasses import dataclass

import numpy as np
import pytest

from lcrec_core.files import convenient, parse, seal, unseal, write_whole


@dataclass(frozen=True)
class Setting:
    count: int
    share: float = 0.5
    widths: tuple[int, ...] = (1,)

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count must be at least 1, got {self.count}")


def test_what_is_right_is_taken():
    assert parse(b'{"count": 2, "share": 1, "widths": [3, 4]}', Setting) == Setting(2, 1.0, (3, 4))
    assert parse('{"a": [1.5]}', dict[str, list[float]]) == {"a": [1.5]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[" * 100_000, "is not JSON"),
        (b'{"count": ' + b"9" * 5000 + b"}", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"", r"Field required|at least 1"),
        (b'{"count": 1}, {"count": 1}', "at most 1"),
        (b"null", "an object"),
        (b"{}", "count: "),
        (b'{"count": true}', "count: .*integer"),
        (b'{"count": "1"}', "count: .*integer"),
        (b'{"count": 0}', "count must be at least 1"),
        (b'{"count": 1, "share": NaN}', "share: .*finite"),
        (b'{"count": 1, "share": 1e999}', "share: .*finite"),
        (b'{"count": 1, "colour": 1}', "colour: "),
        (b'{"count": 1, "widths": [1, 0.5]}', r"widths\.1: .*integer"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_field(content, said):
    with pytest.raises(ValueError, match=said) as caught:
        parse(content, Setting)
    assert "\n" not in str(caught.value)


def test_a_sealed_file_gives_back_what_it_holds():
    arrays = {"a": np.arange(6).reshape(2, 3), "b": np.float64(0.5).reshape(()), "none": np.zeros((0, 4), np.float32)}
    again = unseal(seal(arrays))
    assert again.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (again[name].dtype, again[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(again[name], array)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_whole(path, "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_nice_to_have_is_logged_and_passed_over(caplog):
    with convenient("the cache cannot be kept"):
        raise PermissionError(13, "Permission denied", "/srv/secret")
    assert "the cache cannot be kept: Permission denied" in caplog.text
    assert "/srv/secret" not in caplog.text
