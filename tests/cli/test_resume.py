"""Real processes, killed at random moments, writing included: the run goes on, and nothing of it is lost or doubled.

Two kills of each kind of training by default, and thirty with the slow tests, as of a sweep.
"""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from rnnlab.runs import RunFolder
from tests.command_line import EXECUTABLE, surroundings
from tests.experiments.outcomes import outcome
from tests.experiments.sweeps import content

SERIES = "date,value\n" + "".join(
    f"2020-{m:02}-{d:02},{20 + (7 * d + m) % 11}\n" for m in range(1, 13) for d in range(1, 29)
)
FORECAST = "data: {kind: csv, path: series.csv, lookback: 8}\nmodel: {hidden_size: 8}\nseeds: 2\n"
TEXT = "data: {kind: text, text: the quick brown fox jumps over the lazy dog, repeat: 40, chunk: 10}\nseeds: 2\n"
CASES = {
    "forecast": FORECAST + """\
training: {epochs: 150, batch_size: 64, log_gradient_flow_every: 50, checkpoint: {every: 3, keep: 2}}
""",
    "stateful text": TEXT + """\
model: {hidden_size: 12, cell: lstm}
training: {updates: 500, batch_size: 1, stateful: true, checkpoint: {every: 0.01s}}
""",
    "early stopping": FORECAST + """\
training:
  epochs: 150
  batch_size: 50
  early_stopping: {patience: 60, validation_fraction: 0.2}
  optimizer: {kind: adam, learning_rate: 0.02}
  checkpoint: {every: 1, keep: 1}
""",
    "a schedule": TEXT + """\
model: {hidden_size: 12}
training:
  updates: 600
  batch_size: 4
  schedule: {kind: cosine, warmup: 20}
  clip: {kind: norm, threshold: 0.5}
  checkpoint: {every: 2}
""",
}  # fmt: skip
FEW, MANY = 2, 12
SWEEP = ("sweep-rho", "0.9", "1.4", "30", "--seeds", "12", *(word for setting in (  # 30 diverges in most seeds
    "model.hidden_size=6", "data.chunk=10", "data.repeat=40", "training.updates=240", "training.checkpoint.every=3",
    "training.log_gradient_flow_every=50",
) for word in ("--set", setting)))  # fmt: skip
MOMENTS, KILLS = 8, 3  # at which a sweep is killed first, from its start to its end; and how often it is killed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "series.csv").write_text(SERIES)
    return tmp_path


def started(folder: Path, *words: str) -> subprocess.Popen:
    # Its own group: a signal to it is one to it alone.
    return subprocess.Popen([EXECUTABLE, *words, "--quiet"], cwd=folder, env=surroundings(), start_new_session=True,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # fmt: skip


def finish(process: subprocess.Popen, code: int = 0) -> None:
    _, said = process.communicate(timeout=120)
    assert process.returncode == code, said


def the_run(folder: Path) -> Path | None:
    """The one run that has begun."""
    return next((path.parent for path in folder.glob("runs/*/run.json")), None)


def drawn(run: Path) -> dict[str, bytes]:
    """The plots of a run."""
    return {path.name: path.read_bytes() for path in (run / "plots").glob("*.png")}


def kill_at_random(folder: Path, chance: random.Random, longest: float, kills: int) -> Path:
    """Start, kill, resume, kill, ..., as often as asked or until it is done; then let it end."""
    process = started(folder, "train", "config.yaml")
    for _ in range(kills):
        wait_for_begun(folder, process)
        time.sleep(chance.uniform(0, longest))
        process.kill()
        process.wait()
        process.stderr.close()  # type: ignore[union-attr]
        run = the_run(folder)
        assert run is not None
        status = RunFolder.open(run).record.current_status
        if status == "completed":
            return run
        assert status == "lost"
        process = started(folder, "resume", run.name)
    finish(process)
    run = the_run(folder)
    assert run is not None
    return run


def wait_for_begun(folder: Path, process: subprocess.Popen) -> None:
    """Until a process of its own number says in run.json that it runs, or has ended."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        run = the_run(folder)
        if run is not None and json.loads((run / "run.json").read_text())["process"]["pid"] == process.pid:
            return
        time.sleep(0.005)
    finish(process)


@pytest.mark.parametrize("kills", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", CASES)
def test_a_run_killed_at_random_moments_ends_as_one_that_was_not(folder, tmp_path_factory, case, kills):
    other = tmp_path_factory.mktemp("whole")
    for place in (folder, other):
        (place / "series.csv").write_text(SERIES)
        (place / "config.yaml").write_text(f"name: killed\n{CASES[case]}")
    whole_process = started(other, "train", "config.yaml")
    wait_for_begun(other, whole_process)
    began = time.monotonic()
    finish(whole_process)
    lasted = time.monotonic() - began
    whole = the_run(other)
    assert whole is not None
    chance = random.Random(f"{case} {kills}")
    run = kill_at_random(folder, chance, lasted / (1 + kills / 5), kills)
    expected, found = outcome(whole), outcome(run)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == value, name
    if drawn(run).keys() == drawn(whole).keys():  # else it was killed while it drew, which is not done again
        assert drawn(run) == drawn(whole)
    assert not [path for path in run.rglob(".*") if path.name != ".lock"]


@pytest.fixture(scope="module")
def whole_sweep(tmp_path_factory) -> tuple[dict, float]:
    """What a sweep comes to that nothing stopped, and how long it took once it had begun."""
    folder = tmp_path_factory.mktemp("whole_sweep")
    process = started(folder, *SWEEP)
    wait_for_begun(folder, process)
    began = time.monotonic()
    finish(process)
    lasted = time.monotonic() - began
    run = the_run(folder)
    assert run is not None
    return sweep_outcome(run), lasted


def sweep_outcome(run: Path) -> dict:
    """Everything that must be the same, the plots too."""
    record = json.loads((run / "run.json").read_text())
    kept = ("status", "headline", "warnings", "diverged", "rhos", "seeds", "data", "config", "tables")
    return {**content(run), **{name: record[name] for name in kept}, "slices": sorted(run.glob("checkpoints/slice-*"))}


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_sweep_killed_at_random_moments_ends_as_one_that_was_not(folder, whole_sweep, moment):
    expected, lasted = whole_sweep
    chance = random.Random(f"sweep {moment}")
    process, seconds, run = started(folder, *SWEEP), chance.uniform(moment, moment + 1) / MOMENTS * lasted, None
    for _ in range(KILLS):
        wait_for_begun(folder, process)
        time.sleep(seconds)
        process.kill()
        process.wait()
        process.stderr.close()  # type: ignore[union-attr]
        run = the_run(folder)
        assert run is not None
        if RunFolder.open(run).record.current_status != "lost":
            break
        process, seconds = started(folder, "resume", run.name), chance.uniform(0, 0.4) * lasted
    else:
        finish(process)
    assert run is not None
    found = sweep_outcome(run)
    plots = {name for name in expected if name.startswith("plots/")}
    if not plots <= found.keys():  # it was killed while it drew, which is not done again
        subprocess.run([EXECUTABLE, "plot", run.name], cwd=folder, env=surroundings(), check=True, capture_output=True)
        found = sweep_outcome(run)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == value, name
    assert not [path for path in run.rglob(".*") if path.name != ".lock"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_run_that_was_stopped_says_how_it_goes_on(folder, number, code):
    (folder / "config.yaml").write_text(CASES["forecast"].replace("150", "5000"))
    process = subprocess.Popen([EXECUTABLE, "train", "config.yaml"], cwd=folder, env=surroundings(), text=True,
                               start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    while not list(folder.glob("runs/*/checkpoints/*.json")):
        time.sleep(0.01)
        assert process.poll() is None
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    run = the_run(folder)
    assert run is not None
    assert f"`rnnlab resume runs/{run.name}` continues the run." in err
    assert "RMSE" in out
    assert "Stopped after update" in out
    assert {path.name for path in (run / "plots").iterdir()} >= {"training.png", "gradient_norms.png", "forecast.png"}
    record = RunFolder.open(run).record
    assert record.status == "interrupted"
    assert record.metrics["rmse"].mean is not None


def test_two_processes_cannot_resume_one_run(folder):
    (folder / "config.yaml").write_text(CASES["forecast"].replace("150", "3000"))
    process = started(folder, "train", "config.yaml")
    wait_for_begun(folder, process)
    process.kill()
    finish(process, -signal.SIGKILL)
    run = the_run(folder)
    assert run is not None
    both = [started(folder, "resume", run.name) for _ in range(2)]
    while all(one.poll() is None for one in both):
        time.sleep(0.01)
    first = next(one for one in both if one.poll() is not None)
    _, said = first.communicate()
    assert first.returncode == 2
    assert "in use by another process" in said or "is running in process" in said
    (other,) = [one for one in both if one is not first]
    os.kill(other.pid, signal.SIGINT)
    finish(other, 130)
