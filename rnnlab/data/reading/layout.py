"""Where the table stands in a delimited text: its delimiter, what is above it, its header, what is below it."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from rnnlab.data.reading.cells import TextTable, content_hash, decoded, shown
from rnnlab.data.reading.columns import CLOSE_NAMES, PRICE_NAMES, is_time_name
from rnnlab.data.reading.numbers import is_missing, looks_like_number
from rnnlab.data.reading.times import looks_like_time
from rnnlab.errors import DataError
from rnnlab.words import count, key_of

DELIMITERS = ";\t|,"
NO_DELIMITER = "\x1f"  # no text that is read has one
LOOKED_AT = 200  # lines, to choose a delimiter and to find the header
HIGHEST_HEADER = 60  # lines above the rows
_QUOTED_FIGURE = re.compile(r'"[-+$€£( ]{0,4}\d[\d.,\' \u00a0\u202f]*[€%) ]{0,3}"')
_STATED = re.compile(r"sep=(.)", re.IGNORECASE)


@dataclass(frozen=True)
class _Row:
    line: int
    cells: list[str]

    @cached_property
    def has_time(self) -> bool:
        """Whether a cell is written as a day, a time or a period."""
        return any(map(looks_like_time, self.cells))

    @cached_property
    def is_data(self) -> bool:
        """Whether it holds a time, or mostly numbers."""
        filled = [cell for cell in self.cells if not is_missing(cell)]
        return self.has_time or 2 * sum(map(looks_like_number, filled)) > len(filled)

    def names(self, row: "_Row") -> bool:
        """Whether this row of mixed cells names the columns of the one below: text stands above a figure or a time."""
        pairs = zip(self.cells, row.cells, strict=False)
        return not self.has_time and any(
            not _is_figure(above) and not is_missing(above) and _is_figure(below) for above, below in pairs
        )


def _is_figure(cell: str) -> bool:
    return looks_like_number(cell) or looks_like_time(cell)


def parse_text_table(content: bytes, label: str) -> TextTable:
    """Bytes as a :class:`TextTable`: encoding, delimiter, line ends and header are found out, cells stay text.

    Parameters
    ----------
    content : bytes
        UTF-8 with or without byte order mark, UTF-16 with one, or a single-byte encoding. Lines above the header
        (a title, an address, ``sep=;``, a block of metadata) and notes below the rows are left out, and the table's
        notes say so; the two further header lines of a pandas dump are folded into one.
    label : str
        How messages name the text.

    Raises
    ------
    DataError
        Binary content, no rows under the header, an open quote, a row with too many or too few cells.
    """
    text = decoded(content, label)
    stated = _STATED.fullmatch(text.split("\n", 1)[0].strip())
    skipped = 1 if stated else 0
    delimiter = stated[1] if stated else _delimiter(text)
    rows = list(_rows(text, delimiter, label, skipped))
    if not rows:
        raise DataError(f"{label}: is empty; a header line and rows of a time and a value are needed.")
    at = _first_data_row(rows)
    head, body = _parted(rows, at)
    body, below = _without_footer(body)
    if not body:
        line = rows[0].cells
        raise DataError(
            f"{label}: holds one line and no rows under it; that line is {shown(delimiter.join(line))}."
            if len(rows) == 1
            else f"{label}: no line holds a time and a number; the first is {shown(delimiter.join(line))}."
        )
    columns, above = _header(head, body)
    width = len(columns)
    notes = _notes(above, below, has_header=bool(head))
    return TextTable(
        label,
        columns,
        [_fit(row.cells, width, f"{label}:{row.line}", delimiter) for row in body],
        [row.line for row in body],
        content_hash(content),
        has_bare_commas=delimiter == "," and not _QUOTED_FIGURE.search(text),
        notes=notes,
    )


def _rows(text: str, delimiter: str, label: str, skipped: int) -> Iterator[_Row]:
    """The lines that hold something, comments above the table left out; the first ``skipped`` are passed over."""
    stream = io.StringIO(text, newline="")
    for _ in range(skipped):
        stream.readline()
    reader, begun = csv.reader(stream, delimiter=delimiter, strict=True), False
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not any(cells) or (not begun and cells[0].startswith("#")):
                continue
            begun = True
            yield _Row(reader.line_num + skipped, cells)
    except csv.Error as problem:
        raise DataError(f"{label}:{reader.line_num + skipped}: cannot be read as CSV: {problem}.") from None


def _delimiter(text: str) -> str:
    """The delimiter that parts most of the lines into the same number of cells, two or more; a comma if none does."""
    lines = [line for line in text.splitlines()[:LOOKED_AT] if line.strip() and not line.startswith("#")]

    def agreement(delimiter: str) -> int:
        widths = Counter(len(cells) for cells in _split(lines, delimiter))
        widths.pop(1, None)
        return max(widths.values(), default=0)

    best = max(DELIMITERS, key=agreement)
    if best == "," and _are_decimal_commas(lines):
        return NO_DELIMITER
    return best if agreement(best) else ","


def _split(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    for line in lines:
        try:
            yield next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            continue


def _are_decimal_commas(lines: Sequence[str]) -> bool:
    """Whether commas part no cells: one column of figures such as 1,5 under a name without a comma."""
    name, *figures = lines
    return (
        "," not in name and not looks_like_number(name.strip()) and all(looks_like_number(x.strip()) for x in figures)
    )


def _first_data_row(rows: Sequence[_Row]) -> int | None:
    """Position of the first row of data: as wide as most are, and followed by another; None where there is none."""
    widths = Counter(len(_trimmed(row.cells)) for row in rows[:LOOKED_AT] if row.is_data).most_common(1)
    if not widths:
        return None
    for at, row in enumerate(rows[:HIGHEST_HEADER]):
        below = rows[at + 1] if at + 1 < len(rows) else None
        if (
            row.is_data
            and len(row.cells) >= widths[0][0]
            and (below is None or (below.is_data and not row.names(below)))
        ):
            return at
    return next(at for at, row in enumerate(rows) if row.is_data)


def _parted(rows: list[_Row], at: int | None) -> tuple[list[_Row], list[_Row]]:
    """The lines above the data, the header last, and the rows; what stands between both is a row with a fault."""
    if at is None:
        return rows[:1], rows[1:]
    named = [k for k in range(at) if any(map(is_time_name, rows[k].cells)) and len(_filled(rows[k].cells)) > 1]
    if named and _pandas_names(rows[:at]) is None:
        at = named[-1] + 1
    return rows[:at], rows[at:]


def _header(head: Sequence[_Row], body: Sequence[_Row]) -> tuple[tuple[str, ...], int]:
    """The names of the columns, and how many lines above them are left out; numbers where there is no header."""
    width = max(len(_trimmed(row.cells)) for row in body[:LOOKED_AT])
    if not head:
        return tuple(f"column {k + 1}" for k in range(width)), 0
    names, used = _pandas_names(head) or (head[-1].cells, 1)
    width = max(len(_trimmed(names)), min(width, len(names)))
    return tuple(names[:width]), len(head) - used


def _pandas_names(head: Sequence[_Row]) -> tuple[list[str], int] | None:
    """Names out of the two or three header lines of a pandas dump, and how many lines they stand in; None for another.

    The lines are those of the columns and of a ticker, in either order, and one that names the index alone.
    """
    block = [row.cells for row in head[-3:]]
    index = ""
    if len(block) > 1 and len(block[-1]) > 1 and block[-1][0] and len(_filled(block[-1])) == 1:
        index = block.pop()[0]
    upper, lower = block[-2:] if len(block) > 1 else ([], block[-1])
    is_double = len(upper) == len(lower) and (index or not lower[0] or "ticker" in (upper[0].lower(), lower[0].lower()))
    if not is_double:
        return ([index, *lower[1:]], 2) if index else None
    columns, tickers = (upper, lower) if _has_prices(upper) else (lower, upper)
    index = index or (columns[0] if is_time_name(columns[0]) else "Date")
    names = columns[1:]
    if len({*_filled(tickers[1:])}) > 1:
        names = [" ".join(_filled([ticker, name])) for ticker, name in zip(tickers[1:], names, strict=True)]
    return [index, *names], 2 + (len(head) > 2 and head[-1].cells != lower)


def _has_prices(cells: Sequence[str]) -> bool:
    names = {*CLOSE_NAMES, *chain(*PRICE_NAMES.values())}
    return any(key_of(cell) in names for cell in cells)


def _filled(cells: list[str]) -> list[str]:
    return [cell for cell in cells if cell]


def _trimmed(cells: list[str]) -> list[str]:
    """Cells without the empty ones at the end, which a trailing delimiter leaves."""
    end = len(cells)
    while end > 1 and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _without_footer(rows: list[_Row]) -> tuple[list[_Row], int]:
    """The rows without the lines of text below them, and how many those are."""
    end = len(rows)
    while end > 1 and len(_trimmed(rows[end - 1].cells)) == 1 < len(rows[0].cells) and not rows[end - 1].is_data:
        end -= 1
    return rows[:end], len(rows) - end


def _fit(cells: list[str], width: int, where: str, delimiter: str) -> list[str]:
    """A row with exactly one cell per column; empty cells beyond the last column are dropped."""
    fitted = _trimmed(cells)
    if len(fitted) > width or len(cells) < width:
        raise _unfit(cells, width, where, delimiter)
    return [*fitted, *[""] * (width - len(fitted))]


def _unfit(cells: list[str], width: int, where: str, delimiter: str) -> DataError:
    hint = None
    if len(cells) > width and delimiter == ",":
        hint = "Decimal commas need another delimiter (;) or quotes around the number."
    return DataError(
        f"{where}: must hold {width} cells as the header does; holds {len(cells)}: {shown(delimiter.join(cells))}.",
        hint=hint,
    )


def _notes(above: int, below: int, *, has_header: bool) -> tuple[str, ...]:
    notes = []
    if above:
        notes.append(f"{count(above, 'line')} above the header {'was' if above == 1 else 'were'} left out")
    if below:
        notes.append(f"{count(below, 'line')} below the rows {'was' if below == 1 else 'were'} left out")
    if not has_header:
        notes.append("no line names the columns; they are called column 1, column 2, ...")
    return tuple(notes)
