"""Any CSV file with a date and a value column as a series."""

from itertools import chain
from pathlib import Path

import numpy as np

from rnnlab.data.prices.checks import check_not_zero, check_order
from rnnlab.data.prices.columns import date_column, named_column, other_figures, value_column
from rnnlab.data.prices.dates import parse_dates
from rnnlab.data.prices.numbers import decimal_mark, parse_numbers
from rnnlab.data.prices.tables import TextTable, read_text_table
from rnnlab.data.series import Series
from rnnlab.errors import DataError
from rnnlab.files import user_path


def load_csv(
    path: str | Path,
    date: str | None = None,
    value: str | None = None,
    *,
    date_format: str | None = None,
    decimal: str | None = None,
    at_least: int = 2,
) -> Series:
    """Read a daily series; rows that run newest first are turned round, and a note says so.

    Parameters
    ----------
    path : str or Path
        A text with a header line; comma, semicolon, tab or bar between its cells.
    date, value : str, optional
        Names of the two columns. Left out, the date column is the one called ``date`` (``timestamp``,
        ``observation_date``, ...) and the value column the one called ``close``, else the only column of
        numbers.
    date_format : str, optional
        See :func:`rnnlab.data.prices.dates.parse_dates`; needed where days and months could be exchanged.
    decimal : {"point", "comma"}, optional
        The decimal mark, found out from the values if left out.
    at_least : int
        Fewest rows to accept.

    Returns
    -------
    Series
        Named after the value column.

    Raises
    ------
    DataError
        In one sentence with file, line and what stands there: a file that cannot be read, a column that is
        not there or not to be told from others, too few rows, days that are doubled, unordered or could be
        read two ways, cells that are no finite numbers.
    """
    path = user_path(path)
    return series_from(read_text_table(path), date, value, date_format, decimal, at_least, path=path)


def series_from(
    table: TextTable,
    date: str | None = None,
    value: str | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
    at_least: int = 2,
    path: Path | None = None,
    *,
    zero: bool = True,
) -> Series:
    """The series inside a table; parameters and errors as for :func:`load_csv`, and whether 0 may be a value."""
    date_at = date_column(table) if date is None else named_column(table, date, "dates")
    value_at = value_column(table, date_at) if value is None else named_column(table, value, "values")
    column = table.columns[value_at]
    if date_at == value_at:
        raise DataError(f"{table.label}: dates and values must be two columns; both are {column!r}.")
    if len(table.rows) < at_least:
        raise DataError(f"{table.label}: must hold at least {at_least} rows; holds {len(table.rows)}.")

    lines, notes = table.lines, ()
    dates = parse_dates(table.cells(date_at), lines, table.label, date_format)
    texts = table.cells(value_at)
    others = (table.cells(at) for at in other_figures(table, {date_at, value_at}))
    mark = decimal_mark(texts, table.label, decimal, others=chain(*others), has_bare_commas=table.has_bare_commas)
    values = parse_numbers(texts, lines, table.label, column, mark)
    if len(dates) > 1 and (np.diff(dates) < np.timedelta64(0, "D")).all():
        dates, values, lines = dates[::-1].copy(), values[::-1].copy(), lines[::-1]
        notes = ("rows ran newest first and were turned round",)
    check_order(dates, lines, table.label)
    if not zero:
        check_not_zero(values, lines, table.label, column)
    return Series(dates, values, column, f"file {table.label}", table.sha256, path=path, notes=notes)
