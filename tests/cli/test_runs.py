"""`rnnlab runs`, `show`, `label`, `note`, `rm` and `doctor` on the screen and in their documents."""

import csv
import io
import json
import os
import subprocess
from threading import Thread

import numpy as np
import pytest

from rnnlab.runs import RunFolder
from tests.command_line import EXECUTABLE, open_terminal, read_all, surroundings
from tests.experiments.registry_runs import age, lose, make_run, metric


@pytest.fixture
def runs(tmp_path):
    folder = tmp_path / "runs"
    make_run(folder, 0, name="a", metrics={"rmse": metric(1.0, 3.0)}, seeds=[0, 1])
    make_run(folder, 1, name="b", metrics={"rmse": metric(12.5)}, headline="It is good, or bad.")
    return folder


def answered(tmp_path, answer, *words):
    """Exit code and screen of a command that asks on a terminal."""
    controller, terminal = open_terminal(80)
    process = subprocess.Popen(
        [EXECUTABLE, *words], cwd=tmp_path, env=surroundings(), start_new_session=True,
        stdin=terminal, stdout=terminal, stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    os.write(controller, answer.encode())
    sent: list[bytes] = []
    reader = Thread(target=lambda: sent.append(read_all(controller)))
    reader.start()
    code = process.wait(timeout=60)
    reader.join()
    return code, sent[0].decode()


@pytest.mark.usefixtures("runs")
def test_runs_are_a_table_with_the_newest_first(rnnlab):
    done = rnnlab("runs")
    header, first, second = done.stdout.splitlines()
    assert header.split() == ["run", "status", "result", "seeds", "cell"]
    assert first.split() == ["20260101T000100Z-b-0001", "completed", "rmse", "12.5", "1", "rnn"]
    assert second.split()[0] == "20260101T000000Z-a-0000"
    assert done.stderr == ""


@pytest.mark.usefixtures("runs")
def test_what_is_asked_for_is_a_column(rnnlab):
    done = rnnlab("runs", "--where", "metrics.rmse<5 and training.l2=0", "--sort", "-started_at")
    lines = done.stdout.splitlines()
    assert {"metrics.rmse", "training.l2", "started_at"} <= set(lines[0].split())
    assert lines[-1] == "1 of 2 runs"


@pytest.mark.usefixtures("runs")
def test_a_document_and_a_table_of_the_same_runs(rnnlab):
    document = json.loads(rnnlab("runs", "--json", "--sort", "name").stdout)
    rows = list(csv.DictReader(io.StringIO(rnnlab("runs", "--csv", "--sort", "name").stdout)))
    assert [one["id"] for one in document["runs"]] == [one["id"] for one in rows]
    assert [one["metrics"]["rmse"] for one in document["runs"]] == [float(one["metrics.rmse"]) for one in rows]
    assert rows[1]["headline"] == "It is good, or bad."
    assert document["of"] == 2


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--where", "metrics.rmze<5"], "error: where: no run has a key 'metrics.rmze'; did you mean metrics.rmse?"),
        (["--where", "a ="], "error: where: expected a value after 'a ='; got the end."),
        (["--sort", "nothing.at.all"], "error: sort: no run has a key 'nothing.at.all'"),
        (
            ["--status", "complete"],
            "error: status must be one of running, completed, interrupted, diverged, failed, lost, unreadable; "
            "got 'complete'; did you mean completed?",
        ),
        (["--limit", "0"], "error: a whole number of at least 1 is needed; got '0'."),
        (["--json", "--csv"], ""),
    ],
)
def test_mistakes(rnnlab, words, told):
    done = rnnlab("runs", *words)
    assert done.returncode == 2
    assert done.stderr.startswith(told)


@pytest.mark.usefixtures("runs")
def test_nothing_found(rnnlab):
    assert rnnlab("runs", "--status", "lost").stdout == "None of the 2 runs in runs matches the filters.\n"
    assert rnnlab("runs", "--runs-dir", "none").stdout == "There is no run in none.\n"


def test_sorting_by_a_metric_adds_a_column_and_takes_none_away(rnnlab, runs):
    make_run(runs, 2, name="c", metrics={"rmse": metric(2.0), "mae": metric(7.0)})
    lines = rnnlab("runs", "--sort", "metrics.mae").stdout.splitlines()
    assert lines[0].split() == ["run", "status", "metrics.mae", "result", "seeds", "cell"]
    assert lines[1].split()[2:5] == ["7.000", "rmse", "2.00"]
    assert "result" not in rnnlab("runs", "--sort", "metrics.rmse").stdout  # its column is the usual result


@pytest.mark.usefixtures("runs")
def test_a_column_that_is_too_wide_does_not_take_narrower_ones_with_it(rnnlab, on_terminal):
    rnnlab("label", "a", "x" * 40)
    header = on_terminal("runs", env={"NO_COLOR": "1"})[1].splitlines()[0]
    assert header.split() == ["run", "status", "result", "seeds", "cell"]


def test_a_screen_of_80_columns_is_enough_for_a_run(on_terminal, runs):
    run = runs / "20260101T000000Z-a-0000"
    rows = "".join(f"0,{n},{n},{1 / n}\n" for n in range(1, 90))
    (run / "metrics.csv").write_text("seed,epoch,update,train_loss\n" + rows)
    (run / "config.yaml").write_text(
        "name: a\nseeds: 2\nmodel: {init: {W_hh: {kind: normal, std: 0.1414213562373095}}}\n"
        f"data: {{kind: text, text: {'the quick brown fox ' * 9}, sha256: {'0' * 64}}}\n"
    )
    for number in range(3):
        (run / "checkpoints" / f"slice-{number}").mkdir(parents=True)
        (run / "checkpoints" / f"slice-{number}" / "0001.json").write_text("{}")
    shown = on_terminal("show", run.name, env={"NO_COLOR": "1"})[1].replace("\r", "")
    assert max(map(len, shown.splitlines())) <= 80
    assert "training loss (median of 2 seeds)  1.000 █" in shown
    assert "0.141421\n" in shown
    assert "sha256" not in shown
    assert "checkpoints/ (3 files)" in shown
    assert "slice" not in shown
    assert "data.sha256" in on_terminal("show", run.name, "--all")[1]


@pytest.mark.usefixtures("runs")
def test_after_filters_that_match_nothing_the_next_step_is_all_runs(on_terminal):
    assert "next  rnnlab runs  all runs" in on_terminal("runs", "--label", "x", env={"NO_COLOR": "1"})[1]


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("aa", "error: There is no run 'aa' in 'runs'"),
        ("stok", "error: There is no run 'stok' in 'runs'; did you mean stock?\n"),
        ("runs/*", " hint: No file matches this pattern, or it is in quotes: the shell expands patterns"),
        ("gone", " hint: 20260101T000300Z-gone-0003 is in the trash: `rnnlab rm --restore gone` brings"),
        ("20260101T0003", " hint: 20260101T000300Z-gone-0003 is in the trash"),
        ("runs/20260101T000300Z-gone-0003", " hint: 20260101T000300Z-gone-0003 is in the trash: `rnnlab rm --restore"),
    ],
)
def test_a_run_that_is_not_there_is_looked_for(rnnlab, runs, named, told):
    make_run(runs, 2, name="stock")
    make_run(runs, 3, name="gone")
    rnnlab("rm", "gone")
    for words in (["show", named], ["resume", named], ["rm", named], ["compare", "a", named], ["plot", named]):
        done = rnnlab(*words)
        assert (done.returncode, told in done.stderr) == (2, True), done.stderr


def test_a_damaged_run_is_a_warning(rnnlab, runs):
    (runs / "20260101T000000Z-a-0000" / "run.json").write_text("{")
    done = rnnlab("runs")
    assert done.returncode == 0
    assert "unreadable" in done.stdout
    assert done.stderr.startswith("warning: 'runs/20260101T000000Z-a-0000/run.json' must be JSON")


def test_a_name_that_is_no_utf_8_and_acts_on_terminals_is_spelt_out(rnnlab, on_terminal, runs):
    os.rename(runs / "20260101T000000Z-a-0000", os.fsencode(runs) + b"/20260101T000000Z-\xff\x1b[31m-0000")
    name = r"20260101T000000Z-\udcff\x1b[31m-0000"
    assert name in rnnlab("runs").stdout
    assert name in on_terminal("runs")[1]
    assert json.loads(rnnlab("runs", "--json").stdout)["runs"][1]["name"] == "a"


@pytest.mark.usefixtures("runs")
def test_labels_and_notes(rnnlab):
    assert rnnlab("label", "b", "paper", "my label").stdout.splitlines()[1] == "labels  paper, my label"
    assert json.loads(rnnlab("label", "b", "paper", "--remove", "--json").stdout)["labels"] == ["my label"]
    assert rnnlab("label", "b", "paper", "--remove").returncode == 2
    assert rnnlab("note", "b").stdout.splitlines()[1] == "  no notes"
    rnnlab("note", "b", "a text\nof two lines")
    assert "of two lines" in rnnlab("note", "b").stdout
    assert "my label" in rnnlab("runs").stdout
    shown = rnnlab("show", "b").stdout
    assert "labels: my label" in shown
    assert "of two lines" in shown


def test_a_run_is_shown(rnnlab, runs):
    shown = rnnlab("show", "b").stdout
    assert shown.startswith("b: completed, train, 1 seed, 2026-01-01 00:01, 30 s\n")
    assert "It is good, or bad." in shown
    assert "model.layers" not in shown
    assert "model.layers" in rnnlab("show", "b", "--all").stdout
    lose(runs / "20260101T000100Z-b-0001")
    assert "Its process is gone without having closed the run" in rnnlab("show", "b").stdout


def test_a_run_that_stopped_is_shown_with_resume_as_the_next_step(on_terminal, runs):
    begun, never = runs / "20260101T000000Z-a-0000", runs / "20260101T000100Z-b-0001"
    for run in (begun, never):
        lose(run)
    (begun / "checkpoints").mkdir()
    (begun / "checkpoints" / "0001.json").write_text("{}")
    for run, meaning in (
        (begun, "continue it from its last checkpoint"),
        (never, "start it over: it has no checkpoint"),
    ):
        shown = on_terminal("show", run.name, columns=120, env={"NO_COLOR": "1"})[1]
        assert f"next  rnnlab resume runs/{run.name}  {meaning}" in shown
    (begun / "config.yaml").unlink()
    assert "rnnlab resume" not in on_terminal("show", begun.name)[1]


def test_a_removed_run_comes_back(rnnlab, runs):
    done = rnnlab("rm", "a")
    undo = done.stdout.splitlines()[1].removeprefix("undo").strip()
    assert len(json.loads(rnnlab("runs", "--json").stdout)["runs"]) == 1
    subprocess.run(undo, shell=True, cwd=runs.parent, check=True)
    assert len(json.loads(rnnlab("runs", "--json").stdout)["runs"]) == 2
    rnnlab("rm", "a", "b")
    assert rnnlab("rm", "--restore", "20260101T0000").returncode == 0
    assert [one["name"] for one in json.loads(rnnlab("runs", "--json").stdout)["runs"]] == ["a"]


def test_a_removed_run_comes_back_by_its_name(rnnlab, runs):
    make_run(runs, 2, name="a")
    rnnlab("rm", "20260101T000000Z-a-0000", "20260101T000200Z-a-0002")
    done = rnnlab("rm", "--restore", "a")
    assert (done.returncode, done.stdout) == (0, "run  runs/20260101T000200Z-a-0002\n")
    done = rnnlab("rm", "--restore", "runs/20260101T000000Z-a-0000")  # as it is printed
    assert (done.returncode, done.stdout) == (0, "run  runs/20260101T000000Z-a-0000\n")
    rnnlab("rm", "20260101T000000Z-a-0000")
    done = rnnlab("rm", "--restore", "none")
    assert done.stderr == (
        "error: There is no run 'none' in the trash, 'runs/.trash'.\n hint: In the trash: 20260101T000000Z-a-0000.\n"
    )


def test_a_run_in_training_is_not_removed_and_its_process_is_named(rnnlab, runs):
    run = runs / "20260101T000000Z-a-0000"
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "status": "running"}))  # by this process
    done = rnnlab("rm", "a")
    pid = os.getpid()
    assert done.returncode == 2
    assert done.stderr == (
        f"error: 'runs/{run.name}' is running in process {pid}.\n hint: Wait for it, or stop it: kill {pid}\n"
    )


def test_a_purge_asks(rnnlab, runs, tmp_path):
    done = rnnlab("rm", "a", "--purge")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--purge --yes does not ask" in done.stderr
    code, said = answered(tmp_path, "n\n", "rm", "a", "--purge")
    assert (code, len(list(runs.glob("2026*")))) == (0, 2)
    assert "Delete 1 run for good? [y/N]" in said
    code, said = answered(tmp_path, "y\n", "rm", "a", "--purge")
    assert (code, len(list(runs.glob("2026*")))) == (0, 1)
    assert rnnlab("rm", "b", "--purge", "--yes").returncode == 0
    assert list(runs.glob("2026*")) == []


def test_a_doctor_says_what_is_wrong_and_repairs_on_demand(rnnlab, runs, tmp_path):
    for number in (0, 1):
        with RunFolder.open(runs / f"20260101T000{number}00Z-{'ab'[number]}-000{number}") as made:
            made.save_checkpoint({"theta": np.zeros(1)}, {"update": 1})
    assert rnnlab("doctor").stdout == "2 runs in runs, none with damage\n"
    run = runs / "20260101T000000Z-a-0000"
    (run / "metrics.csv").write_text("seed,update\n0,")
    lose(run)
    left = runs / "20260101T000200Z-c-0002"
    left.mkdir()
    age(left)
    done = rnnlab("doctor")
    assert done.returncode == 7
    assert done.stdout.count("repair: ") == 3
    assert "3 runs in runs, 2 with damage" in done.stdout
    assert rnnlab("doctor", "--repair").returncode == 2
    assert rnnlab("doctor", "--yes").returncode == 2
    code, _ = answered(tmp_path, "n\n", "doctor", "--repair")
    assert (code, left.exists()) == (7, True)
    document = json.loads(rnnlab("doctor", "--json").stdout)
    assert [(one["kind"], one["repaired"]) for one in document["findings"]] == [
        ("lost", False), ("torn", False), ("no_record", False)
    ]  # fmt: skip
    done = rnnlab("doctor", "--repair", "--yes")
    assert done.returncode == 0
    assert "3 of 3 findings repaired" in done.stdout
    assert rnnlab("doctor").returncode == 0


def test_what_is_left_of_a_run_is_shown_and_removed(rnnlab, runs):
    left = runs / "20260101T000200Z-c-0002"
    left.mkdir()
    done = rnnlab("show", "20260101T0002")
    assert done.stdout.startswith(f"{left.name}: unreadable\n")
    assert "there is no such file" in done.stderr
    assert rnnlab("rm", "20260101T0002").returncode == 0
    assert not left.exists()
