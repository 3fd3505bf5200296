"""Steps that reading an answer takes whichever source it comes from."""

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnlab.data.prices.bars import Bars, ascending, fault
from rnnlab.data.prices.numbers import LONGEST
from rnnlab.data.prices.sources.client import Answer
from rnnlab.data.prices.sources.failures import NoData, Unexpected, first_line
from rnnlab.data.prices.sources.source import Query


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


def finished(source: str, bars: Bars, query: Query) -> Bars:
    """Bars oldest first, within the window, and checked.

    Raises
    ------
    NoData
        No day lies in the window.
    Unexpected
        Days that do not ascend, prices that are not finite and above 0.
    """
    bars = ascending(bars).between(query.start, query.end)
    if not bars.rows:
        raise NoData(source, f"has no day of {query.symbol} {query.window}")
    wrong = fault(bars)
    if wrong:
        raise Unexpected(source, f"prices that cannot be right: {wrong}")
    return bars
