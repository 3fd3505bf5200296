"""Results that standard output does not take: the run is whole, its path is told, and nothing is called a bug."""

import json
import subprocess
import sys

import pytest

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


@pytest.mark.parametrize("options", ["", "--quiet", "--json"])
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


def test_standard_error_that_is_full_ends_no_training(shell, tmp_path):
    done = shell("rnnlab train c.yaml 2> /dev/full")
    (run,) = (tmp_path / "runs").iterdir()
    assert done.returncode == 0
    assert f"run  runs/{run.name}" in done.stdout
