"""What is read out of a button beyond what is seen."""

from lcrec_ui.frame import looks, read_out


def test_a_buttons_label_says_which_movie_and_nothing_in_a_title_becomes_markdown():
    assert read_out.button_label("Clear", "the stars for *batteries: [x](y)") == (
        "Clear :small[the stars for batteries, x (y)]"
    )


def test_the_one_rule_that_hides_it_stands_on_every_page():
    assert looks.STYLE.count(".stButton button p span {") == 1
    assert read_out.HIDDEN in looks.STYLE
