"""The pair of files: replaced together, readable after a crash at any point, safe between processes."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from filelock import FileLock

from rnnlab.data.prices import load_prices
from rnnlab.data.prices.kept import entries
from rnnlab.data.prices.store import pending, read_kept
from rnnlab.data.prices.writing import locked, write_pair
from rnnlab.errors import DataError
from tests.data.prices.replay import History, Replay

OLD = b"date,close\n2024-01-02,1\n2024-01-03,2\n"
NEW = b"date,close\n2024-01-02,1\n2024-01-03,2\n2024-01-04,3\n"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def pair(folder):
    """A stored pair with the old content."""
    with locked(folder, "AAPL"):
        write_pair(folder, "AAPL", OLD, {"source": "old"})
    return folder


def test_the_json_file_describes_the_csv_file(pair):
    assert sorted(os.listdir(pair)) == ["AAPL.csv", "AAPL.json"]
    origin = json.loads((pair / "AAPL.json").read_text())
    assert origin == {
        "schema_version": 1,
        "source": "old",
        "sha256": hashlib.sha256(OLD).hexdigest(),
    }


@pytest.mark.parametrize("step", range(6))
def test_a_crash_at_any_step_leaves_a_good_pair(pair, monkeypatch, step):
    """The process stops dead before the step-th call that changes the folder."""

    class PowerCut(BaseException):
        pass

    calls = 0

    def dying(real):
        def call(*arguments):
            nonlocal calls
            calls += 1
            if calls > step:
                raise PowerCut
            return real(*arguments)

        return call

    monkeypatch.setattr(os, "replace", dying(os.replace))
    monkeypatch.setattr(os, "fsync", dying(os.fsync))
    with contextlib.suppress(PowerCut):
        write_pair(pair, "AAPL", NEW, {"source": "new"})
    monkeypatch.undo()
    kept = read_kept(pair, "AAPL", patience=0)
    assert kept is not None
    assert kept.origin is not None
    assert (kept.content, kept.origin["source"]) in ((OLD, "old"), (NEW, "new"))
    assert (step < 3) == (kept.content == OLD)
    write_pair(pair, "AAPL", OLD, {"source": "again"})
    assert sorted(os.listdir(pair)) == ["AAPL.csv", "AAPL.json"]
    assert load_prices("AAPL", data_dir=pair).source == "again"


def test_a_crash_in_the_next_write_does_not_lose_the_one_before(pair, monkeypatch):
    """The new CSV file beside the old JSON file, then a write that fails at once."""
    (pair / "AAPL.csv").write_bytes(NEW)
    pending(pair / "AAPL.json").write_text(json.dumps({"source": "new", "sha256": hashlib.sha256(NEW).hexdigest()}))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="No space left"):
        write_pair(pair, "AAPL", OLD, {"source": "newer"})
    assert load_prices("AAPL", data_dir=pair).source == "new"


@pytest.mark.parametrize("failing", [1, 2])
def test_a_replacement_that_fails_leaves_a_good_pair(pair, monkeypatch, failing):
    """As on Windows, where a file that somebody reads cannot be replaced."""
    real, calls = os.replace, 0

    def refuse(*arguments):
        nonlocal calls
        calls += 1
        if calls == failing:
            raise PermissionError(13, "Permission denied")
        real(*arguments)

    monkeypatch.setattr(os, "replace", refuse)
    with contextlib.suppress(DataError):
        write_pair(pair, "AAPL", NEW, {"source": "new"})
    assert load_prices("AAPL", data_dir=pair).source == ("old" if failing == 1 else "new")
    write_pair(pair, "AAPL", OLD, {"source": "again"})
    assert load_prices("AAPL", data_dir=pair).source == "again"
    assert sorted(os.listdir(pair)) == ["AAPL.csv", "AAPL.json"]


def test_a_csv_file_changed_by_hand_is_noticed(pair):
    (pair / "AAPL.csv").write_bytes(NEW)
    with pytest.raises(DataError, match=r"AAPL\.csv: is not the file that AAPL\.json describes") as caught:
        load_prices("AAPL", data_dir=pair)
    assert "rnnlab fetch AAPL" in str(caught.value.hint)
    (entry,) = entries(pair)
    assert entry.problem == caught.value.message
    (pair / "AAPL.json").unlink()
    assert load_prices("AAPL", data_dir=pair).source == "file AAPL.csv of unknown origin"


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"[]", b"null", b'{"sha256": 3}', b"{" * 5000, b"[" * 200_000])
def test_a_damaged_json_file_is_noticed(pair, content):
    (pair / "AAPL.json").write_bytes(content)
    with pytest.raises(DataError, match=r"AAPL\.json"):
        load_prices("AAPL", data_dir=pair)


def test_a_reader_between_the_two_replacements_waits_or_sees_a_whole_pair(pair):
    """A writer that never rests, and a reader that must never see halves."""
    stop = threading.Event()
    contents = {OLD: "old", NEW: "new"}

    def write():
        while not stop.is_set():
            for content, source in contents.items():
                write_pair(pair, "AAPL", content, {"source": source})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            kept = read_kept(pair, "AAPL")
            assert kept is not None
            assert kept.origin is not None
            assert contents[kept.content] == kept.origin["source"]
    finally:
        stop.set()
        writer.join()


def test_the_lock_is_held_by_one_at_a_time(folder):
    inside, most = 0, 0
    guard = threading.Lock()

    def work():
        nonlocal inside, most
        for _ in range(20):
            with locked(folder, "AAPL"):
                with guard:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.0005)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert not folder.exists() or not any(folder.iterdir())


@pytest.mark.parametrize(("owner", "call"), [(Path, "mkdir"), (FileLock, "acquire")])
def test_a_folder_that_vanishes_between_two_calls_is_made_again(folder, monkeypatch, owner, call):
    """As where another process has failed just now, and takes away the folder that it made."""
    real, tries = getattr(owner, call), []

    def vanishing(self, *arguments, **options):
        tries.append(self)
        if len(tries) > 1:
            return real(self, *arguments, **options)
        folder.rmdir() if folder.exists() else None
        raise FileExistsError if call == "mkdir" else FileNotFoundError

    monkeypatch.setattr(owner, call, vanishing)
    with locked(folder, "AAPL"):
        assert len(tries) >= 2
        assert folder.exists()


def test_a_folder_that_vanishes_and_is_made_again_within_one_call_is_waited_for(folder, monkeypatch):
    """As where one process takes it away and another makes it, between the error and a look at what is there."""
    real, tries = Path.mkdir, []

    def unlucky(self, *arguments, **options):
        tries.append(self)
        real(self, *arguments, **options)
        if len(tries) == 1:
            raise FileExistsError

    monkeypatch.setattr(Path, "mkdir", unlucky)
    with locked(folder, "AAPL"):
        assert folder.is_dir()


@pytest.mark.parametrize("kind", ["file", "link to nothing"])
@pytest.mark.parametrize("within", [".", "inner", "inner/most"])
def test_what_is_no_folder_stands_in_the_way(folder, kind, within):
    folder.touch() if kind == "file" else folder.symlink_to("nothing")
    with pytest.raises(DataError, match="cannot be written: "), locked(folder / within, "AAPL"):
        pass


def test_a_lock_that_is_never_freed_is_told(folder):
    with (
        locked(folder, "AAPL"),
        pytest.raises(DataError, match=r"Another process has been fetching AAPL"),
        locked(folder, "AAPL", patience=0.05),
    ):
        pass


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path):
    folder = tmp_path / ("d" * 5000)
    for use in (
        lambda: load_prices("AAPL", data_dir=folder),
        lambda: list(entries(folder)),
        lambda: locked(folder, "AAPL").__enter__(),
    ):
        with pytest.raises(DataError, match=r"cannot be (read|written): File name too long") as caught:
            use()
        assert len(caught.value.message) < 300


def test_a_file_of_the_persons_own_is_listed_oldest_day_first(folder):
    folder.mkdir()
    (folder / "AAPL.csv").write_text("Date,Close\n2024-01-03,1\n2024-01-02,2\n")
    (entry,) = entries(folder)
    assert (str(entry.first), str(entry.last)) == ("2024-01-02", "2024-01-03")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(DataError, match="cannot be written") as caught,
        locked(tmp_path / "file" / "data", "A"),
    ):
        pass
    assert "--data-dir" in str(caught.value.hint)


FETCHING = """
    import sys, datetime, pathlib
    from rnnlab.experiments.fetch import fetch
    done = fetch("AAPL", source="yahoo", data_dir=pathlib.Path(sys.argv[1]))
    print(done.change, done.origin["rows"])
"""


def start(folder: Path, replay: Replay, code: str = FETCHING) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(folder)],
        cwd=ROOT,
        env={**os.environ, **replay.environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_processes_fetching_one_symbol_do_no_harm(folder, replay):
    replay.scenes["yahoo"] = History().yahoo
    processes = [start(folder, replay) for _ in range(3)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert sorted(out.split()[0] for out, _ in outputs) == ["new", "unchanged", "unchanged"]
    assert {out.split()[1] for out, _ in outputs} == {"65"}
    assert load_prices("AAPL", data_dir=folder).rows == 65
    assert sorted(os.listdir(folder)) == ["AAPL.csv", "AAPL.json"]


@pytest.mark.slow
def test_a_process_killed_amid_a_fetch_leaves_the_old_pair_and_no_lock(pair, replay):
    arrived = threading.Event()

    def hang(asked):
        arrived.set()
        time.sleep(0.3)
        return History().yahoo(asked)

    replay.scenes["yahoo"] = hang
    process = start(pair, replay)
    assert arrived.wait(30)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert load_prices("AAPL", data_dir=pair).source == "old"
    replay.scenes["yahoo"] = History().yahoo
    process = start(pair, replay)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert load_prices("AAPL", data_dir=pair).source == "yahoo"
    assert sorted(os.listdir(pair)) == ["AAPL.csv", "AAPL.json"]


LIMITED = """
    import resource, signal
    import rnnlab.experiments.fetch  # before the limit, since Python writes what it compiles
    import requests
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
"""


def test_no_room_for_the_new_file_leaves_the_old_pair(pair, replay):
    replay.scenes["yahoo"] = History().yahoo
    before = {path.name: path.read_bytes() for path in pair.iterdir()}
    process = start(pair, replay, LIMITED + FETCHING)
    _, err = process.communicate(timeout=60)
    assert "DataError" in err
    assert "cannot be written: File too large; what was there is as it was." in err
    assert {path.name: path.read_bytes() for path in pair.iterdir()} == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a disk takes root")
def test_a_full_disk_leaves_the_old_pair(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine mounts no disks")
    try:
        with locked(disk, "AAPL"):
            write_pair(disk, "AAPL", OLD, {"source": "old"})
            with pytest.raises(DataError, match="No space left on device"):
                write_pair(disk, "AAPL", NEW * 5000, {"source": "new"})
        assert load_prices("AAPL", data_dir=disk).source == "old"
        assert sorted(os.listdir(disk)) == ["AAPL.csv", "AAPL.json"]
    finally:
        subprocess.run(["umount", disk], check=True)
