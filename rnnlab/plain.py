"""What strict JSON can hold."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path


def plain(value: object) -> object:
    """Reduce a value to what strict JSON can hold.

    NumPy scalars and arrays become numbers and lists, tuples lists, dates and paths text, and a number that
    is not finite becomes None.

    Raises
    ------
    TypeError
        For anything else, such as an object of a class of one's own.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()  # type: ignore[union-attr]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"JSON has no form for {type(value).__name__}: {value!r}")


def timestamp(moment: datetime) -> str:
    """Write an aware datetime in UTC, to the millisecond: ``2026-11-21T17:03:05.250Z``."""
    if moment.tzinfo is None:
        raise ValueError(f"The 'moment' must have a time zone; got {moment!r}.")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
