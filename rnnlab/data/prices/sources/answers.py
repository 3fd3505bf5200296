"""Steps that reading an answer takes whichever source it comes from."""

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnlab.data.prices.bars import Bars, ascending, cleaned, fault
from rnnlab.data.prices.sources.client import Answer
from rnnlab.data.prices.sources.failures import NoData, Unexpected, first_line
from rnnlab.data.prices.sources.source import Query
from rnnlab.data.reading.numbers import LONGEST


def from_json(source: str, answer: Answer) -> Any:
    """The body as JSON; NaN and infinity become None.

    Raises
    ------
    Unexpected
        The body is something else, or cut.
    """
    try:
        return json.loads(answer.text, parse_constant=lambda _: None, parse_int=_whole)
    except (ValueError, RecursionError):
        what = f"no JSON (status {answer.status})" if answer.status != 200 else "no JSON, or cut JSON"
        raise Unexpected(source, what, answer.text) from None


def _whole(digits: str) -> float:
    """A whole number; infinity where it has more digits than Python reads, and than a float can hold."""
    return int(digits) if len(digits) < LONGEST else float(digits)


def a_dict(value: Any) -> dict:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def a_list(value: Any) -> list:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text_or_none(value: Any) -> str | None:
    """A short printable text, such as a currency, or None."""
    return (first_line(value, 12) or None) if isinstance(value, str) else None


def floats(source: str, values: Any, rows: int) -> np.ndarray:
    """A list of numbers and nulls as float64 of shape (rows,): cut, or filled with NaN, to that length.

    Raises
    ------
    Unexpected
        Something in the list is neither.
    """
    column = np.full(rows, math.nan)
    for row, value in enumerate(a_list(values)[:rows]):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Unexpected(source, "a price that is no number", str(value)[:80])
        try:
            column[row] = value
        except OverflowError:
            raise Unexpected(source, "a price too large to be one") from None
    return column


def lists_of(rows: Sequence[Any], names: Sequence[str]) -> dict[str, list]:
    """Records as columns; a key that a record lacks becomes None."""
    records = [a_dict(row) for row in rows]
    return {name: [record.get(name) for record in records] for name in names}


def check_symbol_of(source: str, named: Any, asked: str) -> None:
    """Refuse prices of another symbol than the one that was asked for, in the source's own spelling.

    Parameters
    ----------
    source : str
    named : any
        What the answer calls itself; what is no text, or empty, says nothing.
    asked : str

    Raises
    ------
    Unexpected
        The answer names another symbol.
    """
    if isinstance(named, str) and named.strip() and _letters(named) != _letters(asked):
        raise Unexpected(source, f"prices of {first_line(named, 24)!r} where {asked!r} was asked for")


def _letters(symbol: str) -> str:
    """A symbol without the signs in it, which sources write differently (``BRK-B``, ``BRK/B``)."""
    return "".join(filter(str.isalnum, symbol.upper()))


def check_adjusted(source: str, bars: Bars, adjusted: np.ndarray) -> None:
    """Refuse adjusted closes, shape (N,), of another sign than the closes: dividends were taken off twice, say.

    Raises
    ------
    Unexpected
        Naming the first day.
    """
    wrong = np.flatnonzero(np.isfinite(adjusted) & (np.sign(adjusted) != np.sign(bars.close)))
    if wrong.size:
        row = wrong[0]
        what = f"the adjusted close is {adjusted[row]:g} and the close {bars.close[row]:g} on {bars.dates[row]}"
        raise Unexpected(source, f"prices that cannot be right: {what}")


def finished(source: str, bars: Bars, query: Query) -> Bars:
    """Bars oldest first, within the window, cleaned and checked.

    Raises
    ------
    NoData
        No day lies in the window.
    Unexpected
        Closes that are not finite, or more at fault than can be left out.
    """
    bars = ascending(bars).between(query.start, query.end)
    if not bars.rows:
        raise NoData(source, f"has no day of {query.symbol} {query.window}")
    bars = cleaned(bars)
    wrong = fault(bars)
    if wrong:
        raise Unexpected(source, f"prices that cannot be right: {wrong}")
    return bars
