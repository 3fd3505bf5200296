"""Values that a series lacks: refused, left out, or filled in from what was known at the time."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.calendar import Every, Months, holes
from rnnlab.data.series import Series
from rnnlab.errors import DataError
from rnnlab.printable import cut
from rnnlab.words import count

Missing = Literal["error", "drop", "interpolate", "carry_forward"]
LISTED = 5  # rows that a message names
MOST_ADDED = 20  # times the rows there are; a hole beyond that is no hole but two series


def settled(series: Series, how: Missing) -> Series:
    """The series with every value it is to have, or with the rows that :func:`filled` is to fill.

    Parameters
    ----------
    series : Series
        NaN where a row has no value.
    how : {"error", "drop", "interpolate", "carry_forward"}
        ``error`` refuses missing values, and names the rows. ``drop`` leaves the rows out. The other two keep them,
        and add the rows that a regular calendar lacks: their values are NaN until :func:`filled` fills them. Rows
        before every column has had a value, and after the last value of the one that is forecast, are left out.

    Raises
    ------
    DataError
        Missing values under ``error``, or no value at all.
    """
    absent = np.zeros(series.rows, dtype=bool)
    for values in series.columns.values():
        absent |= np.isnan(values)
    if how in ("interpolate", "carry_forward"):
        return _with_all_times(_to_last_value(_from_first_values(series)))
    if not absent.any():
        return series
    if absent.all():
        raise DataError(f"{series.place}: no row has a value in {_names(series)}.")
    if how == "error":
        raise _refusal(series, absent)
    were = "was" if absent.sum() == 1 else "were"
    note = f"{_rows(series, absent)} without a value {were} left out (data.missing: drop)"
    return replace(series.where(~absent), notes=(*series.notes, note))


def filled(values: NDArray[np.float64], how: Missing, known: int) -> NDArray[np.float64]:
    """Values without NaN, from rows that were known when each was needed.

    A gap that ends within the first ``known`` rows may be interpolated: both its ends are known. A later one is
    carried forward, since whoever forecasts the next row has not seen the end of the gap.

    Parameters
    ----------
    values : array of shape (N,)
        The first one is no NaN. Not written to.
    how : {"interpolate", "carry_forward", ...}
        The others have left nothing to fill.
    known : int
        Rows known from the outset: those for training.
    """
    present = np.flatnonzero(~np.isnan(values))
    if len(present) == len(values):
        return values
    last = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))
    result = values[last]
    if how == "interpolate":
        inside = present[present < known]
        rows = np.arange(inside[-1] + 1 if inside.size else 0)
        with np.errstate(over="ignore", invalid="ignore"):
            result[rows] = np.interp(rows, inside, values[inside])
    return result


def _from_first_values(series: Series) -> Series:
    """The series from the first row on in which every column has had a value."""
    starts = [int(np.argmax(~np.isnan(values))) for values in series.columns.values()]
    for name, values in series.columns.items():
        if np.isnan(values).all():
            raise DataError(f"{series.place}: no row has a value in {name!r}.")
    if max(starts) == 0:
        return series
    note = f"{count(max(starts), 'row')} before the first value {'was' if max(starts) == 1 else 'were'} left out"
    return replace(series.where(np.arange(max(starts), series.rows)), notes=(*series.notes, note))


def _to_last_value(series: Series) -> Series:
    """The series up to the last row with a value of what is forecast: the next one follows what is known."""
    after = int(np.argmax(~np.isnan(series.values[::-1])))
    if after == 0:
        return series
    note = f"{count(after, 'row')} after the last value {'was' if after == 1 else 'were'} left out"
    return replace(series.where(np.arange(series.rows - after)), notes=(*series.notes, note))


def _with_all_times(series: Series) -> Series:
    """The series with a row of NaN at every time that its calendar has and it lacks."""
    calendar = series.calendar
    gaps = holes(calendar, series.stamps)
    if not gaps or not isinstance(calendar, Every | Months):
        return series
    numbers = calendar.position(series.stamps)
    numbers = numbers - numbers[0]
    rows = int(numbers[-1]) + 1
    if rows > MOST_ADDED * series.rows:
        raise DataError(f"{series.place}: holes take {rows - series.rows} rows, more than can be filled.")
    stamps = np.concatenate([series.stamps[:1], calendar.after(series.stamps[:1], rows - 1)])
    stamps[numbers] = series.stamps
    columns = {}
    for name, values in series.columns.items():
        columns[name] = np.full(rows, np.nan)
        columns[name][numbers] = values
    return replace(series, stamps=stamps, columns=columns, lines=None, notes=(*series.notes, *told(series)))


def told(series: Series) -> tuple[str, ...]:
    """A sentence about the holes of a regular calendar: how many, where, the longest; none where there are none."""
    gaps = holes(series.calendar, series.stamps)
    if not gaps:
        return ()
    longest = max(gaps, key=lambda gap: gap.rows)
    missing = sum(gap.rows for gap in gaps)

    def where(gap) -> str:
        return f"between {series.label(gap.before)} and {series.label(gap.after)}"

    if len(gaps) == 1:
        return (f"the {series.calendar.words} calendar lacks {count(missing, 'row')} {where(longest)}",)
    first = "" if longest is gaps[0] else f"the first {where(gaps[0])}, "
    which = "the first and longest" if longest is gaps[0] else "the longest"
    return (
        f"the {series.calendar.words} calendar lacks {count(missing, 'row')} in {len(gaps)} holes: {first}"
        f"{which} ({count(longest.rows, 'row')}) {where(longest)}",
    )


def _refusal(series: Series, absent: NDArray[np.bool_]) -> DataError:
    which = [name for name, values in series.columns.items() if np.isnan(values).any()]
    return DataError(
        f"{series.place}: {count(int(absent.sum()), 'row')} {'has' if absent.sum() == 1 else 'have'} no number in "
        f"{' and '.join(map(repr, which[:3]))}{' and others' if len(which) > 3 else ''}: {_listed(series, absent)}.",
        hint="Say what to do: data.missing (in a config) drop, interpolate or carry_forward.",
    )


def _rows(series: Series, which: NDArray[np.bool_]) -> str:
    """``3 rows (2024-01-03 on line 4, ...)``."""
    return f"{count(int(which.sum()), 'row')} ({_listed(series, which)})"


def _listed(series: Series, which: NDArray[np.bool_]) -> str:
    """``2024-01-03 on line 4 ('x'), ...``."""
    at = np.flatnonzero(which).tolist()
    more = ", ..." if len(at) > LISTED else ""
    return ", ".join(_named(series, row) for row in at[:LISTED]) + more


def _named(series: Series, row: int) -> str:
    label = series.label(series.stamps[row])
    if series.lines is None:
        return label
    line = int(series.lines[row])
    text = series.odd.get(line, "")
    return f"{label} on line {line}" + (f" ({cut(text, 40)!r})" if text else "")


def _names(series: Series) -> str:
    return " and ".join(map(repr, series.columns))
