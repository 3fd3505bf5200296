"""Daily bars as they come from a source and as they lie in a file: days, closes, and what else there is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from rnnlab.data.reading.columns import find_column
from rnnlab.data.reading.layout import parse_text_table
from rnnlab.data.reading.numbers import parse_numbers
from rnnlab.data.reading.times import parse_days
from rnnlab.words import count

COLUMNS = ("close", "open", "high", "low", "volume", "adj_close")  # in the order of a stored file
SAME_PRICE = 1e-5  # relative; a source's rounding is below it, any split or dividend above


@dataclass(frozen=True, eq=False)
class Bars:
    """Prices over days, oldest first.

    Attributes
    ----------
    dates : ndarray of datetime64[D], shape (N,)
    columns : mapping of str to ndarray of float64, shape (N,)
        ``close`` always; any of ``open``, ``high``, ``low``, ``volume``, ``adj_close``, NaN where a day
        lacks it.
    currency : str or None
    notes : tuple of str
        What the reader of the numbers should know.
    address : str or None
        Where they were asked for, without key.
    """

    dates: np.ndarray
    columns: Mapping[str, np.ndarray]
    currency: str | None = None
    notes: tuple[str, ...] = ()
    address: str | None = None

    @property
    def close(self) -> np.ndarray:
        """Closing prices, shape (N,)."""
        return self.columns["close"]

    @property
    def rows(self) -> int:
        """Number of days."""
        return len(self.dates)

    @property
    def first(self) -> date:
        """The earliest day."""
        return self.dates[0].item()

    @property
    def last(self) -> date:
        """The latest day."""
        return self.dates[-1].item()

    def where(self, keep: np.ndarray) -> "Bars":
        """The bars at the rows that a mask of shape (N,) or an index array picks."""
        return replace(self, dates=self.dates[keep], columns={n: v[keep] for n, v in self.columns.items()})

    def between(self, start: date | None, end: date | None) -> "Bars":
        """The bars from ``start`` to ``end``, both included; None leaves a side open."""
        keep = np.ones(self.rows, dtype=bool)
        if start is not None:
            keep &= self.dates >= np.datetime64(start, "D")
        if end is not None:
            keep &= self.dates <= np.datetime64(end, "D")
        return self if keep.all() else self.where(keep)


def runs_backwards(dates: np.ndarray) -> bool:
    """Whether days run newest first, the same day twice let through."""
    return len(dates) > 1 and dates[0] > dates[-1] and bool((np.diff(dates) <= np.timedelta64(0, "D")).all())


def ascending(bars: Bars) -> Bars:
    """The same bars oldest first, where they ran newest first."""
    return bars.where(np.arange(bars.rows)[::-1]) if runs_backwards(bars.dates) else bars


def with_close(bars: Bars) -> Bars:
    """The bars without the days that have no close."""
    return bars.where(~np.isnan(bars.close))


def without_zeros(bars: Bars) -> Bars:
    """The bars without the days that have a close of 0, which nobody paid, and a note that names them; as they are
    where that is more than half of the days.
    """
    zero = bars.close == 0
    if not zero.any() or 2 * zero.sum() > bars.rows:
        return bars
    left_out = f"{counted(bars.dates[zero], 'day')} with a close of 0 {_was(zero)} left out"
    return replace(bars.where(~zero), notes=(*bars.notes, left_out))


def cleaned(bars: Bars, *, zero_is_a_value: bool = False) -> Bars:
    """Bars in order without what cannot be right; a note says what was done.

    Left out are days with a close of 0 or with two different closes, adjusted closes as a whole where a day has
    none or one of another sign than its close, other prices below 0 where no close is, volumes below 0. A close
    below 0 is a price: oil had one. Where more days than are left would go, the bars stay as they are, and
    :func:`fault` says what is wrong with them.

    Parameters
    ----------
    bars : Bars
        Every day with a close.
    zero_is_a_value : bool
        Whether a close of 0 stays: of a spread, a rate or a temperature.
    """
    found = _once_a_day(_sorted(bars if zero_is_a_value else without_zeros(bars)))
    if 2 * found.rows < bars.rows:
        return bars
    return _plausible(_with_adjusted(found))


def _sorted(bars: Bars) -> Bars:
    if not (np.diff(bars.dates) < np.timedelta64(0, "D")).any():
        return bars
    order = np.argsort(bars.dates, kind="stable")
    return replace(bars.where(order), notes=(*bars.notes, "rows were not in the order of days and were sorted"))


def _once_a_day(bars: Bars) -> Bars:
    """Sorted bars with one row a day: the first of several that agree, none of several that do not."""
    days, first, row_day = np.unique(bars.dates, return_index=True, return_inverse=True)
    if len(days) == bars.rows:
        return bars
    agrees = np.isclose(bars.close, bars.close[first][row_day], rtol=SAME_PRICE, atol=0)
    is_torn = np.bincount(row_day, weights=~agrees) > 0
    is_doubled = (np.bincount(row_day) > 1) & ~is_torn
    notes = list(bars.notes)
    if is_doubled.any():
        notes.append(f"{counted(days[is_doubled], 'day')} stood there more than once with one close")
    if is_torn.any():
        notes.append(f"{counted(days[is_torn], 'day')} with two different closes {_was(is_torn)} left out")
    return replace(bars.where(first[~is_torn]), notes=tuple(notes))


def _with_adjusted(bars: Bars) -> Bars:
    """The bars, without their adjusted closes where those do not hold for every day."""
    if "adj_close" not in bars.columns:
        return bars
    adjusted = bars.columns["adj_close"]
    wrong = ~np.isfinite(adjusted) | (np.sign(adjusted) != np.sign(bars.close))
    if not wrong.any():
        return bars
    others = {name: values for name, values in bars.columns.items() if name != "adj_close"}
    note = f"adjusted closes were left out: {counted(bars.dates[wrong], 'day')} had none that can be right"
    return replace(bars, columns=others, notes=(*bars.notes, note))


def _plausible(bars: Bars) -> Bars:
    """The bars with NaN in place of infinite opens, highs, lows and volumes, and of negative ones."""
    columns, notes = dict(bars.columns), list(bars.notes)
    can_be_negative = bool((bars.close < 0).any())
    for name in ("open", "high", "low", "volume"):
        values = bars.columns.get(name)
        if values is None:
            continue
        wrong = np.isinf(values) | ((values < 0) & (name == "volume" or not can_be_negative))
        if wrong.any():
            columns[name] = np.where(wrong, np.nan, values)
            notes.append(f"{name} cannot be right on {counted(bars.dates[wrong], 'day')} and was left out there")
    return replace(bars, columns=columns, notes=tuple(notes))


def counted(days: np.ndarray, what: str) -> str:
    """``1 day (2024-01-03)``, ``12 days (the first is 2024-01-03)``."""
    return f"{count(len(days), what)} ({'' if len(days) == 1 else 'the first is '}{days[0]})"


def _was(which: np.ndarray) -> str:
    return "was" if which.sum() == 1 else "were"


def fault(bars: Bars, *, zero_is_a_value: bool = False) -> str | None:
    """What forbids keeping these bars, in words, or None: days must ascend, closes be finite and not 0."""
    if not bars.rows:
        return "no day has a close"
    steps = np.diff(bars.dates)
    if (steps <= np.timedelta64(0, "D")).any():
        row = int(np.flatnonzero(steps <= np.timedelta64(0, "D"))[0])
        same = bars.dates[row] == bars.dates[row + 1]
        return f"{bars.dates[row + 1]} {'stands twice' if same else f'follows {bars.dates[row]}'}"
    for name, values in bars.columns.items():
        wrong = np.isinf(values) | ((values < 0) & (name == "volume"))
        if name in ("close", "adj_close"):
            wrong |= np.isnan(values) | ((values == 0) & (not zero_is_a_value))
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            return f"{name} is {values[row]:g} on {bars.dates[row]}"
    return None


def merged(old: Bars, new: Bars) -> Bars | None:
    """Old bars continued by new ones, which take over from their first day on.

    Parameters
    ----------
    old, new : Bars
        Of one source and one adjustment; ``new`` begins within the last days of ``old``.

    Returns
    -------
    Bars or None
        None where the days both have do not agree (but for the last old one, which may have been unfinished):
        the history was adjusted, and must be fetched whole.
    """
    if not new.rows or set(old.columns) != set(new.columns):
        return None
    shared = old.where((old.dates >= new.dates[0]) & (old.dates < old.dates[-1]))
    again = new.where(new.dates < old.dates[-1])
    if not shared.rows or not np.array_equal(shared.dates, again.dates) or new.dates[-1] < old.dates[-1]:
        return None
    for name in {"close", "adj_close"} & set(old.columns):
        if not np.allclose(shared.columns[name], again.columns[name], rtol=SAME_PRICE, atol=0):
            return None
    before = old.dates < new.dates[0]
    return Bars(
        np.concatenate([old.dates[before], new.dates]),
        {name: np.concatenate([values[before], new.columns[name]]) for name, values in old.columns.items()},
        new.currency or old.currency,
        new.notes,
        new.address,
    )


def to_csv(bars: Bars) -> bytes:
    """The content of a stored file: ``date,close`` and what further columns there are; NaN as empty cells."""
    names = [name for name in COLUMNS if name in bars.columns]
    texts = [np.datetime_as_string(bars.dates).tolist()]
    texts += [[_written(value) for value in bars.columns[name].tolist()] for name in names]
    lines = [",".join(("date", *names)), *map(",".join, zip(*texts, strict=True)), ""]
    return "\n".join(lines).encode()


def from_csv(content: bytes, label: str) -> Bars:
    """The bars of a stored file; the inverse of :func:`to_csv`.

    Raises
    ------
    DataError
        Content that :func:`to_csv` does not write.
    """
    table = parse_text_table(content, label)
    dates = parse_days(table.cells(0), table.lines, label)
    columns = {}
    for name in COLUMNS:
        at = find_column(table, (name,))
        if at is not None:
            columns[name] = parse_numbers(table.cells(at), table.lines, label, name, missing=name != "close")
    return Bars(dates, columns)


def _written(value: float) -> str:
    """The shortest text that reads back as the same number."""
    if value != value:
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
