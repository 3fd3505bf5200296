"""Opening a config: a file, standard input or an argument becomes a `SourceText`, or a clear problem."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from rnnlab.config.diagnostics import Diagnostic, Mark, quoted
from rnnlab.config.locations import Location, SourceText
from rnnlab.files import user_path
from rnnlab.suggestions import did_you_mean

LARGEST = 256 * 1024
STDIN = "-"


class NoSourceError(Exception):
    """A file that cannot be read as a config, with the problem to show."""

    def __init__(self, problem: Diagnostic) -> None:
        super().__init__(problem.message)
        self.problem = problem


def lines_of(text: str) -> tuple[str, ...]:
    """Split a text where YAML sees line breaks."""
    return tuple(re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text))


def open_source(name: str, *, asked_by: Sequence[str] = ()) -> tuple[SourceText, str]:
    """Read a config's text from a path, or from standard input for `-`.

    `asked_by` names the files that extend this one, which are no suggestions for what may have been meant.

    Raises
    ------
    NoSourceError
        If there is nothing to read, or it is no text.
    """
    shown = "<stdin>" if name == STDIN else name
    content = _read_stdin() if name == STDIN else _read_file(name, asked_by)
    if len(content) > LARGEST:
        raise NoSourceError(
            Diagnostic(
                f"{shown}: a config must be at most {LARGEST // 1024} KiB; this is more. "
                "Put a long text into a file of its own and name it with data.path."
            )
        )
    folder = Path.cwd() if name == STDIN else Path(os.path.abspath(user_path(name))).parent
    text = _decode(content, shown, folder)
    return SourceText(shown, lines_of(text), folder), text


def argument(option: str, value: str) -> SourceText:
    """Describe a command line argument as a source, such as `--set model.layers=2`."""
    shown = f"{option} {value}" if value else f'{option} ""'
    return SourceText(shown, lines_of(shown), Path.cwd(), numbered=False)


def _read_stdin() -> bytes:
    try:
        content = sys.stdin.buffer.read(LARGEST + 1) if sys.stdin is not None else b""
    except OSError as error:
        raise NoSourceError(Diagnostic(f"<stdin>: cannot be read: {_reason(error)}.")) from None
    return content


def _read_file(name: str, asked_by: Sequence[str]) -> bytes:
    try:
        with open(name and user_path(name), "rb") as file:
            return file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        problem = Diagnostic(_missing(name, {Path(file).name for file in asked_by}))
    except IsADirectoryError:
        problem = Diagnostic(f"{name}: a config must be a file; this is a folder{_offer(user_path(name))}")
    except (OSError, ValueError) as error:
        problem = Diagnostic(f"{name or quoted('')}: cannot be read: {_reason(error)}.")
    raise NoSourceError(problem)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return "this is no path"


def _missing(name: str, excluded: set[str]) -> str:
    """Say what is missing, the file or its folder, and what is there in its place."""
    if not name:
        return 'the config must be the path of a YAML file, or - for standard input; got "".'
    path = user_path(name)
    if not path.parent.is_dir():
        return f"{name}: no such file: there is no folder {path.parent}."
    files = [file for file in _configs_in(path.parent) if file not in excluded]
    stems = {Path(file).stem: file for file in files}
    near = did_you_mean(path.stem, stems, shown=lambda stem: str(path.parent / stems[stem]))
    return f"{name}: no such file{near or _offer(path.parent)}"


def _offer(folder: Path) -> str:
    files = _configs_in(folder)
    if not files:
        return "; there is no config in that folder."
    listed = ", ".join(files[:5]) + (", ..." if len(files) > 5 else "")
    return f"; the configs in that folder are {listed}."


def _configs_in(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.suffix in (".yaml", ".yml"))
    except OSError:
        return []


def _decode(content: bytes, shown: str, folder: Path) -> str:
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return content.decode("utf-16")
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in content or error.encoding.startswith("utf-16"):
            raise NoSourceError(_binary(shown)) from None
        lines = content[: error.start].decode("utf-8", "replace")
        source = SourceText(shown, lines_of(content.decode("utf-8", "replace")), folder)
        line, column = len(lines_of(lines)) - 1, len(lines_of(lines)[-1])
        message = f"a config must be text in UTF-8; the byte 0x{content[error.start]:02x} is not. Save it as UTF-8."
        raise NoSourceError(Diagnostic(message, (Mark(Location(source, line, column, column + 1)),))) from None
    if "\0" in text:
        raise NoSourceError(_binary(shown))
    return text


def _binary(shown: str) -> Diagnostic:
    return Diagnostic(f"{shown}: a config must be a text file in UTF-8; this file is binary.")
