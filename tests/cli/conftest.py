"""The installed executable, run in an empty folder as its users run it."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

OWN_VARIABLES = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


@pytest.fixture(scope="session")
def executable() -> Path:
    """The `rnnlab` that was installed beside the interpreter running the tests."""
    return Path(sys.executable).parent / "rnnlab"


@pytest.fixture(scope="session")
def environment() -> Callable[..., dict[str, str]]:
    """The environment of this process without what steers terminals or rnnlab, and with extras."""
    return _environment


def _environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("RNNLAB_")}
    for name in OWN_VARIABLES:
        kept.pop(name, None)
    return {**kept, "TERM": "xterm-256color", **(extra or {})}


Run = Callable[..., subprocess.CompletedProcess[str]]
Watch = Callable[..., tuple[int, str]]


@pytest.fixture
def rnnlab(executable: Path, tmp_path: Path) -> Run:
    """Run `rnnlab ARGUMENTS...` with its streams captured."""

    def run(
        *arguments: str, env: Mapping[str, str] | None = None, stdin: str = "", timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [executable, *arguments],
            cwd=tmp_path,
            env=_environment(env),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture
def on_terminal(executable: Path, tmp_path: Path) -> Watch:
    """Run `rnnlab ARGUMENTS...` on a pseudo-terminal: exit code, and everything that the screen was sent."""

    def run(*arguments: str, env: Mapping[str, str] | None = None, columns: int = 80) -> tuple[int, str]:
        return _watch([str(executable), *arguments], _environment(env), tmp_path, columns)

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
