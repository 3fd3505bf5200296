"""Results that standard output does not take: the run is whole, its path is told, and nothing is called a bug."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import rnnlab
from rnnlab.cli.app import run
from rnnlab.display import console
from rnnlab.errors import RunWriteError
from rnnlab.runs import RunFolder

CONFIG = """\
name: small
data: {kind: text, text: "hello world", repeat: 5, chunk: 5}
model: {hidden_size: 2}
training: {updates: 2}
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is a device of Linux")


@pytest.fixture
def shell(executable, environment, tmp_path):
    (tmp_path / "c.yaml").write_text(CONFIG)

    def run(line):
        command = line.replace("rnnlab", f"'{executable}'")
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return run


@pytest.mark.parametrize("options", ["", *(pytest.param(one, marks=pytest.mark.slow) for one in ("--quiet", "--json"))])
def test_the_path_of_the_run_is_told_where_standard_output_is_full(shell, tmp_path, options):
    done = shell(f"rnnlab train c.yaml {options} > /dev/full")
    (run,) = (tmp_path / "runs").iterdir()
    assert done.returncode == 6
    assert done.stderr.endswith(
        f"error: cannot write to standard output: No space left on device\n  run: runs/{run.name}\n"
    )
    assert json.loads((run / "run.json").read_text())["status"] == "completed"


def test_a_reader_that_went_away_is_no_failure(shell):
    done = shell("rnnlab train c.yaml | head -1")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert "error" not in done.stderr


@pytest.mark.slow
def test_standard_error_that_is_full_ends_no_training(shell, tmp_path):
    done = shell("rnnlab train c.yaml 2> /dev/full")
    (run,) = (tmp_path / "runs").iterdir()
    assert done.returncode == 0
    assert f"run  runs/{run.name}" in done.stdout


def test_an_error_that_standard_output_does_not_take_is_on_standard_error(shell):
    done = shell("rnnlab train nope.yaml --json > /dev/full")
    assert done.returncode == 2
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["error", "error"]
    assert "nope.yaml: no such file" in done.stderr


@pytest.mark.parametrize("limit", ["ulimit -n 4", "ulimit -n 5", "ulimit -n 6", "ulimit -s 1000000; ulimit -v 700000"])
def test_a_process_that_may_open_or_start_nothing_shows_no_traceback(environment, limit):
    # Without site (-S), whose .pth files need descriptors of their own: only what rnnlab itself opens is tested.
    paths = [str(Path(rnnlab.__file__).parents[1]), sysconfig.get_path("purelib")]
    done = subprocess.run(
        ["bash", "-c", f'{limit}; exec "$0" -S -m rnnlab --version', sys.executable],
        env=environment({"PYTHONPATH": os.pathsep.join(paths)}),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("rnnlab ") or "error: " in done.stderr or "Too many open files" in done.stderr


@pytest.mark.parametrize("place", ["save_checkpoint", "write_table", "finish"])
@pytest.mark.parametrize(("options", "shown"), [((), True), (("--quiet",), False), (("--json",), False)])
def test_results_that_the_run_folder_does_not_take_are_shown(tmp_path, monkeypatch, capsys, place, options, shown):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(console, "_documents", 0)

    def refuse(*_arguments, **_fields):
        raise RunWriteError("the disk is full")

    monkeypatch.setattr(RunFolder, place, refuse)
    days = "".join(f"2024-01-{day:02d},{day % 7}\n" for day in range(1, 32))
    (tmp_path / "s.csv").write_text(f"date,value\n{days}")
    config = "data: {kind: csv, path: s.csv, lookback: 3}\nmodel: {hidden_size: 2}\ntraining: {epochs: 2}\n"
    (tmp_path / "c.yaml").write_text(config)
    assert run(["train", "c.yaml", *options]) == 6
    out, err = capsys.readouterr()
    assert ("RMSE" in out and "persistence" in out) is shown
    assert "error: the disk is full" in err
    if options == ("--json",):
        assert set(json.loads(out)["error"]["metrics"]) >= {"rmse", "skill"}
