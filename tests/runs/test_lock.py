"""A run has one writer at a time, and a lock that a killed process leaves behind holds nobody up."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from rnnlab.errors import RunBusyError, RunWriteError
from rnnlab.runs.lock import RunLock
from rnnlab.runs.notes import add_labels

HOLD = """
import sys, time
from pathlib import Path
from rnnlab.runs.lock import RunLock
lock = RunLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_another_process_is_refused_until_the_holder_is_killed(tmp_path, holder):
    with pytest.raises(RunBusyError, match="in use by another process"):
        RunLock(tmp_path).acquire()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    RunLock(tmp_path).acquire()


def test_a_second_holder_in_this_process_is_refused_until_the_first_lets_go(tmp_path):
    first, second = RunLock(tmp_path), RunLock(tmp_path)
    first.acquire()
    with pytest.raises(RunBusyError):
        second.acquire()
    first.release()
    first.release()
    second.acquire()


def test_a_folder_that_is_gone_is_named(tmp_path):
    with pytest.raises(RunWriteError, match="nowhere"):
        RunLock(tmp_path / "nowhere").acquire()
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_takes_runs_all_the_same(tmp_path, monkeypatch, number):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    lock = RunLock(tmp_path)
    lock.acquire()
    lock.release()
    assert add_labels(tmp_path, ["paper"]).labels == ("paper",)
