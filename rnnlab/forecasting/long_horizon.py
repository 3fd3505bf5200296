"""`Repeat` on the long-horizon files (exchange_rate, ETT, ...), scored over all windows and as it was published.

The published protocol: every column is standardized by its training rows; of the test rows, every window of `horizon`
rows is forecast from the `lookback` rows before it; errors are averaged over windows, steps and columns. `Repeat` says
that each column stays at the last value of the lookback. The published code reads the windows in batches and drops the
last batch where it is incomplete, so that the published figures leave out the newest windows: both are given.

Source: Zeng, Chen, Zhang and Xu 2023, "Are transformers effective for time series forecasting?",
doi:10.1609/aaai.v37i9.26317, tables 2 and 9; splits and batches as in their data loaders.
"""

import os
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rnnlab.errors import DataError
from rnnlab.files import name_of, user_path

Split = tuple[float, float, float] | tuple[int, int, int]

BY_FRACTION: Split = (0.7, 0.1, 0.2)  # exchange_rate and all but ETT
ETT_HOURLY: Split = (8_640, 2_880, 2_880)  # rows: 12, 4 and 4 months of 30 days
ETT_MINUTES: Split = (34_560, 11_520, 11_520)
BATCH_SIZE = 32


@dataclass(frozen=True)
class Score:
    """Errors in units of the training rows' standard deviations.

    Attributes
    ----------
    windows : int
        How many windows they are means of.
    mse, mae : float
        Mean squared and mean absolute error over windows, steps and columns; NaN over no windows.
    """

    windows: int
    mse: float
    mae: float


@dataclass(frozen=True)
class LongHorizonScores:
    """Both figures of a forecast.

    Attributes
    ----------
    all_windows : Score
        Over every window of the test rows.
    full_batches : Score
        Over the windows of full batches, as published: the incomplete last batch, the newest windows, is dropped.
    """

    all_windows: Score
    full_batches: Score


def score_repeat(
    data: ArrayLike | str | os.PathLike[str],
    *,
    horizon: int,
    lookback: int = 96,
    split: Split = BY_FRACTION,
    batch_size: int = BATCH_SIZE,
) -> LongHorizonScores:
    """Score `Repeat`, the forecast that every column keeps the last value of the lookback.

    Parameters
    ----------
    data : array of shape (rows, columns), or path
        Oldest row first; not written to. A path is a CSV file (or one that is compressed as .gz), with or without a
        header; its first column may hold times, which are left out.
    horizon : int >= 1
        Rows of a window that are forecast.
    lookback : int >= 1
        Rows before a window. `Repeat` reads the last of them alone, so that they make no difference to its errors.
    split : three floats that sum to 1, or three ints
        Training, validation and test rows. Of fractions, training and test rows are rounded down and validation rows
        are what is left. Rows beyond three numbers of rows are not used.
    batch_size : int >= 1

    Raises
    ------
    DataError
        For a file that cannot be read or holds no numbers, values that are not finite, or too few rows.
    ValueError
        For a size or split that is none.
    """
    for name, size in (("horizon", horizon), ("lookback", lookback), ("batch_size", batch_size)):
        if size < 1:
            raise ValueError(f"The '{name}' must be at least 1; got {size}.")
    values = _values(data)
    train, first, end = _borders(len(values), split)
    windows = end - first - horizon + 1
    if train < 1 or first < lookback or windows < 1:
        raise DataError(
            f"One window of {horizon} test rows needs 1 training row, {lookback} rows before the test rows and "
            f"{horizon} test rows; got {train}, {first} and {end - first}."
        )
    standardized = _standardized(values, train)[first - 1 : end]
    full = windows - windows % batch_size
    return LongHorizonScores(*_scores(standardized, horizon, (windows, full)))


def _scores(values: NDArray[np.float64], horizon: int, counts: tuple[int, ...]) -> list[Score]:
    """Of the first windows, so many as each count says; values (1 + test rows, columns) begin at the first origin."""
    windows = len(values) - horizon
    origins = values[:windows]
    # Divided by a power of two, which is exact: squares of what leaves the training rows far behind do not overflow.
    exponent = int(np.frexp(np.abs(values - values[0]).max())[1])
    squared, absolute = np.zeros(windows), np.zeros(windows)
    for step in range(1, horizon + 1):
        errors = np.ldexp(values[step : step + windows] - origins, -exponent)
        squared += np.mean(np.square(errors), axis=1)
        absolute += np.mean(np.abs(errors), axis=1)
    return [
        Score(
            count,
            float(np.ldexp(np.mean(squared[:count]) / horizon, 2 * exponent)) if count else np.nan,
            float(np.ldexp(np.mean(absolute[:count]) / horizon, exponent)) if count else np.nan,
        )
        for count in counts
    ]


def _standardized(values: NDArray[np.float64], train: int) -> NDArray[np.float64]:
    """(values - mean) / standard deviation of the training rows, by column; a column without spread is divided by 1."""
    exponents = np.frexp(np.abs(values).max(axis=0))[1]
    scaled = np.ldexp(values, -exponents)
    known = scaled[:train]
    spread = known.std(axis=0)
    flat = spread <= 8 * np.finfo(np.float64).eps * np.abs(known).max(axis=0)
    return (scaled - known.mean(axis=0)) / np.where(flat, np.ldexp(1.0, -exponents), spread)


def _borders(rows: int, split: Split) -> tuple[int, int, int]:
    """Training rows, and where the test rows begin and end."""
    train, validation, test = split
    if all(isinstance(part, int) for part in split):
        if min(split) < 0 or sum(split) > rows:
            raise ValueError(f"A 'split' into rows must be three numbers of at most {rows} rows in all; got {split}.")
        return int(train), int(train + validation), int(train + validation + test)
    if min(split) < 0 or not np.isclose(sum(split), 1.0):
        raise ValueError(f"A 'split' into fractions must be three numbers that sum to 1; got {split}.")
    return int(rows * train), rows - int(rows * test), rows


def _values(data: ArrayLike | str | os.PathLike[str]) -> NDArray[np.float64]:
    if isinstance(data, str | os.PathLike):
        return _finite(_read(data), name_of(user_path(data)))
    values = np.asarray(data, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 1:
        raise ValueError(f"The 'data' must have the shape (rows, columns); got {values.shape}.")
    return _finite(values, "data")


def _finite(values: NDArray[np.float64], label: str) -> NDArray[np.float64]:
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = (int(place) + 1 for place in np.argwhere(bad)[0])
        raise DataError(f"{label}: every value must be a finite number; row {row} has none in column {column}.")
    return values


def _read(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """The numbers of a CSV file; NaN for a cell that holds none."""
    file = user_path(path)
    label = name_of(file)
    try:
        cells = pd.read_csv(file, header=None, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise DataError(f"{label}: cannot be read as CSV: {reason}.") from error
    above, below = cells.iloc[0].tolist(), cells.iloc[1:]
    has_times = all(_is_word(cell) for cell in below.iloc[:, 0])
    has_header = any(_is_word(cell) for cell in above[1 if has_times else 0 :])
    if has_times or (has_header and above[0].strip().casefold() in ("date", "time", "timestamp")):
        cells, below = cells.iloc[:, 1:], below.iloc[:, 1:]
    numbers = [[_number(cell) for cell in row] for row in (below if has_header else cells).to_numpy().tolist()]
    if not any(numbers):
        raise DataError(f"{label}: must have rows of numbers.")
    return np.array(numbers)


def _is_word(cell: str) -> bool:
    """Whether a cell holds what is neither a number nor the mark of a missing one."""
    return np.isnan(_number(cell)) and cell.strip().casefold() not in ("", "nan", "na", "n/a", "null", "none")


def _number(cell: str) -> float:
    """NaN for what is no number."""
    try:
        return float(cell)
    except ValueError:
        return np.nan
