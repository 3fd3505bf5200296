"""Runs that do not end well: signals, a killed process, a disk that fills up. What is left can be read."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rnnlab.runs import RunFolder, list_runs, read_table

ENDLESS = ("--set", "training.epochs=10000000")
FREQUENT = ("--set", "training.checkpoint.every=200")


@pytest.fixture
def started(executable, folder):
    """Start `rnnlab train small.yaml --quiet ...` and wait until its tables have rows."""
    processes = []

    def start(*arguments: str, runs: Path = folder / "runs") -> tuple[subprocess.Popen, Path]:
        command = [executable, "train", "small.yaml", "--runs-dir", runs, *arguments]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        deadline = time.monotonic() + 60
        while not [table for table in runs.glob("*/metrics.csv") if table.stat().st_size > 1000]:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "no row was written"
            time.sleep(0.02)
        (run,) = (path for path in runs.iterdir() if path.is_dir())
        return process, run

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_checkpoint_of_the_last_update(started, number, code):
    process, run = started(*ENDLESS)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in err
    assert "Stopped after update" in out
    opened = RunFolder.open(run)
    assert opened.record.status == "interrupted"
    assert opened.record.ended_at is not None
    checkpoint = opened.latest_checkpoint()
    assert checkpoint is not None
    table = opened.read_table("metrics.csv")
    assert checkpoint.metadata["update"] == checkpoint.arrays["done"] == table["update"][-1]
    assert np.isfinite(checkpoint.arrays["theta"]).all()
    assert table["update"].tolist() == list(range(1, len(table["update"]) + 1))


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (KeyboardInterrupt(), "interrupted", "error: interrupted"),
        (SystemExit(143), "interrupted", "error: interrupted"),
        (RuntimeError("out of ideas"), "failed", "error: RuntimeError: out of ideas"),
    ],
)
def test_what_breaks_into_a_training_is_told_and_passed_on(run_of, folder, error, status, reason):
    """A second Ctrl-C, a second `kill`, a bug: whatever it is, the run folder says how it ended."""

    def at_the_last_update(look):
        if look.update == 4:
            raise error

    with pytest.raises(type(error)) as caught:
        run_of(on_progress=at_the_last_update)
    assert caught.value is error
    (run,) = (folder / "runs").iterdir()
    opened = RunFolder.open(run)
    assert opened.record.status == status
    assert opened.record.ended_at is not None
    assert reason in (run / "log.txt").read_text().splitlines()


@pytest.mark.slow
def test_a_killed_run_is_lost_and_can_be_read(started):
    process, run = started(*ENDLESS, *FREQUENT)
    deadline = time.monotonic() + 60
    while len(list((run / "checkpoints").glob("*.json"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.communicate(timeout=60)
    (found,) = list_runs(run.parent)
    assert found.status == "lost"
    assert json.loads((run / "run.json").read_text())["status"] == "running"
    opened = RunFolder.open(run)
    checkpoint = opened.latest_checkpoint()
    assert checkpoint is not None
    for name in ("metrics.csv", "gradient_norms.csv"):
        table = read_table(run / name)
        assert all(np.isfinite(column).all() for column in table.values())
        assert table["update"].tolist() == list(range(1, len(table["update"]) + 1))
        assert len(table["update"]) >= checkpoint.metadata["update"]
    sizes = checkpoint.metadata["tables"]
    assert all((run / name).stat().st_size >= size for name, size in sizes.items())


@pytest.fixture
def disk(tmp_path):
    """A memory disk of its own; skipped where mounting is not allowed (it takes root, on Linux)."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a disk takes root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.slow
def test_a_disk_that_fills_up_ends_the_run_with_one_sentence(started, disk):
    process, run = started(*ENDLESS, runs=disk / "runs")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 6
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "could not be written: the disk is full." in errors[0]
    assert "Traceback" not in err
    assert "bug" not in err
    for name in ("metrics.csv", "gradient_norms.csv"):
        assert (run / name).read_bytes().endswith(b"\n")
        updates = read_table(run / name)["update"].tolist()
        assert updates == list(range(1, len(updates) + 1))
        assert len(updates) > 100
    (found,) = list_runs(run.parent)
    assert found.status in ("failed", "lost")


@pytest.mark.slow
def test_a_run_that_a_full_disk_ended_goes_on_when_there_is_room(started, disk, executable, folder):
    """Nothing is lost or doubled: the tables end as those of a run that had the room."""
    length = ("--set", "training.epochs=6000", "--set", "training.checkpoint.every=100")
    process, run = started(*length, runs=disk / "runs")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 6, err
    subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
    subprocess.run([executable, "resume", run, "--quiet"], cwd=folder, check=True, timeout=120)
    whole = folder / "whole"
    subprocess.run([executable, "train", "small.yaml", *length, "--runs-dir", whole, "--quiet"], cwd=folder, check=True)
    (other,) = whole.iterdir()
    for name in ("gradient_norms.csv", "predictions.csv"):
        assert (run / name).read_bytes() == (other / name).read_bytes()
    assert RunFolder.open(run).record.metrics == RunFolder.open(other).record.metrics


@pytest.mark.slow
def test_a_folder_that_is_deleted_meanwhile_is_one_sentence(started):
    process, run = started(*ENDLESS)
    run.rename(run.parent / "elsewhere")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 6
    assert len([line for line in err.splitlines() if line.startswith("error: ")]) == 1
    assert f"The run folder '{run}' is gone." in err
    assert "Traceback" not in err
    assert not run.exists()


@pytest.mark.slow
def test_sixteen_processes_at_the_same_instant_get_a_whole_run_each(folder):
    """They wait, with everything loaded, for one file to appear."""
    code = (
        "import os, time, rnnlab; train, config = rnnlab.train, rnnlab.load('small.yaml')\n"
        "print('ready', flush=True)\n"
        "while not os.path.exists('go'): time.sleep(0.001)\n"
        "rnnlab.train(config, 'runs', progress=False)"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code], cwd=folder, stdout=subprocess.PIPE) for _ in range(16)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    (folder / "go").touch()
    assert [process.communicate(timeout=120) and process.returncode for process in processes] == [0] * 16
    found = list_runs(folder / "runs")
    assert [one.status for one in found] == ["completed"] * 16
    assert len({one.id for one in found}) == 16
    assert len({(one.path / "gradient_norms.csv").read_bytes() for one in found}) == 1
    assert all(RunFolder.open(one.path).latest_checkpoint() for one in found)
