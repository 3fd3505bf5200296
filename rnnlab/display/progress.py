"""How far a training is: a live bar for a person, a plain line now and then for a file, nothing for --quiet; in a
notebook, one line that is replaced.

A display is called after every update, thousands of times a second. All but about ten of these calls return
after one look at the clock.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rnnlab.display import console, numbers
from rnnlab.printable import printable
from rnnlab.words import duration

if TYPE_CHECKING:
    from rich.text import Text

    from rnnlab.experiments.reports import Progress

REFRESH = 0.08
LINE_EVERY = 5.0
NOTEBOOK_EVERY = 0.2


def display(*, quiet: bool) -> "Silence":
    """The display that suits standard error as it is, or the notebook, to be entered as a context."""
    if quiet:
        return Silence()
    if "ipykernel" in sys.modules:
        from IPython.display import display as show  # type: ignore[import-not-found]

        return NotebookLine(show)
    return LiveBar() if console.err.is_terminal else Lines()


class Silence:
    """Shows nothing, and remembers the last progress and every warning."""

    def __init__(self) -> None:
        self.last: Progress | None = None
        self.warned: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def update(self, progress: "Progress") -> None:
        """Take note of the progress, and show it if the last look is old enough."""
        self._remember(progress)

    def _remember(self, progress: "Progress") -> None:
        """The newest progress; of what comes after the training, and has words of its own, the time alone."""
        if not progress.words:
            self.last = progress
        elif self.last is not None:
            self.last = replace(self.last, elapsed=progress.elapsed)

    def note(self, text: str) -> None:
        """Say something without spoiling the picture."""

    def warning(self, text: str) -> None:
        """Warn without spoiling the picture, of the same thing once."""
        if text not in self.warned:
            self.warned.add(text)
            self._warn(text)

    def _warn(self, _text: str) -> None:
        return None


class Lines(Silence):
    """A plain line every few seconds and one at the end."""

    def __init__(self, every: float = LINE_EVERY) -> None:
        super().__init__()
        self.every = every
        self._due = monotonic() + every

    def update(self, progress: "Progress") -> None:
        """Print the figures where a line is due, and at the last update."""
        self._remember(progress)
        if monotonic() >= self._due or progress.update == progress.updates:
            self._due = monotonic() + self.every
            console.note(f"{figures(progress)}   {remaining(progress)}".rstrip())

    def note(self, text: str) -> None:
        """Print a line."""
        console.note(text)

    def _warn(self, text: str) -> None:
        console.warning(text)


class LiveBar(Lines):
    """A bar over the width of the terminal with the figures below it; gone when the work is done."""

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live

        err = console.err
        screen = Console(file=err.file, force_terminal=True, no_color=not err.has_color, highlight=False)
        self._live = Live(
            console=screen, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._due = 0.0
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with console.err.writing():
            self._live.stop()

    def update(self, progress: "Progress") -> None:
        """Draw the bar anew where the picture is due, and at the last update."""
        self._remember(progress)
        now = monotonic()
        if now >= self._due or progress.update == progress.updates:
            self._due = now + REFRESH
            with console.err.writing():
                self._live.update(self._picture(progress), refresh=True)

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        self._print_above(text)

    def _warn(self, text: str) -> None:
        self._print_above(console.warning_line(text))

    def _print_above(self, text: str) -> None:
        from rich.text import Text

        with console.err.writing():
            self._live.console.print(Text.from_ansi(console.err.encodable(text)), soft_wrap=True)

    def _picture(self, progress: "Progress") -> "Text":
        from rich.text import Text

        width = min(self._live.console.width - 1, console.WIDEST)
        share = progress.update / max(progress.updates, 1)
        beside = f" {numbers.percent(share):>5}  {remaining(progress):>15}"
        done, rest = bar(share, max(width - len(beside) - 2, 1), console.err)
        below = figures(progress, width - 2)
        green, dim = ("green", "dim") if console.err.has_color else ("", "")
        lines = Text.assemble("  ", (done, green), (rest, dim), beside, ("\n  " + below, dim))
        lines.no_wrap, lines.overflow = True, "crop"
        return lines


class NotebookLine(Lines):
    """One line of output that is replaced several times a second; notes and warnings stay above it.

    Parameters
    ----------
    show : function
        `IPython.display.display`, or what takes the same arguments: with ``display_id=True`` it gives a handle with an
        ``update``.
    """

    def __init__(self, show: Callable[..., Any]) -> None:
        super().__init__(NOTEBOOK_EVERY)
        self._show, self._handle, self._due = show, None, 0.0

    def update(self, progress: "Progress") -> None:
        """Replace the line where it is due, and at the last update."""
        self._remember(progress)
        if monotonic() >= self._due or progress.update == progress.updates:
            self._due = monotonic() + self.every
            self._replace(f"{figures(progress)}   {remaining(progress)}".rstrip())

    def note(self, text: str) -> None:
        """Show a line of its own."""
        self._show({"text/plain": text}, raw=True)

    def _warn(self, text: str) -> None:
        self.note(f"warning: {printable(text)}")

    def _replace(self, text: str) -> None:
        content = {"text/plain": text}
        if self._handle is None:
            self._handle = self._show(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)


def bar(share: float, width: int, stream: console.Stream) -> tuple[str, str]:
    """The done and the open part of a bar of `width` columns."""
    done, rest = ("━", "─") if stream.encodable("━─") == "━─" else ("#", "-")
    filled = round(share * width)
    return done * filled, rest * (width - filled)


def figures(progress: "Progress", width: int | None = None) -> str:
    """Epoch, loss, gradient norm and share clipped, in words as long as the width allows; or the words that came."""
    if progress.words:
        return progress.words
    place = f"update {progress.update}/{progress.updates}"
    if counts_epochs(progress):
        place = f"epoch {progress.epoch}/{progress.epochs}"
    loss = f"{progress.loss_name} {numbers.significant(progress.loss)}"
    if math.isnan(progress.gradient_norm):
        return "   ".join([place, loss])
    gradient = numbers.significant(progress.gradient_norm)
    clipped = f"clipped {numbers.percent(progress.clipped_share)}"
    line = "   ".join([place, loss, f"gradient norm {gradient}", clipped])
    if width is None or len(line) <= width:
        return line
    return "  ".join([place, loss, f"|grad| {gradient}", clipped])


def counts_epochs(progress: "Progress") -> bool:
    """Whether epochs measure the training: there are several, and they are whole."""
    return progress.epochs > 1 and progress.updates % progress.epochs == 0


def remaining(progress: "Progress") -> str:
    """The time left, judged by the pace so far; at the end the time it took; nothing where it is not known."""
    if progress.update == 0 or math.isnan(progress.elapsed):
        return ""
    if progress.update >= progress.updates:
        return f"{duration(progress.elapsed)} in all"
    left = progress.elapsed * (progress.updates - progress.update) / progress.update
    return f"{duration(left)} left"
