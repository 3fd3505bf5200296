"""Bad input on the command line: one clear message, the right exit code, nothing half-written."""

import json
import os
import re

import numpy as np
import pytest

DAY = "2020-01-01"


def refused(done, folder, code, *patterns, errors=1):
    """The run was refused with `code`; each pattern is found in what was said; nothing was left behind."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert len(re.findall(r"^error: ", done.stderr, re.MULTILINE)) == errors, done.stderr
    assert "Traceback" not in done.stderr
    assert "a bug in rnnlab" not in done.stderr
    for pattern in patterns:
        assert re.search(pattern, done.stderr), done.stderr
    assert not (folder / "runs").exists()
    assert not [name for name in os.listdir(folder) if name.startswith(".")]


@pytest.mark.parametrize(
    ("content", "pattern"),
    [
        (None, r"^error: bad\.yaml: no such file"),
        (b"", r"^error: bad\.yaml: .*this file is empty"),
        (b"\x00\x01\x02\xff" * 50, r"^error: bad\.yaml: .*this file is binary"),
        (b"- stock\n- text\n", r"^error: bad\.yaml:1:1: a config must be a mapping .*; got \[\"stock\", \"text\"\]"),
        (b"data: [1, 2]\n", r"^error: bad\.yaml:1:7: data must be a mapping .*; got \[1, 2\]"),
        (b"data: {kind: prices\n", r"^error: bad\.yaml:\d:\d+: "),
    ],
    ids=["missing", "empty", "binary", "list", "list_inside", "syntax"],
)
def test_config_files(rnnlab, folder, content, pattern):
    if content is not None:
        (folder / "bad.yaml").write_bytes(content)
    refused(rnnlab("train", "bad.yaml"), folder, 2, pattern)


@pytest.mark.parametrize(
    ("setting", "pattern"),
    [
        ("training.l2=.nan", r"training\.l2 must be a number of at least 0; got"),
        ("training.optimizer={kind: sgd, learning_rate: .inf}", r"learning_rate must be a number above 0; got"),
        ("training.clip={kind: norm, threshold: -.inf}", r"training\.clip\.threshold must be a number above 0; got"),
        ("model.hidden_size=0", r"model\.hidden_size must be a whole number of at least 1; got 0"),
        ("model.hidden_size=3000000", r"model\.hidden_size 3000000 .* TiB of memory; .* are free"),
        ("model.hidden_size=1" + 18 * "0", r"over 1,024 PiB of memory; .* are free"),
    ],
    ids=["nan", "inf", "minus_inf", "none", "too_large", "beyond_floats"],
)
def test_values(rnnlab, folder, setting, pattern):
    refused(rnnlab("train", "small.yaml", "--set", setting), folder, 2, pattern)


HUGE = {
    "layers": (r"model\.layers 1000000000 would need .* are free", "model.layers=1000000000"),
    "units": (r"model\.hidden_size 1000000000 would need .* are free", "model.hidden_size=1000000000"),
    "lookback": (r"need at least \d+ rows", "data.lookback=1000000000"),
    "sequences": (r"data\.sequences is too large", "data={kind: synthetic, task: adding, sequences: 1000000000}"),
    "length": (r"data\.length is too large", "data={kind: synthetic, task: adding, length: 1000000000}"),
    "repeat": (r"data\.repeat is too large", "data={kind: text, text: abc, repeat: 1000000000}"),
    "chunk": (r"need at least 1000000001 characters", "data={kind: text, text: abc, chunk: 1000000000}"),
}


@pytest.mark.parametrize("command", ["train", "gradcheck", "sweep-rho"])
@pytest.mark.parametrize("case", HUGE)
def test_huge_sizes_are_refused_before_anything_is_made(rnnlab, folder, command, case):
    pattern, setting = HUGE[case]
    source = ("0.9", "--config", "small.yaml") if command == "sweep-rho" else ("small.yaml",)
    done = rnnlab(command, *source, "--set", setting, "--set", "training.loss=null")
    refused(done, folder, 4 if case in ("lookback", "chunk") else 2, pattern)


def test_a_run_that_no_longer_fits_is_not_inspected(rnnlab, folder):
    assert rnnlab("train", "small.yaml", "--quiet").returncode == 0
    (config,) = (folder / "runs").glob("*/config.yaml")
    config.write_text(config.read_text().replace("layers: 1\n", "layers: 1000000000\n"))
    done = rnnlab("inspect", "latest")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(r"^error: .*model\.layers 1000000000 would need .* are free\.$", done.stderr, re.MULTILINE)


def test_every_problem_at_once(rnnlab, folder):
    text = (folder / "small.yaml").read_text()
    (folder / "bad.yaml").write_text(text.replace("hidden_size: 3", "hidden_size: 0, cel: rnn").replace("4}", "-4}"))
    problems = (r"bad\.yaml:2:\d+: data\.lookback", r"bad\.yaml:3:\d+: ", r"did you mean cell\?", "3 problems")
    refused(rnnlab("train", "bad.yaml"), folder, 2, *problems, errors=3)


SERIES = {
    "missing": (None, r"series\.csv: no such file"),
    "empty": ([], r"series\.csv.* no rows"),
    "too_few": ([(1, 10.0), (2, 11.0), (3, 12.0)], r"^error: .*series\.csv: .* need at least \d+ rows .*; got 3"),
    "doubled": (
        [(d, 10.0 + k) for k, d in enumerate((1, 2, 3, 3, 4, 5, 6, 7))],
        r"series\.csv:5: .*2020-01-03 has two",
    ),
    "text": ([(k, "x" if k == 5 else 1.0) for k in range(1, 20)], r"1 row has no number.*2020-01-05 on line 6 \('x'\)"),
    "nan": ([(k, "NaN" if k == 5 else 1.0) for k in range(1, 20)], r"no number in 'value': .* on line 6 \('NaN'\)"),
    "infinite": (
        [(k, "inf" if k == 5 else 1.0) for k in range(1, 20)],
        r"no number in 'value': .* on line 6 \('inf'\)",
    ),
    "blank": ([(k, "" if k == 5 else 1.0) for k in range(1, 20)], r"series\.csv: 1 row has no number .* on line 6\."),
}


@pytest.mark.parametrize("case", SERIES)
def test_series(rnnlab, folder, write_series, case):
    rows, pattern = SERIES[case]
    if rows is None:
        (folder / "series.csv").unlink()
    else:
        write_series([value for _, value in rows], days=[f"2020-01-{day:02d}" for day, _ in rows] or [])
    refused(rnnlab("train", "small.yaml"), folder, 4, pattern)


@pytest.mark.parametrize("price", [-3.5, 0])
def test_prices_that_are_not_above_0_have_no_log_return(rnnlab, folder, write_series, values, price):
    values[10] = price
    write_series(values)
    done = rnnlab("train", "small.yaml", "--set", "data.target=log_return")
    refused(done, folder, 4, rf"series\.csv: log returns need positive values; got {price}.* \(20\d\d-\d\d-\d\d\)")


@pytest.mark.parametrize(
    ("price", "settings", "code", "pattern"),
    [
        (-1.7e308, ["data.target=difference"], 4, r"series\.csv: training values must be finite and their spread must"),
        (1e39, ["model.dtype=float32", "data.scaler=none"], 2, r"model\.dtype must hold every scaled value"),
    ],
)
def test_a_value_too_large_to_reckon_with(rnnlab, folder, write_series, values, price, settings, code, pattern):
    values[10] = price
    values[11] = -price if code == 4 else values[11]
    write_series(values)
    done = rnnlab("train", "small.yaml", *(word for setting in settings for word in ("--set", setting)))
    refused(done, folder, code, pattern)
    assert "Warning" not in done.stderr


@pytest.mark.parametrize("price", [1e308, -1.7e308])
def test_a_value_whose_square_leaves_the_floats_is_scored(rnnlab, folder, write_series, values, price):
    """Its errors are squared in a scale of their own: the run ends with finite figures, or they are refused by name."""
    values[10] = price
    write_series(values)
    done = rnnlab("train", "small.yaml")
    assert (done.returncode, "Warning" in done.stderr) == (0, False), done.stderr
    assert "diverged" not in done.stdout
    (run,) = (folder / "runs").iterdir()
    metrics = json.loads((run / "run.json").read_text())["metrics"]
    assert np.isfinite(metrics["rmse"]["per_seed"]).all()


def test_an_unknown_symbol(installed, folder):
    done = installed("train", "small.yaml", "--set", "data={kind: prices, symbol: NOSUCH}")
    refused(done, folder, 4, r"NOSUCH", r"hint: .*rnnlab fetch NOSUCH")


def test_a_runs_folder_that_is_a_file(rnnlab, folder):
    (folder / "taken").write_text("kept")
    done = rnnlab("train", "small.yaml", "--runs-dir", "taken")
    refused(done, folder, 6, r"'taken' cannot be used: a file of that name is in the way", r"hint: .*RNNLAB_RUNS")
    assert (folder / "taken").read_text() == "kept"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="a folder that nobody can write to, root included")
def test_a_runs_folder_that_cannot_be_written(rnnlab, folder):
    refused(rnnlab("train", "small.yaml", "--runs-dir", "/proc/runs"), folder, 6, r"'/proc/runs' cannot be used")


def test_a_training_that_diverges(rnnlab, folder):
    wild = ["training.optimizer.learning_rate=1e300", "model.activation=identity"]
    done = rnnlab("train", "small.yaml", *(word for setting in wild for word in ("--set", setting)))
    assert (done.returncode, done.stdout) == (3, "")
    assert re.search(
        r"^error: Training diverged: seed 0 diverged at update 2: layer0\.h at step \d is not finite\. "
        r"The last finite state is kept in 'runs/.*'\.$",
        done.stderr,
        re.MULTILINE,
    )
    (run,) = (folder / "runs").iterdir()
    assert sorted(file.name for file in (run / "checkpoints").iterdir()) == ["0001.json", "0001.npz"]
