"""A daily series: one value per day, and where it came from."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np


@dataclass(frozen=True, eq=False)
class Series:
    """Values over days, oldest first.

    Attributes
    ----------
    dates : ndarray of datetime64[D], shape (N,)
        Strictly increasing.
    values : ndarray of float64, shape (N,)
        Finite. Prices are in ``currency``, and above 0 but for rare ones (oil in April 2020).
    name : str
        What the series is called: a ticker symbol, or the name of a file's column.
    source : str
        Where the values came from, in words, e.g. ``"bundled snapshot"`` or ``"yahoo"``.
    sha256 : str
        Of the bytes that were read, in hexadecimal.
    path : Path or None
        The file that was read; None for a snapshot inside the package.
    currency : str or None
        ISO 4217 code where the source states one.
    adjustment : str or None
        ``"split"``, ``"total"`` (splits and dividends), ``"raw"``, or None where nobody says.
    notes : tuple of str
        Whatever a reader of the numbers should know: rows that were turned round, jumps that look like a
        split.
    """

    dates: np.ndarray
    values: np.ndarray
    name: str
    source: str
    sha256: str
    path: Path | None = None
    currency: str | None = None
    adjustment: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Number of days."""
        return len(self.values)

    @property
    def first(self) -> date:
        """The earliest day."""
        return self.dates[0].item()

    @property
    def last(self) -> date:
        """The latest day."""
        return self.dates[-1].item()
