"""Files that a person downloaded by hand: which site's they are, and the bars inside."""

from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from rnnlab.data.prices.bars import Bars, ascending, cleaned, fault, runs_backwards, with_close
from rnnlab.data.prices.checks import check_not_zero, check_order
from rnnlab.data.prices.columns import PRICE_NAMES, date_column, find_column, other_figures, value_column
from rnnlab.data.prices.dates import parse_dates
from rnnlab.data.prices.numbers import decimal_mark, is_missing, looks_like_number, parse_numbers, told_marks
from rnnlab.data.prices.tables import TextTable, shown
from rnnlab.errors import DataError

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
    """A file's bars, the site it is recognised to be from, its adjustment, and the symbol that a column names; None
    where nothing tells.
    """

    bars: Bars
    site: str | None
    adjustment: str | None
    symbol: str | None


def bars_from(table: TextTable, date_format: str | None = None, decimal: str | None = None) -> Imported:
    """The bars inside a table from any of the sites, or from anywhere else that has a date and a value
    column.

    Parameters
    ----------
    table : TextTable
    date_format : str, optional
        See :func:`rnnlab.data.prices.dates.parse_dates`.
    decimal : {"point", "comma"}, optional
        The decimal mark, found out from the prices if left out.

    Returns
    -------
    Imported
        Days without a close are left out, rows that ran newest first are turned round, and what cannot be right
        is treated as :func:`rnnlab.data.prices.bars.cleaned` does; notes say so.

    Raises
    ------
    DataError
        As :func:`rnnlab.data.prices.csv.load_csv` does; several symbols in one file.
    """
    table = _one_header(table)
    date_at = date_column(table)
    close_at = value_column(table, date_at)
    site, adjustment = _site(table)
    if site == "nasdaq" and date_format is None:
        date_format = _NASDAQ_DATES
    dates = parse_dates(table.cells(date_at), table.lines, table.label, date_format)
    places = {"close": close_at}
    if find_column(table, ("close", "close_last", "zamkniecie", "price")) == close_at:
        places |= {name: at for name, names in PRICE_NAMES.items() if (at := find_column(table, names)) is not None}
    columns, notes = _columns(table, date_at, places, decimal)
    bars, lines = Bars(dates, columns), np.array(table.lines)
    if runs_backwards(dates):
        bars, lines = ascending(bars), lines[::-1]
        notes.append("rows ran newest first and were turned round")
    bars = _checked(bars, lines, table, close_at, notes)
    return Imported(bars, site, adjustment, _symbol(table))


def _checked(bars: Bars, lines: np.ndarray, table: TextTable, close_at: int, notes: list[str]) -> Bars:
    present = np.isfinite(bars.close)
    if not present.any():
        raise DataError(f"{table.label}: no day has a value under {shown(table.columns[close_at])}.")
    if not present.all():
        missing = int((~present).sum())
        days = "1 day without a value was" if missing == 1 else f"{missing} days without a value were"
        notes.append(f"{days} left out")
    bars = cleaned(replace(with_close(bars), notes=tuple(notes)))
    if fault(bars):  # much is wrong with it, and nothing was left out
        check_not_zero(bars.close, lines[present].tolist(), table.label, table.columns[close_at])
        check_order(bars.dates, lines[present].tolist(), table.label)
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


def _columns(
    table: TextTable, date_at: int, places: dict[str, int], decimal: str | None
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Numbers by name; a volume that is not made of numbers (``1.2M``) is left out with a note."""
    notes: list[str] = []
    volume = table.cells(places["volume"]) if "volume" in places else []
    if not all(is_missing(cell) or looks_like_number(cell) for cell in volume):
        del places["volume"]
        notes.append("the volume is not written in numbers and was left out")
    prices = [cell for name, at in places.items() if name != "volume" for cell in table.cells(at)]
    others = (table.cells(at) for at in other_figures(table, {date_at, *places.values()}))
    mark = decimal_mark(prices, table.label, decimal, others=chain(*others), has_bare_commas=table.has_bare_commas)
    columns = {}
    for name, at in places.items():
        own = _volume_mark(table.cells(at), mark) if name == "volume" else mark
        columns[name] = parse_numbers(table.cells(at), table.lines, table.label, table.columns[at], own, missing=True)
    return columns, notes


def _volume_mark(cells: list[str], mark: str) -> str:
    """Volumes are whole numbers: a comma before three digits parts thousands, whatever the prices do."""
    if any("," in cell for cell in cells) and all(_in_thousands(cell) for cell in cells):
        return "."
    return next(told_marks(cells), mark)


def _in_thousands(cell: str) -> bool:
    return is_missing(cell) or all(len(group) == 3 for group in cell.split(",")[1:])


def _site(table: TextTable) -> tuple[str | None, str | None]:
    for names, site, adjustment in _SITES:
        found = [at for name in names if (at := find_column(table, (name,))) is not None]
        if len(found) == len(names) and found == sorted(found):
            return site, adjustment
    return None, None


def _one_header(table: TextTable) -> TextTable:
    """The table without the two further header lines of a pandas dump with a ticker over its columns."""
    rows = table.rows
    if len(rows) < 3 or rows[0][0] != "Ticker" or rows[1][0] not in ("Date", "Datetime"):
        return table
    tickers = set(rows[0][1:]) - {""}
    if len(tickers) > 1:
        raise _several(table, tickers)
    return replace(table, columns=(rows[1][0], *table.columns[1:]), rows=rows[2:], lines=table.lines[2:])
