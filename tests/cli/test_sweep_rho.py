"""`rnnlab sweep-rho` from an empty folder."""

import json
import re
import signal
import subprocess
import time

import pytest

from rnnlab.cli.app import run
from tests.painting import nothing_painted

SMALL = ("--set", "model.hidden_size=8", "--set", "training.updates=5", "--length", "12", "--seeds", "3")


def test_it_works_in_an_empty_folder_and_prints_a_table(rnnlab, tmp_path):
    done = rnnlab("sweep-rho", "0.9", "1.2", *SMALL)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "gradients: 2 rhos, 3 seeds each, relu, 8 units, 12 steps"
    assert re.match(r"  rho +verdict +growth rate +horizon +theory +Lyapunov +radius +sigma", lines[2])
    assert [line.split()[0] for line in lines[3:5]] == ["0.9", "1.2"]
    assert lines[3].split()[1] in ("vanishing", "critical", "mixed", "exploding")
    assert "mean field puts the edge of relu at rho 1.414" in done.stdout
    assert (tmp_path / lines[-1].split()[-1] / "summary.json").is_file()


def test_a_file_that_is_called_like_the_bundled_config_is_not_swept(rnnlab, tmp_path):
    (tmp_path / "gradients").write_text("no config")
    done = rnnlab("sweep-rho", "0.9", *SMALL, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")


def test_json_is_one_document_with_record_and_summary(rnnlab, tmp_path):
    done = rnnlab("sweep-rho", "1.2", "1e300", *SMALL, "--json")
    content = json.loads(done.stdout, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert content["kind"] == "sweep-rho"
    assert content["rhos"] == [1.2, 1e300]
    assert [one["rho"] for one in content["summary"]["rhos"]] == [1.2, 1e300]
    assert content["summary"]["rhos"][1]["growth_rate"]["median"] is None
    assert (tmp_path / content["run"]).is_dir()


def test_quiet_leaves_the_run_folder_alone(rnnlab, tmp_path):
    done = rnnlab("sweep-rho", "1", *SMALL, "--quiet", "--name", "mine")
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    assert line.startswith("runs/")
    assert "-mine-" in line
    assert (tmp_path / line / "plots" / "growth.png").is_file()


def test_values_and_a_range_are_sorted_and_measured_once(rnnlab):
    done = rnnlab("sweep-rho", "1.2", "0.75", "--from", "0.5", "--to", "1", "--num", "3", *SMALL)
    rows = [line.split()[0] for line in done.stdout.splitlines()[3:7]]
    assert rows == ["0.5", "0.75", "1", "1.2"]
    assert "warning: The rhos were sorted. Given more than once and measured once: rho 0.75." in done.stderr


@pytest.mark.painted
def test_one_seed_has_no_interval_and_zeros_and_overflows_are_explained(rnnlab):
    one = rnnlab("sweep-rho", "0", "0.9", "1e300", *SMALL[:-1], "1").stdout
    table, legend = one.split("\n\n")[1:3]
    assert "[" not in table
    assert "Medians" not in legend
    assert legend.startswith("Before training; where there is an arrow, at the first and at the last update, of the")
    assert "Rate -inf: the gradient is exactly 0. Rate inf: the gradient overflows." in legend
    with nothing_painted():
        three = rnnlab("sweep-rho", "0.9", *SMALL).stdout
    assert "Rate -inf" not in three
    assert "of the models that did not diverge" not in three
    assert "Medians of the seeds [5–95 %], before training" in three


def test_some_diverged_is_a_warning_all_diverged_exits_3(rnnlab):
    some = rnnlab("sweep-rho", "1", "1e300", *SMALL)
    assert some.returncode == 0
    assert "warning: rho 1e+300: all 3 seeds diverged, the first at update 1, where layer0.h" in some.stderr
    every = rnnlab("sweep-rho", "1e300", *SMALL)
    assert every.returncode == 3
    assert "3 of 3" in every.stdout
    assert "of the models that did not diverge (the first of all, where every one did)." in every.stdout


def test_a_range_is_as_a_person_would_write_it(rnnlab):
    done = rnnlab("sweep-rho", "--from", "0.9", "--to", "1.2", "--num", "4", *SMALL, "--json")
    assert json.loads(done.stdout)["rhos"] == [0.9, 1.0, 1.1, 1.2]


@pytest.mark.parametrize(
    ("options", "title"),
    [
        (("--cell", "lstm"), "lstm"),
        (("--cell", "gru"), "gru"),
        (("--activation", "tanh"), "tanh"),
        (("--activation", "sigmoid", "--exact"), "sigmoid"),
    ],
)
def test_cells_and_activations(rnnlab, options, title):
    done = rnnlab("sweep-rho", "1.1", *options, *SMALL)
    assert done.returncode == 0, done.stderr
    assert f", {title}, 8 units" in done.stdout
    if "--exact" in options:
        assert " 1.10 " in done.stdout.splitlines()[3]


def test_options_reach_the_config(rnnlab, tmp_path):
    done = rnnlab("sweep-rho", "1", "--activation", "tanh", *SMALL, "--quiet")
    text = (tmp_path / done.stdout.strip() / "config.yaml").read_text()
    for line in ("activation: tanh", "chunk: 12", "hidden_size: 8", "updates: 5"):
        assert line in text


def test_a_config_of_ones_own_is_swept(rnnlab, tmp_path):
    (tmp_path / "own.yaml").write_text(
        "data: {kind: synthetic, task: adding, sequences: 30, length: 9}\n"
        "model: {cell: gru, hidden_size: 4}\ntraining: {updates: 3}\n"
    )
    done = rnnlab("sweep-rho", "1", "--config", "own.yaml", "--length", "6", "--seeds", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("own: 1 rho, 2 seeds each, gru, 4 units, 6 steps")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "a sweep needs at least one RHO; got none."),
        (("-0.5",), 2, "RHO must be a finite number of at least 0; got '-0.5'."),
        (("nan",), 2, "RHO must be a finite number of at least 0; got 'nan'."),
        (("1e309",), 2, "RHO must be a finite number of at least 0; got '1e309'."),
        (("high",), 2, "RHO must be a finite number of at least 0; got 'high'."),
        (("1", "--exat"), 2, "no such option: --exat; did you mean --exact?"),
        (("1", "--cell", "foo"), 2, "--cell must be rnn, lstm or gru; got 'foo'."),
        (("1", "--activation", "rleu"), 2, "--activation must be tanh, sigmoid, relu or identity; got 'rleu'; did you"),
        (("1", "--cell", "lstm", "--activation", "relu"), 2, "model.activation must be tanh with cell: lstm"),
        (("--from", "1"), 2, "--from and --to must be given together, and with --num."),
        (("1", "--num", "5"), 2, "--from and --to must be given together, and with --num."),
        (("0,9",), 2, " hint: separate RHOs by spaces: rnnlab sweep-rho 0 9; or is it the number 0.9?\n"),
        (("--seeds", "1", "--", "1", "--runs-dir", "r"), 2, "--runs-dir must come before --; what follows"),
        (("--from", "2", "--to", "1"), 2, "--from must be below --to, both finite; got 2 and 1."),
        (("--from", "1", "--to", "2", "--num", "1"), 2, "--num must be a whole number from 2 to 100,000; got 1."),
        (("--from", "1", "--to", "2", "--num", "1000000000"), 2, "from 2 to 100,000; got 1,000,000,000."),
        (("1", "--length", "9000"), 4, "One chunk of 9000 steps and the character after need at least 9001"),
        (("1", "--length", "0"), 2, "error: --length 0: data.chunk must be a whole number of at least 1; got 0.\n"),
        (("1", "--length", "x"), 2, "error: --length must be a whole number; got 'x'.\n"),
        (("--from=x", "--to", "2"), 2, "error: --from must be a number; got 'x'.\n"),
        (
            ("1", "--activation", "relu", "--set", "model.cell=gru"),
            2,
            "error: --activation relu: model.activation",
        ),
        (("0.9,0.99",), 2, " hint: separate RHOs by spaces: rnnlab sweep-rho 0.9 0.99\n"),
        (("1", "--cell", "LSTM"), 2, "--cell must be rnn, lstm or gru; got 'LSTM'; did you mean lstm?"),
        (("1", "--config", "nope.yaml"), 2, "nope.yaml: no such file"),
        (("1", "--set", "model.hiden_size=3"), 2, "model.hiden_size: no such key; did you mean hidden_size?"),
        (("1", "--seeds", "0"), 2, "seeds must be"),
        (("1", "--config", "-", "--length", "5"), 2, "--length needs a config in a file; got -."),
    ],
)
def test_bad_input_has_one_message_and_leaves_nothing(capsys, monkeypatch, tmp_path, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    assert run(["sweep-rho", *arguments]) == code
    stdout, stderr = capsys.readouterr()
    assert stdout == ""
    assert stderr.startswith("error: ")
    assert message in stderr
    assert stderr.count("error:") == 1
    assert "Traceback" not in stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("columns", [80, 120])
def test_the_table_fits_the_terminal(on_terminal, columns):
    code, screen = on_terminal("sweep-rho", "0.9", "1.2", *SMALL, columns=columns)
    assert code == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen).replace("\r\n", "\n")
    result = text[text.index("gradients: 2 rhos") :]
    assert max(map(len, result.splitlines())) <= columns
    assert result.count("  rho") == (2 if columns == 80 else 1)


def test_ctrl_c_stops_it_and_keeps_what_is_done(executable, environment, tmp_path):
    process = subprocess.Popen(
        [executable, "sweep-rho", "0.9", "1.2", "--seeds", "40", "--set", "training.updates=20000"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob("runs/*/run.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert "Stopped before" in stdout
    assert "interrupted" in stdout.splitlines()[0]
    (record,) = tmp_path.glob("runs/*/run.json")
    assert f"`rnnlab resume {record.parent.relative_to(tmp_path)}` continues the run." in " ".join(stderr.split())
    assert json.loads(record.read_text())["status"] == "interrupted"
