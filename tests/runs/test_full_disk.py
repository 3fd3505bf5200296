"""Disks that are full, read-only or limited, and real ones where the machine lets us mount them."""

import os
import shutil
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from rnnlab.errors import RunFolderError, RunWriteError
from rnnlab.runs import RunFolder, read_table

NOW = datetime(2026, 11, 21, 17, 3, 5, tzinfo=UTC)


@pytest.fixture
def mount(tmp_path):
    """Mount a memory disk; skipped where that is not allowed (it takes root, on Linux)."""
    place = tmp_path / "disk"
    place.mkdir()

    def mounted(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("mounting a disk takes root")
        return place

    yield mounted
    if os.path.ismount(place):
        subprocess.run(["umount", str(place)], check=True)


def fill(disk: Path, leave: int = 0) -> None:
    """Take all the space there is but `leave` bytes."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    (disk / "ballast").write_bytes(bytes(free - leave))


def test_on_a_full_disk_no_run_begins_and_nothing_is_left(mount):
    disk = mount("size=64k")
    fill(disk)
    with pytest.raises(RunWriteError, match=r"No run was started: .*the disk is full\.$") as caught:
        RunFolder.create(disk / "runs", "stock", now=NOW, files={"config.yaml": "name: stock\n"})
    assert caught.value.exit_code == 6
    assert "RNNLAB_RUNS" in (caught.value.hint or "")
    assert os.listdir(disk) == ["ballast"]


def test_a_disk_that_fills_up_during_the_run_keeps_whole_rows_and_the_record(mount):
    disk = mount("size=128k")
    run = RunFolder.create(disk / "runs", "stock", now=NOW, files={"config.yaml": "name: stock\n"})
    fill(disk, leave=8192)

    def go_on():
        for block in range(100):
            run.append_columns("metrics.csv", {"row": range(block * 100, block * 100 + 100)})
            run.flush()

    with pytest.raises(RunFolderError, match=r"metrics\.csv' .*the disk is full") as caught:
        go_on()
    with pytest.raises(RunFolderError, match="the disk is full"):
        run.close()  # rows that were not written are not forgotten in silence
    run.release()
    assert "is kept" in caught.value.message
    assert "config.yaml, metrics.csv, run.json" in caught.value.message
    assert caught.value.hint == f"Once it can be written again: rnnlab resume {run.path}"
    kept = read_table(run.path / "metrics.csv")["row"]
    assert 500 < len(kept) < 10_000
    assert list(kept) == list(range(len(kept)))
    assert (run.path / "metrics.csv").read_bytes().endswith(b"\n")
    assert RunFolder.open(run.path).record.status == "running"
    assert [path.name for path in run.path.glob(".*")] == [".lock"]


def test_rows_that_a_full_disk_did_not_take_are_written_when_there_is_room(mount):
    disk = mount("size=128k")
    with RunFolder.create(disk / "runs", "stock", now=NOW) as run:
        fill(disk, leave=4096)
        run.append_columns("metrics.csv", {"row": range(2000)})
        with pytest.raises(RunFolderError, match="the disk is full"):
            run.flush()
        assert 500 < len(read_table(run.path / "metrics.csv")["row"]) < 2000
        (disk / "ballast").unlink()
        assert run.read_table("metrics.csv")["row"].tolist() == list(range(2000))


def test_a_checkpoint_that_does_not_fit_leaves_the_one_before(mount):
    disk = mount("size=128k")
    run = RunFolder.create(disk / "runs", "stock", now=NOW)
    run.save_checkpoint({"w": np.zeros(100)}, {"update": 1})
    with pytest.raises(RunFolderError, match=r"0002\.npz' .*the disk is full.*checkpoints"):
        run.save_checkpoint({"w": np.zeros(100_000)}, {"update": 2})
    checkpoint = run.latest_checkpoint()
    assert checkpoint is not None
    assert checkpoint.metadata == {"update": 1}
    assert sorted(os.listdir(run.path / "checkpoints")) == ["0001.json", "0001.npz"]
    run.release()


def test_a_read_only_disk(mount):
    disk = mount("size=64k,ro")
    with pytest.raises(RunWriteError, match="cannot be used: the file system is read-only"):
        RunFolder.create(disk / "runs", "stock", now=NOW)


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(RunFolderError, match="there is no permission to write there"):
        RunFolder.create(tmp_path / "runs", "stock", now=NOW)
    tmp_path.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_a_limit_on_the_size_of_files_keeps_whole_rows(tmp_path):
    code = """
        import resource, sys
        from datetime import UTC, datetime
        from rnnlab.errors import RunFolderError
        from rnnlab.runs import RunFolder

        run = RunFolder.create(sys.argv[1], "stock", now=datetime.now(UTC))
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        try:
            run.append_columns("metrics.csv", {"row": range(10_000)})
            run.flush()
        except RunFolderError as error:
            print(error.message)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "metrics.csv' could not be written: the limit on the size of a file is reached." in answer.stdout
    (run,) = tmp_path.iterdir()
    kept = read_table(run / "metrics.csv")["row"]
    assert list(kept) == list(range(len(kept)))
    assert 4990 < (run / "metrics.csv").stat().st_size <= 5000


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_a_table_that_takes_no_more_costs_neither_the_others_nor_the_status(tmp_path):
    code = """
        import resource, sys
        from datetime import UTC, datetime
        from rnnlab.errors import RunFolderError
        from rnnlab.runs import RunFolder

        run = RunFolder.create(sys.argv[1], "stock", now=datetime.now(UTC))
        size = (run.path / "run.json").stat().st_size + 5000
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        run.append_columns("first.csv", {"row": [1, 2]})
        run.append_columns("long.csv", {"row": range(10_000)})
        run.append_columns("last.csv", {"row": [1, 2]})
        run.mark_failed(MemoryError(), datetime.now(UTC))
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], check=True)
    (run,) = tmp_path.iterdir()
    for name in ("first.csv", "last.csv"):
        assert read_table(run / name)["row"].tolist() == [1, 2]
    assert len(read_table(run / "long.csv")["row"]) > 500
    record = RunFolder.open(run).record
    assert record.status == "failed"
    tables = record.plain()["tables"]
    assert isinstance(tables, dict)
    assert tables.keys() == {"first.csv", "last.csv", "long.csv"}


def test_a_disk_with_room_for_the_config_alone_says_nothing_of_what_is_kept(mount):
    disk = mount("size=64k")
    (disk / "runs").mkdir()
    fill(disk, leave=4096)
    with pytest.raises(
        RunWriteError, match=r"No run was started: .*(run\.json|code\.patch)' could not be written: the disk is full\.$"
    ):
        RunFolder.create(disk / "runs", "stock", now=NOW, files={"config.yaml": "name: stock\n" * 300})
    assert os.listdir(disk / "runs") == []


@pytest.mark.parametrize("name", ["x" * 300, "a\x00b", "file", "file/below", "loop/below"])
def test_a_runs_folder_that_cannot_be(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(RunWriteError, match=r"The runs folder '.*' cannot be used: ") as caught:
        RunFolder.create(tmp_path / name, "stock", now=NOW)
    assert caught.value.message.isprintable()
    assert sorted(os.listdir(tmp_path)) == ["file", "loop"]


def test_a_run_folder_that_is_gone(tmp_path):
    run = RunFolder.create(tmp_path, "stock", now=NOW)
    run.append_columns("metrics.csv", {"row": [1]})
    shutil.rmtree(run.path)
    for action in (
        lambda: run.finish("completed", NOW),
        lambda: run.write("plots/a.png", b"x"),
        lambda: run.save_checkpoint({"x": np.zeros(3)}, {}),
        lambda: run.log("hello"),
        lambda: run.append_columns("other.csv", {"row": [1]}),
    ):
        with pytest.raises(RunWriteError, match=r"The run folder '.*' is gone\.$") as caught:
            action()
        assert caught.value.exit_code == 6
        assert "RNNLAB_RUNS" in caught.value.hint
    assert os.listdir(tmp_path) == []
