"""`rnnlab ARGUMENTS...`: in this process, which is quick, or by the installed executable, as users run it."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from rnnlab.cli import app, console, interrupts

EXECUTABLE = Path(sys.executable).parent / "rnnlab"
# What steers a terminal.
TERMINAL = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE")

Run = Callable[..., subprocess.CompletedProcess[str]]


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
    before = os.getcwd()
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as out,
        tempfile.TemporaryFile("w+", encoding="utf-8") as err,
        patch.dict(os.environ, surroundings(env), clear=True),
        patch.multiple(sys, argv=["rnnlab", *arguments], stdin=_stdin(stdin), stdout=out, stderr=err),
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
                code = app.run(arguments)
        finally:
            os.chdir(before)
        return subprocess.CompletedProcess(["rnnlab", *arguments], code, _said(out), _said(err))


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


def _said(file: io.TextIOBase) -> str:
    file.flush()
    file.seek(0)
    return file.read()
