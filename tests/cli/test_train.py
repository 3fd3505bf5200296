"""`rnnlab train` as its users meet it: real training, exit codes and files."""

import csv
import json
import os
import re
import signal
import subprocess
import time
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.skipif(find_spec("rnnlab.experiments.train") is None, reason="nothing to train with yet")

CONFIG = """\
name: small
seeds: 2
data: {kind: prices, symbol: AAPL, lookback: 5}
model: {cell: rnn, hidden_size: 4}
training:
  optimizer: {kind: sgd, learning_rate: 0.01}
  epochs: 3
"""
ENDLESS = ["--set", "training.epochs=1000000"]
SIGTERM_LATER = pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@pytest.fixture(autouse=True)
def config(tmp_path):
    (tmp_path / "small.yaml").write_text(CONFIG)
    return "small.yaml"


def runs(tmp_path, folder="runs"):
    place = tmp_path / folder
    return sorted(place.iterdir()) if place.is_dir() else []


def test_table_headline_and_path(installed, tmp_path):
    done = installed("train", "small.yaml")
    assert done.returncode == 0, done.stderr
    (run,) = runs(tmp_path)
    assert done.stdout.startswith("small: 2 seeds, 3 epochs")
    assert re.search(r"^ +RMSE \(USD\) +MAE \(USD\)", done.stdout, re.MULTILINE)
    assert re.search(
        r"^  network, median forecast +\S+.*\n  single seeds, median +\S+.*\n    5–95 % +\[\S+, \S+\]",
        done.stdout,
        re.MULTILINE,
    )
    assert re.search(r"^  persistence +\S+", done.stdout, re.MULTILINE)
    assert done.stdout.splitlines()[-1] == f"run  runs/{run.name}"
    assert not CONTROL.search(done.stdout + done.stderr)
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "completed"
    assert record["command"] == ["rnnlab", "train", "small.yaml"]


def test_json_is_one_document(rnnlab, tmp_path):
    done = rnnlab("train", "small.yaml", "--json")
    assert done.returncode == 0, done.stderr
    (run,) = runs(tmp_path)
    assert json.loads(done.stdout, parse_constant=pytest.fail) == json.loads((run / "run.json").read_text())


def test_quiet_is_one_line(rnnlab, tmp_path):
    done = rnnlab("train", "small.yaml", "--quiet", "--name", "silent", "--runs-dir", "elsewhere")
    (run,) = runs(tmp_path, "elsewhere")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"elsewhere/{run.name}\n", "")
    assert "-silent-" in run.name
    assert runs(tmp_path) == []


def test_runs_folder_from_the_environment(rnnlab, tmp_path):
    done = rnnlab("train", "small.yaml", "--quiet", env={"RNNLAB_RUNS": str(tmp_path / "kept")})
    (run,) = runs(tmp_path, "kept")
    assert done.stdout == f"{run}\n"


def test_seeds_and_overrides(rnnlab, tmp_path):
    done = rnnlab("train", "small.yaml", "--seeds", "3,7,11", "--set", "training.epochs=2", "--json")
    assert json.loads(done.stdout)["seeds"] == [3, 7, 11]
    (run,) = runs(tmp_path)
    with open(run / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["seed"], row["epoch"]) for row in rows} == {(s, e) for s in ("3", "7", "11") for e in ("1", "2")}


def test_config_from_standard_input(rnnlab):
    done = rnnlab("train", "-", "--quiet", stdin=CONFIG)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_config_of_a_run_repeats_it(rnnlab, tmp_path):
    first = json.loads(rnnlab("train", "small.yaml", "--json").stdout)
    (run,) = runs(tmp_path)
    second = json.loads(rnnlab("train", str(run / "config.yaml"), "--json").stdout)
    assert second["id"] != first["id"]
    assert second["metrics"] == first["metrics"]


def test_every_problem_at_once(rnnlab, tmp_path):
    (tmp_path / "wrong.yaml").write_text(CONFIG.replace("hidden_size", "hiden_size").replace("0.01", "-1"))
    done = rnnlab("train", "wrong.yaml", "--seeds", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("error: ") == 3
    assert "error: wrong.yaml:4:" in done.stderr
    assert "did you mean hidden_size?" in done.stderr
    assert "3 problems" in done.stderr
    assert "Traceback" not in done.stderr
    assert runs(tmp_path) == []


def test_missing_config(rnnlab, tmp_path):
    done = rnnlab("train", "nowhere.yaml", "--json")
    assert done.returncode == 2
    assert "nowhere.yaml" in json.loads(done.stdout)["error"]["message"]
    assert done.stderr.startswith("error: ")
    assert runs(tmp_path) == []


def test_divergence(rnnlab, tmp_path):
    # With this rate the weights pass the largest float64 within a few hundred updates, whatever the seed.
    settings = ["training.optimizer.learning_rate=1e300", "model.activation=identity", "training.epochs=50"]
    arguments = [word for setting in settings for word in ("--set", setting)]
    done = rnnlab("train", "small.yaml", "--set", "training.clip.kind=none", *arguments)
    assert done.returncode == 3, done.stderr
    (run,) = runs(tmp_path)
    assert f"  run: runs/{run.name}" in done.stderr
    assert json.loads((run / "run.json").read_text())["status"] == "diverged"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), SIGTERM_LATER])
def test_interruption(executable, environment, tmp_path, number, code):
    command = [executable, "train", "small.yaml", *ENDLESS]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), **streams) as process:
        _wait_for(lambda: runs(tmp_path) or process.poll() is not None)
        time.sleep(0.5)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    (run,) = runs(tmp_path)
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    assert "stopping after this update" in err
    assert "hint: `rnnlab resume" in err
    assert re.search(r"Stopped after update \d+ of 1000000", out)
    assert f"run  runs/{run.name}" in out
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_within_its_first_epoch_a_run_has_a_row_of_metrics_per_seed(
    executable, environment, tmp_path, number
):
    (tmp_path / "long.yaml").write_text(
        "data: {kind: text, text: the quick brown fox, repeat: 100000, chunk: 10}\nmodel: {hidden_size: 4}\n"
        "training: {epochs: 3, batch_size: 1}\nseeds: 2\n"
    )
    command = [executable, "train", "long.yaml"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), **streams) as process:
        _wait_for(lambda: list(tmp_path.glob("runs/*/gradient_norms.csv")) or process.poll() is not None)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    (run,) = runs(tmp_path)
    _, *rows = (run / "metrics.csv").read_text().splitlines()
    update = re.search(r"Stopped after update (\d+) of", out)[1]
    assert [row.split(",")[:3] for row in rows] == [["0", "1", update], ["1", "1", update]]


def test_a_reader_that_went_away_does_not_stop_the_training(executable, environment, tmp_path):
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [executable, "train", "small.yaml"], cwd=tmp_path, env=environment(), stdout=writing, stderr=writing
    )
    os.close(writing)
    os.close(reading)
    assert process.wait(timeout=60) == 0
    (run,) = runs(tmp_path)
    assert json.loads((run / "run.json").read_text())["status"] == "completed"


def test_live_bar(installed_on_terminal, tmp_path):
    code, screen = installed_on_terminal("train", "small.yaml", "--set", "training.epochs=300", columns=80)
    assert code == 0
    assert re.search(r"epoch \d+/300   loss \S+   gradient norm \S+   clipped \S+ %", screen)
    assert re.search(r"━.*100 %", screen)
    assert "\x1b[?25h" in screen[screen.rindex("\x1b[?25l") :]  # the cursor is back
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen)
    assert max(len(line) for line in re.split(r"[\r\n]+", plain)) <= 80
    (run,) = runs(tmp_path)
    *_, last, advice, meaning = plain.rstrip().splitlines()
    assert last == f"run  runs/{run.name}"
    assert (advice, meaning) == (f"next  rnnlab inspect runs/{run.name}", "      what the training did to gradients")


def test_live_bar_without_colour(on_terminal):
    code, screen = on_terminal("train", "small.yaml", env={"NO_COLOR": "1"}, columns=60)
    assert code == 0
    assert "epoch 3/3" in screen
    assert not re.search(r"\x1b\[[0-9;]*m", screen)


def test_live_bar_in_ascii(installed_on_terminal):
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    code, screen = installed_on_terminal("train", "small.yaml", env=ascii_alone, columns=60)
    assert code == 0
    assert "epoch 3/3" in screen
    assert screen.isascii()
    assert "###" in screen


def test_dumb_terminal_gets_plain_lines(on_terminal):
    code, screen = on_terminal("train", "small.yaml", env={"TERM": "dumb"})
    assert code == 0
    assert "epoch 3/3" in screen
    assert not CONTROL.search(screen.replace("\r\n", "\n"))


def _wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
