"""Files that a person downloaded by hand: which site's they are, and the bars inside."""

from dataclasses import dataclass, replace

import numpy as np

from rnnlab.data.calendar import calendar_of
from rnnlab.data.prices.bars import Bars, ascending, cleaned, fault, runs_backwards, with_close
from rnnlab.data.prices.checks import check_not_zero, check_order
from rnnlab.data.reading.cells import TextTable, shown
from rnnlab.data.reading.columns import (
    CLOSE_NAMES,
    PRICE_NAMES,
    find_column,
    mostly_numbers,
    named_column,
    time_cells,
    value_column,
)
from rnnlab.data.reading.numbers import is_missing, told_marks
from rnnlab.data.reading.reader import Figures, figures
from rnnlab.data.series import label
from rnnlab.errors import DataError
from rnnlab.words import key_of

# Columns that give a site away by their order, the site, and how its prices are adjusted where that is known.
# Yahoo put the adjusted closes behind the volume as long as its closes were raw; so did Quandl.
_SITES = (
    (("close_last",), "nasdaq", "split"),
    (("close", "adj_close", "volume"), "yahoo", "split"),
    (("adj_close", "close", "volume"), "yahoo", "split"),
    (("zamkniecie",), "stooq (Polish)", None),
    (("observation_date",), "fred", None),
)
_NASDAQ_DATES = "%m/%d/%Y"


@dataclass(frozen=True)
class Imported:
    """A file's bars, the site it is recognised to be from, its adjustment, and the symbol that a column names, None
    where nothing tells; and what was understood, in one line.
    """

    bars: Bars
    site: str | None
    adjustment: str | None
    symbol: str | None
    understood: str


def bars_from(
    table: TextTable, date_format: str | None = None, decimal: str | None = None, column: str | None = None
) -> Imported:
    """The bars inside a table from any of the sites, or from anywhere else that has days and a column of values.

    Parameters
    ----------
    table : TextTable
    date_format : str, optional
        See :func:`rnnlab.data.reading.times.parse_times`.
    decimal : {"point", "comma"}, optional
        The decimal mark, found out from the prices if left out.
    column : str, optional
        Name of the column to take as the closes; left out, found as by
        :func:`rnnlab.data.reading.columns.value_column`.

    Returns
    -------
    Imported
        Days without a close are left out, rows that ran newest first are turned round, and what cannot be right
        is treated as :func:`rnnlab.data.prices.bars.cleaned` does; notes say so.

    Raises
    ------
    DataError
        As :func:`rnnlab.data.reading.reader.load_csv` does; several symbols in one file, several rows a day.
    """
    symbol = _symbol(table)
    times = time_cells(table, needed=True)
    close_at = value_column(table, times) if column is None else named_column(table, column, "closes")
    site, adjustment = _site(table)
    if site == "nasdaq" and date_format is None:
        date_format = _NASDAQ_DATES
    places, notes = {"close": close_at}, []
    if _is_price(table, close_at):
        more, notes = _further(table, close_at)
        places |= more
    own = {"volume": _volume_mark(table.cells(places["volume"]))} if "volume" in places else {}
    found = figures(table, times, places, date_format, decimal, {name: mark for name, mark in own.items() if mark})
    bars, lines = Bars(_days(found, table), found.columns, notes=(*found.notes, *notes)), found.lines
    if runs_backwards(bars.dates):
        bars, lines = ascending(bars), lines[::-1]
        bars = replace(bars, notes=(*bars.notes, "rows ran newest first and were turned round"))
    bars = _checked(bars, lines, table, close_at)
    return Imported(bars, site, adjustment, symbol, _told(bars, table.columns[close_at], found))


def _is_price(table: TextTable, at: int) -> bool:
    """Whether a column is called a close or a price: 0 is none, and others may stand beside it."""
    return key_of(table.columns[at]) in (*CLOSE_NAMES, "price")


def _days(found: Figures, table: TextTable) -> np.ndarray:
    """The rows' days; DataError where the times of a day count."""
    stamps = found.times.stamps
    if not np.issubdtype(stamps.dtype, np.datetime64):
        raise DataError(f"{table.label}: prices are kept by day; its rows are only numbered.")
    days = stamps.astype("datetime64[D]")
    if stamps.dtype != days.dtype and len(np.unique(days)) < len(days):
        raise DataError(
            f"{table.label}: prices are kept by day; it holds several rows a day, e.g. {label(stamps[0])}.",
            hint="Train on the file itself: data.kind: csv and data.path in a config.",
        )
    return days


def _told(bars: Bars, column: str, found: Figures) -> str:
    """What was understood, in one line."""
    parts = [f"{bars.rows:,} rows", calendar_of(bars.dates).words]
    parts += [f"{label(bars.dates[0], found.times.period)} to {label(bars.dates[-1], found.times.period)}"]
    return ", ".join([*parts, f"closes from {shown(column)}", *([found.marks] if found.marks else [])])


def _checked(bars: Bars, lines: np.ndarray, table: TextTable, close_at: int) -> Bars:
    present = np.isfinite(bars.close)
    if not present.any():
        raise DataError(f"{table.label}: no day has a value under {shown(table.columns[close_at])}.")
    notes = bars.notes
    if not present.all():
        missing = int((~present).sum())
        days = "1 day without a value was" if missing == 1 else f"{missing} days without a value were"
        notes = (*notes, f"{days} left out")
    zero_is_a_value = not _is_price(table, close_at) or bool((bars.close < 0).any())
    bars = cleaned(replace(with_close(bars), notes=notes), zero_is_a_value=zero_is_a_value)
    if fault(bars, zero_is_a_value=zero_is_a_value):  # much is wrong with it, and nothing was left out
        check_order(bars.dates, lines[present].tolist(), table.label)
        check_not_zero(bars.close, lines[present].tolist(), table.label, table.columns[close_at])
    return bars


def _symbol(table: TextTable) -> str | None:
    """The symbol that a column of the file names, or None.

    Raises
    ------
    DataError
        It names several.
    """
    at = find_column(table, ("symbol", "ticker"))
    names = set(table.cells(at)) - {""} if at is not None else set()
    if len(names) > 1:
        raise _several(table, names)
    return names.pop() if names else None


def _several(table: TextTable, names: set[str]) -> DataError:
    listed = ", ".join(sorted(names)[:5]) + (", ..." if len(names) > 5 else "")
    return DataError(f"{table.label}: holds several symbols ({shown(listed)[1:-1]}); save a file for each.")


def _further(table: TextTable, close_at: int) -> tuple[dict[str, int], list[str]]:
    """Positions of the other prices and of the volume; one not in numbers (``1.2M``) is left out with a note."""
    places, notes = {}, []
    for name, names in PRICE_NAMES.items():
        at = find_column(table, names)
        if at is None or at == close_at:
            continue
        if mostly_numbers(table.cells(at)):
            places[name] = at
        elif not all(map(is_missing, table.cells(at))):
            notes.append(
                f"the {name.replace('adj_close', 'adjusted close')} is not written in numbers and was left out"
            )
    return places, notes


def _volume_mark(cells: list[str]) -> str | None:
    """Volumes are whole numbers: a comma before three digits parts thousands, whatever the prices do."""
    if any("," in cell for cell in cells) and all(_in_thousands(cell) for cell in cells):
        return "."
    return next(told_marks(cells), None)


def _in_thousands(cell: str) -> bool:
    return is_missing(cell) or all(len(group) == 3 for group in cell.split(",")[1:])


def _site(table: TextTable) -> tuple[str | None, str | None]:
    for names, site, adjustment in _SITES:
        found = [at for name in names if (at := find_column(table, (name,))) is not None]
        if len(found) == len(names) and found == sorted(found):
            return site, adjustment
    return None, None
