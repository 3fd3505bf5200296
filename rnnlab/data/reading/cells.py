"""A file's bytes as text, and the table of cells that is made of it, each row with the line it stands on."""

import hashlib
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from rnnlab.errors import DataError
from rnnlab.files import LARGEST_FILE, name_of
from rnnlab.printable import cut, on_one_line
from rnnlab.suggestions import nearest

_CONTROL_CODES = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_KNOWN_BINARIES = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"PAR1": "a Parquet file; save it as CSV",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
}


@dataclass(frozen=True)
class TextTable:
    """Cells of a delimited text, as written.

    Attributes
    ----------
    label : str
        How messages name the text: the path as the user wrote it.
    columns : tuple of str
        The header, stripped.
    rows : list of list of str
        As many cells in each as there are columns, stripped.
    lines : list of int
        Line number of each row in the text, counted from 1.
    sha256 : str
        Of the bytes that were read.
    has_bare_commas : bool
        Whether commas stand between the cells and no figure stands in quotes: no cell can hold a decimal comma.
    notes : tuple of str
        What was left out above and below the table.
    """

    label: str
    columns: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    sha256: str
    has_bare_commas: bool = False
    notes: tuple[str, ...] = ()

    def cells(self, column: int) -> list[str]:
        """The cells of one column, top to bottom."""
        return [row[column] for row in self.rows]


def read_bytes(path: Path) -> bytes:
    """The content of a file a person named.

    Raises
    ------
    DataError
        The file is missing (near names are offered), a folder, a device or a pipe, unreadable, empty or too large.
    """
    label = name_of(path)
    try:
        kind = path.stat()
        if stat.S_ISDIR(kind.st_mode):
            raise DataError(f"{label}: a CSV file is needed; this is a folder.", hint=_files_inside(path))
        if not stat.S_ISREG(kind.st_mode):
            raise DataError(f"{label}: a CSV file is needed; this is a device or a pipe.")
        if kind.st_size > LARGEST_FILE:
            raise DataError(f"{label}: must be at most {LARGEST_FILE >> 20} MiB; it is {kind.st_size >> 20} MiB.")
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{label}: no such file.", hint=_files_beside(path)) from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "not a usable path"
        raise DataError(f"{label}: cannot be read: {reason}.") from None
    if not content.strip():
        raise DataError(f"{label}: is empty; a header line and rows of a date and a value are needed.")
    return content


def shown(text: str, limit: int = 60) -> str:
    """Text of unknown origin in quotes, fit for a message: cut short, control codes escaped."""
    return repr(cut(text, limit))


def content_hash(content: bytes) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def decoded(content: bytes, label: str) -> str:
    """Bytes as text; DataError for what is no text, a web page or JSON."""
    for magic, meaning in _KNOWN_BINARIES.items():
        if content.startswith(magic):
            raise DataError(f"{label}: a CSV file is needed; this is {meaning}.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", errors="replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")  # names of columns may suffer, figures do not
    found = _CONTROL_CODES.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise DataError(f"{label}:{line}: must be text; found the control code \\x{ord(found[0]):02x}: a binary file?")
    text = text.lstrip("\ufeff")
    _refuse_other_formats(text, label)
    return text


def _refuse_other_formats(text: str, label: str) -> None:
    start = text[:200].lstrip().lower()
    if start.startswith(("<!doctype", "<html", "<?xml", "<head")):
        raise DataError(f"{label}: a CSV file is needed; this is a web page, perhaps one that says what went wrong.")
    if start.startswith(("{", "[{")):
        raise DataError(f"{label}: a CSV file is needed; this is JSON.")


def _files_beside(path: Path) -> str | None:
    folder = path.parent
    if not folder.is_dir():
        return f"There is no folder {name_of(folder)} either."
    near = nearest(path.name, _names_inside(folder), most=3, cutoff=0.5)
    return f"Near it: {', '.join(map(on_one_line, near))}." if near else None


def _files_inside(folder: Path) -> str | None:
    names = sorted(name for name in _names_inside(folder) if name.lower().endswith((".csv", ".txt")))[:5]
    return f"Inside it: {', '.join(map(on_one_line, names))}." if names else None


def _names_inside(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir() if entry.is_file()]
    except OSError:  # a folder that may be entered, and not be listed
        return []
