"""Help for tests that run the app's pages without a browser, on the demo data and its committed bundle."""

from pathlib import Path
from urllib.parse import parse_qs

from streamlit.testing.v1 import AppTest

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = {name: f"pages/{number}_{name}.py" for number, name in enumerate(("for-you", "rate", "profile"), 1)}
PAGES["movie"] = "pages/8_movie.py"


def visit(page: str = "for-you", **link: str) -> AppTest:
    """A visitor who arrives by a link: `visit("rate", user="12")`; the page has been drawn once."""
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=120)
    for key, value in link.items():
        app.query_params[key] = value
    app.run()
    return app if page == "for-you" else go(app, page)


def go(app: AppTest, page: str) -> AppTest:
    """The same visitor opens another page."""
    return app.switch_page(PAGES[page]).run()


def assert_sound(app: AppTest) -> None:
    """Nothing failed, neither loudly nor politely."""
    assert not app.exception
    assert not [shown.value for shown in app.error]


def words(app: AppTest) -> str:
    """All text that is not in a table or a chart."""
    kinds = (
        app.title,
        app.header,
        app.subheader,
        app.markdown,
        app.caption,
        app.info,
        app.warning,
        app.success,
        app.error,
    )
    said = [str(element.value) for kind in kinds for element in kind]
    return "\n".join([*said, *links(app)])


def links(app: AppTest) -> dict[str, int | None]:
    """Every link's label, and the movie whose page it leads to."""
    found = {}
    for link in app.get("page_link"):
        movie = parse_qs(link.proto.query_string).get("movie")
        found[link.proto.label] = int(movie[0]) if movie else None
    return found


def top_titles(app: AppTest) -> list[str]:
    """Titles of the cards, in order."""
    return [shown.value.split(". ", 1)[1] for shown in app.markdown if shown.value.startswith("## ")]
