"""`rnnlab` in an empty folder: in this process, by the installed executable, on a terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.command_line import EXECUTABLE, Run, run_here, run_process, surroundings
from tests.painting import unpainted

__all__ = ["unpainted"]

Watch = Callable[..., tuple[int, str]]


@pytest.fixture(scope="session")
def executable() -> Path:
    """The `rnnlab` that was installed beside the interpreter running the tests."""
    return EXECUTABLE


@pytest.fixture(scope="session")
def environment() -> Callable[..., dict[str, str]]:
    """The environment of this process without what steers terminals or rnnlab, and with extras."""
    return surroundings


@pytest.fixture
def rnnlab(tmp_path: Path) -> Run:
    """Carry out `rnnlab ARGUMENTS...` in this process: a new one each time takes most of a second."""
    return partial(run_here, tmp_path)


@pytest.fixture
def installed(tmp_path: Path) -> Run:
    """Run the installed `rnnlab ARGUMENTS...` with its streams captured."""
    return partial(run_process, tmp_path)


@pytest.fixture
def on_terminal(executable: Path, tmp_path: Path) -> Watch:
    """Run `rnnlab ARGUMENTS...` on a pseudo-terminal: exit code, and everything that the screen was sent."""

    def run(*arguments: str, env: Mapping[str, str] | None = None, columns: int = 80) -> tuple[int, str]:
        return _watch([str(executable), *arguments], surroundings(env), tmp_path, columns)

    return run


def _watch(command: Sequence[str], env: Mapping[str, str], folder: Path, columns: int) -> tuple[int, str]:
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        command, cwd=folder, env=env, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    )
    os.close(terminal)
    sent = bytearray()
    try:
        while chunk := os.read(controller, 65536):
            sent += chunk
    except OSError:  # Linux reports the end of a terminal's last program as an input error
        pass
    finally:
        os.close(controller)
    return process.wait(timeout=60), sent.decode("utf-8")
