"""`rnnlab gradcheck`: table, verdict, exit code."""

import json
import re
import subprocess

import pytest

CONFIG = """\
name: small
seeds: 2
data: {kind: prices, symbol: AAPL, lookback: 5}
model: {cell: lstm, hidden_size: 3}
"""


@pytest.fixture(autouse=True)
def config(tmp_path):
    (tmp_path / "small.yaml").write_text(CONFIG)


def test_table_method_and_verdict(rnnlab, tmp_path):
    done = rnnlab("gradcheck", "small.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    first, header, *rows, last = done.stdout.splitlines()
    assert first == "small: 2 models, 3 sequences of 5 steps; complex step"
    assert header.split() == ["tensor", "entries", "compared", "largest", "gradient", "worst", "relative", "error"]
    named = {re.split(r"  +", row.strip())[0]: re.split(r"  +", row.strip()) for row in rows}
    assert list(named) == [
        "layer0.W_hh", "layer0.W_xh", "layer0.b_h", "readout.W_ho", "readout.b_o", "inputs",
        "initial layer0.h_0", "initial layer0.c_0", "all together",
    ]  # fmt: skip
    assert named["layer0.W_hh"][1:3] == ["36", "36"]
    assert all(float(cells[-1]) < 1e-10 for cells in named.values())
    assert last == "passed: every error is within the tolerance of 1e-09"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.yaml"]


def test_steps_that_are_left_out_are_said(rnnlab):
    done = rnnlab("gradcheck", "small.yaml", "--set", "data.lookback=100")
    assert done.stdout.splitlines()[0] == "small: 2 models, 3 sequences, the first 20 of 100 steps; complex step"


def test_json_is_one_document(rnnlab):
    done = rnnlab("gradcheck", "small.yaml", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout, parse_constant=pytest.fail)
    assert (record["name"], record["passed"], record["method"]) == ("small", True, "complex step")
    assert (record["seeds"], record["steps"], record["sequences"], record["directions"]) == ([0, 1], 5, 3, 10)
    assert record["data_steps"] == 5
    assert record["direction_error"] < 1e-12
    assert {"name", "size", "compared", "on_kinks", "largest", "error"} == record["tensors"][0].keys()


def test_overrides_and_standard_input(rnnlab):
    done = rnnlab("gradcheck", "-", "--set", "model.cell=rnn", "--set", "model.activation=relu", stdin=CONFIG)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].endswith("central differences")
    assert "\nnote: relu has kinks" in done.stdout
    assert done.stdout.splitlines()[-1] == "passed: every error is within the tolerance of 1e-06"


def test_a_wrong_gradient_ends_with_1(executable, environment, tmp_path):
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
        [executable.parent / "python", "-c", mistake, "gradcheck", "small.yaml"],
        cwd=tmp_path, env=environment(), capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    assert done.stdout.splitlines()[-1].startswith("failed: not within the tolerance of 1e-09: layer0.W_hh")
    assert "readout" not in done.stdout.splitlines()[-1]
    assert done.stderr == ""


def test_a_bad_config_ends_with_2(rnnlab):
    done = rnnlab("gradcheck", "small.yaml", "--set", "model.hidden_size=0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "hidden_size" in done.stderr


def test_missing_prices_end_with_4(rnnlab):
    done = rnnlab("gradcheck", "small.yaml", "--set", "data.symbol=NOWHERE")
    assert (done.returncode, done.stdout) == (4, "")
    assert "NOWHERE" in done.stderr
