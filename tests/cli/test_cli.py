import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from lcrec_core.cli import main
from lcrec_core.files import REPOSITORY
from lcrec_core.sources import download
from tests.made_up import made_up, write_ml1m_zip
from tests.movielens_files import dat_files, write_zip


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        return json.loads(self.out)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Made-up data in the form of ml-1m, and a bundle trained on it by the command line itself."""
    root = tmp_path_factory.mktemp("cli")
    write_ml1m_zip(root / "data" / "own" / "films.zip", made_up())
    # One thread: a network this small gains nothing from more, and they wait for each other on a busy machine.
    world = {"LCREC_DATA": str(root / "data"), "LCREC_ARTIFACTS": str(root / "artifacts"), "OMP_NUM_THREADS": "1"}
    done = spawn(world, "train", "--data", "films", "--epochs", "1", "--learning-rate", "0.001", "--progress-file",
                 str(root / "progress.json"))  # fmt: skip
    assert done.code == 0, done.err
    return world | {"progress": str(root / "progress.json"), "trained": done.out, "bar": done.err}


@pytest.fixture
def lcrec(world: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """Run a command in this process."""
    for name in ("LCREC_DATA", "LCREC_ARTIFACTS"):
        monkeypatch.setenv(name, world[name])

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        try:
            code = main.main(arguments)
        except SystemExit as exit_:  # argparse's own
            code = int(exit_.code or 0)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Said(code, said.out, said.err)

    return run


def spawn(world: dict[str, str], *arguments: str, stdin: str = "") -> Said:
    """Run a command as a person does, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "lcrec_core", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **world},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return Said(done.returncode, done.stdout, done.stderr)


def one_line(said: Said, code: int, *words: str) -> None:
    """The command failed with this code and one line that has these words."""
    assert said.code == code
    assert said.out == ""
    last = said.err.strip().splitlines()[-1]
    for word in words:
        assert word in last


class TestRecommend:
    def test_lines_are_those_of_figure_7(self, lcrec) -> None:
        said = lcrec("recommend", "--bundle", "films", "--user", "11", "-n", "3")
        assert said.code == 0
        lines = said.out.splitlines()
        assert len(lines) == 3
        for line in lines:
            assert re.fullmatch(r"\d+ .+ \(\d{4}\) [\w|-]+ [1-5]\.\d\d", line)

    def test_json_says_the_same(self, lcrec) -> None:
        text = lcrec("recommend", "--bundle", "films/paper", "--user", "11").out
        rows = lcrec("recommend", "--bundle", "films", "--user", "11", "--json").json
        assert len(rows) == 5
        assert [list(row) for row in rows] == [["movie_id", "title", "genres", "predicted", "score"]] * 5
        for line, row in zip(text.splitlines(), rows, strict=True):
            assert line == f"{row['movie_id']} {row['title']} {'|'.join(row['genres'])} {row['predicted']:.2f}"
        scores = [row["score"] for row in rows]
        assert scores == sorted(scores, reverse=True)
        assert scores != [row["predicted"] for row in rows]

    def test_the_papers_order_is_one_option_away(self, lcrec) -> None:
        rows = lcrec("recommend", "--bundle", "films", "--user", "11", "--by", "rating", "--json").json
        predictions = [row["predicted"] for row in rows]
        assert predictions == sorted(predictions, reverse=True) == [row["score"] for row in rows]

    def test_steering_moves_the_list(self, lcrec) -> None:
        usual = ("recommend", "--bundle", "films", "--user", "11", "--min-ratings", "0", "--json")
        straight = lcrec(*usual).json
        for steered in (("--adventure", "1"), ("--adventure=-1",), ("--mood", "3"), ("--by", "habits")):
            assert [row["score"] for row in lcrec(*usual, *steered).json] != [row["score"] for row in straight]
        best = straight[0]["movie_id"]
        assert best not in [row["movie_id"] for row in lcrec(*usual, "--like", str(best)).json]
        assert lcrec(*usual, "--diversity", "0.9").json[0] == straight[0]

    def test_filters(self, lcrec) -> None:
        options = ("--genre", "drama", "--genre", "WAR", "--not-genre", "Comedy", "--year-from", "1960", "--year-to")
        rows = lcrec("recommend", "--bundle", "films", "--user", "1", "-n", "99", "--json", *options, "1990").json
        assert rows
        for row in rows:
            assert {"Drama", "War"} & set(row["genres"])
            assert "Comedy" not in row["genres"]
            assert 1960 <= int(row["title"][-5:-1]) <= 1990

    def test_rated_movies_come_only_when_asked_for(self, lcrec) -> None:
        without = lcrec(
            "recommend", "--bundle", "films", "--user", "1", "-n", "99", "--min-ratings", "0", "--json"
        ).json
        everything = lcrec(
            "recommend",
            "--bundle",
            "films",
            "--user",
            "1",
            "-n",
            "99",
            "--min-ratings",
            "0",
            "--include-rated",
            "--json",
        ).json
        assert (len(without), len(everything)) == (40, 60)

    def test_a_new_person(self, lcrec) -> None:
        likes = ("--rate", "1=5", "--rate", "2=4", "--age", "33", "--gender", "F", "--occupation", "writer")
        rows = lcrec("recommend", "--bundle", "films", *likes, "-n", "99", "--min-ratings", "0", "--json").json
        assert len(rows) == 58
        assert not {1, 2} & {row["movie_id"] for row in rows}

    def test_nothing_passes(self, lcrec) -> None:
        said = lcrec("recommend", "--bundle", "films", "--user", "1", "--year-from", "2050")
        assert (said.code, said.out) == (0, "")
        assert "no movie passes" in said.err
        assert lcrec("recommend", "--bundle", "films", "--user", "1", "--year-from", "2050", "--json").json == []

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ((), ["--user ID"]),
            (("--user", "1", "--rate", "1=5"), ["leave out --rate"]),
            (("--rate", "1=9"), ["ratings go from 1 to 5 in steps of 1"]),
            (("--rate", "1=4.2"), ["ratings go from 1 to 5 in steps of 1"]),
            (("--rate", "1=nan"), ["not MOVIE=STARS"]),
            (("--rate", "1=inf"), ["not MOVIE=STARS"]),
            (("--rate", "1=5", "--rate", "2=4", "--rate", "1=1"), ["movie 1 is rated twice"]),
            (("--rate", f"{'9' * 5000}=5"), ["not MOVIE=STARS"]),
            (("--age", "121"), ["too large: at most 120"]),
            (("--age", "-1"), ["no whole number from 0 up"]),
            (("--user", "9" * 5000), ["too large"]),
            (("--user", str(2**63)), ["too large"]),
            (("--user", "1", "-n", "9" * 5000), ["too large"]),
            (("--user", "1", "--year-from", "10000"), ["too large: at most 9999"]),
            (("--user", "1", "--min-ratings", "9" * 50), ["too large"]),
            (("--rate", "999=4"), ["no movie 999"]),
            (("--gender", "F", "--occupation", "king"), ["no occupation 'king'", "writer"]),
            (("--user", "1", "--genre", "Opera"), ["no genre 'Opera'", "Drama"]),
            (("--user", "1", "--year-from", "1990", "--year-to", "1980"), ["1990", "1980"]),
            (("--user", "1", "-n", "0"), ["no whole number from 1 up"]),
            (("--rate", "five"), ["not MOVIE=STARS"]),
            (("--user", "eleven"), ["--user"]),
            (("--user", "1", "--by", "luck"), ["--by", "for-you"]),
            (("--user", "1", "--adventure", "1.1"), ["no number from -1 to 1"]),
            (("--user", "1", "--diversity", "nan"), ["no number from 0 to 1"]),
            (("--user", "1", "--like", "999"), ["no movie 999"]),
            (("--user", "1", "--by", "rating", "--mood", "5"), ["--mood does not steer", "rating"]),
            (("--user", "1", "--by", "habits", "--adventure", "1"), ["--adventure does not steer"]),
        ],
    )
    def test_wrong_usage(self, lcrec, options: Sequence[str], words: list[str]) -> None:
        said = lcrec("recommend", "--bundle", "films", *options)
        one_line(said, 2, *words)
        assert len(said.err.splitlines()[-1]) < 500

    def test_an_unknown_person(self, lcrec) -> None:
        one_line(lcrec("recommend", "--bundle", "films", "--user", "999"), 5, "no user 999")

    def test_an_absent_bundle_comes_with_its_command(self, lcrec) -> None:
        said = lcrec("recommend", "--bundle", "ml-100k", "--user", "1")
        one_line(said, 4, "choose one of films/paper", "python -m lcrec_core train --data ml-100k")
        said = lcrec("recommend", "--bundle", "nope", "--user", "1")
        one_line(said, 4, "no model nope: choose one of films/paper")
        assert "train" not in said.err
        one_line(lcrec("recommend", "--bundle", "../../etc", "--user", "1"), 4, "not a bundle's name")

    def test_without_the_data_the_download_command_is_named(
        self, lcrec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LCREC_DATA", str(tmp_path))
        one_line(lcrec("compare", "--data", "ml-1m"), 3, "python -m lcrec_core download ml-1m")
        one_line(lcrec("recommend", "--bundle", "films", "--user", "1"), 3, "no data set 'films'")

    def test_other_data_than_the_bundles_is_refused(
        self, lcrec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_ml1m_zip(tmp_path / "own" / "films.zip", made_up(seed=1))
        monkeypatch.setenv("LCREC_DATA", str(tmp_path))
        one_line(lcrec("recommend", "--bundle", "films", "--user", "1"), 4, "films/paper")


def test_answers_go_on_where_nothing_can_be_written(
    lcrec, world: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [
        ("recommend", "--bundle", "films", "--user", "1", "--json"),
        ("predict", "--bundle", "films", "--user", "1", "--movie", "7", "--json"),
        ("evaluate", "--bundle", "films", "--json"),
    ]
    before = [lcrec(*command).json for command in asked]
    monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))
    (tmp_path / "films").symlink_to(Path(world["LCREC_ARTIFACTS"]) / "films")
    (tmp_path / ".cache").write_text("no folder can be made here")
    for command, answer in zip(asked, before, strict=True):
        said = lcrec(*command)
        assert (said.code, said.json) == (0, answer)


def test_a_home_folder_in_the_environment_is_spelled_out(
    lcrec, world: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(world["LCREC_ARTIFACTS"])
    monkeypatch.setenv("HOME", str(root.parent))
    monkeypatch.setenv("LCREC_ARTIFACTS", f"~/{root.name}")
    assert [row["bundle"] for row in lcrec("info", "--json").json] == ["films/paper"]


def test_memory_that_ran_out_is_one_line(lcrec, monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (
        MemoryError(),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: 14408641296 bytes"
        ),
    ):

        def fail(error: Exception = error) -> list:
            raise error

        monkeypatch.setattr("lcrec_core.models.bundles.list_bundles", fail)
        one_line(lcrec("info"), 7, "not enough memory")


def test_predict(lcrec) -> None:
    rows = lcrec("predict", "--bundle", "films", "--user", "3", "--movie", "7", "2", "7", "--json").json
    assert [list(row) for row in rows] == [["movie_id", "title", "predicted"]] * 3
    assert [row["movie_id"] for row in rows] == [7, 2, 7]
    assert rows[0] == rows[2]
    text = lcrec("predict", "--bundle", "films", "--user", "3", "--movie", "7").out
    assert text == f"7 {rows[0]['title']} {rows[0]['predicted']:.2f}\n"
    one_line(lcrec("predict", "--bundle", "films", "--user", "3", "--movie", "999"), 5, "no movie 999")


def test_evaluate_measures_what_the_bundle_records(lcrec) -> None:
    measured = lcrec("evaluate", "--bundle", "films", "--json").json
    assert measured["bundle"] == "films/paper"
    assert (measured["protocol"], measured["seed"], measured["test_ratings"]) == ("random", 0, 160)
    assert measured["test_mse"] == pytest.approx(measured["recorded_test_mse"], abs=1e-5)
    assert measured["test_mae"] == pytest.approx(measured["recorded_test_mae"], abs=1e-5)
    assert measured["test_rmse"] == pytest.approx(measured["test_mse"] ** 0.5)
    assert f"{measured['test_mse']:.4f}" in lcrec("evaluate", "--bundle", "films").out


class TestInfo:
    def test_every_bundle_with_its_figures(self, lcrec) -> None:
        rows = lcrec("info", "--json").json
        keys = ["bundle", "data", "model", "protocol", "seed", "test_mse", "test_mae", "seconds_per_epoch"]
        assert [list(row) for row in rows] == [keys]
        assert list(rows[0].values())[:5] == ["films/paper", "films", "paper", "random", 0]
        assert rows[0]["test_mae"] <= rows[0]["test_mse"] ** 0.5
        head, line = lcrec("info").out.splitlines()
        assert head.split()[:5] == keys[:5]
        assert line.split()[5] == f"{rows[0]['test_mse']:.4f}"

    def test_without_any(self, lcrec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LCREC_ARTIFACTS", str(tmp_path))
        said = lcrec("info")
        assert (said.code, said.out) == (0, "")
        assert "train --data demo" in said.err
        assert lcrec("info", "--json").json == []

    def test_it_does_not_wait_for_torch(self, world: dict[str, str]) -> None:
        script = "import sys; from lcrec_core.cli.main import main; main(['info']); sys.exit('torch' in sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=REPOSITORY,
            env={**os.environ, **world},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


class TestTrain:
    def test_the_result_is_on_stdout_and_the_progress_on_stderr(self, world: dict[str, str]) -> None:
        assert re.fullmatch(
            r"films/paper: test MSE [\d.]+, test MAE [\d.]+, [\d.]+ s per epoch; saved in .*artifacts/films/paper\n",
            world["trained"],
        )
        assert "100%" in world["bar"]
        assert "ratings/s" in world["bar"]
        assert json.loads(Path(world["progress"]).read_text())["state"] == "done"

    def test_settings_reach_the_bundle(self, world: dict[str, str], tmp_path: Path) -> None:
        env = world | {"LCREC_ARTIFACTS": str(tmp_path)}
        options = ("--name", "mine", "--seed", "3", "--epochs", "1", "--batch-size", "64", "--keep-probability", "0.8")
        row = spawn(env, "train", "--data", "films", "--protocol", "global-time", *options, "--json").json
        assert (row["bundle"], row["protocol"], row["seed"]) == ("films/mine", "global-time", 3)
        config = json.loads((tmp_path / "films" / "mine" / "bundle.json").read_text())["config"]
        assert config["train"]["batches"]["batch_size"] == 64
        assert config["model"]["keep_probability"] == 0.8

    @pytest.mark.parametrize(
        ("options", "word"),
        [
            (("--data", "netflix"), "netflix"),
            (("--data", "films", "--model", "magic"), "no model 'magic'"),
            (("--data", "films", "--protocol", "lucky"), "no protocol 'lucky'"),
            (("--data", "films", "--epochs", "0"), "no whole number from 1 up"),
            (("--data", "films", "--learning-rate", "2"), "learning_rate"),
            (("--data", "films", "--keep-probability", "0"), "keep_probability"),
            (("--data", "films", "--name", "../escape"), "--name"),
            (("--data", "films", "--name", "comparison"), "--name"),
            (("--data", "films", "--name", "a" * 41), "--name"),
            (("--data", "films", "--seed", str(2**31)), "too large"),
            (("--data", "films", "--set", "genre_std=nan"), "genre_std"),
            (("--data", "films", "--set", "lstm_layers=1000000"), "lstm_layers"),
            (("--data", "films", "--set", "embedding_size=1000000"), "embedding_size"),
            (("--data", "films", "--set", f"seed={'9' * 5000}"), "whole number"),
            (("--data", "films", "--model", "lcrec", "--set", "shrinkage=nan"), "shrinkage"),
        ],
    )
    def test_wrong_usage(self, lcrec, options: Sequence[str], word: str) -> None:
        one_line(lcrec("train", *options), 2, word)

    def test_a_bundle_is_not_replaced_unless_asked_for(self, lcrec, world: dict[str, str]) -> None:
        manifest = Path(world["LCREC_ARTIFACTS"]) / "films/paper/manifest.json"
        before = manifest.read_bytes()
        # Training would take longer than a test may: it is refused before that begins.
        said = lcrec("train", "--data", "films", "--epochs", "100000")
        one_line(said, 4, "already a bundle films/paper", "--name", "--replace")
        assert manifest.read_bytes() == before

    def test_data_that_cannot_be_read_are_told_in_the_progress_file(
        self, lcrec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LCREC_DATA", str(tmp_path))
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "films.zip").write_text("no zip")
        path = tmp_path / "progress.json"
        one_line(lcrec("train", "--data", "films", "--name", "new", "--progress-file", str(path)), 3, "films.zip")
        progress = json.loads(path.read_text())
        assert (progress["state"], progress["bundle"]) == ("failed", "films/new")
        assert progress["error"].startswith("films.zip: ")
        assert str(tmp_path) not in progress["error"]
        one_line(lcrec("train", "--data", "ml-1m", "--progress-file", str(path)), 3, "python -m lcrec_core download")
        assert "python" not in json.loads(path.read_text())["error"]

    @pytest.mark.parametrize(
        ("error", "code", "state", "why"),
        [
            (MemoryError(), 7, "failed", "there was not enough memory"),
            (
                PermissionError(13, "Permission denied", "secret"),
                1,
                "failed",
                "not be read or written: Permission",
            ),
            (KeyboardInterrupt(), 130, "cancelled", "None"),
            (SystemExit(143), 143, "cancelled", "None"),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
    )
    def test_what_stops_it_while_it_reads_the_data_is_told_there_too(
        self, lcrec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error, code: int, state: str, why: str
    ) -> None:
        def stop(name: str) -> None:
            raise error

        monkeypatch.setattr("lcrec_core.sources.datasets.load", stop)
        path = tmp_path / "progress.json"
        assert lcrec("train", "--data", "films", "--name", "new", "--progress-file", str(path)).code == code
        progress = json.loads(path.read_text())
        assert progress["state"] == state
        assert why in str(progress["error"])
        assert "secret" not in str(progress["error"])

    def test_nothing_to_resume(self, lcrec) -> None:
        one_line(
            lcrec("train", "--data", "films", "--name", "new", "--resume"), 7, "nothing to resume", "without --resume"
        )

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
    def test_a_signal_stops_it_and_leaves_no_bundle(
        self, world: dict[str, str], tmp_path: Path, number: int, code: int
    ) -> None:
        env = {**os.environ, **world, "LCREC_ARTIFACTS": str(tmp_path / "artifacts")}
        progress = tmp_path / "progress.json"
        command = [sys.executable, "-m", "lcrec_core", "train", "--data", "films", "--epochs", "5000"]
        run = subprocess.Popen(
            [*command, "--progress-file", str(progress)],
            cwd=REPOSITORY,
            env=env,
            stdout=-1,
            stderr=-1,
            text=True,
            # Tests that run in the background have inherited "ignore Ctrl-C".
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        wait_until(lambda: progress.exists() and len(json.loads(progress.read_text())["history"]) > 1)
        run.send_signal(number)
        out, err = run.communicate(timeout=60)
        assert run.returncode == code
        assert out == ""
        assert "Traceback" not in err
        assert "--resume" in err
        assert json.loads(progress.read_text())["state"] == "cancelled"
        assert not (tmp_path / "artifacts" / "films" / "paper").exists()
        listed = subprocess.run(
            [*command[:3], "info"], cwd=REPOSITORY, env=env, capture_output=True, text=True, check=True
        )
        assert "a run of films/paper that was stopped on" in listed.stderr


class TestData:
    @pytest.fixture
    def folder(self, lcrec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("LCREC_DATA", str(tmp_path / "data"))
        return tmp_path / "data"

    def test_install(self, lcrec, folder: Path, tmp_path: Path) -> None:
        zip_path = write_zip(tmp_path / "mine.zip", dat_files(), "ml-1m")
        words = ("this is not MovieLens 1M", "3 people, 4 films and 6 ratings", "--name my-films")
        one_line(lcrec("install", str(zip_path)), 3, *words)
        assert not folder.exists()
        said = lcrec("install", str(zip_path), "--name", "my-films")
        there = folder / "own" / "my-films.zip"
        assert (said.code, said.out) == (0, f"my-films is now in {there}\n")
        one_line(lcrec("install", str(zip_path), "--name", "my-films"), 3, "my-films is here already", "--replace")
        assert lcrec("install", str(zip_path), "--name", "my-films", "--replace").code == 0
        one_line(lcrec("install", str(zip_path), "--name", "../x"), 3, "cannot name a data set")
        one_line(lcrec("install", str(zip_path), "--name", "demo"), 3, "choose another name")
        assert lcrec("compare", "--data", "my-films", "--show").code == 0
        said = lcrec("remove", "my-films")
        assert (said.code, str(there) in said.out, there.exists()) == (0, True, False)
        one_line(lcrec("remove", "my-films"), 3, "no data set 'my-films'")
        one_line(lcrec("compare", "--data", "my-films", "--show"), 2, "no data set 'my-films'")
        bad = write_zip(tmp_path / "bad.zip", dat_files() | {"ratings.dat": b"1::1::9::1\n"})
        one_line(lcrec("install", str(bad)), 3, "ratings.dat line 1 has the rating '9'")

    def test_refusing_the_licence_downloads_nothing(self, world: dict[str, str], tmp_path: Path) -> None:
        env = world | {"LCREC_DATA": str(tmp_path / "data"), "LCREC_DOWNLOAD_URL": "http://127.0.0.1:9"}
        for answer in ("no\n", "\n", ""):
            said = spawn(env, "download", "ml-1m", stdin=answer)
            one_line(said, 6, "its terms were not accepted")
            assert "no commercial use without permission" in said.err
            assert "ml-1m-README.txt" in said.err
        assert not (tmp_path / "data").exists()

    def test_offline_is_one_line(self, world: dict[str, str], tmp_path: Path) -> None:
        env = world | {"LCREC_DATA": str(tmp_path / "data"), "LCREC_DOWNLOAD_URL": "http://127.0.0.1:9"}
        said = spawn(env, "download", "ml-1m", stdin="yes\n")
        one_line(said, 6, "127.0.0.1 refused the connection", "put it into")
        assert list((tmp_path / "data").iterdir()) == []

    def test_a_download_with_accepted_terms(
        self, lcrec, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = []

        def fetch(name: str, *, progress) -> Path:
            asked.append(name)
            progress(512, 1024)
            progress(1024, 1024)
            return write_zip(folder / f"{name}.zip", dat_files(), name)

        monkeypatch.setattr(download, "download", fetch)
        said = lcrec("download", "ml-1m", "--accept-licence")
        assert (said.code, said.out) == (0, f"ml-1m is now in {folder / 'ml-1m.zip'}\n")
        assert "do not pass the data on" in said.err
        assert "100%" in said.err
        again = lcrec("download", "ml-1m", "--accept-licence")
        assert (again.code, asked) == (0, ["ml-1m"])
        assert "already here" in again.out
        assert lcrec("download", "ml-1m", "--accept-licence", "--force").code == 0
        assert asked == ["ml-1m", "ml-1m"]

    def test_the_demo_is_not_downloaded(self, lcrec) -> None:
        one_line(lcrec("download", "demo"), 2, "invalid choice: 'demo'")

    def test_make_demo_gives_the_data_that_ship(self, lcrec, tmp_path: Path) -> None:
        said = lcrec("make-demo", "--folder", str(tmp_path))
        assert said.code == 0
        assert "simulated people" in said.out
        shipped = REPOSITORY / "lcrec_core" / "sources" / "demo"
        for made in tmp_path.iterdir():
            assert made.read_bytes() == (shipped / made.name).read_bytes()


class TestShell:
    def test_without_a_command_the_help_is_shown(self, lcrec) -> None:
        said = lcrec()
        assert (said.code, said.out) == (2, "")
        assert "examples:" in said.err

    @pytest.mark.parametrize(
        "command",
        ["recommend", "predict", "search", "match", "info", "train", "evaluate", "download", "install", "make-demo"],
    )
    def test_each_command_explains_itself(self, lcrec, command: str) -> None:
        assert command in lcrec("--help").out
        said = lcrec(command, "--help")
        assert said.code == 0
        assert "example:" in said.out

    def test_a_reader_that_goes_away_is_no_error(self, world: dict[str, str]) -> None:
        script = f"{sys.executable} -m lcrec_core info --json | true; echo ${{PIPESTATUS[0]}}"
        env = {**os.environ, **world}
        done = subprocess.run(
            ["bash", "-c", script], cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
        assert done.stdout.strip() in ("0", "141")

    def test_an_unforeseen_system_error_is_one_line(self, lcrec, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse() -> list:
            raise PermissionError(13, "Permission denied", "artifacts")

        monkeypatch.setattr("lcrec_core.models.bundles.list_bundles", refuse)
        one_line(lcrec("info"), 1, "Permission denied")

    def test_the_caller_keeps_its_signal_handler(self, lcrec) -> None:
        before = signal.getsignal(signal.SIGTERM)
        lcrec("info")
        assert signal.getsignal(signal.SIGTERM) is before


def wait_until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


class TestSearch:
    def test_json_has_the_titles_of_the_data_the_best_first(self, lcrec) -> None:
        said = lcrec("search", "amber", "cafe", "--data", "films", "--json", "-n", "4")
        assert said.code == 0
        assert 0 < len(said.json) <= 4
        for row in said.json:
            assert list(row) == ["movie_id", "title", "year", "num_ratings"]
            assert row["title"].startswith("Amber and the") or "the Amber Café" in row["title"]
            assert row["year"] == int(row["title"][-5:-1])

    def test_lines_say_titles_as_people_do(self, lcrec, monkeypatch: pytest.MonkeyPatch) -> None:
        data = made_up()
        data.movies.loc[0, "title"] = "Echo Chamber, The (1990)"
        monkeypatch.setattr("lcrec_core.sources.datasets.load", lambda name: data)
        assert re.fullmatch(r"1 The Echo Chamber \(1990\) \d+ ratings\n", lcrec("search", "the echo chamber").out)
        assert lcrec("search", "echo chamber", "--json").json[0]["title"] == "Echo Chamber, The (1990)"

    def test_nothing_found_is_an_empty_list_and_no_error(self, lcrec) -> None:
        said = lcrec("search", "zzzzzz", "--data", "films", "--json")
        assert (said.code, said.json) == (0, [])
        assert re.search(r"no title is like 'zzzzzz'; films has films up to 19\d\d", said.err)
        assert lcrec("search", "zzzzzz", "--data", "films").out == ""

    def test_match_shows_which_movies_the_films_of_an_export_are(self, lcrec, tmp_path: Path) -> None:
        title = made_up().movies["title"][0]
        export = tmp_path / "mine.csv"
        export.write_text(
            f'Const,Your Rating,Date Rated,Title,Title Type,Year\ntt0000001,7,2024-01-02,"{title[:-7]}",Movie,'
            f"{title[-5:-1]}\ntt0000002,8,2024-01-02,A Show,TV Series,1990\n"
        )
        rows = lcrec("match", str(export), "--data", "films", "--json").json
        assert [list(row) for row in rows] == [["name", "year", "rating", "movie_id", "title", "why"]] * 2
        assert (rows[0]["rating"], rows[0]["movie_id"], rows[0]["title"]) == (3.5, 1, title)
        assert "3.5 stars are rounded to 4" in rows[0]["why"]
        assert (rows[1]["movie_id"], rows[1]["title"]) == (None, None)
        assert "only films are taken" in rows[1]["why"]
        export.write_text("Title,Year,Rating\nKite,1999,nine\n")
        one_line(lcrec("match", str(export)), 3, "mine.csv", "line 2", "'Rating'")
        one_line(lcrec("match", str(tmp_path / "none.csv")), 3, "none.csv")

    def test_the_demo_is_the_default_and_torch_is_not_loaded(self, world: dict[str, str]) -> None:
        script = "import sys; from lcrec_core.cli.main import main; main(['search', 'la confidential', '--json']); " \
            "assert 'torch' not in sys.modules and 'streamlit' not in sys.modules"  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=REPOSITORY, env={**os.environ, **world}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)[0]["title"] == "L.A. Confidential (1997)"
