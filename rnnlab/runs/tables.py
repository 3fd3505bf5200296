"""CSV tables that grow while a run goes on: whole lines, every number exactly as it was."""

import csv
import io
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.errors import RunFolderError
from rnnlab.files import name_of
from rnnlab.printable import shortened
from rnnlab.runs.files import LineFile, reading

if TYPE_CHECKING:
    import numpy as np

FLUSH_SECONDS = 1.0
AT_ONCE = 1 << 22  # bytes of a table that `read_blocks` holds
MOST_CHARACTERS = 2**26  # of a column of text


class Table:
    """A CSV file that grows by blocks of rows.

    Rows wait in memory for at most about a second while rows keep coming, so that a thousand small blocks
    cost few writes and a killed run loses little.

    Parameters
    ----------
    path : Path
        A new file, or one that an earlier process began: rows then follow the ones it has.
    """

    def __init__(self, path: Path) -> None:
        self._file = LineFile(path)
        self._columns = self._found = _header(path) if self._file.size else None
        self._pending: list[str] = []
        self._flushed_at = time.monotonic()

    @property
    def size(self) -> int:
        """Bytes on disk after a flush: what `cut` takes to come back to this point."""
        self.flush()
        return self._file.size

    def append_columns(self, columns: Mapping[str, object]) -> None:
        """Add one row per element of the columns.

        Parameters
        ----------
        columns : mapping of str to array or list of shape (rows,), or a scalar that holds for every row
            Numbers, booleans, text, dates; None and NaN become an empty cell, an infinity ``inf``. Floats are
            written with the fewest digits that read back to the same float64. The first block decides
            the names and their order; later blocks must have the same names.

        Raises
        ------
        RunFolderError
            If a flush was due and the rows could not be written, or the file had other names before.
        ValueError
            If the names differ from the first block's, or the columns differ in length.
        """
        values, rows = _values(columns)
        if self._columns is None:
            self._columns = list(values)
            self._pending.append(_heading(self._columns))
        if set(values) != set(self._columns):
            if self._found is not None:
                path = name_of(self._file.path)
                raise RunFolderError(f"'{path}' must begin with the names {','.join(values)}; it has other ones.")
            raise ValueError(f"The columns must be {self._columns}; got {list(values)}.")
        self._pending.append(_lines({name: values[name] for name in self._columns}, rows))
        if time.monotonic() - self._flushed_at >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait; on failure RunWriteError, and those that did not fit go on waiting."""
        lines, before = "".join(self._pending).encode(), self._file.size
        self._flushed_at = time.monotonic()
        try:
            if lines:
                self._file.append(lines)
        finally:
            self._pending = [left.decode()] if (left := lines[self._file.size - before :]) else []

    def sync(self) -> None:
        """Flush, and wait until the disk has it."""
        self.flush()
        self._file.sync()

    def cut(self, size: int) -> None:
        """Go back to the point where `size` was asked for; rows that wait are forgotten."""
        self._pending = []
        self._file.cut(size)

    def close(self) -> None:
        """Flush and close; closing twice does nothing."""
        try:
            self.flush()
        finally:
            self._file.close()


def whole(columns: Mapping[str, object]) -> str:
    """The text of a table that has these columns and no others (see `Table.append_columns`)."""
    values, rows = _values(columns)
    return _heading(values) + _lines(values, rows)


def _values(columns: Mapping[str, object]) -> tuple[dict[str, object], int]:
    """The columns as lists, or as scalars that hold for every row, and the number of rows."""
    values = {name: _list(column) for name, column in columns.items()}
    lengths = {len(column) for column in values.values() if isinstance(column, list)} or {1}
    if len(lengths) > 1:
        raise ValueError(f"The columns must have one length; got {sorted(lengths)}.")
    return values, lengths.pop()


def _heading(names: Iterable[str]) -> str:
    return ",".join(map(_quoted, names)) + "\n"


def _lines(values: Mapping[str, object], rows: int) -> str:
    cells = [_cells(column, rows) for column in values.values()]
    return "\n".join(map(",".join, zip(*cells, strict=True))) + "\n" if rows else ""


def read_table(path: Path, numbers: Sequence[str] = ()) -> dict:
    """Read a table back.

    Parameters
    ----------
    path : Path
    numbers : sequence of str, optional
        Columns that must be there and hold nothing but numbers.

    Returns
    -------
    dict of str to ndarray of shape (rows,)
        int64 where every cell is a whole number, float64 (empty is NaN) where every cell is a number,
        text otherwise.

    Raises
    ------
    RunFolderError
        If the file is missing, cannot be read, has rows of different lengths or lacks one of `numbers`.
    """
    with reading(path) as file:
        try:
            with io.TextIOWrapper(file, "utf-8", newline="") as text:
                header, *rows = list(csv.reader(text)) or [[]]
            table = {name: _array(cells) for name, *cells in zip(header, *rows, strict=True)}
        except (ValueError, csv.Error) as error:
            why = shortened(str(error), 200)
            raise RunFolderError(f"'{name_of(path)}' must be a CSV table with rows of one length; {why}.") from error
    for name in numbers:
        if name not in table:
            raise RunFolderError(f"'{name_of(path)}' must have a column {name}; it has none.")
        if table[name].dtype.kind not in "if":
            raise RunFolderError(f"'{name_of(path)}' must have numbers in its column {name}; it has text.")
    return table


def read_blocks(path: Path) -> "Iterator[dict[str, np.ndarray]]":
    """Read a table of numbers block by block, in memory that does not grow with its rows.

    A last line that was not written to its end, of a process that was killed, is left out.

    Yields
    ------
    dict of str to float64 array of shape (rows,)
        In the order of the file; an empty cell is NaN. A table without rows gives one block of none.

    Raises
    ------
    RunFolderError
        If the file is missing, cannot be read, or holds something else than rows of so many numbers.
    """
    import numpy as np

    with reading(path) as file:
        try:
            names = next(csv.reader([file.readline().decode()]), [])
            yield {name: np.empty(0) for name in names}
            while content := file.read(AT_ONCE) + file.readline():
                lines = content[: content.rfind(b"\n") + 1].replace(b"\r\n", b"\n")
                if lines:
                    yield dict(zip(names, _numbers(lines).T, strict=True))
        except (ValueError, csv.Error) as error:
            why = shortened(str(error), 200)
            raise RunFolderError(f"'{name_of(path)}' must be a CSV table of numbers; {why}.") from error


def _numbers(lines: bytes) -> "np.ndarray":
    """The cells of some lines, (rows, columns)."""
    import numpy as np

    if b",," in lines or b",\n" in lines or b"\n," in lines or lines.startswith(b","):
        lines = lines.replace(b",,", b",nan,").replace(b",,", b",nan,").replace(b",\n", b",nan\n")
        lines = lines.replace(b"\n,", b"\nnan,")
        lines = b"nan" + lines if lines.startswith(b",") else lines
    return np.loadtxt(io.BytesIO(lines), delimiter=",", comments=None, ndmin=2, encoding="ascii")


def _array(cells: list[str]) -> "np.ndarray":
    """One column as numbers where all its cells are, else as text."""
    import numpy as np  # `rnnlab runs` lists folders without it

    for kind, number in ((np.int64, int), (np.float64, lambda cell: float(cell or "nan"))):
        try:
            return np.fromiter(map(number, cells), kind, len(cells))
        except (ValueError, OverflowError):
            continue
    if max(map(len, cells)) * len(cells) > MOST_CHARACTERS:  # every row takes as much as the longest
        raise ValueError(f"a cell of {max(map(len, cells)):,} characters is too long")
    return np.array(cells, dtype="U")


def _header(path: Path) -> list[str]:
    with open(path, encoding="utf-8", newline="") as file:
        try:
            return next(csv.reader(file))
        except (ValueError, csv.Error) as error:
            raise RunFolderError(f"'{name_of(path)}' must begin with the names of its columns: {error}.") from error


def _list(column: object) -> object:
    """An array or other sequence as a list; a scalar as it is."""
    column = column.tolist() if hasattr(column, "tolist") else column  # type: ignore[union-attr]
    return list(column) if isinstance(column, Sequence) and not isinstance(column, str) else column


def _cells(column: object, rows: int) -> list[str]:
    """The cells of one column. Text apart, pydantic's writer does it four times as fast as ``repr``."""
    if not isinstance(column, list):
        return _cells([column], 1) * rows
    if not column:
        return []
    if any(kind is str or hasattr(kind, "isoformat") for kind in set(map(type, column))):
        return [_cell(value) for value in column]
    from pydantic_core import to_json  # `rnnlab --help` starts without it

    text = to_json(column).decode()[1:-1]
    return text.replace("null", "").replace("NaN", "").replace("Infinity", "inf").split(",")


def _cell(value: object) -> str:
    if isinstance(value, str):
        return _quoted(value)
    return value.isoformat() if hasattr(value, "isoformat") else _cells([value], 1)[0]  # type: ignore[union-attr]


def _quoted(text: str) -> str:
    """Text as one CSV cell, in quotes where it must be (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text
