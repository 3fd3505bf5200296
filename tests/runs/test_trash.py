"""Runs that are removed: out of sight in one step, back again, and never under somebody's hands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rnnlab.errors import RunBusyError, RunFolderError, RunWriteError, UsageError
from rnnlab.runs import RunFolder, list_runs, resolve
from rnnlab.runs.lock import RunLock
from rnnlab.runs.trash import TRASH, remove, restore
from tests.runs.test_find import NOW


@pytest.fixture
def runs(tmp_path):
    for digits in ("aaaa", "bbbb"):
        RunFolder.create(tmp_path, "x", now=NOW, digits=lambda digits=digits: digits).finish("completed", NOW)
    return tmp_path


def ids(runs):
    return [one.id[-4:] for one in list_runs(runs)]


def test_a_run_goes_to_the_trash_and_comes_back_whole(runs):
    run = resolve("20261121T170305Z-x-aaaa", runs)
    before = (run / "run.json").read_bytes()
    ((was, place),) = remove([run])
    assert (was, place) == (run, runs / TRASH / run.name)
    assert ids(runs) == ["bbbb"]
    assert restore("20261121", runs) == run
    assert (run / "run.json").read_bytes() == before
    assert ids(runs) == ["aaaa", "bbbb"]


def test_a_run_that_is_named_twice_is_removed_once(runs, monkeypatch):
    run = next(one for one in runs.iterdir() if not one.name.startswith("."))
    monkeypatch.chdir(runs)
    assert [path for path, _ in remove([run, Path(run.name)])] == [run]


def test_a_name_that_is_in_the_trash_already_gets_a_number(runs):
    first = runs / "20261121T170305Z-x-aaaa"
    remove([first])
    for number in (2, 3):
        first.mkdir()
        assert remove([first])[0][1].name == f"{first.name}.{number}"
    with pytest.raises(RunFolderError, match="3 runs in the trash"):
        restore("2026", runs)
    assert restore(first.name, runs) == first
    first_again = sorted((runs / TRASH).iterdir())
    assert [path.name for path in first_again] == [f"{first.name}.2", f"{first.name}.3"]


def test_a_place_that_is_taken_is_not_overwritten(runs):
    run = runs / "20261121T170305Z-x-aaaa"
    remove([run])
    run.mkdir()
    with pytest.raises(RunFolderError, match="exists already"):
        restore(run.name, runs)
    assert (runs / TRASH / run.name / "run.json").is_file()


def test_a_purge_leaves_nothing(runs):
    both = sorted(runs.glob("2026*"))
    assert remove([*both, both[0]], purge=True) == [(run, None) for run in both]
    assert list(runs.iterdir()) == []


def test_what_is_in_the_trash_can_only_be_purged(runs):
    ((_, place),) = remove([runs / "20261121T170305Z-x-aaaa"])
    with pytest.raises(UsageError, match="in the trash already"):
        remove([place])
    remove([place], purge=True)
    assert not (runs / TRASH).exists()


@pytest.mark.parametrize("purge", [False, True])
def test_a_run_that_another_holds_stops_all(runs, purge):
    lock = RunLock(runs / "20261121T170305Z-x-bbbb")
    lock.acquire()
    with pytest.raises(RunBusyError):
        remove(sorted(runs.glob("2026*")), purge=purge)
    assert ids(runs) == ["aaaa", "bbbb"]
    lock.release()
    remove(sorted(runs.glob("2026*")), purge=purge)
    assert ids(runs) == []


def test_a_run_in_training_is_not_removed(runs):
    code = (
        "import sys, time\nfrom datetime import UTC, datetime\nfrom rnnlab.runs import RunFolder\n"
        "run = RunFolder.create(sys.argv[1], 'y', now=datetime.now(UTC))\nprint(run.path, flush=True)\ntime.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(runs)], stdout=subprocess.PIPE, text=True)
    run = process.stdout.readline().strip()
    with pytest.raises(RunBusyError, match=f"is running in process {process.pid}"):
        remove([runs / os.path.basename(run)])
    process.kill()
    process.wait()
    process.stdout.close()
    remove([runs / os.path.basename(run)])
    assert ids(runs) == ["aaaa", "bbbb"]


def test_a_link_is_moved_and_purged_and_what_it_leads_to_stays(runs, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    target = elsewhere / "20261121T170305Z-x-aaaa"
    os.rename(runs / target.name, target)
    (runs / target.name).symlink_to(target)
    remove([runs / target.name])
    assert ids(runs) == ["bbbb"]
    restore(target.name, runs)
    remove([runs / target.name], purge=True)
    assert (target / "run.json").is_file()
    assert not os.path.lexists(runs / target.name)


def test_the_working_folder_can_be_the_run(runs, monkeypatch):
    monkeypatch.chdir(runs / "20261121T170305Z-x-aaaa")
    ((_, place),) = remove([Path()])
    assert place == runs / TRASH / "20261121T170305Z-x-aaaa"


def test_a_folder_that_is_gone_is_told(runs):
    with pytest.raises(RunWriteError, match="could not be written"):
        remove([runs / "20261121T170305Z-x-cccc"])


PURGE = """
import sys
from pathlib import Path
from rnnlab.runs.trash import remove
sys.stdin.read(1)
for path in sys.argv[1:]:
    remove([Path(path)], purge=True)
"""


def test_two_that_purge_at_once_do_not_trip_over_each_other(tmp_path):
    names = [f"{n:04x}" for n in range(120)]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
    both = [subprocess.Popen([sys.executable, "-c", PURGE, *(tmp_path / name for name in names[start::2])],
                             stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for start in (0, 1)]  # fmt: skip
    for one in both:
        assert one.stdin is not None
        one.stdin.write("x")
        one.stdin.flush()
    assert [one.communicate(timeout=60)[1] for one in both] == ["", ""]
    assert [one.returncode for one in both] == [0, 0]
    assert list(tmp_path.iterdir()) == []


def test_a_trash_that_vanishes_while_a_run_is_moved_is_made_again(runs, monkeypatch):
    run, rename = resolve("20261121T170305Z-x-aaaa", runs), os.rename
    calls = []

    def emptied(source, place):
        calls.append(place)
        if len(calls) == 1:
            Path(place).parent.rmdir()  # by another process
        rename(source, place)

    monkeypatch.setattr(os, "rename", emptied)
    ((_, place),) = remove([run])
    assert place == runs / TRASH / run.name
    assert place.is_dir()


def test_what_another_process_deletes_first_is_deleted(runs, monkeypatch):
    run, rmtree = resolve("20261121T170305Z-x-aaaa", runs), shutil.rmtree

    def both(path, **options):
        rmtree(path)
        path.parent.rmdir()
        rmtree(path, **options)

    monkeypatch.setattr(shutil, "rmtree", both)
    assert remove([run], purge=True) == [(run, None)]
    assert not (runs / TRASH).exists()
