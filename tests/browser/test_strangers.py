"""Links, names and data sets of a stranger reach no further than their text, and the app reaches nobody."""

from collections.abc import Iterator
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from lcrec_core.models.paper.family import PAPER
from lcrec_core.models.settings import configured
from lcrec_core.sources import datasets
from lcrec_core.store.profiles import ProfileStore
from lcrec_core.training.run import TrainRequest, train
from lcrec_ui.frame.text import clean
from tests.movielens_files import Files, write_zip
from tests.outside import HOST, PAYLOADS
from tests.serving import Server, assert_names_nobody, assert_no_traceback, serve, settle

pytestmark = pytest.mark.browser

PATHS = (
    "",
    "start",
    "rate",
    "movie?movie=2",
    "history",
    "profile",
    "together?with=1",
    "data",
    "training",
    "compare",
    "lab",
)
MADE_ALIVE = """() => [...document.querySelectorAll(
    "[data-testid=stMain] [data-testid=stMarkdownContainer] :is(h6, blockquote, hr, .katex, img, a[target=_blank])")]
    .map(e => e.outerHTML.slice(0, 200))"""


@pytest.fixture
def watched(page: Page) -> Iterator[Page]:
    """A page that fails its test when it asks anybody but the server for anything, or runs a script of a stranger."""
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    yield page
    assert said == []


def assert_only_text(page: Page) -> None:
    settle(page)
    assert_names_nobody(page)
    assert_no_traceback(page)


def assert_shows(page: Page, text: str, place: str = "stMain") -> None:
    """The words stand there as they are."""
    said = page.get_by_test_id(place).inner_text().replace("\u2060", "")
    assert clean(text) in " ".join(said.split())


def test_a_link_is_only_text(watched: Page, server: Server):
    in_links = [quote(payload) for payload in PAYLOADS]
    three_each = zip(in_links[::3], in_links[1::3], in_links[2::3], strict=True)
    queries = [f"data={data}&model={model}&user={user}" for data, model, user in three_each]
    queries += [f"profile={words}" for words in in_links[::7]]
    for number, query in enumerate(queries):
        watched.goto(f"{server.url}/{'rate' if number % 2 else ''}?{query}")
        notices = watched.get_by_test_id("stAlert").filter(has_text="That link could not be followed")
        expect(notices).to_have_count(1 if query.startswith("profile") else 3)
        expect(notices.locator("a, img, code, li, h1")).to_have_count(0)
        assert_only_text(watched)


def test_a_very_long_link_is_not_repeated(watched: Page, server: Server):
    watched.goto(f"{server.url}/?data={'x' * 5000}")
    expect(watched.get_by_test_id("stAlert").first).to_contain_text("longer than any that is here")
    assert "xxxxx" not in watched.get_by_test_id("stMain").inner_text()


def test_a_profile_s_name_is_only_text(watched: Page, server: Server):
    store = ProfileStore(f"sqlite:///{server.log.parent / 'profiles.sqlite'}")
    rated = [(movie_id, 4.0, 100 + movie_id) for movie_id in range(1, 20)]
    for number, payload in enumerate(PAYLOADS[::2]):
        name = clean(payload)[:60].strip()
        token = store.create("demo", name=name, ratings=rated)
        watched.goto(f"{server.url}/{('profile', '', 'rate')[number % 3]}?profile={token}")
        assert_only_text(watched)
        assert watched.evaluate(MADE_ALIVE) == []
        assert_shows(watched, name)


@pytest.fixture(scope="module")
def hostile_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a data set that a stranger made, and a model of a stranger's name trained on it."""
    folder = tmp_path_factory.mktemp("hostile")
    write_zip(folder / "data" / "own" / f"{DATA}.zip", hostile_files())
    places = {"LCREC_DATA": str(folder / "data"), "LCREC_ARTIFACTS": str(folder / "artifacts")}
    with pytest.MonkeyPatch.context() as patch:
        for name, place in places.items():
            patch.setenv(name, place)
        small = {"embedding_size": 4, "filters": 2, "feature_size": 8, "state_size": 6, "epochs": 1}
        for name in ("paper", f"www.{HOST}"):
            train(TrainRequest(datasets.load(DATA), PAPER, configured(PAPER.default_config(), **small), name=name))
    with serve(folder, **places) as running:
        yield running


DATA = "hostile"
TEXTS = tuple(clean(text).replace("|", "/").encode("latin-1", "ignore").decode("latin-1") for text in PAYLOADS)
FILMS, PEOPLE, EACH = 2 * len(TEXTS), 30, 30


def hostile_files() -> Files:
    """The files of ML-100K whose titles, genres and occupations are all payloads."""
    flags = [
        "|".join("1" if genre == film % len(TEXTS) else "0" for genre in range(len(TEXTS))) for film in range(FILMS)
    ]
    items = [
        f"{film + 1}|{TEXTS[film % len(TEXTS)]} ({1980 + film % 15})|01-Jan-1990||http://a|{flags[film]}"
        for film in range(FILMS)
    ]
    rng = np.random.default_rng(0)
    seen = [(person + 1, film + 1) for person in range(PEOPLE) for film in rng.choice(FILMS, EACH, replace=False)]
    return {
        "u.genre": "".join(f"{text}|{number}\n" for number, text in enumerate(TEXTS)).encode("latin-1"),
        "u.item": ("\n".join(items) + "\n").encode("latin-1"),
        "u.user": "".join(f"{n + 1}|24|M|{TEXTS[n % len(TEXTS)]}|00000\n" for n in range(PEOPLE)).encode("latin-1"),
        "u.data": "".join(f"{p}\t{f}\t{1 + (p * f) % 5}\t{881250949 + p * 1000 + f}\n" for p, f in seen).encode(),
    }


@pytest.mark.parametrize("path", PATHS)
def test_a_data_set_is_only_text(path: str, watched: Page, hostile_server: Server):
    watched.goto(f"{hostile_server.url}/{path}{'&' if '?' in path else '?'}data={DATA}&user=2&model={DATA}/www.{HOST}")
    assert_only_text(watched)
    assert_shows(watched, TEXTS[1], "stSidebar")
    assert watched.evaluate(MADE_ALIVE) == []


def test_cards_and_rows_show_titles_as_they_are(watched: Page, hostile_server: Server):
    page = watched
    for path, titles in (("", "[class*='st-key-card_'] h2"), ("rate", "[class*='st-key-movie_'] strong")):
        page.goto(f"{hostile_server.url}/{path}?data={DATA}&user=1")
        expect(page.locator(titles).first).to_be_visible()
        settle(page)
        for shown in page.locator(titles).all_inner_texts():
            title = " ".join(shown.replace("\u2060", "").split()).rpartition(" (")[0]
            assert any(clean(text) in title for text in TEXTS), shown


def test_searches_filters_and_hints_are_only_text(watched: Page, hostile_server: Server):
    page = watched
    page.goto(f"{hostile_server.url}/?data={DATA}&user=1")
    settle(page)
    page.get_by_role("button", name="More filters").click()
    page.get_by_label("Genres, any of").click()
    assert_only_text(page)
    page.goto(f"{hostile_server.url}/rate?data={DATA}&user=1")
    settle(page)
    for payload in PAYLOADS[:4]:
        page.get_by_label("Search a movie").fill(f"zzz {payload}"[:100])
        expect(page.get_by_test_id("stMain")).to_contain_text("zzz")
        assert_only_text(page)
    page.goto(f"{hostile_server.url}/profile?data={DATA}&user=1")
    settle(page)
    page.get_by_label("Occupation").first.click()
    assert_only_text(page)
