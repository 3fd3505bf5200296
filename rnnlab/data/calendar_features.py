"""What the calendar alone says of a row: its place in the week, the year or the day, known for rows to come too.

A place in a cycle is read as the sine and cosine of its angle, so that December lies beside January. Each cycle is
counted in whole steps: weekdays from Monday (0 of 7), months from January (0 of 12), hours from midnight (0 of 24, with
minutes and seconds as fractions).
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rnnlab.errors import DataError

CalendarFeature = Literal["weekday", "month", "hour"]


def calendar_features(stamps: NDArray[Any], names: Sequence[str]) -> NDArray[np.float64]:
    """Sine and cosine of each feature, (..., 2 C), of times of any shape (...).

    Raises
    ------
    DataError
        For numbered rows, or hours of days.
    """
    if not names:
        return np.empty((*np.shape(stamps), 0))
    if not np.issubdtype(stamps.dtype, np.datetime64):
        raise DataError(
            f"data.calendar names the {names[0]}, and the rows of the series are numbered, not dated.",
            hint="Leave data.calendar out.",
        )
    angles = np.stack([2 * np.pi * _turns(stamps, name) for name in names], axis=-1)
    pairs = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    return pairs.reshape(*np.shape(stamps), 2 * len(names))


def _turns(stamps: NDArray[Any], name: str) -> NDArray[np.float64]:
    """The part of its cycle, in [0, 1), that has gone by."""
    days = stamps.astype("datetime64[D]")
    if name == "weekday":
        return (days.astype(np.int64) + 3) % 7 / 7  # 1970-01-01 was a Thursday
    if name == "month":
        return days.astype("datetime64[M]").astype(np.int64) % 12 / 12
    if stamps.dtype == days.dtype:
        raise DataError(
            "data.calendar names the hour, and the times of the series have none: they are whole days, or longer.",
            hint="Take it out of data.calendar; weekday and month are for days.",
        )
    return (stamps - days) / np.timedelta64(1, "D")
