"""The Data page: the paper's tables and charts, the switch, download and upload."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from lcrec_core.data.dataset import Dataset
from lcrec_core.data.encode import encode, encode_fitting
from lcrec_core.data.split import make_split
from lcrec_core.errors import DataError, DownloadError
from lcrec_core.sources import datasets, download
from lcrec_core.training import jobs
from lcrec_ui.data import encoded, get
from lcrec_ui.data.encoded import paper_tables
from lcrec_ui.frame import permissions
from lcrec_ui.frame.tables import as_html
from tests.html_tables import tables
from tests.made_up import made_up, write_ml1m_zip
from tests.visiting import metrics, open_page, run, visited_before, words

pytestmark = pytest.mark.usefixtures("any_counts")
PAGE = "4_data.py"
NUMBERS = {"data_view": "From files to numbers"}
GET = {"data_view": "Get MovieLens"}


@pytest.fixture(autouse=True)
def _visited(monkeypatch: pytest.MonkeyPatch) -> None:
    visited_before(monkeypatch)


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("LCREC_DATA", str(folder))
    return folder


@pytest.fixture(scope="module")
def tiny_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ml1m_zip(tmp_path_factory.mktemp("zips") / "ml-1m.zip", made_up())


def test_the_demo_is_described_and_said_to_be_simulated(data_folder: Path):
    app = open_page(PAGE)
    assert "Simulated people" in words(app)
    shown = metrics(app)
    demo = datasets.load("demo")
    assert shown["People"] == f"{len(demo.users):,}"
    assert shown["Ratings"] == f"{len(demo.ratings):,}"
    charts = app.get("plotly_chart")
    assert len(charts) == 7
    assert all(chart.proto.alt for chart in charts)


def test_tables_show_rows_before_and_after(data_folder: Path):
    app = open_page(PAGE, **NUMBERS)
    frames = tables(app)
    assert [list(frame.columns[:2]) for frame in frames] == [
        ["User", "Gender"], ["User", "Gender"], ["Movie", "Title"], ["Movie", "Title words"],
        ["User", "Movie"], ["User", "Movie"],
    ]  # fmt: skip
    assert all(len(frame) == 6 for frame in frames)


def test_switching_changes_the_data_of_the_whole_app(data_folder: Path, tiny_zip: Path):
    shutil.copy(tiny_zip, data_folder)
    app = open_page(PAGE)
    app.segmented_control(key="data_switch").set_value("ml-1m").run()
    assert metrics(app)["People"] == "40"
    assert "Simulated people" not in words(app)


def test_a_download_needs_the_terms_accepted_and_is_then_shown(
    data_folder: Path, tiny_zip: Path, monkeypatch: pytest.MonkeyPatch
):
    def fetch(name: str, *, progress) -> Path:
        progress(50, 100)
        progress(0, 0)
        return Path(shutil.copy(tiny_zip, data_folder / f"{name}.zip"))

    monkeypatch.setattr(download, "download", fetch)
    app = open_page(PAGE, **GET)
    assert app.button(key="download_start").disabled
    assert "no warranty" in words(app)
    app.checkbox(key="accept_ml-1m").check()
    run(app, **GET)
    app.button(key="download_start").click()
    run(app, **GET)
    assert metrics(app)["People"] == "40"
    assert "MovieLens 1M is here" in words(app)


def test_a_failed_download_says_why_in_one_line(data_folder: Path, monkeypatch: pytest.MonkeyPatch):
    def fetch(name: str, *, progress) -> Path:
        raise DownloadError("the server cannot be reached; are you online?")

    monkeypatch.setattr(download, "download", fetch)
    app = open_page(PAGE, **GET)
    app.checkbox(key="accept_ml-1m").check()
    run(app, **GET)
    app.button(key="download_start").click()
    run(app, **GET)
    assert [error.value for error in app.error] == ["The server cannot be reached; are you online?"]
    assert list(data_folder.iterdir()) == []


def test_an_uploaded_zip_is_checked_kept_and_shown(data_folder: Path, tiny_zip: Path):
    app = open_page(PAGE, **GET)
    app.file_uploader[0].upload("ml-1m.zip", tiny_zip.read_bytes())
    app.button(key="upload_start").click()
    run(app, **GET)
    assert [path.name for path in data_folder.iterdir()] == ["ml-1m.zip"]
    assert metrics(app)["People"] == "40"


def test_a_bad_file_gives_one_line_and_changes_nothing(data_folder: Path):
    app = open_page(PAGE, **GET)
    app.file_uploader[0].upload("ml-1m.zip", b"<!DOCTYPE html><html>please log in</html>")
    app.button(key="upload_start").click()
    run(app, **GET)
    (error,) = app.error
    assert "\n" not in error.value
    assert error.value.startswith("ml-1m.zip")
    assert "Nothing was changed" in error.value
    assert list(data_folder.iterdir()) == []
    assert "Simulated people" in words(app)


def test_upload_without_a_file_asks_for_one(data_folder: Path):
    app = open_page(PAGE, **GET)
    app.button(key="upload_start").click()
    run(app, **GET)
    assert any("Choose a zip file first" in warning.value for warning in app.warning)


def test_a_sound_data_set_is_never_replaced_by_a_visitor(data_folder: Path, tiny_zip: Path, tmp_path: Path):
    shutil.copy(tiny_zip, data_folder)
    other = write_ml1m_zip(tmp_path / "other.zip", made_up(seed=1))
    with pytest.raises(DataError, match="MovieLens 1M is here already"):
        get.install_upload("ml-1m.zip", other.read_bytes(), None)
    assert (data_folder / "ml-1m.zip").read_bytes() == tiny_zip.read_bytes()


def test_a_damaged_data_set_can_be_replaced(data_folder: Path, tiny_zip: Path):
    (data_folder / "ml-1m.zip").write_bytes(tiny_zip.read_bytes()[:1000])
    assert get.install_upload("whatever.zip", tiny_zip.read_bytes(), "ml-1m") == "ml-1m"
    assert datasets.load("ml-1m").name == "ml-1m"


@pytest.mark.parametrize("file_name", ["../../etc/passwd", "demo.zip", "ml-1m.zip\n", ""])
def test_the_name_of_an_uploaded_file_is_never_a_path(data_folder: Path, tiny_zip: Path, file_name: str):
    assert get.install_upload(file_name, tiny_zip.read_bytes(), None) == "ml-1m"
    assert [path.name for path in data_folder.iterdir()] == ["ml-1m.zip"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "ratings.csv",
            b"userId,movieId,rating,timestamp\n1,1,4.0,1\n",
            "ratings.csv of a MovieLens data set on its own",
        ),
        ("ratings.csv", b"Const,Your Rating,Title\ntt1,9,Kite\n", "an IMDb ratings export"),
        ("paper.pdf", b"%PDF-1.7", "a PDF document"),
    ],
)
def test_a_file_that_is_no_zip_is_said_to_be_what_it_is(data_folder: Path, name: str, content: bytes, said: str):
    app = open_page(PAGE, **GET)
    assert not list(app.file_uploader[0].proto.type)  # or the browser would say something shorter
    app.file_uploader[0].upload(name, content)
    app.button(key="upload_start").click()
    run(app, **GET)
    (error,) = app.error
    assert said in error.value.replace("\\", "").replace("\u2060", "")
    assert "lcrec-upload" not in error.value
    assert list(data_folder.iterdir()) == []


def bring(app, name: str, content: bytes, **session: object):
    """Upload a file with what the widgets beside it say."""
    app.file_uploader[0].upload(name, content)
    for key, value in session.items():
        app.session_state[key] = value
    app.button(key="upload_start").click()
    return run(app, **GET)


def test_data_of_ones_own_come_in_under_their_own_name_are_replaced_and_removed(data_folder: Path, tmp_path: Path):
    first, second = (write_ml1m_zip(tmp_path / f"{n}.zip", made_up(people=n)).read_bytes() for n in (30, 35))
    app = open_page(PAGE, **GET)
    app.selectbox(key="upload_name").select(get._OWN)
    run(app, **GET)
    bring(app, "x.zip", first)
    assert any("Give your data a name first" in warning.value for warning in app.warning)
    app.text_input(key="upload_own").input("my_films")
    bring(app, "x.zip", first)
    assert metrics(app)["People"] == "30"
    assert any("is here, and the app shows it now" in shown.value for shown in app.success)
    assert datasets.available() == ["demo", "my_films"]

    app.selectbox(key="upload_name").select(get._OWN)
    run(app, **GET)
    app.text_input(key="upload_own").input("my_films")
    bring(app, "x.zip", second)
    (error,) = app.error
    assert "is here already" in error.value
    assert "Nothing was changed" in error.value
    app.checkbox(key="upload_replace").check()
    bring(app, "x.zip", second)
    assert metrics(app)["People"] == "35"

    assert app.button(key="remove_start").disabled
    app.checkbox(key="remove_sure_my_films").check()
    run(app, **GET)
    app.button(key="remove_start").click()
    run(app, **GET)
    assert datasets.available() == ["demo"]
    assert any("was removed" in shown.value for shown in app.success)
    assert "Simulated people" in words(app)


def test_data_that_a_run_trains_on_stay(data_folder: Path, tiny_zip: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copy(tiny_zip, data_folder)
    going = SimpleNamespace(request=SimpleNamespace(data="ml-1m", bundle="ml-1m/paper"))
    monkeypatch.setattr(jobs, "running", lambda root=None: going)
    with pytest.raises(jobs.JobError, match="a training run on ml-1m is going"):
        get.remove("ml-1m")
    assert "ml-1m" in datasets.available()


def test_removing_is_for_whoever_runs_the_server(data_folder: Path, tiny_zip: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copy(tiny_zip, data_folder)
    monkeypatch.setattr(permissions, "may_manage", lambda: False)
    with pytest.raises(permissions.NotAllowedError):
        get.remove("ml-1m")
    assert "remove_start" not in [button.key for button in open_page(PAGE, **GET).button]
    assert "ml-1m" in datasets.available()


def test_only_one_visitor_at_a_time_brings_in_data(data_folder: Path, tiny_zip: Path):
    with get._alone(), pytest.raises(DataError, match="try again in a moment"):
        get.install_upload("ml-1m.zip", tiny_zip.read_bytes(), None)
    assert get.install_upload("ml-1m.zip", tiny_zip.read_bytes(), None) == "ml-1m"


def encoded_tables(data: Dataset):
    return paper_tables(data, encode(data, make_split(data).fitting))


def test_the_tables_are_made_once_and_made_again_when_what_was_kept_is_damaged(
    tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))
    wanted, made = encoded_tables(tiny), []
    monkeypatch.setattr(encoded, "encode_fitting", lambda *of: made.append(of) or encode_fitting(*of))
    for _ in range(2):
        found = encoded.tables_of(tiny)
        for name in ("users", "movies", "ratings"):
            assert as_html(getattr(found, name).before, "") == as_html(getattr(wanted, name).before, "")
            assert as_html(getattr(found, name).after, "") == as_html(getattr(wanted, name).after, "")
        assert (found.genre_places, found.word_places) == (wanted.genre_places, wanted.word_places)
    assert len(made) == 1
    (kept,) = (tmp_path / ".cache" / "tables").iterdir()
    kept.write_bytes(kept.read_bytes().replace(b"Gender", b"Gander"))
    assert "Gender" in encoded.tables_of(tiny).users.before
    assert len(made) == 2


def test_encoded_users_are_the_papers_numbers(tiny: Dataset):
    users = encoded_tables(tiny).users
    for (_, raw), (_, seen) in zip(users.before.iterrows(), users.after.iterrows(), strict=True):
        assert seen["Gender"] == {"F": "0", "M": "1"}[raw["Gender"]]
        assert seen["Age"] == str([1, 18, 25, 35, 45, 50, 56].index(int(raw["Age"])))


def test_what_is_not_given_is_unknown(tiny: Dataset):
    users = tiny.users.assign(gender=None, age=None, occupation=None)
    anonymous = Dataset("anonymous", users, tiny.movies, tiny.ratings, tiny.scale)
    table = encoded_tables(anonymous).users
    assert set(table.after[["Gender", "Age", "Occupation"]].to_numpy().ravel()) == {"unknown"}
    assert set(table.before["Occupation"]) == {"not given"}


@pytest.mark.real_data
def test_the_papers_own_rows_on_movielens():
    tables = encoded_tables(datasets.load("ml-1m"))
    assert tables.are_the_papers_rows
    assert tables.users.before["User"].tolist() == [11, 12, 13, 14, 15, 16]
    assert tables.users.after["Gender"].tolist() == ["0", "1", "1", "1", "1", "0"]
    assert tables.users.after["Age"].tolist() == ["2", "2", "4", "3", "2", "3"]
    assert tables.movies.before["Title"].iloc[0] == "American President, The (1995)"
    assert tables.ratings.before[["Movie", "Rating"]].to_numpy().tolist() == [
        [938, "4"], [2398, "4"], [2918, "4"], [1035, "5"], [2791, "4"], [2687, "3"],
    ]  # fmt: skip
