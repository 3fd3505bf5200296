"""`rnnlab ARGUMENTS...`: in this process, which is quick, or by the installed executable, as users run it."""

import fcntl
import io
import os
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO
from unittest.mock import patch

import pytest

from rnnlab.cli import app, interrupts
from rnnlab.display import console

EXECUTABLE = Path(sys.executable).parent / "rnnlab"
# What steers a terminal.
TERMINAL = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE")

Run = Callable[..., subprocess.CompletedProcess[str]]
Watch = Callable[..., tuple[int, str]]


def surroundings(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of this process without what steers terminals or rnnlab, and with extras."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RNNLAB_")}
    for name in TERMINAL:
        kept.pop(name, None)
    return {**kept, "TERM": "xterm-256color", **(extra or {})}


def run_here(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None, stdin: str = "", timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Carry out one command line in this process, with its folder, environment and streams, and put all back."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as out,
        tempfile.TemporaryFile("w+", encoding="utf-8") as err,
    ):
        code = _carry_out(folder, arguments, surroundings(env), stdin, out, err, timeout)
        return subprocess.CompletedProcess(["rnnlab", *arguments], code, _said(out), _said(err))


def watch_here(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None, columns: int = 80
) -> tuple[int, str]:
    """Carry out one command line in this process on a pseudo-terminal: exit code, and what the screen was sent."""
    controller, terminal = open_terminal(columns)
    sent = bytearray()
    reader = Thread(target=lambda: sent.extend(read_all(controller)))
    reader.start()
    try:
        with (
            open(terminal, "w", encoding="utf-8") as out,
            open(os.dup(terminal), "w", encoding="utf-8") as err,
        ):
            code = _carry_out(folder, arguments, surroundings(env), "", out, err, 60)
    finally:
        reader.join()
    return code, sent.decode()


def watch_process(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None, columns: int = 80
) -> tuple[int, str]:
    """Run the executable on a pseudo-terminal: exit code, and everything that the screen was sent."""
    controller, terminal = open_terminal(columns)
    streams = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
    process = subprocess.Popen(
        [EXECUTABLE, *arguments], cwd=folder, env=surroundings(env), start_new_session=True, **streams
    )
    os.close(terminal)
    sent = read_all(controller)
    return process.wait(timeout=60), sent.decode()


def open_terminal(columns: int) -> tuple[int, int]:
    """A pseudo-terminal of so many columns: the end that reads the screen, and the one for programs."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    return controller, terminal


def read_all(controller: int) -> bytes:
    """What a terminal is sent until its last program has closed it."""
    sent = bytearray()
    try:
        while chunk := os.read(controller, 65536):
            sent += chunk
    except OSError:  # Linux reports the end of a terminal's last program as an input error
        pass
    finally:
        os.close(controller)
    return bytes(sent)


def _carry_out(
    folder: Path,
    arguments: tuple[str, ...],
    env: dict[str, str],
    stdin: str,
    out: IO[str],
    err: IO[str],
    timeout: float,
) -> int:
    before = os.getcwd()
    with (
        patch.dict(os.environ, env, clear=True),
        patch.multiple(sys, argv=["rnnlab", *arguments], stdin=_stdin(stdin), stdout=out, stderr=err),
        patch.object(sys, "__stdout__", out),  # which is asked for the size of the terminal
        patch.object(console, "out", console.Stream("stdout")),
        patch.object(console, "err", console.Stream("stderr")),
        patch.object(console, "_documents", 0),
        patch.multiple(interrupts._Process, came=0, free=0, has_files=False, stopped=None),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("default")
        warnings.showwarning = lambda *_details, **_more: None  # as rnnlab.cli.main has it
        os.chdir(folder)
        try:
            with _at_most(timeout):
                return app.run(arguments)
        finally:
            os.chdir(before)


def run_process(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None, stdin: str = "", timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run the executable that was installed beside this interpreter, in a folder, with its streams captured."""
    return subprocess.run(
        [EXECUTABLE, *arguments],
        cwd=folder,
        env=surroundings(env),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Fail where the block takes longer, even if it waits for a pipe that nobody writes to."""
    before = signal.signal(signal.SIGALRM, lambda _number, _frame: pytest.fail(f"not done within {seconds} s"))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _stdin(text: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")


def _said(file: IO[str]) -> str:
    file.flush()
    file.seek(0)
    return file.read()
