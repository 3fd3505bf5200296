"""`rnnlab unroll`: the report, the verdict, the exit code."""

import json
import re
import subprocess
from itertools import pairwise

import pytest

CONFIG = """\
name: small
seeds: 2
data: {kind: prices, symbol: AAPL, lookback: 5, scaler: standard}
model: {cell: rnn, hidden_size: 8}
"""


@pytest.fixture(autouse=True)
def config(tmp_path):
    (tmp_path / "small.yaml").write_text(CONFIG)


def test_it_shows_formulas_sums_and_the_engine(rnnlab, tmp_path):
    done = rnnlab("unroll", "small.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "small: rnn, 2 units, seed 0; the first 3 of 5 steps of the first training sequence"
    assert lines[1] == "note: the target is that of the whole sequence of 5 steps; its later steps are left out."
    headings = [line for before, line in pairwise(lines) if not before]
    assert headings == [
        "Initial parameters",
        "Forward",
        "Outputs and loss",
        "Backward through loss and readout",
        "Backward",
        "dL/dW_hh = sum_t h_{t-1}^T delta_t",
        "The other gradients",
        "  the engine's gradients  largest entry  largest relative difference",
    ]
    assert lines[-1] == "passed: the engine computes the same gradients as the formulas"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.yaml"]


def test_steps_units_settings_and_standard_input(rnnlab):
    done = rnnlab("unroll", "-", "--steps", "4", "--hidden", "3", "--set", "model.cell=gru", stdin=CONFIG)
    assert done.returncode == 0, done.stderr
    first, *_, last = done.stdout.splitlines()
    assert first.endswith("gru, 3 units, seed 0; the first 4 of 5 steps of the first training sequence")
    assert last.startswith("passed: ")
    assert "    h_4 = (1 - z_4) * n_4 + z_4 * h_3 " in done.stdout


def test_json_is_one_document(rnnlab):
    done = rnnlab("unroll", "small.yaml", "--json", "--steps", "2")
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(done.stdout, parse_constant=pytest.fail)
    assert (record["name"], record["passed"], record["cell"]) == ("small", True, "rnn")
    assert (record["steps"], record["data_steps"], record["hidden_size"], record["seed"]) == (2, 5, 2, 0)
    assert [step["t"] for step in record["recurrences"][0]["steps"]] == [1, 2]


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_on_a_terminal_numbers_fit(on_terminal, columns):
    code, screen = on_terminal("unroll", "small.yaml", "--set", "model.cell=lstm", columns=columns)
    assert code == 0
    assert "\x1b[32mpassed:\x1b[0m" in screen
    lines = re.sub(r"\x1b\[\d+m|\r", "", screen).split("\n")
    assert len(lines) > 100
    assert max(map(len, lines)) <= columns


def test_a_wrong_engine_ends_with_7(executable, environment, tmp_path):
    """The installed command, in whose interpreter the LSTM forgets to forget before anything else is loaded."""
    mistake = (
        "import sys\n"
        "from rnnlab.engine.layers.lstm import LstmStep\n"
        "right = LstmStep.differentiate\n"
        "def wrong(self, start, stop):\n"
        "    right(self, start, stop)\n"
        "    self._of_dc[: stop - start] = 1\n"
        "LstmStep.differentiate = wrong\n"
        "from rnnlab.cli import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [executable.parent / "python", "-c", mistake, "unroll", "small.yaml", "--set", "model.cell=lstm"],
        cwd=tmp_path, env=environment(), capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    assert done.stdout.splitlines()[-1].startswith(
        "failed: the engine's gradients differ from the formulas: layer0.W_hh"
    )
    assert "readout" not in done.stdout.splitlines()[-1]
    assert done.stderr == ""


@pytest.mark.parametrize("option", ["--steps", "--hidden"])
def test_a_number_that_cannot_be_ends_with_2(rnnlab, option):
    for number in ("0", "100000"):
        done = rnnlab("unroll", "small.yaml", option, number)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"error: {option} must be a whole number from 1 to ")
        assert f"; got {number}.\n" in done.stderr


def test_a_bad_config_ends_with_2(rnnlab):
    done = rnnlab("unroll", "small.yaml", "--set", "model.hiden_size=0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "hidden_size" in done.stderr
