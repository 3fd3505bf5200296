"""Arguments of the wrong type: one sentence that says what must hold, in place of a traceback from deep inside."""

import operator
import os
from collections.abc import Mapping
from itertools import islice
from numbers import Real
from typing import Any

from rnnlab.errors import UsageError
from rnnlab.printable import described

LARGEST = 2**63 - 1
MOST = 100_000  # values that are taken from an iterable, which may have no end


def path_text(value: object, what: str) -> str:
    """A path or text as text.

    Raises
    ------
    UsageError
        For anything else, bytes too.
    """
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str):
        raise UsageError(f"{what} must be a path or a text; got {described(value)}.")
    return text


def text(value: object, what: str) -> str:
    """The text itself.

    Raises
    ------
    UsageError
        For anything that is no text.
    """
    if not isinstance(value, str):
        raise UsageError(f"{what} must be a text; got {described(value)}.")
    return value


def whole_number(value: Any, what: str) -> int:
    """An int of Python, from NumPy's integers too.

    Raises
    ------
    UsageError
        For a bool, a float, anything else, and an int that 64 bits do not hold.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise UsageError(f"{what} must be a whole number; got {described(value)}.") from None
    if abs(number) > LARGEST:
        raise UsageError(f"{what} must be a whole number of at most {LARGEST}; got {described(value)}.")
    return number


def percentage(value: Any, what: str) -> float:
    """A level in percent, at least 1 and below 100.

    Raises
    ------
    UsageError
        For anything else; a fraction such as 0.9 is asked about.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise UsageError(f"{what} must be a number of percent; got {described(value)}.")
    number = float(value)
    if 0 < number < 1:
        raise UsageError(
            f"{what} must be in percent, at least 1 and below 100; got {number:g}.",
            hint=f"Did you mean {100 * number:g}?",
        )
    if not 1 <= number < 100:
        raise UsageError(f"{what} must be in percent, at least 1 and below 100; got {number:g}.")
    return number


def listed(value: object, what: str) -> list[Any]:
    """Several values as a list: from a list, a tuple, an array, a generator.

    Raises
    ------
    UsageError
        For a text, a mapping, a single value, and for more than MOST values.
    """
    try:
        if isinstance(value, str | bytes | Mapping):
            raise TypeError
        values = list(islice(value, MOST + 1))  # type: ignore[call-overload]
    except TypeError:
        raise UsageError(f"{what} must be a list; got {described(value)}.") from None
    if len(values) > MOST:
        raise UsageError(f"{what} must be a list of at most {MOST:,} values; got more.")
    return values
