"""What is to be said is said, whatever run comes next and however often runs are broken off."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from lcrec_ui.frame import notices
from tests.app_support import go, visit
from tests.visiting import visited_before


def page_that_is_broken_off() -> None:
    """A full run that ends before its end as often as its state says, as when somebody clicks meanwhile."""
    import streamlit as st

    from lcrec_ui.frame import notices

    def say(*said: str) -> None:
        notices.say(*said)

    for kind in ("success", "error"):
        st.button(kind, on_click=say, args=(f"said as {kind}", kind))
    with notices.page():
        notices.at_top(last_chance=False)
        if st.session_state.get("breaks", 0):
            st.session_state["breaks"] -= 1
            st.stop()
        st.text("the page's content")


def said(app: AppTest) -> list[str]:
    return [shown.value for shown in (*app.success, *app.error, *app.warning)]


@pytest.mark.parametrize("kind", ["success", "error"])
def test_what_a_broken_off_run_drew_is_said_again(kind: str):
    app = AppTest.from_function(page_that_is_broken_off).run()
    app.session_state["breaks"] = 2
    app.button[0 if kind == "success" else 1].click().run()
    app.run()
    app.run()
    assert said(app) == [f"said as {kind}"]


def test_a_notice_is_said_once_and_an_error_until_it_can_have_been_read(monkeypatch):
    app = AppTest.from_function(page_that_is_broken_off).run()
    app.button[0].click().run()
    app.button[1].click().run()
    assert said(app) == ["said as error"]
    app.run()
    assert said(app) == ["said as error"]
    later = time.monotonic() + notices.ERROR_STAYS_SECONDS
    monkeypatch.setattr(notices.time, "monotonic", lambda: later)
    app.run()
    assert said(app) == []


def page_where_two_things_were_lost() -> None:
    """Two things said of one movie, and one of another, which the page draws itself."""
    import streamlit as st

    from lcrec_ui.frame import notices

    if not st.session_state.get("again"):
        for text, about in (("a lost", "a"), ("b lost", "b"), ("a lost again", "a")):
            notices.say(text, "error", about)
        st.session_state["again"] = True
    with notices.page():
        notices.at_top(last_chance=False)
        with st.container(key="b"):
            notices.here("b", "a fragment")


def test_one_thing_is_said_of_each_thing_and_beside_it_where_it_is_drawn():
    app = AppTest.from_function(page_where_two_things_were_lost).run()
    assert [shown.value for shown in app.container(key="b").error] == ["b lost"]
    assert [shown.value for shown in app.container(key="notices").error] == ["a lost again"]


def test_what_a_callback_of_any_page_cannot_do_is_said_on_the_page(monkeypatch):
    visited_before(monkeypatch)
    app = visit("profile")
    monkeypatch.setattr("lcrec_ui.frame.session.set_user", lambda user: 1 / 0)
    app.selectbox(key="people_chosen").set_value(27).run()
    assert not app.exception
    assert "Sorry, something went wrong here" in app.error[0].value
    go(app, "rate")
    assert "Sorry, something went wrong here" in app.error[0].value, "still there for who turned the page at once"
