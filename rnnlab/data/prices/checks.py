"""What every daily series must satisfy, and what is worth a warning."""

from collections.abc import Sequence

import numpy as np

from rnnlab.data.reading.cells import shown
from rnnlab.errors import DataError
from rnnlab.words import count

LARGE_CHANGE = 0.25  # of the day before; beyond it a split that nobody adjusted for is likely


def check_order(dates: np.ndarray, lines: Sequence[int], label: str) -> None:
    """Refuse days that are doubled or do not ascend.

    Parameters
    ----------
    dates : ndarray of datetime64[D], shape (N,)
    lines : sequence of int, length N
        Where they stand, for messages.
    label : str
        Name of the text they stand in, for messages.

    Raises
    ------
    DataError
        Naming the day and both lines.
    """
    _, first_seen, counts = np.unique(dates, return_index=True, return_counts=True)
    if counts.max(initial=1) > 1:
        day = dates[first_seen[counts > 1].min()]
        one, two = (lines[row] for row in np.flatnonzero(dates == day)[:2])
        more = int((counts > 1).sum()) - 1
        raise DataError(
            f"{label}:{two}: each day must stand once; {day} stands on line {one} and on line {two}"
            + (f" (and {more} more days are doubled)." if more else "."),
            hint="One value a day is needed: remove the rows that repeat a day.",
        )
    backwards = np.flatnonzero(np.diff(dates) < np.timedelta64(0, "D"))
    if backwards.size:
        row = int(backwards[0]) + 1
        raise DataError(
            f"{label}:{lines[row]}: days must ascend; {dates[row]} follows {dates[row - 1]} on line {lines[row - 1]}.",
            hint="Sort the file by date, oldest first.",
        )


def check_not_zero(values: np.ndarray, lines: Sequence[int], label: str, column: str) -> None:
    """Refuse a price of 0, which nobody paid.

    Parameters
    ----------
    values : ndarray of float64, shape (N,)
    lines, label, column
        For the message.

    Raises
    ------
    DataError
        Naming the first line at fault and how many more there are.
    """
    wrong = np.flatnonzero(values == 0)
    if wrong.size:
        more = f" (and {wrong.size - 1} more rows)" if wrong.size > 1 else ""
        raise DataError(f"{label}:{lines[wrong[0]]}: {shown(column)} must not be 0; got 0{more}.")


def remarks(dates: np.ndarray, values: np.ndarray) -> tuple[str, ...]:
    """Sentences about prices of 0 or below, and about changes of more than 25 % in a day; one each at most.

    Parameters
    ----------
    dates : ndarray of datetime64[D], shape (N,)
    values : ndarray of float64, shape (N,)
        Finite.
    """
    return (*_not_positive(dates, values), *_large_changes(dates, values))


def _not_positive(dates: np.ndarray, values: np.ndarray) -> tuple[str, ...]:
    rows = np.flatnonzero(values <= 0)
    if not rows.size:
        return ()
    first = rows[0]
    which = "on" if rows.size == 1 else "the first on"
    prices = count(rows.size, "price")
    return (f"{prices} of 0 or below, {which} {dates[first]} ({values[first]:g}): log returns cannot be taken",)


def _large_changes(dates: np.ndarray, values: np.ndarray) -> tuple[str, ...]:
    """Of prices above 0; usually a split."""
    before, after = values[:-1], values[1:]
    with np.errstate(all="ignore"):  # a ratio may leave the floats
        change = np.divide(after, before, out=np.ones(len(before)), where=(before > 0) & (after > 0)) - 1
    jumps = np.flatnonzero(np.abs(change) > LARGE_CHANGE)
    if not jumps.size:
        return ()
    worst = int(jumps[np.argmax(np.abs(np.log(after[jumps]) - np.log(before[jumps])))])
    days = "a change" if jumps.size == 1 else f"{jumps.size} changes"
    return (
        f"{days} of more than 25 % in a day, the largest on {dates[worst + 1]}"
        f" ({values[worst]:g} to {values[worst + 1]:g}): a split that was not adjusted for?",
    )
