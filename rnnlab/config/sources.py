"""Opening a config: a file, standard input or an argument becomes a `SourceText`, or a clear problem."""

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnlab.config import bundled
from rnnlab.config.bundled import Bundled
from rnnlab.config.diagnostics import Diagnostic, Mark, quoted
from rnnlab.config.locations import Location, SourceText
from rnnlab.files import user_path
from rnnlab.printable import shortened
from rnnlab.suggestions import did_you_mean, nearest
from rnnlab.words import listed

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


@dataclass(frozen=True)
class Written(os.PathLike):
    """A config that a program made: YAML, whose relative paths start in the working folder."""

    text: str
    label: str = "<config>"

    def __fspath__(self) -> str:
        return "config"


Name = str | Bundled | Written  # of a config: the path of a file, `-`, a bundled one, or its text


def locate(source: str | os.PathLike[str]) -> Name:
    """What CONFIG means: `-` (standard input), a file, or the name of a bundled config, in that order."""
    if isinstance(source, Bundled | Written):
        return source
    name = os.fspath(source)
    found = bundled.find(name)
    return found if found and not _is_file(name) else name


def locate_extended(value: str, by: Name) -> Name:
    """What `extends: VALUE` means in a config: a path from its folder on, or the name of a bundled config."""
    if isinstance(by, Bundled):
        path = os.path.normpath(by.path.parent / value)
        return bundled.at(path) or bundled.find(value) or path
    path = os.path.normpath((Path() if by == STDIN else Path(by).parent) / os.path.expanduser(value))
    found = bundled.find(value)
    return found if found and not _is_file(path) else path


def shown(name: Name) -> str:
    """How messages name a config."""
    return name.label if isinstance(name, Bundled | Written) else "<stdin>" if name == STDIN else name


def _is_file(name: str) -> bool:
    """Whether there is something to read: a regular file, or a pipe."""
    return os.path.exists(name) and not os.path.isdir(name)


def open_source(name: Name, *, asked_by: Sequence[Name] = ()) -> tuple[SourceText, str]:
    """Read a config's text from a path, or from standard input for `-`.

    `asked_by` names the files that extend this one, which are no suggestions for what may have been meant.

    Raises
    ------
    NoSourceError
        If there is nothing to read, or it is no text.
    """
    label = shown(name)
    path = os.fspath(name)
    if isinstance(name, Written):
        content = name.text.encode("utf-8", "surrogatepass")
    else:
        content = _read_stdin() if path == STDIN else _read_file(path, asked_by)
    if len(content) > LARGEST:
        raise NoSourceError(
            Diagnostic(
                f"{label}: a config must be at most {LARGEST // 1024} KiB; this is more. "
                "Put a long text into a file of its own and name it with data.path."
            )
        )
    folder = Path.cwd() if path == STDIN else Path(os.path.abspath(user_path(path))).parent
    text = _decode(content, label, folder)
    return SourceText(label, lines_of(text), folder), text


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


def _read_file(name: str, asked_by: Sequence[Name]) -> bytes:
    try:
        with open(name and user_path(name), "rb") as file:
            return file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        problem = Diagnostic(_missing(name, {Path(file).name for file in asked_by}))
    except IsADirectoryError:
        problem = Diagnostic(f"{name}: a config must be a file; this is a folder{_offer(user_path(name))}")
    except (OSError, ValueError) as error:
        problem = Diagnostic(f"{shortened(name, 255) or quoted('')}: cannot be read: {_reason(error)}.")
    raise NoSourceError(problem)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return "this is no path"


def _missing(name: str, excluded: set[str]) -> str:
    """Say what is missing, the file or its folder, and what may have been meant: a file here, or a bundled config."""
    if not name:
        return 'the config must be the path of a YAML file, or - for standard input; got "".'
    path = user_path(name)
    if group := [one for one in bundled.configs() if one.startswith(f"{name.rstrip('/')}/")]:
        return f"{name}: no such file; the bundled configs of that group are {', '.join(group)}."
    if len(several := [one.name for one in bundled.ending_in(name)]) > 1:
        return f"{name}: no such file, and {len(several)} bundled configs end so: {listed(several, 'or')}. Write one."
    known = _nearest_bundled(name)
    if not os.path.isdir(path.parent):
        where = f"{shortened(name, 255)}: no such file: there is no folder {shortened(str(path.parent), 255)}"
        return f"{where}; did you mean the bundled config {known}?" if known else f"{where}."
    files = [file for file in _configs_in(path.parent) if file not in excluded]
    stems = {Path(file).stem: file for file in files}
    near = did_you_mean(path.stem, stems, shown=lambda stem: str(path.parent / stems[stem]))
    if known:
        either = f"{near.removesuffix('?')} or" if near else "; did you mean"
        return f"{name}: no such file{either} the bundled config {known}?"
    if near or not _is_bare(name):
        return f"{name}: no such file{near or _offer(path.parent)}"
    here = f"{_offer(path.parent).removesuffix('.')}, and" if files else ";"
    return f"{name}: no such file{here} the bundled configs are {', '.join(bundled.configs())}."


def _is_bare(name: str) -> bool:
    """Whether a word may be meant as the name of a bundled config: it has no suffix and no folder."""
    return re.fullmatch(r"\w+", name) is not None


def _nearest_bundled(name: str) -> str | None:
    """The bundled config that a word without a suffix is near to, or that a missing path ends in."""
    *folders, last = name.replace(os.sep, "/").removesuffix(bundled.SUFFIX).split("/")
    exact = next((end for end in ("/".join([*folders[-1:], last]), last) if bundled.find(end)), None)
    if exact or name.endswith((".yaml", ".yml")):
        return exact
    return next(iter(nearest(name, bundled.words())), None)


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
