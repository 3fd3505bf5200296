"""Ctrl-C, `kill` and a terminal that hangs up, from the first moment of the process to its last.

A signal finds the process in one of three moods:

- most of the time nothing would be lost, and it leaves at once (`install`);
- where files are being written it raises `Stopped`, so that they are put in order (`raising`);
- between the updates of a training the first one is noted and the second one raises `Stopped` (`Interrupts`).

A signal that was ignored when the process started (`nohup`, a script's background) stays ignored.
"""

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self

NUMBERS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
# Seconds in which files can be put in order; then the process ends, whatever it is doing.
PATIENCE = 5.0
RETRY = 0.05


class Stopped(KeyboardInterrupt):
    """A signal that ends the work where it is."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class _Process:
    """What the signal handlers of this process share.

    Attributes
    ----------
    came : int
        How many signals came.
    free : int
        How many of them do not end the process.
    has_files : bool
        Whether there may be files to put in order.
    stopped : Stopped or None
        What was raised; once, so that nothing breaks into putting files in order.
    """

    came = 0
    free = 0
    has_files = False
    stopped: Stopped | None = None


def install() -> None:
    """Let every signal end this process quietly, with 128 and its number as the exit code."""
    _handle(lambda number, _frame: os._exit(128 + number))
    sys.unraisablehook = _say_unless_stopped
    if os.name == "posix":
        with suppress(OSError, RuntimeError):  # too few descriptors, no thread: do without the guard
            reading, writing = os.pipe()
            os.set_blocking(writing, False)
            threading.Thread(target=_guard, args=(reading,), daemon=True).start()
            signal.set_wakeup_fd(writing, warn_on_full_buffer=False)


def leave(code: int) -> NoReturn:
    """End the process; where a signal came, without waiting for threads at work.

    What was registered for the end of the process is carried out, but the interpreter is not taken apart: it would give
    the signals back to the operating system first, and one that comes in these tenths of a second would kill a process
    whose work is done.
    """
    if not _Process.came:
        with suppress(Exception):
            threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


@contextmanager
def raising() -> Iterator[None]:
    """While entered, a signal raises `Stopped`."""
    previous = _handle(lambda number, _frame: _stop(number))
    _Process.has_files, _Process.stopped = True, None
    try:
        yield
    finally:
        _Process.has_files = False
        _restore(previous)


def stopped() -> Stopped | None:
    """What a signal raised, which may have come out as another exception."""
    return _Process.stopped


class Interrupts:
    """While entered, the first signal asks the work to stop at the next good moment, the second raises `Stopped`.

    Until the work has asked for the first time whether it should stop, there is no good moment to wait for, and the
    first signal raises `Stopped`. The handler only sets a mark: it may run in the middle of any line of Python, where
    printing is not safe.

    Parameters
    ----------
    say : callable
        Tells the user, once, that the signal was heard.

    Attributes
    ----------
    received : int or None
        Number of the latest signal.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.received: int | None = None
        self._say = say
        self._has_said = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._previous = _handle(self._note)
        _Process.has_files, _Process.stopped = True, None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _Process.free, _Process.has_files = 0, False
        _restore(self._previous)

    def should_stop(self) -> bool:
        """Whether a signal came; to be asked between two steps of the work."""
        if self.received is None:
            _Process.free = 1
        elif not self._has_said:
            self._has_said = True
            self._say("stopping after this update; Ctrl-C once more stops at once")
        return self.received is not None

    @property
    def exit_code(self) -> int:
        """129 after SIGHUP, 130 after SIGINT, 143 after SIGTERM."""
        return 128 + (self.received or signal.SIGINT)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        is_first, self.received = self.received is None, number
        if is_first and _Process.free:
            _Process.came += 1
        else:
            _stop(number)


def _stop(number: int) -> None:
    _Process.came += 1
    if _Process.stopped is None:
        _Process.stopped = Stopped(number)
        raise _Process.stopped


def _handle(handler: Callable[[int, FrameType | None], object]) -> dict[int, Any]:
    """Set a handler for the signals that are not ignored, and return what was there."""
    previous = {number: signal.getsignal(number) for number in NUMBERS}
    previous = {number: before for number, before in previous.items() if before is not signal.SIG_IGN}
    for number in previous:
        signal.signal(number, handler)
    return previous


def _restore(previous: dict[int, Any]) -> None:
    for number, before in previous.items():
        signal.signal(number, before)


def _guard(reading: int) -> None:
    """End the process where its main thread does not: it may be deep in a computation that hears no signal."""
    came = 0
    while True:
        number = os.read(reading, 1)[0]
        came += number in NUMBERS
        if number in NUMBERS and came > _Process.free:
            time.sleep(PATIENCE if _Process.has_files else RETRY)
            os._exit(128 + number)


def _say_unless_stopped(found: Any) -> None:
    """Send the signal again where a place that cannot raise, such as the end of an object, swallowed `Stopped`."""
    if isinstance(found.exc_value, Stopped):
        _Process.stopped = None
        number = found.exc_value.exit_code - 128
        threading.Timer(RETRY, os.kill, (os.getpid(), number)).start()
    else:
        sys.__unraisablehook__(found)
