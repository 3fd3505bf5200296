"""Where words go: results to standard output; progress, warnings and errors to standard error.

Everything the command line says passes through here, so that one place knows about terminals, colour,
encodings and readers that went away.
"""

import errno
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rnnlab.errors import OutputError
from rnnlab.printable import escaped, printable

STYLES = {"bold": "1", "dim": "2", "red": "1;31", "yellow": "33", "green": "32", "cyan": "36"}
# What is printed instead where the encoding has no such sign.
PLAIN = str.maketrans({"±": "+-", "–": "-", "−": "-", "…": "...", "’": "'", "→": "->", "×": "x", "≥": ">=", "≤": "<=",
                       **dict(zip("▁▂▃▄▅▆▇█", "_.-=+*%#", strict=True))})  # fmt: skip
WIDEST = 100
SCHEMA_VERSION = 1  # of every JSON document
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
ESCAPE_OR_TEXT = re.compile(f"({ESCAPE.pattern})")


class Stream:
    """Standard output or standard error.

    Parameters
    ----------
    name : str
        ``"stdout"`` or ``"stderr"``.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.closed = False

    @property
    def file(self) -> Any:
        """The stream of this moment; None where the process was started without it."""
        return getattr(sys, self.name)

    @property
    def is_terminal(self) -> bool:
        """Whether a person watches who can be shown a moving picture."""
        return self.file is not None and self.file.isatty() and os.environ.get("TERM") != "dumb"

    @property
    def has_color(self) -> bool:
        """`NO_COLOR` forbids, `FORCE_COLOR` demands, otherwise a terminal decides."""
        if os.environ.get("NO_COLOR"):
            return False
        return bool(os.environ.get("FORCE_COLOR")) or self.is_terminal

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None off a terminal, where lines are left whole."""
        if not self.is_terminal:
            return None
        columns = os.environ.get("COLUMNS", "")
        if columns.isdecimal() and int(columns) > 0:
            return int(columns)
        try:
            return os.get_terminal_size(self.file.fileno()).columns or 80
        except OSError:
            return 80

    def style(self, text: str, name: str) -> str:
        """The text in one of `STYLES`, where this stream shows colour."""
        return f"\x1b[{STYLES[name]}m{text}\x1b[0m" if self.has_color else text

    def fold(self, text: str, *, indent: int = 0) -> str:
        """The text broken between words to fit the terminal; whole off a terminal.

        With an `indent`, what begins in that column: further lines begin there too.
        """
        width = self.width
        if width is None:
            return text
        lines = (_fold(line, min(width, WIDEST) - indent) for line in text.split("\n"))
        return "\n".join(lines).replace("\n", f"\n{' ' * indent}")

    def encodable(self, text: str) -> str:
        """The text with what a terminal acts upon spelt out, colours left, and with what the stream's encoding cannot
        carry replaced: `±` by `+-`, the unknown by `?`.
        """
        if self.is_terminal:
            text = "".join(part if ESCAPE.fullmatch(part) else printable(part) for part in ESCAPE_OR_TEXT.split(text))
        encoding = getattr(self.file, "encoding", None) or "utf-8"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            return text.translate(PLAIN).encode(encoding, "replace").decode(encoding)
        return text

    def write(self, text: str) -> None:
        """Write one line or more and flush. A reader that went away is not an error: it had enough."""
        if self.file is None and self.name == "stdout" and not self.closed:
            self.closed = True
            raise OutputError("cannot write to standard output: it is closed")
        if self.closed or self.file is None:
            return
        with self.writing():
            self.file.write(self.encodable(text) + "\n")
            self.file.flush()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Forgive a reader that goes away while something is written: a closed pipe, a terminal that hung up."""
        try:
            yield
        except BrokenPipeError:
            self.abandon()
        except OSError as error:
            hung_up = error.errno == errno.EIO and stat.S_ISCHR(os.fstat(self.file.fileno()).st_mode)
            self.abandon()
            # What standard error cannot take, nobody can be told; a terminal that hung up is a signal of its own.
            if self.name == "stdout" and not hung_up:
                raise OutputError(f"cannot write to standard output: {error.strerror or error}") from error

    def settle(self) -> None:
        """Flush what others have written here, now and not when the interpreter ends and would complain."""
        try:
            if self.file is not None:
                self.file.flush()
        except OSError:
            self.abandon()

    def abandon(self) -> None:
        """Send everything from now on nowhere, the interpreter's own last flush included."""
        self.closed = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


out = Stream("stdout")
err = Stream("stderr")
_documents = 0


def result(text: str = "") -> None:
    """Print a result on standard output."""
    out.write(text)


@contextmanager
def results_of(run: Path) -> Iterator[None]:
    """Name the run folder in the error where standard output fails: the run itself is whole."""
    try:
        yield
    except OutputError as error:
        error.run = run
        raise


def note(text: str) -> None:
    """Print a line about the work on standard error."""
    err.write(text)


def warning(text: str) -> None:
    """Print what the reader must know on standard error."""
    err.write(warning_line(text))


def warning_line(text: str) -> str:
    """What `warning` prints."""
    return _titled(err.style("warning:", "yellow"), text)


def error(text: str, hint: str | None = None) -> None:
    """Print what went wrong, and what to do next where there is a hint, on standard error."""
    err.write(_titled(err.style("error:", "red"), text))
    if hint:
        advice(hint)


def advice(text: str) -> None:
    """Print what to do next on standard error."""
    err.write(_titled(f" {err.style('hint:', 'cyan')}", text))


def _titled(title: str, text: str) -> str:
    """A text behind its title; its further lines begin where it begins."""
    return f"{title} {err.fold(printable(text), indent=len(ESCAPE.sub('', title)) + 1)}"


def next_step(command: str, meaning: str) -> None:
    """Print what to do next where a person reads along: on standard error, and only on a terminal.

    Results are for whoever reads standard output, which may be a program; a log needs no advice.

    Parameters
    ----------
    command : str
        To be copied.
    meaning : str
        What it does; on the same line where there is room, else below.
    """
    if not err.is_terminal:
        return
    command, head = printable(command), f"{err.style('next', 'dim')}  "
    if len(f"next  {command}  {meaning}") <= min(err.width or WIDEST, WIDEST):
        err.write(f"{head}{command}  {err.style(meaning, 'dim')}")
    else:
        below = "\n".join(err.style(line, "dim") for line in err.fold(meaning, indent=6).split("\n"))
        err.write(f"{head}{err.fold(command, indent=6)}\n      {below}")


def document(content: Mapping[str, object], *, versioned: bool = True) -> None:
    """Print the one JSON document of a command given `--json`; numbers that are not finite become null.

    It says the version of its form, unless that is somebody else's.
    """
    import json

    from rnnlab.plain import plain

    global _documents
    content = {"schema_version": SCHEMA_VERSION, **content} if versioned else content
    is_ascii = out.encodable("±") != "±"
    text = json.dumps(plain(content), indent=2, ensure_ascii=is_ascii, allow_nan=False)
    text = re.sub(r"[^\n -~]", lambda found: _json_escaped(found[0]), text)
    _documents += 1
    out.write(text)


def _json_escaped(character: str) -> str:
    """JSON escapes C0 only; the document is to be the same text on a terminal, and harmless there."""
    import json

    return character if escaped(character) == character else json.dumps(character)[1:-1]


def has_document() -> bool:
    """Whether standard output already holds its JSON document."""
    return _documents > 0


def _fold(line: str, width: int) -> str:
    """One line broken before words that would pass the width; colours take no room, long words stay whole."""
    if len(ESCAPE.sub("", line)) <= width:
        return line
    first, *words = re.split(r"(?<=\S) +", line)
    lines = [first]
    for word in words:
        if len(ESCAPE.sub("", lines[-1])) + 1 + len(ESCAPE.sub("", word)) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)
