"""Which columns of a table hold the times, and which the values."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rnnlab.data.reading.cells import TextTable, shown
from rnnlab.data.reading.numbers import is_missing, looks_like_number
from rnnlab.data.reading.times import STEP_NAMES, looks_like_stamp, looks_like_time
from rnnlab.errors import DataError
from rnnlab.suggestions import did_you_mean
from rnnlab.words import alike, key_of, listed

DATE_NAMES = (
    "date", "data", "datum", "timestamp", "datetime", "date_time", "observation_date", "trade_date", "day", "ds",
    "time", "month", "quarter", "week", "year", "yyyymm", "period", "time_period", "epoch", "unix",
    "unix_time",
)  # fmt: skip
CLOCK_NAMES = ("time", "hour", "clock")
PARTS = ("year", "month", "day", "hour", "minute")
CLOSE_NAMES = ("close", "close_last", "zamkniecie")
PRICE_NAMES = {
    "open": ("open", "otwarcie"),
    "high": ("high", "najwyzszy"),
    "low": ("low", "najnizszy"),
    "volume": ("volume", "wolumen", "vol"),
    "adj_close": ("adj_close", "adjclose", "adjusted_close"),
}
# What stands beside the close in a table of prices; with any other figures beside it the choice is asked.
_BESIDE_CLOSE = {name for names in PRICE_NAMES.values() for name in names} | {
    "dividends", "dividend", "ex_dividend", "capital_gains", "stock_splits", "split_ratio", "splits", "change",
    "change_pct", "adj_open", "adj_high", "adj_low", "adj_volume", "tickvol", "spread", "openint", "open_interest",
    "turnover", "average",
}  # fmt: skip
_OPTION_OF_DATES = "data.date_column in a config"
_OPTION_OF_VALUES = "data.value_column in a config, --column on the command line"
RENAME = "Give each column a name of its own, in the header."
_CLOCK = re.compile(r"\d{1,2}(?::\d{2}){1,2}(?:\.\d{1,9})?(?: ?[aApP][mM])?", re.ASCII)


@dataclass(frozen=True)
class TimeCells:
    """Where the times of a table stand.

    Attributes
    ----------
    key : str
        Of the column, in lower case.
    places : frozenset of int
        Positions of the columns that were used.
    texts : list of str, or None
        The times as written, joined where several columns hold them; None where the rows are only numbered.
    """

    key: str
    places: frozenset[int]
    texts: list[str] | None


def find_column(table: TextTable, names: Sequence[str], option: str | None = None) -> int | None:
    """Position of the first column called by one of ``names``, whichever case and punctuation; None if there
    is none. An `option` names a column as it is written.

    Raises
    ------
    DataError
        Two columns share that name.
    """
    keys = [key_of(column) for column in table.columns]
    for name in names:
        found = [at for at, key in enumerate(keys) if key == name]
        if len(found) > 1:
            hint = _name_one(table, found, option) if option else RENAME
            raise DataError(f"{table.label}: {len(found)} columns are called {name!r}; {_listed(table)}.", hint=hint)
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
    found = exact or [at for at, column in enumerate(table.columns) if alike(column, name)]
    if len(found) == 1:
        return found[0]
    if found:
        names = [shown(table.columns[at]) for at in found]
        hint = RENAME if len(set(names)) < len(names) else f"Write it as the file does: {listed(names, 'or')}."
        raise DataError(f"{table.label}: {len(found)} columns are called {name!r}; {_listed(table)}.", hint=hint)
    guess = did_you_mean(name, table.columns, cutoff=0.6, shown=repr)
    raise DataError(f"{table.label}: no column {shown(name)} to take the {what} from{guess or ';'} {_listed(table)}.")


def time_cells(table: TextTable, named: str | None = None, *, needed: bool = False) -> TimeCells:
    """The times of a table: the column that was named, else the one whose name says so, else the only one whose cells
    are all written as times, else step numbers; where every column holds numbers, the rows are numbered.

    Columns called year, month, day, hour and minute are joined, and so are a date and a time of day.

    Parameters
    ----------
    table : TextTable
    named : str, optional
    needed : bool
        Whether step numbers and numbered rows do not do.

    Raises
    ------
    DataError
        No such column, or more than one.
    """
    if named is not None:
        return _with_clock(table, named_column(table, named, "dates"))
    joined = _parts(table)
    if joined is not None:
        return joined
    keys = _keys_of_times(table)
    at = find_column(table, [name for name in DATE_NAMES if name in keys], _OPTION_OF_DATES)
    if at is not None:
        return _with_clock(table, at)
    written = [at for at in range(len(table.columns)) if all(map(looks_like_time, table.cells(at)))]
    if len(written) == 1:
        return _with_clock(table, written[0])
    if written:
        either = listed([shown(table.columns[at]) for at in written], "or")
        raise DataError(
            f"{table.label}: more than one column could hold the dates; {_listed(table)}.",
            hint=f"Say which: {_OPTION_OF_DATES}, {either}.",
        )
    steps = None if needed else find_column(table, sorted(STEP_NAMES))
    if steps is not None and all(map(looks_like_number, table.cells(steps))):
        return _one(table, steps)
    if needed or not all(mostly_numbers(table.cells(at)) for at in range(len(table.columns))):
        raise DataError(f"{table.label}: no column holds dates; {_listed(table)}.", hint=_no_dates(needed=needed))
    return TimeCells("", frozenset(), None)


def value_column(table: TextTable, times: TimeCells) -> int:
    """Position of the column of values: the close in a table of prices, else the only one of numbers.

    Raises
    ------
    DataError
        No column qualifies, or more than one: then the user is asked.
    """
    others = [at for at in range(len(table.columns)) if at not in times.places and not _counts_rows(table, at)]
    numeric = [at for at in others if mostly_numbers(table.cells(at))]
    close = find_column(table, CLOSE_NAMES, _OPTION_OF_VALUES)
    close = find_column(table, ("price",), _OPTION_OF_VALUES) if close is None else close
    if close is not None and all(key_of(table.columns[at]) in _BESIDE_CLOSE for at in numeric if at != close):
        return close
    if len(numeric) == 1:
        return numeric[0]
    if not numeric and len(others) == 1:
        return others[0]  # the reader of numbers says what is wrong with it
    reason = "more than one column could hold" if numeric else "no column holds"
    raise DataError(
        f"{table.label}: {reason} the values; name one; {_listed(table)}.",
        hint=_name_one(table, numeric, _OPTION_OF_VALUES) if numeric else None,
    )


def numeric_columns(table: TextTable, known: set[int]) -> list[int]:
    """Positions of further columns of figures: neither the known ones, nor times, nor volumes, whose commas may part
    thousands whatever the prices do.
    """
    no_figures = {*DATE_NAMES, *PRICE_NAMES["volume"]}
    others = [at for at in range(len(table.columns)) if at not in known and key_of(table.columns[at]) not in no_figures]
    return [at for at in others if mostly_numbers(table.cells(at))]


def mostly_numbers(cells: list[str]) -> bool:
    """Whether more than half of the cells that say anything are numbers; no column without any is one of numbers."""
    filled = [cell for cell in cells if not is_missing(cell)]
    return sum(map(looks_like_number, filled)) > len(filled) / 2


def is_time_name(name: str) -> bool:
    """Whether a column of that name holds times or step numbers."""
    return key_of(name) in DATE_NAMES or key_of(name) in STEP_NAMES


def _keys_of_times(table: TextTable) -> set[str]:
    """Names of columns whose first cells can be times; `data` is a word for dates in some languages alone."""
    keys = set()
    for at, column in enumerate(table.columns):
        key, first = key_of(column), next(filter(None, table.cells(at)), "")
        can_be = looks_like_time if key == "data" else looks_like_stamp
        if key in ("date", "datum", "timestamp", "datetime", "observation_date", "ds") or can_be(first):
            keys.add(key)
    return keys


def _one(table: TextTable, at: int) -> TimeCells:
    return TimeCells(key_of(table.columns[at]), frozenset({at}), table.cells(at))


def _with_clock(table: TextTable, at: int) -> TimeCells:
    """The times of a column, and of the one beside it that holds the times of day, where there is one."""
    days = _one(table, at)
    clock = find_column(table, CLOCK_NAMES)
    if clock in (None, at) or not all(map(_CLOCK.fullmatch, table.cells(clock))):
        return days
    texts = [f"{day} {time}" for day, time in zip(days.texts or (), table.cells(clock), strict=True)]
    return TimeCells(days.key, frozenset({at, clock}), texts)


def _parts(table: TextTable) -> TimeCells | None:
    """Times in columns of their own for year, month and what is below; None where there are no two of them."""
    keys = [key_of(column) for column in table.columns]
    places: list[int] = []
    for part in PARTS:
        if keys.count(part) != 1:
            break
        at = keys.index(part)
        if not all(cell.isascii() and cell.isdigit() and len(cell) <= 4 for cell in table.cells(at)):
            break
        places.append(at)
    if len(places) < 2:
        return None
    texts = [_iso(*(int(row[at]) for at in places)) for row in table.rows]
    return TimeCells("date", frozenset(places), texts)


def _iso(year: int, month: int, day: int | None = None, hour: int | None = None, minute: int = 0) -> str:
    text = f"{year:04d}-{month:02d}"
    if day is not None:
        text += f"-{day:02d}"
    return text if hour is None else f"{text} {hour:02d}:{minute:02d}"


def _counts_rows(table: TextTable, at: int) -> bool:
    """Whether a column is the row numbers that pandas writes before the others."""
    if key_of(table.columns[at]) not in ("", "index", "unnamed_0", "no", "nr", "row", "rownames", "id"):
        return False
    return table.cells(at) in ([str(row + first) for row in range(len(table.rows))] for first in (0, 1))


def _no_dates(*, needed: bool) -> str:
    if needed:
        return "A table saved by pandas with index=False loses a date index: save it with the index."
    return "Name the column: data.date_column in a config; plain numbers in it count as steps."


def _name_one(table: TextTable, among: Sequence[int], option: str) -> str:
    times = Counter(table.columns)
    names = (table.columns[at] for at in among)
    example = next((name for name in names if name and times[name] == 1), None)
    if example is None:
        return RENAME
    return f"Say which: {option}, e.g. {shown(example)}."


def _listed(table: TextTable) -> str:
    names = [name or "(no name)" for name in table.columns]
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"the columns are {shown(', '.join(names[:12]) + more, 200)[1:-1]}"
