"""Any delimited file as columns over times, and what was understood of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.installed import data_path
from rnnlab.data.reading.cells import TextTable, read_bytes, shown
from rnnlab.data.reading.columns import TimeCells, named_column, numeric_columns, time_cells, value_column
from rnnlab.data.reading.layout import parse_text_table
from rnnlab.data.reading.numbers import decimal_mark, is_missing, marks_in_words, numbers_or_nan
from rnnlab.data.reading.times import Times, parse_times
from rnnlab.data.series import Series, label
from rnnlab.errors import DataError
from rnnlab.files import name_of
from rnnlab.words import count

SAME_VALUE = 1e-5  # relative; a source's rounding is below it


@dataclass(frozen=True, eq=False)
class Figures:
    """The rows of a table as times and numbers, in the order of the file.

    Attributes
    ----------
    times : Times
    columns : dict of str to ndarray of float64, shape (N,)
        NaN where a cell holds no number.
    lines : ndarray of int, shape (N,)
    marks : str or None
        The marks of the figures, in words.
    notes : tuple of str
    odd : dict of int to str
        What stands on a line in place of a number.
    """

    times: Times
    columns: dict[str, NDArray[np.float64]]
    lines: NDArray[np.int64]
    marks: str | None
    notes: tuple[str, ...]
    odd: dict[int, str]


def read_text_table(path: Path) -> TextTable:
    """A delimited file as a table of cells; see :func:`read_bytes` and :func:`parse_text_table` for its errors."""
    return parse_text_table(read_bytes(path), name_of(path))


def load_csv(
    path: str | Path,
    date: str | None = None,
    value: str | None = None,
    *,
    date_format: str | None = None,
    decimal: str | None = None,
    beside: Sequence[str] = (),
    at_least: int = 2,
) -> Series:
    """Read a series over times of any kind; what was done to its rows stands in its notes.

    Parameters
    ----------
    path : str or Path
        Delimited text: commas, semicolons, tabs or bars. There may be lines above the header and below the rows.
        `package:NAME/inside/file` is a file of an installed package (:func:`rnnlab.data.installed.data_path`).
    date, value : str, optional
        Names of the two columns. Left out, the column of times is the one with such a name, else the only one whose
        cells are all written as times, else one of step numbers; where every column holds numbers, the rows are
        numbered. The column of values is the close of a table of prices, else the only one of numbers.
    date_format : str, optional
        See :func:`rnnlab.data.reading.times.parse_times`; needed where days and months could be exchanged.
    decimal : {"point", "comma"}, optional
        The decimal mark, found out from the values if left out.
    beside : sequence of str
        Further columns of numbers to read.
    at_least : int
        Fewest rows to accept.

    Returns
    -------
    Series
        Named after the value column; NaN where a row has no number (:mod:`rnnlab.data.missing` settles that).

    Raises
    ------
    DataError
        In one sentence with file, line and what stands there: a file that cannot be read, a column that is
        not there or not to be told from others, too few rows, times with two values or that could be read two ways.
    """
    path = data_path(path)
    return series_from(read_text_table(path), date, value, date_format, decimal, at_least, path=path, beside=beside)


def series_from(
    table: TextTable,
    date: str | None = None,
    value: str | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
    at_least: int = 2,
    path: Path | None = None,
    beside: Sequence[str] = (),
) -> Series:
    """The series inside a table; parameters and errors as for :func:`load_csv`."""
    times = time_cells(table, date)
    value_at = value_column(table, times) if value is None else named_column(table, value, "values")
    column = table.columns[value_at]
    if value_at in times.places:
        raise DataError(f"{table.label}: dates and values must be two columns; both are {column!r}.")
    if len(table.rows) < at_least:
        raise DataError(f"{table.label}: must hold at least {at_least} rows; holds {len(table.rows)}.")
    name = column or "value"
    places = {name: value_at} | _further(table, times, beside, value_at)
    found = in_order(figures(table, times, places, date_format, decimal), table.label)
    return Series(
        found.times.stamps,
        found.columns,
        name,
        f"file {table.label}",
        table.sha256,
        name,
        found.times.period,
        found.times.zone,
        path,
        notes=found.notes,
        marks=found.marks,
        lines=found.lines,
        odd=found.odd,
    )


def _further(table: TextTable, times: TimeCells, names: Sequence[str], value_at: int) -> dict[str, int]:
    """Further columns by their names in the file, where they are not the values."""
    places = {}
    for name in names:
        at = named_column(table, name, "values")
        if at in times.places:
            raise DataError(f"{table.label}: {shown(name)} holds the dates, and cannot be a column of numbers.")
        if at != value_at:
            places[table.columns[at]] = at
    return places


def figures(
    table: TextTable,
    times: TimeCells,
    places: dict[str, int],
    date_format: str | None = None,
    decimal: str | None = None,
    own_marks: dict[str, str] | None = None,
) -> Figures:
    """The times of a table, and the numbers in some of its columns.

    Parameters
    ----------
    table : TextTable
    times : TimeCells
    places : dict of str to int
        The columns to read: what to call each, and its position.
    date_format, decimal : str, optional
        See :func:`load_csv`.
    own_marks : dict of str to {".", ","}, optional
        Columns that have a decimal mark of their own.

    Returns
    -------
    Figures
        A cell that holds no number is NaN, and a note counts those that hold something else than a sign of a missing
        value.

    Raises
    ------
    DataError
        Times that cannot be read, marks that could be either, or a column in which no cell is a number.
    """
    own = own_marks or {}
    texts = {name: table.cells(at) for name, at in places.items()}
    stamps = _times(table, times, date_format)
    shared = [cell for name, cells in texts.items() if name not in own for cell in cells]
    known = {*times.places, *places.values()}
    others = chain(*(table.cells(at) for at in numeric_columns(table, known)))
    mark = decimal_mark(shared, table.label, decimal, others=others, has_bare_commas=table.has_bare_commas)
    notes = list(table.notes)
    columns, odd = {}, {}
    for name, cells in texts.items():
        columns[name] = numbers_or_nan(cells, own.get(name, mark))
        notes += _odd_cells(table, table.columns[places[name]], cells, columns[name])
        odd |= {table.lines[row]: cells[row] for row in np.flatnonzero(np.isnan(columns[name])).tolist()}
    if times.texts is None:
        notes.append("no column holds times; the rows are numbered from 1")
    return Figures(stamps, columns, np.array(table.lines), marks_in_words(shared, mark), tuple(notes), odd)


def in_order(found: Figures, where: str) -> Figures:
    """Figures oldest first, each time once; notes say what was done.

    Raises
    ------
    DataError
        A time stands there twice, with two values.
    """
    stamps = found.times.stamps
    steps = np.diff(stamps)
    zero = np.zeros((), steps.dtype)
    if (steps > zero).all():
        return found
    if (steps <= zero).all():
        note, order = "rows ran newest first and were turned round", np.arange(len(stamps))[::-1]
    else:
        note, order = "rows were not in the order of time and were sorted", np.argsort(stamps, kind="stable")
    return _once(_rows(found, order, *[note] * bool((steps < zero).any())), where)


def understood(series: Series) -> str:
    """What was read, in one line: rows, frequency, first and last time, column and marks."""
    parts = [f"{series.rows:,} rows", series.calendar.words, f"{series.first} to {series.last}"]
    if series.zone:
        parts[-1] += f" ({series.zone})"
    parts.append("column" + "s" * (len(series.columns) > 1) + " " + ", ".join(map(shown, series.columns)))
    return ", ".join([*parts, *([series.marks] if series.marks else [])])


def _times(table: TextTable, cells: TimeCells, date_format: str | None) -> Times:
    if cells.texts is None:
        return Times(np.arange(1, len(table.rows) + 1))
    return parse_times(cells.texts, table.lines, table.label, date_format, cells.key)


def _odd_cells(table: TextTable, column: str, cells: Sequence[str], values: NDArray[np.float64]) -> list[str]:
    """A note on cells that are neither numbers nor signs of a missing value; DataError where no cell is a number."""
    odd = [row for row in np.flatnonzero(np.isnan(values)).tolist() if not is_missing(cells[row])]
    if odd and np.isnan(values).all():
        raise DataError(
            f"{table.label}:{table.lines[odd[0]]}: {shown(column)} must be a number; got {shown(cells[odd[0]])}."
        )
    if not odd:
        return []
    what = f"{shown(cells[odd[0]])} on line {table.lines[odd[0]]}"
    if len(odd) == 1:
        return [f"{what} is no number in {shown(column)} and counts as missing"]
    return [f"{count(len(odd), 'cell')} of {shown(column)} are no numbers (the first is {what}) and count as missing"]


def _rows(found: Figures, keep: NDArray[Any], *notes: str) -> Figures:
    return replace(
        found,
        times=replace(found.times, stamps=found.times.stamps[keep]),
        columns={name: values[keep] for name, values in found.columns.items()},
        lines=found.lines[keep],
        notes=(*found.notes, *notes),
    )


def _once(found: Figures, where: str) -> Figures:
    """Ascending figures without the rows that repeat a time with the same values."""
    stamps = found.times.stamps
    unique, first, group = np.unique(stamps, return_index=True, return_inverse=True)
    if len(unique) == len(stamps):
        return found
    agrees = np.ones(len(stamps), dtype=bool)
    for values in found.columns.values():
        agrees &= np.isclose(values, values[first][group], rtol=SAME_VALUE, atol=0, equal_nan=True)
    if not agrees.all():
        row = int(np.argmin(agrees))
        one, two = sorted((int(found.lines[first[group[row]]]), int(found.lines[row])))
        more = len(np.unique(group[~agrees])) - 1
        raise DataError(
            f"{where}:{two}: each time must have one value; {label(stamps[row], found.times.period)} has two, on line "
            f"{one} and on line {two}" + (f" (and {more} more times have several)." if more else "."),
            hint="Remove the rows that repeat a time, or put them into a file of their own.",
        )
    doubled = len(stamps) - len(unique)
    words = "that repeats another was" if doubled == 1 else "that repeat others were"
    return _rows(found, first, f"{count(doubled, 'row')} {words} left out")
