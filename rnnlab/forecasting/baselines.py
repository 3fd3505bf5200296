"""Forecasts that need no training: what a model must beat to have learnt anything.

Every baseline is a function `baseline(values, rows, horizon, ...) -> predictions`: for each row t it predicts
values[t] from the rows up to its origin t - horizon, and from nothing later.

Parameters of all of them: `values`, float array of shape (n,), oldest first; `rows`, int array of shape (N,),
each at least `horizon`; `horizon`, int >= 1. They return a float array of shape (N,) in the unit of the
values, write to none of their arguments, and raise ValueError for a row before the horizon.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray


def naive(values: ArrayLike, rows: ArrayLike, horizon: int = 1) -> NDArray[np.float64]:
    """Persistence: the last known value, y_{t-horizon}.

    The best forecast of a random walk, which prices are close to.

    Source: Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition 2021, section 5.2.
    """
    return np.asarray(values, dtype=np.float64)[_origins(rows, horizon)]


def drift(values: ArrayLike, rows: ArrayLike, horizon: int = 1) -> NDArray[np.float64]:
    """Persistence with the mean change so far: y_s + horizon (y_s - y_0) / s, at the origin s = t - horizon.

    An origin at row 0 knows of no change yet, and gives y_0.

    Source: Hyndman and Athanasopoulos 2021, section 5.2.
    """
    values = np.asarray(values, dtype=np.float64)
    origins = _origins(rows, horizon)
    return values[origins] + horizon * (values[origins] - values[0]) / np.maximum(origins, 1)


def mean(values: ArrayLike, rows: ArrayLike, horizon: int = 1) -> NDArray[np.float64]:
    """Mean of all values up to the origin.

    Source: Hyndman and Athanasopoulos 2021, section 5.2.
    """
    values = np.asarray(values, dtype=np.float64)
    origins = _origins(rows, horizon)
    return np.cumsum(values)[origins] / (origins + 1)


def moving_average(values: ArrayLike, rows: ArrayLike, horizon: int = 1, width: int = 20) -> NDArray[np.float64]:
    """Mean of the last `width` values up to the origin, or of all of them where there are fewer."""
    if width < 1:
        raise ValueError(f"The 'width' must be at least 1; got {width}.")
    sums = np.concatenate(([0.0], np.cumsum(np.asarray(values, dtype=np.float64))))
    origins = _origins(rows, horizon)
    starts = np.maximum(origins + 1 - width, 0)
    return (sums[origins + 1] - sums[starts]) / (origins + 1 - starts)


def seasonal_naive(values: ArrayLike, rows: ArrayLike, horizon: int = 1, season: int = 5) -> NDArray[np.float64]:
    """The last known value of the same season: y_{t - k season} with the smallest k that reaches the origin.

    Rows before the first full season fall back on the last known value.

    Source: Hyndman and Athanasopoulos 2021, section 5.2.
    """
    if season < 1:
        raise ValueError(f"The 'season' must be at least 1; got {season}.")
    origins = _origins(rows, horizon)
    same_season = origins + horizon - season * (-(-horizon // season))
    return np.asarray(values, dtype=np.float64)[np.where(same_season < 0, origins, same_season)]


def season_of(dates: ArrayLike) -> int:
    """Rows in the shortest season that dates of a regular distance suggest.

    Days give the week (5 rows where there are no weekends, else 7), weeks the year (52), months 12, quarters 4; any
    other distance 1, which makes the seasonal forecast persistence.

    Parameters
    ----------
    dates : datetime64[D] array of shape (n,)
    """
    dates = np.asarray(dates, dtype="datetime64[D]")
    if len(dates) < 2:
        return 1
    distance = float(np.median(np.diff(dates).astype(int)))
    if distance == 1:
        weekday = (dates.astype(int) + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
        return 7 if (weekday >= 5).mean() > 0.1 else 5
    seasons = (((7, 7), 52), ((28, 31), 12), ((89, 92), 4))
    return next((rows for (low, high), rows in seasons if low <= distance <= high), 1)


BASELINES: dict[str, Callable[..., NDArray[np.float64]]] = {
    "naive": naive,
    "drift": drift,
    "mean": mean,
    "moving_average": moving_average,
    "seasonal_naive": seasonal_naive,
}


def _origins(rows: ArrayLike, horizon: int) -> NDArray[np.intp]:
    origins = np.asarray(rows, dtype=np.intp) - horizon
    if horizon < 1 or (origins.size and origins.min() < 0):
        raise ValueError(f"Rows must lie at least the horizon (1 or more) after row 0; got horizon {horizon}.")
    return origins
