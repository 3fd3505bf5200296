"""A series: columns on a time index, and where they came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.calendar import Calendar, calendar_of
from rnnlab.words import alike


@dataclass(frozen=True, eq=False)
class Series:
    """Values over times, oldest first.

    Attributes
    ----------
    stamps : ndarray, shape (N,)
        Strictly increasing: datetime64[D] for whole days and longer, a finer datetime64 for times of day, int64 or
        float64 for step numbers.
    columns : mapping of str to ndarray of float64, shape (N,)
        By name as the source writes it, in the order they are read in; NaN where a row has no value.
    name : str
        What the series is called: a ticker symbol, or the name of the forecast column.
    source : str
        Where the values came from, in words, e.g. ``"bundled snapshot"`` or ``"yahoo"``.
    sha256 : str
        Of the bytes that were read, in hexadecimal.
    target : str
        The column that is forecast.
    period : {"Y", "Q", "M", "W"} or None
        The source writes its times as years, quarters, months or weeks.
    zone : str or None
        ``UTC`` or an offset, where the source states one and the times of day count.
    path : Path or None
        The file that was read; None for a snapshot inside the package.
    currency : str or None
        ISO 4217 code where the source states one.
    adjustment : str or None
        ``"split"``, ``"total"`` (splits and dividends), ``"raw"``, or None where nobody says.
    notes : tuple of str
        Whatever a reader of the numbers should know: rows that were turned round, jumps that look like a
        split.
    marks : str or None
        The marks of the figures, in words, where there are any.
    lines : ndarray of int, shape (N,), or None
        Where the rows stand in the file.
    odd : mapping of int to str
        What stands on a line in place of a number.
    """

    stamps: NDArray[Any]
    columns: Mapping[str, NDArray[np.float64]]
    name: str
    source: str
    sha256: str
    target: str
    period: str | None = None
    zone: str | None = None
    path: Path | None = None
    currency: str | None = None
    adjustment: str | None = None
    notes: tuple[str, ...] = ()
    marks: str | None = None
    lines: NDArray[np.int64] | None = field(default=None, repr=False)
    odd: Mapping[int, str] = field(default_factory=dict, repr=False)

    @property
    def values(self) -> NDArray[np.float64]:
        """The column that is forecast."""
        return self.columns[self.target]

    def column(self, name: str) -> str:
        """The name, as the source writes it, of the column that is asked for by `name` in any case and punctuation.

        Raises
        ------
        KeyError
            There is none.
        """
        found = name if name in self.columns else next((one for one in self.columns if alike(one, name)), None)
        if found is None:
            raise KeyError(name)
        return found

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.stamps)

    @cached_property
    def calendar(self) -> Calendar:
        """What its times have in common."""
        return calendar_of(self.stamps)

    @property
    def first(self) -> str:
        """The earliest time, as it is written in a sentence."""
        return self.label(self.stamps[0])

    @property
    def last(self) -> str:
        """The latest time."""
        return self.label(self.stamps[-1])

    @property
    def place(self) -> str:
        """How messages name it: the file that was read, else what it is called."""
        return self.name if self.path is None else str(self.path)

    def label(self, stamp: Any) -> str:
        """A time as a reader writes it: ``2024-Q1``, ``2024-01``, ``2024-01-31``, ``2024-01-31 15:30``, ``17``."""
        return label(stamp, self.period)

    def where(self, keep: NDArray[Any] | slice) -> "Series":
        """The rows that a mask of shape (N,), an index array or a slice picks."""
        columns = {name: values[keep] for name, values in self.columns.items()}
        lines = None if self.lines is None else self.lines[keep]
        return replace(self, stamps=self.stamps[keep], columns=columns, lines=lines)


def label(stamp: Any, period: str | None = None) -> str:
    """A time as a reader writes it."""
    if not isinstance(stamp, np.datetime64):
        return f"{stamp:g}" if isinstance(stamp, np.floating) else str(stamp)
    text = str(stamp.astype("datetime64[D]"))
    if period == "Y":
        return text[:-6]
    if period == "M":
        return text[:-3]
    if period == "Q":
        return f"{text[:-6]}-Q{(int(text[-5:-3]) + 2) // 3}"
    if period == "W":
        year, week, _ = stamp.astype("datetime64[D]").item().isocalendar()
        return f"{year}-W{week:02d}"
    if stamp.dtype == np.dtype("datetime64[D]"):
        return text
    clock = str(stamp.astype("datetime64[ns]" if stamp.dtype != np.dtype("datetime64[s]") else stamp.dtype))[11:]
    clock = clock.rstrip("0").rstrip(".") if "." in clock else clock
    return f"{text} {clock[:5] if len(clock) == 8 and clock.endswith(':00') else clock}"
