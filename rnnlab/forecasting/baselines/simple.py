"""Forecasts that need no fit."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.forecasting.baselines.floats import origins_of, with_head_room, without_head_room


def naive(values: ArrayLike, rows: ArrayLike, horizon: int = 1) -> NDArray[np.float64]:
    """Persistence: the last known value, y_{t-horizon}.

    The best forecast of a random walk, which prices are close to.

    Source: Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition 2021, section 5.2.
    """
    return np.asarray(values, dtype=np.float64)[origins_of(rows, horizon)]


def drift(values: ArrayLike, rows: ArrayLike, horizon: int = 1) -> NDArray[np.float64]:
    """Persistence with the mean change so far: y_s + horizon (y_s - y_0) / s, at the origin s = t - horizon.

    An origin at row 0 knows of no change yet, and gives y_0.

    Source: Hyndman and Athanasopoulos 2021, section 5.2.
    """
    origins = origins_of(rows, horizon)
    values, exponent = with_head_room(values)
    return without_head_room(
        values[origins] + horizon * (values[origins] - values[0]) / np.maximum(origins, 1), exponent
    )


def mean(values: ArrayLike, rows: ArrayLike, horizon: int = 1) -> NDArray[np.float64]:
    """Mean of all values up to the origin.

    Source: Hyndman and Athanasopoulos 2021, section 5.2.
    """
    origins = origins_of(rows, horizon)
    values, exponent = with_head_room(values)
    # Sums of the distances from the first value: a constant series has exactly its own mean.
    return without_head_room(values[0] + np.cumsum(values - values[0])[origins] / (origins + 1), exponent)


def moving_average(values: ArrayLike, rows: ArrayLike, horizon: int = 1, width: int = 20) -> NDArray[np.float64]:
    """Mean of the last `width` values up to the origin, or of all of them where there are fewer."""
    if width < 1:
        raise ValueError(f"The 'width' must be at least 1; got {width}.")
    origins = origins_of(rows, horizon)
    values, exponent = with_head_room(values)
    # Each window by itself: a running sum would carry the rounding error of a huge value into every later window.
    steps = np.arange(width)
    places = np.maximum(origins[:, np.newaxis] - steps, 0)
    known = steps <= origins[:, np.newaxis]
    last = values[origins]
    distances = np.where(known, values[places] - last[:, np.newaxis], 0.0)
    return without_head_room(last + distances.sum(axis=1) / known.sum(axis=1), exponent)


def seasonal_naive(values: ArrayLike, rows: ArrayLike, horizon: int = 1, *, season: int) -> NDArray[np.float64]:
    """The last known value of the same season: y_{t - k season} with the smallest k that reaches the origin.

    Rows before the first full season fall back on the last known value.

    Source: Hyndman and Athanasopoulos 2021, section 5.2.
    """
    if season < 1:
        raise ValueError(f"The 'season' must be at least 1; got {season}.")
    origins = origins_of(rows, horizon)
    same_season = origins + horizon - season * (-(-horizon // season))
    return np.asarray(values, dtype=np.float64)[np.where(same_season < 0, origins, same_season)]
