"""Which column of a table holds the days, and which the values."""

import re

from rnnlab.data.prices.dates import looks_like_date
from rnnlab.data.prices.numbers import is_missing, looks_like_number
from rnnlab.data.prices.tables import TextTable, shown
from rnnlab.errors import DataError
from rnnlab.suggestions import did_you_mean

DATE_NAMES = ("date", "data", "timestamp", "datetime", "observation_date", "day", "trade_date", "datum")
CLOSE_NAMES = ("close", "close_last", "zamkniecie")
VALUE_NAMES = (*CLOSE_NAMES, "adj_close", "price", "value", "last")
PRICE_NAMES = {
    "open": ("open", "otwarcie"),
    "high": ("high", "najwyzszy"),
    "low": ("low", "najnizszy"),
    "volume": ("volume", "wolumen", "vol"),
    "adj_close": ("adj_close", "adjclose", "adjusted_close"),
}

_NO_FIGURES = {*DATE_NAMES, *PRICE_NAMES["volume"]}


def find_column(table: TextTable, names: tuple[str, ...]) -> int | None:
    """Position of the first column called by one of ``names``, whichever case and punctuation; None if there
    is none.

    Raises
    ------
    DataError
        Two columns share that name.
    """
    keys = [_key(column) for column in table.columns]
    for name in names:
        if keys.count(name) > 1:
            raise DataError(f"{table.label}: two columns are called {name!r}; {_listed(table)}.")
        if name in keys:
            return keys.index(name)
    return None


def named_column(table: TextTable, name: str, what: str) -> int:
    """Position of the column the user named.

    Raises
    ------
    DataError
        There is none, or more than one, of that name.
    """
    exact = [at for at, column in enumerate(table.columns) if column == name]
    found = exact or [at for at, column in enumerate(table.columns) if _key(column) == _key(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"{table.label}: {len(found)} columns are called {name!r}; {_listed(table)}.")
    guess = did_you_mean(name, table.columns, cutoff=0.6, shown=repr)
    raise DataError(f"{table.label}: no column {shown(name)} to take the {what} from{guess or ';'} {_listed(table)}.")


def date_column(table: TextTable) -> int:
    """Position of the column of days: by its name, else the only one whose cells are all written as dates.

    Raises
    ------
    DataError
        No such column, more than one, or a first line that is data.
    """
    if looks_like_date(table.columns[0]) or (len(table.columns) > 1 and all(map(looks_like_number, table.columns))):
        raise DataError(
            f"{table.label}:1: must name the columns; holds {shown(','.join(table.columns))}.",
            hint="Put a line such as date,close above the rows.",
        )
    named = find_column(table, DATE_NAMES)
    if named is not None:
        return named
    dates = [at for at in range(len(table.columns)) if all(map(looks_like_date, table.cells(at)))]
    if len(dates) == 1:
        return dates[0]
    if dates:
        raise DataError(f"{table.label}: more than one column could hold the dates; {_listed(table)}.")
    raise DataError(
        f"{table.label}: no column holds dates; {_listed(table)}.",
        hint="A table saved by pandas with index=False loses a date index: save it with the index.",
    )


def value_column(table: TextTable, dates: int) -> int:
    """Position of the column of values: ``close``, else the only one with a known name, else the only one of
    numbers.

    Parameters
    ----------
    table : TextTable
    dates : int
        Position of the column of days.

    Raises
    ------
    DataError
        No column, or more than one, qualifies.
    """
    close = find_column(table, CLOSE_NAMES)
    if close is not None:
        return close
    others = [at for at in range(len(table.columns)) if at != dates and not _counts_rows(table, at)]
    known = [at for at in others if _key(table.columns[at]) in VALUE_NAMES]
    numeric = known or [at for at in others if _mostly_numbers(table.cells(at))]
    if len(numeric) == 1:
        return numeric[0]
    if not numeric and len(others) == 1:
        return others[0]  # the reader of numbers says what is wrong with it
    reason = "more than one column could hold" if numeric else "no column holds"
    raise DataError(f"{table.label}: {reason} the values; name one; {_listed(table)}.")


def other_figures(table: TextTable, known: set[int]) -> list[int]:
    """Positions of further columns of figures: neither the known ones, nor days, nor volumes, whose commas may part
    thousands whatever the prices do.
    """
    others = [at for at in range(len(table.columns)) if at not in known and _key(table.columns[at]) not in _NO_FIGURES]
    return [at for at in others if _mostly_numbers(table.cells(at))]


def _counts_rows(table: TextTable, at: int) -> bool:
    """Whether a column is the row numbers that pandas writes before the others."""
    if _key(table.columns[at]) not in ("", "index", "unnamed_0"):
        return False
    return table.cells(at) in ([str(row + first) for row in range(len(table.rows))] for first in (0, 1))


def _mostly_numbers(cells: list[str]) -> bool:
    return sum(looks_like_number(cell) or is_missing(cell) for cell in cells) > len(cells) / 2


def _key(name: str) -> str:
    """``Adj Close`` and ``<CLOSE>`` as ``adj_close`` and ``close``."""
    return re.sub(r"[^0-9a-z]+", "_", name.casefold()).strip("_")


def _listed(table: TextTable) -> str:
    names = [name or "(no name)" for name in table.columns]
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"the columns are {shown(', '.join(names[:12]) + more, 200)[1:-1]}"
