"""Ctrl-C and `kill`: the first asks the work to stop at the next good moment, the second stops it at once."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self


class Interrupts:
    """While entered, SIGINT and SIGTERM are noted instead of obeyed.

    The handler only sets a mark: it may run in the middle of any line of Python, where printing is not safe.

    Parameters
    ----------
    say : callable
        Tells the user, once, that the signal was heard.

    Attributes
    ----------
    received : int or None
        Number of the first signal that came.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.received: int | None = None
        self._say = say
        self._has_said = False
        self._previous: dict[int, signal.Handlers | object] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            previous = signal.getsignal(number)
            if previous is not signal.SIG_IGN:  # started with `nohup` or in the background: stays deaf
                self._previous[number] = previous
                signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, previous in self._previous.items():
            signal.signal(number, previous)  # pyright: ignore[reportArgumentType]

    def should_stop(self) -> bool:
        """Whether a signal came; to be asked between two steps of the work."""
        if self.received is not None and not self._has_said:
            self._has_said = True
            self._say("stopping after this update; Ctrl-C once more stops at once")
        return self.received is not None

    @property
    def exit_code(self) -> int:
        """130 after SIGINT, 143 after SIGTERM."""
        return 128 + (self.received or signal.SIGINT)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received = number
        elif number == signal.SIGINT:
            raise KeyboardInterrupt
        else:
            raise SystemExit(128 + number)
