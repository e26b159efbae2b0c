"""What a run finds out once: the same answer within a run, a new one in the next and after a callback."""

from lcrec_ui.frame import failures, in_browser, once


class _Run:
    """Stands for a run, as `in_browser.this_run` gives it."""


def test_a_run_asks_once_for_the_same_arguments_and_the_next_run_again(monkeypatch) -> None:
    asked: list[str] = []

    @once.a_run
    def find(name: str) -> int:
        asked.append(name)
        return len(asked)

    run = _Run()
    monkeypatch.setattr(in_browser, "this_run", lambda: run)
    assert [find("a"), find("a"), find("b"), find("a")] == [1, 1, 2, 1]
    run = _Run()
    assert find("a") == 3
    monkeypatch.setattr(in_browser, "this_run", lambda: None)
    assert [find("a"), find("a")] == [4, 5]


def test_what_a_callback_changed_is_seen_by_the_run_that_draws_after_it(monkeypatch) -> None:
    there = ["before"]
    find = once.a_run(lambda: there[0])
    run = _Run()
    monkeypatch.setattr(in_browser, "this_run", lambda: run)

    @failures.callback
    def change() -> None:
        assert find() == "before"
        there[0] = "after"

    change()
    assert find() == "after"


def test_an_error_is_not_kept(monkeypatch) -> None:
    answers: list[int] = []
    run = _Run()
    monkeypatch.setattr(in_browser, "this_run", lambda: run)

    @once.a_run
    def find() -> int:
        return answers[0]

    try:
        find()
    except IndexError:
        answers.append(7)
    assert find() == 7
