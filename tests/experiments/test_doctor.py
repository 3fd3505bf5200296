"""What a doctor finds in a folder, what a repair does about it, and whom it leaves alone."""

import json
import os
import shutil
import stat
from datetime import UTC, datetime, timedelta

import pytest

from rnnlab.experiments.doctor import examine, repair
from rnnlab.experiments.registry.index import FILE
from rnnlab.experiments.registry.listing import list_runs
from rnnlab.runs import RunFolder, checkpoints, process
from rnnlab.runs.lock import RunLock
from rnnlab.runs.trash import TRASH
from tests.experiments.registry_runs import age, lose, make_run


@pytest.fixture
def run(tmp_path):
    """A run with two checkpoints, a table and a log, an hour old."""
    path = make_run(tmp_path / "runs")
    with RunFolder.open(path) as run:
        run.append_columns("metrics.csv", {"seed": [0, 0], "update": [1, 2], "train_loss": [0.5, 0.25]})
        run.log("trained")
        for update in (1, 2):
            run.save_checkpoint({"theta": [[1.0, 2.0]]}, {"update": update})
    return path


def kinds(runs_dir):
    return [one.kind for one in examine(runs_dir).findings]


def mended(runs_dir):
    """Whether everything that was found is put right, and a second look finds nothing."""
    done = repair(examine(runs_dir))
    return [why for _, why in done] == [None] * len(done) and kinds(runs_dir) == []


def go_on(run):
    """Let the record say that this process trains the run."""
    RunFolder.open(run).update(status="running", ended_at=None, process=process.identity())


def test_a_good_run_has_nothing_and_is_not_written_to(run):
    before = {path: path.stat().st_mtime_ns for path in (run, *run.rglob("*"))}
    assert kinds(run.parent) == []
    assert {path: path.stat().st_mtime_ns for path in (run, *run.rglob("*"))} == before


@pytest.mark.parametrize(("name", "whole"), [("metrics.csv", "0,2,0.25\n"), ("log.txt", "trained\n")])
def test_a_torn_tail_is_cut_off(run, name, whole):
    with (run / name).open("a") as file:
        file.write("0,3,0.")
    (found,) = examine(run.parent).findings
    assert (found.kind, found.sentence) == ("torn", f"The last line of {name} is incomplete (6 bytes).")
    assert mended(run.parent)
    assert (run / name).read_text().endswith(whole)


def test_of_a_lost_sweep_it_says_how_to_go_on(tmp_path):
    sweep = make_run(tmp_path / "runs", kind="sweep-rho", verb="sweep-rho")
    lose(sweep)
    (found,) = examine(sweep.parent).findings
    assert (found.kind, found.advice) == ("lost", f"`rnnlab resume {sweep}` continues it")


@pytest.mark.parametrize("verb", ["train", "sweep-rho"])
def test_a_lost_run_is_resumed_whatever_it_is_and_however_early_it_was_lost(run, verb):
    RunFolder.open(run).update(verb=verb)
    lose(run)
    shutil.rmtree(run / "checkpoints")
    (found,) = examine(run.parent).findings
    assert found.advice == f"`rnnlab resume {run}` continues it"


def test_a_lost_run_becomes_interrupted_as_of_its_last_word(run):
    lose(run)
    age(*(path for path in run.rglob("*") if path.is_file()))
    (found,) = examine(run.parent).findings
    assert found.kind == "lost"
    assert f"rnnlab resume {run}" in found.advice
    assert mended(run.parent)
    record = RunFolder.open(run).record
    assert record.status == "interrupted"
    ended = datetime.fromisoformat(record.ended_at)
    assert timedelta(minutes=59) < datetime.now(UTC) - ended < timedelta(minutes=65)


def test_a_broken_checkpoint_is_set_aside_and_the_one_before_is_used(run):
    path = run / "checkpoints" / "0002.npz"
    content = bytearray(path.read_bytes())
    content[-30] ^= 1
    path.write_bytes(content)
    assert kinds(run.parent) == ["checkpoint"]
    assert mended(run.parent)
    assert checkpoints.latest(run / "checkpoints").metadata == {"update": 1}
    assert checkpoints.latest(run / "checkpoints").skipped == ()
    assert path.with_name("0002.npz.damaged").read_bytes() == content


SLICE = "checkpoints/slice-0.9-0"


@pytest.fixture
def swept(run):
    """The run as an interrupted sweep, with the checkpoints of a slice."""
    RunFolder.open(run).update(verb="sweep-rho", kind="sweep-rho", status="interrupted")
    for folder in (run / SLICE, run / SLICE / "parts"):
        for update in (1, 2):
            checkpoints.save(folder, {"course.0": [[1.0, 2.0]]}, {"update": update})
    assert kinds(run.parent) == []
    return run


@pytest.mark.parametrize("folder", [SLICE, f"{SLICE}/parts"])
@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_a_broken_checkpoint_of_a_slice_is_set_aside(swept, folder, suffix):
    path = swept / folder / f"0002{suffix}"
    path.write_bytes(path.read_bytes()[:-30])
    (found,) = examine(swept.parent).findings
    assert found.kind == "checkpoint"
    assert "slice-0.9-0" in found.sentence
    assert mended(swept.parent)
    assert checkpoints.latest(swept / folder).metadata == {"update": 1}


@pytest.mark.parametrize("folder", [SLICE, f"{SLICE}/parts"])
def test_leftovers_of_a_slice_go(swept, folder):
    (swept / folder / "0002.json").unlink()
    left = swept / folder / ".0003.json.0123abcd"
    left.write_text("half")
    age(left, swept / folder / "0002.npz")
    assert kinds(swept.parent) == ["leftover", "leftover"]
    assert mended(swept.parent)
    assert {path.name for path in (swept / folder).glob("*0*")} == {"0001.json", "0001.npz"}


def test_slices_of_a_sweep_that_is_completed_are_left_over(swept):
    RunFolder.open(swept).update(status="completed")
    (swept / SLICE / "0002.npz").unlink()
    assert kinds(swept.parent) == ["leftover"]
    assert mended(swept.parent)
    assert not (swept / SLICE).exists()
    assert checkpoints.latest(swept / "checkpoints") is not None


@pytest.mark.parametrize("place", ["checkpoints", "plots", SLICE, f"{SLICE}/parts"])
def test_nothing_is_mended_behind_a_link(swept, tmp_path, place):
    elsewhere = tmp_path / "elsewhere"
    if (swept / place).exists():
        shutil.move(swept / place, elsewhere)
    else:
        elsewhere.mkdir()
    (swept / place).symlink_to(elsewhere)
    (elsewhere / "0003.json").write_text("{")
    left = elsewhere / ".0003.json.0123abcd"
    left.write_text("half")
    age(left)
    before = sorted(elsewhere.rglob("*"))
    RunFolder.open(swept).update(status="completed" if place == SLICE else "interrupted")
    repair(examine(swept.parent))
    assert sorted(elsewhere.rglob("*")) == before
    assert kinds(swept.parent) == (["link"] if place in ("checkpoints", "plots") else [])


@pytest.mark.parametrize("place", [".", "checkpoints", ".."])
def test_temporary_files_go_once_they_are_old(run, place):
    left = run / place / ".run.json.0123abcd"
    left.write_text("half")
    assert kinds(run.parent) == []  # somebody may be writing it
    age(left)
    assert kinds(run.parent) == ["leftover"]
    assert mended(run.parent)
    assert not left.exists()


def test_a_checkpoint_without_its_json_goes(run):
    (run / "checkpoints" / "0002.json").unlink()
    age(run / "checkpoints" / "0002.npz")
    assert kinds(run.parent) == ["leftover"]
    assert mended(run.parent)
    assert checkpoints.latest(run / "checkpoints").metadata == {"update": 1}


def test_a_folder_without_a_record_goes_to_the_trash_once_it_is_old(run):
    begun = run.parent / "20260101T000000Z-begun-00ff"
    begun.mkdir()
    young = examine(run.parent)
    assert [(one.kind, one.remedy) for one in young.findings] == [("no_record", None)]
    assert [why is not None for _, why in repair(young)] == [True]
    age(begun)
    assert mended(run.parent)
    assert (run.parent / TRASH / begun.name).is_dir()


@pytest.mark.parametrize(
    ("name", "kind"), [("run.json", "record"), ("config.yaml", "config"), ("notes.json", "notes")]
)  # fmt: skip
@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_a_file_that_cannot_be_read_is_told_and_left(run, name, kind, content):
    (run / name).write_bytes(content)
    (found,) = examine(run.parent).findings
    assert (found.kind, found.remedy) == (kind, None)
    assert found.advice
    ((_, why),) = repair(examine(run.parent))
    assert why == found.advice
    assert (run / name).read_bytes() == content


@pytest.fixture
def nobody(tmp_path):
    """A function that lets this process be one that permissions hold for, where root runs the tests."""
    if not hasattr(os, "geteuid"):
        pytest.skip("permissions of POSIX")
    root = os.geteuid() == 0
    for folder in (tmp_path, *tmp_path.parents) if root else ():
        if not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(0o755)
    yield lambda: os.seteuid(65534) if root else None
    if root:
        os.seteuid(0)


@pytest.mark.parametrize("name", ["metrics.csv", "log.txt"])
def test_a_table_that_may_not_be_read_is_told(run, name, nobody):
    (run / name).chmod(0)
    nobody()
    (found,) = examine(run.parent).findings
    assert (found.kind, found.remedy) == ("unreadable", None)
    assert "there is no permission to read there" in found.sentence


def test_a_missing_config_is_told(run):
    (run / "config.yaml").unlink()
    assert kinds(run.parent) == ["config"]


def test_a_pipe_is_not_waited_for(run):
    for name in ("run.json", "config.yaml", "notes.json", "metrics.csv"):
        (run / name).unlink(missing_ok=True)
        os.mkfifo(run / name)
    assert kinds(run.parent) == ["record", "config", "notes"]


def test_a_damaged_index_is_written_anew(run):
    for number in range(1, 30):
        copy = shutil.copytree(run, run.parent / f"20260102T000000Z-small-{number:04x}")
        age(*(path for path in copy.iterdir()))
    list_runs(run.parent)
    good = (run.parent / FILE).read_bytes()
    (run.parent / FILE).write_bytes(good[:-9])
    assert kinds(run.parent) == ["index"]
    assert mended(run.parent)
    assert (run.parent / FILE).read_bytes() == good


@pytest.mark.parametrize("host", [None, "elsewhere"])
def test_a_run_in_training_is_left_alone(run, host):
    """By this process, or by one of another machine, of which this one knows nothing."""
    if host is None:
        go_on(run)
    else:
        lose(run, host)
    with (run / "metrics.csv").open("a") as file:
        file.write("0,3,0.")
    found = examine(run.parent)
    assert (found.findings, found.busy) == ([], [run])


def test_a_run_that_is_held_is_not_repaired(run):
    (run / "metrics.csv").write_text("half")
    lock = RunLock(run)
    lock.acquire()
    ((_, why),) = repair(examine(run.parent))
    assert why == "another process holds the run"
    assert (run / "metrics.csv").read_text() == "half"
    lock.release()
    assert mended(run.parent)


def test_a_run_that_somebody_went_on_with_since_keeps_its_status(run):
    lose(run)
    diagnosis = examine(run.parent)
    go_on(run)
    ((_, why),) = repair(diagnosis)
    assert "is running now" in why
    assert json.loads((run / "run.json").read_text())["status"] == "running"
